"""Fixtures: an agent that answers from a script, and its socket in a folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger.surfaces.agent_socket import AgentServer
from tests.surfaces.console.scripted import ScriptedAgent


@pytest.fixture
def agent() -> ScriptedAgent:
    """An agent that answers from a script."""
    return ScriptedAgent()


@pytest.fixture
def folder(tmp_path: Path, agent: ScriptedAgent) -> Iterator[Path]:
    """A folder in which that agent's socket is served."""
    with AgentServer(tmp_path, agent):
        yield tmp_path
