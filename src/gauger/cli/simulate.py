"""`gauger simulate`: whole fleets under virtual time, every promise checked after every event."""

import json
import logging
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict

import click

from gauger.simulator.simulate import SAMPLE, Course, Simulator, Terms, of_seed, simulator

_BREACH = 1


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
@click.option("--story", is_flag=True, help="Print what happened.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object for each seed, for programs."
)
def simulate(
    *, seed: int, seeds: int, instances: int, days: int, sample: int, story: bool, as_json: bool
) -> None:
    """Live through years of a fleet in minutes: real instances and a real portal, simulated faults.

    The same seed gives the same trace. Where a promise is broken, the shortest story that still
    breaks it is printed, and the exit code is 1.
    """
    logging.getLogger("gauger").setLevel(logging.CRITICAL)  # what fails is meant to fail
    terms = Terms(seed=seed, instances=instances, days=days, sample=sample)
    began = time.process_time()
    with simulator(instances) as machine:
        courses = list(_courses(machine, terms, seeds, quiet=as_json))
        for number, course in courses:
            _tell(number, course, story=story, as_json=as_json)
        broken = [number for number, course in courses if course.breach is not None]
        if broken and not as_json:
            _shortest(machine, of_seed(terms, broken[0]))
    if not as_json:
        _sum_up([course for _, course in courses], terms, time.process_time() - began)
    if broken:
        sys.exit(_BREACH)


def _courses(
    machine: Simulator, terms: Terms, seeds: int, *, quiet: bool
) -> Iterable[tuple[int, Course]]:
    hidden = quiet or not sys.stderr.isatty()
    with click.progressbar(
        length=seeds * terms.days, label="Days", file=sys.stderr, hidden=hidden
    ) as bar:
        for number in range(terms.seed, terms.seed + seeds):
            yield number, machine.run(of_seed(terms, number), progress=lambda _: bar.update(1))


def _tell(number: int, course: Course, *, story: bool, as_json: bool) -> None:
    if as_json:
        found = {"seed": number, **asdict(course)}
        if not story:
            del found["story"]
        click.echo(json.dumps(found))
        return
    if story:
        click.echo("\n".join(course.story))
    state = course.breach or "every promise held"
    click.echo(
        f"seed {number}: {state}; {course.events} events, {course.reports} reports, trace {course.digest[:16]}"
    )


def _shortest(machine: Simulator, terms: Terms) -> None:
    click.echo(f"\nThe shortest story of seed {terms.seed} that breaks the same promise:")
    for act in machine.shorten(terms):
        click.echo(f"  {act.told()}")


def _sum_up(courses: list[Course], terms: Terms, seconds: float) -> None:
    device_days = len(courses) * terms.instances * terms.days
    events = sum(course.events for course in courses)
    broken = sum(course.breach is not None for course in courses)
    click.echo(
        f"{len(courses)} seeds, {device_days} device-days, {events} events, {broken} with a broken promise;"
        f" {device_days / seconds:.0f} device-days per CPU-second"
    )
