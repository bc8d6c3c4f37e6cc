"""An authority's answers, and a product instance that takes them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.acknowledgment import Acknowledgment, AnsweredType, Companion
from gauger.core.documents.body import Body
from gauger.core.documents.envelope import Document
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.purchase_info import Purchase, PurchaseInfo
from gauger.core.documents.trust_code import TrustCode, TrustOrigin
from gauger.core.documents.verdict import Ruling, Verdict
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, Digest, digest
from gauger.core.instance.answers import Holding, Known, Pipe, Plan
from gauger.core.instance.install import decide
from gauger.core.instance.trust import Asked, TrustState
from gauger.core.policy.rules import Group, Rule
from tests.core.documents.material import LEDGER, NOW, UDI, Authority, key, trust_store

OURS = AccountRef("example.com", "DEFAULT")
THEIRS = AccountRef("example.com", "Branch")
OTHER_LEDGER = "bb" * 16
REPORT, SECOND, REQUEST = (digest(name.encode()) for name in ("report", "second", "request"))
OWN_KEY = key(70)
AUTHORITY = Authority()
_B = TypeVar("_B", bound=Body)

HOLDING = Holding(
    udi=UDI,
    store=trust_store(),
    known={
        REPORT: Known(type=AnsweredType.RUM_REPORT),
        SECOND: Known(type=AnsweredType.RUM_REPORT),
        REQUEST: Known(type=AnsweredType.TRUST_REQUEST),
    },
    keys=frozenset({OWN_KEY.key_id}),
    trust=TrustState(counter=1, asked=Asked(digest=REQUEST, key_id=OWN_KEY.key_id, by_token=False)),
    clock=NOW,
    build_date=NOW - 10_000,
)
"""A product instance without account, with two reports and a trust request unanswered."""

SETTLED = replace(HOLDING, account=OURS, ledger=LEDGER)
"""The same with account information of ``OURS``."""


def signed(body: Body, authority: Authority = AUTHORITY) -> Document:
    """Sign a body; its ``issuer`` stays as it is."""
    return authority.direct(json.loads(body.encode()), body.TYPE)


def signed_as(body: _B, changes: Mapping[str, object]) -> Document:
    """Sign a body with some of its fields changed."""
    return signed(replace(body, **changes))  # type: ignore[arg-type] # the dataclass checks names


def ack(answers: Digest = REPORT, *companions: Document, **changes: object) -> Document:
    """Return an ACK that lists the companions."""
    is_report = answers != REQUEST
    body = Acknowledgment(
        issued_at=NOW,
        issuer=LEDGER,
        account=OURS,
        udi=UDI,
        answers=answers,
        answers_type=AnsweredType.RUM_REPORT if is_report else AnsweredType.TRUST_REQUEST,
        report_id=7 if is_report else None,
        received_at=NOW,
        companions=tuple(Companion(item.type, item.digest) for item in companions),
    )
    return signed_as(body, changes)


def verdict(ruling: Ruling, answers: Digest = REPORT, **changes: object) -> Document:
    """Return a verdict."""
    body = Verdict(
        issued_at=NOW,
        issuer=LEDGER,
        account=OURS,
        udi=UDI,
        answers=answers,
        verdict=ruling,
        code="not-yet",
        detail="because",
        until=NOW + 9 if ruling is Ruling.DEFERRED else None,
        case="c1" if ruling is Ruling.QUARANTINED else None,
    )
    return signed_as(body, changes)


def policy(version: int = 1, *, days: int = 30, **changes: object) -> Document:
    """Return a policy."""
    body = PolicyDocument(
        issued_at=NOW,
        issuer=LEDGER,
        account=OURS,
        order=Order(1, 1, version),
        name=f"P{version}",
        ack_required=True,
        rules={Group.SUBSCRIPTION: Rule(days, days, days)},
    )
    return signed_as(body, changes)


def trust_code(version: int = 1, *, number: int = 70, **changes: object) -> Document:
    """Return a trust code over the key of a number."""
    body = TrustCode(
        issued_at=NOW,
        issuer=LEDGER,
        account=OURS,
        order=Order(1, 1, version),
        udi=UDI,
        public_key=key(number).public_key,
        generation=version,
        origin=TrustOrigin.CSSM,
        incarnation="cc" * 16,
    )
    return signed_as(body, changes)


def factory_code(**changes: object) -> Document:
    """Return a factory trust code."""
    own = {"generation": 0, "origin": TrustOrigin.FACTORY, "incarnation": None}
    return trust_code(1, number=70, **own, **changes)


def account_info(version: int = 1, account: AccountRef = OURS, **changes: object) -> Document:
    """Return account information."""
    body = AccountInfo(
        issued_at=NOW,
        issuer=LEDGER,
        order=Order(1, 1, version),
        udi=UDI,
        account=account,
        ledger=LEDGER,
    )
    return signed_as(body, changes)


def purchase_info(version: int = 1, **changes: object) -> Document:
    """Return purchase information."""
    item = Purchase(tag="regid.2018-06.com.example.X,1.0_0", name="X", quantity=2, term="perpetual")
    body = PurchaseInfo(
        issued_at=NOW,
        issuer=LEDGER,
        account=OURS,
        order=Order(1, 1, version),
        udi=UDI,
        items=(item,),
    )
    return signed_as(body, changes)


def took(*documents: Document, holding: Holding = SETTLED, pipe: Pipe = Pipe.FILE) -> Plan:
    """Return the plan of an answer that is taken."""
    plan = decide(holding, documents, pipe)
    assert plan.refusal is None, plan.refusal
    return plan


def refusal(*documents: Document, holding: Holding = SETTLED, pipe: Pipe = Pipe.FILE) -> str:
    """Return the code by which an answer is refused; then nothing of it may be planned."""
    plan = decide(holding, documents, pipe)
    assert plan.refusal is not None
    untouched = Plan(
        store=plan.store,
        root_sets=plan.root_sets,
        refusal=plan.refusal,
        account=holding.account,
        ledger=holding.ledger,
        marks=holding.marks,
        trust=holding.trust,
        head=holding.head,
    )
    assert plan == untouched
    return plan.refusal.code


def after(plan: Plan, holding: Holding = SETTLED) -> Holding:
    """Return what the product instance holds once a plan is carried out."""
    known = dict(holding.known)
    for item in plan.settled:
        known[item.digest] = Known(
            type=item.type,
            is_acknowledged=isinstance(item.body, Acknowledgment),
            answered_at=item.body.issued_at,
        )
    return replace(
        holding,
        store=plan.store,
        account=plan.account,
        ledger=plan.ledger,
        marks=plan.marks,
        held=holding.held.union(item.document.digest for item in plan.installs),
        trust=plan.trust,
        known=known,
        head=plan.head,
    )
