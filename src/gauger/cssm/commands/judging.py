"""Items of a file or request become commands of the authority, and outcomes become verdicts."""

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from gauger.core.authority.commands import (
    Pipe,
    ReceiveAuthorization,
    ReceiveReport,
    ReceiveTrustRequest,
)
from gauger.core.authority.outcomes import Outcome, ReportOutcome, TrustOutcome
from gauger.core.documents.smart_license import Item, ItemKind
from gauger.core.identity import AccountRef, Digest
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue
from gauger.cssm.ports import ItemVerdict

# No verdict of the ledger has this name, so the two are never mixed up in a list.
REFUSED: Final = "refused"
"""Verdict of an item that gets a plain problem and no signed answer."""

_KIND: Final = {
    ItemKind.RUM_REPORT: "report",
    ItemKind.TRUST_REQUEST: "trust-request",
    ItemKind.AUTH_REQUEST: "authorization",
}

JUDGED: Final = frozenset(_KIND)
"""Kinds of items that the authority judges; the others tell about the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """How documents came, and from whom.

    Attributes:
        pipe: The way.
        path: A file's name or a peer's address, for people.
        by: Who uploads, or null.
        uploaded_to: The account that it is uploaded in, or null.
        token_digest: Digest of the ID token that came with it, or null.
    """

    pipe: Pipe
    path: str
    by: str | None = None
    uploaded_to: AccountRef | None = None
    token_digest: Digest | None = None


def command_of(
    kind: ItemKind, text: str, sender: Sender, *, decoded: JsonValue = None
) -> ReceiveReport | ReceiveTrustRequest | ReceiveAuthorization:
    """Return the command that one item is.

    Args:
        kind: One of `JUDGED`.
        text: The exact text of the item.
        sender: How it came.
        decoded: What strict decoding of a report's text gives, where that was done already.
    """
    # The token goes with trust requests only: a report proves itself, and uses none up.
    if kind is ItemKind.RUM_REPORT:
        return ReceiveReport(
            item=text,
            pipe=sender.pipe,
            uploaded_to=sender.uploaded_to,
            path=sender.path,
            by=sender.by,
            decoded=decoded,
        )
    if kind is ItemKind.AUTH_REQUEST:
        return ReceiveAuthorization(
            document=text,
            pipe=sender.pipe,
            uploaded_to=sender.uploaded_to,
            path=sender.path,
            by=sender.by,
        )
    return ReceiveTrustRequest(
        document=text,
        token_digest=sender.token_digest,
        pipe=sender.pipe,
        uploaded_to=sender.uploaded_to,
        path=sender.path,
        by=sender.by,
    )


Settled = ReportOutcome | TrustOutcome | Problem
"""What became of an item: a verdict with a signed answer, or a plain problem."""


def settle(waiting: Future[Outcome]) -> Settled:
    """Wait for the outcome of one item; a refusal without signed answer comes as a value.

    Raises:
        Problem: ``internal-error`` where the authority answers something else.
    """
    try:
        outcome = waiting.result()
    # A value: one bad item must not end a file of a hundred thousand.
    except Problem as problem:
        return problem
    if isinstance(outcome, ReportOutcome | TrustOutcome):
        return outcome
    raise Problem("internal-error", f"An item was answered with {type(outcome).__name__}.")


def refusal_of(outcome: Settled) -> Problem | None:
    """Return the plain problem of an item that got no signed answer, or None."""
    if isinstance(outcome, Problem):
        return outcome
    # A verdict without a signed answer proves nothing to a device, so it is told as a problem.
    if outcome.answer is None:
        return Problem(outcome.code or outcome.verdict.value, outcome.detail)
    return None


def verdict_of(item: Item, outcome: Settled) -> ItemVerdict:
    """Return what is kept and shown of the outcome of one item of a file."""
    kind = _KIND.get(item.kind, item.name)
    if isinstance(outcome, Problem):
        return ItemVerdict(
            position=item.index,
            kind=kind,
            # Not what the item claims: it was refused before anything in it was verified.
            udi=None,
            digest=None,
            verdict=REFUSED,
            code=outcome.code,
            detail=outcome.detail,
            flags=(),
        )
    return ItemVerdict(
        position=item.index,
        kind=kind,
        udi=str(outcome.udi),
        digest=outcome.digest,
        verdict=outcome.verdict.value,
        code=outcome.code,
        detail=outcome.detail or None,
        flags=outcome.flags,
    )
