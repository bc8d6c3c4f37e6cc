"""Authorization codes by their epochs: what is dead stays dead, whatever brings it."""

from dataclasses import replace

import pytest

from gauger.core.documents.authorization_code import (
    AuthorizationCode,
    AuthorizationOrigin,
    AuthorizedLicence,
)
from gauger.core.documents.envelope import Document
from gauger.core.documents.versions import Order
from gauger.core.identity import Digest, Udi
from gauger.core.instance.answers import Holding, Plan, SkipReason
from gauger.core.instance.authorization import Authorized, Standing, allowed, judge
from tests.core.documents.material import LEDGER, NOW, UDI
from tests.core.instance.answering import (
    OTHER_LEDGER,
    OURS,
    REPORT,
    SETTLED,
    THEIRS,
    ack,
    refusal,
    signed_as,
    took,
)

BODY = AuthorizationCode(
    issued_at=NOW,
    issuer=LEDGER,
    account=OURS,
    udi=UDI,
    answers=None,
    order=Order(1, 1, 1),
    code="ac" * 16,
    epoch=1,
    origin=AuthorizationOrigin.CSSM,
    licences=(AuthorizedLicence(tag="regid.hsec", name="n", count=2, term="perpetual"),),
)


def code(epoch: int = 1, **changes: object) -> Document:
    fields: dict[str, object] = {"epoch": epoch, "order": Order(1, 1, max(epoch, 1)), **changes}
    return signed_as(BODY, fields)


def holding(plan: Plan) -> Holding:
    """Return what is held after a plan."""
    (install,) = plan.installs
    body = AuthorizationCode.from_document(install.document)
    held = Authorized(code=body, digest=install.document.digest, mark=body.epoch)
    return replace(SETTLED, authorized=held, marks=plan.marks)


def returned(before: Holding) -> Holding:
    """Return what is held once the code is given back."""
    return replace(before, authorized=Authorized(mark=before.authorized.mark))


def test_a_code_is_installed_and_allows_its_counts() -> None:
    after = holding(took(code()))
    assert allowed(after.authorized) == {"regid.hsec": 2}
    assert allowed(SETTLED.authorized) == {}


def test_what_is_held_is_passed_over_and_a_higher_epoch_replaces_it() -> None:
    after = holding(took(code()))
    assert [item.reason for item in took(code(), holding=after).skipped] == [SkipReason.HELD]
    assert holding(took(code(2), holding=after)).authorized.mark == 2


@pytest.mark.threat("B21", role="core")
def test_what_was_given_back_is_dead() -> None:
    after = returned(holding(took(code(5))))
    for epoch in (0, 4, 5):
        origin = AuthorizationOrigin.CSSM if epoch else AuthorizationOrigin.FACTORY
        assert refusal(code(epoch, origin=origin), holding=after) == "epoch-dead"
    assert took(code(6), holding=after).installs


@pytest.mark.threat("B21", role="core")
def test_a_dead_code_beside_an_ack_is_passed_over() -> None:
    after, dead = returned(holding(took(code()))), code()
    plan = took(ack(REPORT, dead), dead, holding=after)
    assert [item.reason for item in plan.skipped] == [SkipReason.EPOCH_DEAD]
    assert [item.digest for item in plan.settled] == [REPORT]


@pytest.mark.threat("B24", role="core")
def test_a_code_below_the_mark_is_not_in_force_though_it_is_held() -> None:
    held = holding(took(code())).authorized
    behind = replace(held, mark=2)
    assert behind.in_force is None
    assert allowed(replace(held, mark=None)) == {}
    body = AuthorizationCode.from_document(code())
    assert judge(behind, body, Digest(str(held.digest))) is Standing.DEAD


@pytest.mark.threat("B20", role="core")
def test_a_code_for_others_is_refused() -> None:
    assert refusal(code(udi=Udi("C9800-CL-K9", "GGR0002"))) == "wrong-subject"
    assert refusal(code(account=THEIRS)) == "wrong-audience"
    assert refusal(code(issuer=OTHER_LEDGER)) == "wrong-audience"


def test_a_higher_epoch_of_an_older_version_is_refused() -> None:
    after = holding(took(code(3)))
    assert refusal(code(4, order=Order(1, 1, 1)), holding=after) == "stale-version"
