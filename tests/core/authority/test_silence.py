"""When silence begins: the device's own deadline, and a day."""

import pytest

from gauger.core.authority.silence import ANY_GROUP, SILENCE_GRACE, groups_of, silent_from
from gauger.core.policy.deadlines import DAY
from gauger.core.policy.rules import DEFAULT, Group, Rule, validate

SOLD = frozenset({Group.PERPETUAL})
RENTED = frozenset({Group.SUBSCRIPTION})


def test_it_begins_a_day_after_the_deadline_of_the_device() -> None:
    assert silent_from(1000, DEFAULT, RENTED, assigned_at=0) == 1000 + 90 * DAY + SILENCE_GRACE


@pytest.mark.parametrize("groups", [SOLD, frozenset[Group]()])
def test_where_no_frequency_is_asked_nothing_is_expected(groups: frozenset[Group]) -> None:
    assert silent_from(1000, DEFAULT, groups, assigned_at=0) is None


def test_a_policy_asks_nothing_of_the_time_before_it() -> None:
    policy = validate(name="n", ack_required=True, rules={Group.PERPETUAL: Rule(9, 5, 9)})
    assert silent_from(10, policy, SOLD, assigned_at=500) == 500 + 5 * DAY + SILENCE_GRACE


@pytest.mark.parametrize(
    ("terms", "groups"),
    [
        (["perpetual"], SOLD),
        (["subscription", "subscription"], RENTED),
        (["perpetual", "subscription"], ANY_GROUP),
        ([""], ANY_GROUP),
        ([], ANY_GROUP),
    ],
)
def test_orders_say_what_a_licence_is(terms: list[str], groups: frozenset[Group]) -> None:
    assert groups_of(terms) == groups
