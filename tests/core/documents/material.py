"""Fixed keys and authorities that the tests of documents share."""

import functools

import pytest

from gauger.core.documents import keyring
from gauger.core.problems import Problem

NOW = 1_790_000_000
TERMS = keyring.Terms(serial_number=7, not_before=NOW - 1000, not_after=NOW + 10**8)


@functools.cache
def key(number: int) -> keyring.PrivateKey:
    """Return the fixed key of a number."""
    return keyring.PrivateKey.from_seed((10**60 + number).to_bytes(40, "big"))


@functools.cache
def manufacturer(seed: int = 100, name: str = "Example Manufacturer CA") -> keyring.Issuer:
    """Return a manufacturer's authority with its fixed key."""
    certificate = keyring.build_authority(key(seed), name, TERMS)
    return keyring.Issuer(key=key(seed), certificate=keyring.load_certificate(certificate))


def refused(code: str) -> "pytest.RaisesExc[Problem]":
    """Expect a problem of this code."""
    return pytest.raises(Problem, check=lambda problem: problem.code == code)
