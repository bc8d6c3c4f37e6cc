"""Handlers of configuration: each adds one change, which its session applies with the others."""

from collections.abc import Callable

from gauger.instance.config import SUPPORTED_TRANSPORTS, ConfigChange, ConfigKey
from gauger.surfaces.console.session import ConsoleMatch, Session

Handle = Callable[[Session, ConsoleMatch], str]


def setting(key: ConfigKey, name: str, member: str | None = None) -> Handle:
    """Make the handler that sets a value.

    Args:
        key: What is set.
        name: The argument or choice that holds its value.
        member: The argument or choice that says which one, where there are several.
    """

    def handler(session: Session, match: ConsoleMatch, /) -> str:
        which = None if member is None else match.values[member]
        session.changes.append(ConfigChange(key=key, value=match.values[name], member=which))
        return ""

    return handler


def switched_on(key: ConfigKey) -> Handle:
    """Make the handler of a line that is there or not.

    Args:
        key: What is switched on.
    """

    def handler(session: Session, _: ConsoleMatch, /) -> str:
        session.changes.append(ConfigChange(key=key, value=""))
        return ""

    return handler


def transport(session: Session, match: ConsoleMatch, /) -> str:
    """Choose how reports leave; what a later release brings says so at once."""
    kind = match.values["kind"]
    session.changes.append(ConfigChange(key=ConfigKey.TRANSPORT, value=kind))
    if kind in SUPPORTED_TRANSPORTS:
        return ""
    return f"The transport {kind} comes with a later release: nothing is sent until then."


def unchecked(session: Session, _: ConsoleMatch, /) -> str:
    """Keep that the portal's name is not to be checked, and check it all the same."""
    session.changes.append(ConfigChange(key=ConfigKey.SERVER_IDENTITY_CHECK, value=None))
    return "This is kept and shown; the portal's certificate is checked all the same."


def level(key: ConfigKey) -> Handle:
    """Make the handler of a licence level with its add-on: one value.

    Args:
        key: What is set.
    """

    def handler(session: Session, match: ConsoleMatch, /) -> str:
        addon = match.values.get("addon")
        value = match.values["level"] + (f" addon {addon}" if addon else "")
        session.changes.append(ConfigChange(key=key, value=value))
        return ""

    return handler


def default(key: ConfigKey, member: str | None = None) -> Handle:
    """Make the handler that restores a default: the `no` form.

    Args:
        key: What is restored.
        member: The argument or choice that says which one, where there are several.
    """

    def handler(session: Session, match: ConsoleMatch, /) -> str:
        # What stands behind `no` is not compared: devices take any value there.
        which = None if member is None else match.values[member]
        session.changes.append(ConfigChange(key=key, value=None, member=which))
        return ""

    return handler


def nothing(_: Session, __: ConsoleMatch, /) -> str:
    """Take a line that says what is so in any case."""
    return ""
