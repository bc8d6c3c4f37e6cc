"""The verdict on authorization requests and returns, line after line of the table."""

from dataclasses import replace

import pytest

from gauger.core.authority.authorization import (
    Arrival,
    AuthorizationFacts,
    CodeFacts,
    CodeState,
    PoolFacts,
    ShownCode,
    bundled,
    confirms,
    found_code,
    grant,
    judge_authorization,
    misuses,
    named_by,
    next_epoch,
    wanted,
)
from gauger.core.authority.commands import Pipe
from gauger.core.authority.facts import InstanceFacts, KnownRequest
from gauger.core.authority.outcomes import Verdict
from gauger.core.documents.authorization_code import (
    AuthorizationCode,
    AuthorizationOrigin,
    AuthorizedLicence,
    HeldCode,
)
from gauger.core.documents.authorization_request import AuthorizationRequest, Mode, WantedLicence
from gauger.core.documents.authorization_return import AuthorizationReturn
from gauger.core.documents.body import SentHead
from gauger.core.documents.versions import Order
from gauger.core.identity import digest
from tests.core.documents.material import refused
from tests.support.builders import ACCOUNT, ELSEWHERE, NOW, UDI

CODE = "ac" * 16
HELD = HeldCode(code=CODE, epoch=3)
HEAD = SentHead(
    issued_at=NOW,
    test_clock=False,
    udi=UDI,
    incarnation="11" * 16,
    counter=3,
    nonce="00" * 16,
    made_at=NOW,
)
REQUEST = AuthorizationRequest(
    **HEAD,
    licences=(WantedLicence(tag="hsec"),),
    held=HELD,
    mark=3,
)
RETURN = AuthorizationReturn(
    **HEAD,
    removed=HELD,
    return_code="x",
    mark=3,
)
OWNED = InstanceFacts(udi=UDI, account=ACCOUNT, generation=1)
NAMED = CodeFacts(
    code=CODE,
    epoch=3,
    account=ACCOUNT,
    state=CodeState.CONFIRMED,
    licences=(AuthorizedLicence(tag="hsec", name="HSEC", count=2, term="perpetual"),),
    document=digest(b"code"),
)
FACTS = AuthorizationFacts(instance=OWNED, named=NAMED, highest=3, counter=2)
FILE = Arrival(pipe=Pipe.FILE, uploaded_to=ACCOUNT)
ONLINE = Arrival(pipe=Pipe.SMART, uploaded_to=None)
POOL = PoolFacts(tag="hsec", name="HSEC", term="perpetual", quantity=4, others=1)


@pytest.mark.parametrize("asked", [REQUEST, RETURN], ids=lambda asked: asked.TYPE)
@pytest.mark.parametrize("arrival", [FILE, ONLINE], ids=["file", "online"])
def test_what_is_in_order_is_accepted(
    asked: AuthorizationRequest | AuthorizationReturn, arrival: Arrival
) -> None:
    judgement = judge_authorization(asked, FACTS, arrival)
    assert (judgement.verdict, judgement.code, judgement.flags) == (Verdict.ACCEPTED, None, ())
    assert judgement.ownership is not None
    assert judgement.ownership.account == ACCOUNT


@pytest.mark.parametrize(
    ("facts", "arrival", "code"),
    [
        (AuthorizationFacts(), ONLINE, "trust-missing"),
        (replace(FACTS, instance=replace(OWNED, generation=0)), ONLINE, "trust-missing"),
        (AuthorizationFacts(), replace(FILE, uploaded_to=None), "no-account"),
        (FACTS, replace(FILE, uploaded_to=ELSEWHERE), "belongs-elsewhere"),
        (replace(FACTS, counter=3), FILE, "stale-request"),
        (replace(FACTS, named=replace(NAMED, state=CodeState.RETURNED)), FILE, "epoch-dead"),
        (replace(FACTS, named=None), FILE, "code-unknown"),
    ],
)
def test_a_request_is_rejected(facts: AuthorizationFacts, arrival: Arrival, code: str) -> None:
    judgement = judge_authorization(REQUEST, facts, arrival)
    assert (judgement.verdict, judgement.code, judgement.ownership) == (
        Verdict.REJECTED,
        code,
        None,
    )


def test_to_replace_needs_no_code_that_is_known() -> None:
    request = replace(REQUEST, mode=Mode.REPLACE)
    judgement = judge_authorization(request, replace(FACTS, named=None, counter=None), FILE)
    assert judgement.verdict is Verdict.ACCEPTED


@pytest.mark.threat("B22", role="core")
@pytest.mark.parametrize(
    ("named", "flags"),
    [
        (None, ("unknown-code",)),
        (replace(NAMED, state=CodeState.RETURNED), ("already-returned",)),
        (replace(NAMED, state=CodeState.REPLACED), ("already-returned",)),
        (replace(NAMED, state=CodeState.ISSUED), ()),
    ],
)
def test_a_return_is_never_stale_and_says_what_it_credits(
    named: CodeFacts | None, flags: tuple[str, ...]
) -> None:
    judgement = judge_authorization(RETURN, replace(FACTS, named=named, counter=99), FILE)
    assert (judgement.verdict, judgement.flags) == (Verdict.ACCEPTED, flags)


FACTORY = AuthorizationCode(
    issued_at=NOW,
    issuer="fa" * 16,
    udi=UDI,
    order=Order(1, 1, 1),
    code=CODE,
    epoch=0,
    origin=AuthorizationOrigin.FACTORY,
    licences=NAMED.licences,
)
HELD_FACTORY = HeldCode(code=CODE, epoch=0, document="{}")
FOUND = ShownCode(
    code=CODE,
    epoch=0,
    state=CodeState.CONFIRMED,
    licences=NAMED.licences,
    origin=AuthorizationOrigin.FACTORY,
)


@pytest.mark.threat("B22", role="core")
def test_a_return_of_a_code_of_the_factory_says_that_it_credits_nothing() -> None:
    judgement = judge_authorization(RETURN, replace(FACTS, named=FOUND), FILE)
    assert judgement.flags == ("factory-code",)
    assert "no pool gains" in judgement.detail
    again = replace(NAMED, origin=FOUND.origin, state=CodeState.RETURNED)
    assert judge_authorization(RETURN, replace(FACTS, named=again), FILE).flags == (
        "already-returned",
    )


@pytest.mark.parametrize("named", [None, replace(NAMED, state=CodeState.REPLACED)])
def test_a_return_that_credits_by_its_mark_has_no_flag(named: CodeFacts | None) -> None:
    facts = replace(FACTS, named=named, covers=True)
    assert judge_authorization(RETURN, facts, FILE).flags == ()


@pytest.mark.threat("B21", role="core")
def test_a_code_of_the_factory_is_what_later_ones_left_of_it() -> None:
    assert found_code(FACTORY, FACTS, HELD_FACTORY) == FOUND
    for state in CodeState:
        found = found_code(FACTORY, replace(FACTS, factory=state), HELD_FACTORY)
        assert found == replace(FOUND, state=state)
    # A second one, and one that is not the one that is named.
    assert found_code(FACTORY, replace(FACTS, factory=None), HELD_FACTORY) is None
    assert found_code(FACTORY, FACTS, HELD) is None


def test_only_a_code_in_use_without_a_row_gets_one() -> None:
    assert replace(FACTS, named=FOUND).adopts == FOUND
    dead = replace(FOUND, state=CodeState.REPLACED)
    assert [replace(FACTS, named=one).adopts for one in (None, NAMED, dead)] == [None] * 3


def test_a_doubt_about_a_code_stands_in_the_refusal() -> None:
    arrival = replace(FILE, doubt="Its signature does not hold.")
    judgement = judge_authorization(REQUEST, replace(FACTS, named=None), arrival)
    assert judgement.detail.endswith("not of this portal. Its signature does not hold.")


@pytest.mark.parametrize(
    ("release", "arrival", "code"),
    [
        ("17.6.4", FILE, "return-by-hand"),
        ("17.06.99", FILE, "return-by-hand"),
        ("17.6.4", ONLINE, None),
        ("17.6.4", replace(FILE, located=True), None),
        ("17.7.1", FILE, None),
        ("26.1.1", FILE, None),
        ("main", FILE, None),
        (None, FILE, None),
    ],
)
def test_return_files_lead_to_their_device_from_17_7_1(
    release: str | None, arrival: Arrival, code: str | None
) -> None:
    judgement = judge_authorization(replace(RETURN, software_version=release), FACTS, arrival)
    assert judgement.code == code


def test_what_was_answered_is_answered_again_but_for_another_account() -> None:
    known = KnownRequest(digest=digest(b"asked"), verdict=Verdict.ACCEPTED)
    facts = replace(FACTS, known=known, counter=9)
    assert judge_authorization(REQUEST, facts, FILE).verdict is Verdict.SAME
    elsewhere = judge_authorization(REQUEST, facts, replace(FILE, uploaded_to=ELSEWHERE))
    assert elsewhere.code == "belongs-elsewhere"
    anew = replace(facts, known=replace(known, verdict=Verdict.REJECTED), counter=None)
    assert judge_authorization(REQUEST, anew, FILE).verdict is Verdict.ACCEPTED


def test_what_is_wanted_goes_with_what_is_held() -> None:
    one, other = WantedLicence(tag="hsec", count=1), WantedLicence(tag="ring", count=3)
    assert wanted(Mode.ADD, [one, other], NAMED) == (WantedLicence(tag="hsec", count=2), other)
    assert wanted(Mode.ADD, [other], NAMED) == (other, WantedLicence(tag="hsec", count=2))
    assert wanted(Mode.REPLACE, [one], NAMED) == (one,)
    assert wanted(Mode.ADD, [one], None) == (one,)
    with refused("invalid-argument"):
        wanted(Mode.ADD, [WantedLicence(tag=str(number)) for number in range(64)], NAMED)


@pytest.mark.threat("B25", role="core")
def test_no_more_is_granted_than_is_left() -> None:
    (granted,) = grant([WantedLicence(tag="hsec", count=3)], {"hsec": POOL})
    assert granted == AuthorizedLicence(tag="hsec", name="HSEC", count=3, term="perpetual")
    for count, pools in ((4, {"hsec": POOL}), (1, {}), (1, {"hsec": replace(POOL, others=9)})):
        with refused("authorizations-used-up"):
            grant([WantedLicence(tag="hsec", count=count)], pools)


@pytest.mark.threat("B25", role="core")
def test_what_came_from_the_factory_is_taken_from_no_pool() -> None:
    own = {"hsec": AuthorizedLicence(tag="hsec", name="Of the box", count=2, term="3 years")}
    (granted,) = grant([WantedLicence(tag="hsec", count=2)], {}, own)
    assert granted == own["hsec"]
    assert bundled([granted], own) == (("hsec", 2),)
    (granted,) = grant([WantedLicence(tag="hsec", count=5)], {"hsec": POOL}, own)
    assert (granted.name, bundled([granted], own)) == ("HSEC", (("hsec", 2),))
    for count, pools in ((6, {"hsec": POOL}), (3, {})):
        with refused("authorizations-used-up"):
            grant([WantedLicence(tag="hsec", count=count)], pools, own)
    assert bundled([granted], {}) == ()


@pytest.mark.threat("B21", role="core")
@pytest.mark.parametrize(
    ("highest", "mark", "following"), [(None, None, 1), (0, None, 1), (3, 2, 4), (2, 7, 8)]
)
def test_the_next_epoch_stands_above_all_that_are_spent(
    highest: int | None, mark: int | None, following: int
) -> None:
    assert next_epoch(highest, mark) == following


def test_what_a_document_shows_is_noted_once() -> None:
    issued = replace(NAMED, state=CodeState.ISSUED)
    assert confirms(HELD, issued)
    assert not any((confirms(HELD, NAMED), confirms(None, issued), confirms(HELD, None)))
    returned = replace(NAMED, state=CodeState.RETURNED)
    assert misuses(HELD, returned)
    assert not misuses(HELD, replace(returned, misused=True))
    assert not any((misuses(None, returned), misuses(HELD, None), misuses(HELD, NAMED)))
    assert named_by(REQUEST) == named_by(RETURN) == HELD
