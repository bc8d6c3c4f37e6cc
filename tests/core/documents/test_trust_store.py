"""Who is trusted for what: root sets, signers, delegates, devices."""

import dataclasses

import pytest

from gauger.core.documents import keyring
from gauger.core.documents.envelope import DirectSignature, Document, PageSignature, preimage
from gauger.core.documents.page import SignedHead
from gauger.core.documents.root_set import ListedSigner, RootKey
from gauger.core.documents.trust_store import (
    Delegation,
    TrustStore,
    Verified,
    expiry_time,
)
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.problems import Problem
from tests.core.documents.material import (
    LEDGER,
    NOW,
    TERMS,
    UDI,
    Authority,
    declared,
    document,
    encoded,
    key,
    manufacturer,
    refused,
    root_set,
    signed_root,
    signer_certificate,
    sudi,
    trust_store,
)

ACCOUNT = AccountRef("example.com", "DEFAULT")
OTHER = AccountRef("other.example", "DEFAULT")
DELEGATOR, ON_PREM = 21, 22


def verified(paper: Document, store: TrustStore | None = None, *, now: int = NOW) -> Verified:
    return (store or trust_store()).verify(paper, expected=paper.type, now=now)


# Root sets follow each other.


def test_expiry_is_judged_at_the_latest_known_instant() -> None:
    assert expiry_time(5, None, None) == 5
    assert expiry_time(5, root_set(), None) == NOW - 500
    assert expiry_time(5, root_set(), NOW) == NOW
    assert expiry_time(NOW + 1, root_set(), 3) == NOW + 1


def test_a_root_set_is_pinned_once() -> None:
    store = trust_store()
    assert store.root_set == root_set()
    with refused("conflict"):
        store.pin(signed_root(root_set()))
    with refused("root-threshold"):
        TrustStore().pin(signed_root(root_set(), 1))


def test_the_next_root_set_is_signed_by_both_thresholds() -> None:
    new_keys = tuple(RootKey.of(key(number).public_key) for number in (4, 5, 6))
    following = root_set(number=2, epoch=2, keys=new_keys)
    store = trust_store().advance(signed_root(following, 1, 2, 4, 5))
    assert store.root_set == following
    assert store.advance(signed_root(following, 1, 2, 4, 5)) is store


@pytest.mark.threat("C3")
@pytest.mark.threat("C4")
@pytest.mark.parametrize("signers", [(1, 2), (4, 5), (1, 4, 5), (1, 2, 4)])
def test_a_root_set_that_lacks_a_threshold_is_refused(signers: tuple[int, ...]) -> None:
    new_keys = tuple(RootKey.of(key(number).public_key) for number in (4, 5, 6))
    following = root_set(number=2, keys=new_keys)
    with refused("root-threshold"):
        trust_store().advance(signed_root(following, *signers))


@pytest.mark.threat("C3")
def test_no_root_set_is_skipped() -> None:
    with refused("root-skipped"):
        trust_store().advance(signed_root(root_set(number=3)))


@pytest.mark.threat("C3")
def test_no_root_set_goes_back() -> None:
    store = trust_store(number=5, epoch=3)
    with refused("stale-version"):
        store.advance(signed_root(root_set(number=4, epoch=3)))
    with refused("stale-version"):
        store.advance(signed_root(root_set(number=6, epoch=2)))
    with refused("version-conflict"):
        store.advance(signed_root(root_set(number=5, epoch=4)))


def test_without_a_pinned_root_set_nobody_is_trusted() -> None:
    with refused("unknown-key"):
        TrustStore().advance(signed_root(root_set()))
    with refused("unknown-key"):
        verified(Authority().direct({}), TrustStore())


def test_a_bundle_of_root_sets_is_taken_in_order() -> None:
    papers = [signed_root(root_set(number=number)) for number in (1, 2, 3)]
    store = trust_store(number=2).advance_all(papers)
    assert store.root_set == root_set(number=3)


def test_an_expired_root_set_is_followed_but_not_obeyed() -> None:
    store = trust_store(expires_at=NOW - 1)
    with refused("root-expired"):
        verified(Authority().direct({}), store)
    renewed = store.advance(signed_root(root_set(number=2)))
    assert verified(Authority().direct({}), renewed).issuer == LEDGER


def test_a_root_set_of_a_test_clock_needs_a_store_that_takes_it() -> None:
    paper = signed_root(root_set(test_clock=True))
    with refused("test-clock"):
        TrustStore().pin(paper)
    assert TrustStore().with_test_clock().pin(paper).root_set is not None


# Signers.


def test_both_kinds_of_signature_go_through_one_verifier() -> None:
    signer = Authority()
    direct = verified(signer.direct({"name": "p"}))
    paged = [verified(paper) for paper in signer.paged([{"n": 1}, {"n": 2}, {"n": 3}])]
    assert direct.head is None
    assert {answer.head.leaf_count for answer in paged if answer.head} == {3}
    assert {answer.signer.key_id for answer in (direct, *paged)} == {signer.key.key_id}
    assert [answer.fields.integer("n") for answer in paged] == [1, 2, 3]


@pytest.mark.threat("A5")
@pytest.mark.threat("C7")
def test_a_signer_that_is_not_listed_is_unknown() -> None:
    own_certificate = Authority(number=66, chain=(signer_certificate(66),))
    with refused("unknown-key"):
        verified(own_certificate.direct({}))
    with refused("unknown-key"):
        verified(own_certificate.paged([{}])[0])


@pytest.mark.threat("C7")
def test_another_certificate_over_a_listed_key_is_unknown() -> None:
    longer = signer_certificate(not_after=TERMS.not_after + 10**9)
    with refused("unknown-key"):
        verified(Authority(chain=(longer,)).direct({}))


@pytest.mark.threat("C7")
def test_a_listed_certificate_does_not_vouch_for_another_key() -> None:
    with refused("signature-invalid"):
        verified(Authority(number=66).direct({}))
    with refused("signature-invalid"):
        verified(Authority(number=66).paged([{}])[0])


@pytest.mark.threat("C7")
def test_a_key_inside_the_document_is_never_used() -> None:
    stranger = Authority(number=66)
    jwk = {"jwk": {"kty": "EC"}, "jku": "https://evil.example/keys", "public_key": "x"}
    with refused("signature-invalid"):
        verified(stranger.direct(jwk))


@pytest.mark.threat("C1")
def test_a_revoked_signer_is_refused() -> None:
    others = (ListedSigner.of(signer_certificate(12)),)
    revoking = root_set(number=2, epoch=2, signers=others, revoked=(key(11).key_id,))
    paper = Authority().direct({})
    store = trust_store()
    verified(paper, store)
    with refused("key-revoked"):
        verified(paper, store.advance(signed_root(revoking)))


@pytest.mark.threat("C2")
def test_an_old_signer_holds_in_the_overlap_and_not_after_it() -> None:
    old = signer_certificate(not_after=NOW + 100)
    new = signer_certificate(12)
    store = trust_store(signers=(ListedSigner.of(old), ListedSigner.of(new)))
    papers = [Authority(chain=(old,)).direct({}), Authority(number=12, chain=(new,)).direct({})]
    for paper in papers:
        verified(paper, store, now=NOW + 100)
    with refused("signer-expired"):
        verified(papers[0], store, now=NOW + 101)
    verified(papers[1], store, now=NOW + 101)


def test_a_signer_is_held_to_its_ledger() -> None:
    bound = (ListedSigner.of(signer_certificate(), ledger=LEDGER),)
    store = trust_store(signers=bound)
    verified(Authority().direct({}), store)
    verified(Authority().paged([{}])[0], store)
    foreign = Authority(ledger="bb" * 16)
    for paper in (foreign.direct({}), foreign.paged([{}])[0]):
        with refused("unknown-key"):
            verified(paper, store)


def test_a_head_of_another_ledger_is_refused_by_a_bound_signer() -> None:
    store = trust_store(signers=(ListedSigner.of(signer_certificate(), ledger=LEDGER),))
    paper = Authority().paged([{}], ledger="bb" * 16)[0]
    assert isinstance(paper.signature, PageSignature)
    with refused("unknown-key"):
        store.verify_head(SignedHead.of(paper.signature), now=NOW)


def test_a_document_is_not_moved_to_a_page_of_another_ledger() -> None:
    with refused("signature-invalid"):
        verified(Authority().paged([{"issuer": "bb" * 16}])[0])


def test_a_page_that_names_another_signer_is_refused() -> None:
    with refused("signature-invalid"):
        verified(Authority().paged([{}], signer=Digest("00" * 32))[0])


# Types, bytes and clocks.


@pytest.mark.threat("B8")
@pytest.mark.parametrize("expected", ["policy", "trust-code", "account-info", "verdict"])
def test_an_ack_is_nothing_else(expected: str) -> None:
    paper = Authority().paged([{}])[0]
    with refused("wrong-type"):
        trust_store().verify(paper, expected=expected, now=NOW)
    with refused("wrong-type"):  # renamed outside, it still says inside what it is
        renamed = dataclasses.replace(paper, type=expected)
        trust_store().verify(renamed, expected=expected, now=NOW)


@pytest.mark.threat("B8")
def test_the_domain_is_part_of_what_is_signed() -> None:
    body = encoded({}, kind="policy", issuer=LEDGER)
    value = keyring.sign(key(11), preimage("ack", 1, body))
    block = DirectSignature(chain=(signer_certificate(),), value=value)
    with refused("signature-invalid"):
        verified(document("policy", body, block))


def test_a_signature_of_another_kind_is_refused() -> None:
    paper = Authority().direct({})
    threshold = signed_root(root_set()).signature
    with refused("wrong-type"):
        verified(dataclasses.replace(paper, signature=threshold))
    with refused("signature-missing"):
        verified(dataclasses.replace(paper, signature=DirectSignature(chain=(), value=bytes(64))))


def test_any_altered_byte_of_an_answer_is_refused() -> None:
    paper = Authority().paged([{"n": 1}, {"n": 2}])[1]
    for at in range(len(paper.body)):
        body = paper.body[:at] + bytes([paper.body[at] ^ 1]) + paper.body[at + 1 :]
        with pytest.raises(Problem):
            verified(dataclasses.replace(paper, body=body))


def test_documents_of_a_test_clock_need_a_store_that_takes_them() -> None:
    direct = Authority().direct({"test_clock": True})
    paged = Authority().paged([{}], test_clock=True)[0]
    for paper in (direct, paged):
        with refused("test-clock"):
            verified(paper)
        assert verified(paper, trust_store().with_test_clock()).document is paper


def test_a_head_is_verified_alone() -> None:
    paper = Authority().paged([{}])[0]
    assert isinstance(paper.signature, PageSignature)
    signed = SignedHead.of(paper.signature)
    assert trust_store().verify_head(signed, now=NOW).ledger == LEDGER
    with refused("signature-invalid"):
        forged = dataclasses.replace(signed, value=bytes(63) + b"\1")
        trust_store().verify_head(forged, now=NOW)


@pytest.mark.threat("B10")
def test_a_new_root_epoch_stands_above_what_a_thief_signed() -> None:
    order = {"root_epoch": 1, "ledger_epoch": 2**63 - 1, "version": 2**63 - 1}
    stolen = Authority().direct({"order": order})
    following = root_set(
        number=2,
        epoch=2,
        signers=(ListedSigner.of(signer_certificate(12)),),
        revoked=(key(11).key_id,),
    )
    store = trust_store()
    verified(stolen, store)
    store = store.advance(signed_root(following))
    with refused("key-revoked"):
        verified(stolen, store)
    honest = Authority(number=12, chain=(signer_certificate(12),)).direct(
        {"order": {"root_epoch": 2, "ledger_epoch": 1, "version": 1}}
    )
    assert verified(honest, store).fields.child("order").integer("root_epoch") == 2


# Delegated signers.


def delegated(*, accounts: tuple[AccountRef, ...] = (ACCOUNT,), ledger: str | None = None) -> bytes:
    issuer = keyring.Issuer(
        key=key(DELEGATOR),
        certificate=keyring.load_certificate(signer_certificate(DELEGATOR, delegates=True)),
    )
    text = Delegation(accounts=accounts, ledger=ledger).to_text()
    public = key(ON_PREM).public_key
    return keyring.build_delegated(issuer, "On-Prem", public, TERMS, delegation=text)


def delegating_store(**changes: object) -> TrustStore:
    top = ListedSigner.of(signer_certificate(DELEGATOR, delegates=True), delegates=True)
    return trust_store(**({"signers": (top,)} | changes))


def on_prem(certificate: bytes, *above: bytes) -> Authority:
    chain = (certificate, *(above or (signer_certificate(DELEGATOR, delegates=True),)))
    return Authority(number=ON_PREM, chain=chain)


def test_a_delegated_signer_signs_for_its_accounts() -> None:
    signer = on_prem(delegated())
    paper = signer.paged([{"account": ACCOUNT.to_json()}])[0]
    assert verified(paper, delegating_store()).accounts == (ACCOUNT,)


@pytest.mark.parametrize("account", [OTHER, None])
def test_a_delegated_signer_signs_for_no_other_account(account: AccountRef | None) -> None:
    named = None if account is None else account.to_json()
    with refused("not-permitted"):
        verified(on_prem(delegated()).direct({"account": named}), delegating_store())


def test_a_delegated_signer_is_held_to_its_ledger() -> None:
    signer = on_prem(delegated(ledger="bb" * 16))
    with refused("unknown-key"):
        verified(signer.direct({"account": ACCOUNT.to_json()}), delegating_store())


def test_only_a_signer_marked_so_delegates() -> None:
    plain = ListedSigner.of(signer_certificate(DELEGATOR, delegates=True), delegates=False)
    body = {"account": ACCOUNT.to_json()}
    with refused("unknown-key"):
        verified(on_prem(delegated()).direct(body), trust_store(signers=(plain,)))


def test_delegation_is_one_level_deep() -> None:
    top = signer_certificate(DELEGATOR, delegates=True)
    with refused("unknown-key"):
        verified(on_prem(delegated(), delegated(), top).direct({}), delegating_store())


def test_a_certificate_without_accounts_is_no_delegation() -> None:
    own = signer_certificate(ON_PREM)
    with refused("unknown-key"):
        verified(on_prem(own).direct({"account": ACCOUNT.to_json()}), delegating_store())


@pytest.mark.threat("C1")
@pytest.mark.parametrize("number", [DELEGATOR, ON_PREM])
def test_a_revoked_delegate_or_delegator_is_refused(number: int) -> None:
    top = ListedSigner.of(signer_certificate(DELEGATOR, delegates=True), delegates=True)
    signers = () if number == DELEGATOR else (top,)
    store = delegating_store(signers=signers, revoked=(key(number).key_id,))
    with refused("key-revoked"):
        verified(on_prem(delegated()).direct({"account": ACCOUNT.to_json()}), store)


def test_a_delegation_of_another_form_is_refused() -> None:
    with refused("malformed"):
        Delegation.from_text("[]")
    bound = Delegation(accounts=(ACCOUNT, OTHER), ledger=LEDGER)
    assert Delegation.from_text(bound.to_text()) == bound


# Product instances.


def test_a_sudi_is_verified_under_its_manufacturer() -> None:
    certificate = trust_store().verify_sudi((sudi(),), UDI, NOW)
    assert certificate.key_id == key(50).key_id


def test_the_dates_of_a_sudi_are_not_judged() -> None:
    trust_store().verify_sudi((sudi(),), UDI, NOW + 10**9)


@pytest.mark.threat("A6")
def test_the_sudi_of_another_device_is_refused() -> None:
    with refused("wrong-subject"):
        trust_store().verify_sudi((sudi(),), Udi(UDI.pid, "GGR0002"), NOW)


@pytest.mark.threat("A5")
@pytest.mark.threat("C7")
def test_a_manufacturer_that_came_along_is_not_trusted() -> None:
    own = keyring.build_sudi(manufacturer(seed=66, name="Evil CA"), UDI, key(50).public_key, TERMS)
    authority = manufacturer(seed=66, name="Evil CA").certificate.der
    with refused("unknown-key"):
        trust_store().verify_sudi((own, authority), UDI, NOW)
    with refused("signature-invalid"):
        trust_store().verify_sudi((sudi(maker=67), manufacturer(67).certificate.der), UDI, NOW)


@pytest.mark.threat("A5")
@pytest.mark.parametrize("udi", [Udi("C9800-CL-K9", "FOC0001"), Udi("OTHER", "GGR0001")])
def test_a_manufacturer_certifies_only_what_it_declares(udi: Udi) -> None:
    store = trust_store()
    with refused("unknown-key"):
        store.verify_sudi((sudi(udi),), udi, NOW)
    assert not store.declares(udi)
    assert store.declares(UDI)


@pytest.mark.threat("C1")
def test_a_revoked_device_is_refused() -> None:
    with refused("key-revoked"):
        trust_store(revoked=(key(50).key_id,)).verify_sudi((sudi(),), UDI, NOW)
    TrustStore().require_not_revoked(key(50).key_id)


def test_a_device_without_certificate_is_refused() -> None:
    with refused("signature-missing"):
        trust_store().verify_sudi((), UDI, NOW)


def test_a_manufacturer_is_replaced_by_its_newer_file() -> None:
    narrower = dataclasses.replace(declared(), pids=frozenset({"NEW"}))
    store = trust_store().with_manufacturer(declared(67, "Other")).with_manufacturer(narrower)
    assert store.manufacturers == (declared(67, "Other"), narrower)
