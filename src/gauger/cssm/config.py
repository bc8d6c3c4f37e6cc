"""Settings of the portal: every cap and deadline, with its default, unit and meaning."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Final, get_type_hints

from gauger.core.problems import Problem

FILE_NAME: Final = "cssm.toml"
"""Name of the settings file inside the data folder."""

_KB: Final = 1024
_MB: Final = 1024 * _KB
_GB: Final = 1024 * _MB

Value = str | int | float | bool
"""What a setting may be."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What stands beside a setting for people.

    Attributes:
        unit: Unit or kind of the value.
        text: What it does.
        least: Smallest value that is taken, for numbers.
        most: Largest one, or None where any is.
    """

    unit: str
    text: str
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Where the portal listens and how it answers."""

    # Loopback: a new portal is met from outside only once somebody says so.
    host: Annotated[str, Meaning("address", "Address to listen on.")] = "127.0.0.1"
    port: Annotated[
        int, Meaning("TCP port", "Port to listen on; 0 takes a free one.", most=65_535)
    ] = 8443
    answer_seconds: Annotated[
        float,
        Meaning(
            "seconds",
            "How long a smart transport request waits for its commit before it is answered with a"
            " poll id; 0 answers every request with a poll id.",
        ),
    ] = 2.0
    poll_interval: Annotated[
        int, Meaning("seconds", "How long a product instance is asked to wait between polls.", 1)
    ] = 5
    connections: Annotated[
        int, Meaning("connections", "Connections served at once; more are answered 503.", 1)
    ] = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps on what is taken in."""

    request_bytes: Annotated[int, Meaning("bytes", "Body of a smart transport request.", _KB)] = (
        16 * _MB
    )
    api_bytes: Annotated[int, Meaning("bytes", "Body of an API request.", _KB)] = _MB
    # Without it, connections times the cap of one body is what an attacker may make us hold.
    held_bytes: Annotated[
        int,
        Meaning(
            "bytes",
            "Bodies held in memory at once, over all connections; a quarter is kept for bodies of"
            " up to 64 kB. What finds no room waits, then is answered 503.",
            _MB,
        ),
    ] = 256 * _MB
    # What a signed document may be is part of its form: a portal that took more would give what
    # no other reader takes, so those caps are no settings (spec/strict-json.md).
    report_bytes: Annotated[
        int,
        Meaning(
            "bytes", "One item of an uploaded file; over 262144 the form's own cap holds.", _KB
        ),
    ] = 256 * _KB
    upload_bytes: Annotated[int, Meaning("bytes", "One uploaded file.", _KB)] = 2 * _GB
    upload_entries: Annotated[int, Meaning("entries", "Items in one uploaded file.", 1)] = 400_000
    uploads_waiting: Annotated[
        int, Meaning("jobs", "Uploads that wait for processing; more are answered 503.", 1)
    ] = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long a peer may take; the HTTP server has no deadlines of its own."""

    header_seconds: Annotated[
        float, Meaning("seconds", "From the first byte of a request to the end of its headers.")
    ] = 10.0
    body_seconds: Annotated[
        float, Meaning("seconds", "From the end of the headers to the end of the body.")
    ] = 30.0
    room_seconds: Annotated[
        float, Meaning("seconds", "That a body waits for room among those that are held.")
    ] = 5.0
    reading_seconds: Annotated[
        float, Meaning("seconds", "That a peer may leave an answer unread.")
    ] = 30.0
    upload_idle_seconds: Annotated[
        float, Meaning("seconds", "Between two pieces of an upload.")
    ] = 30.0
    upload_seconds: Annotated[float, Meaning("seconds", "For a whole upload.")] = 3600.0
    idle_seconds: Annotated[
        int, Meaning("seconds", "That a connection stays open without a request.", 1)
    ] = 30
    stop_seconds: Annotated[
        int, Meaning("seconds", "That requests under way get when the portal stops.", 1)
    ] = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarding:
    """Sessions, guesses and what is written down about refusals."""

    access_token_seconds: Annotated[
        int, Meaning("seconds", "Life of an OAuth2 access token.", 1)
    ] = 3600
    failures: Annotated[
        int,
        Meaning(
            "failures", "Wrong secrets or ID tokens of one address in one window, then 429.", 1
        ),
    ] = 10
    failure_seconds: Annotated[int, Meaning("seconds", "The window of `failures`.", 1)] = 60
    repeat_seconds: Annotated[
        int, Meaning("seconds", "Within which repeats of one refusal make one event.", 1)
    ] = 60
    token_days: Annotated[int, Meaning("days", "Life of an ID token where none is named.", 1)] = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class CssmConfig:
    """All settings of the portal, by section of the settings file."""

    server: ServerSettings = ServerSettings()
    limits: Limits = Limits()
    deadlines: Deadlines = Deadlines()
    guarding: Guarding = Guarding()


Section = ServerSettings | Limits | Deadlines | Guarding


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One row of the configuration reference."""

    section: str
    name: str
    default: Value
    unit: str
    meaning: str
    least: int
    most: int | None


def describe() -> Iterator[Setting]:
    """Yield every setting in the order of the settings file, for the reference page."""
    for section in fields(CssmConfig):
        kind = _section_type(section.name)
        hints = get_type_hints(kind, include_extras=True)
        defaults = kind()
        for one in fields(kind):
            meaning: Meaning = hints[one.name].__metadata__[0]
            yield Setting(
                section=section.name,
                name=one.name,
                default=getattr(defaults, one.name),
                unit=meaning.unit,
                meaning=meaning.text,
                least=meaning.least,
                most=meaning.most,
            )


def load_config(
    data: Path, override: Mapping[str, Mapping[str, Value]] | None = None
) -> CssmConfig:
    """Read the settings file of a data folder, if there is one.

    Args:
        data: The portal's data folder.
        override: Settings by section and name that go before those of the file, from options.

    Returns:
        The settings; what is not named keeps its default.

    Raises:
        Problem: ``invalid-argument`` for a section, setting or value that is not acceptable, by
            name.
    """
    path = data / FILE_NAME
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        message = f"The settings file {path} cannot be read: {error}."
        raise Problem("invalid-argument", message) from error
    for section, values in (override or {}).items():
        table = found.setdefault(section, {})
        # What is no table is refused below, by the name that the file gives it.
        if isinstance(table, dict):
            table.update(values)
    return _build(found)


def _section_type(name: str) -> type[Section]:
    types: dict[str, type[Section]] = {
        "server": ServerSettings,
        "limits": Limits,
        "deadlines": Deadlines,
        "guarding": Guarding,
    }
    return types[name]


def _build(found: Mapping[str, object]) -> CssmConfig:
    known: dict[str, dict[str, Setting]] = {}
    for setting in describe():
        known.setdefault(setting.section, {})[setting.name] = setting
    for section, values in found.items():
        if section not in known or not isinstance(values, dict):
            message = f"The settings have no section [{section}]; there are {_names(known)}."
            raise Problem("invalid-argument", message)
        for name, value in values.items():
            if name not in known[section]:
                message = f"[{section}] has no setting {name!r}; it has {_names(known[section])}."
                raise Problem("invalid-argument", message)
            _check(known[section][name], value)
    return CssmConfig(**{s: _section_type(s)(**_values(found, s)) for s in known})  # type: ignore[arg-type]  # each section gets its own type, checked above


def _values(found: Mapping[str, object], section: str) -> dict[str, Value]:
    values = found.get(section, {})
    return dict(values) if isinstance(values, dict) else {}


def _check(setting: Setting, value: object) -> None:
    where = f"[{setting.section}] {setting.name}"
    if isinstance(setting.default, str):
        if not isinstance(value, str):
            raise Problem("invalid-argument", f"{where} must be a text.")
        return
    whole = isinstance(setting.default, int)
    # True is a whole number to Python, and `port = true` would listen on port 1.
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        kind = "a whole number" if whole else "a number"
        raise Problem("invalid-argument", f"{where} must be {kind} of {setting.unit}.")
    # Neither holds of NaN: a deadline of it would never come.
    if not setting.least <= value < float("inf"):
        raise Problem("invalid-argument", f"{where} must be at least {setting.least}.")
    if setting.most is not None and value > setting.most:
        raise Problem("invalid-argument", f"{where} must be at most {setting.most}.")


def _names(known: Mapping[str, object]) -> str:
    return ", ".join(sorted(known))


def template() -> str:
    """Return a settings file that says what there is; every line is a comment."""
    # All commented out: a default that a later release changes then changes for whoever never
    # chose.
    lines = ["# Settings of the portal. What is commented out has the value that stands there."]
    section = ""
    for one in describe():
        if one.section != section:
            section = one.section
            lines += ["", f"[{section}]"]
        value = f'"{one.default}"' if isinstance(one.default, str) else one.default
        lines += [f"# {one.meaning} ({one.unit})", f"# {one.name} = {value}"]
    return "\n".join(lines) + "\n"
