"""What a device does in the crash tests, from wherever it stands."""

from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.views import Scope
from tests.instance.world import ESSENTIALS, go_smart


def tell(agent: Agent, url: str) -> None:
    """Use a licence, become trusted, report; what is done already is not done again."""
    go_smart(agent, url)
    agent.set_count(ESSENTIALS, 2)
    agent.flush()
    try:
        agent.establish_trust("token", Scope.LOCAL, force=False)
    except Problem as problem:
        if problem.code != "already-installed":
            raise
    agent.sync(Scope.ALL)
