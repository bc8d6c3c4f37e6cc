"""Verdicts that the portal owes: asked for, in nobody's way, and never by sending again."""

from dataclasses import replace

import pytest

from gauger.core.documents.smart_transport import (
    Acknowledgement,
    MessageType,
    Request,
    Response,
    Status,
    decode_request,
)
from gauger.core.documents.verdict import Ruling
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.views import Scope, Selection, SelectionKind
from tests.instance.portal import Answering, Portal, answer_file, judge, refuse, response
from tests.instance.test_schedule import sendings, trusted
from tests.instance.world import DAY, ESSENTIALS, World, tag_of

HOUR = 3600


def owe(poll_id: str, ruling: Ruling = Ruling.DEFERRED) -> Answering:
    """Judge a report later, and give a poll id for it."""

    def act(portal: Portal, request: Request) -> Response:
        judged = judge(ruling, "not-yet")(portal, request)
        assert isinstance(judged, Response)
        return replace(judged, poll_id=poll_id, poll_interval=HOUR)

    return act


def still_owed(_: Portal, request: Request) -> Response:
    """Say that there is nothing new yet."""
    return replace(response(request), poll_id=request.poll_id, poll_interval=HOUR)


def decided(portal: Portal, request: Request) -> Response:
    """Give the ACKs of all that was sent."""
    sent = [decode_request(item.body) for item in portal.seen if b"report_usage" in item.body]
    documents = [one for earlier in sent for one in portal.documents_for(earlier)]
    item = Acknowledgement(udi=request.udi, smart_license=answer_file(documents))
    return replace(response(request, Status.COMPLETE), acknowledgements=(item,))


def polls(portal: Portal) -> list[str | None]:
    """Return by what the portal was asked for verdicts."""
    requests = (decode_request(item.body) for item in portal.seen)
    return [one.poll_id for one in requests if one.type is MessageType.POLL]


@pytest.fixture
def waiting(world: World, portal: Portal, online: Agent) -> Agent:
    """A device whose first report is judged later."""
    trusted(online)
    world.clock.advance(60)
    portal.script.append(owe("p-1"))
    assert online.sync(Scope.ALL).waiting
    assert online.report_rows()[0].state == "PENDING"
    assert online.status().reporting.next_ack_check == world.clock.wall + HOUR
    return online


@pytest.mark.requirement("T2-smart")
def test_the_verdict_is_asked_for_by_itself_and_nothing_is_sent_again(
    world: World, portal: Portal, waiting: Agent
) -> None:
    before = sendings(portal)
    portal.script += [still_owed, decided]
    for hour in range(1, 4):
        world.clock.advance(HOUR)
        waiting.tick()
        assert polls(portal) == ["p-1"] * min(hour, 2)
    assert waiting.report_rows()[0].state == "ACK"
    assert sendings(portal) == before
    world.clock.advance(DAY // 2)
    waiting.tick()
    assert polls(portal) == ["p-1", "p-1"]


@pytest.mark.parametrize("ruling", [Ruling.DEFERRED, Ruling.QUARANTINED])
def test_what_waits_does_not_hold_up_the_next_sending(
    world: World, portal: Portal, online: Agent, ruling: Ruling
) -> None:
    trusted(online)
    world.clock.advance(60)
    portal.script.append(owe("p-1", ruling))
    online.sync(Scope.ALL)
    online.set_count(ESSENTIALS, 5)
    online.flush()
    world.clock.advance(60)
    before = sendings(portal)
    portal.script.append(still_owed)
    online.sync(Scope.ALL)
    assert sendings(portal) == before + 1
    states = [row.state for row in online.report_rows()]
    assert (states[0], states.count("ACK")) == ("PENDING", len(states) - 1 - states.count("OPEN"))


def test_a_sync_asks_at_once(portal: Portal, waiting: Agent) -> None:
    portal.script.append(decided)
    result = waiting.sync(Scope.ALL)
    assert (result.acknowledged >= 1, result.waiting) == (True, False)
    assert waiting.report_rows()[0].state == "ACK"


def test_a_poll_that_is_forgotten_brings_the_report_with_the_next_sending(
    world: World, portal: Portal, waiting: Agent
) -> None:
    portal.script.append(refuse("poll-unknown"))
    world.clock.advance(60)
    waiting.sync(Scope.ALL)
    assert {row.state for row in waiting.report_rows()} == {"ACK", "OPEN"}


def test_a_failure_is_backed_off_and_the_poll_stays(
    world: World, portal: Portal, waiting: Agent
) -> None:
    portal.script += [refuse("server-busy"), decided]
    with pytest.raises(Problem, match="server-busy"):
        waiting.sync(Scope.ALL)
    assert waiting.report_rows()[0].state == "PENDING"
    world.clock.advance(HOUR)
    waiting.tick()
    assert waiting.report_rows()[0].state == "ACK"


def test_an_answer_that_is_refused_is_none(world: World, portal: Portal, waiting: Agent) -> None:
    def stranger(portal: Portal, request: Request) -> Response:
        told = decided(portal, request)
        (item,) = told.acknowledgements
        other = replace(request.udi, serial="GGR9999")
        return replace(told, acknowledgements=(replace(item, udi=other),))

    portal.script += [stranger, decided]
    world.clock.advance(HOUR)
    waiting.tick()
    assert waiting.report_rows()[0].state == "PENDING"
    world.clock.advance(HOUR)
    waiting.tick()
    assert waiting.report_rows()[0].state == "ACK"


def test_what_a_file_answered_is_asked_for_no_more(
    world: World, portal: Portal, waiting: Agent
) -> None:
    usage, answer = world.root / "usage.xml", world.root / "answer.xml"
    waiting.save_usage(Selection(kind=SelectionKind.UNREPORTED), usage)
    answer.write_bytes(portal.usage_file(usage))
    waiting.import_file(answer)
    world.clock.advance(2 * HOUR)
    waiting.tick()
    assert polls(portal) == []
    assert waiting.report_rows()[0].state == "ACK"


def test_of_many_polls_the_oldest_gives_way_and_its_report_goes_again(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)
    for number in range(17):
        online.set_count(tag_of(online), number + 2)
        online.flush()
        world.clock.advance(60)
        portal.script += [still_owed] * min(number, 16) + [owe(f"p-{number}")]
        online.sync(Scope.ALL)
    assert len(online._engine.memory.singles.course.polls) == 16
    assert [row.state for row in online.report_rows()][:3] == ["ACK", "ACK", "PENDING"]
