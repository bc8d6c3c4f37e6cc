"""Files that commands write for people: whole under their names, or not there at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gauger.core.problems import Problem


@contextmanager
def written(path: Path) -> Iterator[Callable[[bytes], None]]:
    """Lend what writes to a file; what it wrote gets its name when the block ends well.

    Half an ACK file would be carried to its device, and be taken in as far as it goes.

    Raises:
        Problem: ``file-not-written``.
    """
    with _named(path):
        place = _place(path)
        file = place.open("wb")

    def write(piece: bytes) -> None:
        with _named(path):
            file.write(piece)

    try:
        # Only what the disk refuses is named here: within the block a network may fail as well,
        # and to Python that is the same kind of error.
        yield write
        with _named(path):
            # By hand: what a full disk refuses may show no sooner than here.
            file.close()
            if place != path:
                place.replace(path)
    finally:
        with suppress(OSError):
            file.close()
        if place != path:
            with suppress(OSError):
                place.unlink(missing_ok=True)


def _place(path: Path) -> Path:
    # To a pipe or device is written as it is (`--out /dev/stdout`): nothing can take its place.
    if path.exists() and not path.is_file():
        return path
    return path.with_name(f".{path.name}.new")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        raise Problem("file-not-written", message) from error
