"""Damage for signed bytes: one bit of each byte, and every length that they may be cut to."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from gauger.core.problems import Problem
from tests.support.thoroughness import IS_NIGHTLY

BITS: Final = 8 if IS_NIGHTLY else 1
"""Bits of each byte that are flipped."""


@dataclass(frozen=True, slots=True)
class Altered:
    """Bytes that are not those that were signed.

    Attributes:
        data: The bytes.
        where: What was done to them, for the message of a test that fails.
    """

    data: bytes
    where: str


def flipped(good: bytes, seed: str) -> Iterator[Altered]:
    """Yield the bytes with one bit flipped: of each byte one by seed, in a nightly run all."""
    chance = random.Random(seed)  # noqa: S311 -- places to damage, no secret
    for place in range(len(good)):
        chosen = chance.randrange(8)
        for bit in range(8) if BITS == 8 else (chosen,):
            damaged = bytearray(good)
            damaged[place] ^= 1 << bit
            yield Altered(bytes(damaged), f"bit {bit} of byte {place}")


def cut(good: bytes) -> Iterator[Altered]:
    """Yield every beginning of the bytes that is not all of them."""
    for length in range(len(good)):
        yield Altered(good[:length], f"cut to {length} bytes")


def altered(good: bytes, seed: str) -> Iterator[Altered]:
    """Yield what `flipped` and `cut` yield."""
    yield from flipped(good, seed)
    yield from cut(good)


@dataclass(slots=True)
class Tally:
    """What became of altered bytes.

    Attributes:
        trials: How many were tried.
        same: How many say what the signed ones say, to the byte.
    """

    trials: int = 0
    same: int = 0

    def judge(
        self, one: Altered, read: Callable[[bytes], object], good: tuple[object, ...]
    ) -> None:
        """Try one: it is refused by name, or says exactly what the signed bytes say.

        Args:
            one: The altered bytes.
            read: Reads and verifies bytes, and returns all that they say.
            good: What the signed ones say; each of it is as good.
        """
        self.trials += 1
        try:
            said = read(one.data)
        except Problem:
            return
        assert said in good, one.where
        self.same += 1
