"""Command lines that are shown to people, to be typed next."""

import shlex
from pathlib import Path


def typed_line(command: str, **options: Path | str | None) -> str:
    """Return a command line as a shell takes it.

    Args:
        command: Its words; nothing in them is quoted.
        **options: Values by name, in order; one that is None was not given, and is left out.
    """
    # Copied as it stands: a folder whose name holds a blank would fall apart into two words.
    given = (
        f"--{name.replace('_', '-')} {shlex.quote(str(value))}"
        for name, value in options.items()
        if value is not None
    )
    return " ".join([command, *given])
