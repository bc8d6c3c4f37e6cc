"""Each promise about authorization codes is broken on purpose, and the checks find it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest

from gauger.authority import authorizations, shown_codes
from gauger.authority.books import Draft as PageDraft
from gauger.core.authority.authorization import PoolFacts
from gauger.core.documents.authorization_code import AuthorizedLicence
from gauger.core.documents.authorization_request import WantedLicence
from gauger.core.identity import Udi
from gauger.instance.authorization_orders import AuthorizationOrders
from gauger.instance.authorizing import Authorizing
from gauger.instance.holdings import Holdings
from gauger.instance.looking_back import LookingBack
from gauger.instance.memory import Draft
from gauger.instance.meter import Meter
from gauger.simulator.breach import Breach
from gauger.simulator.codes import Codes
from gauger.simulator.plan import DAY, PORTAL, Act, What
from gauger.simulator.readings import Answer, Code
from gauger.simulator.simulate import Course, Simulator, Terms
from tests.simulator.test_promises import spoil

HOUR = 3600
BY_WIRE = 48
"""Value of an act that asks for one of the first licence, over the wire alone."""

TWO = 4
CARELESS = 1
BY_FILE = 2
USE = Act(1000, 0, What.USE, 3)
ASK = Act(DAY, 0, What.ASK, BY_WIRE)
WORK = Act(DAY + HOUR, 0, What.USE_LOCKED, 2)
SYNC = Act(2 * DAY, 0, What.SYNC)
BACK = Act(3 * DAY, 0, What.GIVE_BACK)
LATER = Act(4 * DAY, 0, What.SYNC)


def live(machine: Simulator, *acts: Act, instances: int = 1) -> Course:
    return machine.run(Terms(seed=1, instances=instances, days=6), acts)


def broken(machine: Simulator, *acts: Act, instances: int = 1) -> str:
    return live(machine, *acts, instances=instances).breach or ""


def test_a_code_is_asked_for_used_and_given_back(machine: Simulator) -> None:
    by_file = Act(5 * DAY, 0, What.ASK, 0), Act(5 * DAY + HOUR, 0, What.GIVE_BACK, BY_FILE)
    entitled = Act(5 * DAY + 60, PORTAL, What.ENTITLE, 2 * 2 * 7)
    course = live(machine, USE, ASK, WORK, SYNC, BACK, LATER, *by_file, entitled)
    assert course.breach is None
    assert not any("upload" in line or "entitlement" in line for line in course.story)


@pytest.mark.parametrize(
    ("promise", "statement"),
    [
        ("P1", "DELETE FROM authorizations"),
        ("P2", "UPDATE authorization_pools SET quantity = quantity + 1"),
        ("P2", "UPDATE authorizations_given SET given = 0"),
        ("P3", "UPDATE authorizations SET state = 'returned'"),
        ("P3", "UPDATE authorizations SET state = 'replaced'"),
        ("P3", "UPDATE authorizations SET misused_at = 1"),
        ("P4", "UPDATE authorizations SET state = 'issued'"),
    ],
)
def test_a_ledger_that_lies_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch, promise: str, statement: str
) -> None:
    # Without its keys the statement says what it says, and nothing of what hangs on it.
    spoil(monkeypatch, statement, after=3 * DAY)
    assert broken(machine, USE, ASK, SYNC, LATER).startswith(promise)


def test_more_than_there_is_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def grant(
        wanted: tuple[WantedLicence, ...], pools: Mapping[str, PoolFacts], *_: object
    ) -> tuple[AuthorizedLicence, ...]:
        return tuple(
            AuthorizedLicence(tag=one.tag, name="all", count=one.count, term=pools[one.tag].term)
            for one in wanted
        )

    monkeypatch.setattr(authorizations, "grant", grant)
    other = Act(DAY, 2, What.ASK, BY_WIRE + TWO)
    first = Act(DAY, 0, What.ASK, BY_WIRE + TWO)
    assert broken(machine, first, other, instances=3).startswith(
        "P2: example.com/DEFAULT has given"
    )


CODE: Final = Code("PID:P,SN:S", "here", "first", 1, "asked", {}, "0000")


def test_a_code_that_comes_back_is_found_out(machine: Simulator) -> None:
    # The wire is cut: the code comes by a file, which lies about afterwards.
    by_file = Act(DAY - 60, 0, What.CUT, HOUR), Act(DAY, 0, What.ASK)
    assert live(machine, *by_file, BACK, Act(4 * DAY, 0, What.AGAIN)).breach is None
    # Two rules keep it out, version and epoch; so it is only shown that the model would see it.
    codes, udi = Codes(), Udi("P", "S")
    codes.answered(Answer(codes=[CODE]))
    codes.looked("machine", udi, "0000")
    codes.looked("machine", udi, None)
    with pytest.raises(Breach, match="P4"):
        codes.looked("machine", udi, "0000")


def test_a_code_that_stays_after_its_return_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_back = Authorizing.give_back

    def keep(self: Authorizing, draft: Draft, holdings: Holdings) -> None:
        before = dict(draft.documents)
        give_back(self, draft, holdings)
        draft.documents.update(before)

    monkeypatch.setattr(Authorizing, "give_back", keep)
    assert broken(machine, ASK, BACK).startswith("P4")


def test_a_code_that_nobody_issued_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.simulator.promises.read_answer", lambda _: Answer())
    assert broken(machine, ASK).startswith("P3: device 1 holds")


def test_a_second_code_for_one_request_is_found_out() -> None:
    other = replace(CODE, code="second", epoch=2)
    codes = Codes()
    codes.answered(Answer(codes=[CODE, CODE]))
    with pytest.raises(Breach, match="P2"):
        codes.answered(Answer(codes=[other]))


def test_a_feature_that_is_on_without_a_code_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert live(machine, WORK).breach is None
    monkeypatch.setattr(Meter, "_is_allowed", lambda *_: True)
    assert broken(machine, WORK).startswith("P9")


def test_a_feature_that_is_off_with_a_code_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Meter, "authorize", lambda *_: None)
    assert broken(machine, ASK, WORK).startswith("P9")


def test_a_code_that_goes_while_it_is_in_use_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    careless = Act(3 * DAY, 0, What.GIVE_BACK, CARELESS)
    assert live(machine, ASK, WORK, careless).breach is None
    monkeypatch.setattr(AuthorizationOrders, "_require_idle", lambda _: None)
    assert broken(machine, ASK, WORK, careless).startswith("P2: device 1 gave back")


def test_a_return_that_is_acknowledged_and_not_credited_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authorizations, "_take_back", lambda *_, **__: None)
    assert broken(machine, ASK, BACK).startswith("P1")


def test_a_return_that_never_leaves_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_back = Authorizing.give_back

    def forget(self: Authorizing, draft: Draft, holdings: Holdings) -> None:
        give_back(self, draft, holdings)
        record = replace(draft.singles.authorization, returned=None)
        draft.singles = replace(draft.singles, authorization=record)

    monkeypatch.setattr(Authorizing, "give_back", forget)
    assert broken(machine, ASK, BACK).startswith("P1: device 1 holds epoch -1")


COPIED = (
    *(USE, ASK, SYNC, Act(BACK.at - 60, 0, What.SNAPSHOT), BACK),
    *(Act(BACK.at + HOUR, 0, What.PUT_BACK_ALL), Act(BACK.at + 2 * HOUR, 0, What.USE, 5), LATER),
)


def test_a_copy_that_uses_what_was_given_back_is_noticed(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert live(machine, *COPIED).breach is None
    monkeypatch.setattr(shown_codes, "misuses", lambda *_: False)
    assert broken(machine, *COPIED).startswith("P13")


LATE = (
    *(Act(DAY // 2, 0, What.USE, 8), ASK, Act(DAY + 9 * HOUR, 0, What.CRASH, 6000)),
    *(Act(BACK.at - 60, 0, What.LOSE_REQUEST), BACK),
)


@pytest.mark.threat("B24", role="cssm")
def test_an_honest_device_that_is_accused_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seed 12: a report was signed before the return, and came after it."""
    assert live(machine, *LATE).breach is None

    def never(_draft: PageDraft, *_: object) -> int:
        return 0

    monkeypatch.setattr(shown_codes, "_removed_at", never)
    assert "is said to use" in broken(machine, *LATE)


FORGOTTEN = (
    *(USE, ASK, Act(BACK.at - HOUR, PORTAL, What.BACK_UP), BACK),
    Act(BACK.at + DAY, PORTAL, What.RESTORE),
)


def test_a_return_that_a_restored_portal_forgot_comes_back(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seed 32: the portal took the code for used for ever, though its return was acknowledged."""
    assert live(machine, *FORGOTTEN).breach is None
    monkeypatch.setattr(LookingBack, "recall_return", lambda *_: None)
    assert broken(machine, *FORGOTTEN).startswith("P1: device 1 holds epoch -1")
