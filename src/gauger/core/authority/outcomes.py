"""What the authority answers to a command."""

from dataclasses import dataclass
from enum import StrEnum

from gauger.core.documents.envelope import Document
from gauger.core.identity import AccountRef, Digest, Udi


class Verdict(StrEnum):
    """What was decided about a document of a device (`spec/authority.md`)."""

    ACCEPTED = "accepted"
    # Never in a signed document: the earlier verdict is given again.
    SAME = "same"
    DEFERRED = "deferred"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"
    # The problem code is the same word, so that both are found by one search.
    UNVERIFIABLE = "signature-unverifiable"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerBundle:
    """The signed documents of one answer, in the order of an answer file.

    Attributes:
        udi: The product instance that the answer is for.
        answers: Digest of the document that is answered.
        root_sets: Every root set above the one held, in order.
        acknowledgments: The ACK or verdict itself, then final answers to earlier documents of the
            product instance that had been deferred or quarantined.
        companions: Policy, trust codes, account and purchase information that the ACK lists.
    """

    udi: Udi
    answers: Digest
    root_sets: tuple[Document, ...] = ()
    acknowledgments: tuple[Document, ...] = ()
    companions: tuple[Document, ...] = ()

    @property
    def documents(self) -> tuple[Document, ...]:
        """All documents, in the order in which they stand in an answer file."""
        # Root sets first: they may be what the signer of the rest is believed by.
        return self.root_sets + self.acknowledgments + self.companions


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOutcome:
    """The verdict on a RUM report.

    Attributes:
        verdict: What was decided; ``same`` where the same report has its answer already.
        code: Problem code of a deferral, quarantine or rejection; null otherwise.
        detail: The reason in words; empty where there is none to give.
        flags: What was noted and is not in the way.
        digest: Digest of the report.
        udi: The product instance.
        report_id: The published report id.
        until: When a deferred report is decided, epoch seconds.
        case: Number of the quarantine case.
        answer: What goes back to the device; null for ``signature-unverifiable``, and where somebody
            uploads it in an account that does not own the product instance.
    """

    verdict: Verdict
    code: str | None = None
    detail: str = ""
    flags: tuple[str, ...] = ()
    digest: Digest
    udi: Udi
    report_id: int | None = None
    until: int | None = None
    case: int | None = None
    # No default: whoever makes an outcome has to say that nothing goes back.
    answer: AnswerBundle | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustOutcome:
    """The verdict on a trust request: accepted, same or rejected (with the code).

    Its answer is empty where somebody uploads it in an account that does not own the sender.
    """

    verdict: Verdict
    code: str | None = None
    detail: str = ""
    flags: tuple[str, ...] = ()
    digest: Digest
    udi: Udi
    answer: AnswerBundle


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationOutcome(TrustOutcome):
    """The verdict on an authorization request or return: accepted, same or rejected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOutcome:
    """An authorization code that nobody asked for by a document.

    Attributes:
        document: SHA-256 of its body.
        epoch: Its authorization epoch.
        answer: What is carried to the product instance.
    """

    document: Digest
    epoch: int
    answer: AnswerBundle


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOutcome:
    """An ID token is known.

    Attributes:
        token_id: Its number, by which it is listed and revoked.
        expires_at: First second at which it is refused, epoch seconds.
    """

    token_id: int
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOutcome:
    """A policy is assigned.

    Attributes:
        document: The signed policy document of a Virtual Account; null for an assignment to a
            Smart Account or to all, whose documents are made for each Virtual Account at need.
    """

    document: Document | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOutcome:
    """An answer, its signatures renewed."""

    answer: AnswerBundle


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionOutcome:
    """Reports that were finally decided, each with its new answer where it has one."""

    decided: tuple[ReportOutcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepOutcome:
    """A part of the product instances was looked at.

    Attributes:
        following: Number of the last one of them; null where there are no more.
    """

    # A number and not a flag: the next part begins behind it, whatever has come since.
    following: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOutcome:
    """A product instance belongs to another account now.

    Attributes:
        udi: Which one.
        origin: Where it was; null where it belonged to nobody.
        to: Where it is.
    """

    udi: Udi
    origin: AccountRef | None
    to: AccountRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The command was carried out; there is nothing more to say."""


Outcome = (
    ReportOutcome
    | TrustOutcome
    | AuthorizationOutcome
    | CodeOutcome
    | TokenOutcome
    | PolicyOutcome
    | AnswerOutcome
    | DecisionOutcome
    | SweepOutcome
    | MoveOutcome
    | Done
)
