"""What happens in a simulated world, drawn from a seed before anything happens.

A plan is a list of acts, each of which can be left out: that is how the story of a failing seed
is made short.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DAY: Final = 86_400

PORTAL: Final = -1
"""The number of the portal where an act names a device."""


class What(StrEnum):
    """Every kind of act; the word is what a story says."""

    USE = "uses licences"
    SYNC = "is told to sync"
    CARRY = "reports by files"
    CUT = "is cut off from the portal"
    CRASH = "is killed"
    DIE_BEFORE = "is killed just before its next commit"
    DIE_AFTER = "is killed just after its next commit"
    REBOOT = "is restarted"
    FULL = "has a full disk"
    STEP = "has its clock moved"
    FORGET_TIME = "loses its clock in a restart"
    SNAPSHOT = "has its disk copied"
    PUT_BACK = "gets the copy of its disk back"
    PUT_BACK_ALL = "gets the copy of its disk and of its keys back"
    CLONE = "is cloned"
    LOSE_REQUEST = "loses its next request on the way"
    LOSE_ANSWER = "loses its next answer on the way"
    TWICE = "has its next request delivered twice"
    LATE = "has its next request delivered much later"
    REFUSED = "is refused without reason"
    BEND_REQUEST = "has a byte of its next request altered"
    BEND_ANSWER = "has a byte of its next answer altered"
    WRONG_ANSWER = "is given another device's answer"
    OLD_ANSWER = "is given its answer before the last"
    DIE_ASKING = "is killed while the portal answers"
    POLICY = "gets another policy assigned"
    BACK_UP = "is backed up"
    RESTORE = "is restored from its last backup"
    SLOW = "answers by poll only"
    ASK = "asks for an authorization code"
    USE_LOCKED = "uses what needs an authorization code"
    GIVE_BACK = "gives its authorization code back"
    AGAIN = "has an old authorization file used again"
    ENTITLE = "gets another number of authorizations"


@dataclass(frozen=True, slots=True, order=True)
class Act:
    """One thing that happens.

    Attributes:
        at: When, in seconds since the beginning.
        who: Number of the device, or `PORTAL`.
        what: Its kind.
        value: A count, seconds, or whatever the kind takes.
    """

    at: int
    who: int
    what: What
    value: int = 0

    def told(self) -> str:
        """Return it as a line of a story."""
        day, second = divmod(self.at, DAY)
        hour, minute = divmod(second // 60, 60)
        name = "the portal" if self.who == PORTAL else f"device {self.who + 1}"
        value = f" ({self.value})" if self.value else ""
        return f"day {day:3} {hour:02}:{minute:02}  {name} {self.what.value}{value}"


@dataclass(frozen=True, slots=True)
class _Rate:
    """How often in 30 days, and between which values."""

    times: float
    least: int = 0
    most: int = 0


_HOUR: Final = 3600
_UNLUCKY: Final = 0.3
_RETURNED: Final = 0.6
_TURNED_BACK: Final = 0.15
_LONGEST_USE: Final = 8 * DAY

_DEVICE: Final = {
    What.USE: _Rate(14, 0, 9),
    What.SYNC: _Rate(1.5),
    What.CARRY: _Rate(0.6),
    What.CUT: _Rate(0.8, _HOUR, 12 * DAY),
    What.CRASH: _Rate(0.7, 0, 3 * _HOUR),
    What.DIE_BEFORE: _Rate(0.5, 0, _HOUR),
    What.DIE_AFTER: _Rate(0.5, 0, _HOUR),
    What.REBOOT: _Rate(0.5, 0, 600),
    What.FULL: _Rate(0.3, _HOUR, 3 * DAY),
    What.STEP: _Rate(0.4, -5 * DAY, 5 * DAY),
    What.FORGET_TIME: _Rate(0.1),
    What.SNAPSHOT: _Rate(0.3),
    What.PUT_BACK: _Rate(0.12),
    What.PUT_BACK_ALL: _Rate(0.12),
    What.CLONE: _Rate(0.08, _HOUR, 4 * DAY),
    What.LOSE_REQUEST: _Rate(0.6),
    What.LOSE_ANSWER: _Rate(0.9),
    What.TWICE: _Rate(0.6),
    What.LATE: _Rate(0.4, 60, 6 * DAY),
    What.REFUSED: _Rate(0.6),
    What.BEND_REQUEST: _Rate(0.4, 0, 100_000),
    What.BEND_ANSWER: _Rate(0.4, 0, 100_000),
    What.WRONG_ANSWER: _Rate(0.3),
    What.OLD_ANSWER: _Rate(0.3),
    What.DIE_ASKING: _Rate(0.3, 0, _HOUR),
}

_PORTAL: Final = {
    What.CRASH: _Rate(1.0, 0, 6 * _HOUR),
    What.DIE_BEFORE: _Rate(1.0, 0, _HOUR),
    What.DIE_AFTER: _Rate(1.0, 0, _HOUR),
    What.FULL: _Rate(0.3, _HOUR, DAY),
    What.STEP: _Rate(0.2, -2 * _HOUR, 2 * _HOUR),
    What.POLICY: _Rate(1.0, 1, 30),
    What.BACK_UP: _Rate(3.0),
    What.RESTORE: _Rate(0.3, 0, _HOUR),
    What.SLOW: _Rate(0.5, _HOUR, 2 * DAY),
}


_CODES: Final = {
    What.ASK: _Rate(1.5, 0, 95),
    What.USE_LOCKED: _Rate(2, 0, 7),
    What.GIVE_BACK: _Rate(0.2, 0, 31),
    What.AGAIN: _Rate(0.5, 0, 99),
}
_ENTITLE: Final = _Rate(0.8, 0, 23)

_BLOWS: Final = (
    *((True, what) for what in (What.DIE_BEFORE, What.DIE_AFTER, What.CRASH)),
    *((False, what) for what in (What.DIE_BEFORE, What.DIE_AFTER, What.FULL)),
    *((False, what) for what in (What.LOSE_REQUEST, What.LOSE_ANSWER, What.TWICE, What.LATE)),
    *((False, what) for what in (What.DIE_ASKING, What.BEND_ANSWER, What.WRONG_ANSWER)),
)
"""What may befall somebody who is asked for a code or gives one back, the portal or the device."""


def draw(seed: int, *, instances: int, days: int) -> tuple[Act, ...]:
    """Draw the plan of a world.

    Args:
        seed: The same seed, instances and days give the same plan.
        instances: Number of devices.
        days: How long it goes on.

    Returns:
        The acts in order of time.
    """
    chance = random.Random(f"plan/{seed}")  # noqa: S311 -- to be the same again is what it is for
    acts = _first_acts(chance, instances)
    for who in range(PORTAL, instances):
        rates = _PORTAL if who == PORTAL else _DEVICE
        for what, rate in rates.items():
            acts.extend(
                Act(chance.randrange(days * DAY), who, what, chance.randint(rate.least, rate.most))
                for _ in range(_times(chance, rate.times * days / 30))
            )
    # From a chance of their own: what else happens in a world is what it was before there were any.
    chance = random.Random(f"codes/{seed}")  # noqa: S311 -- as above
    for who in range(PORTAL, instances):
        acts.extend(_about_codes(chance, who, days))
    return tuple(sorted(acts, key=lambda act: (act.at, act.who, act.what.name)))


def _about_codes(chance: random.Random, who: int, days: int) -> Iterator[Act]:
    rates = {What.ENTITLE: _ENTITLE} if who == PORTAL else _CODES
    for what, rate in rates.items():
        for _ in range(_times(chance, rate.times * days / 30)):
            at = chance.randrange(2, days * DAY)
            yield from _unlucky(chance, Act(at, who, what, chance.randint(rate.least, rate.most)))
            if what is What.ASK and chance.random() < _RETURNED:
                back = at + chance.randrange(_HOUR, _LONGEST_USE)
                yield from _returned(chance, who, at, back)


def _unlucky(chance: random.Random, act: Act) -> Iterator[Act]:
    """Let a blow fall now and then at the moment at which it hurts most."""
    yield act
    # Between asking and having, between giving back and being believed.
    if act.what in {What.ASK, What.GIVE_BACK} and chance.random() < _UNLUCKY:
        is_portal, blow = chance.choice(_BLOWS)
        who = PORTAL if is_portal else act.who
        yield Act(act.at - 1, who, blow, chance.randint(60, _HOUR))


def _returned(chance: random.Random, who: int, asked: int, back: int) -> Iterator[Act]:
    """Give back what was asked for; now and then somebody turns back the time around it."""
    rate = _CODES[What.GIVE_BACK]
    act = Act(back, who, What.GIVE_BACK, chance.randint(rate.least, rate.most))
    yield from _unlucky(chance, act)
    if chance.random() < _TURNED_BACK:
        who, copy, put_back = chance.choice(
            (
                (who, What.SNAPSHOT, What.PUT_BACK),
                (who, What.SNAPSHOT, What.PUT_BACK_ALL),
                (PORTAL, What.BACK_UP, What.RESTORE),
            )
        )
        yield Act(chance.choice((asked - 2, back - 2)), who, copy)
        yield Act(back + chance.randrange(60, DAY), who, put_back)


def _first_acts(chance: random.Random, instances: int) -> list[Act]:
    """Have everyone report often, and every device use something from the first day on."""
    first = [Act(0, PORTAL, What.POLICY, chance.randint(3, 14))]
    for who in range(instances):
        first.append(Act(chance.randrange(DAY), who, What.USE, 1))
        first.append(Act(DAY + chance.randrange(DAY), who, What.SYNC))
    return first


def _times(chance: random.Random, mean: float) -> int:
    """Draw how often something happens whose mean is known (Poisson)."""
    times, left = 0, chance.expovariate(1.0)
    while left < mean:
        times += 1
        left += chance.expovariate(1.0)
    return times
