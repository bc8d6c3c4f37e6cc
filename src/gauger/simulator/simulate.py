"""Run a world from its seed to its end, and make the story of a failing one short."""

import gc
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from gauger.simulator.acts import carry_out
from gauger.simulator.breach import Breach
from gauger.simulator.code_acts import open_pools
from gauger.simulator.ending import end
from gauger.simulator.lent import Foundry, found
from gauger.simulator.plan import DAY, Act, draw
from gauger.simulator.world import World

SAMPLE: Final = DAY
"""Seconds from one look of a simulated device at its usage to the next."""

_TRIES: Final = 400
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 -- a folder of this process alone is made in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is simulated.

    Attributes:
        seed: What all chance comes from.
        instances: Number of devices.
        days: Days of virtual time.
        sample: Seconds from one look of a device at its usage to the next.
    """

    seed: int
    instances: int = 5
    days: int = 30
    sample: int = SAMPLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a simulation went.

    Attributes:
        digest: SHA-256 of its trace; the same terms give the same.
        events: Number of events after which every promise was checked.
        reports: Number of reports that the ledger accepted.
        breach: The promise that was broken, or None.
        story: Every line of the trace.
    """

    digest: str
    events: int
    reports: int
    breach: str | None
    story: tuple[str, ...]


class Simulator:
    """Runs worlds one after another on the devices of one factory."""

    def __init__(self, folder: Path, instances: int) -> None:
        """Make the factory.

        Args:
            folder: Where the disks of the worlds are; best one in memory.
            instances: Most devices of a world.
        """
        self._folder = folder
        self._foundry: Foundry = found(folder, instances)

    def run(
        self,
        terms: Terms,
        acts: Sequence[Act] | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Course:
        """Run one world to its end, or to the first promise that is broken.

        Args:
            terms: What is simulated.
            acts: What happens; drawn from the seed where None.
            progress: Called with each day that is over.
        """
        if acts is None:
            acts = draw(terms.seed, instances=terms.instances, days=terms.days)
        folder = Path(tempfile.mkdtemp(prefix="world-", dir=self._folder))
        world = World(folder=folder, foundry=self._foundry, seed=terms.seed, sample=terms.sample)
        breach = None
        try:
            _live(world, terms, acts, progress)
        except Breach as found_out:
            breach = str(found_out)
        finally:
            world.close()
            shutil.rmtree(folder)
            gc.collect()
        return Course(
            digest=world.trace.hexdigest(),
            events=world.events,
            reports=world.promises.accepted,
            breach=breach,
            story=tuple(world.story),
        )

    def shorten(self, terms: Terms) -> tuple[Act, ...]:
        """Return as few acts of a failing seed as still break the same promise."""
        acts = draw(terms.seed, instances=terms.instances, days=terms.days)
        broken = _promise(self.run(terms, acts))
        tries, size = 0, len(acts)
        while size >= 1 and tries < _TRIES:
            for start in range(0, len(acts), size):
                tries += 1
                fewer = acts[:start] + acts[start + size :]
                if _promise(self.run(terms, fewer)) == broken:
                    acts = fewer
                    break
            else:
                size = size // 2 if size > 1 else 0
            size = min(size, len(acts))
        return acts


def _promise(course: Course) -> str:
    return "" if course.breach is None else course.breach.partition(":")[0]


def _live(world: World, terms: Terms, acts: Sequence[Act], progress: Callable[[int], None]) -> None:
    world.begin(terms.instances)
    open_pools(world)
    for act in acts:
        world.later(act.at, partial(carry_out, world, act))
    for day in range(1, terms.days + 1):
        world.run(day * DAY)
        progress(day)
    end(world)


@contextmanager
def simulator(instances: int) -> Iterator[Simulator]:
    """Lend a simulator whose disks are in memory where this machine has such a folder."""
    parent = _MEMORY if _MEMORY.is_dir() else None
    # What stands by now stays: to look through all of it again and again for what may go costs a
    # tenth of the time. What a world leaves behind is looked through once it is over.
    gc.collect()
    gc.freeze()
    gc.disable()
    with tempfile.TemporaryDirectory(prefix="gauger-simulate-", dir=parent) as folder:
        try:
            yield Simulator(Path(folder), instances)
        finally:
            gc.enable()
            gc.unfreeze()


def of_seed(terms: Terms, seed: int) -> Terms:
    """Return the same terms for another seed."""
    return replace(terms, seed=seed)
