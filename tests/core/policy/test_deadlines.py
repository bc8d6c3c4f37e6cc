"""Deadlines and intervals, checked against what real product instances print."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.policy.deadlines import (
    DAY,
    after_ack,
    after_change,
    next_ack_deadline,
    push_interval,
)
from gauger.core.policy.rules import DEFAULT, Group, Policy, Rule, validate

PERPETUAL, SUBSCRIPTION = frozenset({Group.PERPETUAL}), frozenset({Group.SUBSCRIPTION})
BOTH = PERPETUAL | SUBSCRIPTION
USED = 1_750_000_000


def custom(*, ack_required: bool = True) -> Policy:
    """The custom policy of the published `show license status` sample."""
    rules = {group: Rule(365, 90, 90) for group in Group}
    rules |= {Group.PERPETUAL: Rule(365, 0, 90), Group.SUBSCRIPTION: Rule(90, 90, 90)}
    return validate(name="Custom Policy", ack_required=ack_required, rules=rules)


def sle() -> Policy:
    """The SLE policy that several published samples show."""
    rules = {
        Group.PERPETUAL: Rule(30, 60, 60),
        Group.SUBSCRIPTION: Rule(120, 111, 111),
        Group.ENFORCED: Rule(30, 90, 60),
        Group.EXPORT: Rule(30, 30, 30),
    }
    return validate(name="SLE Policy", ack_required=True, rules=rules)


def at(text: str) -> int:
    return int(datetime.strptime(text, "%b %d %H:%M:%S %Y").replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(("groups", "days"), [(PERPETUAL, 365), (SUBSCRIPTION, 90), (BOTH, 90)])
def test_before_any_ack_first_use_and_first_report_count(
    groups: frozenset[Group], days: int
) -> None:
    assert next_ack_deadline(DEFAULT, groups, USED) == USED + days * DAY


@pytest.mark.parametrize(
    ("policy", "last_ack", "deadline"),
    [
        (custom(), "Oct 14 12:10:32 2021", "Jan 12 12:10:32 2022"),
        (sle(), "Dec 18 11:00:18 2021", "Feb 16 11:00:18 2022"),
    ],
)
def test_after_an_ack_the_frequency_counts(policy: Policy, last_ack: str, deadline: str) -> None:
    found = next_ack_deadline(policy, BOTH, USED, last_ack=at(last_ack))
    assert found == at(deadline)


def test_perpetual_licences_alone_have_no_deadline_after_an_ack() -> None:
    assert next_ack_deadline(DEFAULT, PERPETUAL, USED, last_ack=USED + DAY) is None


def test_a_change_runs_a_clock_beside_and_the_earliest_wins() -> None:
    acked, changed = USED + DAY, USED + 5 * DAY
    assert (
        next_ack_deadline(DEFAULT, PERPETUAL, USED, last_ack=acked, changes=(changed,))
        == changed + 90 * DAY
    )
    assert (
        next_ack_deadline(DEFAULT, BOTH, USED, last_ack=acked, changes=(changed,))
        == acked + 90 * DAY
    )


def test_nothing_is_required_without_use_or_where_no_ack_is() -> None:
    assert next_ack_deadline(DEFAULT, frozenset(), None) is None
    assert next_ack_deadline(DEFAULT, PERPETUAL, None) is None
    assert next_ack_deadline(custom(ack_required=False), BOTH, USED) is None
    assert next_ack_deadline(DEFAULT, frozenset({Group.EXPORT}), USED) is None


@pytest.mark.requirement("PI-7")
@pytest.mark.parametrize(
    ("policy", "groups", "configured", "days"),
    [
        (DEFAULT, SUBSCRIPTION, None, 30),
        (DEFAULT, SUBSCRIPTION, 7, 7),
        (DEFAULT, SUBSCRIPTION, 200, 90),
        (DEFAULT, SUBSCRIPTION, 0, 0),
        (DEFAULT, PERPETUAL, None, 0),
        (DEFAULT, PERPETUAL, 10, 10),
        (DEFAULT, frozenset(), None, 0),
        (sle(), BOTH, None, 30),
        (sle(), BOTH, 1, 1),
        (sle(), BOTH, 365, 60),
    ],
)
def test_reports_go_at_the_shorter_of_configured_and_policy(
    policy: Policy, groups: frozenset[Group], configured: int | None, days: int
) -> None:
    assert push_interval(policy, groups, configured) == days


@pytest.mark.requirement("PI-7")
def test_the_first_report_is_not_later_than_the_policy_asks() -> None:
    rules = {Group.SUBSCRIPTION: Rule(10, 90, 0), Group.ENFORCED: Rule(0, 20, 0)}
    policy = validate(name="early", ack_required=True, rules=rules)
    assert push_interval(policy, SUBSCRIPTION, None, acknowledged=False) == 10
    assert push_interval(policy, SUBSCRIPTION, None) == 30
    assert push_interval(policy, frozenset({Group.ENFORCED}), None, acknowledged=False) == 20
    assert push_interval(DEFAULT, PERPETUAL, None, acknowledged=False) == 0


def test_the_on_change_clock_runs_from_the_first_change_that_no_ack_tells() -> None:
    changes = after_change(after_change((), USED), USED + 100)
    assert after_ack(changes, USED - 1) == (USED, USED + 100)
    assert after_ack(changes, USED) == (USED + 100,)
    assert after_ack(changes, USED + 100) == ()


def test_a_change_while_an_ack_is_on_its_way_keeps_its_clock() -> None:
    changes = after_change(after_change((), USED), USED + 40 * DAY)
    acked = USED + 50 * DAY
    left = after_ack(changes, USED + 30 * DAY)
    deadline = next_ack_deadline(DEFAULT, PERPETUAL, USED, last_ack=acked, changes=left)
    assert deadline == USED + 130 * DAY


def test_before_any_ack_a_change_moves_no_deadline() -> None:
    found = next_ack_deadline(DEFAULT, PERPETUAL, USED, changes=(USED + DAY,))
    assert found == USED + 365 * DAY


def test_of_the_changes_of_a_day_the_first_and_the_last_are_kept() -> None:
    changes: tuple[int, ...] = ()
    for hour in range(49):
        changes = after_change(changes, USED + 3600 * hour)
    hours = [(at - USED) // 3600 for at in changes]
    assert (hours[0], hours[-1], len(hours)) == (0, 48, 4)
    assert all(later - first >= 24 for first, later in zip(hours, hours[2:], strict=False))


days = st.integers(0, 3650)
policies = st.builds(
    lambda rules: validate(name="any", ack_required=True, rules=rules),
    st.dictionaries(st.sampled_from(Group), st.builds(Rule, days, days, days)),
)


@pytest.mark.requirement("PI-7")
@given(policies, st.frozensets(st.sampled_from(Group)), st.none() | st.integers(0, 3650))
def test_the_interval_never_exceeds_what_was_set_or_required(
    policy: Policy, groups: frozenset[Group], configured: int | None
) -> None:
    interval = push_interval(policy, groups, configured)
    frequency = policy.frequency(groups)
    assert interval <= (30 if configured is None else configured)
    assert not frequency or interval <= frequency
    assert interval or not frequency or configured == 0


@given(policies, st.frozensets(st.sampled_from(Group)), st.integers(0, 2**33))
def test_an_ack_never_brings_a_deadline_forward(
    policy: Policy, groups: frozenset[Group], last_ack: int
) -> None:
    earlier = next_ack_deadline(policy, groups, USED, last_ack=last_ack)
    later = next_ack_deadline(policy, groups, USED, last_ack=last_ack + 1)
    assert (earlier is None) == (later is None)
    assert earlier is None or later == earlier + 1
