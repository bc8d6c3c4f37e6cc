"""What can go wrong in a simulated world, and the stores that it goes wrong in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gauger.adapters.storage.instance_front import StoreFront
from gauger.adapters.storage.instance_sqlite import InstanceStore
from gauger.adapters.storage.ledger_sqlite import SqliteLedger
from gauger.core.problems import Problem
from gauger.instance.ports import Batch


class Killed(BaseException):
    """A simulated process ended at this point: nothing of it runs on."""


@dataclass(slots=True)
class Trouble:
    """What goes wrong with one machine at present.

    Attributes:
        full: Whether its disk takes nothing.
        dies: When it is killed: ``before`` or ``after`` its next commit; empty where it is not.
    """

    full: bool = False
    dies: str = ""

    def commit(self, commit: Callable[[], None]) -> None:
        """Commit as far as the trouble lets it.

        Raises:
            Problem: ``store-full``.
            Killed: Before anything was durable, or once all of it is.
        """
        dies, self.dies = self.dies, ""
        if dies == BEFORE:
            raise Killed
        if self.full:
            raise Problem("store-full", "The simulated disk is full.")
        commit()
        if dies == AFTER:
            raise Killed


BEFORE: Final = "before"
AFTER: Final = "after"


class TroubledStore(StoreFront):
    """The store of a product instance, on a machine with trouble."""

    def __init__(self, store: InstanceStore, trouble: Trouble) -> None:
        """Put the trouble in front of the store."""
        super().__init__(store)
        self._trouble = trouble

    def commit(self, batch: Batch) -> None:
        """Commit as far as the trouble lets it; see `InstanceStore.commit`."""
        self._trouble.commit(lambda: self._store.commit(batch))


class TroubledLedger(SqliteLedger):
    """The store of a portal, on a machine with trouble."""

    def __init__(self, path: Path, trouble: Trouble) -> None:
        """Open the file; see `SqliteLedger`."""
        super().__init__(path)
        self.trouble = trouble

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Begin a transaction that ends as far as the trouble lets it.

        Raises:
            Problem: ``store-full``.
            Killed: Before anything was durable, or once all of it is.
        """
        dies, self.trouble.dies = self.trouble.dies, ""
        with super().transaction():
            yield
            if self.trouble.full:
                raise Problem("store-full", "The simulated disk is full.")
            if dies == BEFORE:
                raise Killed
        if dies == AFTER:
            raise Killed
