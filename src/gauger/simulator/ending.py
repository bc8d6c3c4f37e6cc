"""The end of a simulated world: everything heals, everything is told, everything is counted."""

from typing import Final

from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.views import Scope
from gauger.simulator.breach import Breach
from gauger.simulator.code_acts import catch_up, locked
from gauger.simulator.faults import Killed
from gauger.simulator.plan import DAY
from gauger.simulator.standing import notices
from gauger.simulator.world import World
from gauger.tools.fsck import examine

_ROUNDS: Final = 4
_DEFAULT_DAYS: Final = 365
"""No policy asks for less than a report a year."""
_LOOKS: Final = 4
_LOOK: Final = 3700
"""Seconds between two looks of a portal: after a jump of its clock it waits for an hour."""
_OVERDUE: Final = "REPORTING_OVERDUE"


def end(world: World) -> None:
    """Heal what is broken, let every device report, and check everything once more.

    Raises:
        Breach: Where a promise is broken.
    """
    _notice(world)
    _notice_silence(world)
    _heal(world)
    told = set[str]()
    for _ in range(_ROUNDS):
        told = {
            str(device.bundle.udi)
            for number, device in enumerate(world.devices)
            if device.agent is not None and _tell_all(world, number) == "done"
        }
        world.check()
        if not world.promises.owes_anything:
            break
        world.run(world.time.now + DAY)
    world.recount()
    world.promises.settled()
    world.promises.complete(told, world.time.now)
    world.agree(told)
    _examine(world)


def _notice(world: World) -> None:
    """Check that whoever is overdue says so.

    Raises:
        Breach: P13.
    """
    for device in world.devices:
        if device.agent is None or device.trouble.full:
            continue
        try:
            device.agent.tick()
            deadline = device.agent.status().reporting.next_ack_deadline
            overdue = deadline is not None and deadline < device.clock.wall()
            told = overdue and any(_OVERDUE in entry.name for entry in device.agent.events())
        except (Problem, Killed):
            continue
        if overdue and not told:
            raise Breach("P13", f"{device.name} is overdue since {deadline} and nobody was told.")


def _notice_silence(world: World) -> None:
    """Check that the portal has told of whoever it hears nothing from.

    Raises:
        Breach: P13.
    """
    _heal_portal(world)
    for _ in range(_LOOKS):
        world.time.now += _LOOK
        world.portal.work()
    with world.portal.lend() as reader:
        assigned_at = max((at for at, _ in world.policies), default=0)
        days = max((days for _, days in world.policies), default=_DEFAULT_DAYS)
        notices(reader, world.portal.clock.wall(), assigned_at=assigned_at, days=days)


def _heal_portal(world: World) -> None:
    world.portal.trouble.full = world.portal.is_slow = False
    world.portal.trouble.dies = ""
    world.portal.clock.error = 0
    world.portal_back()


def _heal(world: World) -> None:
    for number, device in enumerate(world.devices):
        device.trouble.full, device.trouble.dies = False, ""
        world.wires[number].is_cut = False
        world.wires[number].faults.clear()
        if device.clock.error:
            device.clock.error = 0
            world.promises.edge(device.bundle.udi)
        world.device_back(number)


def _tell_all(world: World, number: int) -> str:
    if world.is_online(number):
        return world.on(number, _sync)
    told = world.carry(number)
    # By the answer it may have learned that the portal has lost a return.
    if locked(world, number):
        catch_up(world, number)
    return told


def _sync(agent: Agent) -> None:
    agent.sync(Scope.LOCAL)
    # What the portal turns out to have lost goes out by itself, a moment later.
    agent.tick()


def _examine(world: World) -> None:
    """Check a store as `gauger fsck` does: the portal's, or the one that had the hardest life.

    Raises:
        Breach: P6.
    """
    for device in world.devices:
        device.stop()
    world.portal.kill()
    hard = max(world.devices, key=lambda device: device.boots)
    # To examine every store would be a fifth of a short world, so the seed says which.
    is_portal = world.seed % 2 == 0
    data, keys = (world.folder, None) if is_portal else (hard.data, hard.keys)
    for examination in examine(data, keys):
        if not examination.is_whole:
            first = examination.faults[0]
            raise Breach("P6", f"{data}: {first.where}: {first.what}")
