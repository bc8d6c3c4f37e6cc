"""An authorization code (SLAC): lets a product instance use what is off without it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from gauger.core.documents.body import Versioned, read_addressed
from gauger.core.documents.envelope import Document
from gauger.core.fields import Fields
from gauger.core.identity import Digest, Udi
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue

FACTORY_EPOCH: Final = 0
"""Authorization epoch of a code that was installed at the factory."""

EPOCH_LIMIT: Final = 2**62
"""Highest authorization epoch that a product instance may name: there is always one above it."""

MOST_LICENCES: Final = 64
"""Most licences in one code or request."""

LONGEST_TAG: Final = 512
MOST_COUNT: Final = 2**31 - 1

LONGEST_HELD: Final = 64 * 1024
"""Most characters of a code's written form inside another document."""

_CONFIRMATION_DIGITS: Final = 8


class AuthorizationOrigin(StrEnum):
    """Who issued an authorization code."""

    CSSM = "cssm"
    FACTORY = "factory"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizedLicence:
    """One licence that a code authorizes.

    Attributes:
        tag: Its entitlement tag.
        name: Its name, for people.
        count: How many may be used.
        term: ``perpetual``, or the name of a subscription's term.
    """

    tag: str
    name: str
    count: int
    term: str

    @classmethod
    def from_fields(cls, fields: Fields) -> "AuthorizedLicence":
        """Read one licence.

        Raises:
            Problem: ``malformed``.
        """
        return cls(
            tag=fields.text("tag", limit=LONGEST_TAG),
            name=fields.text("name", limit=128),
            count=fields.integer("count", least=1, most=MOST_COUNT),
            term=fields.text("term", limit=64),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return {"tag": self.tag, "name": self.name, "count": self.count, "term": self.term}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode(Versioned):
    """An authorization code (`spec/authorization-code.md`).

    It is the whole of what its product instance may use: a later one replaces it.

    Attributes:
        udi: The product instance.
        code: Id of this code, 32 hexadecimal digits.
        epoch: Counts the codes of one UDI from 1; the factory's has 0. One that is not above the
            highest that the product instance ever installed or gave back is dead.
        origin: Who issued it.
        licences: What may be used, each licence once.
    """

    TYPE: ClassVar[str] = "authorization-code"
    FIELDS: ClassVar[frozenset[str]] = frozenset({"code", "epoch", "origin", "licences"})

    udi: Udi
    code: str
    epoch: int
    origin: AuthorizationOrigin
    licences: tuple[AuthorizedLicence, ...]

    @classmethod
    def from_document(cls, document: Document) -> "AuthorizationCode":
        """Read an authorization code; its signature is verified elsewhere.

        Raises:
            Problem: As `Body.open`; ``malformed``.
        """
        fields = cls.open(document)
        code = cls(
            # Never for anybody: a code without a name would unlock every product instance.
            **read_addressed(fields),
            code=fields.hex_id("code"),
            epoch=fields.integer("epoch", least=FACTORY_EPOCH),
            origin=AuthorizationOrigin(fields.choice("origin", tuple(AuthorizationOrigin))),
            licences=read_licences(fields),
        )
        # An authority's code with the factory's epoch could never be told dead by its epoch.
        if (code.origin is AuthorizationOrigin.FACTORY) != (code.epoch == FACTORY_EPOCH):
            raise Problem("malformed", f"In {fields.what} origin and epoch do not agree.")
        return code

    def own_json(self) -> dict[str, JsonValue]:
        """Return the fields of an authorization code alone."""
        return {
            "code": self.code,
            "epoch": self.epoch,
            "origin": self.origin.value,
            "licences": [licence.to_json() for licence in self.licences],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCode:
    """The authorization code that a product instance holds, or gives back.

    Attributes:
        code: Its id, 32 hexadecimal digits.
        epoch: Its authorization epoch.
        document: Its exact written form, of a factory's code; None of one that the portal issued.
    """

    code: str
    epoch: int
    document: str | None = None

    @classmethod
    def from_fields(cls, fields: Fields) -> "HeldCode":
        """Read what is held.

        Raises:
            Problem: ``malformed``.
        """
        return cls(
            code=fields.hex_id("code"),
            epoch=fields.integer("epoch", least=FACTORY_EPOCH, most=EPOCH_LIMIT),
            document=fields.optional_text("document", limit=LONGEST_HELD),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        named: dict[str, JsonValue] = {"code": self.code, "epoch": self.epoch}
        return named if self.document is None else {**named, "document": self.document}


def read_licences(fields: Fields) -> tuple[AuthorizedLicence, ...]:
    """Read the licences of a code: at least one, each once.

    Raises:
        Problem: ``malformed``.
    """
    items = fields.items("licences", limit=MOST_LICENCES)
    licences = tuple(map(AuthorizedLicence.from_fields, items))
    require_each_once(fields, (licence.tag for licence in licences))
    return licences


def require_each_once(fields: Fields, tags: Iterable[str]) -> None:
    """Check that there is a licence, and none twice: one reader would add, another take the last.

    Raises:
        Problem: ``malformed``.
    """
    named = list(tags)
    if not named or len(set(named)) != len(named):
        raise fields.refuse("licences", "a list of one licence or more, each of them once")


def confirmation_code(code: Digest) -> str:
    """Return what a product instance shows once a code is installed, for people to compare.

    Args:
        code: Digest of the authorization code's body.
    """
    return code[:_CONFIRMATION_DIGITS]
