"""Back-off with jitter, and the two events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.instance.backoff import (
    ENTROPY,
    FIRST,
    LONGEST,
    MOST_ASKED,
    Backoff,
    CommEvent,
    asked_by,
    failed,
    succeeded,
)
from gauger.core.problems import Problem

random = st.binary(min_size=ENTROPY, max_size=ENTROPY)


def test_failure_and_success_are_told_once_each() -> None:
    state, events = Backoff(), list[CommEvent | None]()
    for _ in range(3):
        state, event = failed(state, 100, b"\0\0\0\0")
        events.append(event)
    for _ in range(2):
        state, event = succeeded(state)
        events.append(event)
    assert events == ["COMM_FAILED", None, None, "COMM_RESTORED", None]
    assert state == Backoff()


@given(st.integers(0, 10_000), random, st.integers(0, 10**9))
def test_the_wait_doubles_up_to_its_limit_and_half_of_it_is_random(
    failures: int, draw: bytes, now: int
) -> None:
    state, _ = failed(Backoff(failures=failures), now, draw)
    ceiling = min(LONGEST, FIRST * 2 ** min(failures, 20))
    assert ceiling // 2 <= state.retry_at - now <= ceiling


@pytest.mark.threat("H6", role="instance")
def test_a_fleet_does_not_come_back_at_one_moment() -> None:
    waits = {
        failed(Backoff(failures=10), 0, (seed * 2654435761 % 2**32).to_bytes(4))[0].retry_at
        for seed in range(2000)
    }
    assert len(waits) > 1500


@given(random)
def test_a_wait_that_the_peer_asks_for_is_never_undercut(draw: bytes) -> None:
    assert failed(Backoff(), 50, draw, asked=99_999)[0].retry_at == 50 + 99_999


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (None, 0), ("", 0), ("soon", 0), ("-5", 0), ("\u0665", 0), ("1.5", 0), ("7", 7),
        ("86401", MOST_ASKED), ("9" * 5000, MOST_ASKED),
    ],
    ids=range(9),
)  # fmt: skip
def test_what_a_refusal_asks_for_is_a_number_of_seconds_up_to_a_day(
    told: str | None, seconds: int
) -> None:
    assert asked_by(Problem("server-busy", "x", retry_after=told)) == seconds
