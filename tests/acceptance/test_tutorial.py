"""The tutorial, typed as it stands, from the factory to the proven receipt."""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.tutorial import FIRST, Desk, Step, keeps, read_steps
from tests.support.material import ROOT

_PAGE = ROOT / "docs" / "tutorial.md"
_PORT = "8443"


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder; its path is short, as a socket's path must be."""
    with tempfile.TemporaryDirectory(prefix="gauger-") as name:
        made = Path(name) / "licensing"
        made.mkdir()
        yield made


@pytest.mark.requirement("ST-1")
def test_the_tutorial_does_what_it_says(folder: Path) -> None:
    page = _PAGE.read_text(encoding="utf-8").replace(_PORT, str(_free_port()))
    with Desk(folder) as desk:
        for step in read_steps(page):
            _follow(desk, step)
    assert not folder.exists()


def _follow(desk: Desk, step: Step) -> None:
    where = f"{_PAGE.name}:{step.line}: $ {step.command}"
    if not step.command:
        assert set(desk.press_ctrl_c()) == {0}, where
    elif step.terminal != FIRST:
        printed = desk.leave_running(step.terminal, step.command, step.promised)
        assert keeps(step.promised, printed), f"{where}\n{printed}"
    else:
        code, printed = desk.type(step.command)
        assert keeps(step.promised, printed), f"{where}\n{printed}"
        assert (code != 0) == (step.refusal is not None), f"{where}\nexit code {code}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
