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
@pytest.mark.requirement("T2-smart")
@pytest.mark.requirement("T5/usage")
@pytest.mark.requirement("T5/trust")
@pytest.mark.requirement("SSM-4/orders")
@pytest.mark.threat("D5", role="cssm")
def test_the_tutorial_does_what_it_says(folder: Path) -> None:
    page = _PAGE.read_text(encoding="utf-8")
    port = str(_free_port())
    # The page's port may be taken here, and a busy machine may be slower than a reader's.
    page = page.replace(f"--port {_PORT}", f"--port {port} --answer-seconds 20")
    page = page.replace(_PORT, port)
    with Desk(folder) as desk:
        for step in read_steps(page):
            _follow(desk, step)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("promised", "printed", "is_kept"),
    [
        (("Signer …: here", "…", "Done."), "Signer 3f: here\nvalid\nuntil\nDone.\n", True),
        (("Signer …: here", "…"), "Signer 3f: here\n", True),
        ((), "", True),
        ((), "A warning.\n", False),
        (("Done.",), "Done. Almost.\n", False),
        (("…", "Done."), "Done.\nNot at all.\n", False),
    ],
)
def test_a_promise_is_held_to_the_letter(
    promised: tuple[str, ...], printed: str, *, is_kept: bool
) -> None:
    assert keeps(promised, printed) is is_kept


def test_a_page_is_read_as_a_person_reads_it() -> None:
    page = """
## Before you begin

```console
$ make setup
```

## 1. Work

In a second terminal:

```console
$ serve \\
    --port 1
It serves.
```

Back in the first:

```console
$ one
$ two
It is refused (by-name).
```

Press Ctrl-C in the second terminal.
"""
    steps = [(step.terminal, step.command, step.refusal) for step in read_steps(page)]
    assert steps == [
        ("second", "serve \\\n    --port 1", None),
        ("first", "one", None),
        ("first", "two", "by-name"),
        ("first", "", None),
    ]


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
