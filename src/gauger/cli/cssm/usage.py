"""`gauger cssm usage`: upload files of product instances, get verdicts and the ACK file."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gauger.cli.cssm.client import Api, account_path
from gauger.cli.cssm.command import FILE, account_option, api_command, next_command
from gauger.cli.cssm.showing import Answer, Json, Table, when, words
from gauger.core.identity import AccountRef
from gauger.core.problems import TABLE, Problem

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_SHORTEST: Final = 0.05  # seconds between two looks at a job
_LONGEST: Final = 2.0


@click.group()
def usage() -> None:
    """Usage files: upload, verdicts, ACK file."""


@usage.command("upload")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@account_option
@click.option("--wait", is_flag=True, help="Wait until every report has its verdict.")
@click.option("--ack", type=FILE, help="Write the ACK file here; implies --wait.")
@api_command
def upload(api: Api, file: Path, account: AccountRef, *, wait: bool, ack: Path | None) -> Answer:
    """Upload a usage or trust-request file of product instances."""
    with _bar(file.stat().st_size, "Upload") as bar:
        path = account_path(account, "/usage-files")
        # Its last part only: the folders of whoever uploads are nobody else's business.
        job = api.upload(path, file, name=file.name, progress=bar.advance)
    if not wait and ack is None:
        following = next_command(f"usage verdicts --account {account} {job['job_id']}")
        text = f"Uploaded as job {job['job_id']}.\nNext: {following}"
        return Answer(data=job, text=text)
    job = _finished(api, account, job)
    verdicts = _verdicts(api, account, job["job_id"])
    text = _summary(job, verdicts)
    # An ACK file without an answer in it would be carried to the device for nothing.
    if ack is not None and not any(row["digest"] for row in verdicts):
        text += f"\nNothing in it was answered: {ack} is not written."
    elif ack is not None:
        api.download(account_path(account, f"/usage-files/{job['job_id']}/ack"), ack)
        text += f"\nThe ACK file is {ack}. On the product instance: license smart import {ack}"
    return Answer(data={**job, "verdicts": verdicts}, table=_table(verdicts), text=text)


@usage.command("list")
@account_option
@api_command
def list_uploads(api: Api, account: AccountRef) -> Answer:
    """List uploaded files, newest first."""
    found = api.rows(account_path(account, "/usage-files"))
    table = Table(
        columns=("Uploaded", "File", "State", "Items", "Problem", "By", "Job"),
        rows=[
            (
                when(row["made_at"]),
                row["file_name"],
                row["state"],
                f"{row['items']} of {row['total'] if row['total'] is not None else '?'}",
                row["problem"]["code"] if row["problem"] else "",
                row["by"],
                row["job_id"],
            )
            for row in found
        ],
        empty=f"No file was uploaded to {account} yet.",
    )
    return Answer(data=found, table=table)


@usage.command("verdicts")
@account_option
@click.argument("job_id")
@click.option("--wait", is_flag=True, help="Wait until every report has its verdict.")
@api_command
def show_verdicts(api: Api, account: AccountRef, job_id: str, *, wait: bool) -> Answer:
    """Show the verdict of every report in an uploaded file."""
    job = api.get(account_path(account, f"/usage-files/{job_id}"))
    if wait:
        job = _finished(api, account, job)
    verdicts = _verdicts(api, account, job_id)
    data = {**job, "verdicts": verdicts}
    return Answer(data=data, table=_table(verdicts), text=_summary(job, verdicts))


@usage.command("ack")
@account_option
@click.argument("job_id")
@click.option("--out", type=FILE, required=True, help="File to write.")
@api_command
def download_ack(api: Api, account: AccountRef, job_id: str, out: Path) -> Answer:
    """Download the ACK file of an uploaded file."""
    size = api.download(account_path(account, f"/usage-files/{job_id}/ack"), out)
    text = f"The ACK file is {out}. On the product instance: license smart import {out}"
    return Answer(data={"file": str(out), "size": size}, text=text)


def _finished(api: Api, account: AccountRef, job: Json) -> Json:
    """Wait for the end of a job.

    Raises:
        Problem: The job's own where it failed.
    """
    path = account_path(account, f"/usage-files/{job['job_id']}")
    pause = _SHORTEST
    with _bar(None, "Judging") as bar:
        while job["state"] not in {"done", "failed"}:
            # Longer and longer: a small file is done at once, and a large one is not asked after 20
            # times a second.
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST)
            job = api.get(path)
            # How many items there are is known once the whole file was read for the first time.
            bar.show(job["items"], job["total"])
    if job["state"] == "failed":
        code = job["problem"]["code"]
        known = code if code in TABLE else "peer-refused"
        # With its code and exit code: a script sees what a person reads.
        raise Problem(known, job["problem"]["detail"])
    return job


def _verdicts(api: Api, account: AccountRef, job_id: str) -> list[Json]:
    return list(api.rows(account_path(account, f"/usage-files/{job_id}/verdicts")))


def _summary(job: Json, verdicts: list[Json]) -> str:
    counts: dict[str, int] = {}
    for row in verdicts:
        counts[row["verdict"]] = counts.get(row["verdict"], 0) + 1
    told = words(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    return f"{job['file_name']}: {job['state']}, {told}."


def _table(verdicts: list[Json]) -> Table:
    return Table(
        columns=("Item", "What", "Product instance", "Verdict", "Notes"),
        rows=[
            (
                row["position"],
                row["kind"],
                row["udi"],
                row["verdict"],
                _notes(row),
            )
            for row in verdicts
        ],
        empty="The file holds no report.",
    )


def _notes(row: Json) -> str:
    if row["code"] is None:
        return words(row["flags"])
    return f"{row['code']}: {row['detail'] or ''}"


class _Bar:
    """A bar on a terminal."""

    def __init__(self, progress: "Progress", task: "TaskID") -> None:
        self._progress = progress
        self._task = task

    def advance(self, count: int) -> None:
        """Go on by so much."""
        self._progress.update(self._task, advance=count)

    def show(self, done: int, total: int | None) -> None:
        """Show how much of all is done."""
        self._progress.update(self._task, completed=done, total=total)


@contextmanager
def _bar(total: int | None, title: str) -> Iterator[_Bar]:
    """Show progress on a terminal; be quiet elsewhere."""
    from rich.console import Console  # noqa: PLC0415 -- takes longer than most commands
    from rich.progress import (  # noqa: PLC0415 -- takes longer than most commands
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    # Beside the output: what is printed stays whole for a pipe.
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        yield _Bar(progress, progress.add_task(title, total=total))
