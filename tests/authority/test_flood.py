"""A trusted device that floods: it is refused by name, and the others are served."""

import pytest

from gauger.authority.flood import WINDOW, DeviceBudgets
from gauger.authority.service import AuthoritySettings
from gauger.core.authority.commands import Pipe, ReceiveReport
from gauger.core.authority.outcomes import ReportOutcome, Verdict
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from tests.support.builders import ACCOUNT, DAY, NOW, TAG, UDI, Bench, ManualClock, a_device

LIMIT = 20


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the portal of this test judge few documents of a device in a minute."""

    def settings(*, build_date: int) -> AuthoritySettings:
        return AuthoritySettings(build_date=build_date, device_documents=LIMIT)

    monkeypatch.setattr("tests.support.builders.AuthoritySettings", settings)


def refusal(budgets: DeviceBudgets, udi: Udi = UDI) -> Problem | None:
    try:
        budgets.spend(udi, Pipe.SMART)
    except Problem as problem:
        return problem
    return None


@pytest.mark.threat("A24", role="cssm")
def test_ten_thousand_a_minute_are_six_thousand_and_named_refusals() -> None:
    clock = ManualClock()
    budgets = DeviceBudgets(clock, AuthoritySettings().device_documents)
    found = [refusal(budgets) for _ in range(10_000)]
    refused = [one for one in found if one is not None]

    assert (len(refused), {one.code for one in refused}) == (4000, {"too-many-requests"})
    assert refused[0].diagnostics["retry_after"] == str(WINDOW + 1)
    assert refusal(budgets, Udi("C9800-CL-K9", "GGR0002")) is None
    clock.now += WINDOW
    assert refusal(budgets) is None


def test_memory_is_bounded_however_many_devices_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gauger.authority.flood._MOST_DEVICES", 3)
    budgets = DeviceBudgets(ManualClock(), 1)
    for number in range(9):
        assert refusal(budgets, Udi("C9800-CL-K9", f"GGR{number}")) is None
    assert len(budgets._counted) == 3


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
