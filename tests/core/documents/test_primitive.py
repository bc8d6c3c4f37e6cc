"""The curve at its edges: the crypto library against plain arithmetic."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gauger.core.documents import keyring
from gauger.core.problems import Problem
from tests.core.documents.second_verifier import (
    SPKI,
    G,
    N,
    P,
    Point,
    RefusedError,
    add,
    times,
    verify_value,
)

pytestmark = pytest.mark.threat("C6")

MESSAGE = b"edge"
Z = int.from_bytes(hashlib.sha256(MESSAGE).digest(), "big")
EDGES = [1, 2, 3, N // 2 - 1, N // 2, N // 2 + 1, N - 2, N - 1, N, N + 1, P - N, 2**256 - 1, 0]


def encoded(point: Point) -> bytes:
    assert point is not None
    return SPKI + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def value_of(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def fitting_key(nonce_point: Point, r: int, s: int) -> bytes:
    """Return the public key under which (r, s) is a signature of the message by that point."""
    assert nonce_point is not None
    negated = times(Z % N, G)
    assert negated is not None
    difference = add(times(s, nonce_point), (negated[0], P - negated[1]))
    return encoded(times(pow(r, -1, N), difference))


def both(public: bytes, message: bytes, value: bytes) -> tuple[bool, bool]:
    """Return the judgement of the keyring and of plain arithmetic."""
    try:
        keyring.verify(public, message, value)
        first = True
    except Problem:
        first = False
    try:
        verify_value(public, message, value)
    except RefusedError:
        return first, False
    return first, True


def point_at(x: int) -> Point:
    """Return a point of the curve with this x, or None."""
    square = (x**3 - 3 * x + _B) % P
    y = pow(square, (P + 1) // 4, P)
    return (x, y) if y * y % P == square else None


_B = (G[1] ** 2 - G[0] ** 3 + 3 * G[0]) % P


@pytest.mark.parametrize("nonce", [1, 2, 3, N // 2, N - 2, N - 1])
@pytest.mark.parametrize("s", [1, 2, N // 2 - 1, N // 2])
def test_extreme_nonces_and_values_verify(nonce: int, s: int) -> None:
    point = times(nonce, G)
    assert point is not None
    r = point[0] % N
    public = fitting_key(point, r, s)
    assert both(public, MESSAGE, value_of(r, s)) == (True, True)
    assert both(public, MESSAGE, value_of(r, N - s)) == (False, False)


def test_a_nonce_point_beyond_the_order_verifies_by_its_remainder() -> None:
    found = next(filter(None, map(point_at, range(N, N + 100))))
    r = found[0] - N
    public = fitting_key(found, r, 1)
    assert both(public, MESSAGE, value_of(r, 1)) == (True, True)
    assert both(public, MESSAGE, value_of(found[0], 1)) == (False, False)


@pytest.mark.parametrize("scalar", [1, 2, 3, N - 2, N - 1])
def test_extreme_keys_sign_and_verify(scalar: int) -> None:
    private = keyring.PrivateKey.from_seed((scalar - 1).to_bytes(40, "big"))
    assert private.public_key == encoded(times(scalar, G))
    assert both(private.public_key, MESSAGE, keyring.sign(private, MESSAGE)) == (True, True)


@pytest.mark.parametrize("r", EDGES)
@pytest.mark.parametrize("s", EDGES)
def test_extreme_values_are_judged_alike(r: int, s: int) -> None:
    value = value_of(r % 2**256, s % 2**256)
    assert len(set(both(encoded(times(7, G)), MESSAGE, value))) == 1


@settings(max_examples=25, deadline=None)  # plain arithmetic takes its time
@given(st.integers(1, N - 1), st.integers(1, N - 1), st.integers(1, N // 2))
def test_any_fitting_triple_is_judged_alike(nonce: int, scalar: int, s: int) -> None:
    point = times(nonce, G)
    assert point is not None
    r = point[0] % N
    assert both(fitting_key(point, r, s), MESSAGE, value_of(r, s)) == (True, True)
    assert both(encoded(times(scalar, G)), MESSAGE, value_of(r, s)) == (False, False)


def test_a_point_off_the_curve_is_no_key() -> None:
    off = encoded((G[0], G[1] ^ 1))
    assert both(off, MESSAGE, value_of(1, 1)) == (False, False)
    assert both(encoded((0, 0)), MESSAGE, value_of(1, 1)) == (False, False)
