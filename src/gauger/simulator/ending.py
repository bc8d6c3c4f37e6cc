"""The end of a simulated world: everything heals, everything is told, everything is counted."""

from typing import Final

from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.views import Scope
from gauger.simulator.faults import Killed
from gauger.simulator.plan import DAY
from gauger.simulator.promises import Breach
from gauger.simulator.world import World
from gauger.tools.fsck import examine

_ROUNDS: Final = 4
_OVERDUE: Final = "REPORTING_OVERDUE"


def end(world: World) -> None:
    """Heal what is broken, let every device report, and check everything once more.

    Raises:
        Breach: Where a promise is broken.
    """
    _notice(world)
    _heal(world)
    for _ in range(_ROUNDS):
        for number, device in enumerate(world.devices):
            if device.agent is not None:
                _tell_all(world, number)
        world.check()
        if not world.promises.owes_anything:
            break
        world.run(world.time.now + DAY)
    world.recount()
    world.promises.settled()
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
            told = any(_OVERDUE in entry.name for entry in device.agent.events())
        except (Problem, Killed):
            continue
        if overdue and not told:
            raise Breach("P13", f"{device.name} is overdue since {deadline} and nobody was told.")


def _heal(world: World) -> None:
    world.portal.trouble.full = world.portal.is_slow = False
    world.portal.trouble.dies = ""
    world.portal.clock.error = 0
    world.portal_back()
    for number, device in enumerate(world.devices):
        device.trouble.full, device.trouble.dies = False, ""
        world.wires[number].is_cut = False
        world.wires[number].faults.clear()
        if device.clock.error:
            device.clock.error = 0
            world.promises.edge(device.bundle.udi)
        world.device_back(number)


def _tell_all(world: World, number: int) -> None:
    if world.is_online(number):
        world.on(number, _sync)
    else:
        world.carry(number)


def _sync(agent: Agent) -> None:
    agent.sync(Scope.LOCAL)


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
