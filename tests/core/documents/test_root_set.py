"""Root sets: what they must hold, and how many keys must sign."""

import dataclasses
import json

import pytest

from gauger.core.documents.envelope import DirectSignature, ThresholdSignature
from gauger.core.documents.root_set import ListedSigner, RootKey, RootSet
from gauger.core.fields import encode_base64
from gauger.core.identity import digest
from tests.core.documents.material import (
    document,
    key,
    refused,
    root_set,
    signed_root,
    signer_certificate,
)


def altered(**changes: object) -> bytes:
    return json.dumps(json.loads(root_set().encode()) | changes).encode()


def test_a_root_set_survives_its_written_form() -> None:
    signers = (
        ListedSigner.of(signer_certificate(), ledger="aa" * 16),
        ListedSigner.of(signer_certificate(12, delegates=True), delegates=True),
    )
    root = root_set(signers=signers, revoked=(digest(b"x"),))
    assert RootSet.from_document(signed_root(root)) == root
    assert root.signer(key(12).key_id) == signers[1]
    assert root.signer(digest(b"nobody")) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": 0},
        {"threshold": 4},
        {"number": 0},
        {"epoch": 0},
        {"keys": []},
        {"signers": [{"certificate": "", "delegates": False}]},
        {"revoked": [key(1).key_id]},
        {"expires_at": None},
    ],
)
def test_a_root_set_that_contradicts_itself_is_refused(changes: dict[str, object]) -> None:
    block = ThresholdSignature(signatures=())
    with refused("malformed"):
        RootSet.from_document(document("root-set", altered(**changes), block))


@pytest.mark.threat("C4")
def test_a_key_listed_twice_does_not_count_twice() -> None:
    twice = RootKey.of(key(1).public_key)
    with refused("malformed"):
        RootSet.from_document(signed_root(root_set(keys=(twice, twice))))
    value = signed_root(root_set(), 1).signature
    assert isinstance(value, ThresholdSignature)
    repeated = ThresholdSignature(signatures=value.signatures * 2)
    paper = dataclasses.replace(signed_root(root_set()), signature=repeated)
    with refused("root-threshold"):
        root_set().require_threshold(paper)


def test_a_root_key_never_signs_answers() -> None:
    listed = ListedSigner.of(signer_certificate(1))
    with refused("malformed"):
        RootSet.from_document(signed_root(root_set(signers=(listed,))))


@pytest.mark.parametrize("part", ["keys", "signers"])
def test_an_id_that_is_not_the_digest_of_its_key_is_refused(part: str) -> None:
    members = json.loads(root_set().encode())[part]
    members[0]["key_id"] = digest(b"another")
    block = ThresholdSignature(signatures=())
    with refused("malformed"):
        RootSet.from_document(document("root-set", altered(**{part: members}), block))


@pytest.mark.threat("C4")
@pytest.mark.parametrize("signers", [(1,), (3,), (4, 5, 6), (1, 4)])
def test_too_few_root_keys_sign_nothing(signers: tuple[int, ...]) -> None:
    with refused("root-threshold"):
        root_set().require_threshold(signed_root(root_set(), *signers))


@pytest.mark.parametrize("signers", [(1, 2), (2, 3), (1, 3), (3, 2, 1), (4, 1, 2)])
def test_any_two_of_three_root_keys_do(signers: tuple[int, ...]) -> None:
    root_set().require_threshold(signed_root(root_set(), *signers))


def test_a_signature_that_does_not_verify_counts_for_nothing() -> None:
    paper = signed_root(root_set(), 1, 2)
    body = root_set(epoch=2).encode()
    with refused("root-threshold"):
        root_set().require_threshold(dataclasses.replace(paper, body=body))


def test_a_signer_does_not_sign_root_sets() -> None:
    block = DirectSignature(chain=(signer_certificate(),), value=bytes(64))
    with refused("root-threshold"):
        root_set().require_threshold(document("root-set", root_set().encode(), block))


def test_the_largest_root_set_still_fits_a_document() -> None:
    revoked = [digest(b"%d" % number) for number in range(2500)]
    assert len(altered(revoked=revoked)) < 180 * 1024
    assert encode_base64(signer_certificate()).isascii()
