"""Files instead of a network: save, carry, upload, download, import."""

from pathlib import Path

import pytest

from gauger.core.documents.smart_license import ItemKind, read_items
from gauger.core.policy.rules import Group, Rule
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.views import Scope, Selection, SelectionKind
from tests.instance.portal import Portal, answer_file
from tests.instance.world import DAY, World, go_smart, names, tag_of

UNREPORTED = Selection(kind=SelectionKind.UNREPORTED)
ALL = Selection(kind=SelectionKind.ALL)


def off(agent: Agent) -> None:
    agent.configure([ConfigChange(key=ConfigKey.TRANSPORT, value="off")])


def kinds(path: Path) -> list[ItemKind]:
    return [item.kind for item in read_items([path.read_bytes()])]


def carried(world: World, portal: Portal, agent: Agent) -> Path:
    """Use a licence, save, carry to the portal, and bring the ACK file."""
    agent.set_count(tag_of(agent), 2)
    agent.flush()
    world.clock.advance(60)
    saved, ack = world.root / "usage.xml", world.root / "ack.xml"
    agent.save_usage(UNREPORTED, saved)
    ack.write_bytes(portal.usage_file(saved))
    return ack


@pytest.mark.requirement("PI-9/offline")
def test_a_saved_file_asks_for_a_trust_code_and_its_ack_brings_it(
    world: World, portal: Portal, device: Agent
) -> None:
    off(device)
    ack = carried(world, portal, device)
    assert kinds(world.root / "usage.xml") == [
        ItemKind.RUM_REPORT,
        ItemKind.TRUST_REQUEST,
        ItemKind.SYSTEM_INFO,
    ]
    result = device.import_file(ack)
    assert result.installed == ("account-info", "trust-code")
    assert device.status().trust[0].origin == "cssm"
    assert [row.state for row in device.report_rows()] == ["ACK", "OPEN"]


@pytest.mark.requirement("PI-9/offline")
def test_the_code_overwrites_the_factory_one_and_is_good_for_direct_without_a_token(
    world: World, portal: Portal
) -> None:
    agent = world.open(bundle=world.bundle(trust_code=True), ca=world.root / "tls.pem")
    assert agent.status().trust[0].origin == "factory"
    off(agent)
    agent.import_file(carried(world, portal, agent))
    assert agent.status().trust[0].origin == "cssm"
    go_smart(agent, portal.url)
    world.clock.advance(60)
    assert agent.sync(Scope.ALL).acknowledged == 1
    agent.stop()


def test_once_trusted_a_saved_file_asks_no_more(
    world: World, portal: Portal, device: Agent
) -> None:
    off(device)
    device.import_file(carried(world, portal, device))
    carried(world, portal, device)
    assert ItemKind.TRUST_REQUEST not in kinds(world.root / "usage.xml")


def test_a_request_that_waits_goes_out_unchanged(world: World, device: Agent) -> None:
    device.save_trust_request(world.root / "one.xml")
    world.clock.advance(DAY)
    device.save_trust_request(world.root / "two.xml")
    first, second = (
        next(iter(read_items([(world.root / name).read_bytes()]))).text
        for name in ("one.xml", "two.xml")
    )
    assert first == second


@pytest.mark.threat("B1", role="instance")
def test_an_old_ack_changes_nothing(world: World, portal: Portal, device: Agent) -> None:
    off(device)
    ack = carried(world, portal, device)
    device.import_file(ack)
    before = device.status()
    result = device.import_file(ack)
    assert (result.acknowledged, result.installed) == ((), ())
    assert device.status() == before


@pytest.mark.threat("B3", role="instance")
def test_an_ack_of_another_device_is_refused_by_name(
    world: World, portal: Portal, device: Agent
) -> None:
    other = world.open("other", bundle=world.bundle("second", serial="GGR0002"))
    ack = carried(world, portal, other)
    with pytest.raises(Problem, match="wrong-subject"):
        device.import_file(ack)
    assert "SMART_LIC-3-IMPORT_FAILED" in names(device)
    other.stop()


@pytest.mark.threat("B2", role="instance")
def test_an_ack_for_what_was_never_made_is_refused(
    world: World, portal: Portal, device: Agent
) -> None:
    ack = carried(world, portal, device)
    device.stop()
    (world.root / "device" / "store.sqlite").unlink()
    anew = world.open()
    with pytest.raises(Problem, match="wrong-request"):
        anew.import_file(ack)
    anew.stop()


@pytest.mark.threat("D9", role="instance")
def test_a_usage_file_brought_back_is_refused_with_a_hint(world: World, device: Agent) -> None:
    device.set_count(tag_of(device), 1)
    world.clock.advance(5)
    device.save_usage(UNREPORTED, world.root / "usage.xml")
    with pytest.raises(Problem, match="wrong-type"):
        device.import_file(world.root / "usage.xml")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "truncated"),
        (b"<smartLicense></smartLicense>", "wrong-type"),
        (b"<a></b>", "wrong-type"),
    ],
)
def test_a_file_that_is_none_is_refused(
    world: World, device: Agent, content: bytes, code: str
) -> None:
    path = world.root / "file.xml"
    path.write_bytes(content)
    with pytest.raises(Problem, match=code):
        device.import_file(path)


def test_a_file_that_is_not_there_is_named(world: World, device: Agent) -> None:
    with pytest.raises(Problem, match="file-not-found"):
        device.import_file(world.root / "nothing.xml")


@pytest.mark.requirement("PI-3")
def test_a_policy_file_is_installed_and_told(world: World, portal: Portal, device: Agent) -> None:
    off(device)
    device.import_file(carried(world, portal, device))
    rules = {Group.PERPETUAL: Rule(30, 14, 7)}
    path = world.root / "policy.xml"
    path.write_bytes(answer_file([portal.policy_document(rules, "Shorter")]))
    assert device.import_file(path).installed == ("policy",)
    policy = device.status().policy
    assert (policy.name, policy.groups[0].frequency) == ("Shorter", 14)
    assert [group.source for group in policy.groups][:2] == ["Customer Policy", "CISCO default"]
    assert "SMART_LIC-6-POLICY_INSTALL_SUCCESS" in names(device)


def test_selections(world: World, portal: Portal, device: Agent) -> None:
    off(device)
    device.import_file(carried(world, portal, device))
    path = world.root / "again.xml"
    world.clock.advance(3 * DAY)
    (first, second) = device.report_rows()
    by_number = Selection(kind=SelectionKind.REPORT, number=first.report_id)
    assert device.save_usage(by_number, path) == 1
    assert device.save_usage(ALL, path) == 2
    assert device.save_usage(Selection(kind=SelectionKind.DAYS, number=1), path) == 1
    assert device.report_detail(second.report_id).state == "UNACK"
    assert device.report_detail(first.report_id).next_id == second.report_id
    with pytest.raises(Problem, match="requested-item-not-found"):
        device.save_usage(Selection(kind=SelectionKind.REPORT, number=1), path)
    assert device.status().reporting.last_file_write == world.clock.wall


def test_a_file_that_cannot_be_written_changes_no_report(world: World, device: Agent) -> None:
    device.set_count(tag_of(device), 1)
    world.clock.advance(5)
    with pytest.raises(Problem, match="file-not-written"):
        device.save_usage(ALL, world.root / "no-folder" / "usage.xml")
    assert [row.state for row in device.report_rows()] == ["CLOSED", "OPEN"]
