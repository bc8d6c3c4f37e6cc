"""What is in use at this moment: counts in memory, changed in microseconds.

Nothing here waits for a disk or a network. Whoever measures drains the changes; until then the
changes of one second to one licence are one entry, so a busy product costs no memory.
"""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from operator import index
from types import TracebackType
from typing import Final

from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.core.profiles import Enforcement, Profile
from gauger.instance.config import DEFAULTS
from gauger.instance.levels import Levels, in_force

MAXIMUM_COUNT: Final = 1_000_000_000


class NotAuthorized(Problem):
    """The licence is enforced and no authorization code is installed."""

    def __init__(self, detail: str) -> None:
        """Name the licence that is refused."""
        super().__init__("not-authorized", detail)


@dataclass(slots=True)
class Change:
    """What happened to one licence within one second.

    Attributes:
        tag: Entitlement tag.
        monotonic: When the first change of that second came.
        peak: Highest count in it.
        level: Count after the last change.
        children: Access points joined after it; None where they did not change.
    """

    tag: str
    monotonic: float
    peak: int
    level: int
    children: frozenset[Udi] | None = None


class Meter:
    """Counts by entitlement tag; every method is thread-safe."""

    def __init__(self, profile: Profile, monotonic: Callable[[], float]) -> None:
        """Begin with nothing in use.

        Args:
            profile: The product, which says what may be counted and what needs authorization.
            monotonic: The clock's monotonic seconds.
        """
        self._profile = profile
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._enforced = frozenset(
            licence.tag
            for licence in profile.licences
            if licence.enforcement is not Enforcement.UNENFORCED
        )
        self._allowed: Mapping[str, int] = {}
        self._tags = {licence.tag: licence.tag for licence in profile.licences}
        self._levels = in_force(profile, DEFAULTS)
        self._used: dict[str, int] = dict.fromkeys(self._tags, 0)
        self._stated: dict[str, int] = dict.fromkeys(self._tags, 0)
        self._joined: set[Udi] = set()
        self._moved = False
        self._changes: dict[str, list[Change]] = {}
        self.wake = threading.Event()

    def use(self, tag: str, count: int = 1) -> "Use":
        """Return a context that counts licences while it is entered.

        Raises:
            Problem: ``unknown-entitlement``, ``invalid-argument``, or `NotAuthorized`.
        """
        known = self._known(tag)
        count = _checked(count, least=1)
        # Refused here and not on entering: a program should fail before it begins what it must not.
        with self._lock:
            self._require_allowed(known, self._level(known) + count)
        return Use(self, known, count)

    def set_count(self, tag: str, count: int) -> None:
        """State how many licences are in use from now on, besides those under `use`.

        Raises:
            Problem: ``unknown-entitlement``, ``invalid-argument``, or `NotAuthorized`.
        """
        known = self._known(tag)
        count = _checked(count, least=0)
        with self._lock:
            # Less is always accepted: a program must be able to say that it uses nothing.
            if count > self._stated[known]:
                self._require_allowed(known, self._level(known) - self._stated[known] + count)
            self._stated[known] = count
            self._note(known)

    def add(self, tag: str, count: int) -> None:
        """Add to what is under `use`, or take from it; the tag is known.

        Raises:
            Problem: `NotAuthorized` where the code was given back since it was asked for.
        """
        with self._lock:
            if count > 0:
                self._require_allowed(tag, self._level(tag) + count)
            self._used[tag] += count
            self._note(tag)

    def authorize(self, counts: Mapping[str, int]) -> None:
        """Take what may be used from now on of licences that are off without a code.

        What is in use already goes on: nobody here can switch off a product's feature.

        Args:
            counts: How many, by entitlement tag.
        """
        with self._lock:
            self._allowed = counts

    def withdraw(self) -> tuple[str, ...]:
        """Allow no licence any more that is off without a code, if none of them is in use.

        One step, so that no use begins between the question and the answer.

        Returns:
            Entitlement tags that are in use; then nothing has changed.
        """
        with self._lock:
            busy = tuple(tag for tag in sorted(self._enforced) if self._level(tag))
            if not busy:
                self._allowed = {}
        return busy

    def join(self, udi: Udi) -> None:
        """Count an access point.

        Raises:
            Problem: ``not-supported`` where the product counts no licence by access points.
        """
        self._require_access_points()
        self._move(self._joined.add, udi)

    def leave(self, udi: Udi) -> None:
        """Stop counting an access point; one that never joined is ignored.

        Raises:
            Problem: As `join`.
        """
        self._require_access_points()
        self._move(self._joined.discard, udi)

    def follow(self, levels: Levels) -> None:
        """Take the licence levels that the first boot of this process begins with."""
        with self._lock:
            self._levels = levels
            for tag in levels.own:
                self._note(tag)

    def restore(self, stated: Collection[tuple[str, int]]) -> None:
        """Take counts that an earlier process of this store was told."""
        with self._lock:
            for tag, count in stated:
                # The profile may be another by now, and the code given back or too small: what is
                # gone or not allowed is not in use.
                if count and tag in self._stated and self._is_allowed(tag, count):
                    self._stated[tag] = count
                    self._note(tag)

    def begin_again(self, levels: Levels) -> dict[str, int]:
        """Note everything in use once more, as at the beginning of another boot.

        Args:
            levels: The licence levels that it begins with.

        Returns:
            How many of each licence were in use before.
        """
        with self._lock:
            before = {tag: self._level(tag) for tag in self._used}
            # One step with the notes below: a second between them would be told at both levels.
            self._levels = levels
            for tag in self._used:
                if self._level(tag):
                    self._note(tag)
            # The access points did not leave: only what counted them has begun anew.
            self._moved = bool(self._joined)
            return before

    @property
    def own(self) -> tuple[str, ...]:
        """What the product itself uses by its licence level."""
        return self._levels.own

    def stated(self, tag: str) -> int:
        """Return the count that was set."""
        return self._stated.get(tag, 0)

    def level(self, tag: str) -> int:
        """Return how many licences are in use now."""
        with self._lock:
            return self._level(tag)

    def drain(self) -> list[Change]:
        """Return the changes since the last time, oldest first for each licence."""
        with self._lock:
            # Under the lock: a change after it sets it again, and none falls between.
            self.wake.clear()
            drained = self._changes
            self._changes = {}
            children = frozenset(self._joined) if self._moved else None
            self._moved = False
        if children is not None:
            for tag in self._levels.counted:
                # The list as it is now goes with the last change; those before tell the count.
                drained[tag][-1].children = children
        return [change for changes in drained.values() for change in changes]

    def _require_access_points(self) -> None:
        # Silence would look like success, and nothing would ever be reported.
        if not self._levels.counted:
            message = (
                f"{self._profile.name} counts no licence by access points; say by feature or tag "
                "what is in use."
            )
            raise Problem("not-supported", message)

    def _known(self, tag: str) -> str:
        known = self._tags.get(tag)
        if known is None:
            # Only names that exist are kept: whoever guesses tags fills no memory.
            known = self._profile.licence(tag).tag
            self._tags[tag] = known
        return known

    def _is_allowed(self, tag: str, level: int) -> bool:
        # Fail closed: what no installed code names is off.
        return tag not in self._enforced or level <= self._allowed.get(tag, 0)

    def _require_allowed(self, tag: str, level: int) -> None:
        """Refuse a level that no code allows; the lock is held."""
        if self._is_allowed(tag, level):
            return
        licence, most = self._profile.licence(tag), self._allowed.get(tag, 0)
        kind = f"The licence {licence.feature} is {licence.enforcement.value}"
        if most:
            raise NotAuthorized(f"{kind}: the authorization code allows {most}, not {level}.")
        raise NotAuthorized(f"{kind} and no authorization code is installed.")

    def _level(self, tag: str) -> int:
        children = len(self._joined) if tag in self._levels.counted else 0
        said = self._used[tag] + self._stated[tag]
        # The larger, not the sum: a program that states its own level says how many there are.
        return max(said, int(tag in self._levels.own)) + children

    def _move(self, act: Callable[[Udi], None], udi: Udi) -> None:
        with self._lock:
            before = len(self._joined)
            act(udi)
            # Access points join again and again; a repeat is no change in use.
            if len(self._joined) != before:
                self._moved = True
                for tag in self._levels.counted:
                    self._note(tag)

    def _note(self, tag: str) -> None:
        """Remember a change; the lock is held."""
        now = self._monotonic()
        level = self._level(tag)
        changes = self._changes.setdefault(tag, [])
        # The resolution of a measurement: within one second only peak and last level matter.
        if changes and int(now) == int(changes[-1].monotonic):
            last = changes[-1]
            # Use that came and went within the second was use (spec/usage.md).
            last.peak = max(last.peak, level)
            last.level = level
        else:
            changes.append(Change(tag, now, level, level))
        # Asking is cheaper than setting, and this is on the way of every use.
        if not self.wake.is_set():
            self.wake.set()


class Use:
    """Licences in use while the context is entered; it may be entered again after its end."""

    __slots__ = ("_count", "_meter", "_tag")

    def __init__(self, meter: Meter, tag: str, count: int) -> None:
        """Prepare; nothing is counted yet."""
        self._meter = meter
        self._tag = tag
        self._count = count

    def __enter__(self) -> None:
        self._meter.add(self._tag, self._count)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._meter.add(self._tag, -self._count)


def _checked(count: int, *, least: int) -> int:
    """Return the count as the plain integer that the store can keep."""
    try:
        # A product's 1.5 or True would be written as it is, and the store not read any more.
        whole = int(index(count))
    except TypeError as error:
        message = f"The count {count!r} is no whole number."
        raise Problem("invalid-argument", message) from error
    if not least <= whole <= MAXIMUM_COUNT:
        message = f"The count {count} is not {least} to {MAXIMUM_COUNT}."
        raise Problem("invalid-argument", message)
    return whole
