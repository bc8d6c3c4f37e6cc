"""Trust requests: tokens, codes, members, keys."""

from contextlib import closing
from dataclasses import replace

import pytest

from gauger.core.authority.commands import (
    AssignPolicy,
    DepositOrder,
    MoveInstance,
    OrderLine,
    Pipe,
    ReceiveTrustRequest,
    RevokeToken,
)
from gauger.core.authority.outcomes import TrustOutcome, Verdict
from gauger.core.documents.acknowledgment import Acknowledgment
from gauger.core.documents.envelope import read_document
from gauger.core.documents.purchase_info import PurchaseInfo
from gauger.core.documents.rum_payload import HaMember
from gauger.core.documents.trust_code import TrustCode
from gauger.core.identity import Udi, digest
from gauger.core.policy.rules import validate
from gauger.core.problems import Problem
from tests.support.builders import (
    ACCOUNT,
    DAY,
    ELSEWHERE,
    NOW,
    OTHER_ACCOUNT,
    UDI,
    Bench,
    a_device,
    a_key,
)

MEMBER = Udi("C9800-CL-K9", "GGR0002")


def codes(outcome: TrustOutcome) -> list[TrustCode]:
    return [
        TrustCode.from_document(one)
        for one in outcome.answer.companions
        if one.type == TrustCode.TYPE
    ]


@pytest.mark.requirement("SSM-6/trust")
@pytest.mark.requirement("SSM-5")
def test_a_token_brings_trust_and_an_account(portal: Bench) -> None:
    token = portal.token()
    outcome = portal.trust(a_device().trust_request(token=token), token=token)

    assert outcome.verdict is Verdict.ACCEPTED
    (code,) = codes(outcome)
    assert (code.udi, code.generation, code.account) == (UDI, 1, ACCOUNT)
    assert code.key_id == a_key("licensing 1").key_id
    ack = Acknowledgment.from_document(outcome.answer.acknowledgments[0])
    assert [item.type for item in ack.companions] == ["trust-code", "account-info"]


def test_reports_are_signed_under_the_trust_code(portal: Bench) -> None:
    token, device = portal.token(), a_device()
    device.install(portal.trust(device.trust_request(token=token), token=token))
    device.account = ACCOUNT

    assert portal.report(device.report(), to=None).verdict is Verdict.ACCEPTED


def test_the_same_request_gets_the_same_answer_when_its_token_is_gone(portal: Bench) -> None:
    token = portal.token(uses=1)
    request = a_device().trust_request(token=token)
    first = portal.trust(request, token=token)
    portal.clock.now += 365 * DAY
    again = portal.trust(request, token=token)

    assert again.verdict is Verdict.SAME
    assert again.answer == first.answer


@pytest.mark.threat("F2", role="cssm")
@pytest.mark.requirement("SSM-5")
@pytest.mark.parametrize("end", ["expired", "revoked", "used-up", "unknown"])
def test_a_token_that_ended_is_refused(portal: Bench, end: str) -> None:
    token = portal.token(uses=1 if end == "used-up" else None, days=1)
    if end == "used-up":
        portal.trust(a_device("GGR0009").trust_request(token=token, key="other"), token=token)
    if end == "revoked":
        portal.authority.execute(RevokeToken(account=ACCOUNT, token_id=1, by="admin"))
    if end == "expired":
        portal.clock.now += DAY
    token = "nobody's" if end == "unknown" else token
    outcome = portal.trust(
        a_device().trust_request(token=token, made_at=portal.clock.now), token=token
    )

    assert (outcome.verdict, outcome.code) == (Verdict.REJECTED, f"token-{end}")
    reader = portal.authority.reader()
    row = reader.instance(UDI)
    assert row is not None
    assert row.account is None
    reader.close()


@pytest.mark.threat("F2", role="cssm")
def test_of_a_hundred_for_the_last_use_exactly_one_wins(portal: Bench) -> None:
    token = portal.token(uses=1)
    waiting = [
        portal.authority.enqueue(
            ReceiveTrustRequest(
                document=a_device(f"GGR9{n:03}").trust_request(token=token, key=f"key {n}"),
                token_digest=digest(token.encode()),
                pipe=Pipe.SMART,
            )
        )
        for n in range(100)
    ]
    codes_ = [one.result() for one in waiting]

    verdicts = [one.verdict for one in codes_ if isinstance(one, TrustOutcome)]
    assert verdicts.count(Verdict.ACCEPTED) == 1
    assert verdicts.count(Verdict.REJECTED) == 99


def test_the_token_must_be_the_one_that_the_request_names(portal: Bench) -> None:
    token = portal.token()
    outcome = portal.trust(a_device().trust_request(token=token))

    assert outcome.code == "token-unknown"


def test_direct_trust_needs_a_token_once(portal: Bench) -> None:
    device = a_device()
    refused = portal.trust(device.trust_request())
    token = portal.token()
    portal.trust(device.trust_request(token=token), token=token)
    renewed = portal.trust(device.trust_request(key="licensing 2"))

    assert refused.code == "trust-missing"
    assert renewed.verdict is Verdict.ACCEPTED
    assert codes(renewed)[0].generation == 2


def used(portal: Bench) -> int:
    with closing(portal.authority.reader()) as reader:
        (row,) = reader.tokens(ACCOUNT, now=NOW)
        return row.used


@pytest.mark.threat("B18", role="cssm")
@pytest.mark.threat("H2", role="cssm")
@pytest.mark.parametrize(("minutes", "verdict"), [(59, Verdict.ACCEPTED), (61, Verdict.REJECTED)])
def test_a_clock_over_an_hour_off_is_refused_with_both_times(
    portal: Bench, minutes: int, verdict: Verdict
) -> None:
    token = portal.token()
    for sign in (1, -1):
        device = a_device(f"GGR80{minutes}{sign + 1}")
        request = device.trust_request(
            token=token, made_at=NOW + sign * minutes * 60, key=f"k{sign}"
        )
        outcome = portal.trust(request, token=token)
        assert outcome.verdict is verdict
        if verdict is Verdict.REJECTED:
            assert outcome.code == "clock-skew"
            assert outcome.detail.count("UTC") == 2
            assert not codes(outcome)
    assert used(portal) == (2 if verdict is Verdict.ACCEPTED else 0)
    told = [event.detail.count("UTC") for event in portal.events("trust-request")]
    assert told == [0 if verdict is Verdict.ACCEPTED else 2] * 2


def test_without_a_token_the_clock_is_not_judged(portal: Bench) -> None:
    request = a_device().trust_request(made_at=NOW - 400 * DAY)

    assert portal.trust(request, pipe=Pipe.FILE, to=ACCOUNT).verdict is Verdict.ACCEPTED


def test_a_file_brings_trust_for_the_account_it_is_uploaded_to(portal: Bench) -> None:
    device = a_device()
    portal.report(device.report(), to=ACCOUNT)
    outcome = portal.trust(device.trust_request(), pipe=Pipe.FILE, to=ACCOUNT)
    elsewhere = portal.trust(device.trust_request(), pipe=Pipe.FILE, to=ELSEWHERE)

    assert outcome.verdict is Verdict.ACCEPTED
    assert elsewhere.code == "belongs-elsewhere"
    assert not elsewhere.answer.companions


def test_an_older_request_is_stale(portal: Bench) -> None:
    device = a_device()
    portal.report(device.report())
    older = device.trust_request()
    portal.trust(device.trust_request(), pipe=Pipe.FILE)
    outcome = portal.trust(older, pipe=Pipe.FILE)

    assert (outcome.verdict, outcome.code) == (Verdict.REJECTED, "stale-request")
    assert portal.trust(older, pipe=Pipe.FILE).answer == outcome.answer


@pytest.mark.threat("C8", role="cssm")
def test_two_devices_never_enrol_one_key(portal: Bench) -> None:
    token = portal.token()
    portal.trust(a_device().trust_request(token=token), token=token)
    outcome = portal.trust(a_device("GGR0002").trust_request(token=token), token=token)

    assert (outcome.verdict, outcome.code) == (Verdict.REJECTED, "key-reuse")


@pytest.mark.threat("A26", role="cssm")
def test_a_member_that_the_sender_does_not_represent_is_left_out(portal: Bench) -> None:
    device = a_device()
    portal.report(device.report())
    outcome = portal.trust(device.trust_request(members=(MEMBER,)), pipe=Pipe.FILE)

    assert outcome.verdict is Verdict.ACCEPTED
    assert outcome.flags == ("not-permitted",)
    assert str(MEMBER) in outcome.detail
    assert [code.udi for code in codes(outcome)] == [UDI]
    ack = Acknowledgment.from_document(outcome.answer.acknowledgments[0])
    assert ack.flags == ("not-permitted",)
    (told,) = portal.events("trust-request")
    assert str(MEMBER) in told.detail
    with closing(portal.authority.reader()) as reader:
        assert reader.instance(MEMBER) is None


def test_the_active_asks_for_its_members(portal: Bench) -> None:
    members = (HaMember(role="Active", udi=UDI), HaMember(role="Standby", udi=MEMBER))
    device = a_device(ha=members)
    portal.report(device.report())
    outcome = portal.trust(device.trust_request(members=(MEMBER,)), pipe=Pipe.FILE)
    again = portal.trust(device.trust_request(members=(MEMBER,)), pipe=Pipe.FILE)

    assert {code.udi: code.generation for code in codes(outcome)} == {UDI: 1, MEMBER: 1}
    assert {code.udi: code.generation for code in codes(again)} == {UDI: 2, MEMBER: 2}
    reader = portal.authority.reader()
    row = reader.instance(MEMBER)
    assert row is not None
    assert (row.account, row.provisional) == (ACCOUNT, True)
    reader.close()


@pytest.mark.threat("A26", role="cssm")
def test_a_member_of_another_account_is_left_out(portal: Bench) -> None:
    members = (HaMember(role="Active", udi=UDI), HaMember(role="Standby", udi=MEMBER))
    device = a_device(ha=members)
    portal.report(a_device("GGR0002").report(), to=OTHER_ACCOUNT)
    portal.report(device.report())
    outcome = portal.trust(device.trust_request(members=(MEMBER,)), pipe=Pipe.FILE)

    assert outcome.flags == ("not-permitted",)


@pytest.mark.threat("C2", role="cssm")
def test_an_old_key_holds_until_the_new_one_was_used(portal: Bench) -> None:
    device = a_device()
    portal.report(device.report(((NOW - 9000, NOW - 8000, 1),)))
    device.install(portal.trust(device.trust_request(), pipe=Pipe.FILE))
    portal.report(device.report(((NOW - 8000, NOW - 7000, 1),)))
    old = replace(device, last=dict(device.last), incarnation="55" * 16)
    renewed = portal.trust(device.trust_request(key="licensing 2"), pipe=Pipe.FILE)
    still = portal.report(device.report(((NOW - 7000, NOW - 6000, 1),)))
    device.install(renewed, "licensing 2")
    portal.report(device.report(((NOW - 6000, NOW - 5000, 1),)))
    before = portal.report(old.report(((NOW - 6500, NOW - 6000, 1),)))
    after = portal.report(old.report(((NOW - 5000, NOW - 4000, 1),)))

    assert still.verdict is Verdict.ACCEPTED
    assert before.verdict is Verdict.ACCEPTED
    assert (after.verdict, after.code) == (Verdict.QUARANTINED, "superseded-key")


def test_a_forged_request_gets_no_verdict(portal: Bench) -> None:
    document = read_document(a_device().trust_request())
    other = a_device("GGR0002").trust_request()

    with pytest.raises(Problem) as caught:
        portal.trust(other.replace("GGR0002", "GGR0003"))
    assert caught.value.code in {"wrong-subject", "signature-invalid"}
    assert document.type == "trust-request"


def test_trust_brings_the_policy_that_is_assigned(portal: Bench) -> None:
    policy = validate(name="Monthly", ack_required=True, rules={})
    portal.authority.execute(
        AssignPolicy(smart_account="example.com", virtual_account=None, policy=policy, by="x")
    )
    token = portal.token()
    outcome = portal.trust(a_device().trust_request(token=token), token=token)

    kinds = [document.type for document in outcome.answer.companions]
    assert kinds == ["policy", "trust-code", "account-info"]


@pytest.mark.requirement("SSM-6/account")
def test_purchase_information_follows_a_moved_device(portal: Bench) -> None:
    line = OrderLine(tag="t", name="n", quantity=1, term="perpetual", start=0, end=None)
    portal.authority.execute(
        DepositOrder(account=ACCOUNT, order_number="1", lines=(line,), devices=(UDI,), by="x")
    )
    device = a_device(account=ACCOUNT)
    first = portal.report(device.report(), to=None)
    portal.authority.execute(MoveInstance(udi=UDI, to=OTHER_ACCOUNT, by="x"))
    second = portal.report(device.report(((NOW, NOW + 9, 1),)), to=None)

    assert first.answer is not None
    assert second.answer is not None
    assert [document.type for document in first.answer.companions] == ["purchase-info"]
    assert [document.type for document in second.answer.companions] == [
        "account-info",
        "purchase-info",
    ]
    moved = PurchaseInfo.from_document(second.answer.companions[1])
    assert moved.account == OTHER_ACCOUNT
    assert moved.order > PurchaseInfo.from_document(first.answer.companions[0]).order


def test_a_request_that_is_refused_again_gets_the_same_verdict(portal: Bench) -> None:
    request = a_device().trust_request(token="nobody's")
    first = portal.trust(request, token="nobody's")
    portal.clock.now += DAY
    again = portal.trust(request, token="nobody's")

    assert again.verdict is Verdict.REJECTED
    assert again.answer == first.answer


def test_a_request_that_was_refused_is_judged_anew(portal: Bench) -> None:
    request = a_device().trust_request(token="later")
    refused = portal.trust(request, token="later")
    accepted = portal.trust(request, token=portal.token("later"))

    assert refused.code == "token-unknown"
    assert accepted.verdict is Verdict.ACCEPTED
    assert codes(accepted)
