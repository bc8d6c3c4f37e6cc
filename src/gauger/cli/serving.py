"""What a process that serves says to whoever started it."""

from contextlib import suppress

import click


def tell(text: str) -> None:
    """Print lines at once; where they cannot be printed, the process serves on all the same.

    Standard output may be a log on a disk that is full: that must not end a portal.
    """
    with suppress(OSError):
        click.echo(text)
