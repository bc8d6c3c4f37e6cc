"""Run a command on one processor: ``python -m bench.pinned CORE COMMAND…``.

A server and what loads it must not share a processor, or each measures the other. The processor
is chosen before the command begins, so every thread of it stays there.
"""

import os
import sys


def main() -> None:
    """Become the command."""
    core, command = int(sys.argv[1]), sys.argv[2:]
    pin(core)
    os.execv(command[0], command)  # noqa: S606 -- becomes the command, no shell wanted


def pin(core: int) -> None:
    """Keep this process to one processor, where there are two or more."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) > 1:
        os.sched_setaffinity(0, {usable[core % len(usable)]})


if __name__ == "__main__":
    main()
