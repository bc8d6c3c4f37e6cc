"""Devices that fall silent: noticed from policy and last report, told once, ended by a report."""

import time
from collections.abc import Sequence

import pytest

from gauger.authority.views import InstanceRow
from gauger.core.authority.commands import (
    AssignPolicy,
    DepositOrder,
    FindSilent,
    MoveInstance,
    OrderLine,
)
from gauger.core.authority.outcomes import SweepOutcome
from gauger.core.policy.rules import Group, Rule, validate
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.builders import (
    ACCOUNT,
    DAY,
    NOW,
    OTHER_ACCOUNT,
    TAG,
    UDI,
    Bench,
    Device,
    a_device,
)

LATE = 91 * DAY
"""The default policy asks for a report each 90 days; a day of grace comes on top."""


def sweep(portal: Bench) -> None:
    after: int | None = 0
    while after is not None:
        outcome = portal.authority.execute(FindSilent(after=after))
        assert isinstance(outcome, SweepOutcome)
        after = outcome.following


def silent(portal: Bench) -> Sequence[InstanceRow]:
    reader = portal.authority.reader()
    try:
        return reader.instances(ACCOUNT, silent=True)
    finally:
        reader.close()


def fallen_silent(portal: Bench) -> Device:
    """Have a device report once, and look long after."""
    device = a_device()
    portal.report(device.report())
    portal.clock.now = NOW + LATE
    sweep(portal)
    return device


def assign(portal: Bench, *, ack_required: bool = True, **days: int) -> None:
    rules = {Group(name): Rule(30, frequency, 30) for name, frequency in days.items()}
    policy = validate(name="Ours", ack_required=ack_required, rules=rules)
    portal.authority.execute(
        AssignPolicy(smart_account=None, virtual_account=None, policy=policy, by="ann")
    )


def buy(portal: Bench, term: str) -> None:
    end = None if term == "perpetual" else NOW + 999 * DAY
    line = OrderLine(tag=TAG, name="N", quantity=1, term=term, start=NOW, end=end)
    portal.authority.execute(
        DepositOrder(account=ACCOUNT, order_number="1", lines=(line,), devices=(UDI,), by="x")
    )


@pytest.mark.threat("A22", role="cssm")
@pytest.mark.parametrize(("wait", "count"), [(LATE - 1, 0), (LATE, 1)])
def test_a_device_that_falls_silent_is_an_alert_of_its_account(
    portal: Bench, wait: int, count: int
) -> None:
    portal.report(a_device().report())
    portal.clock.now = NOW + wait
    sweep(portal)

    assert len(portal.events("instance-silent")) == len(silent(portal)) == count
    for event, row in zip(portal.events("instance-silent"), silent(portal), strict=True):
        assert (event.subject, event.account, event.by) == (str(UDI), ACCOUNT, None)
        assert (row.udi, row.last_report_at, row.silent_since) == (UDI, NOW, NOW + wait)


@pytest.mark.threat("A22", role="cssm")
def test_it_is_told_once_and_the_ledger_stays_whole(portal: Bench) -> None:
    fallen_silent(portal)
    portal.clock.now += LATE
    sweep(portal)

    assert len(portal.events("instance-silent")) == 1
    assert examine_ledger(portal.path).is_whole


@pytest.mark.threat("A22", role="cssm")
def test_its_next_report_ends_the_alert_and_the_next_silence_is_told_anew(portal: Bench) -> None:
    device = fallen_silent(portal)
    late = portal.clock.now
    portal.report(device.report(((late - 9, late, 1),)))
    assert not silent(portal)
    (heard,) = portal.events("instance-heard")
    assert (heard.subject, heard.account, heard.by) == (str(UDI), ACCOUNT, None)

    portal.clock.now += LATE
    sweep(portal)
    assert len(portal.events("instance-silent")) == 2
    assert examine_ledger(portal.path).is_whole


def test_a_replay_and_a_rejected_report_end_no_silence(portal: Bench) -> None:
    device = a_device()
    first = device.report()
    portal.report(first)
    portal.clock.now = NOW + LATE
    sweep(portal)
    portal.report(first)

    assert len(silent(portal)) == 1
    assert not portal.events("instance-heard")


@pytest.mark.threat("A22", role="cssm")
def test_the_authority_looks_by_itself(portal: Bench) -> None:
    portal.report(a_device().report())
    portal.clock.now = NOW + LATE
    deadline = time.monotonic() + 20
    while not portal.events("instance-silent") and time.monotonic() < deadline:
        time.sleep(0.05)

    assert len(portal.events("instance-silent")) == 1


@pytest.mark.parametrize(
    ("term", "wait", "count"),
    [("perpetual", 3650 * DAY, 0), ("subscription", LATE, 1), ("subscription", LATE - 1, 0)],
)
def test_the_terms_of_orders_say_what_the_policy_asks(
    portal: Bench, term: str, wait: int, count: int
) -> None:
    buy(portal, term)
    portal.report(a_device().report())
    portal.clock.now = NOW + wait
    sweep(portal)

    assert len(portal.events("instance-silent")) == count


@pytest.mark.parametrize("ack_required", [True, False])
def test_a_policy_that_wants_no_ack_expects_no_report(portal: Bench, *, ack_required: bool) -> None:
    assign(portal, ack_required=ack_required, subscription=10)
    portal.report(a_device().report())
    portal.clock.now = NOW + 11 * DAY
    sweep(portal)

    assert len(portal.events("instance-silent")) == ack_required


def test_a_stricter_policy_makes_nobody_late_at_once(portal: Bench) -> None:
    portal.report(a_device().report())
    portal.clock.now = NOW + 50 * DAY
    assign(portal, subscription=10)
    sweep(portal)
    assert not portal.events("instance-silent")

    portal.clock.now += 11 * DAY
    sweep(portal)
    assert len(portal.events("instance-silent")) == 1


def test_a_device_that_uses_nothing_owes_nothing(portal: Bench) -> None:
    portal.report(a_device().report(((NOW - 900, NOW, 0),)))
    portal.clock.now = NOW + LATE
    sweep(portal)

    assert not portal.events("instance-silent")


@pytest.mark.threat("F5", role="cssm")
def test_who_owns_the_device_by_then_is_told(portal: Bench) -> None:
    portal.report(a_device().report())
    portal.authority.execute(MoveInstance(udi=UDI, to=OTHER_ACCOUNT, by="ann"))
    portal.clock.now = NOW + LATE
    sweep(portal)

    assert [event.account for event in portal.events("instance-silent")] == [OTHER_ACCOUNT]
    assert not silent(portal)


def test_a_large_fleet_is_looked_at_part_by_part(
    portal: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.adapters.storage.ledger.lookups._PART", 2)
    for number in range(5):
        portal.report(a_device(f"GGR{number:04}").report())
    portal.clock.now = NOW + LATE
    sweep(portal)

    assert len(portal.events("instance-silent")) == 5
