"""A ledger's store without an authority: rows go in as the writer puts them, views come out."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from gauger.adapters.storage.ledger.reader import SqliteReader
from gauger.adapters.storage.ledger_sqlite import SqliteLedger
from gauger.core.authority import rows
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.row import Row
from gauger.core.documents.versions import Order
from gauger.core.identity import Digest, Udi, digest
from tests.support.builders import ACCOUNT, ELSEWHERE, NOW, OTHER_ACCOUNT, TAG, UDI

OTHER_UDI = Udi("C9800-CL-K9", "GGR0002")
ORDER = Order(1, 1, 1)
Spans = tuple[tuple[int, int, int], ...]

REPORT = rows.ReportReceived(
    at=NOW,
    udi=UDI,
    digest=digest(b"report"),
    item="{}",
    pipe="file",
    path="",
    by=None,
    account=ACCOUNT,
    verdict=Verdict.ACCEPTED,
    code=None,
    detail="",
    flags=(),
    until=None,
    case=None,
    signer="gauger-sudi",
    generation=None,
    tag=TAG,
    report_id=1,
    software_version="17.12.01",
    incarnation="11" * 16,
    boot="22" * 16,
    previous=None,
    closed_at=NOW,
    root_number=1,
    members=(),
    absolute=((NOW - 900, NOW, 1),),
    relative=(),
    sent=(),
)
"""A report as the writer records it; tests replace what they are about."""

DECIDED = rows.ReportDecided(
    at=NOW + 5,
    udi=UDI,
    digest=REPORT.digest,
    account=ACCOUNT,
    verdict=Verdict.ACCEPTED,
    code=None,
    detail="",
    flags=(),
    until=None,
    case=None,
    by="admin",
)
"""A later decision on it."""

OWNED = rows.InstanceAssigned(
    at=NOW, udi=UDI, origin=None, account=ACCOUNT, provisional=False, cause="document", by=None
)
"""The product instance belongs to its account."""

TOKEN = rows.TokenIssued(
    at=NOW,
    token=1,
    account=ACCOUNT,
    digest=digest(b"token"),
    hint="oken",
    expires_at=NOW + 100,
    uses=2,
    export_controlled=True,
    description="lab",
    by="admin",
)
"""An ID token for two product instances."""

REQUEST = rows.TrustRequestReceived(
    at=NOW,
    udi=UDI,
    digest=digest(b"request"),
    document="{}",
    pipe="file",
    path="",
    by=None,
    account=ACCOUNT,
    verdict=Verdict.ACCEPTED,
    code=None,
    detail="",
    flags=(),
    incarnation="11" * 16,
    counter=1,
    token=None,
    sent=(),
)
"""A trust request as the writer records it."""


def named(text: str) -> Digest:
    """Return the digest of a text: a short name for a report."""
    return digest(text.encode())


def a_report(name: str, absolute: Spans = ((NOW - 900, NOW, 1),)) -> rows.ReportReceived:
    """Return an accepted report of this name and usage, closed at its end."""
    return replace(REPORT, digest=named(name), absolute=absolute, closed_at=absolute[-1][1])


def owned(udi: Udi, *, at: int = NOW) -> rows.InstanceAssigned:
    """Return the row by which a product instance belongs to the example account."""
    return replace(OWNED, udi=udi, at=at)


class Book:
    """An open store with accounts, and the pages that a test writes to it."""

    def __init__(self, path: Path) -> None:
        """Open the store; what is not durable is nobody's loss here."""
        self.path = path
        self.ledger = SqliteLedger(path)
        self.ledger._db.execute("PRAGMA synchronous=OFF")
        self._page = 0
        self.put(
            rows.SmartAccountOpened(at=NOW, domain="example.com", name="Example", by="operator"),
            rows.SmartAccountOpened(at=NOW, domain="other.example", name="Other", by="operator"),
            *(
                rows.VirtualAccountOpened(at=NOW, account=account, description="d", by="operator")
                for account in (ACCOUNT, OTHER_ACCOUNT, ELSEWHERE)
            ),
        )

    def put(self, *page: Row) -> int:
        """Write the rows of one page, and return its number."""
        with self.ledger.transaction():
            self.write(*page)
        return self._page - 1

    def write(self, *page: Row) -> None:
        """Write rows as the next page within the transaction that is open."""
        self.ledger.pages.write_rows(self._page, [(row.KIND, rows.encode_row(row)) for row in page])
        for place, row in enumerate(page):
            self.ledger.apply(row, self._page, place)
        self._page += 1

    @contextmanager
    def reader(self) -> Iterator[SqliteReader]:
        """Read with a connection of its own."""
        with closing(self.ledger.reader(lambda: None)) as reader:
            yield reader

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what stands in the tables, as the writer sees it."""
        return self.ledger._db.execute(query, values).fetchall()
