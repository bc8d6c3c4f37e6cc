"""What `gauger fsck` finds, as values and as text for people."""

from dataclasses import dataclass, field
from pathlib import Path

from gauger.core.authority.judgement import describe_time
from gauger.core.strict_json import JsonValue

RESTORE = (
    "Stop the process, keep this store aside, and restore the newest backup: product instances "
    "are asked again for the reports that it lacks."
)
"""What to do about anything that was altered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that does not hold.

    Attributes:
        where: The part of the store, for example ``page 7, leaf 2``.
        what: What is wrong.
        since: Time of the first page that is concerned, epoch seconds; null where none is.
        next_step: What to do.
    """

    where: str
    what: str
    since: int | None = None
    next_step: str = RESTORE

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return {
            "where": self.where,
            "what": self.what,
            "since": self.since,
            "next_step": self.next_step,
        }

    def to_text(self) -> str:
        """Return the lines that a person reads."""
        since = "" if self.since is None else f"\n  since: {describe_time(self.since)}"
        return f"{self.where}: {self.what}{since}\n  next: {self.next_step}"


@dataclass(slots=True, kw_only=True)
class Examination:
    """The result for one store.

    Attributes:
        path: The store.
        kind: What it is, for people.
        counts: What was looked at, by name.
        notes: What is worth telling and no fault.
        faults: Everything that does not hold; at most a hundred are kept.
        fault_count: How many there were.
    """

    path: Path
    kind: str
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether everything holds."""
        return not self.fault_count

    def add(self, fault: Fault) -> None:
        """Add a fault."""
        self.fault_count += 1
        # Counted all the same: one flipped byte may break a thousand later pages.
        if len(self.faults) < _KEPT:
            self.faults.append(fault)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return {
            "path": str(self.path),
            "kind": self.kind,
            "whole": self.is_whole,
            "counts": dict(self.counts),
            "notes": list(self.notes),
            "fault_count": self.fault_count,
            "faults": [fault.to_json() for fault in self.faults],
        }

    def to_text(self) -> str:
        """Return the lines that a person reads."""
        counted = ", ".join(f"{count} {name}" for name, count in self.counts.items())
        lines = [f"{self.kind} {self.path}" + (f": {counted}." if counted else ".")]
        lines.extend(f"Note: {note}" for note in self.notes)
        lines.extend(fault.to_text() for fault in self.faults)
        hidden = self.fault_count - len(self.faults)
        if hidden:
            lines.append(f"… and {hidden} more faults of the same store.")
        lines.append("It is whole." if self.is_whole else f"NOT whole: {self.fault_count} faults.")
        return "\n".join(lines)


_KEPT = 100
