"""Purchase information: what was bought for a product instance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from gauger.core.documents.body import Versioned, read_addressed
from gauger.core.documents.envelope import Document
from gauger.core.fields import Fields
from gauger.core.identity import Udi
from gauger.core.strict_json import JsonValue, encode

_MOST_ITEMS: Final = 1024
_MOST_BYTES: Final = 224 * 1024
"""Of the items in a written document, as a text within a text; a signature takes the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """One line of an order.

    Attributes:
        tag: Entitlement tag of the licence.
        name: Its name, for people.
        quantity: How many were bought.
        term: ``perpetual``, or the name of a subscription's term.
        start: First second, epoch seconds, or None.
        end: Last second, epoch seconds, or None for a perpetual licence.
    """

    tag: str
    name: str
    quantity: int
    term: str
    start: int | None = None
    end: int | None = None

    @classmethod
    def from_fields(cls, fields: Fields) -> "Purchase":
        """Read one line.

        Raises:
            Problem: ``malformed``.
        """
        return cls(
            tag=fields.text("tag", limit=512),
            name=fields.text("name", limit=128),
            quantity=fields.integer("quantity", least=0),
            term=fields.text("term", limit=64),
            start=fields.optional_time("start"),
            end=fields.optional_time("end"),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return {
            "tag": self.tag,
            "name": self.name,
            "quantity": self.quantity,
            "term": self.term,
            "start": self.start,
            "end": self.end,
        }


def fits(items: Sequence[Purchase]) -> bool:
    """Tell whether so much can stand in one document, within the caps of all who read it."""
    if len(items) > _MOST_ITEMS:
        return False
    # Twice: the body stands as a text inside of the document, and its quotes are escaped there.
    return len(encode(encode([item.to_json() for item in items]))) <= _MOST_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseInfo(Versioned):
    """Purchase information (`spec/purchase-info.md`).

    Attributes:
        udi: The product instance.
        items: What was bought.
    """

    TYPE: ClassVar[str] = "purchase-info"
    FIELDS: ClassVar[frozenset[str]] = frozenset({"items"})

    udi: Udi
    items: tuple[Purchase, ...]

    @classmethod
    def from_document(cls, document: Document) -> "PurchaseInfo":
        """Read purchase information; its signature is verified elsewhere.

        Raises:
            Problem: As `Body.open`; ``malformed``.
        """
        fields = cls.open(document)
        return cls(
            **read_addressed(fields),
            items=tuple(map(Purchase.from_fields, fields.items("items", limit=_MOST_ITEMS))),
        )

    def own_json(self) -> dict[str, JsonValue]:
        """Return the fields of purchase information alone."""
        return {"items": [item.to_json() for item in self.items]}
