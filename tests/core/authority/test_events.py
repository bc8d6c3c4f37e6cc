"""What people read in the event log, row by row."""

import pytest

from gauger.core.authority import rows
from gauger.core.authority.events import Event, describe
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.row import Row
from gauger.core.documents.versions import Order
from gauger.core.identity import digest
from tests.support.builders import ACCOUNT, NOW, OTHER_ACCOUNT, TAG, UDI

ONE = digest(b"one")
IN_ACCOUNT = {"account": ACCOUNT, "domain": "example.com"}


def report(
    verdict: Verdict = Verdict.ACCEPTED, *flags: str, detail: str = ""
) -> rows.ReportReceived:
    return rows.ReportReceived(
        at=NOW,
        udi=UDI,
        digest=ONE,
        item="",
        pipe="file",
        path="usage.xml",
        by="admin",
        account=ACCOUNT,
        verdict=verdict,
        code=None,
        detail=detail,
        flags=flags,
        until=None,
        case=None,
        signer="gauger-sudi",
        generation=None,
        tag=TAG,
        report_id=7,
        software_version=None,
        incarnation=None,
        boot=None,
        previous=None,
        closed_at=None,
        root_number=1,
        members=(),
        absolute=(),
        relative=(),
        sent=(),
    )


def test_a_plain_report_is_no_event() -> None:
    assert describe(report()) is None
    assert describe(report(Verdict.ACCEPTED, "overlap")) is None


@pytest.mark.parametrize(
    ("row", "kind", "detail"),
    [
        (
            report(Verdict.ACCEPTED, "gap", "overlap"),
            "report-accepted",
            f"Report 7 of {TAG}: accepted. Flags: gap.",
        ),
        (
            report(Verdict.REJECTED, detail="It is not the active one."),
            "report-rejected",
            f"Report 7 of {TAG}: rejected. It is not the active one.",
        ),
        (report(Verdict.QUARANTINED), "report-quarantined", f"Report 7 of {TAG}: quarantined."),
    ],
)
def test_a_report_that_wants_attention_is_one(
    row: rows.ReportReceived, kind: str, detail: str
) -> None:
    expected = Event(kind=kind, subject=str(UDI), detail=detail, by="admin", **IN_ACCOUNT)  # type: ignore[arg-type]  # two fields of one kind

    assert describe(row) == expected


@pytest.mark.parametrize(
    ("row", "subject", "detail"),
    [
        (rows.LedgerOpened(at=1, ledger="ab", by="x"), "ab", "The ledger begins."),
        (
            rows.EpochOpened(at=1, number=2, epoch="cd", reason="restored", abandons=()),
            "cd",
            "Epoch 2 begins: restored.",
        ),
        (
            rows.EpochOpened(at=1, number=2, epoch="cd", reason="restored", abandons=(ONE,)),
            "cd",
            f"Epoch 2 begins: restored. Abandoned heads: {ONE}.",
        ),
        (
            rows.HeadAbandoned(at=1, head=ONE, page=9, udi=UDI),
            ONE,
            f"{UDI} holds a head of page 9 that this ledger does not have.",
        ),
        (
            rows.PageRenewed(at=1, page=4),
            "4",
            "The answers of page 4, which was never signed, stand in a new page.",
        ),
        (
            rows.RootSetTaken(at=1, number=3, epoch=1, document="", by="x"),
            "3",
            "Root set 3 of epoch 1 is held.",
        ),
        (
            rows.ManufacturerTaken(at=1, name="Acme", file="", by="x"),
            "Acme",
            "The manufacturer Acme is trusted.",
        ),
        (
            rows.SmartAccountOpened(at=1, domain="a.example", name="A", by="x"),
            "a.example",
            "The Smart Account A was opened.",
        ),
        (
            rows.PolicyAssigned(
                at=1,
                assignment=1,
                smart_account=None,
                virtual_account=None,
                name="p",
                ack_required=True,
                rules=(),
                by="x",
            ),
            "all accounts",
            "The policy 'p' was assigned to all accounts.",
        ),
        (
            rows.GapClosed(at=1, udi=UDI, report=ONE, by=None),
            str(UDI),
            f"The missing report {ONE} came.",
        ),
        (
            rows.GapClosed(at=1, udi=UDI, report=ONE, by="x"),
            str(UDI),
            f"The missing report {ONE} was given up.",
        ),
    ],
)
def test_what_concerns_the_whole_is_the_vendors(row: Row, subject: str, detail: str) -> None:
    event = describe(row)

    assert event is not None
    assert (event.account, event.subject, event.detail) == (None, subject, detail)


@pytest.mark.parametrize(
    ("row", "subject", "detail"),
    [
        (
            rows.VirtualAccountOpened(at=1, account=ACCOUNT, description="", by="x"),
            str(ACCOUNT),
            "The Virtual Account DEFAULT was opened.",
        ),
        (
            rows.AccountOptionSet(
                at=1, account=ACCOUNT, option="count-unverified", value=False, by="x"
            ),
            str(ACCOUNT),
            "count-unverified was switched off.",
        ),
        (
            rows.TokenIssued(
                at=1,
                token=4,
                account=ACCOUNT,
                digest=ONE,
                hint="abcd",
                expires_at=9,
                uses=None,
                export_controlled=False,
                description="",
                by="x",
            ),
            "4",
            "ID token 4 (…abcd) was made, for any number of uses.",
        ),
        (rows.TokenRevoked(at=1, token=4, account=ACCOUNT, by="x"), "4", "ID token 4 was revoked."),
        (
            rows.TokenUsed(at=1, token=4, account=ACCOUNT, udi=UDI),
            str(UDI),
            f"{UDI} used ID token 4.",
        ),
        (
            rows.OrderDeposited(
                at=1,
                account=ACCOUNT,
                number="SO-1",
                lines=(
                    rows.Purchase(
                        tag="t", name="DNA", quantity=3, term="perpetual", start=0, end=None
                    ),
                ),
                devices=(),
                by="x",
            ),
            "SO-1",
            "Order SO-1 was deposited: 3 of DNA.",
        ),
        (
            rows.InstanceAssigned(
                at=1,
                udi=UDI,
                origin=OTHER_ACCOUNT,
                account=ACCOUNT,
                provisional=True,
                cause="upload",
                by=None,
            ),
            str(UDI),
            f"{UDI} provisionally belongs to {ACCOUNT} (by upload).",
        ),
        (
            rows.CaseOpened(at=1, case=2, code="back-dated", udi=UDI, account=ACCOUNT),
            str(UDI),
            "Case 2 (back-dated) waits for a decision.",
        ),
        (
            rows.CaseClosed(at=1, case=2, state="released", udi=UDI, account=ACCOUNT, by=None),
            str(UDI),
            "Case 2 is released.",
        ),
        (
            rows.EventRecorded(
                at=1, kind="user-added", subject="u", detail="d", by="x", account=ACCOUNT
            ),
            "u",
            "d",
        ),
        (
            rows.RefusalRecorded(
                at=1,
                digest=ONE,
                code="malformed",
                detail="It is no JSON.",
                pipe="file",
                path="",
                account=ACCOUNT,
                by="x",
                count=10,
            ),
            ONE,
            "malformed: It is no JSON. (10 times)",
        ),
    ],
)
def test_what_concerns_an_account_is_shown_there(row: Row, subject: str, detail: str) -> None:
    event = describe(row)

    assert event is not None
    assert (event.account, event.domain) == (ACCOUNT, "example.com")
    assert (event.subject, event.detail) == (subject, detail)


def test_where_a_device_came_from_stays_out_of_what_the_new_owner_reads() -> None:
    row = rows.InstanceAssigned(
        at=1,
        udi=UDI,
        origin=OTHER_ACCOUNT,
        account=ACCOUNT,
        provisional=False,
        cause="move",
        by="operator",
    )
    event = describe(row)

    assert event is not None
    assert OTHER_ACCOUNT.virtual_account not in event.detail


@pytest.mark.parametrize(
    "row",
    [
        rows.ReportSeen(at=1, udi=UDI, digest=ONE, pipe="file", path=""),
        rows.PolicyIssued(at=1, account=ACCOUNT, assignment=1, order=Order(1, 1, 1), document=ONE),
        rows.GapOpened(at=1, udi=UDI, report=ONE, named_by=ONE),
    ],
)
def test_what_is_no_news_is_no_event(row: Row) -> None:
    assert describe(row) is None
