"""One run of a command, with or without a fault."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sweep.forked import Gate
from sweep.place import Place
from sweep.scene import Scene
from sweep.tracing import Fault, Point, Tracer


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of a run.

    Attributes:
        scene: Name of the command.
        fault: Name of the fault; empty for the counting run.
        point: Where it befell, or None.
        was_hit: Whether it befell a call on the data folders.
        breaches: What does not hold afterwards.
    """

    scene: str
    fault: str
    point: Point | None
    was_hit: bool
    breaches: tuple[str, ...]


def count(place: Place, scene: Scene) -> tuple[list[Point], Trial]:
    """Run a command whole, and return every point at which it touches its folders."""
    tracer, breaches = _run(place, scene)
    points = tracer.points(scene.folders(place))
    # A command that fails anyway would find every fault harmless.
    if scene.told.code:
        breaches = [f"it fails without a fault: {scene.told.text[-600:]}", *breaches]
    trial = Trial(scene=scene.name, fault="", point=None, was_hit=True, breaches=tuple(breaches))
    return points, trial


def attempt(place: Place, scene: Scene, point: Point, fault: Fault) -> Trial:
    """Run a command with a fault at a point."""
    tracer, breaches = _run(place, scene, "-e", point.injection(fault))
    return Trial(
        scene=scene.name,
        fault=fault.name,
        point=point,
        was_hit=tracer.was_hit(point, fault, scene.folders(place)),
        breaches=tuple(breaches),
    )


def _run(place: Place, scene: Scene, *options: str) -> tuple[Tracer, Sequence[str]]:
    place.renew()
    breaches: list[str] = []
    gate = Gate.make()
    child = scene.begin(place, gate)
    # Before the gate opens: the first call of the command must be counted already.
    tracer = Tracer(child, place.root / "trace", *options)
    # A process that served already when strace came waits at no gate.
    with suppress(OSError):
        gate.open()
    breaches += scene.act(place, child)
    # Before the look: what fsck and the restart read must not meet the fault as well.
    tracer.end()
    breaches += scene.check(place)
    place.end_all()
    return tracer, breaches
