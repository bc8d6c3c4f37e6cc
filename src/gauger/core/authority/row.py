"""What every row of the ledger has, and every row about a request of a product instance."""

from dataclasses import dataclass
from typing import ClassVar

from gauger.core.authority.outcomes import Verdict
from gauger.core.identity import AccountRef, Digest, Udi


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row.

    Attributes:
        at: When it was decided, epoch seconds of the authority's clock.
    """

    # Beside the JSON and not in it; `row_bytes` puts both under the page's digest.
    KIND: ClassVar[str] = ""

    # The page's time: all rows of a page have the same.
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReceived(Row):
    """A request of a product instance whose signatures hold, and what was decided about it."""

    udi: Udi
    digest: Digest
    document: str
    pipe: str
    path: str
    by: str | None
    account: AccountRef | None
    verdict: Verdict
    code: str | None
    detail: str
    flags: tuple[str, ...]
    incarnation: str
    counter: int
    sent: tuple[str, ...]
