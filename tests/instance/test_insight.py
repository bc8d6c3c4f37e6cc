"""What support looks at: the machine, the licences by handle, and how talking has gone."""

import json

import pytest

from gauger.adapters.storage.sealed import Place, Seal
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.main import last_known
from gauger.instance.tallies import HEADINGS, Tallies
from gauger.instance.tech_views import ExchangeView
from gauger.instance.views import Scope
from tests.instance.portal import Portal, poll_later, refuse, withhold
from tests.instance.world import START, World, go_smart, tag_of

pytestmark = pytest.mark.requirement("PI-10/tech")


def _gone(agent: Agent, heading: str) -> ExchangeView:
    (found,) = [view for view in agent.tech().exchanges if view.heading == heading]
    return found


def _trust(agent: Agent) -> None:
    agent.establish_trust("a-token-of-the-portal", Scope.LOCAL, force=False)


def test_the_uptime_is_that_of_the_boot(world: World, device: Agent) -> None:
    world.clock.advance(3_600)
    assert device.system().uptime == 3_600
    device.stop()
    world.clock.reboot(off=60)
    again = world.open()
    world.clock.advance(5)
    world.clock.step(86_400)
    assert again.system().uptime == 5, "a clock that was set makes no boot longer"
    again.stop()


def test_the_name_is_the_one_configured_else_that_of_the_machine(device: Agent) -> None:
    view = device.system()
    assert view.hostname
    assert view.is_clock_set
    assert (view.level, view.air_level) == (None, None)
    assert view.now == START


def test_a_licence_level_counts_from_the_next_boot_on(device: Agent) -> None:
    level = "air-network-essentials addon air-dna-essentials"
    device.configure([ConfigChange(key=ConfigKey.AIR_LEVEL, value=level)])
    assert (device.system().air_level, device.system().next_air_level) == (None, level)
    device.reload()
    assert (device.system().air_level, device.system().next_air_level) == (level, level)


def test_a_fresh_device_has_nothing_to_tell(device: Agent) -> None:
    view = device.tech()
    assert view.handles == ()
    assert tuple(exchange.heading for exchange in view.exchanges) == HEADINGS
    assert {exchange.succeeded + exchange.failed for exchange in view.exchanges} == {0}
    assert (view.is_first, view.policy_days, view.stored) == (True, 0, 0)
    assert (view.trust_number, view.is_reserved) == (None, False)
    assert view.log_bytes > 0
    assert not view.may_report
    assert view.blocked is not None


def test_a_licence_in_use_has_a_handle(world: World, device: Agent) -> None:
    tag = tag_of(device)
    device.set_count(tag, 2)
    device.flush()
    world.clock.advance(60)
    view = device.tech()
    (handle,) = view.handles
    assert (handle.tag, handle.since, handle.requested_at) == (tag, START, START)
    assert handle.open_id == device.report_rows()[0].report_id
    assert handle.previous_id == 0
    assert view.next_sample is not None
    assert 0 < view.next_sample - world.clock.wall <= 900
    assert view.policy_days == 365, "perpetual licences: the first report within a year"


def test_what_is_sent_and_answered_is_counted(world: World, portal: Portal, online: Agent) -> None:
    _trust(online)
    online.set_count(tag_of(online), 1)
    online.flush()
    world.clock.advance(60)
    portal.script.append(poll_later(30))
    online.sync(Scope.ALL)
    usage = _gone(online, "Usage Reporting")
    assert (usage.succeeded, usage.response, usage.response_at) == (1, "OK_POLL", world.clock.wall)
    world.clock.advance(31)
    online.tick()
    assert _gone(online, "Result Polling").succeeded == 1
    assert _gone(online, "Trust Establishment").last_success == START
    view = online.tech()
    assert (view.may_report, view.blocked, view.is_first) == (True, None, False)
    assert (view.stored, view.trust_number) == (2, 1)


def test_what_fails_is_counted_until_it_goes_well(
    world: World, portal: Portal, online: Agent
) -> None:
    portal.script += [withhold, refuse("server-busy")]
    with pytest.raises(Problem):
        _trust(online)
    gone = _gone(online, "Trust Establishment")
    assert (gone.failed, gone.failing, gone.unreachable) == (1, 1, 1)
    assert (gone.response, gone.last_failure) == ("NO REPLY", world.clock.wall)
    assert gone.reason
    with pytest.raises(Problem, match="server-busy"):
        _trust(online)
    refused = _gone(online, "Trust Establishment")
    assert (refused.succeeded, refused.failing, refused.response) == (1, 0, "FAILED")


def test_another_boot_counts_from_nothing(world: World, portal: Portal, online: Agent) -> None:
    _trust(online)
    online.stop()
    again = world.open(ca=world.root / "tls.pem")
    go_smart(again, portal.url)
    assert _gone(again, "Trust Establishment").succeeded == 0
    again.stop()


def test_an_answer_that_is_none_was_not_for_want_of_a_way() -> None:
    tallies = Tallies()
    tallies.failed("usage", Problem("bad-answer", "It is not JSON."), is_poll=False, at=START)
    (gone,) = [view for view in tallies.views() if view.failed]
    assert gone == ExchangeView(
        heading="Usage Reporting",
        failed=1,
        failing=1,
        response="INVALID STATUS CODE",
        reason="It is not JSON.",
        last_failure=START,
    )


def test_a_kind_without_a_heading_is_not_counted() -> None:
    tallies = Tallies()
    tallies.answered("telemetry", is_poll=False, status="OK", at=START)
    tallies.failed("telemetry", Problem("comm-failed", "Down."), is_poll=False, at=START)
    assert tallies.views() == Tallies().views()


def test_without_an_agent_nothing_runs_and_nothing_is_due(world: World, device: Agent) -> None:
    device.set_count(tag_of(device), 1)
    device.flush()
    device.stop()
    with last_known(world.options()) as views:
        assert views.system().uptime is None
        view = views.tech()
        assert view.next_sample is None
        assert len(view.handles) == 1


def test_the_size_of_the_event_log_is_told_without_reading_it(
    device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [(e.at, e.name, e.fields, e.text) for e in device.events()]
    size = sum(len(json.dumps(entry)) for entry in entries)
    opened: list[bytes] = []
    opening = Seal.open

    def count(seal: Seal, sealed: bytes, place: Place, incarnation: str) -> bytes:
        opened.append(sealed)
        return opening(seal, sealed, place, incarnation)

    monkeypatch.setattr(Seal, "open", count)
    assert device.tech().log_bytes == size
    assert opened == []
    device.events()
    assert len(opened) == len(entries), "what would be noticed"
