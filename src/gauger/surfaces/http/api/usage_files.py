"""Usage files: upload, progress, verdicts, ACK file."""

from typing import Annotated

from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from gauger.core.problems import Problem
from gauger.cssm.access import Action
from gauger.cssm.commands.uploads import Incoming
from gauger.cssm.ports import Job
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
    NumberPagingDep,
    Page,
    page,
)
from gauger.surfaces.http.room import SMALL

virtual = router(VIRTUAL, "usage files")

FILE = "application/xml"
_PIECE = SMALL  # what the memory of an upload is counted as
FileName = Annotated[str, Query(max_length=255, description="Name of the file, for people.")]


class JobProblem(Given):
    """Why a file could not be worked through."""

    code: str
    detail: str


class JobGiven(Given):
    """An uploaded file and how far it is: `items` of `total` are judged."""

    job_id: str
    account: AccountName
    file_name: str
    size: int
    digest: str
    by: str
    made_at: int
    state: str
    total: int | None
    items: int
    problem: JobProblem | None
    finished_at: int | None


class VerdictGiven(Given):
    """What became of one item of a file."""

    position: int
    kind: str
    udi: str | None
    digest: str | None
    verdict: str
    code: str | None
    detail: str | None
    flags: tuple[str, ...]


@virtual.post(
    "/usage-files",
    status_code=202,
    openapi_extra={
        **needs(Action.USE),
        "requestBody": {"required": True, "content": {"application/octet-stream": {}}},
    },
)
async def upload(
    request: Request,
    portal: PortalDep,
    caller: CallerDep,
    account: AccountDep,
    *,
    name: FileName = "usage.xml",
) -> JobGiven:
    """Upload a usage or trust-request file; the answer names the job that works through it."""
    # To disk as it comes: a file may be larger than the memory of the portal.
    incoming = await run_in_threadpool(portal.uploads.begin)
    try:
        await _receive(request, incoming)
    except BaseException:
        # Also a peer that goes away: what came so far must not stay.
        await run_in_threadpool(incoming.writer.discard)
        raise
    job = await run_in_threadpool(
        portal.uploads.finish, incoming, account=account, file_name=name, by=str(caller)
    )
    return _given(job)


@virtual.get("/usage-files", openapi_extra=needs(Action.VIEW))
def list_uploads(portal: PortalDep, account: AccountDep, paging: NumberPagingDep) -> Page[JobGiven]:
    """List uploaded files, newest first."""
    jobs = portal.uploads.jobs(account, before=paging.after or None, limit=paging.limit)
    last = str(jobs[-1].number) if len(jobs) == paging.limit else None
    return Page[JobGiven](items=[_given(job) for job in jobs], next=last)


@virtual.get("/usage-files/{job_id}", openapi_extra=needs(Action.VIEW))
def show_upload(portal: PortalDep, account: AccountDep, job_id: str) -> JobGiven:
    """Show how far an uploaded file is."""
    return _given(portal.uploads.job(account, job_id))


@virtual.get("/usage-files/{job_id}/verdicts", openapi_extra=needs(Action.VIEW))
def list_verdicts(
    portal: PortalDep, account: AccountDep, job_id: str, paging: NumberPagingDep
) -> Page[VerdictGiven]:
    """List the verdict of every item of a file, by position; `after` counts from 1."""
    job = portal.uploads.job(account, job_id)
    # Positions count from 0, `after` from 1: 0 must mean the beginning, as in every list.
    rows = portal.uploads.verdicts(job, after=paging.after - 1, limit=paging.limit)
    return page(rows, VerdictGiven, paging.limit, lambda row: row.position + 1)


@virtual.get(
    "/usage-files/{job_id}/ack",
    openapi_extra=needs(Action.VIEW),
    response_class=Response,
    responses={200: {"content": {FILE: {}}, "description": "The ACK file."}},
)
def download_ack(portal: PortalDep, account: AccountDep, job_id: str) -> Response:
    """Download the ACK file of an uploaded file."""
    job = portal.uploads.job(account, job_id)
    # A name of ours: the uploader's own could carry a path, or break the header.
    headers = {"Content-Disposition": f'attachment; filename="ack-{job.job_id[:8]}.xml"'}
    return StreamingResponse(portal.uploads.answer_file(job), media_type=FILE, headers=headers)


async def _receive(request: Request, incoming: Incoming) -> None:
    # Pieces of the network are small; each written by itself would be a thread's turn.
    piece = bytearray()
    async for data in request.stream():
        piece += data
        if len(piece) >= _PIECE:
            await run_in_threadpool(incoming.write, bytes(piece))
            piece.clear()
    await run_in_threadpool(incoming.write, bytes(piece))
    # An upload of nothing is a mistake of the caller's tool; a job for it would seem done.
    if not incoming.writer.size:
        raise Problem("truncated", "The uploaded file is empty.")


def _given(job: Job) -> JobGiven:
    problem = JobProblem(code=job.problem[0], detail=job.problem[1]) if job.problem else None
    return JobGiven(
        job_id=job.job_id,
        account=AccountName.model_validate(job.account),
        file_name=job.file_name,
        size=job.size,
        digest=job.digest,
        by=job.by,
        made_at=job.made_at,
        state=job.state,
        total=job.total,
        items=job.items,
        problem=problem,
        finished_at=job.finished_at,
    )
