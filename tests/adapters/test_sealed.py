"""Sealed records: only their key opens them, only at their place, only as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.storage.sealed import KEY_BYTES, Place, Seal
from gauger.core.problems import Problem

PLACE = Place("record", "row", "kind")
SEAL = Seal(bytes(range(KEY_BYTES)), SystemEntropy())


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_again(plain: bytes) -> None:
    assert SEAL.open(SEAL.seal(plain, PLACE, "i"), PLACE, "i") == plain


@pytest.mark.requirement("PI-4")
@pytest.mark.threat("G5", role="instance")
def test_a_bit_flipped_anywhere_is_found() -> None:
    sealed = SEAL.seal(b"usage", PLACE, "i")
    for index in range(len(sealed) * 8):
        altered = bytearray(sealed)
        altered[index // 8] ^= 1 << index % 8
        with pytest.raises(Problem, match="store-damaged"):
            SEAL.open(bytes(altered), PLACE, "i")


@pytest.mark.parametrize("length", [0, 5, 12, 20, 27])
def test_a_record_cut_short_is_found(length: int) -> None:
    with pytest.raises(Problem, match="store-damaged"):
        SEAL.open(SEAL.seal(b"usage", PLACE, "i")[:length], PLACE, "i")


@pytest.mark.parametrize(
    "place",
    [
        PLACE._replace(table="event"),
        PLACE._replace(row="row2"),
        PLACE._replace(kind="other"),
        PLACE._replace(version=2),
        Place("recordr", "ow", "kind"),
    ],
)
def test_a_record_moved_elsewhere_does_not_open(place: Place) -> None:
    with pytest.raises(Problem, match="store-damaged"):
        SEAL.open(SEAL.seal(b"usage", PLACE, "i"), place, "i")


def test_a_record_of_another_incarnation_or_key_does_not_open() -> None:
    sealed = SEAL.seal(b"usage", PLACE, "i")
    with pytest.raises(Problem, match="store-damaged"):
        SEAL.open(sealed, PLACE, "j")
    with pytest.raises(Problem, match="store-damaged"):
        Seal(bytes(KEY_BYTES), SystemEntropy()).open(sealed, PLACE, "i")


def test_names_are_blinded_by_the_key() -> None:
    assert SEAL.blind("tag") == SEAL.blind("tag")
    assert SEAL.blind("tag") != SEAL.blind("tag2")
    assert SEAL.blind("tag") != Seal(bytes(KEY_BYTES), SystemEntropy()).blind("tag")


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(Problem, match="store-damaged"):
        Seal(b"short", SystemEntropy())
