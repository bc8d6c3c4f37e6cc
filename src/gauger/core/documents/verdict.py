"""A verdict: the authority's signed word that it did not accept a document, or not yet."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from gauger.core.documents.body import Answer, read_answer
from gauger.core.documents.envelope import Document
from gauger.core.fields import Fields
from gauger.core.identity import Digest, Udi
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue


class Ruling(StrEnum):
    """What was decided."""

    DEFERRED = "deferred"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Answer):
    """A verdict (`spec/verdict.md`).

    Attributes:
        udi: The product instance whose document is answered.
        answers: Digest of that document.
        verdict: What was decided.
        code: A code of the problem table.
        detail: What and why, for people.
        until: When a deferred document is decided, epoch seconds; else None.
        case: Id of the case of a quarantined document; else None.
    """

    TYPE: ClassVar[str] = "verdict"
    FIELDS: ClassVar[frozenset[str]] = frozenset({"verdict", "code", "detail", "until", "case"})

    udi: Udi
    answers: Digest
    verdict: Ruling
    code: str
    detail: str
    until: int | None = None
    case: str | None = None

    @classmethod
    def from_document(cls, document: Document) -> "Verdict":
        """Read a verdict; its signature is verified elsewhere.

        Raises:
            Problem: As `Body.open`; ``malformed``.
        """
        fields = cls.open(document)
        head = read_answer(fields)
        verdict = cls(
            issued_at=head["issued_at"],
            test_clock=head["test_clock"],
            issuer=head["issuer"],
            account=head["account"],
            udi=fields.udi("udi"),
            answers=fields.digest("answers"),
            verdict=Ruling(fields.choice("verdict", tuple(Ruling))),
            # A text: a code of a newer release is shown as it is, and decides nothing.
            code=fields.text("code", limit=64),
            detail=fields.text("detail", limit=4096, least=0),
            until=fields.optional_time("until"),
            case=fields.optional_text("case", limit=64),
        )
        _check_ruling(fields, verdict)
        return verdict

    def own_json(self) -> dict[str, JsonValue]:
        """Return the fields of a verdict alone."""
        return {
            "verdict": self.verdict.value,
            "code": self.code,
            "detail": self.detail,
            "until": self.until,
            "case": self.case,
        }


def _check_ruling(fields: Fields, verdict: Verdict) -> None:
    # A device waits for `until`; a rejection that names one would be waited for in vain.
    if (verdict.verdict is Ruling.DEFERRED) != (verdict.until is not None):
        raise Problem(
            "malformed", f"In {fields.what} `until` stands for a deferral, and only then."
        )
    if (verdict.verdict is Ruling.QUARANTINED) != (verdict.case is not None):
        raise Problem(
            "malformed", f"In {fields.what} `case` stands for a quarantine, and only then."
        )
