"""The power goes while a portal or a product instance works: `make sweep` and the tests."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gauger.cli.cssm.command import ACCOUNT as AN_ACCOUNT
from gauger.core.authority.commands import Pipe, ReceiveReport
from gauger.core.authority.outcomes import ReportOutcome
from gauger.core.documents.smart_license import ItemKind, read_items
from gauger.cssm.config import CssmConfig
from gauger.cssm.main import open_portal
from gauger.instance.main import Options, open_agent
from sweep.forked import Gate
from sweep.instances import at, showing
from sweep.place import ACCOUNT, DNA, ESSENTIALS, SECONDS, Place
from sweep.powerloss import Disk, Step, disks, read_log, record
from sweep.scene import Breaches, name_of
from sweep.tracing import await_tracer


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Work that acknowledges line by line, and what must be there of what it acknowledged.

    Attributes:
        name: For people.
        folder: The data folder that it works on.
        work: What it does; every line that it prints is an acknowledgment.
        holds: Yields what is missing of the acknowledged lines after the restart.
    """

    name: str
    folder: str
    work: Callable[[Place], None]
    holds: Callable[[Place, Sequence[str]], Breaches]


def _count_up(place: Place) -> None:
    """State rising counts, each durable before it is told."""
    options = Options(
        data=place.path("device"), clock_file=place.path("clock.json"), keeps_counts=True
    )
    agent = open_agent(options)
    for count in (11, 12, 13):
        agent.set_count(ESSENTIALS, count)
        agent.flush()
        # The acknowledgment: what stands here in the log must outlive the outage.
        print(count, flush=True)
    agent.stop()


def _counts(place: Place, told: Sequence[str]) -> Breaches:
    # What was stated comes back with the next boot; to look alone is none.
    booted = place.run("instance", "use", *at("device"), DNA, "1")
    if booted.code:
        yield f"the device does not start: {booted.text[-600:]}"
    text = showing(place, "device", "show license summary")
    rows = [line.split() for line in text.splitlines() if ESSENTIALS in line]
    found = int(rows[0][2]) if rows else 0
    # Nothing told: the count that the place was furnished with.
    least = int(told[-1]) if told else 2
    # More is no breach: a count may be stored and the power go before it was told.
    if found < least:
        yield f"a count of {least} was acknowledged, {found} is there: {text[-600:]}"
    if "1800000002" not in showing(place, "device", "show license rum id all"):
        yield "reports of the time before are gone"


def _reports(place: Place) -> list[str]:
    found = read_items([place.path("usage.xml").read_bytes()])
    return [item.text for item in found if item.kind is ItemKind.RUM_REPORT]


def _judge(place: Place) -> None:
    """Judge reports, telling the digest of each ACK once it may leave."""
    clock = place.path("clock.json")
    with open_portal(place.path("cssm"), CssmConfig(), clock=clock) as portal:
        for text in _reports(place):
            command = ReceiveReport(
                item=text,
                pipe=Pipe.FILE,
                uploaded_to=AN_ACCOUNT.convert(ACCOUNT, None, None),
                by="sweep",
            )
            outcome = portal.means.authority.execute(command)
            if not isinstance(outcome, ReportOutcome):
                raise TypeError(outcome)
            answer = portal.means.authority.answer_for(outcome.digest)
            acks = [] if answer is None else [one.digest for one in answer.acknowledgments]
            print(json.dumps([outcome.digest, acks]), flush=True)


def _acknowledged(place: Place, told: Sequence[str]) -> Breaches:
    again = place.ended(place.fork(lambda: _judge(place)))
    if again.code:
        yield f"the portal does not judge again: {again.text[-1500:]}"
        return
    now = dict(json.loads(line) for line in again.text.splitlines())
    for digest, acks in map(json.loads, told):
        # Byte for byte the same ACK: a device may hold the first one already.
        if now[digest] != acks:
            yield f"report {digest} was acknowledged by {acks}, now by {now[digest]}"
    digests = place.ended(place.fork(lambda: _list_digests(place))).text.split()
    if len(digests) != len(set(digests)) or not set(now) <= set(digests):
        yield f"a report is not there once: {digests}"


def _list_digests(place: Place) -> None:
    data, clock = place.path("cssm"), place.path("clock.json")
    with (
        open_portal(data, CssmConfig(), clock=clock) as portal,
        portal.means.readers.lend() as reader,
    ):
        print(*(row.digest for row in reader.reports(limit=100)))


OUTAGES = (
    Outage(name="instance counts", folder="device", work=_count_up, holds=_counts),
    Outage(name="cssm judges", folder="cssm", work=_judge, holds=_acknowledged),
)


def steps_of(place: Place, outage: Outage) -> tuple[list[Step], str]:
    """Let the work be done once; return what it wrote, and all that it told."""
    place.renew()
    gate, log = Gate.make(), place.root / "writes"
    child = place.fork(lambda: outage.work(place), gate=gate)
    tracer = record(child, log)
    await_tracer(child, tracer)
    gate.open()
    said = place.ended(child)
    tracer.wait(SECONDS)
    if said.code:
        raise RuntimeError(f"{outage.name} fails without an outage: {said.text}")
    return read_log(log, place.path(outage.folder), child.said), said.text


def sampled_times(steps: Sequence[Step], most: int | None) -> list[int]:
    """Return after how many steps the power goes: around each sync, or an even sample of that."""
    near = {0, len(steps)}
    for number, step in enumerate(steps):
        # Between two syncs only what may be there grows; at a sync what must be there does.
        if step.call == "sync":
            near |= {number, number + 1}
    every = sorted(near)
    if most is None or len(every) <= most:
        return every
    spacing = (len(every) - 1) / max(most - 1, 1)
    return [every[round(number * spacing)] for number in range(most)]


def outages(
    place: Place, outage: Outage, *, most: int | None, seed: int
) -> Iterator[tuple[int, str, list[str]]]:
    """Cut the power again and again.

    Args:
        place: Where.
        outage: The work.
        most: How many moments at most; None for each sync, before and after it.
        seed: Of the chance of what is lost.

    Yields:
        After how many steps the power went, what was lost, and what does not hold.
    """
    steps, text = steps_of(place, outage)
    before, here = place.kept / outage.folder, place.path(outage.folder)
    for taken in sampled_times(steps, most):
        told = text.encode() if taken == len(steps) else text.encode()[: steps[taken].said]
        for lost, disk in disks(before, here, steps, at=taken, seed=seed):
            yield taken, lost, list(_after(place, outage, disk, told.decode().splitlines()))


def _after(place: Place, outage: Outage, disk: Disk, told: Sequence[str]) -> Breaches:
    """Begin with what the disk holds; prove it whole, restart, look for what was told."""
    place.renew()
    here = place.path(outage.folder)
    shutil.rmtree(here)
    shutil.move(disk.root / str(here).lstrip("/"), here)
    yield from _proved(place, outage, "before the restart")
    # After fsck, which must see what the disk held and not what a restart made of it.
    yield from outage.holds(place, told)
    yield from _proved(place, outage, "after the restart")
    place.end_all()


def _proved(place: Place, outage: Outage, when: str) -> Breaches:
    said = place.run("fsck", "--data", f"{{}}/{outage.folder}")
    if said.code:
        yield f"fsck {when} ({name_of(said)}): {said.text[-1500:]}"
