"""One row of many kinds, with a mark where a whole document stands."""

from dataclasses import replace

from gauger.core.authority import rows
from gauger.core.authority.outcomes import Verdict
from tests.adapters.storage.ledger.book import DECIDED, OWNED, REPORT, REQUEST, TOKEN
from tests.support.builders import ACCOUNT, NOW, UDI

EXAMPLES: tuple[rows.Row, ...] = (
    rows.LedgerOpened(at=NOW, ledger="ab" * 16, by="operator"),
    rows.EpochOpened(at=NOW, number=2, epoch="cd" * 16, reason="restored", abandons=()),
    rows.PageRenewed(at=NOW, page=9),
    rows.RootSetTaken(at=NOW, number=2, epoch=1, document="SECRET", by="operator"),
    rows.ManufacturerTaken(at=NOW, name="Example", file="SECRET", by="operator"),
    rows.SmartAccountOpened(at=NOW, domain="example.com", name="Example", by="operator"),
    rows.VirtualAccountOpened(at=NOW, account=ACCOUNT, description="d", by="operator"),
    TOKEN,
    rows.TokenRevoked(at=NOW, token=1, account=ACCOUNT, by="ann"),
    rows.TokenUsed(at=NOW, token=1, account=ACCOUNT, udi=UDI),
    OWNED,
    replace(REPORT, verdict=Verdict.REJECTED, item="SECRET"),
    DECIDED,
    rows.CaseOpened(at=NOW, case=3, code="back-dated", udi=UDI, account=ACCOUNT),
    rows.CaseClosed(at=NOW, case=3, state="accepted", udi=UDI, account=ACCOUNT, by="ann"),
    rows.GapClosed(at=NOW, udi=UDI, report=REPORT.digest, by="ann", account=ACCOUNT),
    rows.GapOverdue(
        at=NOW,
        udi=UDI,
        report=REPORT.digest,
        named_by=REQUEST.digest,
        since=NOW - 9,
        account=ACCOUNT,
    ),
    rows.InstanceSilent(at=NOW, udi=UDI, account=ACCOUNT, last_report_at=NOW - 9, due_at=NOW - 1),
    rows.InstanceHeard(at=NOW, udi=UDI, account=ACCOUNT, silent_since=NOW - 9),
    replace(REQUEST, document="SECRET"),
)
