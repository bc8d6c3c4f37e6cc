"""What people read of the ledger's rows in the event log."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeVar

from gauger.core.authority import authorization_rows as codes
from gauger.core.authority import rows
from gauger.core.authority.judgement import describe_time
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.row import Row
from gauger.core.documents.authorization_code import AuthorizedLicence
from gauger.core.identity import AccountRef

# Those that may mean a clone or a loss; the others would bury them in the log.
LOUD_FLAGS: Final = frozenset({"store-replaced", "duplicate-identity", "gap"})
"""Flags of an accepted report that are worth an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A line of the event log.

    Attributes:
        kind: Stable name.
        account: Whose event it is; null for the vendor's.
        domain: The Smart Account, for events of a whole one; null for the vendor's.
        subject: Whom or what it concerns.
        detail: What happened.
        by: Who did it; null where the authority itself did.
    """

    kind: str
    account: AccountRef | None = None
    domain: str | None = None
    subject: str
    detail: str
    by: str | None = None


def describe(row: Row) -> Event | None:
    """Return the event of a row, or null where it is none: a plain report is no event."""
    # Kinds that only serve the projections are left out on purpose.
    describer = _DESCRIBERS.get(row.KIND)
    return None if describer is None else describer(row)


_Row = TypeVar("_Row", bound=Row)
_Describer = Callable[[Row], Event | None]


def _for(kind: type[_Row], describer: Callable[[_Row], Event | None]) -> tuple[str, _Describer]:
    def describe_row(row: Row) -> Event | None:
        # Tells the type checker what the key of the table says already.
        return describer(row) if isinstance(row, kind) else None

    return kind.KIND, describe_row


def _opened(row: rows.LedgerOpened) -> Event:
    return Event(kind=row.KIND, subject=row.ledger, detail="The ledger begins.", by=row.by)


def _epoch(row: rows.EpochOpened) -> Event:
    heads = f" Abandoned heads: {', '.join(row.abandons)}." if row.abandons else ""
    detail = f"Epoch {row.number} begins: {row.reason}.{heads}"
    return Event(kind=row.KIND, subject=row.epoch, detail=detail)


def _abandoned(row: rows.HeadAbandoned) -> Event:
    detail = f"{row.udi} holds a head of page {row.page} that this ledger does not have."
    return Event(kind=row.KIND, subject=row.head, detail=detail)


def _renewed(row: rows.PageRenewed) -> Event:
    detail = f"The answers of page {row.page}, which was never signed, stand in a new page."
    return Event(kind=row.KIND, subject=str(row.page), detail=detail)


def _root_set(row: rows.RootSetTaken) -> Event:
    detail = f"Root set {row.number} of epoch {row.epoch} is held."
    return Event(kind=row.KIND, subject=str(row.number), detail=detail, by=row.by)


def _manufacturer(row: rows.ManufacturerTaken) -> Event:
    detail = f"The manufacturer {row.name} is trusted."
    return Event(kind=row.KIND, subject=row.name, detail=detail, by=row.by)


def _smart_account(row: rows.SmartAccountOpened) -> Event:
    detail = f"The Smart Account {row.name} was opened."
    # The domain makes it visible to the whole Smart Account, and to no other one.
    return Event(kind=row.KIND, domain=row.domain, subject=row.domain, detail=detail, by=row.by)


def _virtual_account(row: rows.VirtualAccountOpened) -> Event:
    detail = f"The Virtual Account {row.account.virtual_account} was opened."
    return _in(row.account, row.KIND, str(row.account), detail=detail, by=row.by)


def _option(row: rows.AccountOptionSet) -> Event:
    detail = f"{row.option} was switched {'on' if row.value else 'off'}."
    return _in(row.account, row.KIND, str(row.account), detail=detail, by=row.by)


def _token(row: rows.TokenIssued) -> Event:
    uses = "any number of" if row.uses is None else row.uses
    # The hint only: the text of a token never reaches the ledger.
    detail = f"ID token {row.token} (…{row.hint}) was made, for {uses} uses."
    return _in(row.account, row.KIND, str(row.token), detail=detail, by=row.by)


def _token_revoked(row: rows.TokenRevoked) -> Event:
    detail = f"ID token {row.token} was revoked."
    return _in(row.account, row.KIND, str(row.token), detail=detail, by=row.by)


def _token_used(row: rows.TokenUsed) -> Event:
    detail = f"{row.udi} used ID token {row.token}."
    return _in(row.account, row.KIND, str(row.udi), detail=detail, by=None)


def _order(row: rows.OrderDeposited) -> Event:
    bought = ", ".join(f"{line.quantity} of {line.name}" for line in row.lines)
    detail = f"Order {row.number} was deposited: {bought}."
    return _in(row.account, row.KIND, row.number, detail=detail, by=row.by)


def _policy(row: rows.PolicyAssigned) -> Event:
    account = None
    if row.smart_account is not None and row.virtual_account is not None:
        account = AccountRef(row.smart_account, row.virtual_account)
    # Widest last: an assignment without both names is the vendor's default.
    whose = str(account or row.smart_account or "all accounts")
    return Event(
        kind=row.KIND,
        account=account,
        domain=row.smart_account,
        subject=whose,
        detail=f"The policy {row.name!r} was assigned to {whose}.",
        by=row.by,
    )


def _assigned(row: rows.InstanceAssigned) -> Event:
    # Where it came from stays out of what the new owner reads.
    word = "provisionally belongs" if row.provisional else "belongs"
    detail = f"{row.udi} {word} to {row.account} (by {row.cause})."
    return _in(row.account, row.KIND, str(row.udi), detail=detail, by=row.by)


def _report(row: rows.ReportReceived) -> Event | None:
    loud = sorted(LOUD_FLAGS.intersection(row.flags))
    # Millions of them; the list of reports is where they are read.
    if row.verdict is Verdict.ACCEPTED and not loud:
        return None
    detail = f"Report {row.report_id} of {row.tag}: {row.verdict}. {row.detail}".rstrip()
    if loud:
        detail = f"{detail} Flags: {', '.join(loud)}."
    # By verdict, so that an alarm can be set on one kind.
    return _maybe_in(row.account, f"report-{row.verdict}", str(row.udi), detail=detail, by=row.by)


def _decided(row: rows.ReportDecided) -> Event:
    detail = f"Report {row.digest} is {row.verdict} now. {row.detail}".rstrip()
    return _maybe_in(row.account, row.KIND, str(row.udi), detail=detail, by=row.by)


def _case_opened(row: rows.CaseOpened) -> Event:
    detail = f"Case {row.case} ({row.code}) waits for a decision."
    return _maybe_in(row.account, row.KIND, str(row.udi), detail=detail, by=None)


def _case_closed(row: rows.CaseClosed) -> Event:
    detail = f"Case {row.case} is {row.state}."
    return _maybe_in(row.account, row.KIND, str(row.udi), detail=detail, by=row.by)


def _gap_closed(row: rows.GapClosed) -> Event:
    detail = f"The missing report {row.report} " + ("came." if row.by is None else "was given up.")
    return _maybe_in(row.account, row.KIND, str(row.udi), detail=detail, by=row.by)


def _gap_overdue(row: rows.GapOverdue) -> Event:
    detail = (
        f"Report {row.report}, which {row.named_by} names as its predecessor, is missing for "
        f"{(row.at - row.since) // 86_400} days. Have {row.udi} send it, or give it up."
    )
    return _maybe_in(row.account, row.KIND, str(row.udi), detail=detail, by=None)


def _silent(row: rows.InstanceSilent) -> Event:
    detail = (
        f"{row.udi} has not reported since {describe_time(row.last_report_at)}; its policy asked "
        f"for a report by {describe_time(row.due_at)}. See that it reaches this portal, or bring "
        "its usage file."
    )
    return _in(row.account, row.KIND, str(row.udi), detail=detail, by=None)


def _heard(row: rows.InstanceHeard) -> Event:
    detail = f"{row.udi}, told to be silent at {describe_time(row.silent_since)}, has reported."
    return _maybe_in(row.account, row.KIND, str(row.udi), detail=detail, by=None)


def _trust_request(row: rows.TrustRequestReceived) -> Event:
    detail = f"Trust request {row.counter}: {row.verdict}. {row.detail}".rstrip()
    return _maybe_in(row.account, row.KIND, str(row.udi), detail=detail, by=row.by)


def _authorizations(row: codes.AuthorizationsSet) -> Event:
    detail = f"{row.quantity} of {row.name} may be authorized."
    return _in(row.account, row.KIND, row.tag, detail=detail, by=row.by)


def _authorization(row: codes.AuthorizationReceived) -> Event:
    what = row.type.replace("-", " ").capitalize()
    detail = f"{what} {row.counter}: {row.verdict}. {row.detail}".rstrip()
    return _maybe_in(row.account, row.KIND, str(row.udi), detail=detail, by=row.by)


def _authorized(row: codes.AuthorizationIssued) -> Event:
    licences = _listed(row.licences)
    detail = f"Authorization code {row.code}, epoch {row.epoch}, was issued: {licences}."
    return _in(row.account, row.KIND, str(row.udi), detail=detail, by=row.by)


def _adopted(row: codes.AuthorizationAdopted) -> Event:
    licences = _listed(row.licences)
    detail = f"Authorization code {row.code} came with it from the factory: {licences}."
    return _in(row.account, row.KIND, str(row.udi), detail=detail, by=None)


def _listed(licences: Iterable[AuthorizedLicence]) -> str:
    return ", ".join(f"{one.count} of {one.name}" for one in licences)


def _confirmed(row: codes.AuthorizationConfirmed) -> Event:
    detail = f"Authorization code {row.code} is installed."
    return _in(row.account, row.KIND, str(row.udi), detail=detail, by=None)


def _returned(row: codes.AuthorizationReturned) -> Event:
    detail = f"Authorization code {row.code} was given back, return code {row.return_code}."
    return _in(row.account, row.KIND, str(row.udi), detail=detail, by=row.by)


def _misused(row: codes.AuthorizationMisused) -> Event:
    detail = (
        f"Authorization code {row.code} is in use although it was given back: the store was set "
        "back, or copied."
    )
    return _in(row.account, row.KIND, str(row.udi), detail=detail, by=None)


def _refusal(row: rows.RefusalRecorded) -> Event:
    # Steps of ten: the row stands for all since the last one of its kind.
    times = "" if row.count == 1 else f" ({row.count} times)"
    return _maybe_in(
        row.account, row.KIND, row.digest, detail=f"{row.code}: {row.detail}{times}", by=row.by
    )


def _event(row: rows.EventRecorded) -> Event:
    # `kind` and not `KIND`: what whoever recorded the event named it.
    return _maybe_in(row.account, row.kind, row.subject, detail=row.detail, by=row.by)


def _in(account: AccountRef, kind: str, subject: str, *, detail: str, by: str | None) -> Event:
    return Event(
        kind=kind,
        account=account,
        domain=account.smart_account,
        subject=subject,
        detail=detail,
        by=by,
    )


def _maybe_in(
    account: AccountRef | None, kind: str, subject: str, *, detail: str, by: str | None
) -> Event:
    # Nobody's account: the vendor reads it, no customer does.
    if account is None:
        return Event(kind=kind, subject=subject, detail=detail, by=by)
    return _in(account, kind, subject, detail=detail, by=by)


_DESCRIBERS: Final[Mapping[str, _Describer]] = MappingProxyType(
    dict(
        (
            _for(rows.LedgerOpened, _opened),
            _for(rows.EpochOpened, _epoch),
            _for(rows.HeadAbandoned, _abandoned),
            _for(rows.PageRenewed, _renewed),
            _for(rows.RootSetTaken, _root_set),
            _for(rows.ManufacturerTaken, _manufacturer),
            _for(rows.SmartAccountOpened, _smart_account),
            _for(rows.VirtualAccountOpened, _virtual_account),
            _for(rows.AccountOptionSet, _option),
            _for(rows.TokenIssued, _token),
            _for(rows.TokenRevoked, _token_revoked),
            _for(rows.TokenUsed, _token_used),
            _for(rows.OrderDeposited, _order),
            _for(rows.PolicyAssigned, _policy),
            _for(rows.InstanceAssigned, _assigned),
            _for(rows.ReportReceived, _report),
            _for(rows.ReportDecided, _decided),
            _for(rows.CaseOpened, _case_opened),
            _for(rows.CaseClosed, _case_closed),
            _for(rows.GapClosed, _gap_closed),
            _for(rows.GapOverdue, _gap_overdue),
            _for(rows.InstanceSilent, _silent),
            _for(rows.InstanceHeard, _heard),
            _for(rows.TrustRequestReceived, _trust_request),
            _for(codes.AuthorizationsSet, _authorizations),
            _for(codes.AuthorizationReceived, _authorization),
            _for(codes.AuthorizationIssued, _authorized),
            _for(codes.AuthorizationAdopted, _adopted),
            _for(codes.AuthorizationConfirmed, _confirmed),
            _for(codes.AuthorizationReturned, _returned),
            _for(codes.AuthorizationMisused, _misused),
            _for(rows.RefusalRecorded, _refusal),
            _for(rows.EventRecorded, _event),
        )
    )
)
