"""What kinds of settings there are: how one is read, checked and written back."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from gauger.core.problems import Problem
from gauger.instance.config import DEFAULTS, ConfigChange, Configuration

MAXIMUM_LABEL: Final = 127
"""Characters of a customer tag, of the custom id and of each part of the billing address."""

MOST_BANNER: Final = 3000
MOST_TIMEOUT_MINUTES: Final = 35_791

SEVERITIES: Final = (
    "emergencies",
    "alerts",
    "critical",
    "errors",
    "warnings",
    "notifications",
    "informational",
    "debugging",
)
"""The names of the severities 0 to 7."""

BANNER_END: Final = "^C"
"""What stands around a banner in `show running-config`, as devices print it: two characters."""

BREAK: Final = "\N{SYMBOL FOR NEWLINE}"
"""What stands for a line end within a banner while it is one line of the table of commands."""

_ARGON: Final = re.compile(
    r"\$argon2id\$v=19\$m=(?P<memory>[0-9]{1,6}),t=(?P<passes>[0-9]{1,2}),p=[1-4]"
    r"\$[A-Za-z0-9+/]{22,64}\$[A-Za-z0-9+/]{43,86}"
)
_MEMORY: Final = range(19 * 1024, 64 * 1024 + 1)
_PASSES: Final = range(2, 11)

Setter = Callable[[Configuration, ConfigChange], Configuration]
Writer = Callable[[Configuration], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting.

    Attributes:
        set: Returns the configuration with a change applied; raises where the value will not do.
        write: Returns the lines that bring a default configuration to this one's value.
        fields: The fields of `Configuration` that it is kept in.
        default: The line that says its default; None where that is to have none.
    """

    set: Setter
    write: Writer
    fields: tuple[str, ...]
    default: str | None = None


def with_field(configuration: Configuration, field: str, value: object) -> Configuration:
    """Return a configuration with another value in the field that a row names."""
    # The row's own check has given the value its type; by its name no type checker can follow it.
    return replace(configuration, **cast("dict[str, Any]", {field: value}))


def check_hash(text: str) -> str:
    """Return a password's hash if it is one that this product instance would make.

    Raises:
        Problem: ``invalid-argument``.
    """
    match = _ARGON.fullmatch(text)
    # Bounded both ways: a weak hash is soon guessed, and one that asks for gigabytes stops the
    # device at each log-in.
    if match and int(match["memory"]) in _MEMORY and int(match["passes"]) in _PASSES:
        return text
    detail = "What stands behind `9` is no argon2id hash as `show running-config` prints it."
    raise Problem("invalid-argument", detail)


def severity(name: str) -> int:
    """Return the number of a severity that is named, perhaps in short, or given as a number.

    Raises:
        Problem: ``invalid-argument``.
    """
    found = [
        number
        for number, known in enumerate(SEVERITIES)
        if name == str(number) or (name and known.startswith(name.lower()))
    ]
    if len(found) != 1:
        known = ", ".join(SEVERITIES)
        raise Problem("invalid-argument", f"The severity {name[:16]!r} is none of 0 to 7, {known}.")
    return found[0]


def refusal(detail: str) -> Problem:
    """Return the refusal of a value that will not do."""
    return Problem("invalid-argument", detail)


def checked_number(value: str, what: str, least: int, most: int) -> int:
    """Return a number in its range.

    Raises:
        Problem: ``invalid-argument``.
    """
    # Digits of other scripts are digits for `isdigit`, and no operator typed them.
    if value.isascii() and value.isdigit() and len(value) <= 10 and least <= int(value) <= most:
        return int(value)
    raise refusal(f"{what} {value[:16]!r} is not a number from {least} to {most}.")


def checked_match(value: str, what: str, pattern: re.Pattern[str]) -> str:
    """Return a value that has the form.

    Raises:
        Problem: ``invalid-argument``.
    """
    if not pattern.fullmatch(value):
        raise refusal(f"{what} {value[:64]!r} is not one that can be used here.")
    return value


def checked_label(value: str, what: str) -> str:
    """Return a text that travels in reports.

    Raises:
        Problem: ``invalid-argument``.
    """
    # A quote could not be typed back: it ends the text that it stands in.
    if not 1 <= len(value) <= MAXIMUM_LABEL or not value.isprintable() or '"' in value:
        raise refusal(f"{what} has 1 to {MAXIMUM_LABEL} printable characters and no quote.")
    return value


def quoted(value: str) -> str:
    """Return a value as it is typed: in quotes where it holds a blank."""
    return f'"{value}"' if " " in value else value


def text_row(field: str, line: str, check: Callable[[str], str]) -> Setting:
    """Make the row of a text that is set or not."""

    def put(configuration: Configuration, change: ConfigChange) -> Configuration:
        value = getattr(DEFAULTS, field) if change.value is None else check(change.value)
        return with_field(configuration, field, value)

    def write(configuration: Configuration) -> Iterable[str]:
        value: str | None = getattr(configuration, field)
        return [] if value is None else [f"{line} {quoted(value)}"]

    return Setting(set=put, write=write, fields=(field,))


def flag_row(field: str, line: str) -> Setting:
    """Make the row of a switch: the line alone, or its `no` form."""
    default: bool = getattr(DEFAULTS, field)

    def put(configuration: Configuration, change: ConfigChange) -> Configuration:
        return with_field(configuration, field, change.value is not None)

    def write(configuration: Configuration) -> Iterable[str]:
        value: bool = getattr(configuration, field)
        return [] if value is default else [line if value else f"no {line}"]

    usual = line if default else f"no {line}"
    return Setting(set=put, write=write, fields=(field,), default=usual)


def count_row(field: str, line: str, what: str, limits: tuple[int, int]) -> Setting:
    """Make the row of a number that is set or not."""

    def put(configuration: Configuration, change: ConfigChange) -> Configuration:
        value = None if change.value is None else checked_number(change.value, what, *limits)
        return with_field(configuration, field, value)

    def write(configuration: Configuration) -> Iterable[str]:
        value: int | None = getattr(configuration, field)
        return [] if value is None else [f"{line} {value}"]

    return Setting(set=put, write=write, fields=(field,))


def keyed_row(field: str, line: str, members: tuple[str, ...]) -> Setting:
    """Make the row of a setting that is made once for each member."""

    def put(configuration: Configuration, change: ConfigChange) -> Configuration:
        pairs: dict[str, str] = dict(getattr(configuration, field))
        if change.member is None and change.value is None:
            pairs = {}
        elif change.member not in members:
            raise refusal(f"{change.member!r} is none of {', '.join(members)}.")
        elif change.value is None:
            pairs.pop(change.member, None)
        else:
            pairs[change.member] = checked_label(change.value, f"The value of {change.member}")
        return with_field(configuration, field, tuple(sorted(pairs.items())))

    def write(configuration: Configuration) -> Iterable[str]:
        pairs: tuple[tuple[str, str], ...] = getattr(configuration, field)
        return [f"{line} {name} {quoted(value)}" for name, value in pairs]

    return Setting(set=put, write=write, fields=(field,))


def level_row(field: str, line: str, known: Mapping[str, tuple[str, ...]]) -> Setting:
    """Make the row of a licence level with its add-on."""

    def check(value: str) -> str:
        level, _, addon = value.lower().partition(" addon ")
        if level not in known or (addon and addon not in known[level]):
            raise refusal(f"There is no licence level {value!r}.")
        return f"{level} addon {addon}" if addon else level

    def put(configuration: Configuration, change: ConfigChange) -> Configuration:
        value = None if change.value is None else check(change.value)
        return with_field(configuration, field, value)

    def write(configuration: Configuration) -> Iterable[str]:
        value: str | None = getattr(configuration, field)
        return [] if value is None else [f"{line} {value}"]

    return Setting(set=put, write=write, fields=(field,))


def severity_row(field: str, line: str) -> Setting:
    """Make the row of a highest severity; the `no` form is none at all, not the default."""
    default: int | None = getattr(DEFAULTS, field)

    def put(configuration: Configuration, change: ConfigChange) -> Configuration:
        if change.value is None:
            return with_field(configuration, field, None)
        # The line without a severity turns it on as it was at first.
        value = severity(change.value) if change.value else default
        return with_field(configuration, field, value)

    def write(configuration: Configuration) -> Iterable[str]:
        value: int | None = getattr(configuration, field)
        if value == default:
            return []
        return [written(value)]

    def written(value: int | None) -> str:
        return f"no {line}" if value is None else f"{line} {SEVERITIES[value]}"

    return Setting(set=put, write=write, fields=(field,), default=written(default))


def timeout_row(field: str) -> Setting:
    """Make the row of an idle limit: minutes, perhaps with seconds behind them."""

    def put(configuration: Configuration, change: ConfigChange) -> Configuration:
        if change.value is None:
            return with_field(configuration, field, getattr(DEFAULTS, field))
        minutes, _, seconds = change.value.partition(" ")
        total = 60 * checked_number(minutes, "The minutes", 0, MOST_TIMEOUT_MINUTES)
        total += checked_number(seconds or "0", "The seconds", 0, 2_147_483)
        # Else what is written back in minutes would be refused when it is typed.
        if total > 60 * MOST_TIMEOUT_MINUTES + 59:
            raise refusal(f"The limit has at most {MOST_TIMEOUT_MINUTES} minutes and 59 seconds.")
        return with_field(configuration, field, total)

    def write(configuration: Configuration) -> Iterable[str]:
        value: int = getattr(configuration, field)
        return [] if value == default else [written(value)]

    def written(value: int) -> str:
        return f"exec-timeout {value // 60} {value % 60}"

    default: int = getattr(DEFAULTS, field)
    return Setting(set=put, write=write, fields=(field,), default=written(default))


def banner_row(field: str, kind: str) -> Setting:
    """Make the row of a banner; its text comes without what stands around it."""

    def put(configuration: Configuration, change: ConfigChange) -> Configuration:
        text = (change.value or "").replace(BREAK, "\n")
        lines = text.split("\n")
        # Shown to whoever connects: a control character would move the cursor of their terminal.
        if len(text) > MOST_BANNER or not all(line.isprintable() for line in lines):
            raise refusal(f"A banner has at most {MOST_BANNER} printable characters.")
        if BANNER_END in text:
            raise refusal(f"A banner cannot hold {BANNER_END}, which ends it.")
        return with_field(configuration, field, text)

    def write(configuration: Configuration) -> Iterable[str]:
        text: str = getattr(configuration, field)
        return [f"banner {kind} {BANNER_END}{text}{BANNER_END}"] if text else []

    return Setting(set=put, write=write, fields=(field,))
