"""Material that may be absent: files beside the project, programs of Debian packages.

A test that needs it skips and says what is missing. Where ``CI=true`` it fails instead, so that
nothing goes untested unseen.
"""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _absent(reason: str) -> NoReturn:
    """Skip, or fail in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def shared_root() -> Path:
    """Return the folder of shared material: ``GAUGER_SHARED``, else ``../shared``."""
    return Path(os.environ.get("GAUGER_SHARED") or ROOT.parent / "shared")


def shared_file(name: str) -> Path:
    """Return a file of the shared material, for example ``samples/show/show-license-all.txt``.

    Args:
        name: Path below the folder of shared material.

    Returns:
        The file, which exists; the test is skipped (failed in CI) where it does not.
    """
    path = shared_root() / name
    if not path.exists():
        _absent(f"shared material {name} is absent; GAUGER_SHARED names its folder")
    return path


def needs_program(program: str, package: str) -> Path:
    """Return where a program lies that a Debian package brings.

    Args:
        program: The program's name.
        package: The Debian package, for the message.

    Returns:
        The program's path; the test is skipped (failed in CI) where it is absent.
    """
    found = shutil.which(program)
    if found is None:
        _absent(f"needs {program} of the Debian package {package}; try: make deps-system")
    return Path(found)


def needs_library(pattern: str, package: str) -> Path:
    """Return where a library lies that a Debian package brings.

    Args:
        pattern: Its place below ``/usr/lib``, with ``*`` for the machine's architecture.
        package: The Debian package, for the message.

    Returns:
        Its path; the test is skipped (failed in CI) where it is absent.
    """
    found = next(Path("/usr/lib").glob(pattern), None)
    if found is None:
        _absent(f"needs {pattern} of the Debian package {package}; try: make deps-system")
    return found


def interop_python(name: str = "interop") -> Path:
    """Return the interpreter of an environment that holds tools of others.

    Args:
        name: The environment, as `checks/set_up.py` calls it.

    Returns:
        The interpreter; the test is skipped (failed in CI) where ``make interop`` never ran.
    """
    path = ROOT / f".venv-{name}" / "bin" / "python"
    if not path.exists():
        _absent(f"the environment .venv-{name} is absent; `make interop` makes it")
    return path
