"""One row of many kinds, with a mark where a whole document stands."""

from dataclasses import replace

from gauger.core.authority import authorization_rows as codes
from gauger.core.authority import rows
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.row import Row
from gauger.core.documents.authorization_code import AuthorizedLicence
from gauger.core.documents.versions import Order
from tests.adapters.storage.ledger.book import DECIDED, OWNED, REPORT, REQUEST, TOKEN
from tests.support.builders import ACCOUNT, NOW, UDI

EXAMPLES: tuple[Row, ...] = (
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
    codes.AuthorizationsSet(
        at=NOW,
        account=ACCOUNT,
        tag="hsec",
        name="HSEC",
        term="perpetual",
        quantity=2,
        by="ann",
    ),
    codes.AuthorizationReceived(
        at=NOW,
        udi=UDI,
        digest=REQUEST.digest,
        type="authorization-return",
        document="SECRET",
        pipe="file",
        path="return.xml",
        by="ann",
        account=ACCOUNT,
        verdict=Verdict.ACCEPTED,
        code=None,
        detail="",
        flags=("already-returned",),
        incarnation="11" * 16,
        counter=2,
        mark=3,
        return_code="7F9GyS",
        sent=("account-info",),
    ),
    codes.AuthorizationIssued(
        at=NOW,
        udi=UDI,
        account=ACCOUNT,
        code="ac" * 16,
        epoch=3,
        licences=(AuthorizedLicence(tag="hsec", name="HSEC", count=1, term="perpetual"),),
        order=Order(1, 1, 7),
        document=REQUEST.digest,
        by=None,
        bundled=(("hsec", 1),),
    ),
    codes.AuthorizationAdopted(
        at=NOW,
        udi=UDI,
        account=ACCOUNT,
        code="fc" * 16,
        issued_at=NOW - 9,
        licences=(AuthorizedLicence(tag="hsec", name="HSEC", count=1, term="perpetual"),),
        document=REQUEST.digest,
        shown_by=REPORT.digest,
    ),
    codes.AuthorizationConfirmed(
        at=NOW, udi=UDI, account=ACCOUNT, code="ac" * 16, epoch=3, shown_by=REPORT.digest
    ),
    codes.AuthorizationReturned(
        at=NOW,
        udi=UDI,
        account=ACCOUNT,
        code="ac" * 16,
        mark=3,
        return_code="7F9GyS",
        proof=REQUEST.digest,
        by=None,
    ),
    codes.AuthorizationMisused(
        at=NOW, udi=UDI, account=ACCOUNT, code="ac" * 16, shown_by=REPORT.digest
    ),
)
