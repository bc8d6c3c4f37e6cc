"""An ACK: the authority's word that a document of a device is in its ledger."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from gauger.core.documents.body import Answer, read_answer
from gauger.core.documents.envelope import Document
from gauger.core.identity import Digest, Udi
from gauger.core.strict_json import JsonValue

_MOST_COMPANIONS: Final = 256
_MOST_FLAGS: Final = 32
_MOST_WANTED: Final = 1024


class AnsweredType(StrEnum):
    """What an ACK answers."""

    RUM_REPORT = "rum-report"
    TRUST_REQUEST = "trust-request"
    AUTHORIZATION_REQUEST = "authorization-request"
    AUTHORIZATION_RETURN = "authorization-return"


@dataclass(frozen=True, slots=True)
class Companion:
    """A document that goes with an ACK: nothing else may be installed from its file.

    Attributes:
        type: Document type.
        digest: SHA-256 of its body.
    """

    type: str
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgment(Answer):
    """An ACK (`spec/ack.md`).

    Attributes:
        udi: The product instance whose document is answered.
        answers: Digest of that document.
        answers_type: What it is.
        report_id: Number of the report, or None for another document.
        flags: What the authority noticed, for example ``gap``.
        wanted: Digests of reports that are missing before this one.
        companions: The documents that go with it, in the order to install them.
        received_at: When the document was received, epoch seconds.
    """

    TYPE: ClassVar[str] = "ack"
    FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"answers_type", "report_id", "flags", "wanted", "companions", "received_at"}
    )

    udi: Udi
    answers: Digest
    answers_type: AnsweredType
    report_id: int | None = None
    flags: tuple[str, ...] = ()
    wanted: tuple[Digest, ...] = ()
    companions: tuple[Companion, ...] = ()
    received_at: int

    @classmethod
    def from_document(cls, document: Document) -> "Acknowledgment":
        """Read an ACK; its signature is verified elsewhere.

        Raises:
            Problem: As `Body.open`; ``malformed``.
        """
        fields = cls.open(document)
        head = read_answer(fields)
        return cls(
            issued_at=head["issued_at"],
            test_clock=head["test_clock"],
            issuer=head["issuer"],
            account=head["account"],
            # Both must be there: an answer to nobody, or to nothing, would be one to everybody.
            udi=fields.udi("udi"),
            answers=fields.digest("answers"),
            answers_type=AnsweredType(fields.choice("answers_type", tuple(AnsweredType))),
            report_id=fields.optional_integer("report_id", least=0),
            # Texts and no enumeration: a flag of a newer release must not make the ACK unreadable.
            flags=fields.texts("flags", limit=_MOST_FLAGS, length=64),
            wanted=fields.digests("wanted", limit=_MOST_WANTED),
            companions=tuple(
                Companion(item.text("type", limit=32), item.digest("digest"))
                for item in fields.items("companions", limit=_MOST_COMPANIONS)
            ),
            received_at=fields.time("received_at"),
        )

    def own_json(self) -> dict[str, JsonValue]:
        """Return the fields of an ACK alone."""
        return {
            "answers_type": self.answers_type.value,
            "report_id": self.report_id,
            "flags": self.flags,
            "wanted": self.wanted,
            "companions": [{"type": item.type, "digest": item.digest} for item in self.companions],
            "received_at": self.received_at,
        }
