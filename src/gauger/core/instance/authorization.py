"""Authorization codes on the product instance: which are dead, and what one allows.

The rules are those of `spec/authorization-code.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from gauger.core.documents.authorization_code import AuthorizationCode
from gauger.core.identity import Digest
from gauger.core.problems import Problem

NOTHING: Final[Mapping[str, int]] = MappingProxyType({})


class Standing(Enum):
    """How an authorization code stands to what this product instance ever had."""

    NEW = "new"
    HELD = "held"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized:
    """What a product instance has of authorization.

    Attributes:
        code: The code that is installed, or None.
        digest: Digest of its body.
        mark: Highest authorization epoch that was ever installed or given back; None before.
    """

    code: AuthorizationCode | None = None
    digest: Digest | None = None
    mark: int | None = None

    @property
    def in_force(self) -> AuthorizationCode | None:
        """The installed code, unless a higher one was ever installed or given back."""
        # The mark outlives the store: one that was copied back may hold a code that is returned.
        if self.code is None or self.mark is None or self.code.epoch < self.mark:
            return None
        return self.code


def judge(held: Authorized, code: AuthorizationCode, digest: Digest) -> Standing:
    """Judge an authorization code that has come.

    Args:
        held: What there is.
        code: The code; it is verified elsewhere.
        digest: Digest of its body.
    """
    if held.in_force is not None and digest == held.digest:
        return Standing.HELD
    # At the mark is dead too: that one was given back, or the store that held it is gone.
    if held.mark is not None and code.epoch <= held.mark:
        return Standing.DEAD
    return Standing.NEW


def epoch_dead(held: Authorized, code: AuthorizationCode) -> Problem:
    """Return why a dead code is refused."""
    detail = (
        f"The authorization code is of epoch {code.epoch}; every code up to epoch {held.mark} is "
        "dead here: it was given back or replaced."
    )
    return Problem("epoch-dead", detail, epoch=code.epoch, mark=held.mark)


def allowed(held: Authorized) -> Mapping[str, int]:
    """Return how many of each licence may be used, by entitlement tag."""
    code = held.in_force
    if code is None:
        return NOTHING
    return {licence.tag: licence.count for licence in code.licences}
