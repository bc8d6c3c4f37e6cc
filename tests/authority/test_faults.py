"""Faults at every place: the Nth statement fails, the signer fails, the process is killed."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gauger.adapters.storage.ledger import connection
from gauger.core.authority.commands import (
    AssignPolicy,
    Command,
    DecideCase,
    DepositOrder,
    IssueToken,
    MoveInstance,
    OpenVirtualAccount,
    OrderLine,
    Pipe,
    ReceiveReport,
    ReceiveTrustRequest,
)
from gauger.core.authority.outcomes import ReportOutcome, TrustOutcome, Verdict
from gauger.core.identity import AccountRef, Digest, digest
from gauger.core.policy.rules import DEFAULT, validate
from gauger.core.problems import Problem
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.builders import (
    ACCOUNT,
    NOW,
    OTHER_ACCOUNT,
    TAG,
    UDI,
    Bench,
    ManualClock,
    a_device,
    a_factory,
    a_portal,
    an_authority,
)

LINE = OrderLine(tag=TAG, name="N", quantity=1, term="perpetual", start=NOW, end=None)


@dataclass
class Trap:
    """Counts the statements of the writer, and lets one of them fail."""

    count: int = 0
    fails_at: int | None = None

    def step(self) -> None:
        self.count += 1
        if self.count == self.fails_at:
            raise sqlite3.OperationalError("disk I/O error")


@contextmanager
def trapped(monkeypatch: pytest.MonkeyPatch) -> Iterator[Trap]:
    """Put a trap under every statement of the ledger's connections."""
    trap = Trap()
    execute, many = sqlite3.Connection.execute, sqlite3.Connection.executemany

    class Trapped(connection._Connection):
        def execute(self, *arguments: object, **options: object) -> sqlite3.Cursor:
            try:
                trap.step()
            except sqlite3.Error as error:
                raise connection.named_error(error, "The ledger") from error
            return execute(self, *arguments, **options)  # type: ignore[arg-type]  # passed on

        def executemany(self, *arguments: object, **options: object) -> sqlite3.Cursor:
            try:
                trap.step()
            except sqlite3.Error as error:
                raise connection.named_error(error, "The ledger") from error
            return many(self, *arguments, **options)  # type: ignore[arg-type]  # passed on

    with monkeypatch.context() as patch:
        patch.setattr(connection, "_Connection", Trapped)
        yield trap


def prepared(portal: Bench) -> dict[str, Command]:
    """Return one command of every kind that writes, each possible once."""
    device, clone = a_device(), a_device()
    portal.report(device.report())
    quarantined = portal.report(clone.report(((NOW - 900, NOW, 9),)))
    token = portal.token("kept")
    late = a_device("GGR0003")
    request = a_device("GGR0002").trust_request(token=token)
    return {
        "report": ReceiveReport(item=late.report(), pipe=Pipe.FILE, uploaded_to=ACCOUNT),
        "trust": ReceiveTrustRequest(
            document=request, token_digest=digest(token.encode()), pipe=Pipe.SMART
        ),
        "case": DecideCase(case=quarantined.case or 0, accept=True, by="x"),
        "order": DepositOrder(
            account=ACCOUNT, order_number="1", lines=(LINE,), devices=(UDI,), by="x"
        ),
        "policy": AssignPolicy(
            smart_account="example.com",
            virtual_account="DEFAULT",
            policy=validate(name="p", ack_required=True, rules=DEFAULT.groups),
            by="x",
        ),
        "move": MoveInstance(udi=UDI, to=OTHER_ACCOUNT, by="x"),
        "account": OpenVirtualAccount(
            account=AccountRef("example.com", "New"), description="", by="x"
        ),
        "token": IssueToken(
            account=ACCOUNT,
            token_digest=digest(b"new"),
            hint="new",
            days=1,
            uses=1,
            export_controlled=False,
            description="",
            by="x",
        ),
    }


NAMES = ("report", "trust", "case", "order", "policy", "move", "account", "token")


@pytest.mark.threat("G2", role="cssm")
@pytest.mark.parametrize("name", NAMES)
def test_whichever_statement_fails_the_page_is_there_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with trapped(monkeypatch) as trap, a_portal(tmp_path) as portal:
        command = prepared(portal)[name]
        failures, code = 0, "store-failed"
        while code == "store-failed":
            head = portal.head().pages
            trap.count, trap.fails_at = 0, failures + 1
            code = _told(portal, command)
            trap.fails_at = None
            failures += code == "store-failed"
            assert portal.head().pages in {head, head + 1}
        # Where the failure came after the commit, the command was carried out all the same.
        assert code in {"done", "conflict"}
        trap.fails_at = None
        assert failures > 3
        assert examine_ledger(portal.path).is_whole


def _told(portal: Bench, command: Command) -> str:
    try:
        portal.authority.execute(command)
    except Problem as problem:
        return problem.code
    return "done"


@pytest.mark.threat("G2", role="cssm")
def test_a_failed_page_loses_no_other_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was told of a failure sends again; in the end all is there once."""
    with trapped(monkeypatch) as trap, a_portal(tmp_path) as portal:
        items = [a_device(f"GGR{number:04}").report() for number in range(12)]
        for turn in range(6):
            trap.count, trap.fails_at = 0, 15 + 11 * turn
            waiting = [
                portal.authority.enqueue(
                    ReceiveReport(item=item, pipe=Pipe.FILE, uploaded_to=ACCOUNT)
                )
                for item in items
            ]
            for one in waiting:
                error = one.exception()
                assert error is None or isinstance(error, Problem)
        trap.fails_at = None
        verdicts = [portal.report(item).verdict for item in items]
        assert set(verdicts) <= {Verdict.SAME, Verdict.ACCEPTED}
        assert portal.balance() == {TAG: (0, 12, 0)}
        assert examine_ledger(portal.path).is_whole


CHILD = """
import sys
from pathlib import Path
from tests.support.builders import *
from tests.authority.test_faults import ingest
ingest(Path(sys.argv[1]))
"""


def ingest(folder: Path) -> None:
    """Report for ever; print each digest once its ACK is there. Runs in a child process."""
    portal = Bench(
        path=folder / "ledger.db",
        authority=an_authority(folder / "ledger.db", ManualClock(), a_factory()),
        clock=ManualClock(),
        factory=a_factory(),
    )
    portal.authority.start()
    boot = os.getpid()
    for number in range(10_000):
        device = a_device(f"GGR{boot}{number:05}")
        waiting = portal.authority.enqueue(
            ReceiveReport(item=device.report(), pipe=Pipe.FILE, uploaded_to=ACCOUNT)
        )
        outcome = waiting.result()
        assert isinstance(outcome, ReportOutcome)
        assert outcome.answer is not None
        sys.stdout.write(f"{outcome.digest} {outcome.answer.acknowledgments[0].digest}\n")
        sys.stdout.flush()


@pytest.mark.threat("G6", role="cssm")
@pytest.mark.threat("G7", role="cssm")
def test_a_killed_portal_has_every_report_that_it_acknowledged(tmp_path: Path) -> None:
    with a_portal(tmp_path):
        pass
    acknowledged: list[tuple[str, str]] = []
    for count in (1, 4, 9):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=Path(__file__).parents[2],
        ) as child:
            assert child.stdout is not None
            for _ in range(count):
                one, ack = child.stdout.readline().split()
                acknowledged.append((one, ack))
            child.send_signal(signal.SIGKILL)
            rest = child.stdout.read()
        acknowledged.extend((line.split()[0], line.split()[1]) for line in rest.splitlines())
        assert examine_ledger(tmp_path / "ledger.db").is_whole
    authority = an_authority(tmp_path / "ledger.db", ManualClock(), a_factory())
    authority.start()
    for one, ack in acknowledged:
        bundle = authority.answer_for(Digest(one))
        assert bundle is not None
        assert bundle.acknowledgments[0].digest == ack
    assert len({one for one, _ in acknowledged}) == len(acknowledged)
    authority.stop()
    assert examine_ledger(tmp_path / "ledger.db").is_whole


def _outcome(action: Callable[[], object]) -> object:
    try:
        return action()
    except Problem as problem:
        return problem.code


@pytest.mark.threat("B6", role="cssm")
def test_an_answer_that_was_lost_on_the_way_is_given_again_after_a_restart(portal: Bench) -> None:
    token = portal.token(uses=1)
    device = a_device()
    request = device.trust_request(token=token)
    first = portal.trust(request, token=token)
    item = a_device("GGR0002").report()
    report = portal.report(item)
    portal.restart()

    again = portal.trust(request, token=token)
    assert isinstance(again, TrustOutcome)
    assert again.answer == first.answer
    assert portal.report(item).answer == report.answer
    assert _outcome(lambda: portal.report("{}")) == "malformed"
