"""Stories that a seed found: each broke a promise once, and is kept as short as it could be made."""

from collections.abc import Sequence

import pytest

from gauger.cssm.commands import polls
from gauger.simulator.plan import DAY, PORTAL, Act, What
from gauger.simulator.portal import Polls
from gauger.simulator.simulate import Simulator, Terms

FEW = 40
"""Polls of a month: one that is asked each five seconds would be thousands."""


def at(day: int, clock: str) -> int:
    """Return the second of a day and a time as a story tells them."""
    hours, minutes = clock.split(":")
    return day * DAY + int(hours) * 3600 + int(minutes) * 60


FORGOTTEN_BY_A_RESTORED_PORTAL = (
    Act(at(15, "14:01"), 2, What.USE, 2),
    Act(at(15, "15:09"), PORTAL, What.BACK_UP),
    Act(at(22, "08:32"), 2, What.SYNC),
    Act(at(26, "18:36"), PORTAL, What.RESTORE, 1613),
)
"""Seed 31: an idle device never showed the portal what the portal had lost."""

KILLED_BEFORE_THE_PORTAL_FORGOT = (
    Act(at(16, "15:16"), 1, What.USE, 2),
    Act(at(16, "18:49"), PORTAL, What.BACK_UP),
    Act(at(17, "09:24"), 1, What.DIE_ASKING, 167),
    Act(at(28, "03:34"), 1, What.SYNC),
    Act(at(28, "07:57"), 1, What.SYNC),
    Act(at(28, "18:37"), PORTAL, What.RESTORE, 164),
)
"""Seed 1321: a device that only greets, and a simulated portal that knew no greeting."""

RESTARTED_WITH_A_FULL_DISK = (
    Act(at(2, "17:55"), 1, What.USE, 9),
    Act(at(3, "06:06"), 1, What.FULL, 182401),
    Act(at(3, "08:28"), 1, What.REBOOT, 145),
)
"""Seed 112: what a full disk never took is gone with the process, and the model blamed the device."""

STORIES = {
    "restored portal": FORGOTTEN_BY_A_RESTORED_PORTAL,
    "full disk": RESTARTED_WITH_A_FULL_DISK,
    "greeting": KILLED_BEFORE_THE_PORTAL_FORGOT,
}


@pytest.mark.requirement("BX-3")
@pytest.mark.parametrize("acts", STORIES.values(), ids=STORIES)
def test_what_a_seed_found_stays_mended(machine: Simulator, acts: Sequence[Act]) -> None:
    course = machine.run(Terms(seed=31), acts)
    assert course.breach is None
    assert course.reports > 0


def test_a_device_polls_for_what_is_judged_later(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seed 99: a verdict fell due while the portal's disk was full, and was asked for all day."""
    poll, owed = Polls.poll, list[bool]()

    def noted(self: Polls, poll_id: str) -> str | None:
        kept = poll(self, poll_id)
        owed.append(kept is not None and polls.is_owed(kept))
        return kept

    monkeypatch.setattr(Polls, "poll", noted)
    course = machine.run(Terms(seed=99))
    assert course.breach is None
    assert 0 < sum(owed) < FEW


def test_an_old_answer_ends_no_request(machine: Simulator) -> None:
    """Seed 87: a device that had lost its code gave up its request for another at a stale answer."""
    assert machine.run(Terms(seed=87)).breach is None
