"""Handlers of `reload`: now, or later."""

import re
from collections.abc import Callable
from typing import Final

from gauger.core.problems import Problem
from gauger.instance.config import DEFAULTS
from gauger.surfaces.console.session import ConsoleMatch, Session
from gauger.surfaces.console.system import save
from gauger.surfaces.console.text import clock_moment

_DAY: Final = 86_400
# As devices have it: 24 days.
_MOST_MINUTES: Final = 34_560
_DELAY: Final = re.compile(r"(?:(?P<hours>[0-9]{1,3}):)?(?P<minutes>[0-9]{1,5})")
_TIME: Final = re.compile(r"(?P<hours>[0-9]{1,2}):(?P<minutes>[0-9]{2})")

Handle = Callable[[Session, ConsoleMatch], str]


def reload(session: Session, _: ConsoleMatch, /) -> str:
    """Begin another boot; a session is asked first, and whether to save."""

    def restart() -> str:
        session.agent.reload()
        return ""

    return restart() if session.shell is None else _asked(session, restart)


def reload_in(session: Session, match: ConsoleMatch, /) -> str:
    """Begin another boot after some time.

    Raises:
        Problem: ``invalid-argument``.
    """
    found = _DELAY.fullmatch(match.values["delay"])
    minutes = 60 * int(found["hours"] or 0) + int(found["minutes"]) if found else 0
    if not 1 <= minutes <= _MOST_MINUTES:
        detail = f"A delay is MM or HH:MM, 1 to {_MOST_MINUTES} minutes."
        raise Problem("invalid-argument", detail)
    return _later(session, session.agent.now() + 60 * minutes)


def reload_at(session: Session, match: ConsoleMatch, /) -> str:
    """Begin another boot when the clock shows a time, within a day.

    Raises:
        Problem: ``invalid-argument``.
    """
    found = _TIME.fullmatch(match.values["time"])
    if not found or int(found["hours"]) > 23 or int(found["minutes"]) > 59:
        raise Problem("invalid-argument", "A time is HH:MM, 00:00 to 23:59, UTC.")
    now = session.agent.now()
    wanted = now - now % _DAY + 3600 * int(found["hours"]) + 60 * int(found["minutes"])
    return _later(session, wanted if wanted > now else wanted + _DAY)


def reload_cancel(session: Session, _: ConsoleMatch, /) -> str:
    """Forget the reload that was to come."""
    if session.agent.reloads.cancel():
        return "\n***\n*** --- SHUTDOWN ABORTED ---\n***\n"
    return "%No reload is scheduled."


def show_reload(session: Session, _: ConsoleMatch, /) -> str:
    """Show whether a reload is to come."""
    at = session.agent.reloads.at
    return "No reload is scheduled." if at is None else _told(session, at)


def _later(session: Session, at: int) -> str:
    def schedule() -> str:
        agent = session.agent
        # What the questions took is off the time that was told.
        seconds = max(0, at - agent.now())
        agent.reloads.schedule(seconds)
        hours, rest = divmod(seconds, 3600)
        left = f"{hours}:{rest // 60:02}:{rest % 60:02}"
        return f"\n***\n*** --- SHUTDOWN in {left} ---\n***\n"

    return _asked(session, schedule, lambda: _told(session, at))


def _told(session: Session, at: int) -> str:
    minutes = -(-max(0, at - session.agent.now()) // 60)
    hours, minutes = divmod(minutes, 60)
    left = [_counted(hours, "hour")] if hours else []
    left += [_counted(minutes, "minute")] if minutes or not hours else []
    moment = clock_moment(at).replace(".000", "")
    return f"Reload scheduled for {moment} (in {' and '.join(left)})"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _asked(session: Session, proceed: Callable[[], str], told: Callable[[], str] = str) -> str:
    """Ask whether to save, tell what is to come, and ask whether to go on."""
    shell = session.at_terminal

    def confirm(saved: str) -> str:
        shell.confirm("Proceed with reload? [confirm]", proceed)
        return "\n".join(filter(None, [saved, told()]))

    def answered(answer: str) -> str:
        wanted = answer.strip().lower()
        if wanted and "yes".startswith(wanted):
            return confirm(save(session))
        if wanted and "no".startswith(wanted):
            return confirm("")
        shell.ask("Please answer 'yes' or 'no'. Save? [yes/no]: ", answered)
        return ""

    views = session.views
    if views.configuration() == (views.startup_configuration() or DEFAULTS):
        return confirm("")
    shell.ask("System configuration has been modified. Save? [yes/no]: ", answered)
    return ""
