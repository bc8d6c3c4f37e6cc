"""A trust code: binds a product instance's licensing key to its UDI and account."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from gauger.core.documents.body import Versioned, read_addressed
from gauger.core.documents.envelope import Document
from gauger.core.documents.keyring import check_public_key
from gauger.core.fields import Fields, encode_base64
from gauger.core.identity import Digest, Udi, digest
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue

FACTORY_GENERATION: Final = 0
"""Generation of a trust code that was installed at the factory."""

_PUBLIC_KEY_LIMIT: Final = 256


class TrustOrigin(StrEnum):
    """Who issued a trust code."""

    CSSM = "cssm"
    FACTORY = "factory"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustCode(Versioned):
    """A trust code (`spec/trust-code.md`).

    Attributes:
        udi: The product instance that holds the private key.
        public_key: DER SubjectPublicKeyInfo of its licensing key.
        generation: Counts the trust codes of one UDI from 1; the factory's has 0.
        origin: Who issued it.
        incarnation: The store that asked for it, or None for the factory's.
    """

    TYPE: ClassVar[str] = "trust-code"
    FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"public_key", "generation", "origin", "incarnation"}
    )

    udi: Udi
    public_key: bytes
    generation: int
    origin: TrustOrigin
    incarnation: str | None = None

    @property
    def key_id(self) -> Digest:
        """SHA-256 of the public key."""
        return digest(self.public_key)

    @classmethod
    def from_document(cls, document: Document) -> "TrustCode":
        """Read a trust code; its signature is verified elsewhere.

        Raises:
            Problem: As `Body.open`; ``malformed``; ``algorithm-not-allowed`` where its key is not on
                P-256.
        """
        fields = cls.open(document)
        code = cls(
            **read_addressed(fields),
            public_key=fields.base64("public_key", limit=_PUBLIC_KEY_LIMIT),
            generation=fields.integer("generation", least=FACTORY_GENERATION),
            origin=TrustOrigin(fields.choice("origin", tuple(TrustOrigin))),
            incarnation=fields.optional_hex_id("incarnation"),
        )
        _check_origin(fields, code)
        # Only the canonical form on the one curve: a second spelling would be a second key id,
        # and a key that was revoked by the first would be good by the second.
        check_public_key(code.public_key)
        return code

    def own_json(self) -> dict[str, JsonValue]:
        """Return the fields of a trust code alone."""
        return {
            "public_key": encode_base64(self.public_key),
            "generation": self.generation,
            "origin": self.origin.value,
            "incarnation": self.incarnation,
        }


def _check_origin(fields: Fields, code: TrustCode) -> None:
    is_factory = code.origin is TrustOrigin.FACTORY
    # A factory's code is forgiven its age: an authority's must not pass for one.
    if is_factory != (code.generation == FACTORY_GENERATION):
        raise Problem("malformed", f"In {fields.what} origin and generation do not agree.")
    # An authority's code names the store that asked for it; a factory knows of none.
    if is_factory != (code.incarnation is None):
        raise Problem("malformed", f"In {fields.what} origin and incarnation do not agree.")
