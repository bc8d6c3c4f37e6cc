"""Merkle trees of RFC 9162, section 2.1: hashing, growth, inclusion and consistency.

The hash of a complete subtree never changes, so a tree is kept as its complete nodes: node
(level, place) covers the leaves from ``place << level`` up to ``(place + 1) << level``. Appending
completes O(log n) of them, and every proof is made from O(log n) of them.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from gauger.core.problems import Problem

HASH_BYTES: Final = 32

Lookup = Callable[[int, int], bytes]
"""Returns the hash of the complete node (level, place)."""


class Node(NamedTuple):
    """A complete node of a tree, which never changes again."""

    level: int
    place: int
    hash: bytes


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node; its prefix keeps it apart from any leaf."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: all that is needed to append and to know the root."""

    __slots__ = ("_peaks", "_size")

    def __init__(self) -> None:
        """Begin with the empty tree."""
        self._size = 0
        self._peaks: list[bytes] = []

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._size

    def append(self, leaf: bytes) -> list[Node]:
        """Append one leaf hash.

        Args:
            leaf: Hash of the leaf.

        Returns:
            The nodes that are now complete, the leaf first; whoever makes proofs stores them.
        """
        level, index, current = 0, self._size, leaf
        done = [Node(level, index, current)]
        while index & 1:
            level, index = level + 1, index >> 1
            current = node_hash(self._peaks.pop(), current)
            done.append(Node(level, index, current))
        self._peaks.append(current)
        self._size += 1
        return done

    def root(self) -> bytes:
        """Return the root; of the empty tree, the hash of nothing."""
        return _fold(self._peaks)

    def to_bytes(self) -> bytes:
        """Return the size (8 bytes, big endian) and the peaks, the largest first."""
        return self._size.to_bytes(8, "big") + b"".join(self._peaks)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frontier":
        """Read what `to_bytes` wrote.

        Raises:
            Problem: ``malformed`` where the number of peaks does not fit the size.
        """
        frontier = cls()
        frontier._size = int.from_bytes(data[:8], "big")
        peaks = data[8:]
        # A damaged edge would give roots that no proof ever leads to, and they would be signed.
        if len(data) < 8 or len(peaks) != frontier._size.bit_count() * HASH_BYTES:
            raise Problem("malformed", "The edge of a tree does not fit its size.")
        frontier._peaks = [peaks[at : at + HASH_BYTES] for at in range(0, len(peaks), HASH_BYTES)]
        return frontier


def _fold(peaks: Sequence[bytes]) -> bytes:
    """Join complete subtrees, the largest first, to one hash."""
    if not peaks:
        return hashlib.sha256(b"").digest()
    total = peaks[-1]
    for peak in reversed(peaks[:-1]):
        total = node_hash(peak, total)
    return total


def _range_hash(start: int, end: int, node: Lookup) -> bytes:
    """Return the hash over the leaves of a subtree that starts at a multiple of its width."""
    peaks = []
    while start < end:
        level = (end - start).bit_length() - 1
        peaks.append(node(level, start >> level))
        start += 1 << level
    return _fold(peaks)


def _split(size: int) -> int:
    """Return the largest power of two below a size of two or more."""
    return 1 << ((size - 1).bit_length() - 1)


def root_of(size: int, node: Lookup) -> bytes:
    """Return the root over the first ``size`` leaves, from stored nodes."""
    return _range_hash(0, size, node)


def inclusion_path(index: int, size: int, node: Lookup) -> list[bytes]:
    """Return the path that proves a leaf, from the leaf upward (RFC 9162, 2.1.3.1).

    Args:
        index: Number of the leaf.
        size: Number of leaves of the tree that the proof is for.
        node: Looks a complete node up.

    Raises:
        ValueError: Where the tree has no such leaf.
    """
    if not 0 <= index < size:
        message = f"a tree of {size} leaves has no leaf {index}"
        raise ValueError(message)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(middle, end, node))
            end = middle
        else:
            path.append(_range_hash(start, middle, node))
            start = middle
    path.reverse()
    return path


def root_and_paths(leaves: Sequence[bytes]) -> tuple[bytes, tuple[tuple[bytes, ...], ...]]:
    """Return the root of a whole tree, and the path that proves each of its leaves.

    The same as `Frontier.root` and `inclusion_path` give, each hash made once for all paths.

    Args:
        leaves: The leaf hashes, at least one.
    """
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [node_hash(below[at - 1], below[at]) for at in range(1, len(below), 2)]
        # Who has no sibling goes up as it is: that is where the largest power of two splits.
        levels.append([*above, below[-1]] if len(below) & 1 else above)
    paths = (_path_in(levels, at) for at in range(len(leaves)))
    return levels[-1][0], tuple(paths)


def _path_in(levels: Sequence[Sequence[bytes]], index: int) -> tuple[bytes, ...]:
    path = []
    for level in levels:
        if index ^ 1 < len(level):
            path.append(level[index ^ 1])
        index >>= 1
    return tuple(path)


def consistency_path(first: int, second: int, node: Lookup) -> list[bytes]:
    """Return the path that proves that one tree goes on from another (RFC 9162, 2.1.4.1).

    Args:
        first: Leaves of the earlier tree; 0 and ``second`` need no proof and give an empty path.
        second: Leaves of the later tree.
        node: Looks a complete node up.

    Raises:
        ValueError: Where the earlier tree is the larger one.
    """
    if not 0 <= first <= second:
        message = f"a tree of {second} leaves does not go on from one of {first}"
        raise ValueError(message)
    if first in (0, second):
        return []
    path: list[bytes] = []
    start, end, whole = 0, second, True
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(_range_hash(middle, end, node))
            end = middle
        else:
            path.append(_range_hash(start, middle, node))
            start, whole = middle, False
    if not whole:
        path.append(_range_hash(start, end, node))
    path.reverse()
    return path


def verify_inclusion(
    leaf: bytes, index: int, size: int, *, path: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf stands in a tree (RFC 9162, 2.1.3.2).

    Args:
        leaf: Hash of the leaf.
        index: Number of the leaf.
        size: Number of leaves of the tree.
        path: Hashes from the leaf upward.
        root: Root of the tree.

    Raises:
        Problem: ``signature-invalid`` where it does not.
    """
    if not 0 <= index < size:
        raise Problem("signature-invalid", f"The page of {size} leaves has no leaf {index}.")
    place, last, current = index, size - 1, leaf
    for sibling in path:
        # A longer path would be one for a tree of another shape, whose nodes pass as its leaves.
        if last == 0:
            raise Problem("signature-invalid", "The path to the page's root is too long.")
        if place & 1 or place == last:
            current = node_hash(sibling, current)
            place, last = _climb(place, last)
        else:
            current = node_hash(current, sibling)
        place, last = place >> 1, last >> 1
    if last != 0 or current != root:
        raise Problem("signature-invalid", "The path does not lead to the page's root.")


def _climb(place: int, last: int) -> tuple[int, int]:
    """Pass over the levels on which a node of the right edge has no sibling."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


def verify_consistency(
    first: int, second: int, *, path: Sequence[bytes], first_root: bytes, second_root: bytes
) -> None:
    """Check that the later tree begins with all leaves of the earlier (RFC 9162, 2.1.4.2).

    Args:
        first: Leaves of the earlier tree.
        second: Leaves of the later tree.
        path: What `consistency_path` gives.
        first_root: Root of the earlier tree.
        second_root: Root of the later tree.

    Raises:
        Problem: ``signature-invalid`` where it does not: a rollback or a fork.
    """
    if not 0 <= first <= second:
        detail = f"A ledger of {second} pages does not go on from one of {first}."
        raise Problem("signature-invalid", detail)
    if first in (0, second):
        # Bytes that nobody looks at would be a second spelling of one proof.
        _require(not path, "A proof that needs no hashes holds some.")
        expected = _fold(()) if first == 0 else second_root
        _require(first_root == expected, "Two ledgers of one length have different roots.")
        return
    # The root of a complete tree is itself a node of the later one: the path leaves it out.
    nodes = list(path) if first & (first - 1) else [first_root, *path]
    _require(bool(nodes), "The proof that one ledger goes on from another is empty.")
    roots = _replay(first, second, nodes)
    _require(
        roots == (first_root, second_root), "The later ledger does not go on from the earlier."
    )


def _replay(first: int, second: int, nodes: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Rebuild both roots from a consistency path."""
    place, last = first - 1, second - 1
    # Up to here both trees share the complete node that ends with the last earlier leaf.
    while place & 1:
        place, last = place >> 1, last >> 1
    earlier = later = nodes[0]
    for sibling in nodes[1:]:
        _require(last != 0, "The proof that one ledger goes on from another is too long.")
        if place & 1 or place == last:
            earlier, later = node_hash(sibling, earlier), node_hash(sibling, later)
            place, last = _climb(place, last)
        else:
            later = node_hash(later, sibling)
        place, last = place >> 1, last >> 1
    _require(last == 0, "The proof that one ledger goes on from another is too short.")
    return earlier, later


def _require(held: bool, detail: str) -> None:  # noqa: FBT001 -- the condition is the statement
    if not held:
        raise Problem("signature-invalid", detail)


def tree(leaves: Iterable[bytes]) -> tuple[Frontier, dict[tuple[int, int], bytes]]:
    """Return a tree in memory over leaf hashes: its edge, and its complete nodes."""
    frontier, nodes = Frontier(), {}
    for leaf in leaves:
        for level, index, value in frontier.append(leaf):
            nodes[level, index] = value
    return frontier, nodes
