"""A product instance that kills itself at the Nth commit, before or after it.

Usage: python -m tests.instance.crash_child DATA CLOCK URL POINT
"""

import os
import signal
import sys
from pathlib import Path

from gauger.adapters.storage.instance_sqlite import InstanceStore
from gauger.instance.main import Options, open_agent
from gauger.instance.ports import Batch
from tests.instance.story import tell


def die_at(point: int) -> None:
    """Kill this process at a crossing: each commit has one before it and one after."""
    passed = 0
    commit = InstanceStore.commit

    def crossing() -> None:
        nonlocal passed
        passed += 1
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(store: InstanceStore, batch: Batch) -> None:
        crossing()
        commit(store, batch)
        crossing()

    setattr(InstanceStore, "commit", watched)  # noqa: B010 -- a method is replaced on purpose


def main() -> None:
    """Live the story until the point is reached."""
    data, clock, url, point = sys.argv[1:]
    die_at(int(point))
    agent = open_agent(Options(data=Path(data), clock_file=Path(clock)))
    tell(agent, url)
    agent.stop()


if __name__ == "__main__":
    main()
