"""Reckon deadlines and intervals: the measuring thread needs them, long before anybody looks."""

from gauger.core.instance.sending import next_push
from gauger.core.policy.deadlines import next_ack_deadline, push_interval
from gauger.core.policy.rules import Group
from gauger.core.releases import Feature
from gauger.instance.holdings import Holdings
from gauger.instance.memory import Memory
from gauger.instance.surroundings import Surroundings, topology


class Reckoning:
    """Deadlines and intervals that follow from the present state."""

    def __init__(self, around: Surroundings, memory: Memory) -> None:
        """Take where the state is."""
        self._around = around
        self._memory = memory
        # The profile never changes while we run, and this is asked each second.
        self._groups: dict[str, Group] = {}

    def groups_in_use(self) -> frozenset[Group]:
        """Return the policy groups of licences that are in use or wait to be told."""
        unreadable = self._memory.singles.course.unreadable
        return frozenset(
            self._group(tag)
            for tag, record in self._memory.tags.items()
            # Also what stopped: until an ACK tells it, its reports must leave and its deadline runs.
            if record.owes(unreadable)
        )

    def _group(self, tag: str) -> Group:
        group = self._groups.get(tag)
        if group is None:
            group = self._groups[tag] = Group(self._around.profile.licence(tag).group)
        return group

    def deadline(self, holdings: Holdings) -> int | None:
        """Return by when the policy wants an ACK, epoch seconds."""
        course = self._memory.singles.course
        return next_ack_deadline(
            holdings.rules,
            self.groups_in_use(),
            course.first_use,
            last_ack=course.last_ack,
            changes=course.changes,
        )

    def interval(self, holdings: Holdings) -> int:
        """Return the push interval in days; 0 is no reporting."""
        singles = self._memory.singles
        return push_interval(
            holdings.rules,
            self.groups_in_use(),
            singles.configuration.usage_interval,
            acknowledged=singles.course.last_ack is not None,
        )

    def next_push(self, holdings: Holdings) -> int | None:
        """Return when reports are sent next by themselves, in seconds lived."""
        singles = self._memory.singles
        way = topology(singles.configuration)
        # Releases without it push as often as the policy says.
        throttled = self._around.profile.allows(Feature.THROTTLING, way)
        return next_push(singles.schedule, self.interval(holdings), throttled=throttled)
