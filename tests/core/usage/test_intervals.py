"""Usage intervals against a model that keeps one number for each second."""

from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.problems import Problem
from gauger.core.usage.intervals import (
    Segment,
    clip,
    count_seconds,
    merge_max,
    normalise,
    span,
)

HORIZON = 40


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    start = draw(st.integers(0, HORIZON - 1))
    return Segment(start, draw(st.integers(start + 1, HORIZON)), draw(st.integers(0, 4)))


claims = st.lists(segments(), max_size=8)


def model(items: list[Segment]) -> list[int]:
    """Return the highest count of each second."""
    return [
        max((item.count for item in items if item.start <= second < item.end), default=0)
        for second in range(HORIZON)
    ]


@given(claims)
def test_normal_form_is_the_maximum_of_each_second(items: list[Segment]) -> None:
    result = normalise(items)
    assert model(list(result)) == model(items)
    assert all(item.count for item in result)
    for left, right in pairwise(result):
        assert left.end < right.start or (left.end == right.start and left.count != right.count)


@pytest.mark.threat("A14", role="cssm")
@given(claims, claims)
def test_overlapping_usage_counts_once_and_is_flagged(
    known: list[Segment], told: list[Segment]
) -> None:
    existing = normalise(known)
    merge = merge_max(existing, told)
    assert model(list(merge.segments)) == model([*existing, *told])
    assert merge.count_seconds_delta == sum(model([*existing, *told])) - sum(model(known))
    used = [item for item in (*existing, *told) if item.count]
    claimed = [sum(item.start <= second < item.end for item in used) for second in range(HORIZON)]
    assert merge.overlap == (max(claimed) > 1)


@pytest.mark.threat("A13", role="cssm")
@given(st.lists(claims, min_size=1, max_size=3))
def test_every_order_of_reports_gives_the_same_usage(reports: list[list[Segment]]) -> None:
    results = set()
    for order in permutations(reports):
        held: tuple[Segment, ...] = ()
        for report in order:
            held = merge_max(held, report).segments
        results.add(held)
    assert len(results) == 1


@pytest.mark.threat("A13", role="cssm")
def test_a_thousand_reports_in_any_order() -> None:
    reports = [Segment(at, at + 90, at * 7 % 5) for at in range(0, 60_000, 60)]
    forward = normalise(reports)
    held: tuple[Segment, ...] = ()
    for report in sorted(reports, key=lambda item: item.start * 7919 % 60_000):
        held = merge_max(held, [report]).segments
    assert held == forward


@given(claims, claims, claims)
def test_merge_is_associative_commutative_and_idempotent(
    one: list[Segment], two: list[Segment], three: list[Segment]
) -> None:
    def merge(left: tuple[Segment, ...], right: tuple[Segment, ...]) -> tuple[Segment, ...]:
        return merge_max(left, right).segments

    a, b, c = normalise(one), normalise(two), normalise(three)
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(a, a) == a
    assert merge_max(a, a).count_seconds_delta == 0


@given(claims, claims)
def test_segments_apart_from_the_claims_need_not_be_given(
    known: list[Segment], told: list[Segment]
) -> None:
    existing = normalise(known)
    reach = span(told)
    if reach is None:
        assert merge_max(existing, told).segments == existing
        return
    near = [item for item in existing if item.start <= reach[1] and item.end >= reach[0]]
    far = [item for item in existing if item not in near]
    merged = merge_max(near, told)
    assert tuple(sorted((*far, *merged.segments))) == merge_max(existing, told).segments


@given(claims, st.integers(0, HORIZON - 1), st.integers(1, HORIZON))
def test_clip_and_area(items: list[Segment], start: int, length: int) -> None:
    end = min(HORIZON, start + length)
    part = clip(normalise(items), start, end)
    assert model(list(part)) == [
        count if start <= second < end else 0 for second, count in enumerate(model(items))
    ]
    assert count_seconds(part) == sum(model(list(part)))


@pytest.mark.threat("A17", role="cssm")
@pytest.mark.parametrize(("start", "end", "count"), [(5, 5, 1), (5, 4, 1), (0, 1, -1)])
def test_an_interval_without_length_or_below_zero_is_refused(
    start: int, end: int, count: int
) -> None:
    with pytest.raises(Problem) as refusal:
        Segment(start, end, count)
    assert refusal.value.code == "malformed"
