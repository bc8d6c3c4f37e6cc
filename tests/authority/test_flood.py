"""A trusted device that floods: it is refused by name, and the others are served."""

import pytest

from gauger.authority.flood import DeviceBudgets
from gauger.authority.service import AuthoritySettings
from gauger.core.authority.commands import Pipe, ReceiveReport
from gauger.core.authority.outcomes import ReportOutcome, Verdict
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from tests.support.builders import ACCOUNT, DAY, NOW, TAG, UDI, Bench, ManualClock, a_device

LIMIT = 20
WINDOW = 10  # seconds until an empty bucket is full, at six times the limit in a minute


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the portal of this test judge few documents of a device in a minute."""

    def settings(*, build_date: int) -> AuthoritySettings:
        return AuthoritySettings(
            build_date=build_date, device_documents=6 * LIMIT, device_burst=LIMIT
        )

    monkeypatch.setattr("tests.support.builders.AuthoritySettings", settings)


def refusal(budgets: DeviceBudgets, udi: Udi = UDI, documents: int = 1) -> Problem | None:
    try:
        budgets.spend(udi, documents)
    except Problem as problem:
        return problem
    return None


def usual(clock: ManualClock) -> DeviceBudgets:
    settings = AuthoritySettings()
    return DeviceBudgets(clock, settings.device_documents, settings.device_burst)


@pytest.mark.threat("A24", role="cssm")
def test_of_ten_thousand_in_a_minute_most_are_refused_by_name() -> None:
    clock = ManualClock()
    budgets, began = usual(clock), clock.now
    refused = []
    for number in range(10_000):
        clock.now = began + number * 60 // 10_000
        refused.append(refusal(budgets))
    named = [one for one in refused if one is not None]

    assert 10_000 - len(named) == 120 + 59 * 10
    assert {one.code for one in named} == {"too-many-requests"}
    assert {one.diagnostics["retry_after"] for one in named} == {"12"}
    assert refusal(budgets, Udi("C9800-CL-K9", "GGR0002")) is None


@pytest.mark.threat("A24", role="cssm")
def test_who_comes_back_as_told_is_judged_as_at_first() -> None:
    clock = ManualClock()
    budgets = usual(clock)
    for _ in range(3):
        found = [refusal(budgets) for _ in range(121)]
        assert [one is None for one in found] == [True] * 120 + [False]
        clock.now += int(found[-1].diagnostics["retry_after"]) if found[-1] else 0


def test_a_message_larger_than_any_bucket_passes_and_is_waited_for() -> None:
    clock = ManualClock()
    budgets = usual(clock)
    for _ in range(5):
        assert refusal(budgets, documents=500) is None
        for documents in (500, 1):
            refused = refusal(budgets, documents=documents)
            assert refused is not None
            assert refused.diagnostics["retry_after"] == "50"
        clock.now += 50
    assert refusal(budgets, documents=10**6) is None
    clock.now += 3600
    assert refusal(budgets, documents=500) is None


@pytest.mark.usefixtures("few")
def test_a_message_is_judged_as_a_whole_or_not_at_all(portal: Bench) -> None:
    device, other = a_device(), a_device("GGR0002", incarnation="33" * 16)
    spans = [((NOW + n, NOW + n + 1, 1),) for n in range(3 * LIMIT)]
    first, second = device.report(), [_online(device.report(span)) for span in spans]
    portal.authority.enqueue(_online(first)).result()
    message = [*second, _online(other.report())]

    *own, another = portal.authority.enqueue_all(message)
    assert {getattr(one.exception(), "code", None) for one in own} == {"too-many-requests"}
    assert another.exception() is None
    portal.clock.now += WINDOW
    # The identical message, as a device sends it again: none of it uses up what the rest needs.
    assert [one.exception() for one in portal.authority.enqueue_all(message)] == [None] * 61


def test_a_clock_that_went_back_locks_nobody_out() -> None:
    clock = ManualClock()
    budgets = usual(clock)
    while refusal(budgets) is None:
        pass
    clock.now -= DAY
    assert refusal(budgets) is None


def test_memory_is_bounded_however_many_devices_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gauger.authority.flood._MOST_DEVICES", 3)
    budgets = DeviceBudgets(ManualClock(), 1, 1)
    for number in range(9):
        assert refusal(budgets, Udi("C9800-CL-K9", f"GGR{number}")) is None
    assert len(budgets._full_at) == 3


@pytest.mark.threat("A24", role="cssm")
@pytest.mark.usefixtures("few")
def test_a_flood_is_refused_and_audited_and_others_are_served(portal: Bench) -> None:
    flooder, other = a_device(), a_device("GGR0002", incarnation="33" * 16)
    portal.report(flooder.report())
    portal.report(other.report())
    sent = [flooder.report(((NOW + n, NOW + n + 1, 1),)) for n in range(3 * LIMIT)]
    waiting = [portal.authority.enqueue(_online(item)) for item in sent]
    refused = [one for one in waiting if one.exception() is not None]
    assert len(refused) == 2 * LIMIT
    assert portal.report(other.report(((NOW, NOW + 9, 1),))).verdict is Verdict.ACCEPTED

    reader = portal.authority.reader()
    audited = [row for row in reader.events() if "too-many-requests" in row.detail]
    reader.close()
    assert len(audited) == 2 * LIMIT


@pytest.mark.threat("A24", role="cssm")
@pytest.mark.usefixtures("few")
def test_what_was_refused_is_taken_later_and_counts(portal: Bench) -> None:
    device = a_device(account=ACCOUNT)
    portal.report(device.report())
    sent = [device.report(((NOW + n, NOW + n + 1, 1),)) for n in range(LIMIT + 5)]
    for item in sent:
        portal.authority.enqueue(_online(item)).exception()
    portal.clock.now += WINDOW
    for item in sent[LIMIT:]:
        outcome = portal.authority.enqueue(_online(item)).result()
        assert isinstance(outcome, ReportOutcome)
        assert outcome.verdict is Verdict.ACCEPTED

    assert portal.balance() == {TAG: (0, 1, 0)}


@pytest.mark.usefixtures("few")
def test_a_file_of_a_long_absence_is_no_flood(portal: Bench) -> None:
    device = a_device()
    items = [device.report(((NOW - DAY + n, NOW - DAY + n + 1, 1),)) for n in range(3 * LIMIT)]

    assert {portal.report(item).verdict for item in items} == {Verdict.ACCEPTED}


def _online(item: str) -> ReceiveReport:
    return ReceiveReport(item=item, pipe=Pipe.SMART, uploaded_to=None)
