"""Fixtures: a device's folder, with an agent that runs on it or without one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger.instance.main import Options, open_agent
from gauger.surfaces.agent_socket import AgentServer
from tests.instance.reported import two_reports
from tests.instance.world import World

__all__ = ["two_reports"]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle that devices without `--clock` take in."""
    return World(tmp_path_factory.mktemp("world"), real=True).bundle()


@pytest.fixture(params=["socket", "own store"])
def data(request: pytest.FixtureRequest, tmp_path: Path, bundle: Path) -> Iterator[Path]:
    """Return a device's folder, on which an agent runs or does not."""
    folder = tmp_path / "device"
    agent = open_agent(Options(data=folder, bundle=bundle, keeps_counts=True))
    if request.param == "own store":
        agent.stop()
        yield folder
        return
    with agent, AgentServer(folder, agent):
        yield folder
