"""Balances against a model that asks of each licence whether it may be used in a second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.authority.entitlement import Balance, Purchased, balance_of

HORIZON = 12
lines = st.lists(
    st.builds(
        Purchased,
        quantity=st.integers(1, 5),
        start=st.integers(0, HORIZON),
        end=st.none() | st.integers(0, HORIZON),
    ),
    max_size=6,
)


def licences(line: Purchased) -> list[set[int]]:
    """Return the seconds in which each single licence of a line may be used."""
    last = HORIZON * 2 if line.end is None else line.end
    return [set(range(line.start, last))] * line.quantity


@pytest.mark.requirement("SSM-4")
@given(bought=lines, in_use=st.integers(0, 30))
def test_at_each_second_exactly_the_licences_in_term_are_held(
    bought: list[Purchased], in_use: int
) -> None:
    singles = [single for line in bought for single in licences(line)]
    for second in range(-1, HORIZON + 2):
        held = sum(second in single for single in singles)
        assert balance_of(bought, in_use=in_use, now=second) == Balance(
            purchased=held, in_use=in_use
        )


@given(first=lines, second=lines, now=st.integers(0, HORIZON))
def test_orders_add_up_in_any_order(
    first: list[Purchased], second: list[Purchased], now: int
) -> None:
    apart = [balance_of(part, in_use=0, now=now).purchased for part in (first, second)]

    assert balance_of([*second, *first], in_use=0, now=now).purchased == sum(apart)


@pytest.mark.requirement("SSM-4")
@pytest.mark.parametrize(("in_use", "balance"), [(0, 3), (3, 0), (4, -1), (10**9, 3 - 10**9)])
def test_a_shortage_is_a_balance_below_zero(in_use: int, balance: int) -> None:
    line = Purchased(quantity=3, start=0, end=None)

    assert balance_of([line], in_use=in_use, now=5).balance == balance


@pytest.mark.threat("H5", role="cssm")
@pytest.mark.parametrize(
    ("now", "is_held"), [(9, False), (10, True), (19, True), (20, False), (253402300799, False)]
)
def test_a_term_begins_with_its_start_and_is_over_at_its_end(now: int, *, is_held: bool) -> None:
    assert Purchased(quantity=1, start=10, end=20).is_in_term(now) is is_held


def test_a_term_that_ends_before_it_begins_holds_nothing() -> None:
    line = Purchased(quantity=1, start=10, end=10)

    assert not any(line.is_in_term(now) for now in range(20))


def test_without_orders_everything_in_use_is_missing() -> None:
    assert balance_of((), in_use=4, now=0).balance == -4
