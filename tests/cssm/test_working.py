"""Upload jobs: whole files only, one bad item spoils nothing, work goes on after a stop."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gauger.adapters.storage.upload_files import UploadFiles
from gauger.core.authority.commands import Command, Pipe, ReceiveReport, ReceiveTrustRequest
from gauger.core.authority.outcomes import Done, Outcome, ReportOutcome, Verdict
from gauger.core.documents.smart_license import Item, ItemKind, write_file
from gauger.core.identity import AccountRef, Udi, digest
from gauger.core.problems import Problem
from gauger.cssm.commands.uploads import Uploads
from gauger.cssm.commands.working import JobRunner
from gauger.cssm.config import Limits
from gauger.cssm.ports import ItemVerdict, Job
from tests.cssm.parts import Office

ACCOUNT = AccountRef("a.example", "one")
UDI = Udi("C9800-CL-K9", "GGR0001")


def judge(command: Command) -> Outcome | Problem:
    """Accept what says `good`, refuse what says `bad`, stop at what says `later`."""
    if isinstance(command, ReceiveReport):
        text = command.item
    elif isinstance(command, ReceiveTrustRequest):
        text = command.document
    else:
        return Done()
    if "bad" in text:
        return Problem("malformed", "It is bad.")
    if "later" in text:
        return Problem("store-failed", "The disk is slow today.")
    if "odd" in text:
        return Done()
    return ReportOutcome(
        verdict=Verdict.ACCEPTED, digest=digest(text.encode()), udi=UDI, answer=None
    )


@dataclass
class Bench:
    """An upload desk over real stores and a scripted authority."""

    office: Office
    files: UploadFiles
    runner: JobRunner
    uploads: Uploads

    def upload(self, content: bytes, name: str = "usage.xml") -> Job:
        """Take a file in."""
        incoming = self.uploads.begin()
        incoming.write(content)
        return self.uploads.finish(incoming, account=ACCOUNT, file_name=name, by="user:ann")

    def work(self, content: bytes) -> Job:
        """Take a file in and work through it."""
        job = self.upload(content)
        self.runner.run_open_jobs()
        return self.uploads.job(ACCOUNT, job.job_id)

    def verdicts(self, job: Job) -> list[ItemVerdict]:
        """Return the verdicts of a job."""
        return list(self.uploads.verdicts(job, after=-1, limit=5000))


def bench(office: Office, folder: Path) -> Bench:
    """Put an upload desk together."""
    office.authority.rule = judge
    files = UploadFiles(folder / "uploads")
    limits = Limits(upload_bytes=200_000, uploads_waiting=3)
    runner = JobRunner(office.store, files, means=office.means, limits=limits)
    uploads = Uploads(office.store, files, runner, means=office.means, limits=limits)
    return Bench(office=office, files=files, runner=runner, uploads=uploads)


@pytest.fixture
def desk(office: Office, tmp_path: Path) -> Bench:
    return bench(office, tmp_path)


def usage(*texts: str) -> bytes:
    items = [Item(kind=ItemKind.RUM_REPORT, text=text) for text in texts]
    return b"".join(write_file([*items, Item(kind=ItemKind.SYSTEM_INFO, text="{}")]))


@pytest.mark.threat("D8", role="cssm")
@pytest.mark.requirement("SSM-9/api")
def test_one_bad_report_among_a_thousand_spoils_nothing(desk: Bench) -> None:
    texts = [f"good {number}" for number in range(1000)]
    texts[400] = "bad"
    job = desk.work(usage(*texts))
    verdicts = desk.verdicts(job)
    assert (job.state, job.total, job.items) == ("done", 1000, 1000)
    assert [one.verdict for one in verdicts].count("accepted") == 999
    assert (verdicts[400].verdict, verdicts[400].code) == ("refused", "malformed")


def test_reports_are_handed_over_in_the_order_of_the_file(desk: Bench) -> None:
    desk.work(usage(*(f"good {number}" for number in range(600))))
    seen = [one for one in desk.office.authority.commands if isinstance(one, ReceiveReport)]
    assert [one.item for one in seen] == [f"good {number}" for number in range(600)]
    assert {(one.pipe, one.uploaded_to, one.by) for one in seen} == {
        (Pipe.FILE, ACCOUNT, "user:ann")
    }


def test_trust_requests_and_odd_elements_are_told_apart(desk: Bench) -> None:
    items = [Item(kind=ItemKind.TRUST_REQUEST, text="good")]
    odd = b"<smartLicenseNewer><data>good</data></smartLicenseNewer></smartLicense>"
    content = b"".join(write_file(items)).replace(b"</smartLicense>", odd)
    verdicts = desk.verdicts(desk.work(content))
    assert [(one.kind, one.verdict, one.code) for one in verdicts] == [
        ("trust-request", "accepted", None),
        ("smartLicenseNewer", "refused", "not-supported"),
    ]


@pytest.mark.threat("D1", role="cssm")
@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused_before_anything_is_judged(desk: Bench, cut: float) -> None:
    whole = usage(*(f"good {number}" for number in range(100)))
    job = desk.work(whole[: int(len(whole) * cut)])
    assert job.state == "failed"
    assert job.problem
    assert job.problem[0] == "truncated"
    assert not any(isinstance(one, ReceiveReport) for one in desk.office.authority.commands)


@pytest.mark.threat("D12", role="cssm")
def test_a_file_exchanged_after_its_upload_is_refused_and_nothing_is_judged(
    desk: Bench, tmp_path: Path
) -> None:
    job = desk.upload(usage("good 1"))
    (tmp_path / "uploads" / job.job_id).write_bytes(usage("good 2"))
    desk.runner.run_open_jobs()
    ended = desk.uploads.job(ACCOUNT, job.job_id)
    assert ended.problem
    assert (ended.state, ended.problem[0]) == ("failed", "file-changed")
    assert not any(isinstance(one, ReceiveReport) for one in desk.office.authority.commands)


@pytest.mark.threat("D12", role="cssm")
def test_a_file_exchanged_between_two_looks_ends_its_job_by_name(
    desk: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    total = desk.office.store.set_total

    def exchange(job_id: str, count: int) -> None:
        total(job_id, count)
        (tmp_path / "uploads" / job_id).write_bytes(usage("good 2"))

    monkeypatch.setattr(desk.office.store, "set_total", exchange)
    job = desk.work(usage("good 1"))
    assert job.problem
    assert (job.state, job.problem[0]) == ("failed", "file-changed")


@pytest.mark.threat("D9", role="cssm")
def test_an_ack_file_is_sent_the_right_way(desk: Bench) -> None:
    job = desk.work(b"".join(write_file([Item(kind=ItemKind.RUM_ACK, text="{}")])))
    assert job.problem
    assert job.problem[0] == "wrong-type"
    assert "for a product instance" in job.problem[1]


def test_a_job_goes_on_where_the_portal_stopped(
    desk: Bench, office: Office, tmp_path: Path
) -> None:
    texts = [f"good {number}" for number in range(600)]
    texts[550] = "later"
    job = desk.work(usage(*texts))
    assert (job.state, job.items) == ("working", 512)
    desk.runner.stop()
    again = bench(office, tmp_path)
    office.authority.commands.clear()
    office.authority.rule = lambda command: judge(
        ReceiveReport(item="good", pipe=Pipe.FILE)
        if isinstance(command, ReceiveReport)
        else command
    )
    again.files.keep_only([job.job_id])
    again.runner.run_open_jobs()
    done = again.uploads.job(ACCOUNT, job.job_id)
    seen = [one for one in office.authority.commands if isinstance(one, ReceiveReport)]
    assert (done.state, done.items, len(seen)) == ("done", 600, 88)


def test_a_job_that_cannot_be_judged_is_tried_for_half_an_hour_and_ends(desk: Bench) -> None:
    begun = desk.office.clock.mono
    job = desk.work(usage("later"))
    while desk.uploads.job(ACCOUNT, job.job_id).state == "working":
        desk.office.clock.go_on(5)
        desk.runner.run_open_jobs()
    assert desk.office.clock.mono - begun == 1835
    assert desk.uploads.job(ACCOUNT, job.job_id).problem == (
        "store-failed",
        "The disk is slow today.",
    )


def test_uploads_that_come_meanwhile_use_up_no_attempt(desk: Bench) -> None:
    job = desk.work(usage("later"))
    for number in range(50):
        assert desk.work(usage(f"good {number}")).state == "done"
    desk.office.authority.rule = lambda _: judge(ReceiveReport(item="good", pipe=Pipe.FILE))
    desk.office.clock.go_on(5)
    desk.runner.run_open_jobs()
    assert desk.uploads.job(ACCOUNT, job.job_id).state == "done"


def test_a_job_that_comes_on_between_its_troubles_does_not_end(desk: Bench) -> None:
    left = {f"good last {number}": 8 for number in range(3)}

    def halting(command: Command) -> Outcome | Problem:
        if isinstance(command, ReceiveReport) and left.get(command.item):
            left[command.item] -= 1
            return Problem("server-busy", "Not now.")
        return judge(command)

    texts = [f"good {number}" for number in range(512 * 3)]
    texts[511::512] = left
    desk.office.authority.rule = halting
    job = desk.work(usage(*texts))
    for _ in range(24):
        desk.office.clock.go_on(600)
        desk.runner.run_open_jobs()
    assert desk.uploads.job(ACCOUNT, job.job_id).state == "done"


def test_an_answer_that_is_none_ends_the_job_by_name(desk: Bench) -> None:
    job = desk.work(usage("odd"))
    for _ in range(9):
        desk.office.clock.go_on(600)
        desk.runner.run_open_jobs()
    problem = desk.uploads.job(ACCOUNT, job.job_id).problem
    assert problem
    assert problem[0] == "internal-error"


def test_a_file_over_the_cap_is_refused_while_it_comes(desk: Bench) -> None:
    incoming = desk.uploads.begin()
    incoming.write(b"x" * 150_000)
    with pytest.raises(Problem, match="too-large"):
        incoming.write(b"x" * 50_001)
    incoming.writer.discard()
    assert desk.office.store.open_jobs() == []


def test_too_many_waiting_uploads_are_refused_for_now(desk: Bench) -> None:
    for _ in range(3):
        desk.upload(usage("good"))
    with pytest.raises(Problem, match="server-busy"):
        desk.uploads.begin()


@pytest.mark.threat("F5", role="cssm")
def test_a_job_of_another_account_is_not_found(desk: Bench) -> None:
    job = desk.work(usage("good"))
    with pytest.raises(Problem, match="not-found"):
        desk.uploads.job(AccountRef("b.example", "one"), job.job_id)


def test_jobs_are_listed_newest_first(desk: Bench) -> None:
    made = [desk.work(usage(f"good {number}")).job_id for number in range(3)]
    first = desk.uploads.jobs(ACCOUNT, before=None, limit=2)
    assert [job.job_id for job in first] == [made[2], made[1]]
    rest = desk.uploads.jobs(ACCOUNT, before=first[-1].number, limit=2)
    assert [job.job_id for job in rest] == [made[0]]


def test_an_unfinished_job_has_no_ack_file(desk: Bench) -> None:
    with pytest.raises(Problem, match="not-found"):
        desk.uploads.answer_file(desk.upload(usage("good")))
    with pytest.raises(Problem, match="Nothing"):
        desk.uploads.answer_file(desk.work(usage("bad")))


def test_a_name_with_control_characters_is_shown_not_obeyed(desk: Bench) -> None:
    assert desk.upload(usage("good"), name="a\x1b[2J").file_name == "a\\x1b[2J"


@pytest.fixture
def running(desk: Bench) -> Iterator[Bench]:
    desk.runner.start()
    yield desk
    desk.runner.stop()


def test_the_thread_works_through_what_comes(running: Bench) -> None:
    job = running.upload(usage("good"))
    running.runner.stop()
    running.runner.stop()
    kept = running.uploads.job(ACCOUNT, job.job_id)
    assert kept.state in {"waiting", "working", "done"}


def test_what_was_cut_off_is_cleared_away_at_the_start(desk: Bench, tmp_path: Path) -> None:
    half = desk.uploads.begin()
    half.write(b"half a file")
    waiting = desk.upload(usage("good"))
    assert len(list((tmp_path / "uploads").iterdir())) == 2
    desk.files.keep_only([waiting.job_id])
    half.writer.discard()
    assert [path.name for path in (tmp_path / "uploads").iterdir()] == [waiting.job_id]


def test_a_processed_file_is_removed(desk: Bench, tmp_path: Path) -> None:
    desk.work(usage("good"))
    assert list((tmp_path / "uploads").iterdir()) == []


def test_a_file_that_is_gone_ends_its_job(desk: Bench) -> None:
    job = desk.upload(usage("good"))
    desk.files.remove(job.job_id)
    desk.runner.run_open_jobs()
    problem = desk.uploads.job(ACCOUNT, job.job_id).problem
    assert problem
    assert problem[0] == "file-not-found"
