"""A device under a test clock talks to its own machine only."""

from pathlib import Path

import pytest

from gauger.adapters.transport.deferred import DeferredTransport
from gauger.core.problems import Problem
from gauger.instance.views import Scope
from tests.instance.world import World, go_smart

NEAR = ["https://127.0.0.1:1/x", "https://localhost:1/x", "https://[::1]:1/x"]
FAR = [
    "https://portal.example/x",
    "https://192.0.2.1/x",
    "https://127.0.0.1.portal.example/x",
    "https://[2001:db8::1]/x",
    "https:///x",
]


@pytest.mark.parametrize("url", FAR)
def test_another_machine_is_refused_before_anything_is_looked_up(url: str) -> None:
    with pytest.raises(Problem, match="invalid-argument"):
        DeferredTransport(None, only_loopback=True).exchange(url, b"{}")


@pytest.mark.parametrize("url", NEAR)
def test_its_own_machine_is_talked_to(url: str) -> None:
    with pytest.raises(Problem, match="comm-failed"):
        DeferredTransport(None, only_loopback=True).exchange(url, b"{}")


def test_a_device_of_a_test_never_reaches_a_portal_elsewhere(tmp_path: Path) -> None:
    agent = World(tmp_path).device()
    go_smart(agent, "https://portal.example/licservice/license")
    with pytest.raises(Problem, match=r"loopback only, not for portal\.example"):
        agent.establish_trust("token", Scope.LOCAL, force=False)
    agent.stop()
