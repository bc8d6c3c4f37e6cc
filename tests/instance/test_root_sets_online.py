"""A new root set reaches a device though everything else of the answer is refused."""

from dataclasses import replace

import pytest

from gauger.core.documents.smart_transport import Acknowledgement, Request, Response
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.views import Scope
from gauger.tools.trust import RootFolder
from tests.instance.portal import Portal, answer_file, response
from tests.instance.test_schedule import trusted
from tests.instance.world import World


@pytest.mark.requirement("T2-smart")
def test_root_sets_of_a_refused_answer_stand(world: World, portal: Portal, online: Agent) -> None:
    trusted(online)
    folder = RootFolder(world.factory / "root", world.workshop)
    held = online._engine.holdings().root_number
    folder.rotate()
    newer = folder.documents()[-1]

    def lie(asked: Portal, request: Request) -> Response:
        stranger = asked.account_info(Udi("C9800-CL-K9", "GGR0009"))
        item = Acknowledgement(udi=request.udi, smart_license=answer_file([newer, stranger]))
        return replace(response(request), acknowledgements=(item,))

    world.clock.advance(60)
    portal.script.append(lie)
    with pytest.raises(Problem, match="wrong-subject"):
        online.sync(Scope.ALL)
    assert online._engine.holdings().root_number == held + 1
