"""Where the portal refuses one document of a message, the answers to the others still count."""

from dataclasses import replace

import pytest

from gauger.core.documents.smart_transport import Request, Response, WireProblem
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.views import Scope
from tests.instance.portal import Answering, Portal, honest
from tests.instance.test_direct import trust
from tests.instance.world import World, names


def also_refuse(code: str) -> Answering:
    """Answer all reports but the first, and name a problem of that."""

    def act(portal: Portal, request: Request) -> Response:
        (sent,) = request.reports
        rest = replace(request, reports=(replace(sent, usage=sent.usage[1:]),))
        answered = honest(portal, rest)
        assert isinstance(answered, Response)
        return replace(answered, problem=WireProblem.of(Problem(code, "as the test says")))

    return act


def half_refused(world: World, portal: Portal, agent: Agent, code: str) -> None:
    """Use two licences for a minute, and have a sync fail for one of them."""
    trust(agent)
    for licence in agent.profile.licences[:2]:
        agent.set_count(licence.tag, 1)
    agent.flush()
    world.clock.advance(60)
    portal.script.append(also_refuse(code))
    with pytest.raises(Problem, match=code):
        agent.sync(Scope.ALL)


@pytest.mark.threat("D8", role="instance")
def test_what_is_answered_counts_and_what_is_refused_goes_with_the_next_sending(
    world: World, portal: Portal, online: Agent
) -> None:
    half_refused(world, portal, online, "signature-invalid")
    states = [row.state for row in online.report_rows()]
    assert (states.count("ACK"), states.count("PENDING")) == (1, 1)
    assert online.sync(Scope.ALL).acknowledged == 1


@pytest.mark.threat("D8", role="instance")
def test_what_a_busy_portal_could_not_take_is_sent_again_by_itself(
    world: World, portal: Portal, online: Agent
) -> None:
    half_refused(world, portal, online, "server-busy")
    world.clock.advance(120)
    online.tick()

    assert {row.state for row in online.report_rows()} == {"ACK", "OPEN"}
    assert "SMART_LIC-5-COMM_RESTORED" in names(online)
