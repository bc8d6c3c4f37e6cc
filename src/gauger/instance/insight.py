"""Make the views for support; they load when somebody asks for them."""

from importlib.metadata import version

from gauger.core.instance import trust as trust_decisions
from gauger.core.problems import Problem
from gauger.core.usage.sampling import Sampler
from gauger.instance.config import Configuration
from gauger.instance.holdings import Holdings
from gauger.instance.measuring import Measuring
from gauger.instance.memory import Memory
from gauger.instance.reckoning import Reckoning
from gauger.instance.records import TagRecord
from gauger.instance.surroundings import Surroundings, shown_name
from gauger.instance.tallies import Tallies
from gauger.instance.tech_views import ExchangeView, HandleView, SystemView, TechView


class Insight:
    """Views of the present state for support."""

    def __init__(self, around: Surroundings, memory: Memory) -> None:
        """Take where the state is."""
        self._around = around
        self._memory = memory
        self._reckoning = Reckoning(around, memory)

    def system(self, began: float | None, booted: Configuration | None) -> SystemView:
        """Return the device as a machine.

        Args:
            began: When the boot began, by the monotonic clock; None where nothing runs.
            booted: The settings that it began with; None where nothing runs.
        """
        around, configuration = self._around, self._memory.singles.configuration
        now, millisecond = divmod(around.moment(), 1000)
        uptime = None if began is None else max(0, int(around.clock.monotonic() - began))
        return SystemView(
            hostname=shown_name(configuration, around),
            now=now,
            millisecond=millisecond,
            uptime=uptime,
            is_clock_set=around.own_clock() is not None,
            version=version("gauger"),
            level=(booted or configuration).boot_level,
            next_level=configuration.boot_level,
            air_level=(booted or configuration).air_level,
            next_air_level=configuration.air_level,
        )

    def tech(
        self, holdings: Holdings, measuring: Measuring | None, tallies: Tallies | None
    ) -> TechView:
        """Return what support asks for.

        Args:
            holdings: The documents in force.
            measuring: The clocks; None where nothing runs.
            tallies: How talking has gone; None where nothing was said since the boot.
        """
        singles, store = self._memory.singles, self._memory.store
        counts = store.state_counts()
        blocked = self._blocked(holdings)
        code = holdings.trust_code
        return TechView(
            is_first=singles.course.last_ack is None,
            policy_days=self._policy_days(holdings),
            next_sample=None if measuring is None else self._next_sample(measuring),
            may_report=blocked is None,
            blocked=blocked,
            exchanges=_exchanges(tallies),
            handles=self._handles(),
            stored=sum(counts.values()) - counts.get("purged", 0),
            unreadable=len(singles.course.unreadable),
            log_bytes=store.log_bytes(),
            trust_number=None if code is None else code.generation,
            is_reserved=singles.configuration.reservation,
        )

    def _policy_days(self, holdings: Holdings) -> int:
        """Return the smallest number of days that a licence in use is given."""
        is_first = self._memory.singles.course.last_ack is None
        rules = [holdings.rules.groups[group] for group in self._reckoning.groups_in_use()]
        days = [rule.first_report if is_first else rule.frequency for rule in rules]
        # 0 asks nothing, so it is none of the requirements that could be the first to come.
        return min(filter(None, days), default=0)

    def _next_sample(self, measuring: Measuring) -> int:
        return self._around.clock.wall() + max(0, measuring.next_sample() - measuring.lived())

    def _blocked(self, holdings: Holdings) -> str | None:
        try:
            trust_decisions.require_direct(holdings.trust(self._memory.singles.trust))
        except Problem as problem:
            return problem.detail
        return self._memory.singles.course.blocked

    def _handles(self) -> tuple[HandleView, ...]:
        tags = self._memory.tags
        return tuple(
            _handle(licence.tag, tags[licence.tag])
            for licence in self._around.profile.licences
            if licence.tag in tags
        )


def _exchanges(tallies: Tallies | None) -> tuple[ExchangeView, ...]:
    return (Tallies() if tallies is None else tallies).views()


def _handle(tag: str, record: TagRecord) -> HandleView:
    return HandleView(
        tag=tag,
        since=record.first_use,
        requested_at=_requested_at(record.sampler),
        open_id=record.open_id,
        previous_id=record.previous_id,
    )


def _requested_at(sampler: Sampler) -> int | None:
    # Seconds of a boot whose clock was never set are no time of day.
    if sampler.relative or sampler.is_idle:
        return None
    # What was requested within the present second begins with it.
    return sampler.settled if sampler.run is None else sampler.run.start
