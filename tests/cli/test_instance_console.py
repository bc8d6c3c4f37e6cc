"""`gauger instance console`: a real terminal, and a script on standard input."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SECONDS = 60.0
"""How long is waited for a text that must come: loading an agent takes a while on a busy machine."""


def command(data: Path) -> list[str]:
    return [sys.executable, "-m", "gauger", "instance", "console", "--data", str(data)]


@dataclass(slots=True)
class Sitting:
    """Somebody at a terminal."""

    process: subprocess.Popen[bytes]
    terminal: int
    shown: bytes = b""

    def until(self, text: str) -> str:
        """Return what is shown up to a text."""
        end = time.monotonic() + SECONDS
        while text.encode() not in self.shown:
            assert time.monotonic() < end, self.shown
            self.shown += os.read(self.terminal, 65_536)
        before, _, self.shown = self.shown.partition(text.encode())
        return (before + text.encode()).decode()

    def type(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def is_raw(self) -> bool:
        return not termios.tcgetattr(self.terminal)[3] & termios.ICANON


@contextmanager
def sitting(data: Path) -> Iterator[Sitting]:
    """Sit down at the console of a device, at a terminal of 24 rows."""
    terminal, own = pty.openpty()
    at = Sitting(process=None, terminal=terminal)  # type: ignore[arg-type] # it starts below
    at.resize(24, 80)
    at.process = subprocess.Popen(
        command(data), stdin=own, stdout=own, stderr=own, start_new_session=True
    )
    try:
        yield at
    finally:
        at.process.kill()
        at.process.wait(SECONDS)
        os.close(own)
        os.close(terminal)


@pytest.mark.requirement("PI-10/console")
def test_a_terminal_is_a_console_and_is_given_back(data: Path) -> None:
    with sitting(data) as at:
        at.until("#")
        assert at.is_raw()
        at.type("sh lic ud\t\r")
        at.until("UDI: PID:")
        at.type("show license all\r")
        at.until("--More-- ")
        at.type("q\x03exit\r")
        assert at.process.wait(SECONDS) == 0
        assert not at.is_raw()


def test_a_window_that_grows_is_followed(data: Path) -> None:
    with sitting(data) as at:
        at.until("#")
        at.resize(0, 0)
        at.resize(40, 100)
        at.process.send_signal(signal.SIGWINCH)  # nobody but a terminal's leader is told by itself
        at.type("show terminal\r")
        shown = at.until("history size")
        at.type("show terminal\r")
        assert "Length: 40 lines, Width: 100 columns" in shown + at.until("history size")


@pytest.mark.parametrize("leave", ["\x1d", signal.SIGTERM])
def test_the_terminal_is_given_back_whatever_ends_it(
    data: Path, leave: str | signal.Signals
) -> None:
    with sitting(data) as at:
        at.until("#")
        if isinstance(leave, str):
            at.type(leave)
        else:
            at.process.send_signal(leave)
        assert at.process.wait(SECONDS) == (0 if isinstance(leave, str) else 143)
        assert not at.is_raw()


def test_a_script_types_on_standard_input(data: Path) -> None:
    script = b"configure terminal\nhostname R1\nend\nshow license all\n"
    done = subprocess.run(command(data), input=script, capture_output=True, check=True, timeout=120)
    shown = done.stdout.decode()
    assert "R1(config)#end" in shown
    assert "--More--" not in shown
    assert shown.endswith("R1#")
    assert not done.stderr


def test_a_folder_without_a_device_is_named(tmp_path: Path) -> None:
    done = subprocess.run(command(tmp_path / "x"), capture_output=True, check=False, timeout=120)
    assert b"store-missing" in done.stderr
    assert done.returncode == 2
