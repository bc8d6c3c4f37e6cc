"""The thread behind uploads: what wakes it, what it survives, how it stops."""

import itertools
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger.core.authority.commands import Command, Pipe, ReceiveReport
from gauger.core.authority.outcomes import Outcome
from gauger.core.problems import Problem
from gauger.cssm.commands import working
from gauger.cssm.ports import Job
from tests.core.documents.material import refused
from tests.cssm.parts import Office
from tests.cssm.test_working import ACCOUNT, Bench, bench, judge, usage

_PATIENCE = 20.0


class Ended(threading.Event):
    """Set as soon as a job has ended; counts them."""

    def __init__(self, desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.jobs: list[str] = []
        finish = desk.office.store.finish

        def finished(job_id: str, *, problem: tuple[str, str] | None, now: int) -> None:
            finish(job_id, problem=problem, now=now)
            self.jobs.append(job_id)
            self.set()

        monkeypatch.setattr(desk.office.store, "finish", finished)

    def next(self) -> None:
        """Wait for the end of one more job."""
        assert self.wait(_PATIENCE), "no job ended"
        self.clear()


@pytest.fixture
def desk(office: Office, tmp_path: Path) -> Iterator[Bench]:
    made = bench(office, tmp_path)
    yield made
    made.runner.stop()


@pytest.fixture
def hasty(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the thread look again at once, and ten minutes pass between any two looks."""
    monkeypatch.setattr(working, "_PAUSE", 0.01)
    monkeypatch.setattr(desk.office.clock, "monotonic", itertools.count(0.0, 600.0).__next__)


@pytest.fixture
def ended(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> Ended:
    return Ended(desk, monkeypatch)


def state(desk: Bench, job: Job) -> str:
    return desk.uploads.job(ACCOUNT, job.job_id).state


def test_an_upload_wakes_the_thread(desk: Bench, ended: Ended) -> None:
    desk.runner.start()
    for number in range(3):
        job = desk.upload(usage(f"good {number}"))
        ended.next()
        assert state(desk, job) == "done"


def test_a_stop_at_the_moment_of_the_next_round_is_not_slept_over(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, clear = desk.runner.stop, desk.runner._wake.clear
    stopping = threading.Thread(target=stop, daemon=True)

    def late() -> None:
        # Now the thread has asked whether it shall stop, if it asks before it clears.
        monkeypatch.undo()
        stopping.start()
        assert desk.runner._stopping.wait(_PATIENCE)
        assert desk.runner._wake.wait(_PATIENCE)
        clear()

    monkeypatch.setattr(desk.runner._wake, "clear", late)
    desk.runner.start()
    desk.runner._thread.join(_PATIENCE)
    assert not desk.runner._thread.is_alive()


def test_an_upload_whose_event_cannot_be_kept_wakes_the_thread_too(
    desk: Bench, ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise Problem("store-full", "No event can be kept now.")

    monkeypatch.setattr(desk.office.means.audit, "change", full)
    desk.runner.start()
    with refused("store-full"):
        desk.upload(usage("good"))
    ended.next()
    assert state(desk, desk.uploads.jobs(ACCOUNT, before=None, limit=1)[0]) == "done"


def test_what_was_waiting_is_worked_through_at_the_start_in_order(
    desk: Bench, ended: Ended
) -> None:
    jobs = [desk.upload(usage(f"good {number}")) for number in range(3)]
    desk.runner.start()
    while len(ended.jobs) < 3:
        ended.next()
    assert ended.jobs == [job.job_id for job in jobs]


@pytest.mark.usefixtures("hasty")
def test_a_failure_that_nobody_thought_of_ends_no_thread(
    desk: Bench, ended: Ended, caplog: pytest.LogCaptureFixture
) -> None:
    left = [RuntimeError("the disk has gone")]

    def broken(command: Command) -> Outcome | Problem:
        if isinstance(command, ReceiveReport) and left:
            raise left.pop()
        return judge(command)

    desk.office.authority.rule = broken
    desk.runner.start()
    with caplog.at_level(logging.ERROR):
        job = desk.upload(usage("good"))
        ended.next()
    assert state(desk, job) == "done"
    assert "could not be worked through" in caplog.text


@pytest.mark.usefixtures("hasty")
def test_what_cannot_be_judged_now_is_tried_again_without_a_new_upload(
    desk: Bench, ended: Ended
) -> None:
    left = [Problem("server-busy", "Not now.")] * 2

    def busy(command: Command) -> Outcome | Problem:
        return left.pop() if isinstance(command, ReceiveReport) and left else judge(command)

    desk.office.authority.rule = busy
    desk.runner.start()
    job = desk.upload(usage("good"))
    ended.next()
    assert state(desk, job) == "done"
    assert left == []


@pytest.mark.usefixtures("hasty")
def test_a_job_that_never_can_be_judged_does_not_hold_up_the_next(
    desk: Bench, ended: Ended
) -> None:
    never, fine = desk.upload(usage("later")), desk.upload(usage("good"))
    desk.runner.start()
    while len(ended.jobs) < 2:
        ended.next()
    assert (state(desk, never), state(desk, fine)) == ("failed", "done")


@pytest.mark.usefixtures("hasty")
def test_a_job_that_fails_in_an_unknown_way_does_not_hold_up_the_next(
    desk: Bench, ended: Ended
) -> None:
    def broken(command: Command) -> Outcome | Problem:
        if isinstance(command, ReceiveReport) and "odd" in command.item:
            raise RuntimeError("nobody thought of this")
        return judge(command)

    desk.office.authority.rule = broken
    poison, fine = desk.upload(usage("odd")), desk.upload(usage("good"))
    desk.runner.start()
    while len(ended.jobs) < 2:
        ended.next()
    assert (state(desk, poison), state(desk, fine)) == ("failed", "done")
    problem = desk.uploads.job(ACCOUNT, poison.job_id).problem
    assert problem is not None
    assert problem[0] == "internal-error"


def test_a_stop_ends_after_the_batch_that_is_under_way(desk: Bench) -> None:
    def stopping(command: Command) -> Outcome | Problem:
        desk.runner.stop()
        return judge(command)

    job = desk.upload(usage(*(f"good {number}" for number in range(600))))
    after = desk.upload(usage("good"))
    desk.office.authority.rule = stopping
    desk.runner.run_open_jobs()
    kept = desk.uploads.job(ACCOUNT, job.job_id)
    assert (kept.state, kept.items, kept.total) == ("working", 512, 600)
    assert state(desk, after) == "waiting"


def test_a_runner_that_was_never_started_can_be_stopped(desk: Bench) -> None:
    desk.runner.stop()
    desk.runner.run_open_jobs()


def test_nothing_is_judged_twice_after_a_stop(desk: Bench, office: Office, tmp_path: Path) -> None:
    texts = [f"good {number}" for number in range(1100)]
    texts[1050] = "later"
    job = desk.work(usage(*texts))
    assert desk.uploads.job(ACCOUNT, job.job_id).items == 1024
    office.authority.commands.clear()
    again = bench(office, tmp_path)
    office.authority.rule = lambda command: judge(command) if _fine(command) else judge(_good())
    again.runner.run_open_jobs()
    seen = [one.item for one in office.authority.commands if isinstance(one, ReceiveReport)]
    assert seen == texts[1024:]
    verdicts = again.uploads.verdicts(job, after=-1, limit=5000)
    assert [one.position for one in verdicts] == list(range(1100))


def _fine(command: Command) -> bool:
    return not isinstance(command, ReceiveReport) or "later" not in command.item


def _good() -> Command:
    return ReceiveReport(item="good", pipe=Pipe.FILE)
