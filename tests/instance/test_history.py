"""The message history: what was exchanged and imported, under 12 headings, bounded and durable."""

from dataclasses import replace

import pytest

from gauger.core.identity import Digest
from gauger.core.policy.rules import Group, Rule
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.history import KEPT, Heading, note, sent
from gauger.instance.main import last_known
from gauger.instance.memory import Draft
from gauger.instance.records import AuthorizationRecord, Paper, Past, Singles
from gauger.instance.views import PastMessage, Scope, Selection, SelectionKind
from tests.instance.portal import Portal, answer_file, poll_later, refuse, withhold
from tests.instance.world import START, World, tag_of

PUBLISHED = (
    "Trust Establishment",
    "Usage Reporting",
    "Result Polling",
    "Authorization Request",
    "Authorization Return",
    "Trust Sync",
    "Import POLICY",
    "Import AUTH",
    "Import TRUST CODE",
    "Import RUM ACK",
    "Import CONVERSION ACK",
    "Import ACCOUNT INFO",
)


def under(agent: Agent, heading: str) -> tuple[PastMessage, ...]:
    """Return the lines under a heading."""
    (view,) = [view for view in agent.message_history() if view.heading == heading]
    return view.messages


def told(agent: Agent, heading: str) -> list[tuple[str, str]]:
    """Return what was sent or imported, and what became of it."""
    return [(line.what, line.outcome) for line in under(agent, heading)]


def used(agent: Agent) -> None:
    agent.establish_trust("token", Scope.LOCAL, force=False)
    agent.set_count(tag_of(agent), 1)
    agent.flush()


def draft() -> Draft:
    return Draft(singles=Singles(), tags={}, documents={}, marks={})


@pytest.mark.requirement("PI-10/exec")
def test_a_new_device_has_the_twelve_headings_and_no_past(device: Agent) -> None:
    history = device.message_history()
    assert tuple(view.heading for view in history) == PUBLISHED
    assert [view.is_import for view in history] == [False] * 6 + [True] * 6
    assert not any(view.messages for view in history)


def test_an_exchange_and_what_it_brought_are_told(
    world: World, portal: Portal, online: Agent
) -> None:
    portal.policy = {Group.PERPETUAL: Rule(30, 14, 7)}
    used(online)
    world.clock.advance(60)
    online.sync(Scope.ALL)
    assert told(online, "Trust Establishment") == [("trust request", "OK")]
    (report,) = told(online, "Usage Reporting")
    assert report == (f"report {online.report_rows()[0].report_id}", "OK")
    assert told(online, "Import TRUST CODE") == [("from the portal", "OK")]
    assert told(online, "Import RUM ACK") == [("1 ACK from the portal", "OK")]
    assert told(online, "Import POLICY") == [("from the portal", "OK")]
    assert under(online, "Import POLICY")[0].at <= world.clock.wall


def test_a_poll_is_told_apart_from_what_it_asks_after(portal: Portal, online: Agent) -> None:
    portal.script.append(poll_later(5))
    online.establish_trust("token", Scope.LOCAL, force=False)
    online.sync(Scope.ALL)
    assert told(online, "Trust Establishment") == [("trust request", "OK, the answer is to come")]
    assert told(online, "Result Polling") == [("asked for the answer: trust request", "OK")]


def test_a_portal_that_is_down_is_one_line_with_its_number(
    world: World, portal: Portal, online: Agent
) -> None:
    used(online)
    portal.script += [withhold] * 3
    world.clock.advance(60)
    for _ in range(3):
        with pytest.raises(Problem, match="comm-failed"):
            online.sync(Scope.ALL)
        world.clock.advance(60)
    (line,) = under(online, "Usage Reporting")
    assert (line.times, line.outcome.split(":")[0]) == (3, "comm-failed")
    assert line.last_at == line.at + 120


def test_a_refusal_is_told_by_name(portal: Portal, online: Agent) -> None:
    portal.script.append(refuse("token-expired", "expired\nforged line"))
    with pytest.raises(Problem, match="token-expired"):
        online.establish_trust("token", Scope.LOCAL, force=False)
    ((_, outcome),) = told(online, "Trust Establishment")
    assert outcome.startswith("token-expired: expired")
    assert "\n" not in outcome


def test_what_a_file_brings_is_told_also_where_it_is_refused(
    world: World, portal: Portal, device: Agent
) -> None:
    path = world.root / "file.xml"
    device.set_count(tag_of(device), 1)
    world.clock.advance(60)
    device.save_usage(Selection(kind=SelectionKind.ALL), path)
    path.write_bytes(portal.usage_file(path))
    device.import_file(path)
    assert told(device, "Import RUM ACK") == [("1 ACK by file", "OK")]
    assert told(device, "Import ACCOUNT INFO") == [("by file", "OK")]
    older = portal.policy_document({Group.PERPETUAL: Rule(30, 14, 7)})
    path.write_bytes(answer_file([portal.policy_document({Group.PERPETUAL: Rule(60, 14, 7)})]))
    device.import_file(path)
    path.write_bytes(answer_file([older]))
    with pytest.raises(Problem, match="stale-version"):
        device.import_file(path)
    assert [outcome.split(":")[0] for _, outcome in told(device, "Import POLICY")] == [
        "OK",
        "stale-version",
    ]


def test_it_outlives_the_boot_and_is_shown_without_an_agent(
    world: World, portal: Portal, online: Agent
) -> None:
    used(online)
    before = online.message_history()
    online.stop()
    with last_known(world.options()) as known:
        assert known.message_history() == before
    again = world.open()
    assert again.message_history() == before
    again.stop()
    assert portal.seen


def test_each_heading_keeps_a_bounded_number_of_lines() -> None:
    made = draft()
    for number in range(3 * KEPT):
        note(made, Heading.TRUST_SYNC, Past(at=START, what=f"no. {number}", outcome="x" * 5000))
    lines = made.history["Trust Sync"]
    assert [line.what for line in lines] == [f"no. {number}" for number in range(20, 30)]
    assert {len(line.outcome) for line in lines} == {200}


def test_a_code_that_is_given_back_stands_under_its_own_heading() -> None:
    made = draft()
    assert sent(made, "authorization", is_poll=False) == (
        Heading.AUTHORIZATION_REQUEST,
        "authorization request",
    )
    paper = Paper(digest=Digest("0" * 64), text="")
    record = AuthorizationRecord(returned=paper)
    made.singles = replace(made.singles, authorization=record)
    told = sent(made, "authorization", is_poll=False)
    assert told == (Heading.AUTHORIZATION_RETURN, "return of an authorization code")


def test_an_exchange_that_nobody_knows_is_not_told() -> None:
    assert sent(draft(), "unheard-of", is_poll=False) is None
