"""Rows about system messages: where they go, and the buffer."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gauger.core.messages import Severity
from gauger.instance.config import ConfigKey
from gauger.instance.settings import LEAST_BUFFER, MOST_BUFFER
from gauger.surfaces.console import configure, messages
from gauger.surfaces.console.commands.rows import Rows
from gauger.surfaces.console.grammar import Argument, Kind, Mode
from gauger.surfaces.console.session import ConsoleCommand

_ARGUMENTS: Final = MappingProxyType(
    {
        "host": Argument(kind=Kind.TEXT, help="Name or address of a remote log.", maximum=253),
        "port": Argument(kind=Kind.NUMBER, help="Its port.", maximum=65_535),
        "bytes": Argument(
            kind=Kind.NUMBER, help="Bytes kept.", minimum=LEAST_BUFFER, maximum=MOST_BUFFER
        ),
        "severity": Argument(kind=Kind.NUMBER, help="Severity.", minimum=0, maximum=7),
    }
)
_WAY: Final = "transport {transport:tcp|tls|udp}"
_LEVELS: Final = "{level:" + "|".join(sorted(item.word for item in Severity)) + "}"


_row: Final = Rows(mode=Mode.CONFIG, arguments=_ARGUMENTS)
_exec: Final = Rows(mode=Mode.EXEC)


def _levels(word: str, key: ConfigKey, where: str) -> tuple[ConsoleCommand, ...]:
    """Return the rows of a destination that takes messages up to a severity."""
    handler = messages.level(key)
    return (
        _row(
            f"logging {word}",
            f"Tell messages {where}, up to the severity of a fresh device.",
            handler,
        ),
        _row(f"logging {word} {_LEVELS}", f"Tell messages {where} up to a severity.", handler),
        _row(f"logging {word} <severity>", f"Tell messages {where} up to a severity.", handler),
        _row(f"no logging {word}", f"Tell no messages {where}.", configure.default(key)),
    )


COMMANDS: Final[tuple[ConsoleCommand, ...]] = (
    _exec(
        "show logging",
        "Show where system messages go, and those of this boot.",
        messages.logging,
        "A line for each destination with its counts, then the buffer.",
    ),
    _exec(
        "clear logging",
        "Empty the buffer of system messages.",
        messages.clear_logging,
        "`Clear logging buffer [confirm]` in a session; nothing else.",
    ),
    _row("logging host <host>", "Send messages to a remote log by UDP, port 514.", messages.host),
    _row(
        f"logging host <host> {_WAY}",
        "Send messages to a remote log: port 514 of UDP, 601 of TCP, 6514 of TLS.",
        messages.host,
    ),
    _row(
        f"logging host <host> {_WAY} port <port>",
        "Send messages to a remote log at a port.",
        messages.host,
    ),
    _row(
        "no logging host <host>",
        "Send no messages to a remote log.",
        configure.default(ConfigKey.LOGGING_HOST, "host"),
    ),
    _row(
        # Configurations that are pasted have the whole line behind `no`.
        f"no logging host <host> {_WAY}",
        "Send no messages to a remote log.",
        configure.default(ConfigKey.LOGGING_HOST, "host"),
    ),
    _row(
        f"no logging host <host> {_WAY} port <port>",
        "Send no messages to a remote log.",
        configure.default(ConfigKey.LOGGING_HOST, "host"),
    ),
    _row("logging buffered", "Keep 4096 bytes of messages for `show logging`.", messages.buffered),
    _row("logging buffered <bytes>", "Keep messages for `show logging`.", messages.buffered),
    _row("no logging buffered", "Keep none.", configure.default(ConfigKey.LOGGING_BUFFERED)),
    *_levels("console", ConfigKey.LOGGING_CONSOLE, "at the local console"),
    *_levels("monitor", ConfigKey.LOGGING_MONITOR, "where `terminal monitor` is on"),
    *_levels("trap", ConfigKey.LOGGING_TRAP, "to remote logs"),
)

_SEVERITIES: Final = MappingProxyType(
    {
        "alerts": "Immediate action is needed (1).",
        "critical": "Critical conditions (2).",
        "debugging": "Everything (7).",
        "emergencies": "The device is unusable (0).",
        "errors": "Errors (3).",
        "informational": "Information (6).",
        "notifications": "Normal, but of note (5).",
        "warnings": "Warnings (4).",
    }
)

WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "clear": "Empty what is counted or kept.",
        "logging": "System messages.",
        "logging buffered": "Keep messages for `show logging`.",
        "logging console": "Tell messages at the local console.",
        "logging host": "Send messages to a remote log.",
        "logging host <host> transport": "How they are sent.",
        "logging host <host> transport tcp": "By TCP.",
        "logging host <host> transport tls": "By TLS; its certificate is checked as the portal's.",
        "logging host <host> transport udp": "By UDP.",
        "logging monitor": "Tell messages where `terminal monitor` is on.",
        "logging trap": "Send messages to remote logs up to a severity.",
        "no logging": "System messages.",
        "no logging host": "Send no messages to a remote log.",
        "no logging host <host> transport": "How they were sent.",
    }
    | {
        f"logging {word} {name}": meaning
        for word in ("console", "monitor", "trap")
        for name, meaning in _SEVERITIES.items()
    }
)
