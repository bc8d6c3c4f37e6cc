"""Secrets: long, kept as digests, compared in constant time; passwords slow."""

import pytest

from gauger.adapters.passwords import MAXIMUM_PASSWORD, Passwords
from gauger.core.problems import Problem
from gauger.cssm.secrets import (
    new_id,
    new_id_token,
    new_secret,
    same_secret,
    secret_digest,
)
from tests.cssm.parts import Randomness


@pytest.mark.threat("F1", role="cssm")
def test_an_id_token_has_192_random_bits() -> None:
    tokens = {new_id_token(Randomness()) for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) * 6 for token in tokens} == {192}


def test_secrets_and_ids_are_long_enough() -> None:
    assert len(new_secret(Randomness())) >= 43
    assert len(new_id(Randomness())) == 32


def test_a_secret_is_compared_by_its_digest() -> None:
    kept = secret_digest("right")
    assert same_secret(kept, "right")
    assert not same_secret(kept, "wrong")
    assert not same_secret(kept, "\udc80")
    assert not same_secret(kept, "\ud800")


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords(Randomness())


def test_a_password_matches_its_own_hash_only(passwords: Passwords) -> None:
    kept = passwords.hash("correct horse battery")
    assert "correct" not in kept
    assert kept.startswith("$argon2id$")
    assert passwords.matches(kept, "correct horse battery")
    assert not passwords.matches(kept, "correct horse batterY")
    assert not passwords.matches("no hash", "correct horse battery")


def test_nobody_has_no_password(passwords: Passwords) -> None:
    assert not passwords.matches(None, "anything at all")
    assert not passwords.matches(None, "x" * (MAXIMUM_PASSWORD + 1))


@pytest.mark.parametrize("length", [0, 11, 257])
def test_a_password_of_odd_length_is_refused(passwords: Passwords, length: int) -> None:
    with pytest.raises(Problem, match="invalid-argument"):
        passwords.hash("x" * length)


def test_a_crowd_at_the_door_is_asked_to_come_later() -> None:
    crowded = Passwords(Randomness(), patience=0.0)
    with crowded._turn(), crowded._turn(), pytest.raises(Problem, match="server-busy"):
        crowded.matches(None, "anything at all")
    assert not crowded.matches(None, "anything at all")
