"""Usage files of many reports: what a report costs, what memory they take, whether progress shows."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from bench import site
from bench.exchanges import Stage
from bench.fleet import Fleet
from bench.load import cpu_seconds
from bench.rows import Row
from gauger.cli.cssm.client import PREFIX, Api, account_path
from gauger.cli.cssm.showing import Json
from gauger.core.documents.smart_license import Item, ItemKind, write_file
from gauger.core.identity import AccountRef
from gauger.cssm.local import local_access

FEW: Final = 1000
MANY: Final = 100_000
DEVICES: Final = 200
_LOOK: Final = 0.1  # seconds between two looks at a job
_PIECE: Final = 1024 * 1024
_PATIENCE: Final = 600.0
_ENDED: Final = frozenset({"done", "failed"})
_PATH: Final = account_path(AccountRef(*site.ACCOUNT.split("/")), "/usage-files")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What one upload cost.

    Attributes:
        cpu: The server's processor seconds from its first byte to its last verdict.
        seconds: The time.
        memory: The server's memory at its highest, MiB.
        ack_cpu: Processor seconds of its ACK file.
        ack_first: Seconds until the first byte of it.
        steps: How many states between begin and end its progress went through.
    """

    cpu: float
    seconds: float
    memory: float
    ack_cpu: float
    ack_first: float
    steps: int


def rows(stage: Stage, many: int = MANY) -> Iterator[Row]:
    """Upload a small file and a large one, each to a server that was just started.

    Args:
        stage: Where.
        many: Reports of the large file.

    Yields:
        The figures.
    """
    found, fleets = {}, {}
    with site.portal(stage.folder) as server:
        factory = site.Factory(stage.folder)
        for count in (FEW, many):
            fleets[count] = factory.fleet(server, devices=DEVICES, connections=1)
    for count, fleet in fleets.items():
        stage.say(f"{count} reports are signed into a file")
        file = usage_file(stage.folder / f"usage-{count}.xml", fleet, count)
        # Anew: what the devices' trust took must not count as memory of the upload.
        with site.served_portal(stage.folder) as server:
            stage.say("it is uploaded")
            found[count] = upload(server, stage.folder / "cssm", file)
        file.unlink()
    yield from _told(found[FEW], found[many], many)


def usage_file(path: Path, fleet: Fleet, count: int) -> Path:
    """Write a usage file with reports of all devices of a fleet."""
    texts = fleet.items(count // len(fleet.devices))
    items = (Item(kind=ItemKind.RUM_REPORT, text=text) for text in texts)
    with path.open("wb") as file:
        file.writelines(write_file(items))
    return path


def upload(server: site.Server, data: Path, file: Path) -> Upload:
    """Upload a file, wait for its last verdict, and fetch its ACK file.

    Raises:
        RuntimeError: Where the job fails or takes too long.
    """
    access = local_access(data)
    with Api(access.url, client_id=access.client_id, secret=access.secret, ca=None) as api:
        before, begun = cpu_seconds(server.process), time.monotonic()
        job = api.upload(_PATH, file, name=file.name, progress=lambda _: None)
        seen = set()
        while job["state"] not in _ENDED and time.monotonic() < begun + _PATIENCE:
            time.sleep(_LOOK)
            job = api.get(f"{_PATH}/{job['job_id']}")
            seen.add(job["items"])
        seconds, after = time.monotonic() - begun, cpu_seconds(server.process)
        if job["state"] != "done":
            raise RuntimeError(f"The upload is {job['state']}: {job['problem']}")
        memory = peak_memory(server.process)
        _require_accepted(api, job)
        asked = cpu_seconds(server.process)
        first = _fetch_answers(server, data, job["job_id"])
        return Upload(
            cpu=after - before,
            seconds=seconds,
            memory=memory,
            ack_cpu=cpu_seconds(server.process) - asked,
            ack_first=first,
            steps=len(seen - {0, job["total"]}),
        )


def _fetch_answers(server: site.Server, data: Path, job_id: str) -> float:
    """Fetch an ACK file to its end; return the seconds until its first byte."""
    http = HTTPConnection("127.0.0.1", server.port, timeout=_PATIENCE)
    headers = {"Authorization": f"Bearer {site.bearer(data)}"}
    begun = time.monotonic()
    http.request("GET", f"{PREFIX}{_PATH}/{job_id}/ack", headers=headers)
    answer = http.getresponse()
    answer.read(1)
    seconds = time.monotonic() - begun
    while answer.read(_PIECE):
        pass
    http.close()
    if answer.status != 200:
        raise RuntimeError(f"There is no ACK file: {answer.status}")
    return seconds


def _require_accepted(api: Api, job: Json) -> None:
    part = api.get(f"{_PATH}/{job['job_id']}/verdicts", after=job["total"] - 100, limit=100)
    refused = [row for row in part["items"] if row["verdict"] != "accepted"]
    if refused or not part["items"]:
        raise RuntimeError(f"{len(refused)} of the last 100 were not accepted: {refused[:1]}")


def peak_memory(process: int) -> float:
    """Return a process's memory at its highest, MiB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _told(few: Upload, many: Upload, count: int) -> Iterator[Row]:
    share = many.cpu / many.seconds
    yield Row(
        name=f"bulk upload of {count} reports in one file, per server CPU second",
        value=count / many.cpu,
        unit="reports/s",
        aim=6000,
        bound=f"processor: server's core {share:.0%}",
    )
    yield Row(
        name=f"peak memory of {count} reports over that of {FEW}",
        value=many.memory - few.memory,
        unit="MiB",
        aim=64,
        at_most=True,
        scales=False,
        bound=f"pages in the making, answers kept at hand; {many.memory:.0f} MiB in all",
    )
    yield Row(
        name="states of its progress that were seen",
        value=many.steps,
        unit="states",
        aim=10,
        scales=False,
        bound=f"one a batch; looked at every {_LOOK} s",
    )
    yield Row(
        name="its ACK file, per server CPU second",
        value=count / many.ack_cpu,
        unit="ACKs/s",
        bound="processor",
    )
    yield Row(
        name="its ACK file, until the first byte",
        value=many.ack_first,
        unit="s",
        bound="every answer is read before the first is written: root sets stand first",
    )
