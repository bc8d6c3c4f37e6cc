"""What is promised of authorization codes, checked from outside after every event.

P1 a return that was acknowledged stands, and no code that was handed out is forgotten; P2 what is
given out and what is left are together what an account has, each request gets one code, and no
more is in use than there is; P3 no device holds a code that was not issued to it, and nothing is
confirmed, replaced or returned that no document of its device says; P4 what was given back or
replaced never comes back, on the device or in the ledger; P9 what needs a code is off without one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from gauger.authority.ports import LedgerReader
from gauger.authority.ports.views import AuthorizationRow
from gauger.core.identity import AccountRef, Udi
from gauger.simulator.breach import Breach
from gauger.simulator.lent import ACCOUNTS
from gauger.simulator.readings import Answer, Code, Paper, Told

_ALIVE: Final = frozenset({"issued", "confirmed"})
_LIFE: Final = ("issued", "confirmed", "replaced", "returned")
_ROWS: Final = 1000


@dataclass(slots=True)
class Codes:
    """What passed of authorization codes, kept apart from the system that decides about them.

    Attributes:
        copied: Devices whose disk and anchor were copied: a code of theirs may be in use twice.
        blurred: Devices whose clocks were moved: their times say not what was first.
        excused: Devices whose disks were put back: what they forgot may be gone.
        is_due: Whether anything happened that the ledger may have taken in since the last check.
        given: How many codes passed.
    """

    copied: set[str] = field(default_factory=set)
    blurred: set[str] = field(default_factory=set)
    excused: set[str] = field(default_factory=set)
    is_due: bool = False
    _issued: dict[tuple[str, str], Code] = field(default_factory=dict)
    _entitled: dict[tuple[AccountRef, str], set[int]] = field(default_factory=dict)
    _ever_entitled: dict[tuple[AccountRef, str], set[int]] = field(default_factory=dict)
    _asked: dict[str, str] = field(default_factory=dict)
    _papers: set[str] = field(default_factory=set)
    _returns: dict[str, tuple[str, int]] = field(default_factory=dict)
    _shown: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _back: dict[str, int] = field(default_factory=dict)
    _taken_back: dict[str, int] = field(default_factory=dict)
    _forgiven: dict[str, int] = field(default_factory=dict)
    _refused: set[str] = field(default_factory=set)
    _states: dict[str, str] = field(default_factory=dict)
    _removed: dict[str, int] = field(default_factory=dict)
    _misused: set[str] = field(default_factory=set)
    _lost: set[str] = field(default_factory=set)
    _dead: dict[str, int] = field(default_factory=dict)
    _held: dict[str, Code] = field(default_factory=dict)
    _unseen: set[str] = field(default_factory=set)

    @property
    def given(self) -> int:
        """How many authorization codes passed."""
        return len(self._issued)

    # What passes.

    def entitled(self, account: AccountRef, tag: str, *counts: int) -> None:
        """Note how many of a licence an account has: one number, or several that it may be."""
        self._entitled[account, tag] = set(counts)
        self._ever_entitled.setdefault((account, tag), set()).update(counts)
        self.is_due = True

    def has(self, account: AccountRef, tag: str) -> set[int]:
        """Return how many of a licence an account may have."""
        return self._entitled.get((account, tag), set())

    def sent(self, papers: Iterable[Paper]) -> None:
        """Note requests and returns that a device sends or saves."""
        for paper in papers:
            self.is_due = True
            # Sent once more it tells nothing new: its device may have given the code back since.
            if paper.digest in self._papers:
                continue
            self._papers.add(paper.digest)
            if paper.mark < 0:
                self.shows(paper.udi, paper.held)
                continue
            self._returns[paper.digest] = (paper.udi, paper.mark)
            self._back[paper.udi] = max(paper.mark, self._back.get(paper.udi, -1))
            self._removed[paper.held] = paper.made_at

    def shows(self, udi: str, code: str) -> None:
        """Note that a signed document of a device says that a code is installed."""
        if code:
            self._shown[udi].add(code)
            self.is_due = True

    def reported(self, told: Told) -> None:
        """Note which code a report shows as installed, where it shows one."""
        self.shows(told.udi, told.code)
        # Only a copied disk shows by itself what was given back before; what was closed earlier
        # may come later.
        is_clear = told.udi in self.copied - self.blurred
        late = told.closed_at > self._removed.get(told.code, told.closed_at)
        if late and is_clear and self._states.get(told.code) == "returned":
            self._misused.add(told.code)

    def answered(self, answer: Answer) -> None:
        """Note what an answer promises.

        Raises:
            Breach: P2 where a request that got a code gets another.
        """
        for code in answer.codes:
            self.is_due = True
            self._issued[code.udi, code.shown] = code
            if code.asked and self._asked.setdefault(code.asked, code.code) != code.code:
                raise Breach("P2", f"The request {code.asked} of {code.udi} got two codes.")
        self._refused.update(answer.refused)
        for digest in answer.papers:
            if digest in self._returns:
                udi, mark = self._returns[digest]
                self._taken_back[udi] = max(mark, self._taken_back.get(udi, -1))

    def forget(self) -> None:
        """Note that the portal was restored: what came since its backup it does not know."""
        self._lost.update(code.code for code in self._issued.values())
        # Who reports by files learns of it with the next answer, and may have nothing to report.
        for udi, mark in self._taken_back.items():
            self._forgiven[udi] = max(mark, self._forgiven.get(udi, -1))
        self._states, self._taken_back, self._asked = {}, {}, {}
        self._misused.clear()
        self._entitled = {key: set(counts) for key, counts in self._ever_entitled.items()}
        self.is_due = True

    # Devices.

    def looked(self, machine: str, udi: Udi, shown: str | None) -> None:
        """Look at which code a device shows as installed.

        Raises:
            Breach: P3 where nobody issued it to this device, P4 where it was dead here.
        """
        self._unseen.discard(machine)
        before = self._held.get(machine)
        if shown == (None if before is None else before.shown):
            return
        self.is_due = True
        if before is not None:
            # Given back, or the store that held it is gone: it comes back in neither case.
            self._dead[machine] = max(before.epoch, self._dead.get(machine, -1))
            del self._held[machine]
        if shown is None:
            return
        code = self._issued.get((str(udi), shown))
        if code is None:
            raise Breach("P3", f"{machine} holds the code {shown}, which nobody issued to it.")
        if code.epoch <= self._dead.get(machine, -1):
            raise Breach("P4", f"{machine} holds code {shown} of epoch {code.epoch} once more.")
        self._held[machine] = code

    def allows(self, machine: str, tag: str) -> int:
        """Return how many of a licence that needs a code a device may use."""
        code = self._held.get(machine)
        return 0 if code is None else code.counts.get(tag, 0)

    def is_held(self, machine: str) -> bool:
        """Tell whether a device has a code installed."""
        return machine in self._held

    def set_back(self, machine: str, udi: Udi) -> None:
        """Note that disk and anchor of a device were put back: nothing there tells what was since."""
        self.copied.add(str(udi))
        self._dead.pop(machine, None)
        self._held.pop(machine, None)

    def died(self, machine: str) -> None:
        """Note that a device was killed: what it stored last is seen once it is up again."""
        self._unseen.add(machine)

    def gone(self, machine: str) -> None:
        """Note that a machine was switched off for ever."""
        self._held.pop(machine, None)

    # The ledger.

    def check(self, reader: LedgerReader) -> None:
        """Check what the ledger says of codes and of what is left.

        Raises:
            Breach: Where a promise is broken.
        """
        self.is_due = False
        rows = [row for account in ACCOUNTS for row in _rows_of(reader, account)]
        states = {row.code: row.state for row in rows}
        epochs = {row.code: row.epoch for row in rows}
        for row in rows:
            self._check_row(row, epochs)
        for code in self._issued.values():
            if code.code not in states and code.code not in self._lost:
                raise Breach("P1", f"The ledger lacks {code.code}, issued to {code.udi}.")
        self._states = states
        for account in ACCOUNTS:
            own = [row for row in rows if row.account == account]
            self._check_pools(reader, account, own)

    def _check_row(self, row: AuthorizationRow, epochs: dict[str, int]) -> None:
        udi, before = str(row.udi), self._states.get(row.code, "issued")
        # A restored portal knows again what it hands out again.
        self._lost.discard(row.code)
        if _LIFE.index(row.state) < _LIFE.index(before):
            raise Breach("P4", f"The code {row.code} of {udi} was {before} and is {row.state}.")
        if row.state in _ALIVE and row.epoch <= self._taken_back.get(udi, -1):
            detail = f"{udi} gave {row.code} back, that was acknowledged, and it is {row.state}."
            raise Breach("P1", detail)
        if row.misused_at is not None and udi not in self.copied | self.blurred:
            raise Breach("P3", f"{udi} is said to use {row.code} after its return and does not.")
        if not self._is_founded(row, epochs):
            raise Breach("P3", f"No document of {udi} says why {row.code} is {row.state}.")

    def _is_founded(self, row: AuthorizationRow, epochs: dict[str, int]) -> bool:
        """Tell whether a document of the device is the reason for what became of its code."""
        shown = self._shown.get(str(row.udi), set())
        if row.state == "confirmed":
            return row.code in shown
        if row.state == "replaced":
            return any(epochs.get(code, -1) > row.epoch for code in shown)
        return row.state == "issued" or row.epoch <= self._back.get(str(row.udi), -1)

    def _check_pools(
        self, reader: LedgerReader, account: AccountRef, rows: list[AuthorizationRow]
    ) -> None:
        used = self._in_use(rows)
        out: dict[tuple[str, str], int] = defaultdict(int)
        for row in rows:
            if row.state in _ALIVE:
                for one in row.licences:
                    key = one.tag, str(row.udi)
                    # It uses one of its codes: the highest count is what it may use at most.
                    out[key] = max(one.count, out[key])
        for pool in reader.authorization_pools(account):
            given = sum(count for (tag, _), count in out.items() if tag == pool.tag)
            has = self.has(account, pool.tag)
            if pool.given + pool.left not in has:
                detail = f"{account} has {sorted(has)} of {pool.name}: {pool.given} + {pool.left}."
                raise Breach("P2", detail)
            if pool.given != given or pool.left < 0:
                detail = f"{account} has given {given} of {pool.name}: {pool.given} + {pool.left}."
                raise Breach("P2", detail)
            # What stands there is what it has, where a stop left it open.
            self._entitled[account, pool.tag] = {pool.quantity}
            if used[pool.tag] > pool.quantity:
                detail = f"{used[pool.tag]} of {pool.quantity} {pool.name} are authorized."
                raise Breach("P2", f"{account}: {detail}")

    def _in_use(self, rows: list[AuthorizationRow]) -> dict[str, int]:
        """Return what devices that nobody copied hold of each licence.

        Raises:
            Breach: P4 where one holds a code that the ledger counts as free.
        """
        states = {row.code: row.state for row in rows}
        most: dict[tuple[str, str], int] = defaultdict(int)
        for machine, code in self._held.items():
            state = states.get(code.code)
            # What a restored portal has forgotten is in use beside what it gives out by now.
            if state is None or code.udi in self.copied or machine in self._unseen:
                continue
            if state not in _ALIVE:
                raise Breach("P4", f"{machine} holds {code.code}, which is {state}.")
            for tag, count in code.counts.items():
                most[tag, code.udi] = max(count, most[tag, code.udi])
        used: dict[str, int] = defaultdict(int)
        for (tag, _), count in most.items():
            used[tag] += count
        return used

    def settled(self, machine: str, udi: Udi, reader: LedgerReader, *, is_online: bool) -> None:
        """Check of a device that has told everything that both sides say the same.

        Raises:
            Breach: P1 where one of them lacks what the other knows; P13 where a code was shown
                after it was given back, and the portal tells nobody.
        """
        rows = [row for account in ACCOUNTS for row in _rows_of(reader, account, udi)]
        for row in rows:
            if row.code in self._misused and row.misused_at is None:
                raise Breach("P13", f"{machine} shows {row.code} as installed after its return.")
        held = self._held.get(machine)
        epoch = -1 if held is None else held.epoch
        alive = max((row.epoch for row in rows if row.state in _ALIVE), default=-1)
        if alive != epoch and not self._may_differ(udi, held, alive, is_online=is_online):
            detail = f"{machine} holds epoch {epoch}; the ledger takes it to hold {alive}."
            raise Breach("P1", detail)

    def _may_differ(self, udi: Udi, held: Code | None, alive: int, *, is_online: bool) -> bool:
        """Tell whether a copy, a side that was set back or a request given up explains it."""
        is_lost = held is not None and held.code in self._lost
        is_forgiven = not is_online and alive <= self._forgiven.get(str(udi), -1)
        # A disk that was put back forgot what it had asked for, or its proof of a return.
        is_forgotten = str(udi) in self.excused and (held is None or held.epoch < alive)
        # A request that was rejected and is seen again may be granted: its device has given it up,
        # and says with its next one what it really holds.
        is_given_up = any(
            (code.udi, code.epoch) == (str(udi), alive) and code.asked in self._refused
            for code in self._issued.values()
        )
        is_apart = str(udi) in self.copied or is_given_up
        return is_apart or is_lost or is_forgiven or is_forgotten


def _rows_of(
    reader: LedgerReader, account: AccountRef, udi: Udi | None = None
) -> Iterator[AuthorizationRow]:
    last = 0
    while rows := reader.authorizations(account, udi, after=last, limit=_ROWS):
        last = rows[-1].authorization_id
        yield from rows
