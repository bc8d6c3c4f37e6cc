"""Keep what a device never uses out of its process."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(name: str) -> Iterator[None]:
    """Let the block load libraries as if an optional module of theirs were not installed.

    Only the command line may do this, before it starts a thread: in a program that embeds the
    library another thread might want that very module at this moment.

    Args:
        name: The module; where it is loaded already, nothing changes.
    """
    if name in sys.modules:
        yield
        return
    # None is how the import system is told that there is no such module.
    sys.modules[name] = None  # type: ignore[assignment] # typed for modules alone
    try:
        yield
    finally:
        del sys.modules[name]
