"""Rows of what belongs to the device as a whole: names, users, banners, lines, configuration."""

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from gauger.instance.config import ConfigKey
from gauger.instance.setting_kinds import MOST_BANNER, MOST_TIMEOUT_MINUTES
from gauger.surfaces.console import configure, reloading, system
from gauger.surfaces.console.commands.rows import Rows
from gauger.surfaces.console.grammar import Argument, Kind, Mode
from gauger.surfaces.console.session import ConsoleCommand

_ARGUMENTS: Final = MappingProxyType(
    {
        "name": Argument(kind=Kind.TEXT, help="Letters, digits and hyphens.", maximum=63),
        "user": Argument(kind=Kind.TEXT, help="Name of a user.", maximum=64),
        "password": Argument(
            kind=Kind.TEXT, help="Password, or its hash behind 9.", maximum=256, is_secret=True
        ),
        "rest": Argument(kind=Kind.LINE, help="What was set; it is not compared."),
        "text": Argument(
            kind=Kind.LINE,
            help="Text between two equal characters that do not occur in it.",
            maximum=MOST_BANNER,
        ),
        "minutes": Argument(
            kind=Kind.NUMBER,
            help="Minutes without a key; 0 for no limit.",
            minimum=0,
            maximum=MOST_TIMEOUT_MINUTES,
        ),
        "seconds": Argument(
            kind=Kind.NUMBER, help="Seconds beside the minutes.", minimum=0, maximum=2_147_483
        ),
        "delay": Argument(kind=Kind.TEXT, help="Minutes, or HH:MM.", maximum=9),
        "time": Argument(kind=Kind.TEXT, help="HH:MM, UTC.", maximum=9),
        "release": Argument(kind=Kind.TEXT, help="Release.", maximum=32),
    }
)

# The hashes of passwords stand in what is configured: whoever may only look must not take them
# along.
_row: Final = Rows(mode=Mode.CONFIG, arguments=_ARGUMENTS, privilege=15)
_exec: Final = replace(_row, mode=Mode.EXEC)
_line: Final = replace(_row, mode=Mode.LINE)
# About a reload to come: of a device that runs on until then.
_later: Final = replace(_exec, needs_shell=True)
_to_all: Final = replace(_later, privilege=1)

_USER: Final = "Let a user log in; kept at once. Without a privilege they may only look."
_PLAN: Final = "When, before it asks whether to go on."
_SAVE: Final = "Keep the running configuration for the next reload."
_SAVED: Final = "`[OK]`; a session is asked for a name first."
_ALL: Final = "Show the configuration that is in force, as it can be typed."
_ENABLE: Final = "Ask for a password at `enable`."
_LIMIT: Final = "End sessions in which nothing is typed for so long."
_SO: Final = "Nothing: that is so in any case."

COMMANDS: Final[tuple[ConsoleCommand, ...]] = (
    _exec("show running-config", _ALL, system.show_running, "The configuration."),
    _exec(
        "show running-config {all:all}",
        "Show it with all that is as it was at first.",
        system.show_running,
        "The configuration.",
    ),
    _exec("write terminal", _ALL, system.show_running, "The configuration."),
    _exec(
        "show startup-config",
        "Show the configuration that the next reload begins with.",
        system.show_startup,
        "The configuration, or a line where none was saved.",
    ),
    _exec("write", _SAVE, system.write_memory, "`[OK]`."),
    _exec("write memory", _SAVE, system.write_memory, "`[OK]`."),
    _exec("copy running-config startup-config", _SAVE, system.copy_running, _SAVED),
    _exec(
        "write erase",
        "Have the next reload begin with the defaults; users stay.",
        system.erase,
        "`[OK]`; a session is asked first.",
    ),
    _exec(
        "erase startup-config",
        "Have the next reload begin with the defaults; users stay.",
        system.erase,
        "`[OK]`; a session is asked first.",
    ),
    _exec(
        "reload",
        "Begin anew from the startup configuration; every session ends, no usage is lost.",
        reloading.reload,
        "Nothing; a session is asked first.",
    ),
    _later("reload in <delay>", "Reload after some time.", reloading.reload_in, _PLAN),
    _later("reload at <time>", "Reload when the clock shows a time.", reloading.reload_at, _PLAN),
    _later(
        "reload cancel",
        "Forget the reload that was to come.",
        reloading.reload_cancel,
        "That it was given up.",
    ),
    _to_all("show reload", "Show whether a reload is to come.", reloading.show_reload, "One line."),
    _row("version <release>", "Nothing: a saved configuration begins with it.", configure.nothing),
    _row(
        "hostname <name>",
        "Name the device: in prompts, reports and messages.",
        configure.setting(ConfigKey.HOSTNAME, "name"),
    ),
    _row("no hostname", "Return to the machine's name.", configure.default(ConfigKey.HOSTNAME)),
    _row(
        "no hostname <rest>",
        "Return to the machine's name.",
        configure.default(ConfigKey.HOSTNAME),
    ),
    _row("username <user> {how:secret|password} <password>", _USER, system.user),
    _row("username <user> {how:secret|password} {form:0|9} <password>", _USER, system.user),
    _row(
        "username <user> privilege {level:1|15} {how:secret|password} <password>",
        _USER,
        system.user,
    ),
    _row(
        "username <user> privilege {level:1|15} {how:secret|password} {form:0|9} <password>",
        _USER,
        system.user,
    ),
    _row(
        "no username <user>",
        "Remove a user; at once.",
        configure.default(ConfigKey.USERNAME, "user"),
    ),
    _row("enable secret <password>", _ENABLE, system.enable_secret),
    _row("enable secret {form:0|9} <password>", _ENABLE, system.enable_secret),
    _row(
        "no enable secret",
        "Let nobody up by `enable` but users of privilege 15.",
        configure.default(ConfigKey.ENABLE_SECRET),
    ),
    _row(
        "service internal",
        "Open commands for support.",
        configure.switched_on(ConfigKey.SERVICE_INTERNAL),
    ),
    _row(
        "no service internal",
        "Close commands for support.",
        configure.default(ConfigKey.SERVICE_INTERNAL),
    ),
    _row("service password-encryption", _SO, configure.nothing),
    # Both stand at the head of every configuration that is pasted.
    _row("service timestamps {what:debug|log} datetime msec", _SO, configure.nothing),
    _row("banner {kind:exec|login|motd} <text>", "Set what is shown at a log-in.", system.banner),
    _row("no banner {kind:exec|login|motd}", "Show no such text.", system.no_banner),
    _line("exec-timeout <minutes>", _LIMIT, system.exec_timeout(is_set=True)),
    _line("exec-timeout <minutes> <seconds>", _LIMIT, system.exec_timeout(is_set=True)),
    _line("no exec-timeout", "Return to 10 minutes.", system.exec_timeout(is_set=False)),
    _line("login local", _SO, configure.nothing),
    _line("transport input ssh", _SO, configure.nothing),
    _line("logging synchronous", _SO, configure.nothing),
)

WORDS: Final = MappingProxyType(
    {
        "banner": "What is shown at a log-in.",
        "banner exec": "After the log-in.",
        "banner login": "Before the log-in, behind the message of the day.",
        "banner motd": "Before the log-in: the message of the day.",
        "copy": "Copy a configuration.",
        "no banner": "Show no such text.",
        "no service": "Close what is not for every day.",
        "service": "What is open, and what is so in any case.",
        "service timestamps": "The time in front of messages.",
        "service timestamps debug": "Of what is told for debugging.",
        "service timestamps log": "Of system messages.",
        "reload at": "When the clock shows a time.",
        "reload in": "After some time.",
        "username": "Who may log in.",
        "write": "Save, erase or show the configuration.",
    }
)
