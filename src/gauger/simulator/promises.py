"""The promises of the system, checked from outside after every event of a simulated world.

Nothing here uses what the system decides by: messages are read as plain JSON, and usage is added
up by a model that is too simple to be wrong. What is checked:

P1 what a device was told is acknowledged stands in the ledger, and what was used is claimed; P2
once, and the totals are what the accepted reports claim together; P3 nothing is accepted that no
device signed, and nobody is known who does not exist; P4 what a device holds never gets older, nor
what a portal shows; P6 a process that was killed starts again, and `fsck` finds nothing; P7
whatever happens ends in a named problem; P9 use of an unenforced licence never fails; P11 nothing
is claimed that was never used; P13 an overdue report is noticed, by both sides. What is promised of
authorization codes stands in `codes`.
"""

import hashlib
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from gauger.authority.ports import LedgerReader
from gauger.authority.ports.views import ReportRow
from gauger.core.identity import Digest, Udi
from gauger.simulator.breach import Breach
from gauger.simulator.claims import Claim, Meter, area
from gauger.simulator.codes import Codes
from gauger.simulator.readings import Told, read_answer, told_by
from gauger.simulator.standing import Standing

_PENDING: Final = frozenset({"deferred", "quarantined"})
_ROWS: Final = 1000


@dataclass(slots=True)
class Promises:
    """What passed and what was promised, kept apart from the system that promised it.

    Attributes:
        genuine: Reports that devices signed, by digest.
        acknowledged: Digests that an answer acknowledged, by the device's name.
        excused: Devices whose disks were put back: what they forgot may be gone.
        blurred: Devices whose clocks were moved: what they claim twice counts once.
        known: Every device that there is, by name.
        standing: What the portal showed of itself.
        codes: What passed of authorization codes.
        proved: For how many licences of devices the end showed that nothing is missing.
    """

    genuine: dict[str, Told] = field(default_factory=dict)
    acknowledged: dict[str, str] = field(default_factory=dict)
    excused: set[str] = field(default_factory=set)
    blurred: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    standing: Standing = field(default_factory=Standing)
    codes: Codes = field(default_factory=Codes)
    proved: int = 0
    _meters: dict[tuple[str, str, str], Meter] = field(default_factory=dict)
    _edges: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _verdicts: dict[str, str] = field(default_factory=dict)
    _claims: dict[tuple[str, str], dict[str, tuple[Claim, ...]]] = field(default_factory=dict)
    _newest: dict[tuple[str, str, str], Told] = field(default_factory=dict)
    _last: int = 0
    _is_restored: bool = False
    _owed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Let all that is said of a device's clock be known where codes are looked at."""
        self.codes.blurred = self.blurred
        self.codes.excused = self.excused

    def used(self, machine: str, udi: Udi, tag: str, *, now: int, level: int) -> None:
        """Note what a machine really uses from now on."""
        self._meters.setdefault((machine, str(udi), tag), Meter()).change(now, level)

    def level(self, machine: str, udi: Udi, tag: str) -> int:
        """Return how many a machine really uses."""
        meter = self._meters.get((machine, str(udi), tag))
        return 0 if meter is None else meter.level

    def lost(self, machine: str, udi: Udi, seconds: int) -> None:
        """Note that a machine was killed so long after it had last stored what it used."""
        for key, meter in self._meters.items():
            if key[:2] == (machine, str(udi)):
                meter.lose(seconds)

    def edge(self, udi: Udi) -> None:
        """Note that the intervals of a device were cut: by a boot, a restored disk, a clock."""
        self._edges[str(udi)] += 1

    def sent(self, items: Iterable[dict[str, Any]]) -> None:
        """Note the reports that a device sends or saves.

        Raises:
            Breach: P4 where it holds less than it held before.
        """
        for item in items:
            payload = item["payload"]
            digest = hashlib.sha256(payload.encode()).hexdigest()
            if digest not in self.genuine:
                told = self.genuine[digest] = told_by(json.loads(payload))
                self._edges[told.udi] += 1
                self.codes.reported(told)
                self._check_held(told)

    def _check_held(self, told: Told) -> None:
        """Check that a device holds no less than when it closed its last report of a licence."""
        chain = (told.udi, told.incarnation, told.tag)
        before = self._newest.get(chain, told)
        if told.report_id < before.report_id:
            return
        self._newest[chain] = told
        is_older = any(now < then for now, then in zip(told.held, before.held, strict=True))
        if is_older and told.udi not in self.excused:
            raise Breach("P4", f"{told.udi} held {before.held} and now holds {told.held}.")

    def answered(self, answer: bytes) -> None:
        """Note what an answer file acknowledges.

        Raises:
            Breach: Of the authorization codes in it.
        """
        brought = read_answer(answer)
        self.acknowledged.update(brought.reports)
        self.codes.answered(brought)

    def check(self, reader: LedgerReader, now: int) -> None:
        """Check the ledger after an event.

        Raises:
            Breach: Where a promise is broken.
        """
        page = self.standing.digest
        self.standing.look(reader)
        # Every commit is a page: without a new one no row has come and no verdict has changed.
        touched = set() if page and page == self.standing.digest else self._changed(reader)
        for digest in self.acknowledged.keys() - self._verdicts.keys() - self._owed:
            raise Breach("P1", f"{digest} was acknowledged and is not in the ledger.")
        for udi in touched:
            self._check_totals(reader, udi, now)
        if self.codes.is_due:
            self.codes.check(reader)

    def _changed(self, reader: LedgerReader) -> set[str]:
        """Take in what is new and what was judged anew; return whose it is.

        Only verdicts that are not final are read again, of all devices at once: to read all that
        a disputed device ever reported would take longer with each day.
        """
        touched = {self._taken(row) for row in self._new_rows(reader)}
        waiting = {row.digest: row for row in _rows_with(reader, _PENDING)}
        known = {digest for digest, verdict in self._verdicts.items() if verdict in _PENDING}
        for digest, row in waiting.items():
            if self._verdicts.get(digest) != row.verdict:
                touched.add(self._retaken(row))
        for one in known - waiting.keys():
            settled = reader.report(Digest(one))
            if settled is not None:
                touched.add(self._retaken(settled))
        return touched

    def _retaken(self, row: ReportRow) -> str:
        self._verdicts.pop(row.digest, None)
        return self._taken(row)

    def forget(self) -> None:
        """Note that the portal was restored: what came since its backup is owed to it again."""
        self._is_restored = True
        self.standing = Standing()
        self.codes.forget()

    def recount(self, reader: LedgerReader, now: int) -> None:
        """Check the whole ledger anew: after a restart, a restore, and at the end.

        Raises:
            Breach: P1 where something acknowledged is gone that no backup explains.
        """
        self.standing.look(reader)
        self._check_known(reader)
        owed = set(self._owed)
        self._verdicts, self._claims, self._last = {}, {}, 0
        touched = {self._taken(row) for row in self._new_rows(reader)}
        self._owed = self.acknowledged.keys() - self._verdicts.keys()
        if self._owed - owed and not self._is_restored:
            raise Breach("P1", f"{len(self._owed - owed)} acknowledged reports are gone.")
        self._is_restored = False
        for udi in touched:
            self._check_totals(reader, udi, now)
        self.codes.check(reader)

    @property
    def owes_anything(self) -> bool:
        """Whether the ledger lacks a report that it acknowledged before it was restored."""
        return any(self.acknowledged[one] not in self.excused for one in self._owed)

    @property
    def accepted(self) -> int:
        """How many reports the ledger accepted."""
        return sum(verdict == "accepted" for verdict in self._verdicts.values())

    def settled(self) -> None:
        """Check at the end that what a restored portal forgot has come back.

        Raises:
            Breach: P1 where it has not, though the device still had it.
        """
        for digest in self._owed:
            if self.acknowledged[digest] not in self.excused:
                raise Breach("P1", f"{digest} was lost with the portal and never came back.")

    def complete(self, udis: Iterable[str], now: int) -> None:
        """Check that all that was used is claimed by devices that have told everything.

        A full disk, a cut wire, lost messages are no excuse. What is: a disk that was put back or
        cloned, a clock that was moved, a report that people have to judge, and for each kill what
        was used since the last commit.

        Args:
            udis: Devices that have told everything just now.
            now: The time.

        Raises:
            Breach: P1.
        """
        undecided = {
            self.genuine[digest].udi
            for digest, verdict in self._verdicts.items()
            if verdict != "accepted"
        }
        clear = set(udis) - self.excused - self.blurred - undecided
        for (_, udi, tag), meter in self._meters.items():
            if udi in clear:
                self._check_complete(udi, tag, meter.least(now, self._edges[udi]))

    def _check_complete(self, udi: str, tag: str, least: int) -> None:
        total = self._total(udi, tag)
        if total < least:
            raise Breach("P1", f"{udi} used {least} of {tag} at least and claims {total}.")
        self.proved += least > 0

    def _check_known(self, reader: LedgerReader) -> None:
        """Check that nobody stands in the ledger whom only altered bytes can have brought there."""
        after = 0
        while rows := reader.instances(after=after):
            after = rows[-1].instance_id
            for row in rows:
                if str(row.udi) not in self.known:
                    raise Breach("P3", f"The ledger knows {row.udi}, which there is not.")

    def _total(self, udi: str, tag: str) -> int:
        return area(itertools.chain.from_iterable(self._claims.get((udi, tag), {}).values()))

    def _new_rows(self, reader: LedgerReader) -> Iterator[ReportRow]:
        while rows := reader.reports(after=self._last, limit=_ROWS):
            self._last = rows[-1].report_row_id
            yield from rows

    def _taken(self, row: ReportRow) -> str:
        """Take a row of the ledger into the model; return whose it is."""
        told = self.genuine.get(row.digest)
        if told is None:
            raise Breach("P3", f"The ledger holds {row.digest}, which no device signed.")
        if self._verdicts.get(row.digest) == "accepted":
            raise Breach("P2", f"The ledger holds {row.digest} a second time.")
        self._verdicts[row.digest] = row.verdict
        self._owed.discard(row.digest)
        claims = self._claims.setdefault((told.udi, told.tag), {})
        claims[row.digest] = told.claims if row.verdict == "accepted" else ()
        return told.udi

    def _check_totals(self, reader: LedgerReader, udi: str, now: int) -> None:
        instance = reader.instance(_udi(udi))
        self.standing.look_at(instance)
        shown = (
            {one.tag: one.count_seconds for one in instance.usage if one.verified}
            if instance
            else {}
        )
        for owner, tag in self._claims:
            if owner == udi:
                self._check_total(udi, tag, shown.get(tag, 0), now)

    def _check_total(self, udi: str, tag: str, shown: int, now: int) -> None:
        total = self._total(udi, tag)
        if shown != total:
            detail = f"{udi} counts {shown} for {tag}; its accepted reports claim {total}."
            raise Breach("P2", detail)
        meters = [meter for key, meter in self._meters.items() if key[1:] == (udi, tag)]
        most = sum(meter.most(now, self._edges[udi]) for meter in meters)
        if total > most:
            raise Breach("P11", f"{udi} claims {total} of {tag}; {most} was used at most.")


def _rows_with(reader: LedgerReader, verdicts: Iterable[str]) -> Iterator[ReportRow]:
    for verdict in verdicts:
        last = 0
        while rows := reader.reports(verdict=verdict, after=last, limit=_ROWS):
            last = rows[-1].report_row_id
            yield from rows


def _udi(name: str) -> Udi:
    pid, serial = re.fullmatch(r"PID:(.*),SN:(.*)", name).groups()  # type: ignore[union-attr]  # how Udi writes itself
    return Udi(pid, serial)
