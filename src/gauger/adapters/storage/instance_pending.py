"""A store that the disk has had no room for yet: the first commit that finds room begins it."""

from collections.abc import Callable

from gauger.adapters.storage.instance_front import StoreFront
from gauger.adapters.storage.instance_sqlite import InstanceStore
from gauger.instance.ports import Batch


class PendingStore(StoreFront):
    """Fills the port `Store` before and after the store is begun.

    Until then every commit is refused, so nothing leaves the product instance that it could
    forget: it works as it does with any full disk. The incarnation is the same before and after.
    """

    def __init__(self, empty: InstanceStore, begin: Callable[[str], InstanceStore]) -> None:
        """Take what is read until then.

        Args:
            empty: An empty store in memory, whose incarnation the store will have.
            begin: Begins the store with an incarnation, or raises what the disk says.
        """
        super().__init__(empty)
        self._begin: Callable[[str], InstanceStore] | None = begin

    def commit(self, batch: Batch) -> None:
        """Make a batch durable, in a new store if there is none yet.

        Raises:
            Problem: ``store-full`` or ``store-failed`` where there is still no room.
        """
        if self._begin is not None:
            # With the incarnation that the first boot was told: requests made of it name that one.
            begun = self._begin(self._store.incarnation)
            self._store.close()
            # Only once the new one stands: a failure above leaves the empty one for the next try.
            self._store, self._begin = begun, None
        super().commit(batch)
