"""What is done about authorization codes in a simulated world: asked for, used, given back."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from gauger.core.authority.commands import SetAuthorizations
from gauger.core.identity import AccountRef
from gauger.core.problems import Problem
from gauger.core.profiles import Enforcement, Licence
from gauger.instance.agent import Agent
from gauger.instance.authorization_orders import AuthorizationOrders
from gauger.simulator.breach import Breach
from gauger.simulator.faults import Killed
from gauger.simulator.lent import ACCOUNTS
from gauger.simulator.plan import Act
from gauger.simulator.portal import OPERATOR
from gauger.simulator.world import World

_MODES: Final = ("add", "replace")
_MOST: Final = 3
"""Most of a licence that one request asks for."""
_AT_FIRST: Final = 3
_PAUSES: Final = (0, 60, 6 * 3600, 2 * 86_400)
"""Seconds that a file is on its way back."""
_OFF: Final = "not-authorized"

Save = Callable[[AuthorizationOrders], object]


def locked(world: World, number: int) -> tuple[Licence, ...]:
    """Return the licences of a device that are off without an authorization code."""
    licences = world.devices[number].bundle.profile.licences
    return tuple(one for one in licences if one.enforcement is not Enforcement.UNENFORCED)


def open_pools(world: World) -> None:
    """Give the accounts something to give out, less than all devices may ask for."""
    for account in ACCOUNTS:
        for licence in locked(world, 0):
            grant(world, account, licence, _AT_FIRST)


def ask(world: World, act: Act) -> None:
    """Ask for a code: directly, or where that is not possible or not wished, by files."""
    licences, value = locked(world, act.who), act.value
    if not licences:
        return
    value, mode = divmod(value, len(_MODES))
    value, which = divmod(value, len(licences))
    value, count = divmod(value, _MOST)
    value, pause = divmod(value, len(_PAUSES))

    def request(agent: Agent) -> None:
        agent.codes.request(_MODES[mode], licences[which].feature, count + 1)

    world.on(act.who, request, stores=False)
    # Now and then a file goes beside the wire: one request, and two ways that it comes by.
    if not world.is_online(act.who) or value % 2:
        path = _path(world)
        _carry(world, act.who, lambda codes: codes.save(path), _PAUSES[pause])


def give_back(world: World, act: Act) -> None:
    """Give the code back, as a rule after its use has ended.

    Raises:
        Breach: P2 where a code goes that is in use: somebody else would get it as well.
    """
    device, licences = world.devices[act.who], locked(world, act.who)
    value, is_careless = divmod(act.value, 2)
    if device.agent is None or not licences:
        return
    if not is_careless:
        for licence in licences:
            device.agent.set_count(licence.tag, 0)
            world.used(device, licence.tag, 0)
    busy = any(world.promises.level(device.name, device.bundle.udi, one.tag) for one in licences)
    before = device.agent.authorizations()[0].installed_at
    is_online, path = world.is_online(act.who) and value % 2 == 0, _path(world)

    def give(codes: AuthorizationOrders) -> None:
        codes.give_back(online=is_online, path=None if is_online else path)

    if is_online:
        world.on(act.who, lambda agent: give(agent.codes), stores=False)
    else:
        _carry(world, act.who, give, _PAUSES[value // 2 % len(_PAUSES)])
    if busy and before is not None and device.agent is not None:
        after = device.agent.authorizations()[0].installed_at
        if after is None:
            raise Breach("P2", f"{device.name} gave back a code that is in use.")


def use_locked(world: World, act: Act) -> None:
    """Use what is off without a code, as much as the code allows or more.

    Raises:
        Breach: P9 where it works without a code, or does not work with one.
    """
    device, licences = world.devices[act.who], locked(world, act.who)
    if device.agent is None or not licences:
        return
    licence, count = licences[act.value % len(licences)], act.value // len(licences)
    before = world.promises.level(device.name, device.bundle.udi, licence.tag)
    allowed = world.promises.codes.allows(device.name, licence.tag)
    # What is in use goes on under a smaller code, so only more than that is refused.
    may = count <= max(allowed, before)
    try:
        device.agent.set_count(licence.tag, count)
    except Problem as problem:
        if may or problem.code != _OFF:
            detail = f"{device.name} may use {allowed} of {licence.feature}, not {count}: {problem}"
            raise Breach("P9", detail) from problem
        return
    if not may:
        detail = f"{device.name} may use {allowed} of {licence.feature} and uses {count}."
        raise Breach("P9", detail)
    world.used(device, licence.tag, count)
    world.tick(act.who)


def use_again(world: World, act: Act) -> None:
    """Upload an old file once more, or import an old answer once more."""
    value, is_upload = divmod(act.value, 2)
    files = world.uploads if is_upload else world.answers
    own = [content for number, content in files if number == act.who]
    if not own:
        return
    content = own[value % len(own)]
    if is_upload:
        _upload(world, act.who, content)
    else:
        _import(world, act.who, content)


def catch_up(world: World, number: int) -> None:
    """Carry by files what still waits for its answer, as whoever is asked for it in the end does."""
    path = _path(world)
    _carry(world, number, lambda codes: codes.save(path), 0)
    # With a code installed there is no return that waits, and to ask for one would remove it.
    if not world.promises.codes.is_held(world.devices[number].name):
        _carry(world, number, lambda codes: codes.give_back(online=False, path=path), 0)


def entitle(world: World, act: Act) -> None:
    """Have an administrator change how many of a licence an account has."""
    value, which = divmod(act.value, len(ACCOUNTS))
    licences = locked(world, 0)
    grant(world, ACCOUNTS[which], licences[value % len(licences)], value // len(licences))


def grant(world: World, account: AccountRef, licence: Licence, count: int) -> None:
    """Set how many of a licence an account has."""
    codes = world.promises.codes
    before = codes.has(account, licence.tag)
    command = SetAuthorizations(
        account=account,
        tag=licence.tag,
        name=licence.name,
        term=licence.term.value,
        quantity=count,
        by=OPERATOR,
    )
    try:
        world.portal.execute(command)
    except Killed:
        # Nobody was told: it is the old number or the new one.
        codes.entitled(account, licence.tag, count, *before)
        world.portal_died()
    except Problem as problem:
        world.tell(f"entitlement {problem.code}")
    else:
        codes.entitled(account, licence.tag, count)


def _path(world: World) -> Path:
    return world.folder / "authorization.xml"


def _carry(world: World, number: int, save: Save, pause: int) -> None:
    """Have a device save a file, upload it, and import the answer after a while."""
    path = _path(world)
    path.unlink(missing_ok=True)
    world.on(number, lambda agent: save(agent.codes), stores=False)
    if path.exists():
        world.uploads.append((number, path.read_bytes()))
        answered = _upload(world, number, world.uploads[-1][1])
        if answered is None:
            return
        if pause:
            world.later(pause, lambda: _import(world, number, answered))
        else:
            _import(world, number, answered)


def _upload(world: World, number: int, content: bytes) -> bytes | None:
    try:
        answered = world.judged(number, content)
    except Problem as problem:
        world.tell(f"upload {problem.code}")
        return None
    world.answers.append((number, answered))
    return answered


def _import(world: World, number: int, content: bytes) -> None:
    path = world.folder / "answer.xml"
    path.write_bytes(content)
    world.on(number, lambda agent: agent.import_file(path), stores=False)
