"""Handlers of the configuration commands `license smart …`: each adds one change."""

from collections.abc import Callable

from gauger.core.problems import Problem
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.surfaces.console.session import ConsoleMatch, Session


def setting(key: ConfigKey, name: str) -> Callable[[Session, ConsoleMatch], str]:
    """Make the handler that sets a value.

    Args:
        key: What is set.
        name: The argument or choice that holds its value.
    """

    def handler(session: Session, match: ConsoleMatch, /) -> str:
        session.changes.append(ConfigChange(key=key, value=match.values[name]))
        return ""

    return handler


def default(key: ConfigKey) -> Callable[[Session, ConsoleMatch], str]:
    """Make the handler that restores a default: the `no` form.

    Args:
        key: What is restored.
    """

    def handler(session: Session, _: ConsoleMatch, /) -> str:
        # What stands behind `no` is not compared: devices take any value there.
        session.changes.append(ConfigChange(key=key, value=None))
        return ""

    return handler


def not_offered(_: Session, match: ConsoleMatch, /) -> str:
    """Refuse what is known and not offered, by name.

    Raises:
        Problem: ``not-supported``.
    """
    kind = match.values["kind"]
    message = f"The URL of the transport {kind} cannot be set: only smart and off are offered."
    raise Problem("not-supported", message)
