"""A document that comes again is proven once; whom to believe is judged each time."""

from dataclasses import replace

import pytest

from gauger.core.documents import keyring, signature_memo
from gauger.core.documents import trust_store as module
from gauger.core.documents.envelope import Document, PageSignature
from gauger.core.documents.trust_store import TrustStore
from tests.core.documents.material import (
    NOW,
    SIGNER,
    Authority,
    key,
    refused,
    root_set,
    signed_root,
    trust_store,
)


def seen(store: TrustStore, paper: Document) -> None:
    store.verify(paper, expected=paper.type, now=NOW, again=True)


@pytest.mark.parametrize(
    "paper", [Authority().direct({"n": 1}), Authority().paged([{"n": 1}, {"n": 2}])[1]]
)
def test_a_document_is_proven_once(paper: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    store = trust_store()
    seen(store, paper)
    monkeypatch.setattr(keyring, "verify", None)
    monkeypatch.setattr(module, "verify_leaf", None)
    assert store.verify(paper, expected=paper.type, now=NOW).fields.integer("n") > 0


def test_a_signer_that_is_revoked_since_is_not_believed() -> None:
    store, paper = trust_store(), Authority().direct({})
    seen(store, paper)
    revoked = root_set(revoked=(key(SIGNER).key_id,), signers=())
    later = replace(store, root_set=revoked, root_digest=signed_root(revoked).digest)
    assert later.memo is store.memo
    with refused("key-revoked"):
        seen(later, paper)


def test_another_signature_on_the_same_body_is_another_document() -> None:
    store, paper = trust_store(), Authority().paged([{}])[0]
    seen(store, paper)
    assert isinstance(paper.signature, PageSignature)
    forged = replace(paper, signature=replace(paper.signature, value=bytes(64)))
    with refused("signature-invalid"):
        seen(store, forged)


def test_what_is_forged_fills_no_memory() -> None:
    store, paper = trust_store(), Authority().direct({})
    forged = replace(paper, body=paper.body.replace(b"policy", b"polic\\u0079"))
    with refused("signature-invalid"):
        seen(store, forged)
    assert store.memo.opened(forged) is None


def test_the_documents_held_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signature_memo, "DOCUMENTS", 2)
    store, papers = trust_store(), [Authority().direct({"n": n}) for n in range(7)]
    for paper in papers:
        seen(store, paper)
    held = [store.memo.opened(paper) is not None for paper in papers]
    assert held[-1]
    assert sum(held) <= 4
