"""The message history: what was exchanged with the portal and what was imported, a line each.

The event log tells what changed; this tells what was said and how it went, also where nothing
changed. It is durable: whoever looks after a reload asks what went on before it.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final

from gauger.core.text import one_line
from gauger.instance.memory import Draft
from gauger.instance.records import Past

KEPT: Final = 10
"""Lines under one heading; older ones make room."""

_LONGEST: Final = 200
"""Characters of an outcome that a portal may have worded."""


class Heading(StrEnum):
    """What lines of the history stand under."""

    TRUST_ESTABLISHMENT = "Trust Establishment"
    USAGE_REPORTING = "Usage Reporting"
    RESULT_POLLING = "Result Polling"
    AUTHORIZATION_REQUEST = "Authorization Request"
    AUTHORIZATION_RETURN = "Authorization Return"
    TRUST_SYNC = "Trust Sync"
    IMPORT_POLICY = "Import POLICY"
    IMPORT_AUTH = "Import AUTH"
    IMPORT_TRUST_CODE = "Import TRUST CODE"
    IMPORT_RUM_ACK = "Import RUM ACK"
    IMPORT_CONVERSION_ACK = "Import CONVERSION ACK"
    IMPORT_ACCOUNT_INFO = "Import ACCOUNT INFO"

    @property
    def is_import(self) -> bool:
        """Whether documents are told here that were taken in, and not messages."""
        return self.value.startswith("Import ")


_EXCHANGES: Final = {
    "trust": (Heading.TRUST_ESTABLISHMENT, "trust request"),
    "usage": (Heading.USAGE_REPORTING, "usage"),
    "polls": (Heading.RESULT_POLLING, "asked for verdicts that are owed"),
    "authorization": (Heading.AUTHORIZATION_REQUEST, "authorization request"),
    "hello": (Heading.TRUST_SYNC, "asked for the newest head of the ledger"),
}
"""Where an exchange is told, and in which words, by its kind (`exchanging.Outgoing`)."""

DOCUMENTS: Final = {
    "policy": Heading.IMPORT_POLICY,
    "authorization-code": Heading.IMPORT_AUTH,
    "trust-code": Heading.IMPORT_TRUST_CODE,
    "account-info": Heading.IMPORT_ACCOUNT_INFO,
}
"""Where the taking in of a document is told, by its type; of other types nothing is."""


def sent(draft: Draft, kind: str, *, is_poll: bool) -> tuple[Heading, str] | None:
    """Return where a message that leaves is told, and what it is; None for an unknown kind.

    Args:
        draft: The state before its answer is taken: the answer may end the exchange.
        kind: The exchange that it belongs to.
        is_poll: Whether it asks for the answer to an earlier message.
    """
    known = _EXCHANGES.get(kind)
    if known is None:
        return None
    heading, what = known
    # One message carries both; that a code is given back is what people look for.
    if kind == "authorization" and draft.singles.authorization.returned is not None:
        heading, what = Heading.AUTHORIZATION_RETURN, "return of an authorization code"
    if is_poll and heading is not Heading.RESULT_POLLING:
        return Heading.RESULT_POLLING, f"asked for the answer: {what}"
    exchange = draft.singles.usage_exchange
    if kind == "usage" and exchange is not None and exchange.report_ids:
        # Not each number: a message may carry hundreds.
        count, first, last = _span(exchange.report_ids)
        what = f"{count} from {first} to {last}" if first != last else f"report {first}"
    return heading, what


def _span(numbers: Sequence[int]) -> tuple[str, int, int]:
    return f"{len(numbers)} reports", min(numbers), max(numbers)


def taken_in(draft: Draft, types: Collection[str], acks: int, line: Past) -> None:
    """Write what an answer or file brought.

    Args:
        draft: The change that it becomes part of.
        types: Types of the documents that were installed.
        acks: How many ACKs of reports were.
        line: When, and by which way it came.
    """
    for kind in types:
        if kind in DOCUMENTS:
            note(draft, DOCUMENTS[kind], line)
    if acks:
        count = "1 ACK" if acks == 1 else f"{acks} ACKs"
        note(draft, Heading.IMPORT_RUM_ACK, replace(line, what=f"{count} {line.what}"))


def note(draft: Draft, heading: Heading, line: Past) -> None:
    """Write a line of the history.

    Args:
        draft: The change that it becomes part of.
        heading: Under what it stands.
        line: When, what, and what became of it.
    """
    before = draft.history.get(heading.value, ())
    what, outcome = one_line(line.what), one_line(line.outcome)[:_LONGEST]
    if before and (before[-1].what, before[-1].outcome) == (what, outcome):
        # A portal that is down for a week must not push out what went on before.
        last = replace(before[-1], times=before[-1].times + 1, last_at=line.at)
        draft.history[heading.value] = (*before[:-1], last)
        return
    line = replace(line, what=what, outcome=outcome, last_at=line.at)
    draft.history[heading.value] = (*before, line)[-KEPT:]
