"""Clocks: the machine's, and the file that a test moves."""

import json
import threading
import time
from pathlib import Path

import pytest

from gauger.adapters.clock import FileClock, SystemClock, open_clock
from gauger.core.problems import Problem


def write(path: Path, wall: int, monotonic: float) -> Path:
    path.write_text(json.dumps({"wall": wall, "monotonic": monotonic}))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "clock.json", 1000, 5.0)


def test_the_machines_clock_is_no_test_clock() -> None:
    clock = open_clock(None)
    assert isinstance(clock, SystemClock)
    assert not clock.is_test
    assert abs(clock.wall() - time.time()) < 2
    before = clock.monotonic()
    clock.pause(threading.Event(), 0.001)
    assert clock.monotonic() > before


def test_a_file_moves_both_times(file: Path) -> None:
    clock = open_clock(file)
    assert clock.is_test
    assert (clock.wall(), clock.monotonic()) == (1000, 5.0)
    write(file, 2000, 70.5)
    assert (clock.wall(), clock.monotonic()) == (2000, 70.5)
    assert clock.milliseconds() == 2_000_000


def test_a_file_caught_half_written_lets_time_stand_still(file: Path) -> None:
    clock = FileClock(file)
    file.write_text('{"wall": 20')
    assert clock.wall() == 1000
    file.unlink()
    assert clock.monotonic() == 5.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"wall": 1}',
        '{"wall": -1, "monotonic": 0}',
        '{"wall": 253402300800, "monotonic": 0}',
        '{"wall": Infinity, "monotonic": 0}',
        '{"wall": 1, "monotonic": NaN}',
        f'{{"wall": 1, "monotonic": 1{"0" * 400}}}',
    ],
)
def test_a_file_that_holds_no_time_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clock.json"
    path.write_text(text)
    with pytest.raises(Problem, match="invalid-argument"):
        FileClock(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="file-not-found"):
        FileClock(tmp_path / "nothing")


def test_a_pause_ends_when_the_file_has_moved_on(file: Path) -> None:
    clock = FileClock(file)

    class Moving(threading.Event):
        looks = 0

        def wait(self, timeout: float | None = None) -> bool:
            del timeout
            self.looks += 1
            write(file, 2000, 5.0 + 450 * self.looks)
            return False

    clock.pause(wake := Moving(), 900)
    assert wake.looks == 2


def test_a_pause_reckoned_before_the_file_moved_ends_all_the_same(file: Path) -> None:
    class Standing(threading.Event):
        looks = 0

        def wait(self, timeout: float | None = None) -> bool:
            assert timeout
            self.looks += 1
            return False

    FileClock(file).pause(wake := Standing(), 900)
    assert 0 < wake.looks <= 100


def test_a_pause_ends_when_it_is_woken(file: Path) -> None:
    wake = threading.Event()
    wake.set()
    FileClock(file).pause(wake, 900)


def test_the_machines_clock_tells_milliseconds() -> None:
    clock = SystemClock()
    before = clock.wall()
    assert before * 1000 <= clock.milliseconds() < (clock.wall() + 1) * 1000
    assert any(clock.milliseconds() % 1000 for _ in range(100_000))
