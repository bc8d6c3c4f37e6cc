"""The order of versioned documents, and the marks below which none is obeyed again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final

from gauger.core.fields import Fields
from gauger.core.identity import Digest
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue

_MOST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, order=True)
class Order:
    """The place of a versioned document among others (`spec/versions.md`).

    The root epoch comes first: after a stolen signer issued the highest version there is, a new
    root epoch still stands above it.

    Attributes:
        root_epoch: Epoch of the root set that the issuer held.
        ledger_epoch: Epoch of the issuer's ledger.
        version: One counter of the ledger.
    """

    root_epoch: int
    ledger_epoch: int
    version: int

    def __str__(self) -> str:
        return f"{self.root_epoch}.{self.ledger_epoch}.{self.version}"

    @classmethod
    def from_fields(cls, fields: Fields) -> "Order":
        """Read the three numbers, each 0 to 2^63 - 1.

        Raises:
            Problem: ``malformed``.
        """
        names = ("root_epoch", "ledger_epoch", "version")
        return cls(*(fields.integer(name, least=0, most=_MOST) for name in names))

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return {
            "root_epoch": self.root_epoch,
            "ledger_epoch": self.ledger_epoch,
            "version": self.version,
        }


class Standing(Enum):
    """How a versioned document stands to the one that is held."""

    NEWER = "newer"
    SAME = "same"
    OLDER = "older"


@dataclass(frozen=True, slots=True)
class Mark:
    """The highest document of one type that was ever obeyed."""

    order: Order
    digest: Digest


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of all ledgers: nothing that was passed is obeyed again.

    Attributes:
        marks: For (ledger id, document type) the highest that was obeyed.
    """

    marks: Mapping[tuple[str, str], Mark] = field(default_factory=dict)

    def judge(self, ledger: str, kind: str, candidate: Mark) -> Standing:
        """Compare a document with the mark of its ledger and type.

        Args:
            ledger: Ledger id.
            kind: Document type.
            candidate: The document's order and digest.

        Returns:
            Whether it is newer, the same, or older.

        Raises:
            Problem: ``version-conflict`` where the version is held with other content.
        """
        # For each ledger: versions of two authorities say nothing about one another.
        held = self.marks.get((ledger, kind))
        # By the order alone: a clock that was set back must not make an old document the newer one.
        if held is None or candidate.order > held.order:
            return Standing.NEWER
        if candidate.order < held.order:
            return Standing.OLDER
        # Two contents of one version are a fork, or a stolen key at work; neither is obeyed.
        if candidate.digest != held.digest:
            detail = f"The {kind} {candidate.order} is held with another content."
            raise Problem("version-conflict", detail, held=held.digest, offered=candidate.digest)
        return Standing.SAME

    def require_newer(self, ledger: str, kind: str, candidate: Mark) -> Standing:
        """Judge a document that came alone: an older one is refused, not passed over.

        Raises:
            Problem: ``stale-version`` or ``version-conflict``.
        """
        standing = self.judge(ledger, kind, candidate)
        if standing is Standing.OLDER:
            held = self.marks[ledger, kind]
            detail = f"The {kind} has version {candidate.order}; {held.order} is held."
            raise Problem("stale-version", detail)
        return standing

    def raised(self, ledger: str, kind: str, candidate: Mark) -> "Marks":
        """Return the marks after a document was obeyed; a mark never goes down."""
        if self.judge(ledger, kind, candidate) is not Standing.NEWER:
            return self
        return Marks(MappingProxyType({**self.marks, (ledger, kind): candidate}))
