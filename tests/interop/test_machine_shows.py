"""`show version`, `clock`, `inventory`, `privilege`, `terminal` and `logging` in what they differ by."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest

from gauger import profiles
from gauger.core.ways import RemoteLogView
from gauger.surfaces.shell import Visitor
from tests.interop.parsers import NTC, Parsers, Request, ask
from tests.interop.test_show_logging import DOWN, LINES, UP, USED
from tests.surfaces.console.scripted import MACHINE, NOW, UDI, ScriptedAgent
from tests.surfaces.shell.talk import LOCAL, MONITOR, OPERATOR, talk

pytestmark = [pytest.mark.interop, pytest.mark.requirement("BX-1/cli")]

WEEK, DAY, HOUR, MINUTE = 604_800, 86_400, 3_600, 60
UPTIMES: Final = {
    59: "0 minutes",
    MINUTE: "1 minute",
    2 * DAY + MINUTE: "2 days, 1 minute",
    3 * WEEK + DAY + 5 * HOUR + 2 * MINUTE: "3 weeks, 1 day, 5 hours, 2 minutes",
}
NAMES: Final = ("a", "ctrl-7.branch_2", "x" * 47)


def machines() -> Iterator[tuple[str, ScriptedAgent]]:
    """Yield every product with every host name, uptime and state of the clock."""
    clocks = (True, False)
    for product, name, uptime, is_set in itertools.product(
        profiles.names(), NAMES, UPTIMES, clocks
    ):
        machine = replace(
            MACHINE, hostname=name, uptime=uptime, is_clock_set=is_set, now=NOW + uptime
        )
        agent = ScriptedAgent(profile=profiles.builtin(product), machine=machine)
        yield f"{product}, {name}, {uptime}, {is_set}", agent


EVERY: Final = list(machines())


def test_versions_are_read_by_both(parsers: Parsers) -> None:
    genie = parsers.all([ask(agent, "show version") for _, agent in EVERY])
    ntc = parsers.all([ask(agent, "show version", NTC) for _, agent in EVERY])
    for (name, agent), parsed, (row,) in zip(EVERY, genie, ntc, strict=True):
        version, machine = parsed["version"], agent.machine
        uptime = UPTIMES[machine.uptime or 0]
        assert (version["hostname"], version["uptime"]) == (machine.hostname, uptime), name
        assert version["version"] == row["version"] == str(agent.profile.release), name
        assert version["xe_version"] == agent.profile.release.padded, name
        assert (version["chassis"], version["chassis_sn"]) == (UDI.pid, UDI.serial), name
        assert (row["hostname"], row["uptime"]) == (machine.hostname, uptime), name
        assert (row["hardware"], row["serial"]) == ([UDI.pid], [UDI.serial]), name


def test_clocks_are_read_by_both(parsers: Parsers) -> None:
    genie = parsers.all([ask(agent, "show clock") for _, agent in EVERY])
    ntc = parsers.all([ask(agent, "show clock", NTC) for _, agent in EVERY])
    for (name, agent), parsed, (row,) in zip(EVERY, genie, ntc, strict=True):
        now = time.gmtime(agent.machine.now)
        wanted = time.strftime("%H:%M:%S.000 UTC %a %b %d %Y", now).split()
        keys = ("time", "timezone", "day_of_week", "month", "day", "year")
        assert [parsed[key] for key in keys][:4] == wanted[:4], name
        assert (int(parsed["day"]), parsed["year"]) == (now.tm_mday, str(now.tm_year)), name
        assert (row["time"], row["timezone"], row["year"]) == (wanted[0], "UTC", wanted[5]), name


def test_inventories_are_read_by_both(parsers: Parsers) -> None:
    genie = parsers.all([ask(agent, "show inventory") for _, agent in EVERY])
    ntc = parsers.all([ask(agent, "show inventory", NTC) for _, agent in EVERY])
    for (name, _), parsed, (row,) in zip(EVERY, genie, ntc, strict=True):
        assert parsed["main"]["chassis"][UDI.pid]["sn"] == UDI.serial, name
        assert (row["name"], row["pid"], row["sn"]) == ("Chassis", UDI.pid, UDI.serial), name


@pytest.mark.parametrize("visitor", [LOCAL, MONITOR, OPERATOR])
@pytest.mark.parametrize(("rows", "columns"), [(24, 80), (0, 0), (512, 511)])
def test_a_session_is_read(parsers: Parsers, visitor: Visitor, rows: int, columns: int) -> None:
    session = talk(visitor)
    for line in (f"terminal length {rows}", f"terminal width {columns}"):
        assert session.line(line) == ""
    lines = ("show privilege", "show terminal")
    privilege, terminal = parsers.all([Request(line, session.line(line)) for line in lines])
    assert privilege == {"current_privilege_level": visitor.privilege}
    assert (terminal["length"], terminal["width"]) == (rows, columns)


@pytest.mark.parametrize("receivers", [(), (UP,), (DOWN,), (UP, DOWN)])
@pytest.mark.parametrize("lines", [(), LINES])
def test_messages_are_read_by_ntc_templates_too(
    parsers: Parsers, receivers: tuple[RemoteLogView, ...], lines: tuple[str, ...]
) -> None:
    view = replace(USED, receivers=receivers, lines=lines)
    rows = parsers.one(ScriptedAgent(log=view), "show logging", NTC)
    read = [(row["facility"], row["severity"], row["mnemonic"]) for row in rows]
    told = [("SMART_LIC", "6", "AGENT_READY"), ("SMART_LIC", "3", "COMM_FAILED")]
    assert read == (told if lines else [])
