"""The limit on guesses."""

import pytest

from gauger.core.identity import digest
from gauger.core.problems import Problem
from gauger.cssm.throttle import Guess, Throttle
from tests.cssm.parts import StandingClock


def guess(throttle: Throttle, address: str, offered: str = "a guess", outcomes: int = 1) -> Guess:
    return throttle.guess(address, digest(offered.encode()), outcomes=outcomes)


def fail(throttle: Throttle, address: str) -> None:
    with guess(throttle, address) as one:
        one.wrong()


def test_an_address_that_fails_too_often_waits() -> None:
    clock = StandingClock()
    throttle = Throttle(clock, failures=3, window=60)
    for _ in range(3):
        fail(throttle, "192.0.2.1")
        clock.go_on(1)
    with pytest.raises(Problem, match="too-many-requests") as caught:
        guess(throttle, "192.0.2.1")
    assert caught.value.diagnostics["retry_after"] == "58"


@pytest.mark.threat("F1", role="cssm")
def test_guesses_under_way_at_once_do_not_all_pass() -> None:
    throttle = Throttle(StandingClock(), failures=3, window=60)
    fail(throttle, "192.0.2.1")
    under_way = [guess(throttle, "192.0.2.1", text) for text in ("one", "two")]
    with pytest.raises(Problem, match="too-many-requests") as caught:
        guess(throttle, "192.0.2.1", "three")
    assert caught.value.diagnostics["retry_after"] == "1"
    under_way[0].over()
    guess(throttle, "192.0.2.1", "three")
    with pytest.raises(Problem, match="too-many-requests"):
        guess(throttle, "192.0.2.1", "four")


def test_a_crowd_with_one_token_makes_one_guess() -> None:
    throttle = Throttle(StandingClock(), failures=2, window=60)
    crowd = [guess(throttle, "192.0.2.1") for _ in range(50)]
    guess(throttle, "192.0.2.1", "another").over()
    for one in crowd:
        one.over()
    assert throttle._under_way == {}


def test_a_guess_in_many_documents_fails_once_and_ends_with_the_last() -> None:
    throttle = Throttle(StandingClock(), failures=2, window=60)
    one = guess(throttle, "192.0.2.1", outcomes=3)
    for _ in range(2):
        one.wrong()
        one.over()
    with pytest.raises(Problem, match="too-many-requests"):
        guess(throttle, "192.0.2.1", "another")
    one.over()
    guess(throttle, "192.0.2.1", "another")


def test_another_address_does_not_wait() -> None:
    throttle = Throttle(StandingClock(), failures=1, window=60)
    fail(throttle, "192.0.2.1")
    guess(throttle, "192.0.2.2")


@pytest.mark.threat("F1", role="cssm")
def test_the_addresses_of_one_network_of_ipv6_wait_together() -> None:
    throttle = Throttle(StandingClock(), failures=2, window=60)
    fail(throttle, "2001:db8::1")
    fail(throttle, "2001:db8::ffff:1:2:3")
    with pytest.raises(Problem, match="too-many-requests"):
        guess(throttle, "2001:db8::2")
    guess(throttle, "2001:db8:0:1::2")


def test_an_address_of_ipv4_is_the_same_however_it_is_written() -> None:
    throttle = Throttle(StandingClock(), failures=1, window=60)
    fail(throttle, "::ffff:192.0.2.1")
    guess(throttle, "::ffff:192.0.2.2")
    with pytest.raises(Problem, match="too-many-requests"):
        guess(throttle, "192.0.2.1")


def test_a_failure_is_forgotten_after_the_window() -> None:
    clock = StandingClock()
    throttle = Throttle(clock, failures=1, window=60)
    fail(throttle, "192.0.2.1")
    clock.go_on(60)
    guess(throttle, "192.0.2.1")


def test_many_addresses_take_bounded_memory() -> None:
    throttle = Throttle(StandingClock(), failures=1, window=60)
    for number in range(10_050):
        fail(throttle, str(number))
        guess(throttle, f"never failed {number}").over()
    assert len(throttle._seen) == 10_000
    assert throttle._under_way == {}
