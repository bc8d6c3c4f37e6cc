"""Refusals of what could not be verified: each is recorded, a flood of them is not.

Anybody who reaches a portal can send it something new to refuse, for ever, and the ledger keeps
every row for ever. So each source has a budget an hour; what is beyond it is counted.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from gauger.core.authority.commands import (
    Pipe,
    ReceiveAuthorization,
    ReceiveReport,
    ReceiveTrustRequest,
    RecordRefusal,
    RecordUnlisted,
)
from gauger.core.identity import AccountRef, Digest, digest
from gauger.core.problems import Problem

_REMEMBERED: Final = 10_000
_SOURCES: Final = 1_000
"""Addresses that are told apart in one hour; all further ones share one budget."""

_ACCOUNTS: Final = 10_000
"""The same for accounts: who uploads is logged in, and no crowd of addresses hides it."""

_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class _Source:
    """Whoever shares a budget: an address, or an account that somebody uploads in."""

    pipe: Pipe | None = None
    address: str = ""
    account: AccountRef | None = None

    def __str__(self) -> str:
        words = (self.pipe or "many sources", self.address, self.account or "")
        return " ".join(str(word) for word in words if word)


_OTHERS: Final = _Source()


@dataclass(slots=True)
class _Budget:
    listed: int = 0
    unlisted: int = 0


class Refusals:
    """Counts refusals by digest, code and account, and by source; thread-safe, of bounded memory."""

    def __init__(self, *, listed: int = 100, listed_of_all: int = 2000) -> None:
        """Begin with none.

        Args:
            listed: Refusals of one source that are recorded one by one in an hour.
            listed_of_all: The same for all addresses together: they are cheap.
        """
        self._lock = threading.Lock()
        self._listed = listed
        self._listed_of_all = listed_of_all
        # By text, reason and account. The address is no part of it: a flooder changes that at
        # will.
        self._counts: OrderedDict[tuple[Digest, str, AccountRef | None], int] = OrderedDict()
        self._budgets: dict[_Source, _Budget] = {}
        self._total = 0
        self._since = 0
        # Lines of hours that are over; they stay until the writer has them in a page.
        self._untold: tuple[RecordUnlisted, ...] = ()

    def note(
        self,
        command: ReceiveReport | ReceiveTrustRequest | ReceiveAuthorization,
        problem: Problem,
        now: int,
        *,
        refused: Digest | None = None,
    ) -> RecordRefusal | None:
        """Count a refusal.

        Args:
            command: What was refused.
            problem: Why.
            now: Own clock, epoch seconds.
            refused: Digest of the document, where it could be read; that of its text otherwise.

        Returns:
            What to record: the 1st, 10th, 100th … of its kind, while the budget of its source
            lasts; None for all others.
        """
        text = command.item if isinstance(command, ReceiveReport) else command.document
        # Whatever a peer sends has a digest here: one that cannot be encoded must not go
        # unaudited.
        refused = refused or digest(text.encode("utf-8", "surrogatepass"))
        # Each account that tries the same has a line of its own: it reads no other one's log.
        key = (refused, problem.code, command.uploaded_to)
        with self._lock:
            self._turn(now)
            # Taken out and put in again at the end: the oldest gives way, not the busiest.
            count = self._counts.pop(key, 0) + 1
            # 1, 10, 100 …: a million refusals of one text are seven rows (spec/authority.md, 1).
            is_step = str(count).strip("0") == "1"
            if is_step and not self._spend(command):
                # Not remembered either: its next one in a better hour is listed as the first.
                return None
            self._counts[key] = count
            if len(self._counts) > _REMEMBERED:
                self._counts.popitem(last=False)
        if not is_step:
            return None
        return RecordRefusal(
            digest=refused,
            code=problem.code,
            detail=problem.detail,
            pipe=command.pipe,
            path=command.path,
            account=command.uploaded_to,
            by=command.by,
            count=count,
        )

    def untold(self, now: int) -> tuple[RecordUnlisted, ...]:
        """Return what was not listed in hours that are over: one line for each source."""
        with self._lock:
            self._turn(now)
            return self._untold

    def told(self, lines: tuple[RecordUnlisted, ...]) -> None:
        """Forget lines that are recorded."""
        with self._lock:
            # Only those that were handed over: another hour may have ended since.
            # A set: with thousands of lines a look through all for each would hold up the writer.
            recorded = frozenset(lines)
            self._untold = tuple(line for line in self._untold if line not in recorded)

    def finish(self) -> None:
        """End the hour before its time: nobody will be here when it is over."""
        with self._lock:
            self._close()

    def _turn(self, now: int) -> None:
        """Begin a new hour where the last one is over, or the clock was set back."""
        # Also where the clock went back: else the budget of that hour would last for days.
        if not self._since <= now < self._since + _HOUR:
            self._close()
            self._since = now

    def _close(self) -> None:
        ended = (
            RecordUnlisted(
                source=str(source), account=source.account, count=one.unlisted, since=self._since
            )
            for source, one in self._budgets.items()
            if one.unlisted
        )
        # Where nothing can be recorded for hours, the oldest lines give way.
        self._untold = (*self._untold, *ended)[-2 * (_SOURCES + _ACCOUNTS) :]
        # Sources too, or addresses of long ago would fill the places of today's.
        self._budgets.clear()
        self._total = 0

    def _spend(self, command: ReceiveReport | ReceiveTrustRequest | ReceiveAuthorization) -> bool:
        """Take one listed refusal from the budget of a source; tell whether there was one left."""
        # A file's name is the uploader's own to choose: it makes no source.
        address = command.path if command.pipe is Pipe.SMART else ""
        # The account as well: one customer's upload cannot hide another's refusals.
        source = _Source(command.pipe, address, command.uploaded_to)
        is_open = source.account is None
        # Places of their own for accounts: a crowd of addresses cannot take them.
        room = _SOURCES if is_open else _SOURCES + _ACCOUNTS
        # Bounded memory, and whoever comes with ever new addresses shares one budget.
        if source not in self._budgets and len(self._budgets) >= room:
            source = _OTHERS
        budget = self._budgets.setdefault(source, _Budget())
        if budget.listed >= self._listed or (is_open and self._total >= self._listed_of_all):
            budget.unlisted += 1
            return False
        budget.listed += 1
        # Accounts are not in the common budget: addresses could spend it before a customer errs.
        self._total += is_open
        return True
