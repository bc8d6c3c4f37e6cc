"""Handlers of the commands about system messages."""

from collections.abc import Callable

from gauger.instance.config import ConfigChange, ConfigKey
from gauger.surfaces.console.session import ConsoleMatch, Session
from gauger.surfaces.console.show.logging import show_logging


def logging(session: Session, _: ConsoleMatch, /) -> str:
    """Show where messages go, and the buffer."""
    return show_logging(session.views.logging())


def clear_logging(session: Session, _: ConsoleMatch, /) -> str:
    """Empty the buffer; at a terminal it is asked before, as devices do."""
    messages = session.agent.messages

    def clear() -> str:
        messages.clear()
        return ""

    if session.shell is None:
        return clear()
    session.shell.confirm("Clear logging buffer [confirm]", clear)
    return ""


def host(session: Session, match: ConsoleMatch, /) -> str:
    """Send messages to a remote log; without a port to the one of its transport."""
    way = " ".join([match.values.get("transport", "udp"), match.values.get("port", "")]).strip()
    change = ConfigChange(key=ConfigKey.LOGGING_HOST, value=way, member=match.values["host"])
    session.changes.append(change)
    return ""


def level(key: ConfigKey) -> Callable[[Session, ConsoleMatch], str]:
    """Make the handler of a highest severity; without one the line is as it was at first.

    Args:
        key: Of what.
    """

    def handler(session: Session, match: ConsoleMatch, /) -> str:
        value = match.values.get("level", match.values.get("severity", ""))
        session.changes.append(ConfigChange(key=key, value=value))
        return ""

    return handler


def buffered(session: Session, match: ConsoleMatch, /) -> str:
    """Keep messages for `show logging`; without a size as many as at first."""
    change = ConfigChange(key=ConfigKey.LOGGING_BUFFERED, value=match.values.get("bytes", ""))
    session.changes.append(change)
    return ""
