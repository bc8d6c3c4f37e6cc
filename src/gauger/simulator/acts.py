"""Carry out the acts of a plan in a world."""

import contextlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gauger.core.problems import Problem
from gauger.instance.views import Scope
from gauger.simulator import code_acts
from gauger.simulator.faults import AFTER, BEFORE, Killed
from gauger.simulator.lent import START
from gauger.simulator.plan import PORTAL, Act, What
from gauger.simulator.wire import FATES, Wire
from gauger.simulator.world import World

_RESTART: Final = 600


def carry_out(world: World, act: Act) -> None:
    """Let an act happen.

    Raises:
        Breach: Where a promise is broken by it.
    """
    world.tell(act.told())
    if act.who == PORTAL:
        _PORTAL[act.what](world, act)
    elif act.what in FATES:
        world.wires[act.who].faults.append(act)
    else:
        _DEVICE[act.what](world, act)


def _use(world: World, act: Act) -> None:
    world.use(act.who, act.value)


def _sync(world: World, act: Act) -> None:
    if world.is_online(act.who):
        world.on(act.who, lambda agent: agent.sync(Scope.LOCAL))
    else:
        world.carry(act.who)


def _carry(world: World, act: Act) -> None:
    world.carry(act.who)


def _cut(world: World, act: Act) -> None:
    wire = world.wires[act.who]
    wire.is_cut = True
    world.later(act.value, lambda: world.mended(act.who))


def _crash(world: World, act: Act) -> None:
    if world.devices[act.who].agent is not None:
        world.device_died(act.who, act.value)


def _die(world: World, act: Act) -> None:
    world.devices[act.who].trouble.dies = BEFORE if act.what is What.DIE_BEFORE else AFTER


def _reboot(world: World, act: Act) -> None:
    device = world.devices[act.who]
    if device.agent is None:
        return
    # Where that fails it dies a line below, and what it could not store is lost with it.
    with contextlib.suppress(Problem, Killed):
        device.stop()
    world.device_died(act.who, act.value)


def _full(world: World, act: Act) -> None:
    trouble = world.devices[act.who].trouble
    trouble.full = True
    world.later(act.value, lambda: setattr(trouble, "full", False))


def _step(world: World, act: Act) -> None:
    device = world.devices[act.who]
    device.clock.error += act.value
    world.promises.edge(device.bundle.udi)
    world.promises.blurred.add(str(device.bundle.udi))
    world.tick(act.who)


def _forget_time(world: World, act: Act) -> None:
    device = world.devices[act.who]
    if device.agent is not None:
        world.device_died(act.who, _RESTART)
        world.promises.blurred.add(str(device.bundle.udi))
        device.clock.error = -START - world.time.now


def _snapshot(world: World, act: Act) -> None:
    device = world.devices[act.who]
    if device.agent is not None:
        world.tick(act.who)
        device.copy_disk(world.folder / f"copy-of-{act.who}")


def _put_back(world: World, act: Act) -> None:
    copy = world.folder / f"copy-of-{act.who}"
    if not copy.exists():
        return
    device = world.devices[act.who]
    world.promises.excused.add(str(device.bundle.udi))
    world.promises.edge(device.bundle.udi)
    device.kill()
    device.put_back(copy, with_keys=act.what is What.PUT_BACK_ALL)
    if act.what is What.PUT_BACK_ALL:
        world.promises.codes.set_back(device.name, device.bundle.udi)
    world.device_died(act.who, _RESTART)


def _clone(world: World, act: Act) -> None:
    device = world.devices[act.who]
    if device.agent is None:
        return
    number = len(world.devices)
    wire = Wire(world, world.wires[act.who].post)
    clone = device.clone(f"{device.name}'s clone", world.folder / f"clone-{number}", wire)
    world.promises.excused.add(str(device.bundle.udi))
    world.promises.codes.copied.add(str(device.bundle.udi))
    world.add(clone, wire)
    world.device_back(number)
    world.use(number, act.value % 9)
    world.later(act.value, lambda: world.retire(number))


def _policy(world: World, act: Act) -> None:
    world.policy(act.value)


def _portal_crash(world: World, act: Act) -> None:
    world.portal_died(act.value)


def _portal_die(world: World, act: Act) -> None:
    world.portal.trouble.dies = BEFORE if act.what is What.DIE_BEFORE else AFTER


def _portal_full(world: World, act: Act) -> None:
    trouble = world.portal.trouble
    trouble.full = True
    world.later(act.value, lambda: setattr(trouble, "full", False))


def _portal_step(world: World, act: Act) -> None:
    world.portal.clock.error += act.value


def _back_up(world: World, _: Act) -> None:
    if world.portal.is_up:
        world.portal.back_up()


def _restore(world: World, _: Act) -> None:
    if world.portal.restore():
        world.portal_restored()


def _slow(world: World, act: Act) -> None:
    world.portal.is_slow = True
    world.later(act.value, lambda: setattr(world.portal, "is_slow", False))


_Doer = Callable[[World, Act], None]

_DEVICE: Final[Mapping[What, _Doer]] = MappingProxyType(
    {
        What.USE: _use,
        What.SYNC: _sync,
        What.CARRY: _carry,
        What.CUT: _cut,
        What.CRASH: _crash,
        What.DIE_BEFORE: _die,
        What.DIE_AFTER: _die,
        What.REBOOT: _reboot,
        What.FULL: _full,
        What.STEP: _step,
        What.FORGET_TIME: _forget_time,
        What.SNAPSHOT: _snapshot,
        What.PUT_BACK: _put_back,
        What.PUT_BACK_ALL: _put_back,
        What.CLONE: _clone,
        What.ASK: code_acts.ask,
        What.USE_LOCKED: code_acts.use_locked,
        What.GIVE_BACK: code_acts.give_back,
        What.AGAIN: code_acts.use_again,
    }
)

_PORTAL: Final[Mapping[What, _Doer]] = MappingProxyType(
    {
        What.CRASH: _portal_crash,
        What.DIE_BEFORE: _portal_die,
        What.DIE_AFTER: _portal_die,
        What.FULL: _portal_full,
        What.STEP: _portal_step,
        What.POLICY: _policy,
        What.BACK_UP: _back_up,
        What.RESTORE: _restore,
        What.SLOW: _slow,
        What.ENTITLE: code_acts.entitle,
    }
)
