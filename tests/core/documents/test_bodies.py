"""ACK, verdict, policy, trust code, account and purchase information: values and exact bytes."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from checks import make_vectors_documents, make_vectors_trust
from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.acknowledgment import Acknowledgment, AnsweredType, Companion
from gauger.core.documents.authorization_code import (
    AuthorizationCode,
    AuthorizationOrigin,
    AuthorizedLicence,
    confirmation_code,
)
from gauger.core.documents.body import Answer, Body
from gauger.core.documents.envelope import Document
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.purchase_info import Purchase, PurchaseInfo, fits
from gauger.core.documents.trust_code import TrustCode, TrustOrigin
from gauger.core.documents.verdict import Ruling, Verdict
from gauger.core.identity import AccountRef, Digest
from gauger.core.policy.rules import DEFAULT, Group, Rule
from gauger.core.problems import Problem
from tests.core.documents.material import LEDGER, NOW, UDI, refused
from tests.core.documents.report_material import ACCOUNT, ORDER, changed, direct, trust_code

HASH = Digest("ab" * 32)
OTHER = Digest("cd" * 32)

ACK = Acknowledgment(
    issued_at=NOW,
    issuer=LEDGER,
    account=ACCOUNT,
    udi=UDI,
    answers=HASH,
    answers_type=AnsweredType.RUM_REPORT,
    report_id=7,
    flags=("gap",),
    wanted=(OTHER,),
    companions=(Companion("root-set", OTHER), Companion("policy", HASH)),
    received_at=NOW,
)
VERDICT = Verdict(
    issued_at=NOW,
    issuer=LEDGER,
    account=ACCOUNT,
    udi=UDI,
    answers=HASH,
    verdict=Ruling.REJECTED,
    code="wrong-subject",
    detail="It belongs to another.",
)
POLICY = PolicyDocument(
    issued_at=NOW,
    issuer=LEDGER,
    account=ACCOUNT,
    order=ORDER,
    name="Custom",
    ack_required=True,
    rules={Group.PERPETUAL: Rule(30, 60, 60), Group.EXPORT: Rule(0, 0, 3650)},
)
ACCOUNT_INFO = AccountInfo(
    issued_at=NOW, issuer=LEDGER, account=ACCOUNT, udi=UDI, order=ORDER, ledger=LEDGER
)
PURCHASE = PurchaseInfo(
    issued_at=NOW,
    issuer=LEDGER,
    account=None,
    udi=UDI,
    order=ORDER,
    items=(
        Purchase(tag="regid.x", name="Advantage", quantity=2, term="perpetual", start=NOW),
        Purchase(tag="regid.y", name="Term", quantity=1, term="3 years", start=NOW, end=NOW + 9),
    ),
)
AUTHORIZATION = AuthorizationCode(
    issued_at=NOW,
    issuer=LEDGER,
    account=ACCOUNT,
    udi=UDI,
    answers=HASH,
    order=ORDER,
    code="ac" * 16,
    epoch=3,
    origin=AuthorizationOrigin.CSSM,
    licences=(
        AuthorizedLicence(tag="regid.hsec", name="HSEC", count=1, term="perpetual"),
        AuthorizedLicence(tag="regid.other", name="Other", count=2**31 - 1, term="3 years"),
    ),
)
BODIES: list[Body] = [
    ACK,
    replace(ACK, answers_type=AnsweredType.TRUST_REQUEST, report_id=None, flags=(), wanted=()),
    VERDICT,
    replace(VERDICT, verdict=Ruling.DEFERRED, until=NOW + 9),
    replace(VERDICT, verdict=Ruling.QUARANTINED, case="17", account=None),
    POLICY,
    replace(POLICY, account=None, rules={}, test_clock=True),
    trust_code(),
    replace(trust_code(), generation=0, origin=TrustOrigin.FACTORY, incarnation=None, account=None),
    ACCOUNT_INFO,
    PURCHASE,
    replace(PURCHASE, items=()),
    AUTHORIZATION,
    replace(AUTHORIZATION, epoch=0, origin=AuthorizationOrigin.FACTORY, account=None, answers=None),
]

Reader = Callable[[Document], Body]
READERS: dict[str, Reader] = {
    Acknowledgment.TYPE: Acknowledgment.from_document,
    Verdict.TYPE: Verdict.from_document,
    PolicyDocument.TYPE: PolicyDocument.from_document,
    TrustCode.TYPE: TrustCode.from_document,
    AccountInfo.TYPE: AccountInfo.from_document,
    PurchaseInfo.TYPE: PurchaseInfo.from_document,
    AuthorizationCode.TYPE: AuthorizationCode.from_document,
}


def read(body: Body, **changes: object) -> Body:
    """Read a body's bytes, changed as asked; None takes a field away."""
    return READERS[body.TYPE](direct(body.TYPE, changed(body.encode(), **changes)))


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.TYPE)
def test_what_is_encoded_is_read_back(body: Body) -> None:
    assert READERS[body.TYPE](direct(body.TYPE, body.encode())) == body
    assert read(body) == body


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.TYPE)
def test_every_body_says_what_it_is_and_for_whom(body: Body) -> None:
    content = body.to_json()
    assert (content["type"], content["version"], content["issued_at"]) == (body.TYPE, 1, NOW)
    assert isinstance(body, Answer)
    assert {"issuer", "account", "udi", "answers"} <= content.keys()
    assert ("test_clock" in content) == body.test_clock


@pytest.mark.threat("B8", role="core")
@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.TYPE)
def test_a_body_is_read_as_its_own_type_only(body: Body) -> None:
    for kind, reader in READERS.items():
        if kind != body.TYPE:
            with refused("wrong-type"):
                reader(direct(body.TYPE, body.encode()))
            with refused("wrong-type"):
                reader(direct(kind, body.encode()))


@pytest.mark.threat("D14", role="core")
@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.TYPE)
def test_a_newer_body_needs_an_upgrade_only_where_it_says_so(body: Body) -> None:
    assert read(body, newer={"a": 1}, critical=[]) == body
    with refused("upgrade-needed"):
        read(body, newer=1, critical=["newer"])
    with refused("upgrade-needed"):
        READERS[body.TYPE](direct(body.TYPE, changed(body.encode(), version=2), version=2))
    with refused("wrong-type"):
        READERS[body.TYPE](direct(body.TYPE, body.encode(), version=2))


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        (ACK, {"issuer": "x"}),
        (ACK, {"issued_at": -1}),
        (ACK, {"udi": None}),
        (ACK, {"answers": None}),
        (ACK, {"answers_type": "policy"}),
        (ACK, {"report_id": -1}),
        (ACK, {"flags": [1]}),
        (ACK, {"wanted": ["x"]}),
        (ACK, {"companions": [{"type": "policy"}]}),
        (ACK, {"received_at": None}),
        (ACK, {"account": {"smart_account": "example.com"}}),
        (ACK, {"test_clock": 1}),
        (VERDICT, {"verdict": "accepted"}),
        (VERDICT, {"verdict": "deferred"}),
        (VERDICT, {"until": NOW}),
        (VERDICT, {"verdict": "quarantined"}),
        (VERDICT, {"case": "1"}),
        (VERDICT, {"code": ""}),
        (POLICY, {"order": None}),
        (POLICY, {"order": {"root_epoch": 1, "ledger_epoch": -1, "version": 1}}),
        (POLICY, {"udi": UDI.to_json()}),
        (POLICY, {"name": ""}),
        (POLICY, {"ack_required": None}),
        (POLICY, {"rules": None}),
        (POLICY, {"rules": {"export": {"first_report": 1, "frequency": 1}}}),
        (POLICY, {"rules": {"export": {"first_report": 1.5, "frequency": 1, "on_change": 1}}}),
        (trust_code(), {"udi": None}),
        (trust_code(), {"public_key": "####"}),
        (trust_code(), {"generation": -1}),
        (trust_code(), {"generation": 0}),
        (trust_code(), {"origin": "factory"}),
        (trust_code(), {"origin": "elsewhere"}),
        (trust_code(), {"incarnation": None}),
        (ACCOUNT_INFO, {"ledger": None}),
        (ACCOUNT_INFO, {"smart_account": "other.example"}),
        (ACCOUNT_INFO, {"udi": None}),
        (PURCHASE, {"udi": None}),
        (PURCHASE, {"items": [{"tag": "x"}]}),
        (PURCHASE, {"items": [{"tag": "x", "name": "y", "term": "z", "quantity": -1}]}),
    ],
)
def test_a_body_that_contradicts_itself_is_malformed(
    body: Body, changes: dict[str, object]
) -> None:
    with refused("malformed"):
        read(body, **changes)


@pytest.mark.threat("B11", role="core")
@pytest.mark.parametrize("days", [-1, 3651, 10**9, 2**63 - 1])
@pytest.mark.parametrize("name", ["first_report", "frequency", "on_change"])
def test_a_policy_out_of_range_is_refused(name: str, days: int) -> None:
    rule = {"first_report": 1, "frequency": 1, "on_change": 1} | {name: days}
    with refused("policy-out-of-range"):
        read(POLICY, rules={"subscription": rule})


def test_a_policy_fills_open_groups_from_the_default() -> None:
    policy = POLICY.policy
    assert policy.groups[Group.PERPETUAL] == Rule(30, 60, 60)
    assert policy.groups[Group.SUBSCRIPTION] == DEFAULT.groups[Group.SUBSCRIPTION]
    assert (policy.name, policy.ack_required) == ("Custom", True)


def test_a_policy_over_its_cap_is_refused() -> None:
    with refused("too-large"):
        read(POLICY, more="x" * 20_000)


def test_an_account_may_have_any_printable_name() -> None:
    account = AccountRef("example.com", "Zürich, 東京")
    info = replace(ACCOUNT_INFO, account=account)
    assert read(info) == info
    assert info.encode().isascii()


def test_a_trust_code_names_its_key() -> None:
    assert len(trust_code().key_id) == 64


def test_a_refusal_names_the_document() -> None:
    with pytest.raises(Problem, match="In the ack document the field 'udi' is missing"):
        read(ACK, udi=None)


@pytest.mark.threat("B20", role="core")
@pytest.mark.parametrize(
    "changes",
    [
        {"udi": None},
        {"code": "ac"},
        {"code": None},
        {"epoch": -1},
        {"epoch": 0},
        {"epoch": True},
        {"origin": "factory"},
        {"origin": "device"},
        {"licences": []},
        {"licences": [licence.to_json() for licence in AUTHORIZATION.licences[:1] * 2]},
        {"licences": [{**AUTHORIZATION.licences[0].to_json(), "count": 0}]},
        {"licences": [{**AUTHORIZATION.licences[0].to_json(), "count": 2**31}]},
        {"licences": [{**AUTHORIZATION.licences[0].to_json(), "tag": ""}]},
        {"licences": [{"tag": str(number)} for number in range(65)]},
    ],
    ids=str,
)
def test_an_authorization_code_says_for_whom_and_how_many(changes: dict[str, object]) -> None:
    with refused("malformed"):
        read(AUTHORIZATION, **changes)


def test_a_confirmation_code_is_eight_digits_of_the_code() -> None:
    assert confirmation_code(HASH) == "abababab"


def test_purchases_that_no_reader_would_take_do_not_fit() -> None:
    one = PURCHASE.items[0]
    assert fits([one] * 1024)
    assert not fits([one] * 1025)
    assert not fits([replace(one, name="n" * 300)] * 1024)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.TYPE)
def test_what_is_understood_may_be_called_critical(body: Body) -> None:
    assert body.to_json().keys() <= type(body).known()
    assert read(body, critical=sorted(type(body).known())) == body


def test_every_other_body_names_its_fields() -> None:
    page = make_vectors_trust.page_of([("ack", b"{}")])
    root_set = make_vectors_trust.root_set()
    asked = (
        make_vectors_documents.TRUST_REQUEST,
        make_vectors_documents.AUTHORIZATION_REQUEST,
        make_vectors_documents.AUTHORIZATION_RETURN,
    )
    for body in (page.head, root_set, *asked):
        assert body.to_json().keys() <= type(body).known()
