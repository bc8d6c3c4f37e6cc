"""Parts of a portal for tests: a clock that stands, randomness, a recorder of commands."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from gauger.adapters.passwords import Passwords
from gauger.adapters.storage.portal_sqlite import PortalStore
from gauger.authority.ports import LedgerReader
from gauger.authority.readers import Readers
from gauger.core.authority.commands import Command, RecordEvent
from gauger.core.authority.outcomes import AnswerBundle, Done, Outcome
from gauger.core.documents.page import SignedHead
from gauger.core.identity import Digest, Udi
from gauger.core.problems import Problem
from gauger.cssm.access import Caller, CallerKind, Grant, Role, Scope
from gauger.cssm.audit import Audit
from gauger.cssm.commands.people import People
from gauger.cssm.commands.sessions import Sessions
from gauger.cssm.means import Means
from gauger.cssm.throttle import Throttle

NOW = 1_800_000_000


@dataclass
class StandingClock:
    """A clock that a test sets."""

    now: int = NOW
    mono: float = 1000.0
    is_test: bool = True

    def wall(self) -> int:
        """Return the wall time."""
        return self.now

    def monotonic(self) -> float:
        """Return the monotonic time."""
        return self.mono

    def go_on(self, seconds: int) -> None:
        """Let both times pass."""
        self.now += seconds
        self.mono += seconds


class Randomness:
    """Real random bytes."""

    def random_bytes(self, count: int) -> bytes:
        """Return random bytes."""
        return os.urandom(count)


@dataclass
class Recorded:
    """Stands where the authority stands: keeps every command, answers by a rule of the test."""

    commands: list[Command] = field(default_factory=list)
    rule: Callable[[Command], Outcome | Problem] = lambda _command: Done()
    answers: dict[Digest, AnswerBundle] = field(default_factory=dict)
    held: list[Future[Outcome]] | None = None

    def execute(self, command: Command) -> Outcome:
        """Keep a command and answer it."""
        return self.enqueue(command).result()

    def enqueue(self, command: Command) -> Future[Outcome]:
        """Keep a command; the answer is there at once unless the test holds it back."""
        self.commands.append(command)
        future: Future[Outcome] = Future()
        answer = self.rule(command)
        if self.held is not None and not isinstance(command, RecordEvent):
            self.held.append(future)
        elif isinstance(answer, Problem):
            future.set_exception(answer)
        else:
            future.set_result(answer)
        return future

    def enqueue_all(self, commands: Iterable[Command]) -> list[Future[Outcome]]:
        """Keep many commands."""
        return [self.enqueue(command) for command in commands]

    def answer_for(self, answers: Digest, udi: Udi | None = None) -> AnswerBundle | None:
        """Return what the test laid ready."""
        del udi
        return self.answers.get(answers)

    def newest_head(self, shown: SignedHead | None = None) -> SignedHead | None:
        """Return nothing: no ledger stands behind this recorder."""
        del shown
        return None

    def reader(self) -> LedgerReader:
        """Refuse: what reads the ledger is tested with a real one."""
        raise AssertionError("no ledger stands behind this recorder")

    @property
    def events(self) -> list[RecordEvent]:
        """The events that were recorded."""
        return [one for one in self.commands if isinstance(one, RecordEvent)]


@dataclass
class Office:
    """People and sessions over a real store."""

    store: PortalStore
    clock: StandingClock
    authority: Recorded
    means: Means
    people: People
    sessions: Sessions


def open_office(folder: Path) -> Office:
    """Open an office in a folder."""
    clock, authority = StandingClock(), Recorded()
    means = Means(
        clock=clock,
        entropy=Randomness(),
        authority=authority,
        readers=Readers(authority),
        audit=Audit(authority, clock, repeat_seconds=60),
        throttle=Throttle(clock, failures=10, window=60),
    )
    store = PortalStore(folder / "portal.sqlite")
    passwords = Passwords(Randomness())
    return Office(
        store=store,
        clock=clock,
        authority=authority,
        means=means,
        people=People(store, means, passwords),
        sessions=Sessions(store, means, passwords, seconds=3600),
    )


A = Scope(smart_account="a.example")
A1 = Scope(smart_account="a.example", virtual_account="one")
A2 = Scope(smart_account="a.example", virtual_account="two")
B = Scope(smart_account="b.example")
EVERYTHING = Scope()


def caller(*grants: tuple[Role, Scope], name: str = "someone") -> Caller:
    """Return a caller with roles."""
    held = tuple(Grant(role=role, scope=scope) for role, scope in grants)
    return Caller(kind=CallerKind.USER, name=name, grants=held)


OPERATOR = caller((Role.OPERATOR, EVERYTHING), name="operator")
