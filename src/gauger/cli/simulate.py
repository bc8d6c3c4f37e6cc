"""`gauger simulate`: whole fleets under virtual time, every promise checked after every event."""

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TypedDict, Unpack

import click

from gauger.simulator.simulate import SAMPLE, Course, Simulator, Terms, of_seed, simulator

_BREACH = 1  # a broken promise is a fault of ours that has no name yet
_HUNDRED = 100


class _World(TypedDict):
    seed: int
    instances: int
    days: int
    sample: int


@click.command()
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="The first seed."
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many seeds, one after another.",
)
@click.option(
    "--instances",
    type=click.IntRange(1, 500),
    default=5,
    show_default=True,
    help="Product instances of a world.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=30,
    show_default=True,
    help="Days of virtual time.",
)
@click.option(
    "--sample",
    type=click.IntRange(900, 86_400),
    default=SAMPLE,
    show_default=True,
    help="Seconds from one look at the usage to the next; a product instance's own are 900.",
)
@click.option(
    "--budget",
    type=click.IntRange(min=1),
    help="Begin no further seed after so many seconds of CPU time.",
)
@click.option("--story", is_flag=True, help="Print what happened.")
@click.option(
    "--brief", is_flag=True, help="Print seeds that break a promise, and a line for each hundred."
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object for each seed, for programs."
)
def simulate(
    *,
    seeds: int,
    budget: int | None,
    story: bool,
    brief: bool,
    as_json: bool,
    **world: Unpack[_World],
) -> None:
    """Live through years of a fleet in minutes: real instances and a real portal, simulated faults.

    The same seed gives the same trace. Where a promise is broken, the shortest story that still
    breaks it is printed, and the exit code is 1.
    """
    terms = Terms(**world)
    telling = _Telling(story=story, brief=brief, as_json=as_json)
    with _silence(), simulator(terms.instances) as machine:
        figures = _Figures(terms)
        for number, course in _courses(machine, terms, seeds, quiet=as_json):
            figures.take(number, course)
            telling.tell(number, course, figures)
            # Between seeds only: half a seed would prove nothing, and have another trace.
            if budget is not None and figures.seconds >= budget:
                break
        # Only the first: to shorten a story takes longer than to find it.
        if figures.broken and not as_json:
            _shortest(machine, of_seed(terms, figures.broken[0]))
    if not as_json:
        click.echo(figures.told())
    if figures.broken:
        sys.exit(_BREACH)


@contextmanager
def _silence() -> Iterator[None]:
    """Log nothing for a while: what fails in a simulation is meant to fail."""
    logger = logging.getLogger("gauger")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@dataclass(slots=True)
class _Figures:
    """What was simulated up to now; a night has too many seeds to keep their courses."""

    terms: Terms
    seeds: int = 0
    events: int = 0
    reports: int = 0
    broken: list[int] = field(default_factory=list)
    # Of the processor: on a machine with other work a budget by the wall would end sooner each day.
    began: float = field(default_factory=time.process_time)

    @property
    def seconds(self) -> float:
        """CPU seconds that it took."""
        return time.process_time() - self.began

    def take(self, number: int, course: Course) -> None:
        """Count a seed."""
        self.seeds += 1
        self.events += course.events
        self.reports += course.reports
        if course.breach is not None:
            self.broken.append(number)

    def told(self) -> str:
        """Return them as a line."""
        device_days = self.seeds * self.terms.instances * self.terms.days
        return (
            f"{self.seeds} seeds, {device_days} device-days, {self.events} events,"
            f" {self.reports} reports, {len(self.broken)} with a broken promise;"
            f" {device_days / self.seconds:.0f} device-days per CPU-second"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Telling:
    """How much is printed."""

    story: bool
    brief: bool
    as_json: bool

    def tell(self, number: int, course: Course, figures: _Figures) -> None:
        """Print what is wanted of a seed."""
        if self.as_json:
            found = {"seed": number, **asdict(course)}
            # A night has very many seeds, and the story of one can be had again by its number.
            if not self.story:
                del found["story"]
            click.echo(json.dumps(found))
            return
        if self.story:
            click.echo("\n".join(course.story))
        if not self.brief or course.breach is not None:
            state = course.breach or "every promise held"
            counts = f"{course.events} events, {course.reports} reports"
            click.echo(f"seed {number}: {state}; {counts}, trace {course.digest[:16]}")
        if self.brief and figures.seeds % _HUNDRED == 0:
            click.echo(figures.told())


def _courses(
    machine: Simulator, terms: Terms, seeds: int, *, quiet: bool
) -> Iterator[tuple[int, Course]]:
    hidden = quiet or not sys.stderr.isatty()
    with click.progressbar(
        length=seeds * terms.days, label="Days", file=sys.stderr, hidden=hidden
    ) as bar:
        for number in range(terms.seed, terms.seed + seeds):
            yield number, machine.run(of_seed(terms, number), progress=lambda _: bar.update(1))


def _shortest(machine: Simulator, terms: Terms) -> None:
    click.echo(f"\nThe shortest story of seed {terms.seed} that breaks the same promise:")
    for act in machine.shorten(terms):
        click.echo(f"  {act.told()}")
