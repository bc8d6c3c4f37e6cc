"""The bounded memory of signatures that held."""

import pytest

from gauger.core.documents import keyring
from gauger.core.documents.keyring import load_certificate
from gauger.core.documents.signature_memo import SignatureMemo
from tests.core.documents.material import key, manufacturer, refused, sudi


def test_a_signature_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    memo, value = SignatureMemo(), keyring.sign(key(1), b"m")
    memo.verify(key(1).public_key, b"m", value)
    monkeypatch.setattr(keyring, "verify", None)
    memo.verify(key(1).public_key, b"m", value)
    assert len(memo) == 1


def test_a_refusal_is_not_remembered() -> None:
    memo, value = SignatureMemo(), keyring.sign(key(1), b"m")
    for _ in range(2):
        with refused("signature-invalid"):
            memo.verify(key(1).public_key, b"n", value)
    assert len(memo) == 0


def test_an_issue_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    memo, certificate = SignatureMemo(), load_certificate(sudi())
    memo.verify_issued(certificate, manufacturer().certificate)
    monkeypatch.setattr(keyring, "verify_issued", None)
    memo.verify_issued(certificate, manufacturer().certificate)
    assert len(memo) == 1


def test_the_memory_is_bounded() -> None:
    memo = SignatureMemo(capacity=4)
    for number in range(30):
        message = b"%d" % number
        memo.verify(key(1).public_key, message, keyring.sign(key(1), message))
        assert len(memo) <= 8
