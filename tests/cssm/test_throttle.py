"""The limit on guesses."""

import pytest

from gauger.core.problems import Problem
from gauger.cssm.throttle import Throttle
from tests.cssm.parts import StandingClock


def test_an_address_that_fails_too_often_waits() -> None:
    clock = StandingClock()
    throttle = Throttle(clock, failures=3, window=60)
    for _ in range(3):
        throttle.check("192.0.2.1")
        throttle.failed("192.0.2.1")
        clock.go_on(1)
    with pytest.raises(Problem, match="too-many-requests") as caught:
        throttle.check("192.0.2.1")
    assert caught.value.diagnostics["retry_after"] == "58"


def test_another_address_does_not_wait() -> None:
    throttle = Throttle(StandingClock(), failures=1, window=60)
    throttle.failed("192.0.2.1")
    throttle.check("192.0.2.2")


@pytest.mark.threat("F1", role="cssm")
def test_the_addresses_of_one_network_of_ipv6_wait_together() -> None:
    throttle = Throttle(StandingClock(), failures=2, window=60)
    throttle.failed("2001:db8::1")
    throttle.failed("2001:db8::ffff:1:2:3")
    with pytest.raises(Problem, match="too-many-requests"):
        throttle.check("2001:db8::2")
    throttle.check("2001:db8:0:1::2")


def test_an_address_of_ipv4_is_the_same_however_it_is_written() -> None:
    throttle = Throttle(StandingClock(), failures=1, window=60)
    throttle.failed("::ffff:192.0.2.1")
    throttle.check("::ffff:192.0.2.2")
    with pytest.raises(Problem, match="too-many-requests"):
        throttle.check("192.0.2.1")


def test_a_failure_is_forgotten_after_the_window() -> None:
    clock = StandingClock()
    throttle = Throttle(clock, failures=1, window=60)
    throttle.failed("192.0.2.1")
    clock.go_on(60)
    throttle.check("192.0.2.1")


def test_many_addresses_take_bounded_memory() -> None:
    throttle = Throttle(StandingClock(), failures=1, window=60)
    for number in range(10_050):
        throttle.failed(str(number))
        throttle.check(f"never failed {number}")
    assert len(throttle._seen) == 10_000
