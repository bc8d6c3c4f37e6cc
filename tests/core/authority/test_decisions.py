"""What the pure decisions say at their edges."""

from dataclasses import replace

import pytest

from gauger.core.authority.claims import Chain, Held, read_claims
from gauger.core.authority.entitlement import Purchased, balance_of
from gauger.core.authority.facts import InstanceFacts, ReportFacts
from gauger.core.authority.judgement import Circumstances, describe_time, judge, judge_content
from gauger.core.authority.outcomes import AnswerBundle, Verdict
from gauger.core.authority.ownership import Cause, Claim, Ownership, settle
from gauger.core.documents.rum_report import read_report
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import digest
from gauger.core.problems import Problem
from tests.core.authority.claimed import CLAIMS
from tests.support.builders import (
    ACCOUNT,
    DAY,
    ELSEWHERE,
    NOW,
    OTHER_ACCOUNT,
    UDI,
    Factory,
    a_device,
    a_factory,
    signer_certificate,
)

GIVEN = Circumstances(now=NOW, build_date=NOW - DAY, uploaded_to=ACCOUNT)


def test_a_report_without_a_chain_is_malformed() -> None:
    judgement = judge_content(
        replace(CLAIMS, chain=None), ReportFacts(), GIVEN, Ownership(account=ACCOUNT)
    )

    assert (judgement.verdict, judgement.code) == (Verdict.REJECTED, "malformed")


@pytest.mark.threat("A16", role="cssm")
@pytest.mark.parametrize(("ahead", "verdict"), [(3600, Verdict.ACCEPTED), (3601, Verdict.DEFERRED)])
def test_an_hour_ahead_is_tolerated(ahead: int, verdict: Verdict) -> None:
    chain = Chain(incarnation="11" * 16, boot="22" * 16, previous=None, closed_at=NOW + ahead)

    assert judge(replace(CLAIMS, chain=chain), ReportFacts(), GIVEN).verdict is verdict


def test_claims_tell_when_they_begin_and_end() -> None:
    relative = replace(CLAIMS, absolute=(), relative=CLAIMS.absolute)

    assert (CLAIMS.observed_from, CLAIMS.observed_until) == (NOW - 900, NOW)
    assert (relative.observed_from, relative.observed_until) == (None, None)


def test_a_vendors_measurement_without_length_claims_nothing() -> None:
    item = a_device().report(((NOW - 900, NOW, 1),))
    payload = read_report(item).payload
    broken = replace(payload.measurements[0], end=NOW - 901)
    report = replace(read_report(item), payload=replace(payload, measurements=(broken,), meta=None))
    claims = read_claims(report, None)

    assert (claims.absolute, claims.chain, claims.held) == ((), None, Held())


@pytest.mark.parametrize(
    ("instance", "claim", "expected"),
    [
        (None, Claim(account=ACCOUNT), Ownership(account=ACCOUNT, cause=Cause.DOCUMENT)),
        (
            None,
            Claim(uploaded_to=ACCOUNT),
            Ownership(account=ACCOUNT, provisional=True, cause=Cause.UPLOAD),
        ),
        (InstanceFacts(udi=UDI, account=ACCOUNT), Claim(), Ownership(account=ACCOUNT)),
        (
            InstanceFacts(udi=UDI, account=ACCOUNT, provisional=True),
            Claim(account=OTHER_ACCOUNT),
            Ownership(account=OTHER_ACCOUNT, cause=Cause.DOCUMENT),
        ),
        (
            InstanceFacts(udi=UDI, account=ACCOUNT),
            Claim(account=OTHER_ACCOUNT, was_there=True),
            Ownership(account=ACCOUNT),
        ),
    ],
)
def test_whose_it_is(instance: InstanceFacts | None, claim: Claim, expected: Ownership) -> None:
    assert settle(UDI, instance, claim) == expected


@pytest.mark.parametrize(
    ("account", "claim", "code"),
    [
        (None, Claim(), "no-account"),
        (ACCOUNT, Claim(account=ELSEWHERE), "belongs-elsewhere"),
        (ACCOUNT, Claim(uploaded_to=ELSEWHERE), "belongs-elsewhere"),
        (None, Claim(account=ACCOUNT, uploaded_to=ELSEWHERE), "belongs-elsewhere"),
    ],
)
def test_whose_it_is_not(account: None, claim: Claim, code: str) -> None:
    with pytest.raises(Problem) as caught:
        settle(UDI, InstanceFacts(udi=UDI, account=account), claim)
    assert caught.value.code == code


def test_a_balance_counts_what_is_in_term() -> None:
    lines = [
        Purchased(quantity=1, start=NOW, end=None),
        Purchased(quantity=2, start=NOW - 10, end=NOW),
        Purchased(quantity=4, start=NOW + 1, end=None),
        Purchased(quantity=8, start=NOW - 10, end=NOW + 1),
    ]

    assert balance_of(lines, in_use=12, now=NOW).balance == -3


def test_an_answer_has_its_documents_in_order() -> None:
    one = a_factory().root_sets[0]
    bundle = AnswerBundle(
        udi=UDI,
        answers=digest(b""),
        root_sets=(one,),
        acknowledgments=(one, one),
        companions=(one,),
    )

    assert len(bundle.documents) == 4


def trusting(factory: Factory) -> TrustStore:
    store = TrustStore().pin(factory.root_sets[0])
    for document in factory.root_sets[1:]:
        store = store.advance(document)
    return store


@pytest.mark.parametrize(
    ("name", "instant", "code"),
    [
        ("portal", NOW, "key-revoked"),
        ("thief", NOW, "unknown-key"),
        ("next", NOW + 11 * 365 * DAY, "root-expired"),
        ("short", NOW + 10 * 365 * DAY, "signer-expired"),
    ],
)
def test_a_signer_that_nobody_would_believe_is_named(name: str, instant: int, code: str) -> None:
    trust = trusting(a_factory().following(signers=("next", "short"), revoked=("portal",)))
    with pytest.raises(Problem) as caught:
        trust.require_signer((signer_certificate(name),), ledger="1d" * 16, now=instant)
    assert caught.value.code == code


def test_a_listed_signer_is_believed_and_nobody_without_a_root_set() -> None:
    chain = (signer_certificate("portal"),)
    trusting(a_factory()).require_signer(chain, ledger="1d" * 16, now=NOW)

    with pytest.raises(Problem, match="No root set"):
        TrustStore().require_signer(chain, ledger="1d" * 16, now=NOW)


@pytest.mark.threat("H5", role="cssm")
@pytest.mark.parametrize("instant", [-1, -62_135_596_801, 253_402_300_800, 2**63])
def test_a_time_of_no_calendar_is_shown_as_it_is(instant: int) -> None:
    assert describe_time(instant) == f"second {instant} of 1970"


@pytest.mark.threat("H5", role="cssm")
def test_times_are_shown_up_to_the_year_9999() -> None:
    assert describe_time(0) == "1970-01-01 00:00:00 UTC"
    assert describe_time(2**31) == "2038-01-19 03:14:08 UTC"
    assert describe_time(253_402_300_799) == "9999-12-31 23:59:59 UTC"
