"""Back-off with jitter, and the two events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.instance.backoff import (
    ENTROPY,
    FIRST,
    LONGEST,
    Backoff,
    CommEvent,
    failed,
    succeeded,
)

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
