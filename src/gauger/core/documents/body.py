"""What the bodies of our signed documents have in common (`spec/documents.md`)."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Final, TypedDict

from gauger.core.documents.envelope import Document
from gauger.core.documents.versions import Order
from gauger.core.fields import Fields
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue, decode, encode

BODY_CAP: Final = 256 * 1024
"""Most bytes of a body, unless its type sets fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body(ABC):
    """The fields of every body.

    Attributes:
        issued_at: When it was made, epoch seconds.
        test_clock: Whether its maker's clock was moved by a test.
    """

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1
    CAP: ClassVar[int] = BODY_CAP
    FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"type", "version", "issued_at", "test_clock", "critical"}
    )
    """The fields that each class adds; `known` has them all."""

    issued_at: int
    test_clock: bool = False

    @classmethod
    def known(cls) -> frozenset[str]:
        """Return the fields of the body that are understood here: they may be called critical."""
        return _known(cls)

    @classmethod
    def open(cls, document: Document) -> Fields:
        """Decode a document's body and check what every type has in common.

        Args:
            document: The document as received; its signature is not judged here.

        Returns:
            The fields of the body.

        Raises:
            Problem: ``wrong-type`` where it is of another type, or says it is; ``upgrade-needed``
                where its version or a critical field is not known; or of strict decoding.
        """
        if document.type != cls.TYPE:
            detail = (
                f"A document of type {cls.TYPE} is expected; this is of {document.type[:64]!r}."
            )
            raise Problem("wrong-type", detail)
        what = f"the {cls.TYPE} document"
        fields = Fields(decode(document.body, what=what, cap=cls.CAP), what)
        # Both names are signed: a body must not be read under one and obeyed under the other.
        if fields.text("type") != document.type or fields.integer("version") != document.version:
            raise Problem("wrong-type", f"Inside, {what} says that it is something else.")
        # No guess at a newer form: a field that changed its meaning would be obeyed as the old one.
        if document.version != cls.VERSION:
            detail = f"Version {document.version} of {what} is not known here; {cls.VERSION} is."
            raise Problem("upgrade-needed", detail)
        # Last: only a version that is known says what its fields mean.
        fields.critical(cls.known())
        return fields

    @abstractmethod
    def own_json(self) -> dict[str, JsonValue]:
        """Return the fields of this type alone."""

    def to_json(self) -> dict[str, JsonValue]:
        """Return the whole body as JSON."""
        common: dict[str, JsonValue] = {
            "type": self.TYPE,
            "version": self.VERSION,
            "issued_at": self.issued_at,
        }
        if self.test_clock:
            common["test_clock"] = True
        return {**common, **self.own_json()}

    def encode(self) -> bytes:
        """Return the exact bytes that are signed."""
        return encode(self.to_json()).encode("ascii")


@cache
def _known(kind: type[Body]) -> frozenset[str]:
    named = (vars(each).get("FIELDS") for each in kind.__mro__)
    return frozenset[str]().union(*(names for names in named if names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Body):
    """The further fields of everything that an authority issues.

    Attributes:
        issuer: Ledger id of the authority, 32 hexadecimal digits.
        account: The account that it is for, or None.
        udi: The product instance that it is for, or None.
        answers: Digest of the document that it answers, or None.
    """

    FIELDS: ClassVar[frozenset[str]] = frozenset({"issuer", "account", "udi", "answers"})

    issuer: str
    account: AccountRef | None = None
    udi: Udi | None = None
    answers: Digest | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Return the whole body as JSON."""
        return {
            # A dataclass with slots is made anew by its decorator: super() without arguments
            # would look for the class that it replaced.
            **Body.to_json(self),
            "issuer": self.issuer,
            "account": to_json_or_none(self.account),
            "udi": to_json_or_none(self.udi),
            "answers": self.answers,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Versioned(Answer):
    """An answer that replaces earlier ones of its type.

    Attributes:
        order: Its place among them.
    """

    FIELDS: ClassVar[frozenset[str]] = frozenset({"order"})

    order: Order

    def to_json(self) -> dict[str, JsonValue]:
        """Return the whole body as JSON."""
        return {**Answer.to_json(self), "order": self.order.to_json()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent(Body):
    """The further fields of what a product instance sends to be answered by a signed document.

    Attributes:
        udi: The product instance.
        incarnation: Id of its store.
        counter: Counts what that store made of its kind; it only goes up.
        nonce: 32 hexadecimal digits; no two documents are the same.
        made_at: When it was made, epoch seconds.
    """

    FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"udi", "incarnation", "counter", "nonce", "made_at"}
    )

    udi: Udi
    incarnation: str
    counter: int
    nonce: str
    made_at: int

    def to_json(self) -> dict[str, JsonValue]:
        """Return the whole body as JSON."""
        return {
            **Body.to_json(self),
            "udi": self.udi.to_json(),
            "incarnation": self.incarnation,
            "counter": self.counter,
            "nonce": self.nonce,
            "made_at": self.made_at,
        }


class Head(TypedDict):
    """The common fields of a body, read; they are arguments of every body's class."""

    issued_at: int
    test_clock: bool


class SentHead(Head):
    """The common fields of what a product instance sends, read."""

    udi: Udi
    incarnation: str
    counter: int
    nonce: str
    made_at: int


class _Issued(Head):
    issuer: str
    account: AccountRef | None
    answers: Digest | None


class AnswerHead(_Issued):
    """The common fields of an answer, read."""

    udi: Udi | None


class VersionedHead(AnswerHead):
    """The common fields of a versioned answer, read."""

    order: Order


class AddressedHead(_Issued):
    """The common fields of a versioned answer to one product instance, read."""

    udi: Udi
    order: Order


def read_head(fields: Fields) -> Head:
    """Read what every body has.

    Raises:
        Problem: ``malformed``.
    """
    return Head(
        issued_at=fields.time("issued_at"),
        test_clock=fields.boolean("test_clock", default=False),
    )


def read_sent(fields: Fields) -> SentHead:
    """Read what everything has that a product instance sends to be answered.

    Raises:
        Problem: ``malformed``.
    """
    return SentHead(
        **read_head(fields),
        udi=fields.udi("udi"),
        incarnation=fields.hex_id("incarnation"),
        counter=fields.integer("counter", least=0),
        nonce=fields.hex_id("nonce"),
        made_at=fields.time("made_at"),
    )


def _read_issued(fields: Fields) -> _Issued:
    return _Issued(
        **read_head(fields),
        issuer=fields.hex_id("issuer"),
        account=fields.optional_account("account"),
        answers=fields.optional_digest("answers"),
    )


def read_answer(fields: Fields) -> AnswerHead:
    """Read what every answer has.

    Raises:
        Problem: ``malformed``.
    """
    return AnswerHead(**_read_issued(fields), udi=fields.optional_udi("udi"))


def read_versioned(fields: Fields) -> VersionedHead:
    """Read what every versioned answer has.

    Raises:
        Problem: ``malformed``.
    """
    return VersionedHead(**read_answer(fields), order=Order.from_fields(fields.child("order")))


def read_addressed(fields: Fields) -> AddressedHead:
    """Read what every versioned answer has that is for one product instance.

    Raises:
        Problem: ``malformed``, where it names none too: it would be for everybody.
    """
    order = Order.from_fields(fields.child("order"))
    return AddressedHead(**_read_issued(fields), udi=fields.udi("udi"), order=order)


def to_json_or_none(value: AccountRef | Udi | Order | None) -> Mapping[str, JsonValue] | None:
    """Return the JSON form, null for nothing."""
    return None if value is None else value.to_json()
