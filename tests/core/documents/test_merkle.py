"""The tree against a naive one, written straight from the definitions of RFC 9162."""

import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gauger.core.documents import merkle
from gauger.core.problems import Problem
from tests.core.documents.material import refused


def naive_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = _split(len(leaves))
    both = naive_root(leaves[:split]) + naive_root(leaves[split:])
    return hashlib.sha256(b"\x01" + both).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_path(index - split, leaves[split:]), naive_root(leaves[:split])]


def naive_proof(first: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    if first == len(leaves):
        return [] if whole else [naive_root(leaves)]
    split = _split(len(leaves))
    if first <= split:
        return [*naive_proof(first, leaves[:split], whole=whole), naive_root(leaves[split:])]
    rest = naive_proof(first - split, leaves[split:], whole=False)
    return [*rest, naive_root(leaves[:split])]


def _split(size: int) -> int:
    split = 1
    while split * 2 < size:
        split *= 2
    return split


def leaves_of(count: int) -> list[bytes]:
    return [b"leaf %d" % number for number in range(count)]


def grown(leaves: list[bytes]) -> tuple[merkle.Frontier, merkle.Lookup]:
    frontier, nodes = merkle.tree(map(merkle.leaf_hash, leaves))
    return frontier, lambda level, place: nodes[level, place]


SIZES = st.integers(1, 130)


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_root_is_the_one_of_the_definition(leaves: list[bytes]) -> None:
    frontier, node = grown(leaves)
    assert frontier.size == len(leaves)
    assert frontier.root() == naive_root(leaves) == merkle.root_of(len(leaves), node)
    again = merkle.Frontier.from_bytes(frontier.to_bytes())
    assert (again.size, again.root()) == (frontier.size, frontier.root())


def test_appending_keeps_only_the_edge() -> None:
    frontier, completed = merkle.Frontier(), 0
    for number in range(1000):
        completed += len(frontier.append(merkle.leaf_hash(b"%d" % number)))
    assert completed < 2000
    assert len(frontier.to_bytes()) == 8 + 32 * (1000).bit_count()


@pytest.mark.parametrize("data", [b"", bytes(7), bytes(8) + bytes(32), (1).to_bytes(8, "big")])
def test_an_edge_that_does_not_fit_its_size_is_refused(data: bytes) -> None:
    with refused("malformed"):
        merkle.Frontier.from_bytes(data)


@given(SIZES, st.data())
def test_every_leaf_is_proven_by_the_path_of_the_definition(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    frontier, node = grown(leaves)
    path = merkle.inclusion_path(index, size, node)
    assert path == naive_path(index, leaves)
    leaf = merkle.leaf_hash(leaves[index])
    merkle.verify_inclusion(leaf, index, size, path=path, root=frontier.root())


@given(SIZES)
@example(1)
@example(64)
@example(65)
def test_all_paths_at_once_are_those_of_the_definition(size: int) -> None:
    leaves = leaves_of(size)
    root, paths = merkle.root_and_paths(list(map(merkle.leaf_hash, leaves)))
    assert root == grown(leaves)[0].root()
    assert [list(path) for path in paths] == [naive_path(at, leaves) for at in range(size)]


@given(SIZES, st.data())
def test_no_other_path_proves_a_leaf(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    frontier, node = grown(leaves)
    path = merkle.inclusion_path(index, size, node)
    leaf, root = merkle.leaf_hash(leaves[index]), frontier.root()
    for wrong in _alterations(path):
        with refused("signature-invalid"):
            merkle.verify_inclusion(leaf, index, size, path=wrong, root=root)
    with refused("signature-invalid"):
        merkle.verify_inclusion(merkle.leaf_hash(b"other"), index, size, path=path, root=root)


def _alterations(path: list[bytes]) -> list[list[bytes]]:
    flipped = [
        [*path[:at], bytes([path[at][0] ^ 1]) + path[at][1:], *path[at + 1 :]]
        for at in range(len(path))
    ]
    shortened = [path[:-1], path[1:]] if path else []
    return [[*path, bytes(32)], [bytes(32), *path], *shortened, *flipped]


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_outside_of_the_tree_is_refused(index: int, size: int) -> None:
    with refused("signature-invalid"):
        merkle.verify_inclusion(bytes(32), index, size, path=[], root=bytes(32))
    with pytest.raises(ValueError, match="has no leaf"):
        merkle.inclusion_path(index, size, lambda _level, _place: b"")


@given(SIZES, st.data())
def test_a_tree_that_goes_on_is_proven(second: int, data: st.DataObject) -> None:
    leaves = leaves_of(second)
    first = data.draw(st.integers(0, second))
    frontier, node = grown(leaves)
    path = merkle.consistency_path(first, second, node)
    assert path == (naive_proof(first, leaves) if first else [])
    earlier = naive_root(leaves[:first])
    merkle.verify_consistency(
        first, second, path=path, first_root=earlier, second_root=frontier.root()
    )


@given(SIZES, st.data())
def test_a_fork_is_not_proven(second: int, data: st.DataObject) -> None:
    leaves = leaves_of(second)
    first = data.draw(st.integers(1, second))
    frontier, node = grown(leaves)
    path = merkle.consistency_path(first, second, node)
    forked = naive_root([b"other", *leaves[1:first]])
    with refused("signature-invalid"):
        merkle.verify_consistency(
            first, second, path=path, first_root=forked, second_root=frontier.root()
        )
    for wrong in _alterations(path):
        with refused("signature-invalid"):
            merkle.verify_consistency(
                first,
                second,
                path=wrong,
                first_root=naive_root(leaves[:first]),
                second_root=frontier.root(),
            )


def test_a_shorter_ledger_does_not_go_on_from_a_longer() -> None:
    with refused("signature-invalid"):
        merkle.verify_consistency(3, 2, path=[], first_root=bytes(32), second_root=bytes(32))
    with refused("signature-invalid"):
        merkle.verify_consistency(0, 2, path=[], first_root=bytes(32), second_root=bytes(32))
    with pytest.raises(ValueError, match="does not go on"):
        merkle.consistency_path(3, 2, lambda _level, _place: b"")


def test_the_published_vectors_hold() -> None:
    # The eight leaves that the reference implementation of Certificate Transparency tests with.
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    leaves.append("606162636465666768696a6b6c6d6e6f")
    frontier, _ = grown([bytes.fromhex(leaf) for leaf in leaves])
    root = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert frontier.root().hex() == root


def test_a_problem_names_the_fork() -> None:
    with pytest.raises(Problem, match="does not go on"):
        merkle.verify_consistency(3, 2, path=[], first_root=b"", second_root=b"")
