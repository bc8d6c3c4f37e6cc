"""Of one kind of message at most one an hour is told, and none is lost silently."""

import re
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gauger.core.instance.repeats import HOUR, Repeats
from gauger.core.messages import KINDS, SystemMessage

FAILED = SystemMessage(at=0, kind=KINDS["SMART_LIC-3-COMM_FAILED"], text="first")
RESTORED = SystemMessage(at=0, kind=KINDS["SMART_LIC-5-COMM_RESTORED"], text="again")


def test_the_first_of_each_kind_is_told_at_once() -> None:
    repeats = Repeats()
    assert repeats.admit(FAILED, 0.0)
    assert repeats.admit(RESTORED, 1.0)
    assert not repeats.admit(FAILED, 2.0)


def test_the_last_that_was_held_back_is_told_after_the_hour_with_their_number() -> None:
    repeats = Repeats()
    repeats.admit(FAILED, 0.0)
    for number in range(3):
        assert not repeats.admit(replace(FAILED, text=f"no. {number}"), 1.0 + number)
    assert list(repeats.due(HOUR - 1)) == []
    (told,) = repeats.due(HOUR)
    assert told.text == "no. 2 (the last of 3 within an hour)"
    assert list(repeats.due(3 * HOUR)) == []


def test_one_alone_is_told_in_its_own_words() -> None:
    repeats = Repeats()
    repeats.admit(FAILED, 0.0)
    repeats.admit(replace(FAILED, text="once more"), 1.0)
    assert [message.text for message in repeats.due(HOUR)] == ["once more"]


def test_what_was_told_late_opens_an_hour_of_its_own() -> None:
    repeats = Repeats()
    repeats.admit(FAILED, 0.0)
    repeats.admit(FAILED, 1.0)
    list(repeats.due(HOUR))
    assert not repeats.admit(FAILED, HOUR + 1)
    assert len(list(repeats.due(2 * HOUR))) == 1


def test_a_state_that_changed_is_no_repeat() -> None:
    repeats = Repeats()
    state = replace(FAILED, kind=KINDS["SMART_LIC-6-EXPORT_CONTROLLED"], text="may not")
    assert repeats.admit(state, 0.0)
    assert repeats.admit(replace(state, text="may"), 1.0)
    assert not repeats.admit(state, 2.0)


def test_a_quiet_hour_ends_without_a_word() -> None:
    repeats = Repeats()
    repeats.admit(FAILED, 0.0)
    assert list(repeats.due(HOUR)) == []
    assert repeats.admit(FAILED, HOUR)


def test_the_rest_is_told_at_the_end_and_everything_begins_anew() -> None:
    repeats = Repeats()
    repeats.admit(FAILED, 0.0)
    repeats.admit(FAILED, 1.0)
    repeats.admit(RESTORED, 1.0)
    assert [message.kind for message in repeats.rest()] == [FAILED.kind]
    assert repeats.admit(FAILED, 2.0)


def counted(late: SystemMessage) -> int:
    """Return how many messages a late one stands for."""
    found = re.search(r"the last of (\d+)", late.text)
    return int(found[1]) if found else 1


@given(st.lists(st.tuples(st.sampled_from([FAILED, RESTORED]), st.floats(0, 3 * HOUR))))
def test_never_two_within_an_hour_and_none_is_lost(
    came: list[tuple[SystemMessage, float]],
) -> None:
    repeats, now, late = Repeats(), 0.0, list[SystemMessage]()
    told: list[tuple[float, SystemMessage]] = []
    for message, later in came:
        now += later
        late += (due := list(repeats.due(now)))
        told += [(now, item) for item in due]
        if repeats.admit(message, now):
            told.append((now, message))
    for kind in (FAILED.kind, RESTORED.kind):
        times = [at for at, message in told if message.kind is kind]
        assert all(second - first >= HOUR for first, second in pairwise(times))
    at_once = len(told) - len(late)
    assert at_once + sum(map(counted, [*late, *repeats.rest()])) == len(came)
