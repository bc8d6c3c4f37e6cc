"""What a report is: its UDI and its payload; and to the second when it is from the future."""

import pytest

from gauger.core.authority.commands import DecideDue, MoveInstance, Pipe
from gauger.core.authority.outcomes import DecisionOutcome, Verdict
from tests.support.builders import ACCOUNT, NOW, OTHER_ACCOUNT, UDI, Bench, a_device


@pytest.mark.requirement("SSM-5")
@pytest.mark.threat("A1", role="cssm")
def test_signed_again_under_another_key_it_is_the_same_report(portal: Bench) -> None:
    device = a_device()
    payload = device.payload(((NOW - 900, NOW, 1),))
    by_sudi = device.sign(payload)
    first = portal.report(by_sudi)
    device.install(portal.trust(device.trust_request(), to=ACCOUNT, pipe=Pipe.FILE))
    under_trust_code = device.sign(payload)
    again = portal.report(under_trust_code)

    assert by_sudi != under_trust_code
    assert (again.verdict, again.digest) == (Verdict.SAME, first.digest)
    assert again.answer == first.answer


@pytest.mark.threat("H2", role="cssm")
@pytest.mark.parametrize("pipe", [Pipe.FILE, Pipe.SMART])
def test_an_hour_ahead_is_taken_and_a_second_more_waits_for_that_second(
    portal: Bench, pipe: Pipe
) -> None:
    device = a_device(account=ACCOUNT)
    at_once = portal.report(device.report(((NOW, NOW + 3600, 1),)), to=None, pipe=pipe)
    later = portal.report(device.report(((NOW + 3600, NOW + 3601, 1),)), to=None, pipe=pipe)
    assert at_once.verdict is Verdict.ACCEPTED
    assert (later.verdict, later.code, later.until) == (Verdict.DEFERRED, "not-yet", NOW + 1)
    assert later.detail.count("UTC") == 2

    too_early = portal.authority.execute(DecideDue())
    portal.clock.now = NOW + 1
    in_time = portal.authority.execute(DecideDue())
    assert isinstance(too_early, DecisionOutcome)
    assert isinstance(in_time, DecisionOutcome)
    assert (too_early.decided, [one.digest for one in in_time.decided]) == ((), [later.digest])


@pytest.mark.threat("F5", role="cssm")
def test_a_former_owner_hands_in_what_the_device_alone_may_say(portal: Bench) -> None:
    device = a_device(account=ACCOUNT)
    portal.report(device.report())
    portal.authority.execute(MoveInstance(udi=UDI, to=OTHER_ACCOUNT, by="operator"))
    report = device.report(((NOW, NOW + 60, 1),))
    handed_in = portal.report(report, to=ACCOUNT)
    reported = portal.report(report, to=None, pipe=Pipe.SMART)

    assert (handed_in.code, handed_in.answer) == ("belongs-elsewhere", None)
    assert (reported.verdict, reported.flags) == (
        Verdict.ACCEPTED,
        ("unknown-entitlement", "former-account"),
    )
    assert all(in_use == 0 for _, in_use, _ in portal.balance(ACCOUNT).values())
