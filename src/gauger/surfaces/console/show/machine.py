"""`show version`, `show clock` and `show inventory`: what tools ask a device before anything else.

Their words are what clients look for: netmiko, Unicon, Genie and Ansible take the host name, the
release, the model and the serial number from them. Nothing is claimed that is not so: whose
software it is stands in the output, and there are no interfaces, memories or disks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gauger.core.identity import Udi
from gauger.core.profiles import Counting, Profile
from gauger.instance.tech_views import SystemView
from gauger.instance.views import TrustView
from gauger.surfaces.console.text import clock_moment, shown

_UNITS: Final = (("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60))
_REGISTER: Final = "0x2102"
_NO_LEVEL: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What `show version` prints, at one moment."""

    system: SystemView
    udi: Udi
    profile: Profile


def show_version(view: Machine) -> str:
    """Return the output of `show version`.

    Args:
        view: The device.
    """
    return "\n".join(
        [
            *_software(view),
            "",
            "ROM: IOS-XE ROMMON",
            "",
            *_uptime(view.system),
            "",
            *_licences(view),
            "",
            *_hardware(view),
        ]
    )


def show_clock(system: SystemView) -> str:
    """Return the output of `show clock`; a star marks a clock that was never set.

    Args:
        system: The device.
    """
    return f"{'' if system.is_clock_set else '*'}{clock_moment(system.now, system.millisecond)}"


def show_inventory(profile: Profile, members: Sequence[TrustView]) -> str:
    """Return the output of `show inventory`.

    Args:
        profile: The product.
        members: All devices of the set.
    """
    return "\n\n".join(_part(profile, members, number) for number in range(len(members)))


def _software(view: Machine) -> Iterator[str]:
    profile = view.profile
    release = profile.release
    model = shown(profile.name.upper())
    image = f"{shown(view.udi.pid)}_GAUGER"
    yield f"Cisco IOS XE Software, Version {release.padded}"
    yield (
        f"Cisco IOS Software [Gauger], {model} Software ({image}), Version {release}, "
        f"SIMULATED SOFTWARE (gauger {shown(view.system.version)})"
    )
    # Genie and Ansible look for this beginning; who reads on must not take it for the vendor's.
    yield "Cisco IOS-XE software, as simulated by Gauger, an open licensing system."
    yield "Copyright (c) 2026-2026 by the authors of Gauger."


def _uptime(system: SystemView) -> Iterator[str]:
    uptime = system.uptime or 0
    yield f"{shown(system.hostname)} uptime is {_duration(uptime)}"
    yield f"Uptime for this control processor is {_duration(uptime)}"
    yield "System returned to ROM by reload"
    if system.uptime is not None:
        yield f"System restarted at {clock_moment(system.now - uptime).replace('.000', '')}"
    yield 'System image file is "bootflash:gauger.bin"'
    yield "Last reload reason: reload"


def _licences(view: Machine) -> Iterator[str]:
    own = _own_level(view.profile)
    system, is_wireless = view.system, _is_wireless(view.profile)
    # Wireless controllers have a level of their own kind, and a line by its name.
    if is_wireless:
        yield f"AIR License Level: {shown(system.air_level or own)}"
        yield f"Next reload AIR license Level: {shown(system.next_air_level or own)}"
    # A controller that is a switch besides has the other one too, once it is configured.
    if not is_wireless or system.level or system.next_level:
        own = _NO_LEVEL if is_wireless else own
        yield f"License Level: {shown(system.level or own)}"
        yield f"Next reload license Level: {shown(system.next_level or own)}"
    yield ""
    yield "Smart Licensing Status: Smart Licensing Using Policy"


def _hardware(view: Machine) -> Iterator[str]:
    pid = shown(view.udi.pid)
    # Ansible's model and Genie's chassis; the memory is none, for this is no such machine.
    yield f"cisco {pid} (GAUGER) processor (revision GAUGER) with 0K/0K bytes of memory."
    yield f"Processor board ID {shown(view.udi.serial)}"
    yield "Router operating mode: Autonomous"
    yield "Installation mode is INSTALL"
    yield ""
    yield f"Configuration register is {_REGISTER}"


def _part(profile: Profile, members: Sequence[TrustView], number: int) -> str:
    udi = members[number].udi
    name = "Chassis" if len(members) == 1 else f"Chassis {number + 1}"
    title = shown(profile.title).replace('"', "'")
    head = f'NAME: "{name}", DESCR: "{title}"'
    return f"{head}\nPID: {shown(udi.pid):<18}, VID: V00  , SN: {shown(udi.serial)}"


def _duration(seconds: int) -> str:
    """Return a time as `show version` prints it: ``1 week, 2 days, 3 hours, 4 minutes``."""
    parts: list[str] = []
    for unit, length in _UNITS:
        count, seconds = divmod(seconds, length)
        # Minutes always: less than one is none, and something has to stand there.
        if count or (unit == "minute" and not parts):
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return ", ".join(parts)


def _is_wireless(profile: Profile) -> bool:
    return any(licence.feature.startswith("air-") for licence in profile.licences)


def _own_level(profile: Profile) -> str:
    # What its access points use; of other products the first licence is that of the level.
    first = next(iter(profile.counted_by(Counting.ACCESS_POINTS)), profile.licences[0])
    return first.feature
