"""Make the project's environments from the lock files, with nothing but Python 3.11 and the network.

Run as a file, by any Python from 3.11 on: ``python3 checks/set_up.py [NAME …]``. Only the
standard library is at hand here. Every package is checked against the hashes of its lock file;
which index serves it is a matter of the user's own pip and uv settings.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMP = "gauger-set-up.txt"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A virtual environment and what belongs into it.

    Attributes:
        name: What the user calls it.
        folder: Where it lives, relative to the project's folder.
        lock: The lock file it is made from, relative to the project's folder.
        holds_project: Whether the project itself is installed, editable.
    """

    name: str
    folder: str
    lock: str
    holds_project: bool

    @property
    def path(self) -> Path:
        """The environment's folder."""
        return ROOT / self.folder

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.path / "bin" / "python"


ENVIRONMENTS = {
    "dev": Environment(name="dev", folder=".venv", lock="requirements/dev.txt", holds_project=True),
} | {
    # Each lives for itself: two cores of scrapli share one name, and Ansible is large.
    name: Environment(
        name=name, folder=f".venv-{name}", lock=f"requirements/{name}.txt", holds_project=False
    )
    for name in ("interop", "interop-ansible", "interop-scrapli")
}


def fingerprint(environment: Environment) -> str:
    """Compute what an environment is made of; another value means that set-up is due.

    Args:
        environment: The environment in question.

    Returns:
        A SHA-256 in hexadecimal over the lock files, the project file, this script and the
        interpreter's version.
    """
    inputs = [environment.lock, "requirements/uv.txt", "checks/set_up.py"]
    if environment.holds_project:
        inputs.append("pyproject.toml")
    digest = hashlib.sha256(f"{sys.version_info[:2]} {environment.folder}".encode())
    for name in inputs:
        digest.update(hashlib.sha256((ROOT / name).read_bytes()).digest())
    return digest.hexdigest()


def is_current(environment: Environment) -> bool:
    """Tell whether the environment stands and was made from the present lock files."""
    stamp = environment.path / STAMP
    if not stamp.is_file() or not environment.python.exists():
        return False
    return stamp.read_text(encoding="utf-8").strip() == fingerprint(environment)


def say(text: str) -> None:
    """Tell the user what is being done."""
    print(f"set-up: {text}", flush=True)


def run(command: Sequence[str | Path]) -> bool:
    """Run a command, and print what it said only where it failed.

    Args:
        command: Program and arguments.

    Returns:
        Whether it ended well.
    """
    # The caller's own environment must not leak into the one being made.
    environ = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(done.stdout + done.stderr, file=sys.stderr)
    return done.returncode == 0


def make_venv(environment: Environment) -> None:
    """Make the bare environment unless a working one is there.

    Args:
        environment: The environment to make.

    Raises:
        SystemExit: Where this Python cannot make environments.
    """
    probe = f"import pip, sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    if environment.python.exists() and run([environment.python, "-c", probe]):
        return
    say(f"making {environment.folder} with Python {sys.version.split()[0]}")
    if environment.path.exists():
        shutil.rmtree(environment.path)
    if not run([sys.executable, "-m", "venv", environment.path]):
        message = "set-up: this Python cannot make virtual environments; on Debian: apt install python3-venv"
        raise SystemExit(message)


def installers(environment: Environment) -> Iterator[list[str | Path]]:
    """Give the commands that install the lock file, the preferred one first.

    Args:
        environment: The environment to fill.

    Yields:
        A command of uv (fast, and removes what does not belong), then one of pip.
    """
    lock = ROOT / environment.lock
    uv = ENVIRONMENTS["dev"].path / "bin" / "uv"
    pip: list[str | Path] = [
        environment.python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
    ]
    if uv.exists() or run([*pip, "--requirement", ROOT / "requirements" / "uv.txt"]):
        # The system's certificates: behind a company's proxy uv's own do not suffice.
        options = ["--quiet", "--system-certs", "--require-hashes"]
        yield [uv, "pip", "sync", *options, "--python", environment.python, lock]
    yield [*pip, "--requirement", lock]


def install(environment: Environment) -> None:
    """Bring the environment to what its lock file says.

    Args:
        environment: The environment to fill.

    Raises:
        SystemExit: Where neither uv nor pip could install the packages.
    """
    say(f"installing the packages of {environment.lock} (hashes checked)")
    for command in installers(environment):
        if run(command):
            return
        say(f"{Path(str(command[0])).name} did not manage it")
    raise SystemExit(
        "set-up: the packages could not be installed; what the installers said stands above"
    )


def install_project(environment: Environment) -> None:
    """Install the project itself, editable, with the build tool that the lock file brought.

    Args:
        environment: The environment that gets the command ``gauger``.

    Raises:
        SystemExit: Where the build failed.
    """
    say("installing gauger itself (editable)")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--editable", "."]
    if not run([environment.python, "-m", "pip", "install", "--no-index", *options]):
        raise SystemExit("set-up: gauger could not be installed; see above")


@contextlib.contextmanager
def alone(environment: Environment) -> Iterator[None]:
    """Hold a lock, so that two `make` at once do not set up the same environment.

    Args:
        environment: The environment to be alone with.

    Yields:
        Nothing; the lock is held inside the block.
    """
    import fcntl  # noqa: PLC0415 - absent on Windows, where only this guard is lost

    with (ROOT / f"{environment.folder}.lock").open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def set_up(environment: Environment) -> None:
    """Make the environment, if it does not stand already.

    Args:
        environment: The environment to make.

    Raises:
        SystemExit: Where a step failed.
    """
    started = time.monotonic()
    if is_current(environment):
        return
    with alone(environment):
        if is_current(environment):
            return
        make_venv(environment)
        install(environment)
        if environment.holds_project:
            install_project(environment)
        (environment.path / STAMP).write_text(fingerprint(environment) + "\n", encoding="utf-8")
    say(f"{environment.folder} is ready ({time.monotonic() - started:.0f} s)")


def main() -> None:
    """Set up the environments named on the command line."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file meets whatever Python the user has
        raise SystemExit(
            f"set-up: Python 3.11 or later is needed; this is {sys.version.split()[0]}"
        )
    parser = argparse.ArgumentParser(description="Make the project's environments.")
    parser.add_argument(
        "environments", nargs="*", default=["dev"], metavar="NAME", help=", ".join(ENVIRONMENTS)
    )
    names = parser.parse_args().environments
    unknown = [name for name in names if name not in ENVIRONMENTS]
    if unknown:
        parser.error(f"no environment is called {unknown[0]!r}")
    for name in names:
        set_up(ENVIRONMENTS[name])


if __name__ == "__main__":
    main()
