"""The command reference, made from the table of commands."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gauger.surfaces.console.commands import COMMANDS
from gauger.surfaces.console.grammar import Kind, Mode
from gauger.surfaces.console.session import ConsoleCommand

_HEAD = """\
# Console commands

<!-- Made from the table of commands by `python -m gauger.surfaces.console.reference`. -->

A session (`gauger instance console`, or over SSH) takes all of them, each in its mode. `gauger instance exec` takes the
EXEC commands one at a time, `gauger instance config` those of configuration, which it saves.
Any beginning of a keyword will do that is unambiguous at its place: `sh lic st` is `show license status`. Text with
blanks stands in double quotes. Behind a command that prints, `| include`, `| exclude`, `| begin`, `| section` and
`| count` with a pattern (text, `.`, `^`, `$`, `|`, `[a-z]`, groups, `*`, `+` and `?` behind a character) let lines through.

In a session a question mark lists what may stand at its place, at once, and Tab completes a word. On the command line it
stands at the end, in quotes to keep it from the shell of the host: `"show license ?"`.
A line that is refused shows the first wrong character and what may stand in its place.

`{a | b}` is a choice, `[a]` may be left out, `<name>` is an argument.
"""

_TITLES: Final[Mapping[Mode, str]] = MappingProxyType(
    {Mode.EXEC: "EXEC", Mode.CONFIG: "Configuration", Mode.LINE: "Lines (`line …`)"}
)


def reference() -> str:
    """Return the reference page as Markdown."""
    parts = [_HEAD]
    for mode, title in _TITLES.items():
        parts.append(f"## {title}\n")
        parts += [_entry(command) for command in COMMANDS if command.mode is mode]
    return "\n".join(parts)


def _entry(command: ConsoleCommand) -> str:
    lines = [f"### `{command.plain_syntax}`", "", command.help, ""]
    lines.append(f"- Since release {command.since}.")
    if command.needs_shell:
        lines.append("- In a session only: `gauger instance console`, or over SSH.")
    if command.mode is Mode.EXEC and command.is_open_to(1):
        lines.append("- In user EXEC too, with privilege 1.")
    lines.append(f"- Prints: {command.summary}")
    for name, argument in command.arguments.items():
        # All rows share one set of arguments: only those of this row are told.
        if f"<{name}>" in command.syntax:
            kind = "number " if argument.kind is Kind.NUMBER else ""
            lines.append(f"- `<{name}>`: {argument.help} ({kind}{argument.rule})")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    import sys

    sys.stdout.write(reference())
