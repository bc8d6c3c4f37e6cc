"""What an answer installs, and what refuses it whole."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gauger.core.documents.acknowledgment import AnsweredType
from gauger.core.documents.envelope import Document
from gauger.core.documents.root_set import ListedSigner
from gauger.core.documents.verdict import Ruling
from gauger.core.documents.versions import Order
from gauger.core.identity import Digest, Udi
from gauger.core.instance.answers import Known, Note, Pipe, SkipReason, parse, questions
from gauger.core.instance.install import decide
from gauger.core.instance.report_life import ReportInput
from gauger.core.instance.trust import TrustState
from tests.core.documents.material import (
    LEDGER,
    NOW,
    Authority,
    document,
    key,
    refused,
    root_set,
    signed_root,
    signer_certificate,
)
from tests.core.instance.answering import (
    AUTHORITY,
    HOLDING,
    OTHER_LEDGER,
    OURS,
    OWN_KEY,
    REPORT,
    REQUEST,
    SECOND,
    SETTLED,
    THEIRS,
    account_info,
    ack,
    after,
    factory_code,
    policy,
    purchase_info,
    refusal,
    signed,
    took,
    trust_code,
    verdict,
)

ELSEWHERE = Udi("C9800-CL-K9", "GGR0002")


@pytest.mark.requirement("SSM-6/policy")
@pytest.mark.requirement("PI-9/offline")
def test_an_ack_brings_account_policy_trust_and_purchase() -> None:
    parts = (policy(), trust_code(), account_info(), purchase_info())
    plan = took(*parts, ack(REQUEST, *parts), ack(REPORT, *parts), holding=HOLDING)
    assert [item.body.TYPE for item in plan.installs] == [
        "account-info",
        "policy",
        "trust-code",
        "purchase-info",
    ]
    assert {item.digest: item.happened for item in plan.settled} == {
        REPORT: ReportInput.ACKED,
        REQUEST: ReportInput.ACKED,
    }
    assert (plan.account, plan.ledger) == (OURS, LEDGER)
    assert plan.trust.is_established
    assert plan.trust.asked is None
    assert not plan.skipped


@pytest.mark.requirement("PI-9/offline")
def test_a_trust_code_overwrites_the_factory_one() -> None:
    new = replace(HOLDING, trust=TrustState(), known={})
    factory = after(took(factory_code(), holding=new), new)
    assert factory.trust.is_factory
    asking = replace(factory, trust=replace(HOLDING.trust, installed=factory.trust.installed))
    asking = replace(asking, known=HOLDING.known)
    code = trust_code(2)
    plan = took(code, ack(REQUEST, code), holding=asking)
    assert plan.trust.is_established


@pytest.mark.threat("B1", role="instance")
def test_an_old_ack_is_a_no_op() -> None:
    old = (policy(1), ack(REPORT, policy(1), wanted=(SECOND,)))
    held = after(took(*old))
    held = after(took(policy(2), ack(SECOND, policy(2)), holding=held), held)
    plan = took(*old, holding=held)
    assert after(plan, held) == held
    assert {item.reason for item in plan.skipped} == {SkipReason.OLDER, SkipReason.ACKNOWLEDGED}
    assert not plan.wanted


@pytest.mark.threat("B2", role="instance")
def test_an_ack_of_what_was_never_made_here_is_refused() -> None:
    assert refusal(ack(Digest("0" * 64))) == "wrong-request"
    assert refusal(ack(REPORT, answers_type=AnsweredType.TRUST_REQUEST)) == "wrong-request"
    assert refusal(verdict(Ruling.REJECTED, Digest("0" * 64))) == "wrong-request"


@pytest.mark.threat("B3", role="instance")
@pytest.mark.threat("B14", role="instance")
@pytest.mark.parametrize("make", [ack, account_info, trust_code, purchase_info])
def test_what_is_for_another_product_instance_is_refused(make: object) -> None:
    assert callable(make)
    assert refusal(make(udi=ELSEWHERE)) == "wrong-subject"


@pytest.mark.threat("B4", role="instance")
@pytest.mark.threat("D7", role="instance")
@pytest.mark.parametrize("make", [ack, policy, trust_code, purchase_info])
def test_what_is_for_another_account_is_refused(make: object) -> None:
    assert callable(make)
    assert refusal(make(account=THEIRS)) == "wrong-audience"
    assert refusal(make(issuer=OTHER_LEDGER)) == "wrong-audience"


@pytest.mark.threat("B7", role="instance")
def test_parts_of_two_answers_are_refused_whole() -> None:
    one, other = policy(1), policy(2)
    assert refusal(other, ack(REPORT, one)) == "wrong-bundle"
    assert refusal(trust_code(), ack(REPORT, one), one) == "wrong-bundle"
    assert refusal(one, verdict(Ruling.REJECTED)) == "wrong-bundle"
    took(one, other, ack(REPORT, one), ack(SECOND, other))


@pytest.mark.threat("B8", role="instance")
def test_an_ack_offered_as_another_type_is_refused() -> None:
    body = ack(REPORT)
    for kind in ("policy", "trust-code", "account-info"):
        disguised = Document(type=kind, version=1, body=body.body, signature=body.signature)
        assert refusal(disguised) == "wrong-type"
    assert refusal(document("rum-report", b"{}", body.signature)) == "wrong-type"


@pytest.mark.threat("B9", role="instance")
@pytest.mark.threat("D6", role="instance")
def test_a_lower_version_alone_is_refused_and_passed_over_beside_an_ack() -> None:
    held = after(took(policy(5)))
    assert refusal(policy(4), holding=held) == "stale-version"
    plan = took(policy(4), ack(REPORT, policy(4)), holding=held)
    assert [item.reason for item in plan.skipped] == [SkipReason.OLDER]
    assert [item.digest for item in plan.settled] == [REPORT]
    assert plan.marks == held.marks
    assert took(policy(5), holding=held).skipped[0].reason is SkipReason.HELD


@pytest.mark.threat("B10", role="instance")
def test_a_new_root_epoch_stands_above_the_highest_version() -> None:
    stolen = policy(order=Order(1, 1, 2**63 - 1))
    held = after(took(stolen))
    assert refusal(policy(7), holding=held) == "stale-version"
    assert took(policy(order=Order(2, 1, 1)), holding=held).installs


@pytest.mark.parametrize("listed", [False, True])
def test_one_version_with_two_contents_refuses_the_whole_file(*, listed: bool) -> None:
    held = after(took(policy(3, days=30)))
    other = policy(3, days=60)
    parts = (other, ack(REPORT, other)) if listed else (other,)
    assert refusal(*parts, holding=held) == "version-conflict"


@pytest.mark.threat("B11", role="instance")
def test_a_policy_out_of_range_is_refused_and_the_old_one_stays() -> None:
    held = after(took(policy(1)))
    body = policy(2).body.replace(b'"frequency":30', b'"frequency":1000000000')
    assert refusal(document("policy", body, policy(2).signature), holding=held) == (
        "policy-out-of-range"
    )


@pytest.mark.threat("B15", role="instance")
def test_a_superseded_or_revoked_trust_code_is_refused() -> None:
    one, two = trust_code(1), trust_code(2)
    held = after(took(two, ack(REQUEST, two)))
    assert refusal(one, holding=held) == "stale-version"
    assert refusal(factory_code(issuer=OTHER_LEDGER), holding=held) == "stale-version"
    revoking = root_set(number=2, revoked=(OWN_KEY.key_id,))
    fresh = replace(SETTLED, store=SETTLED.store.advance(signed_root(revoking)))
    assert refusal(two, holding=fresh) == "key-revoked"
    assert refusal(two, ack(REQUEST, two), holding=fresh) == "key-revoked"


def test_a_trust_code_for_a_key_that_is_gone_is_passed_over_with_its_ack() -> None:
    code = trust_code(number=71)
    assert refusal(code) == "wrong-request"
    plan = took(code, ack(REQUEST, code))
    assert [item.reason for item in plan.skipped] == [SkipReason.KEY_GONE]
    assert plan.trust.installed is None
    assert plan.trust.asked is None


def test_a_trust_code_of_an_earlier_request_leaves_the_later_one_waiting() -> None:
    later = replace(HOLDING.trust.asked, key_id=key(72).key_id) if HOLDING.trust.asked else None
    holding = replace(SETTLED, trust=TrustState(counter=2, asked=later))
    plan = took(trust_code(), holding=holding)
    assert plan.trust.is_established
    assert plan.trust.asked == later


@pytest.mark.parametrize(
    ("ruling", "happened", "waits"),
    [
        (Ruling.DEFERRED, ReportInput.DEFERRED, True),
        (Ruling.QUARANTINED, ReportInput.QUARANTINED, True),
        (Ruling.REJECTED, ReportInput.REJECTED, False),
    ],
)
def test_a_verdict_is_told_of_its_document(
    *, ruling: Ruling, happened: ReportInput, waits: bool
) -> None:
    plan = took(verdict(ruling), verdict(ruling, REQUEST))
    assert {item.happened for item in plan.settled} == {happened}
    assert (plan.trust.asked is not None) == waits


def test_an_ack_is_the_last_word_and_an_older_verdict_is_passed_over() -> None:
    answers = [verdict(Ruling.QUARANTINED), ack(REPORT), verdict(Ruling.DEFERRED, SECOND)]
    for order in permutations(answers):
        plan = took(*order)
        assert [item.happened for item in plan.settled if item.digest == REPORT] == [
            ReportInput.QUARANTINED,
            ReportInput.ACKED,
        ]
    held = after(took(*answers))
    plan = took(
        verdict(Ruling.REJECTED),
        verdict(Ruling.REJECTED, SECOND, issued_at=NOW - 1),
        holding=held,
    )
    assert [item.reason for item in plan.skipped] == [SkipReason.OLDER, SkipReason.ACKNOWLEDGED]
    assert not plan.settled
    known = Known(type=AnsweredType.RUM_REPORT, answered_at=NOW + 5)
    late = replace(SETTLED, known={REPORT: known})
    assert took(ack(REPORT), holding=late).settled


def test_wanted_reports_are_handed_on() -> None:
    plan = took(ack(REPORT, wanted=(SECOND,)))
    assert plan.wanted == {SECOND}
    assert plan.confirmed == {REPORT}
    again = took(ack(REPORT, wanted=(SECOND,)), holding=after(plan))
    assert not again.wanted
    assert not again.confirmed
    assert took(verdict(Ruling.REJECTED)).confirmed == frozenset()


@pytest.mark.threat("G10", role="instance")
def test_a_restored_portal_gets_its_chain_back_link_by_link() -> None:
    held = after(took(ack(REPORT)))
    anew = took(ack(REPORT, wanted=(SECOND,), issued_at=NOW + 60), holding=held)
    assert anew.wanted == {SECOND}
    assert not anew.settled
    assert {item.reason for item in anew.skipped} == {SkipReason.ACKNOWLEDGED}
    other = ack(REPORT, wanted=(SECOND,), issued_at=NOW + 60, account=THEIRS)
    assert refusal(other, holding=held) == "wrong-audience"


def test_newer_account_information_moves_the_device_and_audience_is_judged_after_it() -> None:
    held = after(took(account_info(1), ack(REPORT, account_info(1)), holding=HOLDING), HOLDING)
    moved, rule = account_info(2, THEIRS), policy(account=THEIRS)
    plan = took(rule, ack(SECOND, moved, rule, account=THEIRS), moved, holding=held)
    assert plan.account == THEIRS
    late = replace(after(plan, held), known=HOLDING.known)
    assert refusal(ack(REPORT), holding=late) == "wrong-audience"
    assert took(ack(REPORT), holding=replace(late, former=frozenset({OURS}))).settled


def test_only_the_ledger_that_is_obeyed_names_another_unless_the_operator_asks() -> None:
    foreign = account_info(issuer=OTHER_LEDGER, ledger=OTHER_LEDGER)
    assert refusal(foreign) == "wrong-audience"
    assert took(foreign, holding=replace(SETTLED, adopt=True)).ledger == OTHER_LEDGER
    handed = took(account_info(ledger=OTHER_LEDGER))
    assert handed.ledger == OTHER_LEDGER
    assert refusal(policy(9), holding=after(handed)) == "wrong-audience"


def test_a_policy_for_all_accounts_is_taken() -> None:
    assert took(policy(account=None)).installs


@pytest.mark.parametrize("make", [policy, trust_code, account_info, purchase_info])
def test_a_file_from_the_future_is_refused_where_the_clock_is_set(make: object) -> None:
    assert callable(make)
    assert refusal(make(issued_at=NOW + 3601)) == "issued-in-future"
    took(make(issued_at=NOW + 3600))
    took(make(issued_at=NOW + 3601), holding=replace(SETTLED, clock=None))
    took(make(issued_at=NOW + 3601), pipe=Pipe.ONLINE)


def test_an_ack_or_verdict_from_the_future_is_only_noted() -> None:
    for answer in (ack(issued_at=NOW + 9999), verdict(Ruling.REJECTED, issued_at=NOW + 9999)):
        assert took(answer).notes == {Note.ISSUED_IN_FUTURE}
    assert not took(ack(issued_at=NOW + 9999), pipe=Pipe.ONLINE).notes


def rotated(number: int, signer: int) -> Document:
    listed = ListedSigner.of(signer_certificate(signer))
    return signed_root(root_set(number=number, signers=(listed,)))


def test_root_sets_are_followed_first_and_the_answer_is_judged_by_them() -> None:
    new = Authority(number=13, chain=(signer_certificate(13),))
    answer = signed(parse(ack(REPORT)).body, new)
    chain = (rotated(2, 12), rotated(3, 13))
    plan = took(answer, *chain)
    assert plan.root_sets == chain
    assert plan.settled
    assert took(*chain, answer, holding=after(plan)).root_sets == ()


def test_root_sets_stand_even_where_the_rest_is_refused() -> None:
    second, broken = rotated(2, 11), rotated(4, 11)
    for documents, code in (
        ((second, ack(Digest("0" * 64))), "wrong-request"),
        ((second, broken, ack(REPORT)), "root-skipped"),
        ((second, document("policy", b"[]", second.signature)), "malformed"),
    ):
        assert refusal(*documents) == code
        held = replace(SETTLED, store=SETTLED.store.advance(second))
        assert refusal(*documents, holding=held) == code


def test_without_a_root_set_nothing_is_trusted() -> None:
    empty = replace(SETTLED, store=type(SETTLED.store)())
    assert refusal(rotated(2, 11), holding=empty) == "unknown-key"
    assert refusal(ack(REPORT), holding=empty) == "unknown-key"


def paged(page: int, ledger: str = LEDGER, *, issued_at: int = NOW) -> Document:
    body = parse(ack(REPORT, issuer=ledger)).body
    authority = Authority(ledger=ledger)
    (answer,) = authority.paged([body.to_json()], "ack", page=page, issued_at=issued_at)
    return answer


def test_the_newest_page_head_is_kept() -> None:
    held = after(took(paged(5)))
    assert held.head is not None
    assert held.head.page == 5
    assert took(paged(4), holding=held).head_document is None
    assert took(paged(5), holding=held).notes == set()
    newer = took(paged(6), holding=held)
    assert newer.head is not None
    assert (newer.head.page, newer.head_document) == (6, paged(6))


def test_a_forked_ledger_is_noticed() -> None:
    held = after(took(paged(5)))
    plan = took(paged(5, issued_at=NOW - 1), holding=held)
    assert plan.notes == {Note.LEDGER_FORKED}
    assert plan.head == held.head


def test_the_head_of_another_ledger_is_taken_only_once_that_is_obeyed() -> None:
    held = after(took(paged(5)))
    foreign = paged(1, OTHER_LEDGER)
    old = replace(held, known={REPORT: Known(type=AnsweredType.RUM_REPORT, is_acknowledged=True)})
    assert took(foreign, holding=old).head == held.head
    obeyed = replace(held, ledger=OTHER_LEDGER, known=HOLDING.known)
    taken = took(foreign, holding=obeyed).head
    assert taken is not None
    assert taken.ledger == OTHER_LEDGER


@pytest.mark.threat("B5", role="instance")
def test_an_altered_answer_changes_nothing() -> None:
    good = ack(REPORT)
    for at in range(0, len(good.body), 7):
        body = bytearray(good.body)
        body[at] ^= 1
        altered = Document(type="ack", version=1, body=bytes(body), signature=good.signature)
        assert refusal(altered)


def test_questions_are_the_digests_that_answers_are_for() -> None:
    parts = (policy(), ack(REPORT), verdict(Ruling.REJECTED, REQUEST), rotated(2, 11))
    assert questions(parts) == {REPORT, REQUEST}
    with refused("wrong-type"):
        questions([document("page-head", b"{}", AUTHORITY.direct({}).signature)])


STOCK = (
    *(policy(version) for version in (1, 2, 3)),
    *(trust_code(version) for version in (1, 2)),
    account_info(1),
    purchase_info(2),
)
ANSWERS = tuple(
    (*parts, ack(answers, *parts))
    for answers in (REPORT, SECOND, REQUEST)
    for parts in ((), STOCK[:1], STOCK[1:4], STOCK[4:], STOCK)
)


@pytest.mark.threat("B1", role="instance")
@pytest.mark.threat("B9", role="instance")
@settings(max_examples=40)
@given(st.lists(st.sampled_from(ANSWERS + tuple((part,) for part in STOCK)), max_size=6))
def test_no_order_of_answers_moves_anything_back(answers: list[tuple[Document, ...]]) -> None:
    held = HOLDING
    for documents in answers:
        plan = decide(held, documents, Pipe.ONLINE)
        now = after(plan, held)
        for place, mark in held.marks.marks.items():
            assert now.marks.marks[place].order >= mark.order
        for question, known in held.known.items():
            assert now.known[question].is_acknowledged >= known.is_acknowledged
        assert plan.refusal is None or now == held
        held = now
