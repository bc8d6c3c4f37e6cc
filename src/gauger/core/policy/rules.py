"""The reporting policy: four groups of licences, three requirements each (spec/policy.md)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from gauger.core.problems import Problem

MAXIMUM_DAYS = 3650
"""Longest requirement that a policy may hold, in days."""


class Group(StrEnum):
    """The groups of licences that a policy tells apart."""

    PERPETUAL = "perpetual"
    SUBSCRIPTION = "subscription"
    ENFORCED = "enforced"
    EXPORT = "export"


class Source(StrEnum):
    """Where a value of the policy in use comes from, as `show license status` words it."""

    DEFAULT = "CISCO default"
    CUSTOMER = "Customer Policy"


@dataclass(frozen=True, slots=True)
class Rule:
    """The requirements for one group, in days; 0 is no requirement.

    Attributes:
        first_report: From first use to the first acknowledged report.
        frequency: From one acknowledged report to the next.
        on_change: From a change in use to the report that tells it.

    Raises:
        Problem: ``policy-out-of-range`` where a number is not 0 to 3650.
    """

    first_report: int
    frequency: int
    on_change: int

    def __post_init__(self) -> None:
        # A signed policy may hold a slip too: it must not set a deadline beyond a device's life.
        for name in ("first_report", "frequency", "on_change"):
            days = getattr(self, name)
            if not 0 <= days <= MAXIMUM_DAYS:
                raise Problem("policy-out-of-range", f"The policy asks {days} days for {name}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy in force.

    Attributes:
        name: Its name, empty for the default.
        ack_required: Whether reports must be acknowledged at all.
        groups: The requirements of every group.
        source: Where the policy comes from.
        defaulted: Groups that the policy leaves open, filled from the default.
    """

    name: str
    ack_required: bool
    groups: Mapping[Group, Rule]
    source: Source
    defaulted: frozenset[Group] = frozenset()

    def source_of(self, group: Group) -> Source:
        """Return the word that stands behind the values of a group."""
        return Source.DEFAULT if group in self.defaulted else self.source

    def first_report(self, groups: Iterable[Group]) -> int:
        """Return the smallest first-report requirement of the groups in days; 0 is none."""
        return _smallest(self.groups[group].first_report for group in groups)

    def frequency(self, groups: Iterable[Group]) -> int:
        """Return the smallest reporting frequency of the groups in days; 0 is none."""
        return _smallest(self.groups[group].frequency for group in groups)

    def on_change(self, groups: Iterable[Group]) -> int:
        """Return the smallest report-on-change requirement of the groups in days; 0 is none."""
        return _smallest(self.groups[group].on_change for group in groups)


DEFAULT = Policy(
    name="",
    ack_required=True,
    groups=MappingProxyType(
        {
            Group.PERPETUAL: Rule(365, 0, 90),
            Group.SUBSCRIPTION: Rule(90, 90, 90),
            Group.ENFORCED: Rule(0, 0, 0),
            Group.EXPORT: Rule(0, 0, 0),
        },
    ),
    source=Source.DEFAULT,
)
"""What applies until a policy is installed."""


def validate(*, name: str, ack_required: bool, rules: Mapping[Group, Rule]) -> Policy:
    """Return the policy that a policy document states.

    Args:
        name: The name that stands in the document.
        ack_required: Whether reports must be acknowledged.
        rules: Requirements by group; a group that is left out takes those of the default.

    Returns:
        A policy with all four groups.
    """
    # As a whole, not number by number: a group that is stated owes nothing to the default.
    groups = {group: rules.get(group, DEFAULT.groups[group]) for group in Group}
    return Policy(
        name=name,
        ack_required=ack_required,
        groups=MappingProxyType(groups),
        source=Source.CUSTOMER,
        defaulted=frozenset(group for group in Group if group not in rules),
    )


def _smallest(days: Iterable[int]) -> int:
    # 0 is "no requirement"; the plain minimum would let it silence every other group.
    return min(filter(None, days), default=0)
