"""`make sweep`: every system call of every command that changes state fails once.

Each command runs once to count the calls that write to its data folders, then once for each of
them and each fault. After each run `gauger fsck` proves the folders whole, a restart follows, and
what had been acknowledged is looked for from outside. All of it takes about an hour on two
processors; ``--points N`` takes an even sample of N points of each command instead.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from sweep import codes, instances, portals, settings
from sweep.outages import OUTAGES, outages
from sweep.place import Place, furnish, load_everything
from sweep.scene import Scene
from sweep.tracing import FAULTS, Fault, Point
from sweep.trial import Trial, attempt, count

# In memory, where there is one: thousands of trials sync all the time, and none is kept.
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 -- a folder of this run's own is made in it
_USUAL: Final = ("KILL", "EIO", "ENOSPC")
_SHARE: Final = 24
"""Trials handed to a worker at once."""


@dataclass
class Tally:
    """What was tried of one command."""

    points: int = 0
    tried: dict[str, int] = field(default_factory=dict)
    missed: int = 0
    breaches: list[Trial] = field(default_factory=list)

    def add(self, trial: Trial) -> None:
        """Count a trial."""
        # The counting run is no trial: nothing befell it.
        if trial.point is not None:
            self.tried[trial.fault] = self.tried.get(trial.fault, 0) + 1
            # Threads take turns differently each time: such a trial says nothing, and is told
            # apart.
            self.missed += not trial.was_hit
        if trial.breaches:
            self.breaches.append(trial)


def all_scenes() -> list[Scene]:
    """Return every command that changes state."""
    return [*instances.SCENES, *settings.SCENES, *portals.SCENES, *codes.SCENES]


def place_of(root: str) -> Place:
    """Return the furnished place of this worker."""
    # By process: a worker is forked with what its parent had kept, and two in one folder would
    # take each trial's files from under it.
    return _furnished(os.getpid(), root)


@cache
def _furnished(_process: int, root: str) -> Place:
    made = Place(Path(tempfile.mkdtemp(prefix="w", dir=root)))
    furnish(made)
    codes.furnish_codes(made)
    instances.unpack(made)
    return made


def _count(root: str, index: int) -> tuple[int, list[Point], Trial]:
    points, trial = count(place_of(root), all_scenes()[index])
    return index, points, trial


def _attempt(root: str, index: int, work: Sequence[tuple[Point, Fault]]) -> list[Trial]:
    place = place_of(root)
    return [attempt(place, all_scenes()[index], point, fault) for point, fault in work]


def _cut_off(root: str, index: int, most: int | None, seed: int) -> tuple[int, list[str]]:
    """Cut the power under an outage's work; return how many disks there were and what is wrong."""
    place, outage, tried, wrong = place_of(root), OUTAGES[index], 0, []
    for taken, lost, breaches in outages(place, outage, most=most, seed=seed):
        tried += 1
        wrong += [f"{outage.name} after {taken} writes, {lost}: {one}" for one in breaches]
    return tried, wrong


def cut_off(options: argparse.Namespace, root: str) -> int:
    """Cut the power under all work that was chosen; return how many breaches there were."""
    breaches = 0
    for index, outage in enumerate(OUTAGES):
        if not _is_chosen(f"power loss: {outage.name}", options.only):
            continue
        tried, wrong = _cut_off(root, index, options.points, options.seed)
        print(*(f"BREACH {one}" for one in wrong), sep="\n", end="\n" if wrong else "")
        print(f"power loss: {outage.name}: {tried} disks, {len(wrong)} breaches", flush=True)
        breaches += len(wrong)
    return breaches


def sampled(points: Sequence[Point], most: int | None) -> Sequence[Point]:
    """Return an even sample of points, the first and the last among them."""
    if most is None or len(points) <= most:
        return points
    step = (len(points) - 1) / max(most - 1, 1)
    return [points[round(number * step)] for number in range(most)]


def sweep(options: argparse.Namespace, root: str) -> dict[str, Tally]:
    """Run everything that was asked for, telling how far it is."""
    scenes, faults = all_scenes(), [FAULTS[name] for name in options.faults]
    chosen = [i for i, scene in enumerate(scenes) if _is_chosen(scene.name, options.only)]
    tallies = {scenes[index].name: Tally() for index in chosen}
    began = time.monotonic()
    # Forked, not spawned: the workers' children start with everything loaded.
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("fork")) as pool:
        counting = [pool.submit(_count, root, index) for index in chosen]
        shares = []
        # The trials of a command begin as soon as its calls are counted, while others still are.
        for done in as_completed(counting):
            index, points, trial = done.result()
            tally = tallies[scenes[index].name]
            tally.points = len(points)
            _tell(tally, trial)
            work = [
                (point, fault)
                for point in sampled(points, options.points)
                for fault in faults
                if fault.befalls(point.call)
            ]
            for start in range(0, len(work), _SHARE):
                share = work[start : start + _SHARE]
                shares.append(pool.submit(_attempt, root, index, share))
            print(f"{scenes[index].name}: {len(points)} points, {len(work)} trials", flush=True)
        for number, share_done in enumerate(as_completed(shares), 1):
            for one in share_done.result():
                _tell(tallies[one.scene], one)
            _progress(number, len(shares), began)
    return tallies


def _is_chosen(name: str, only: Sequence[str]) -> bool:
    return not only or any(word in name for word in only)


def _tell(tally: Tally, trial: Trial) -> None:
    tally.add(trial)
    for breach in trial.breaches:
        print(f"BREACH {trial.scene}, {trial.fault} at {trial.point}: {breach}", flush=True)


def _progress(done: int, total: int, began: float) -> None:
    passed = time.monotonic() - began
    left = passed / done * (total - done)
    print(f"{done} of {total} shares, {passed:.0f} s, about {left:.0f} s left", flush=True)


def table(tallies: dict[str, Tally], faults: Sequence[str]) -> Iterator[str]:
    """Write what was tried."""
    width = max(map(len, tallies), default=0)
    columns = "".join(f"{name:>9}" for name in faults)
    yield f"{'command':<{width}} {'points':>7}{columns}{'missed':>8}{'breaches':>10}"
    for name, tally in tallies.items():
        tried = "".join(f"{tally.tried.get(fault, 0):>9}" for fault in faults)
        yield (
            f"{name:<{width}} {tally.points:>7}{tried}{tally.missed:>8}{len(tally.breaches):>10}"
        )
    total = sum(sum(tally.tried.values()) for tally in tallies.values())
    breaches = sum(len(tally.breaches) for tally in tallies.values())
    yield f"{total} trials at {sum(t.points for t in tallies.values())} points, {breaches} breaches"


def main() -> None:
    """Sweep; exit with 1 on any breach, or where strace is missing and CI=true."""
    parser = argparse.ArgumentParser(prog="make sweep", description=__doc__)
    parser.add_argument("--points", type=int, help="an even sample of so many of each command")
    parser.add_argument(
        "--only", action="append", default=[], help="commands with this in the name"
    )
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=_USUAL)
    # Half of a trial is waiting: for strace to attach, for disks, for the ends of processes.
    parser.add_argument("--jobs", type=int, default=2 * len(os.sched_getaffinity(0)))
    parser.add_argument("--seed", type=int, default=1, help="of the chance of what a disk loses")
    options = parser.parse_args()
    if shutil.which("strace") is None:
        print("sweep: needs strace of the Debian package strace; try: make deps-system")
        sys.exit(1 if os.environ.get("CI") == "true" else 0)
    began = time.monotonic()
    load_everything()
    scratch = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="gs", dir=scratch) as root:
        lost = cut_off(options, root)
        tallies = sweep(options, root)
    if tallies:
        print("\n".join(table(tallies, options.faults)))
    print(f"sweep: {time.monotonic() - began:.0f} s")
    sys.exit(1 if lost or any(tally.breaches for tally in tallies.values()) else 0)


if __name__ == "__main__":
    main()
