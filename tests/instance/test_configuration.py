"""What is in force, what is saved, what a reload makes of it, and what leaves the device."""

import json
import os

import pytest

from gauger.core.documents.rum_payload import Payload, read_payload
from gauger.core.documents.smart_license import ItemKind, read_items
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.config import DEFAULTS, ConfigChange, ConfigKey, Configuration, TransportKind
from gauger.instance.views import Scope, Selection, SelectionKind
from tests.instance.portal import Portal
from tests.instance.wired import a_wire, join, wired
from tests.instance.world import ESSENTIALS, World, go_smart, names, tag_of

NAMED = ConfigChange(key=ConfigKey.HOSTNAME, value="edge-1")
PASSWORD = "long-enough-for-all"


def change(agent: Agent, key: ConfigKey, value: str | None, member: str | None = None) -> None:
    agent.configure([ConfigChange(key=key, value=value, member=member)])


@pytest.mark.requirement("PI-10/startup-config")
def test_what_is_not_saved_is_lost_at_a_reload(device: Agent) -> None:
    device.configure([NAMED], save=False)
    assert device.hostname() == "edge-1"
    assert device.startup_configuration() is None
    device.reload()
    assert device.configuration() == DEFAULTS


@pytest.mark.requirement("PI-10/startup-config")
def test_what_is_not_saved_is_lost_when_the_process_ends(world: World, device: Agent) -> None:
    device.configure([NAMED])
    change(device, ConfigKey.SERVICE_INTERNAL, "")
    device.configure([ConfigChange(key=ConfigKey.HOSTNAME, value="later")], save=False)
    device.stop()
    again = world.open()
    assert again.configuration() == Configuration(hostname="edge-1", service_internal=True)
    again.stop()


@pytest.mark.requirement("PI-10/startup-config")
def test_what_is_saved_outlives_a_reload(device: Agent) -> None:
    device.configure([NAMED], save=False)
    device.save_configuration()
    device.reload()
    assert device.configuration() == Configuration(hostname="edge-1")


def test_what_is_erased_is_in_force_until_the_reload(world: World, device: Agent) -> None:
    device.configure([NAMED])
    device.erase_configuration()
    assert device.configuration().hostname == "edge-1"
    assert device.startup_configuration() is None
    device.stop()
    again = world.open()
    assert again.configuration() == DEFAULTS
    again.stop()


def test_a_refused_line_leaves_all_as_it_was(device: Agent) -> None:
    wrong = ConfigChange(key=ConfigKey.HOSTNAME, value="a b")
    user = ConfigChange(key=ConfigKey.USERNAME, value=f"15 0 {PASSWORD}", member="admin")
    with pytest.raises(Problem, match="invalid-argument"):
        device.configure([user, NAMED, wrong])
    assert device.configuration() == DEFAULTS
    assert device.user_secrets() == ()


@pytest.mark.requirement("PI-10/reload")
def test_a_reload_closes_reports_and_loses_no_use(world: World, device: Agent) -> None:
    device.set_count(ESSENTIALS, 2)
    with device.use(ESSENTIALS):
        device.flush()
        world.clock.advance(600)
        device.reload()
        world.clock.advance(300)
        device.flush()
    closed, opened = device.report_rows()
    assert (closed.state, opened.state) == ("CLOSED", "OPEN")
    assert device.usage()[0].count == 2
    device.save_usage(Selection(kind=SelectionKind.ALL), world.root / "usage.xml")
    measured = [item for one in reports(world) for item in one.measurements]
    assert sum(item.count * (item.end - item.start) for item in measured) == 3 * 901
    assert measured[0].termination_reason == "ProductReload"
    assert names(device).count("SAEVT_ENDPOINT_USAGE") == 2, "it only came back"


def reports(world: World) -> list[Payload]:
    items = list(read_items([(world.root / "usage.xml").read_bytes()]))
    return [
        read_payload(json.loads(item.text)["payload"])
        for item in items
        if item.kind is ItemKind.RUM_REPORT
    ]


def test_access_points_stay_joined_over_a_reload(world: World) -> None:
    agent = world.device()
    agent.join_access_point(Udi("AIR-AP2802I-E-K9", "FDW2109B29P"))
    agent.flush()
    world.clock.advance(60)
    agent.reload()
    world.clock.advance(60)
    agent.flush()
    assert {row.count for row in agent.usage()} == {1}
    agent.stop()


def test_sessions_end_before_the_reload(device: Agent) -> None:
    ended: list[str | None] = []
    forget = device.on_reload(lambda: ended.append(device.configuration().hostname))
    gone = device.on_reload(lambda: ended.append("gone"))
    gone()
    gone()
    device.configure([NAMED], save=False)
    device.reload()
    assert ended == ["edge-1"], "asked while the old configuration is still in force"
    forget()
    device.reload()
    assert len(ended) == 1


def test_an_exchange_goes_on_after_a_reload(world: World) -> None:
    with wired(world) as (agent, wire):
        agent.establish_trust("token", Scope.LOCAL, force=False)
        agent.set_count(ESSENTIALS, 1)
        world.clock.advance(3600)
        agent.reload()
        world.clock.advance(60)
        assert agent.sync(Scope.ALL).acknowledged == 2
        assert len(wire.portal.reports) == 2


def test_users_are_kept_at_once(world: World, device: Agent) -> None:
    user = ConfigChange(key=ConfigKey.USERNAME, value=f"15 0 {PASSWORD}", member="admin")
    device.configure([user], save=False)
    assert device.users.check("admin", PASSWORD) == 15
    (kept,) = device.user_secrets()
    device.stop()
    again = world.open()
    hashed = ConfigChange(key=ConfigKey.USERNAME, value=f"1 9 {kept.secret}", member="copy")
    lower = ConfigChange(key=ConfigKey.USERNAME, value=f"1 9 {kept.secret}", member="admin")
    again.configure([hashed, lower])
    assert [again.users.check(name, PASSWORD) for name in ("admin", "copy")] == [1, 1]
    change(again, ConfigKey.USERNAME, None, "copy")
    assert [user.name for user in again.user_secrets()] == ["admin"]
    again.stop()


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("admin", "15 0 short", "invalid-argument"),
        ("admin", f"7 0 {PASSWORD}", "invalid-argument"),
        ("-x", f"15 0 {PASSWORD}", "invalid-argument"),
        ("admin", "15 9 short", "invalid-argument"),
        ("admin", None, "requested-item-not-found"),
    ],
)
def test_a_user_that_will_not_do_is_refused(
    device: Agent, name: str, value: str | None, code: str
) -> None:
    with pytest.raises(Problem, match=code):
        change(device, ConfigKey.USERNAME, value, name)


def test_one_that_was_just_made_can_be_removed_by_the_next_line(device: Agent) -> None:
    user = ConfigChange(key=ConfigKey.USERNAME, value=f"15 0 {PASSWORD}", member="admin")
    gone = ConfigChange(key=ConfigKey.USERNAME, value=None, member="admin")
    device.configure([user, gone])
    assert device.user_secrets() == ()
    with pytest.raises(Problem, match="requested-item-not-found"):
        device.configure([user, gone, gone])


@pytest.mark.threat("E17", role="instance")
def test_enable_has_a_password_of_its_own(device: Agent) -> None:
    with pytest.raises(Problem, match="unauthenticated"):
        device.check_enable("anything at all")
    change(device, ConfigKey.ENABLE_SECRET, f"0 {PASSWORD}")
    device.check_enable(PASSWORD)
    assert PASSWORD not in str(device.configuration())
    with pytest.raises(Problem, match="unauthenticated"):
        device.check_enable(f"{PASSWORD}!")


@pytest.mark.requirement("PI-10/transport")
@pytest.mark.parametrize("kind", ["cslu", "callhome", "automatic"])
def test_a_transport_of_a_later_release_says_so(world: World, kind: str) -> None:
    wire, agent = a_wire(world), world.device()
    join(agent, wire)
    change(agent, ConfigKey.TRANSPORT, "off")
    change(agent, ConfigKey.TRANSPORT, kind)
    agent.set_count(ESSENTIALS, 1)
    for _ in range(3):
        world.clock.advance(40 * 86_400)
        agent.tick()
    with pytest.raises(Problem, match="transport-later"):
        agent.sync(Scope.ALL)
    assert agent.next_contact() is None
    assert wire.portal.seen == []
    told = [event.text for event in agent.events() if event.name.endswith("COMM_FAILED")]
    assert len(told) == 1
    assert f"The transport {kind}" in told[0]
    agent.stop()


def test_what_is_sent_goes_in_the_vrf_that_is_configured(world: World) -> None:
    with wired(world) as (agent, wire):
        agent.establish_trust("token", Scope.LOCAL, force=False)
        agent.set_count(tag_of(agent), 1)
        change(agent, ConfigKey.VRF, "Mgmt-vrf")
        assert agent.sync(Scope.ALL).acknowledged == 1
        change(agent, ConfigKey.VRF, None)
        agent.sync(Scope.ALL)
        assert wire.vrfs[0] is None
        assert "Mgmt-vrf" in wire.vrfs


def withhold(agent: Agent) -> None:
    change(agent, ConfigKey.PRIVACY_ALL, "")


@pytest.mark.requirement("PI-10/privacy")
def test_what_is_withheld_is_in_no_message(world: World) -> None:
    with wired(world) as (agent, wire):
        change(agent, ConfigKey.HOSTNAME, "very-private-name")
        withhold(agent)
        agent.establish_trust("token", Scope.LOCAL, force=False)
        agent.set_count(ESSENTIALS, 1)
        world.clock.advance(60)
        agent.sync(Scope.ALL)
        sent = b"".join(item.body for item in wire.portal.seen)
        assert b"very-private-name" not in sent
        # As a text of its own: a short name may stand anywhere in base64.
        assert b'"%b"' % os.uname().nodename.encode() not in sent.replace(b"\\", b"")
        assert wire.portal.reports[0].payload.software_version is None
        change(agent, ConfigKey.PRIVACY_ALL, None)
        world.clock.advance(60)
        agent.sync(Scope.ALL)
        assert b"very-private-name" in wire.portal.seen[-1].body
        assert wire.portal.reports[1].payload.software_version is not None


@pytest.mark.requirement("PI-10/privacy")
def test_what_is_withheld_is_in_no_file(world: World, device: Agent) -> None:
    change(device, ConfigKey.HOSTNAME, "very-private-name")
    withhold(device)
    device.set_count(ESSENTIALS, 1)
    device.flush()
    world.clock.advance(60)
    everything = Selection(kind=SelectionKind.ALL)
    device.save_usage(everything, world.root / "usage.xml")
    written = (world.root / "usage.xml").read_text()
    assert "very-private-name" not in written
    assert "software_version" not in written
    change(device, ConfigKey.PRIVACY_HOSTNAME, None)
    device.save_usage(everything, world.root / "usage.xml")
    assert "very-private-name" in (world.root / "usage.xml").read_text()


def test_labels_travel_with_reports(world: World, device: Agent) -> None:
    change(device, ConfigKey.CUSTOMER_TAGS, "Floor 3", "tag1")
    change(device, ConfigKey.CUSTOM_ID, "asset 7")
    change(device, ConfigKey.CUSTOMER_INFO, "Bern", "city")
    for _ in range(2):
        device.set_count(ESSENTIALS, 1)
        device.flush()
        world.clock.advance(60)
        device.save_usage(Selection(kind=SelectionKind.ALL), world.root / "usage.xml")
        change(device, ConfigKey.UTILITY, "")
    first, second = (read_meta(one) for one in reports(world))
    assert first == (False, (("custom_id", "asset 7"), ("tag1", "Floor 3")))
    assert second == (
        True,
        (("custom_id", "asset 7"), ("customer_city", "Bern"), ("tag1", "Floor 3")),
    )


@pytest.mark.requirement("PI-10/privacy")
@pytest.mark.parametrize("ends", ["reload", "stop", "power loss"])
def test_what_was_not_saved_covers_what_ran_under_it(
    world: World, device: Agent, ends: str
) -> None:
    withheld = ConfigChange(key=ConfigKey.PRIVACY_ALL, value="")
    labelled = ConfigChange(key=ConfigKey.CUSTOM_ID, value="asset 7")
    device.configure([withheld, labelled], save=False)
    device.set_count(ESSENTIALS, 1)
    device.flush()
    world.clock.advance(1000)
    agent = begun_again(world, device, ends)
    agent.set_count(ESSENTIALS, 2)
    agent.flush()
    world.clock.advance(60)
    agent.save_usage(Selection(kind=SelectionKind.ALL), world.root / "usage.xml")
    first, second = reports(world)
    assert (first.software_version, read_meta(first)[1]) == (None, (("custom_id", "asset 7"),))
    assert second.software_version is not None
    assert read_meta(second)[1] == ()
    agent.stop()


def begun_again(world: World, device: Agent, ends: str) -> Agent:
    if ends == "reload":
        device.reload()
        return device
    if ends == "stop":
        device.stop()
    else:
        # Measured by the schedule alone, at most 15 minutes ago; nobody says that it ends.
        device.tick()
        device._release()
    return world.open()


def test_a_report_without_its_key_tells_what_was_set_and_is_withheld_since(
    world: World, device: Agent
) -> None:
    change(device, ConfigKey.CUSTOM_ID, "asset 7")
    device.set_count(ESSENTIALS, 1)
    device.flush()
    world.clock.advance(60)
    around = device._engine.around
    key, everything = around.sudi, Selection(kind=SelectionKind.ALL)
    object.__setattr__(around, "sudi", None)
    with pytest.raises(Problem, match="key-missing"):
        device.save_usage(everything, world.root / "usage.xml")
    change(device, ConfigKey.CUSTOM_ID, "asset 8")
    change(device, ConfigKey.PRIVACY_VERSION, "")
    object.__setattr__(around, "sudi", key)
    device.save_usage(everything, world.root / "usage.xml")
    (report,) = reports(world)
    assert (report.software_version, read_meta(report)[1]) == (None, (("custom_id", "asset 7"),))


def read_meta(payload: Payload) -> tuple[object, object]:
    assert payload.meta is not None
    return payload.utility_enabled, payload.meta.labels


def test_a_machine_without_a_name_has_one_at_the_prompt(device: Agent) -> None:
    around = device._engine.around
    for name, shown in ((None, "Device"), ("wlc-1.example.com", "wlc-1"), ("a\x1b[2J#", "a2J")):
        object.__setattr__(around, "hostname", name)
        assert device.hostname() == shown


def test_a_fresh_device_is_quiet_about_its_transport(device: Agent) -> None:
    assert device.configuration().transport is TransportKind.CSLU
    assert not any("later release" in event.text for event in device.events())


def test_a_store_of_the_release_before_begins_with_what_it_kept(
    world: World, portal: Portal, online: Agent
) -> None:
    online.stop()
    again = world.open()
    assert again.startup_configuration() == again.configuration()
    assert again.configuration().url_smart == portal.url
    go_smart(again, portal.url)
    again.stop()
