"""`show logging`: where system messages go, how many went there, and the buffer."""

from collections.abc import Iterator

from gauger.core.messages import Severity
from gauger.core.ways import RemoteLogView
from gauger.instance.views import LoggingView
from gauger.surfaces.console.text import shown

_INDENT = " " * 21


def show_logging(view: LoggingView) -> str:
    """Return the output of `show logging`.

    Args:
        view: What is told where since the boot.
    """
    return "\n".join(
        [
            _counters(view),
            "",
            "No Active Message Discriminator.",
            "",
            "No Inactive Message Discriminator.",
            "",
            *_destination("Console", view.console, view.to_console),
            *_destination("Monitor", view.monitor, view.to_monitor),
            # Whatever severity a message has, the buffer takes it.
            *_destination("Buffer", None if view.buffered is None else 7, view.to_buffer),
            "    Exception Logging: size (4096 bytes)",
            "    Count and timestamp logging messages: disabled",
            "    File logging: disabled",
            "    Persistent logging: disabled",
            "",
            "No active filter modules.",
            "",
            *_trap(view),
            *_buffer(view),
        ]
    )


def _counters(view: LoggingView) -> str:
    return (
        f"Syslog logging: enabled ({view.dropped} messages dropped, {view.limited} messages "
        "rate-limited, 0 flushes, 0 overruns, xml disabled, filtering disabled)"
    )


def _destination(name: str, level: int | None, count: int) -> Iterator[str]:
    if level is None:
        yield f"    {name} logging: disabled, xml disabled,"
    else:
        word = Severity(level).word
        label = f"{name} logging:".ljust(16)
        yield f"    {label} level {word}, {count} messages logged, xml disabled,"
    yield f"{_INDENT}filtering disabled"


def _trap(view: LoggingView) -> Iterator[str]:
    if view.trap is None:
        yield "    Trap logging: disabled"
    else:
        word = Severity(view.trap).word
        yield f"    Trap logging: level {word}, {view.to_trap} message lines logged"
    for receiver in view.receivers:
        yield from _receiver(receiver)
    yield "        Logging Source-Interface:       VRF Name:"
    yield ""


def _receiver(receiver: RemoteLogView) -> Iterator[str]:
    where = f"{shown(receiver.host)}  ({receiver.transport} port {receiver.port}"
    yield f"        Logging to {where}, audit disabled,"
    yield f"              link {'up' if receiver.is_up else 'down'}),"
    yield f"              {receiver.sent} message lines logged,"
    yield "              0 message lines rate-limited,"
    yield "              0 message lines dropped-by-MD,"
    yield "              xml disabled, sequence number disabled"
    yield "              filtering disabled"
    if not receiver.is_up:
        # Of our own. Parsers take a line that they do not know for one of the buffer, unless it
        # begins with these two words. What is lost altogether stands in the first line.
        yield (
            f"        No active connection ({shown(receiver.trouble)}): {receiver.waiting} messages "
            f"wait, {receiver.dropped} were dropped."
        )


def _buffer(view: LoggingView) -> Iterator[str]:
    if view.buffered is None:
        return
    yield f"Log Buffer ({view.buffered} bytes):"
    yield ""
    yield from view.lines
