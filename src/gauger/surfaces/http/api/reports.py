"""Reports and their verdicts, quarantine cases, missing reports, answers."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Query, Response
from pydantic import Field

from gauger.core.authority.commands import MOST_DECIDED, CloseGap, DecideCase
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.problems import Problem
from gauger.cssm.access import Action
from gauger.cssm.commands.accounts import instance_of, report_of
from gauger.cssm.commands.answers import answer_bytes
from gauger.cssm.portal import Portal
from gauger.surfaces.http.api.guard import (
    VIRTUAL,
    AccountDep,
    CallerDep,
    PortalDep,
    needs,
    router,
)
from gauger.surfaces.http.api.models import (
    AccountName,
    Given,
    NumberPaging,
    Page,
    Taken,
    UdiGiven,
    UdiTaken,
    page,
)

top = router("", "reports")
virtual = router(VIRTUAL, "reports")

FILE = "application/xml"
HexDigest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
PathDigest = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class ReportPaging(NumberPaging):
    """Which reports: of one product instance, with one verdict, or all."""

    verdict: Annotated[str | None, Query(max_length=32)] = None
    udi_pid: Annotated[str | None, Query(max_length=64)] = None
    udi_serial_number: Annotated[str | None, Query(max_length=64)] = None

    def udi(self) -> Udi | None:
        """Return the product instance that is asked for.

        Raises:
            Problem: ``invalid-argument`` where only half of it is named.
        """
        if self.udi_pid is None and self.udi_serial_number is None:
            return None
        # Half a name, passed over, would list the reports of all devices.
        if self.udi_pid is None or self.udi_serial_number is None:
            raise Problem("invalid-argument", "A product instance is PID and serial number.")
        return Udi(self.udi_pid, self.udi_serial_number)


ReportPagingDep = Annotated[ReportPaging, Depends()]


@dataclass(frozen=True, slots=True)
class CasePaging(NumberPaging):
    """Which cases: in one state, or all."""

    state: Annotated[str | None, Query(max_length=16)] = None


CasePagingDep = Annotated[CasePaging, Depends()]


@dataclass(frozen=True, slots=True)
class GapPaging(NumberPaging):
    """Which missing reports: all, or only those open for 7 days, which are alerts."""

    overdue: Annotated[bool, Query()] = False


GapPagingDep = Annotated[GapPaging, Depends()]


class Report(Given):
    """A report as kept, with its verdict as it stands now; `item` is empty in lists."""

    report_row_id: int
    digest: str
    udi: UdiGiven
    account: AccountName | None
    report_id: int
    tag: str
    verdict: str
    code: str | None
    detail: str
    flags: tuple[str, ...]
    received_at: int
    start: int | None
    end: int | None
    until: int | None
    case: int | None
    pipes: tuple[str, ...]
    page: int
    item: str


class Case(Given):
    """A quarantine case."""

    case: int
    code: str
    udi: UdiGiven
    account: AccountName | None
    opened_at: int
    state: str
    decided_at: int | None
    decided_by: str | None
    reports: tuple[str, ...]


class Decision(Taken):
    """How a case is decided; without reports it concerns all that are open."""

    accept: bool
    reports: Annotated[tuple[HexDigest, ...], Field(max_length=MOST_DECIDED, strict=False)] = ()


class Gap(Given):
    """A report that a product instance's chain names and that never came.

    `alerted_at` is when it became an alert: 7 days after `since`, null before.
    """

    gap_id: int
    udi: UdiGiven
    account: AccountName | None
    report: str
    named_by: str
    since: int
    alerted_at: int | None


class GapToClose(Taken):
    """A missing report to give up."""

    udi: UdiTaken
    report: HexDigest


@top.get("/reports", openapi_extra=needs(Action.OPERATE))
def list_all_reports(portal: PortalDep, paging: ReportPagingDep) -> Page[Report]:
    """List the reports of all accounts, and of none, in order of arrival."""
    return _reports(portal, None, paging)


@virtual.get("/reports", openapi_extra=needs(Action.VIEW))
def list_reports(portal: PortalDep, account: AccountDep, paging: ReportPagingDep) -> Page[Report]:
    """List reports in order of arrival."""
    return _reports(portal, account, paging)


def _reports(portal: Portal, account: AccountRef | None, paging: ReportPaging) -> Page[Report]:
    with portal.means.readers.lend() as reader:
        rows = reader.reports(
            account,
            udi=paging.udi(),
            verdict=paging.verdict,
            after=paging.after,
            limit=paging.limit,
        )
    return page(rows, Report, paging.limit, lambda row: row.report_row_id)


@virtual.get("/reports/{digest}", openapi_extra=needs(Action.VIEW))
def show_report(portal: PortalDep, account: AccountDep, digest: PathDigest) -> Report:
    """Show one report to its last field."""
    with portal.means.readers.lend() as reader:
        row = report_of(reader, account, Digest(digest))
    return Report.model_validate(row)


@virtual.get("/cases", openapi_extra=needs(Action.VIEW))
def list_cases(portal: PortalDep, account: AccountDep, paging: CasePagingDep) -> Page[Case]:
    """List quarantine cases."""
    with portal.means.readers.lend() as reader:
        rows = reader.cases(account, state=paging.state, after=paging.after, limit=paging.limit)
    return page(rows, Case, paging.limit, lambda row: row.case)


@virtual.post("/cases/{case}/decide", openapi_extra=needs(Action.MANAGE))
def decide_case(
    case: Annotated[int, Path(ge=0, lt=2**53)],
    body: Decision,
    *,
    portal: PortalDep,
    caller: CallerDep,
    account: AccountDep,
) -> Case:
    """Count the reports of a case, or leave them out for ever."""
    _case(portal, account, case)
    portal.means.authority.execute(
        DecideCase(
            case=case,
            accept=body.accept,
            reports=tuple(Digest(one) for one in body.reports),
            by=str(caller),
        )
    )
    return _case(portal, account, case)


@top.get("/gaps", openapi_extra=needs(Action.OPERATE))
def list_all_gaps(portal: PortalDep, paging: GapPagingDep) -> Page[Gap]:
    """List the reports that are missed in all accounts."""
    return _gaps(portal, None, paging)


@virtual.get("/gaps", openapi_extra=needs(Action.VIEW))
def list_gaps(portal: PortalDep, account: AccountDep, paging: GapPagingDep) -> Page[Gap]:
    """List the reports that are missed."""
    return _gaps(portal, account, paging)


def _gaps(portal: Portal, account: AccountRef | None, paging: GapPaging) -> Page[Gap]:
    with portal.means.readers.lend() as reader:
        rows = reader.gaps(account, overdue=paging.overdue, after=paging.after, limit=paging.limit)
    return page(rows, Gap, paging.limit, lambda row: row.gap_id)


@virtual.post("/gaps/close", status_code=204, openapi_extra=needs(Action.MANAGE))
def close_gap(body: GapToClose, portal: PortalDep, caller: CallerDep, account: AccountDep) -> None:
    """Give up a missing report."""
    udi = body.udi.udi()
    with portal.means.readers.lend() as reader:
        # The path says for which account; whose the device is, the ledger says.
        instance_of(reader, account, udi)
    command = CloseGap(udi=udi, report=Digest(body.report), by=str(caller))
    portal.means.authority.execute(command)


@virtual.get(
    "/answers/{digest}",
    openapi_extra=needs(Action.VIEW),
    response_class=Response,
    responses={200: {"content": {FILE: {}}, "description": "The ACK file."}},
)
def download_answer(portal: PortalDep, account: AccountDep, digest: PathDigest) -> Response:
    """Download the answer to one report or trust request, by its digest."""
    answer = portal.means.authority.answer_for(Digest(digest))
    with portal.means.readers.lend() as reader:
        row = None if answer is None else reader.instance(answer.udi)
    # A digest is no secret: only the account that owns the device now gets its answers. The same
    # words for both, or whoever came by a digest would learn which device of another it is of.
    if answer is None or row is None or row.account != account:
        raise Problem("not-found", f"{account} has no answer for {digest}.")
    headers = {"Content-Disposition": 'attachment; filename="ack.xml"'}
    return Response(answer_bytes([answer]), media_type=FILE, headers=headers)


def _case(portal: Portal, account: AccountRef, number: int) -> Case:
    with portal.means.readers.lend() as reader:
        row = reader.case(number)
    # The same words for both: numbers of cases must not tell what other accounts have.
    if row is None or row.account != account:
        raise Problem("not-found", f"{account} has no case {number}.")
    return Case.model_validate(row)
