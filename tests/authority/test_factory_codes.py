"""Codes from the factory at the portal: taken in once, added to, given back, and never back again."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from gauger.core.authority.outcomes import Verdict
from gauger.core.documents.acknowledgment import Acknowledgment
from gauger.core.documents.authorization_code import AuthorizationCode, AuthorizationOrigin
from gauger.core.documents.authorization_request import Mode
from gauger.core.documents.authorization_return import AuthorizationReturn
from gauger.core.documents.envelope import DirectSignature, Document, write_document
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.authorizing import (
    HSEC,
    OTHER_TAG,
    Licensee,
    a_licensee,
    ask,
    code_in,
    deposit,
    factory_code,
    issue,
    return_by_hand,
)
from tests.support.builders import ACCOUNT, ELSEWHERE, OTHER_ACCOUNT, UDI, Bench, a_device

FACTORY = ("factory", "confirmed")


def states(portal: Bench) -> list[tuple[int, str, str]]:
    with closing(sqlite3.connect(portal.path)) as db:
        query = "SELECT epoch, origin, state FROM authorizations ORDER BY epoch"
        return db.execute(query).fetchall()


def given(portal: Bench) -> dict[str, int]:
    """Return how much of each pool is given out."""
    with closing(portal.authority.reader()) as reader:
        pools = reader.authorization_pools(ACCOUNT, after="", limit=10)
    return {pool.tag: pool.given for pool in pools}


def from_the_factory(count: int = 1, *, release: str = "17.12.01") -> Licensee:
    licensee = a_licensee(release=release)
    licensee.leave_the_factory_with(factory_code((HSEC, count)))
    return licensee


def refused(portal: Bench, document: Document) -> str | None:
    outcome = ask(portal, document)
    assert outcome.verdict is Verdict.REJECTED
    return outcome.code


@pytest.mark.requirement("PI-6/authorization")
@pytest.mark.requirement("SSM-8/return")
def test_a_code_of_the_factory_is_returned_and_credits_no_pool(portal: Bench) -> None:
    deposit(portal, 2)
    outcome = ask(portal, from_the_factory().give_back())

    assert (outcome.verdict, outcome.flags) == (Verdict.ACCEPTED, ("factory-code",))
    assert "no pool gains" in outcome.detail
    assert Acknowledgment.from_document(outcome.answer.acknowledgments[0]).flags == outcome.flags
    assert states(portal) == [(0, "factory", "returned")]
    assert given(portal) == {HSEC: 0}
    events = [portal.events(f"authorization-{what}") for what in ("adopted", "returned")]
    assert [[event.account for event in one] for one in events] == [[ACCOUNT], [ACCOUNT]]


@pytest.mark.requirement("PI-6/authorization")
@pytest.mark.requirement("SSM-8/issue")
def test_what_is_added_to_a_code_of_the_factory_goes_with_what_it_names(portal: Bench) -> None:
    deposit(portal, 2, tag=OTHER_TAG)
    licensee = from_the_factory(3)
    code = licensee.install(ask(portal, licensee.request((OTHER_TAG, 2))))

    assert {(one.tag, one.count) for one in code.licences} == {(HSEC, 3), (OTHER_TAG, 2)}
    assert (code.epoch, code.origin) == (1, AuthorizationOrigin.CSSM)
    # The factory's are taken from no pool: the account has none at all.
    assert given(portal) == {OTHER_TAG: 2}
    portal.report(licensee.report())
    assert states(portal) == [(0, "factory", "replaced"), (1, "cssm", "confirmed")]
    outcome = ask(portal, licensee.give_back())
    assert (outcome.flags, given(portal)) == ((), {OTHER_TAG: 0})
    portal.restart()
    assert examine_ledger(portal.path).faults == []


def test_beyond_what_came_from_the_factory_the_pool_is_asked(portal: Bench) -> None:
    deposit(portal, 2)
    licensee = from_the_factory(3)
    assert refused(portal, licensee.request((HSEC, 6))) == "authorizations-used-up"
    assert states(portal) == []
    licensee.install(ask(portal, licensee.request((HSEC, 5))))
    assert given(portal) == {HSEC: 2}
    # The new code carries the factory's share on; a person who issues the next one sees it too.
    portal.report(licensee.report())
    made = issue(portal, UDI, (HSEC, 4), mode="replace")
    licensee.install(made)
    portal.report(licensee.report())
    assert given(portal) == {HSEC: 1}


@pytest.mark.threat("B22", role="cssm")
def test_a_code_of_the_factory_is_taken_back_once(portal: Bench) -> None:
    licensee = from_the_factory()
    held, mark = licensee.held, licensee.mark
    first = licensee.give_back()
    assert ask(portal, first).flags == ("factory-code",)
    assert ask(portal, first).verdict is Verdict.SAME
    licensee.held, licensee.mark = held, mark
    assert ask(portal, licensee.give_back()).flags == ("already-returned",)
    assert len(portal.events("authorization-returned")) == 1
    assert len(portal.events("authorization-adopted")) == 1


@pytest.mark.threat("B24", role="cssm")
def test_a_code_of_the_factory_that_is_used_after_its_return_is_noticed(portal: Bench) -> None:
    licensee = from_the_factory()
    held, mark = licensee.held, licensee.mark
    ask(portal, licensee.give_back())
    licensee.held, licensee.mark = held, mark
    assert refused(portal, licensee.request((HSEC, 1), mode=Mode.REPLACE)) == "epoch-dead"
    (event,) = portal.events("authorization-misused")
    assert event.subject == str(UDI)


@pytest.mark.threat("B21", role="cssm")
def test_a_code_of_the_factory_is_dead_once_a_later_one_was_given_back(portal: Bench) -> None:
    deposit(portal, 1)
    licensee = a_licensee()
    # Never shown while it was in use: the portal learns of it too late.
    licensee.mark = 0
    licensee.install(ask(portal, licensee.request((HSEC, 1))))
    ask(portal, licensee.give_back())
    licensee.leave_the_factory_with(factory_code((HSEC, 9)))
    licensee.mark = 1
    assert refused(portal, licensee.request((HSEC, 9))) == "epoch-dead"
    assert ask(portal, licensee.give_back()).flags == ("already-returned",)
    assert states(portal) == [(1, "cssm", "returned")]


def test_of_what_a_later_code_replaced_the_pool_is_asked(portal: Bench) -> None:
    deposit(portal, 3)
    licensee = a_licensee()
    licensee.mark = 0
    licensee.install(ask(portal, licensee.request((HSEC, 1))))
    portal.report(licensee.report())
    licensee.leave_the_factory_with(factory_code((HSEC, 2)))
    licensee.mark = 1
    ask(portal, licensee.request((HSEC, 1)))
    assert given(portal) == {HSEC: 2}
    assert states(portal) == [(1, "cssm", "confirmed"), (2, "cssm", "issued")]


def altered(document: Document) -> Document:
    body = document.body.replace(b'"count":1', b'"count":9')
    assert body != document.body
    return replace(document, body=body)


@pytest.mark.threat("B20", role="cssm")
@pytest.mark.parametrize(
    "document",
    [
        altered(factory_code((HSEC, 1))),
        factory_code((HSEC, 1), udi=Udi(UDI.pid, "GGR0002")),
        factory_code((HSEC, 1), signer=a_device().sudi),
        factory_code((HSEC, 1), issuer="ab" * 16),
        factory_code((HSEC, 1), origin=AuthorizationOrigin.CSSM),
        replace(factory_code((HSEC, 1)), signature=DirectSignature(chain=(), value=bytes(64))),
    ],
    ids=["altered", "of another", "self-made", "another issuer", "portal's", "unsigned"],
)
def test_a_code_that_no_factory_signed_for_the_device_counts_for_nothing(
    portal: Bench, document: Document
) -> None:
    deposit(portal, 9)
    licensee = a_licensee()
    licensee.leave_the_factory_with(document)
    outcome = ask(portal, licensee.request((HSEC, 1)))
    assert (outcome.verdict, outcome.code) == (Verdict.REJECTED, "code-unknown")
    assert len(outcome.detail) > len("The code … that is to be added to is not of this portal.")
    # The removal is proven all the same.
    returned = ask(portal, licensee.give_back())
    assert (returned.verdict, returned.flags) == (Verdict.ACCEPTED, ("unknown-code",))
    assert states(portal) == []


@pytest.mark.threat("B20", role="cssm")
def test_a_good_code_under_another_name_counts_for_nothing(portal: Bench) -> None:
    licensee = from_the_factory()
    assert licensee.held is not None
    licensee.held = replace(licensee.held, code="0f" * 16)
    assert ask(portal, licensee.give_back()).flags == ("unknown-code",)


@pytest.mark.threat("B20", role="cssm")
def test_a_second_code_of_the_factory_brings_nothing(portal: Bench) -> None:
    deposit(portal, 1)
    licensee = from_the_factory()
    licensee.install(ask(portal, licensee.request((HSEC, 1), mode=Mode.REPLACE)))
    first = AuthorizationCode.from_document(factory_code((HSEC, 9)))
    second = replace(first, code="fd" * 16)
    document = replace(factory_code((HSEC, 9)), body=second.encode())
    licensee.leave_the_factory_with(signed_again(portal, document))
    licensee.mark = 1
    assert refused(portal, licensee.request((HSEC, 9))) == "code-unknown"


def signed_again(portal: Bench, document: Document) -> Document:
    signer = portal.factory.signer()
    value = signer.sign(document.preimage)
    return replace(document, signature=DirectSignature(chain=signer.chain, value=value))


@pytest.mark.threat("C1", role="cssm")
def test_a_revoked_signer_is_believed_in_no_code_and_a_former_one_is(portal: Bench) -> None:
    licensee, other = from_the_factory(), a_licensee("GGR0002")
    other.leave_the_factory_with(factory_code((HSEC, 1), udi=other.udi))
    portal.replace_signer()
    assert ask(portal, licensee.give_back()).flags == ("factory-code",)
    portal.replace_signer(revoked=("portal",))
    assert ask(portal, other.give_back()).flags == ("unknown-code",)


def test_an_old_release_with_a_code_of_the_factory_is_completed_by_hand(portal: Bench) -> None:
    licensee = from_the_factory(release="17.06.04")
    portal.report(licensee.report())
    returned = licensee.give_back()
    assert refused(portal, returned) == "return-by-hand"
    assert states(portal) == []
    code = AuthorizationReturn.from_document(returned).return_code
    outcome = return_by_hand(portal, UDI, code)
    assert (outcome.verdict, outcome.flags) == (Verdict.ACCEPTED, ("factory-code",))
    assert states(portal) == [(0, "factory", "returned")]


def test_a_code_of_the_factory_is_never_downloaded_from_the_portal(portal: Bench) -> None:
    licensee = from_the_factory()
    request = licensee.request((HSEC, 1), mode=Mode.REPLACE)
    outcome = ask(portal, request)
    assert code_in(outcome).epoch == 1
    portal.report(licensee.report())
    assert states(portal)[0] == (0, *FACTORY)


def test_another_account_takes_in_no_code_of_the_factory(portal: Bench) -> None:
    licensee = from_the_factory()
    portal.report(licensee.report())
    away = ask(portal, licensee.give_back(), to=OTHER_ACCOUNT)
    assert (away.code, away.answer.documents) == ("belongs-elsewhere", ())
    assert ask(portal, from_the_factory().request((HSEC, 1)), to=ELSEWHERE).code == away.code
    assert states(portal) == []
    with pytest.raises(Problem, match="upload the file"):
        return_by_hand(portal, UDI, "x")
    assert write_document(factory_code((HSEC, 1))) == write_document(factory_code((HSEC, 1)))
