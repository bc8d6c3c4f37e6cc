"""The product profiles that come with the project, and profiles from files.

Adding a product is adding a file: `gauger factory mint --profile FILE` takes one of your own.
"""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Final

from gauger.core.problems import Problem
from gauger.core.profiles import Profile, read_profile

MAXIMUM_BYTES: Final = 256 * 1024


def names() -> tuple[str, ...]:
    """Return the names of the profiles that come with the project, in order."""
    folder = resources.files(__package__)
    files = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml")))


def parse(text: str, *, source: str) -> Profile:
    """Read a profile from TOML text.

    Args:
        text: The content of a profile file.
        source: Name of the file, for the refusal.

    Raises:
        Problem: ``profile-invalid``, naming file, key (or line) and what is allowed.
    """
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Not only what tomllib itself refuses: a number of thousands of digits, or brackets within
        # brackets, end in Python's own limits.
        raise Problem("profile-invalid", f"{source} is not TOML: {error}.") from error
    return read_profile(table, source=source)


def builtin(name: str) -> Profile:
    """Return a profile that comes with the project.

    Raises:
        Problem: ``requested-item-not-found``, with the names that there are.
    """
    known = names()
    if name not in known:
        message = f"There is no profile {name[:64]!r}; there are {', '.join(known)}."
        raise Problem("requested-item-not-found", message)
    text = resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return parse(text, source=f"{name}.toml")


def from_file(path: Path) -> Profile:
    """Read a profile from a file.

    Raises:
        Problem: ``file-not-found``, ``too-large``, or ``profile-invalid``.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        message = f"The profile {path} cannot be opened: {error.strerror}."
        raise Problem("file-not-found", message) from error
    if len(data) > MAXIMUM_BYTES:
        raise Problem("too-large", f"The profile {path} is larger than {MAXIMUM_BYTES} bytes.")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8 text (byte {error.start})."
        raise Problem("profile-invalid", message) from error
    return parse(text, source=str(path))


def find(name_or_path: str) -> Profile:
    """Return a profile by the name of one that comes with the project, else by its file.

    Raises:
        Problem: As `builtin` and `from_file` do.
    """
    # A bare name never opens a file that happens to lie here.
    is_path = name_or_path.endswith(".toml") or "/" in name_or_path
    return from_file(Path(name_or_path)) if is_path else builtin(name_or_path)
