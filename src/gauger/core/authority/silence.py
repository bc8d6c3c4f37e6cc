"""When a product instance that reported before has fallen silent (spec/authority.md)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from gauger.core.identity import AccountRef, Udi
from gauger.core.policy.deadlines import DAY, next_ack_deadline
from gauger.core.policy.rules import Group, Policy

SILENCE_GRACE: Final = DAY
"""Seconds past the deadline: a device sends at most once in a day, so its report may be that late."""

ANY_GROUP: Final = frozenset(Group)
"""The groups of a licence of which nothing but its tag is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietFacts:
    """A product instance that has reported, not lately, and that nobody was told of.

    Attributes:
        udi: Which one.
        account: Whose it is.
        last_report_at: When its newest report came, epoch seconds of the authority.
    """

    udi: Udi
    account: AccountRef
    last_report_at: int


def silent_from(
    last_report_at: int, policy: Policy, groups: Collection[Group], *, assigned_at: int
) -> int | None:
    """Return from when on a product instance counts as silent.

    The deadline is the one that the device reckons with itself. A policy that was made stricter
    asks nothing of the time before it, or each device of the account would be late at once.

    Args:
        last_report_at: When its newest report came, epoch seconds.
        policy: The policy in force for its account.
        groups: Groups of the licences in use.
        assigned_at: When that policy was assigned, epoch seconds; 0 for the default.

    Returns:
        Epoch seconds, or None where nothing is required of it.
    """
    # The later one: a stricter policy finds nobody late for a time when it did not hold.
    since = max(last_report_at, assigned_at)
    deadline = next_ack_deadline(policy, groups, None, last_ack=since)
    return None if deadline is None else deadline + SILENCE_GRACE


def groups_of(terms: Collection[str]) -> frozenset[Group]:
    """Return the groups that a licence may belong to, by the terms of the orders that name it."""
    sold = frozenset(terms)
    # Sold both ways, or never: then the strictest of all groups decides.
    if sold in ({Group.PERPETUAL.value}, {Group.SUBSCRIPTION.value}):
        return frozenset(Group(term) for term in sold)
    return ANY_GROUP
