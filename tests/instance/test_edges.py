"""What seldom happens: keys gone, records that are none, requests in the way of each other."""

from dataclasses import replace
from pathlib import Path

import pytest

from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.keys.licensing import LicensingKeys
from gauger.adapters.storage.instance_open import StorePaths, open_instance_store
from gauger.adapters.storage.private_files import private_folder
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.events import noticed
from gauger.instance.main import Options, open_agent
from gauger.instance.ports import Batch
from gauger.instance.views import Scope, Selection, SelectionKind
from gauger.surfaces.console.commands import COMMANDS
from gauger.surfaces.console.console import Console
from tests.instance.portal import Portal, poll_later, withhold
from tests.instance.test_schedule import interval, live, sendings, trusted
from tests.instance.world import DAY, ESSENTIALS, World, go_smart, names, tag_of

ALL = Selection(kind=SelectionKind.ALL)


def keys(world: World) -> Path:
    return world.root / "device" / "keys"


def test_a_record_that_is_none_begins_a_new_store(world: World) -> None:
    world.device().stop()
    paths = StorePaths(data=world.root / "device", keys=keys(world))
    store = open_instance_store(paths, SystemEntropy())
    store.commit(Batch(records={("tag", "t"): b"no record"}))
    store.close()
    agent = world.open()
    assert "SMART_LIC-3-STORE_REPLACED" in names(agent)
    agent.stop()


def test_the_sudi_signs_where_the_licensing_key_is_gone(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)
    online.stop()
    for path in keys(world).glob("licensing-*.pem"):
        path.unlink()
    agent = world.open()
    agent.set_count(ESSENTIALS, 1)
    agent.flush()
    world.clock.advance(60)
    agent.sync(Scope.ALL)
    assert {report.signature.signing_type for report in portal.reports} == {"gauger-sudi"}
    agent.stop()


@pytest.mark.threat("C10", role="instance")
def test_a_licensing_key_that_others_may_read_signs_nothing(world: World, online: Agent) -> None:
    trusted(online)
    online.stop()
    for path in keys(world).glob("licensing-*.pem"):
        path.chmod(0o644)
    agent = world.open()
    agent.set_count(ESSENTIALS, 1)
    agent.flush()
    world.clock.advance(60)
    with pytest.raises(Problem, match="key-exposed"):
        agent.save_usage(ALL, world.root / "usage.xml")
    assert any("others than its owner" in notice for notice in agent.status().notices)
    agent.stop()


def test_a_device_without_sudi_asks_for_no_trust(world: World, online: Agent) -> None:
    online.stop()
    (keys(world) / "sudi.key.pem").unlink()
    agent = world.open()
    with pytest.raises(Problem, match="key-missing"):
        agent.establish_trust("token", Scope.LOCAL, force=False)
    with pytest.raises(Problem, match="key-missing"):
        agent.save_trust_request(world.root / "request.xml")
    agent.stop()


def test_a_bundle_brings_a_lost_sudi_back(world: World) -> None:
    world.device().stop()
    (keys(world) / "sudi.key.pem").unlink()
    agent = world.open(bundle=world.root / "bundle")
    agent.set_count(ESSENTIALS, 1)
    world.clock.advance(60)
    assert agent.save_usage(ALL, world.root / "usage.xml") == 1
    agent.stop()


def test_smart_without_a_url_is_refused_with_the_form_of_one(device: Agent) -> None:
    device.configure([ConfigChange(key=ConfigKey.TRANSPORT, value="smart")])
    with pytest.raises(Problem, match="not-a-licensing-url"):
        device.sync(Scope.ALL)
    device.configure([ConfigChange(key=ConfigKey.TRANSPORT, value="off")])
    with pytest.raises(Problem, match="transport-off"):
        device.sync(Scope.ALL)


def test_trust_that_waits_is_fetched_by_sync(world: World, portal: Portal, online: Agent) -> None:
    portal.script += [poll_later(3600), poll_later(3600)]
    online.establish_trust("token", Scope.LOCAL, force=False)
    with pytest.raises(Problem, match="trust-missing"):
        online.sync(Scope.ALL)
    online.sync(Scope.ALL)
    assert online.status().trust[0].origin == "cssm"
    assert world.clock.wall


def test_what_a_full_message_leaves_goes_with_the_next(
    world: World, portal: Portal, online: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.instance.choosing._MESSAGE_BYTES", 1)
    for index in (0, 2, 3):
        trusted(online, tag=index) if index == 0 else online.set_count(tag_of(online, index), 1)
    online.flush()
    world.clock.advance(60)
    assert online.sync(Scope.ALL).sent == 3
    assert sendings(portal) == 3


def test_by_itself_what_is_left_goes_a_day_later(
    world: World, portal: Portal, online: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.instance.choosing._MESSAGE_BYTES", 1)
    trusted(online)
    online.set_count(tag_of(online, 2), 1)
    online.flush()
    interval(online, 20)
    live(world, online, 20.25)
    assert sendings(portal) == 1
    live(world, online, 1)
    assert sendings(portal) == 2


def test_while_a_sending_waits_what_is_closed_goes_next(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)
    portal.script += [poll_later(7200), poll_later(7200)]
    world.clock.advance(60)
    assert online.sync(Scope.ALL).waiting
    world.clock.advance(60)
    assert online.sync(Scope.ALL).waiting
    live(world, online, 1)
    assert {row.state for row in online.report_rows()} == {"ACK", "OPEN"}


def test_a_token_request_in_flight_gives_way_to_a_file(
    world: World, portal: Portal, online: Agent
) -> None:
    portal.script += [withhold]
    with pytest.raises(Problem, match="comm-failed"):
        online.establish_trust("token", Scope.LOCAL, force=False)
    online.save_trust_request(world.root / "request.xml")
    (world.root / "ack.xml").write_bytes(portal.usage_file(world.root / "request.xml"))
    online.import_file(world.root / "ack.xml")
    seen = len(portal.seen)
    live(world, online, 1)
    assert online.status().trust[0].origin == "cssm"
    assert len(portal.seen) == seen


def test_a_forked_ledger_is_told_with_weight() -> None:
    assert noticed(1, "ledger-forked").name == "SMART_LIC-2-LEDGER_FORKED"
    assert noticed(1, "issued-in-future").fields == (("note", "issued-in-future"),)


def test_authorities_that_are_not_there_are_named(world: World) -> None:
    options = replace(world.options(), bundle=world.bundle(), ca=world.root / "none.pem")
    with pytest.raises(Problem, match="file-not-found"):
        open_agent(options)
    assert isinstance(options, Options)


def test_a_report_that_is_not_there_is_named(device: Agent) -> None:
    with pytest.raises(Problem, match="requested-item-not-found"):
        device.report_detail(1)


def test_the_greatest_number_that_can_be_typed_is_looked_up(device: Agent) -> None:
    greatest = max(row.arguments["report"].maximum for row in COMMANDS if "report" in row.arguments)
    with pytest.raises(Problem, match="requested-item-not-found"):
        Console(device).execute(f"show license rum id {greatest} detail")


def test_the_log_of_the_last_days(world: World, device: Agent) -> None:
    world.clock.advance(10 * DAY)
    device.set_count(ESSENTIALS, 1)
    device.flush()
    assert len(device.events(1)) < len(device.events())


def test_names_of_keys_are_checked(tmp_path: Path) -> None:
    held = LicensingKeys(private_folder(tmp_path / "keys"), SystemEntropy())
    with pytest.raises(Problem, match="invalid-argument"):
        held.make("../escape")
    held.make("one")
    assert held.load("two") is None
    held.forget("one")
    held.forget("one")
    assert held.load("one") is None


def test_a_device_goes_on_under_another_url(world: World, portal: Portal, online: Agent) -> None:
    trusted(online)
    go_smart(online, "https://localhost:9/licservice/license")
    world.clock.advance(60)
    with pytest.raises(Problem, match="comm-failed"):
        online.sync(Scope.ALL)
    go_smart(online, portal.url)
    online.sync(Scope.ALL)
    assert online.report_rows()[0].state == "ACK"
