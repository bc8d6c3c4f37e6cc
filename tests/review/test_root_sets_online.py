"""A new root set reaches a device though everything else of the answer is refused."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gauger.core.documents.smart_transport import Acknowledgement, Request, Response
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.instance.views import Scope
from gauger.tools.trust import RootFolder
from tests.instance.portal import Portal, answer_file, response, serving
from tests.instance.test_schedule import trusted
from tests.instance.world import World, go_smart


@pytest.fixture
def serving_portal(world: World) -> Iterator[Portal]:
    """A portal over HTTPS that a test makes lie."""
    with serving(world) as running:
        yield running


@pytest.mark.requirement("T2-smart")
def test_root_sets_of_a_refused_answer_stand(world: World, serving_portal: Portal) -> None:
    agent = world.open(bundle=world.bundle(), ca=world.root / "tls.pem")
    go_smart(agent, serving_portal.url)
    trusted(agent)
    folder = RootFolder(world.factory / "root", world.workshop)
    held = agent._engine.holdings().root_number
    folder.rotate()
    newer = folder.documents()[-1]

    def lie(portal: Portal, request: Request) -> Response:
        stranger = portal.account_info(Udi("C9800-CL-K9", "GGR0009"))
        item = Acknowledgement(udi=request.udi, smart_license=answer_file([newer, stranger]))
        return replace(response(request), acknowledgements=(item,))

    world.clock.advance(60)
    serving_portal.script.append(lie)
    with pytest.raises(Problem, match="wrong-subject"):
        agent.sync(Scope.ALL)
    assert agent._engine.holdings().root_number == held + 1
    agent.stop()
