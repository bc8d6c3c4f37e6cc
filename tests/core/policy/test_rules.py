"""The policy's groups, defaults and ranges."""

import pytest

from gauger.core.policy.rules import DEFAULT, MAXIMUM_DAYS, Group, Rule, Source, validate
from gauger.core.problems import Problem


@pytest.mark.requirement("SSM-7")
def test_the_default_is_the_published_one() -> None:
    values = {
        group: (rule.first_report, rule.frequency, rule.on_change)
        for group, rule in DEFAULT.groups.items()
    }
    assert values == {
        Group.PERPETUAL: (365, 0, 90),
        Group.SUBSCRIPTION: (90, 90, 90),
        Group.ENFORCED: (0, 0, 0),
        Group.EXPORT: (0, 0, 0),
    }
    assert DEFAULT.ack_required
    assert DEFAULT.source_of(Group.EXPORT) == "CISCO default"


@pytest.mark.threat("B11", role="instance")
@pytest.mark.parametrize("days", [-1, MAXIMUM_DAYS + 1, 10**9, -(10**9)])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_days_out_of_range_are_refused(days: int, place: int) -> None:
    numbers = [1, 1, 1]
    numbers[place] = days
    with pytest.raises(Problem) as refusal:
        Rule(*numbers)
    assert refusal.value.code == "policy-out-of-range"
    assert str(days) in refusal.value.detail


@pytest.mark.parametrize("days", [0, MAXIMUM_DAYS])
def test_the_ends_of_the_range_are_accepted(days: int) -> None:
    assert Rule(days, days, days).frequency == days


def test_a_group_left_open_takes_the_default_and_says_so() -> None:
    rules = {Group.PERPETUAL: Rule(30, 60, 60)}
    policy = validate(name="SLE Policy", ack_required=False, rules=rules)
    assert policy.groups[Group.PERPETUAL] == Rule(30, 60, 60)
    assert policy.groups[Group.SUBSCRIPTION] == DEFAULT.groups[Group.SUBSCRIPTION]
    assert policy.source_of(Group.PERPETUAL) is Source.CUSTOMER
    assert policy.source_of(Group.EXPORT) is Source.DEFAULT
    assert (policy.name, policy.ack_required) == ("SLE Policy", False)


@pytest.mark.parametrize(
    ("groups", "smallest"),
    [
        ((), (0, 0, 0)),
        ((Group.PERPETUAL,), (365, 0, 90)),
        ((Group.ENFORCED, Group.EXPORT), (0, 0, 0)),
        ((Group.PERPETUAL, Group.SUBSCRIPTION, Group.EXPORT), (90, 90, 90)),
    ],
)
def test_the_smallest_requirement_of_the_groups_in_use_holds(
    groups: tuple[Group, ...], smallest: tuple[int, int, int]
) -> None:
    found = DEFAULT.first_report(groups), DEFAULT.frequency(groups), DEFAULT.on_change(groups)
    assert found == smallest
