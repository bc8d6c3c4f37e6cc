"""Times, absent values and foreign text, as the console prints them."""

from datetime import UTC, datetime
from typing import Final

from gauger.core.fields import LATEST_TIME
from gauger.core.text import one_line

# Not strftime's: a program that embeds the agent may have set a locale with other names.
_MONTHS: Final = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]

_DAYS: Final = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

NONE: Final = "<none>"
EMPTY: Final = "<empty>"


def moment(seconds: int | None) -> str:
    """Return a time as `show license` prints it: ``Oct 14 12:10:32 2021 UTC``.

    Args:
        seconds: Epoch seconds; None prints ``<none>``.
    """
    if seconds is None:
        return NONE
    time = _calendar(seconds)
    return f"{_MONTHS[time.month - 1]} {time.day:02d} {time:%H:%M:%S} {time.year:04d} UTC"


def day(seconds: int) -> str:
    """Return a date, ``Oct 14 2021``."""
    time = _calendar(seconds)
    return f"{_MONTHS[time.month - 1]} {time.day:02d} {time.year:04d}"


def log_moment(seconds: int) -> str:
    """Return a time as the event log prints it: ``2021-11-17 03:31:32.000 UTC``."""
    return f"{_calendar(seconds):%Y-%m-%d %H:%M:%S}.000 UTC"


def clock_moment(seconds: int, millisecond: int = 0) -> str:
    """Return a time as `show clock` prints it: ``10:45:23.000 UTC Thu Nov 18 2021``."""
    time = _calendar(seconds)
    names = f"{_DAYS[time.weekday()]} {_MONTHS[time.month - 1]}"
    return f"{time:%H:%M:%S}.{millisecond:03} UTC {names} {time.day} {time.year:04d}"


def shown(value: str | None) -> str:
    r"""Return foreign text so that it can do nothing on a terminal or to a parser.

    Account names, policy names and messages come from other machines. Control characters, escape
    sequences, line ends and invisible formatting are written as ``\x1b``, ``\u202e``; they neither
    move a cursor nor forge a line of output.

    Args:
        value: The text; None prints ``<none>``, an empty one ``<empty>``.
    """
    if value is None:
        return NONE
    if not value:
        return EMPTY
    return one_line(value)


def cut(text: str, width: int) -> str:
    """Return the text in at most ``width`` characters, marked with ``...`` where it is cut."""
    return text if len(text) <= width else text[: width - 3] + "..."


def _calendar(seconds: int) -> datetime:
    # Only damage leads out of the calendar; an odd date is better than no output at all.
    return datetime.fromtimestamp(min(max(seconds, 0), LATEST_TIME), UTC)
