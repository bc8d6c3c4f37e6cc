"""What a portal shows of itself: it never gets less, and it tells of devices that fell silent."""

from dataclasses import dataclass, field
from typing import Final

from gauger.authority.ports import LedgerReader
from gauger.authority.ports.views import InstanceRow
from gauger.simulator.breach import Breach
from gauger.simulator.plan import DAY

_SLACK: Final = 2 * DAY
"""Seconds that a portal may take to tell: one day of grace, and its own clock may have been moved."""


@dataclass(slots=True)
class Standing:
    """The most that a portal has shown; a portal that was restored begins anew.

    Attributes:
        head: Number of its epoch, and of its pages.
        digest: Digest of the newest page's head.
        generations: Generation of the newest trust code by device.
    """

    head: tuple[int, int] = (0, 0)
    digest: str = ""
    generations: dict[str, int] = field(default_factory=dict)

    def look(self, reader: LedgerReader) -> None:
        """Look at the newest head.

        Raises:
            Breach: P4 where there are less epochs or pages than there were, or others.
        """
        row = reader.head()
        now = (0, 0) if row is None else (row.epoch, row.pages)
        if now[0] < self.head[0] or now[1] < self.head[1]:
            raise Breach("P4", f"The portal showed epoch and pages {self.head} and now {now}.")
        if self.digest and (row is None or row.digest != self.digest):
            # As many pages may be others: each page that was shown has to stay what it was.
            then = reader.head_at(self.head[1] - 1)
            if then is None or then.digest != self.digest:
                raise Breach("P4", f"Page {self.head[1]} of the portal is another than it was.")
        self.head, self.digest = now, "" if row is None else row.digest

    def look_at(self, row: InstanceRow | None) -> None:
        """Look at what the portal knows of a device.

        Raises:
            Breach: P4 where its newest trust code is older than it was.
        """
        if row is None:
            return
        before = self.generations.get(str(row.udi), 0)
        if row.generation < before:
            detail = f"{row.udi} had a trust code of generation {before}, now {row.generation}."
            raise Breach("P4", detail)
        self.generations[str(row.udi)] = row.generation


def notices(reader: LedgerReader, now: int, *, assigned_at: int, days: int) -> None:
    """Check that a portal has told of everyone who is long overdue.

    Args:
        reader: A reader of its ledger.
        now: The time by its clock.
        assigned_at: When the newest policy was assigned: a stricter one asks nothing of before.
        days: The most days between two reports that any policy allowed.

    Raises:
        Breach: P13.
    """
    after = 0
    while rows := reader.instances(after=after):
        after = rows[-1].instance_id
        for row in rows:
            late = now - max(row.last_report_at or now, assigned_at) > days * DAY + _SLACK
            if late and row.account is not None and row.silent_since is None and _uses(reader, row):
                raise Breach("P13", f"{row.udi} reports no more and the portal tells nobody.")


def _uses(reader: LedgerReader, row: InstanceRow) -> bool:
    full = reader.instance(row.udi)
    return full is not None and any(one.in_use and one.verified for one in full.usage)
