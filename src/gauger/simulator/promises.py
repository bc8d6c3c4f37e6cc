"""The promises of the system, checked from outside after every event of a simulated world.

Nothing here uses what the system decides by: messages are read as plain JSON, and usage is added
up by a model that is too simple to be wrong. What is checked:

P1 what a device was told is acknowledged stands in the ledger; P2 once, and the totals are what
the accepted reports claim together; P3 nothing is accepted that no device signed; P4 what a
device holds never gets older; P6 a process that was killed starts again, and `fsck` finds nothing;
P7 whatever happens ends in a named problem; P9 use of an unenforced licence never fails; P11
nothing is claimed that was never used; P13 an overdue report is noticed.
"""

import base64
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
from gauger.core.documents.smart_license import ItemKind, read_items
from gauger.core.identity import Digest, Udi

_PENDING: Final = frozenset({"deferred", "quarantined"})
_ROWS: Final = 1000

Claim = tuple[str, int, int, int]
"""Whose seconds they are (empty for those of the world, else of one boot), first, end, count."""


class Breach(Exception):  # noqa: N818 -- it is what it is called: a promise was broken
    """A promise was broken.

    Attributes:
        promise: Which one, for example ``P1``.
    """

    def __init__(self, promise: str, detail: str) -> None:
        """Name the promise and what was seen."""
        super().__init__(f"{promise}: {detail}")
        self.promise = promise


@dataclass(frozen=True, slots=True)
class Told:
    """What a report says, read without the system's help; ``held`` is root set and policy."""

    udi: str
    tag: str
    incarnation: str
    report_id: int
    claims: tuple[Claim, ...]
    held: tuple[int, tuple[int, ...]]


@dataclass(slots=True)
class Meter:
    """What one device really used of one licence."""

    level: int = 0
    since: int = 0
    area: int = 0
    peak: int = 0
    changes: int = 0

    def change(self, now: int, level: int) -> None:
        """Note a new count."""
        self.area += self.level * (now - self.since)
        self.level, self.since = level, now
        self.peak = max(self.peak, level)
        self.changes += 1

    def most(self, now: int, edges: int) -> int:
        """Return the most that may be claimed: each edge of an interval adds up to two seconds."""
        return self.area + self.level * (now - self.since) + 2 * self.peak * (edges + self.changes)


@dataclass(slots=True)
class Promises:
    """What passed and what was promised, kept apart from the system that promised it.

    Attributes:
        genuine: Reports that devices signed, by digest.
        acknowledged: Digests that an answer acknowledged, by the device's name.
        excused: Devices whose disks were put back: what they forgot may be gone.
    """

    genuine: dict[str, Told] = field(default_factory=dict)
    acknowledged: dict[str, str] = field(default_factory=dict)
    excused: set[str] = field(default_factory=set)
    _meters: dict[tuple[str, str, str], Meter] = field(default_factory=dict)
    _edges: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _verdicts: dict[str, str] = field(default_factory=dict)
    _claims: dict[tuple[str, str], dict[str, tuple[Claim, ...]]] = field(default_factory=dict)
    _newest: dict[tuple[str, str, str], Told] = field(default_factory=dict)
    _last: int = 0
    _is_restored: bool = False
    _owed: set[str] = field(default_factory=set)

    def used(self, machine: str, udi: Udi, tag: str, *, now: int, level: int) -> None:
        """Note what a machine really uses from now on."""
        self._meters.setdefault((machine, str(udi), tag), Meter()).change(now, level)

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
                told = self.genuine[digest] = _told(json.loads(payload))
                self._edges[told.udi] += 1
                self._check_held(told)

    def _check_held(self, told: Told) -> None:
        """Check that a device holds no less than when it closed its last report of a licence."""
        chain = (told.udi, told.incarnation, told.tag)
        before = self._newest.get(chain, told)
        if told.report_id < before.report_id:
            return
        self._newest[chain] = told
        if told.held < before.held and told.udi not in self.excused:
            raise Breach("P4", f"{told.udi} held {before.held} and now holds {told.held}.")

    def answered(self, answer: bytes) -> None:
        """Note what an answer file acknowledges."""
        for item in read_items([answer]):
            if item.kind is ItemKind.RUM_ACK:
                body = json.loads(json.loads(item.text)["body"])
                if body["type"] == "ack" and body["answers_type"] == "rum-report":
                    udi = Udi(body["udi"]["udi_pid"], body["udi"]["udi_serial_number"])
                    self.acknowledged[body["answers"]] = str(udi)

    def check(self, reader: LedgerReader, now: int) -> None:
        """Check the ledger after an event.

        Raises:
            Breach: Where a promise is broken.
        """
        touched = {self._taken(row) for row in self._new_rows(reader)}
        self._look_again(reader, touched)
        for digest in self.acknowledged.keys() - self._verdicts.keys() - self._owed:
            raise Breach("P1", f"{digest} was acknowledged and is not in the ledger.")
        for udi in touched:
            self._check_totals(reader, udi, now)

    def _look_again(self, reader: LedgerReader, touched: set[str]) -> None:
        """Read the verdicts that may have changed: those that waited, and rivals for a place."""
        disputed = {
            self.genuine[digest].udi
            for digest, verdict in self._verdicts.items()
            if verdict in _PENDING
        }
        for digest, verdict in list(self._verdicts.items()):
            told = self.genuine[digest]
            if told.udi in disputed:
                row = reader.report(Digest(digest))
                if row is not None and row.verdict != verdict:
                    del self._verdicts[digest]
                    touched.add(self._taken(row))

    def forget(self) -> None:
        """Note that the portal was restored: what came since its backup is owed to it again."""
        self._is_restored = True

    def recount(self, reader: LedgerReader, now: int) -> None:
        """Check the whole ledger anew: after a restart, a restore, and at the end.

        Raises:
            Breach: P1 where something acknowledged is gone that no backup explains.
        """
        owed = set(self._owed)
        self._verdicts, self._claims, self._last = {}, {}, 0
        touched = {self._taken(row) for row in self._new_rows(reader)}
        self._owed = self.acknowledged.keys() - self._verdicts.keys()
        if self._owed - owed and not self._is_restored:
            raise Breach("P1", f"{len(self._owed - owed)} acknowledged reports are gone.")
        self._is_restored = False
        for udi in touched:
            self._check_totals(reader, udi, now)

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
        pid, serial = re.fullmatch(r"PID:(.*),SN:(.*)", udi).groups()  # type: ignore[union-attr]  # how Udi writes itself
        instance = reader.instance(Udi(pid, serial))
        shown = (
            {one.tag: one.count_seconds for one in instance.usage if one.verified}
            if instance
            else {}
        )
        for owner, tag in self._claims:
            if owner == udi:
                self._check_total(udi, tag, shown.get(tag, 0), now)

    def _check_total(self, udi: str, tag: str, shown: int, now: int) -> None:
        total = area(itertools.chain.from_iterable(self._claims[udi, tag].values()))
        if shown != total:
            detail = f"{udi} counts {shown} for {tag}; its accepted reports claim {total}."
            raise Breach("P2", detail)
        meters = [meter for key, meter in self._meters.items() if key[1:] == (udi, tag)]
        most = sum(meter.most(now, self._edges[udi]) for meter in meters)
        if total > most:
            raise Breach("P11", f"{udi} claims {total} of {tag}; {most} was used at most.")


def area(claims: Iterable[Claim]) -> int:
    """Return the count-seconds of claims of which the highest counts at each second."""
    by_origin: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_origin[claim[0]].append(claim)
    return sum(map(_highest, by_origin.values()))


def _highest(claims: list[Claim]) -> int:
    """Return the area under the highest of claims in the seconds of one origin."""
    waiting = sorted(claims, reverse=True)
    edges = sorted({edge for claim in claims for edge in claim[1:3]})
    total, begun = 0, list[Claim]()
    for first, last in itertools.pairwise(edges):
        while waiting and waiting[-1][1] <= first:
            begun.append(waiting.pop())
        begun = [claim for claim in begun if claim[2] > first]
        total += (last - first) * max((claim[3] for claim in begun), default=0)
    return total


def _told(payload: dict[str, Any]) -> Told:
    asset, meta = payload["asset_identification"], payload["meta"]
    sudi, ours = asset["instance"]["sudi"], meta["gauger"]
    policy = ours["policy_version"] or {"root_epoch": 0, "ledger_epoch": 0, "version": 0}
    return Told(
        udi=str(Udi(sudi["udi_pid"], sudi["udi_serial_number"])),
        tag=meta["entitlement_tag"],
        incarnation=ours["incarnation"],
        report_id=asset["report_id"],
        claims=tuple(
            (
                f"{ours['incarnation']}:{ours['boot']}" if one["meta"].get("gauger") else "",
                one["start_time"],
                one["end_time"],
                int(one["value"]["value"]),
            )
            for one in payload["measurements"]
        ),
        held=(ours["root_number"], tuple(policy.values())),
    )


def items_of(request: bytes) -> list[dict[str, Any]]:
    """Return the reports in a smart transport request."""
    data = json.loads(request).get("data", {})
    return [item for report in data.get("reports", ()) for item in report["usage"]]


def items_of_file(content: bytes) -> list[dict[str, Any]]:
    """Return the reports in a usage file."""
    found = (item for item in read_items([content]) if item.kind is ItemKind.RUM_REPORT)
    return [json.loads(item.text) for item in found]


def answers_of(response: bytes) -> list[bytes]:
    """Return the answer files in a smart transport response."""
    data = json.loads(response).get("data") or {}
    found = data.get("acknowledgements", ())
    return [base64.b64decode(one["smart_license"]) for one in found]
