"""Replacing fields: as the standard function does it, for every value that is replaced often."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.documents.trust_store import TrustStore
from gauger.core.policy.rules import Rule
from gauger.core.problems import Problem
from gauger.core.replacing import replace
from gauger.core.usage.sampling import Sampler, begin

RULE = Rule(1, 2, 3)


@given(settled=st.integers(0, 10**9), peak=st.integers(0, 99), on=st.booleans())
def test_it_gives_what_the_standard_function_gives(*, settled: int, peak: int, on: bool) -> None:
    before: Sampler = begin("tag", 7)
    changes: dict[str, Any] = {"settled": settled, "peak": peak, "tracking": on}
    assert replace(before, **changes) == dataclasses.replace(before, **changes)
    assert before == begin("tag", 7)


def test_what_the_constructor_does_not_take_is_made_anew() -> None:
    assert replace(TrustStore(), root_set=None) == TrustStore()


def test_nothing_to_replace_gives_an_equal_value() -> None:
    assert replace(RULE) == RULE


def test_what_a_value_refuses_it_refuses_again() -> None:
    with pytest.raises(Problem, match="policy-out-of-range"):
        replace(RULE, frequency=-1)


def test_a_field_that_there_is_not_is_an_error() -> None:
    other: dict[str, Any] = {"other": 1}
    with pytest.raises(TypeError, match="other"):
        replace(RULE, **other)
