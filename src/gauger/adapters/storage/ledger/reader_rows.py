"""Rows of queries become the plain values that readers see; columns stand beside their shapes."""

import json
from collections.abc import Sequence
from typing import Any, Final

from gauger.adapters.storage.ledger.connection import PLACES
from gauger.adapters.storage.ledger.names import account_named, split_words
from gauger.authority.ports.store import HeadRecord
from gauger.authority.ports.views import (
    BalanceRow,
    CaseRow,
    EventRow,
    GapRow,
    HeadRow,
    InstanceRow,
    ManufacturerRow,
    OrderLineRow,
    OrderRow,
    PolicyRow,
    ReportRow,
    SmartAccountRow,
    TokenRow,
    UsageRow,
    VirtualAccountRow,
)
from gauger.core.authority.entitlement import Balance
from gauger.core.documents.envelope import DirectSignature, Document
from gauger.core.documents.page import PageHead
from gauger.core.identity import AccountRef, Digest, Udi

Row = tuple[Any, ...]

VIRTUAL_ACCOUNT: Final = "domain, name, description, opened_at, instances, count_unverified"
INSTANCE: Final = (
    "i.id, i.pid, i.serial, a.domain, a.name, i.provisional, i.generation, i.verified,"
    " i.first_seen_at, i.last_report_at, i.software_version, i.gaps, i.cases, i.flags,"
    " i.silent_since"
)
REPORT: Final = (
    "r.id, r.digest, i.pid, i.serial, a.domain, a.name, r.report_id, t.tag, r.verdict, r.code,"
    ' r.detail, r.flags, r.received_at, r.start, r."end", r.until, r."case", r.pipes, r.source'
)
REPORT_TABLES: Final = (
    "reports r JOIN instances i ON i.id = r.instance JOIN tags t ON t.id = r.tag"
    " LEFT JOIN accounts a ON a.id = r.account"
)
CASE: Final = (
    "c.id, c.code, i.pid, i.serial, a.domain, a.name, c.opened_at, c.state, c.decided_at,"
    " c.decided_by"
)
CASE_TABLES: Final = (
    "cases c JOIN instances i ON i.id = c.instance LEFT JOIN accounts a ON a.id = c.account"
)
EVENT: Final = "e.id, e.source, e.at, e.kind, a.domain, a.name, e.subject, e.detail, e.by"


def smart_account(row: Row) -> SmartAccountRow:
    """Return a Smart Account."""
    domain, name, opened_at, virtual_accounts = row
    return SmartAccountRow(
        domain=domain, name=name, opened_at=opened_at, virtual_accounts=virtual_accounts
    )


def virtual_account(row: Row) -> VirtualAccountRow:
    """Return a Virtual Account of the columns ``VIRTUAL_ACCOUNT``."""
    domain, name, description, opened_at, instances, count_unverified = row
    return VirtualAccountRow(
        account=AccountRef(domain, name),
        description=description,
        opened_at=opened_at,
        instances=instances,
        count_unverified=bool(count_unverified),
    )


def token(account: AccountRef, row: Row, now: int) -> TokenRow:
    """Return an ID token with its state at a time."""
    number, hint, description, issued_at, expires_at, uses, used, export, revoked, by = row
    state = "active"
    # Revocation first: a token that a person ended is shown so, also after its term.
    if revoked:
        state = "revoked"
    elif now >= expires_at:
        state = "expired"
    elif uses is not None and used >= uses:
        state = "used-up"
    return TokenRow(
        token_id=number,
        account=account,
        hint=hint,
        description=description,
        issued_at=issued_at,
        expires_at=expires_at,
        uses=uses,
        used=used,
        export_controlled=bool(export),
        state=state,
        by=by,
    )


def order(account: AccountRef, row: Row, lines: Sequence[Row], devices: Sequence[Row]) -> OrderRow:
    """Return an order with its lines and product instances."""
    number, order_number, deposited_at, by = row
    return OrderRow(
        order_id=number,
        account=account,
        order_number=order_number,
        deposited_at=deposited_at,
        by=by,
        lines=tuple(
            OrderLineRow(tag=tag, name=name, quantity=quantity, term=term, start=start, end=end)
            for tag, name, quantity, term, start, end in lines
        ),
        devices=tuple(Udi(pid, serial) for pid, serial in devices),
    )


def policy(row: Row) -> PolicyRow:
    """Return a policy assignment."""
    scope, _, name, ack_required, rules, assigned_at, by, version = row
    # The reverse of `policy_scope`: a domain holds no slash.
    domain, _, virtual = scope.partition("/")
    return PolicyRow(
        smart_account=domain or None,
        virtual_account=virtual or None,
        name=name,
        ack_required=bool(ack_required),
        rules={group: (first, often, change) for group, first, often, change in json.loads(rules)},
        assigned_at=assigned_at,
        by=by,
        version=version,
    )


def balance(row: Row, held: Balance) -> BalanceRow:
    """Return the balance of one licence."""
    _, tag, name, _, unverified = row
    return BalanceRow(
        tag=tag,
        name=name or tag,
        purchased=held.purchased,
        in_use=held.in_use,
        balance=held.balance,
        unverified_in_use=unverified,
    )


def instance(row: Row, used: tuple[UsageRow, ...] = ()) -> InstanceRow:
    """Return a product instance of the columns ``INSTANCE``."""
    number, pid, serial, domain, name, provisional, generation, verified, *rest = row
    first_seen_at, last_report_at, software_version, gaps, cases, flags, silent_since = rest
    return InstanceRow(
        instance_id=number,
        udi=Udi(pid, serial),
        account=account_named(domain, name),
        provisional=bool(provisional),
        generation=generation,
        verified=bool(verified),
        first_seen_at=first_seen_at,
        last_report_at=last_report_at,
        software_version=software_version,
        gaps=gaps,
        open_cases=cases,
        flags=split_words(flags),
        silent_since=silent_since,
        usage=used,
    )


def usage(row: Row) -> UsageRow:
    """Return what a product instance uses of one licence."""
    tag, name, in_use, observed_until, high, low, verified = row
    return UsageRow(
        tag=tag,
        name=name,
        in_use=in_use,
        observed_until=observed_until,
        count_seconds=(high << 32) + low,
        verified=bool(verified),
    )


def report(row: Row, item: str = "") -> ReportRow:
    """Return a report of the columns ``REPORT``."""
    number, found, pid, serial, domain, name, report_id, tag, verdict, code, *rest = row
    detail, flags, received_at, start, end, until, in_case, pipes, source = rest
    return ReportRow(
        report_row_id=number,
        digest=Digest(found),
        udi=Udi(pid, serial),
        account=account_named(domain, name),
        report_id=report_id,
        tag=tag,
        verdict=verdict,
        code=code,
        detail=detail,
        flags=split_words(flags),
        received_at=received_at,
        start=start,
        end=end,
        until=until,
        case=in_case,
        pipes=split_words(pipes),
        page=source >> PLACES,
        item=item,
    )


def case(row: Row, reports: Sequence[Row]) -> CaseRow:
    """Return a case of the columns ``CASE``."""
    number, code, pid, serial, domain, name, opened_at, state, decided_at, decided_by = row
    return CaseRow(
        case=number,
        code=code,
        udi=Udi(pid, serial),
        account=account_named(domain, name),
        opened_at=opened_at,
        state=state,
        decided_at=decided_at,
        decided_by=decided_by,
        reports=tuple(Digest(item[0]) for item in reports),
    )


def gap(row: Row) -> GapRow:
    """Return a missing report."""
    number, pid, serial, domain, name, missing, named_by, since, alerted_at = row
    return GapRow(
        gap_id=number,
        udi=Udi(pid, serial),
        account=account_named(domain, name),
        report=Digest(missing),
        named_by=Digest(named_by),
        since=since,
        alerted_at=alerted_at,
    )


def event(row: Row) -> EventRow:
    """Return an event of the columns ``EVENT``."""
    number, source, at, kind, domain, name, subject, detail, by = row
    return EventRow(
        event_id=number,
        page=source >> PLACES,
        at=at,
        kind=kind,
        account=account_named(domain, name),
        subject=subject,
        detail=detail,
        by=by,
    )


def manufacturer(row: Row) -> ManufacturerRow:
    """Return a manufacturer."""
    name, file, imported_at = row
    return ManufacturerRow(name=name, file=file, imported_at=imported_at)


def head(record: HeadRecord, unsaved: tuple[int, bytes] | None) -> HeadRow:
    """Return a head, with the signature that is not stored yet where it is the last one's."""
    # It reaches the disk with the next page; until then only memory has it.
    signature = record.signature
    if signature is None and unsaved is not None and unsaved[0] == record.page:
        signature = unsaved[1]
    said = PageHead.from_document(
        Document(
            type=PageHead.TYPE,
            version=PageHead.VERSION,
            body=record.body,
            signature=DirectSignature(chain=record.chain, value=signature or b""),
        )
    )
    return HeadRow(
        ledger=said.ledger,
        epoch=said.epoch.number,
        pages=record.page + 1,
        body=record.body,
        digest=record.digest,
        signature=signature,
        chain=record.chain,
        time=said.issued_at,
    )
