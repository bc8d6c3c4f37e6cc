"""The portal of a simulated world: the real authority and the real exchange, in one thread."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gauger.adapters.storage.ledger_backup import backup, restore
from gauger.authority.ports import LedgerReader
from gauger.authority.readers import Readers
from gauger.authority.service import Authority, AuthoritySettings
from gauger.core.authority.commands import (
    Command,
    FoundLedger,
    OpenSmartAccount,
    OpenVirtualAccount,
    Pipe,
)
from gauger.core.authority.outcomes import Outcome
from gauger.core.documents.smart_license import read_items
from gauger.core.documents.smart_transport import (
    MESSAGE_CAP,
    MessageType,
    Request,
    Response,
    decode_request,
    encode_response,
)
from gauger.core.identity import AccountRef
from gauger.core.problems import Problem
from gauger.cssm.audit import Audit
from gauger.cssm.commands.answers import write_answers
from gauger.cssm.commands.exchange import Exchange, answers_of
from gauger.cssm.commands.judging import JUDGED, Sender, command_of, settle
from gauger.cssm.config import ServerSettings
from gauger.cssm.means import Means
from gauger.cssm.throttle import Throttle
from gauger.simulator.faults import Trouble, TroubledLedger
from gauger.simulator.lent import ACCOUNTS, START, Foundry, SeededEntropy, VirtualClock

OPERATOR: Final = "operator"
_FAILURES: Final = 1000


class Polls:
    """Poll ids of a portal; they are as durable as its ledger."""

    def __init__(self) -> None:
        """Begin with none."""
        self.kept: dict[str, str] = {}

    def add_poll(self, poll_id: str, body: str, *, now: int) -> None:
        """Keep what a poll id stands for."""
        del now  # a simulation is over before one is forgotten
        self.kept[poll_id] = body

    def poll(self, poll_id: str) -> str | None:
        """Return what a poll id stands for."""
        return self.kept.get(poll_id)


@dataclass(slots=True)
class _Process:
    authority: Authority
    exchange: Exchange
    readers: Readers
    store: TroubledLedger


@dataclass(slots=True, kw_only=True)
class PortalSite:
    """A portal's machine: its disk outlives the process that works on it.

    Attributes:
        folder: Its disk.
        foundry: Whose devices it believes, and the signer that it was given.
        clock: Its clock.
        entropy: Its randomness.
        trouble: What goes wrong with its disk at present.
        is_slow: Whether it answers by poll only.
        was_asked: Whether anything was asked of it since somebody last looked.
    """

    folder: Path
    foundry: Foundry
    clock: VirtualClock
    entropy: SeededEntropy
    trouble: Trouble = field(default_factory=Trouble)
    is_slow: bool = False
    was_asked: bool = False
    _process: _Process | None = None
    _polls: Polls = field(default_factory=Polls)
    _copies: int = 0
    _copied_polls: dict[str, str] = field(default_factory=dict)

    @property
    def is_up(self) -> bool:
        """Whether the process runs."""
        return self._process is not None

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.folder / "ledger.db"

    def found(self) -> None:
        """Start for the first time, and open the accounts."""
        self.start()
        self.execute(
            FoundLedger(
                root_sets=self.foundry.root_sets,
                manufacturers=(self.foundry.manufacturer,),
                by=OPERATOR,
            )
        )
        self.execute(
            OpenSmartAccount(domain=ACCOUNTS[0].smart_account, name="Example", by=OPERATOR)
        )
        for account in ACCOUNTS:
            self.execute(OpenVirtualAccount(account=account, description="", by=OPERATOR))

    def start(self) -> None:
        """Start the process.

        Raises:
            Problem: Of the store.
        """
        store = TroubledLedger(self.ledger, self.trouble)
        authority = Authority(
            store=store,
            signer=self.foundry.signer,
            clock=self.clock,
            entropy=self.entropy,
            settings=AuthoritySettings(build_date=START - 1),
        )
        readers = Readers(authority)
        means = Means(
            clock=self.clock,
            entropy=self.entropy,
            authority=authority,
            readers=readers,
            audit=Audit(authority, self.clock, repeat_seconds=60),
            throttle=Throttle(self.clock, failures=_FAILURES, window=60),
        )
        exchange = Exchange(self._polls, means, ServerSettings())
        self._process = _Process(authority, exchange, readers, store)
        authority.open()

    def kill(self) -> None:
        """End the process where it stands."""
        if self._process is not None:
            self._process.readers.close()
            self._process.store.close()
            self._process = None

    def execute(self, command: Command) -> Outcome:
        """Carry out a command of an administrator.

        Raises:
            Problem: Where it is refused, or the portal is down.
        """
        return self._running().authority.execute(command)

    def work(self) -> None:
        """Decide what is due by itself."""
        if self._process is not None:
            self._process.authority.work()

    def serve(self, body: bytes) -> bytes:
        """Answer one smart transport message.

        Raises:
            Problem: Where the portal is down, or the message is none.
        """
        process = self._running()
        request = decode_request(body, cap=MESSAGE_CAP)
        try:
            response = self._answer(process, request)
        except Problem as problem:
            response = process.exchange.refuse(request, problem)
        return encode_response(response)

    def _answer(self, process: _Process, request: Request) -> Response:
        if request.type is MessageType.POLL:
            process.authority.work()
            return process.exchange.poll(request)
        if request.type is MessageType.HELLO:
            return process.exchange.greet(request)
        work = process.exchange.begin(request, "192.0.2.1")
        if self.is_slow:
            return process.exchange.postpone(work)
        process.authority.work()
        answered = process.exchange.answer(work)
        return process.exchange.promise(answers_of(work), answered)

    def judge_file(self, content: bytes, account: AccountRef) -> bytes:
        """Judge an uploaded usage file and return the answer file.

        Raises:
            Problem: Where the portal is down, or the file is none.
        """
        process = self._running()
        sender = Sender(pipe=Pipe.FILE, path="usage.xml", by=OPERATOR, uploaded_to=account)
        judgeable = [item for item in read_items([content]) if item.kind in JUDGED]
        commands = [command_of(item.kind, item.text, sender) for item in judgeable]
        waiting = process.authority.enqueue_all(commands)
        process.authority.work()
        settled = [settle(one) for one in waiting]
        answers = [one.answer for one in settled if not isinstance(one, Problem) and one.answer]
        return b"".join(write_answers(answers))

    def back_up(self) -> None:
        """Copy the ledger while it works."""
        self._copies += 1
        backup(self.ledger, self._copy())
        self._copied_polls = dict(self._polls.kept)

    def restore(self) -> bool:
        """Replace the ledger by the newest copy; return whether there was one."""
        if not self._copies:
            return False
        self.kill()
        for path in self.folder.glob("ledger.db*"):
            path.unlink()
        restore(self._copy(), self.ledger)
        self._polls.kept = dict(self._copied_polls)
        return True

    def lend(self) -> AbstractContextManager[LedgerReader]:
        """Lend a reader of the ledger.

        Raises:
            Problem: Where the portal is down.
        """
        return self._running().readers.lend()

    def _copy(self) -> Path:
        return self.folder / f"copy-{self._copies}.db"

    def _running(self) -> _Process:
        if self._process is None:
            raise Problem("comm-failed", "The portal is down.")
        self.was_asked = True
        return self._process
