"""``DATA/trust``: public files that show whom a role trusts. They are no source of trust."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gauger.adapters.keys.trust_folder import (
    TrustFolder,
    read_root_set,
    read_root_sets,
    show_manufacturers,
    show_root_sets,
)
from gauger.core.documents.envelope import Document
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import Digest
from gauger.core.problems import Problem

_MOST_LOOKED_AT: Final = 100
"""Files at most that are read to find a root set again: anybody may have filled the folder."""


class ServerTrustView:
    """``DATA/trust`` of a server; it fills the port `gauger.cssm.ports.TrustFiles`."""

    def __init__(self, folder: Path) -> None:
        """Take the folder."""
        self._folder = folder

    def show(self, root_sets: Sequence[Document], manufacturers: Sequence[str]) -> None:
        """Make the files show these and no others, durably.

        Raises:
            Problem: ``store-full``, ``store-failed`` or ``file-not-written``.
        """
        show_root_sets(self._folder, root_sets)
        show_manufacturers(self._folder, [Manufacturer.from_json(text) for text in manufacturers])


class TrustView:
    """The folder; it fills the port `gauger.instance.ports.TrustFiles`."""

    def __init__(self, folder: Path, bundled: TrustFolder | None) -> None:
        """Take the folder.

        Args:
            folder: Where the files lie.
            bundled: What the device bundle brought, where the disk had no room to keep it.
        """
        self._folder = folder
        self._bundled = bundled

    def brought(self, pinned: TrustStore) -> Document | None:
        """Return the newest root set that the device bundle brought, or None without any.

        Raises:
            Problem: Where one does not read or does not follow the one before.
        """
        bundled = self._bundled
        root_sets = read_root_sets(self._folder) if bundled is None else bundled.root_sets
        if not root_sets:
            return None
        # Followed, not merely read: what is pinned here is believed for the device's whole life.
        pinned.pin(root_sets[0]).advance_all(root_sets[1:])
        return root_sets[-1]

    def find(self, digest: Digest) -> Document | None:
        """Return the root set of this digest, or None; what does not read is passed over."""
        # Files only: a pipe under such a name would hold up the start.
        paths = (path for path in self._folder.glob("root-set-*.json") if path.is_file())
        for path in sorted(paths)[:_MOST_LOOKED_AT]:
            try:
                document = read_root_set(path)
            # Anybody may have put it there. The anchored digest tells the right one, no name does.
            except Problem:
                continue
            if document.digest == digest:
                return document
        return None

    def show(self, root_set: Document) -> None:
        """Make the files show this root set and no other, durably.

        Raises:
            Problem: ``store-full``, ``store-failed`` or ``file-not-written``.
        """
        show_root_sets(self._folder, [root_set])
