"""The anchor beside the key: what a copied-back store can be found out by."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gauger.adapters.storage.private_files import read_private, write_private
from gauger.adapters.storage.sealed import Place, Seal
from gauger.core.problems import Problem

_PLACE: Final = Place("keys", "anchor", "anchor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """How far a store had come when the anchor was written.

    Attributes:
        incarnation: Of which store.
        counter: How many anchored commits it had seen.
        sequence: Number of its last event.
        chain: Chain value of that event, hexadecimal.
        marks: Records of the family ``mark``, which survive the store.
    """

    incarnation: str
    counter: int
    sequence: int
    chain: str
    marks: dict[str, str] = field(default_factory=dict)


def write_anchor(path: Path, anchor: Anchor, seal: Seal) -> None:
    """Replace the anchor durably.

    Raises:
        Problem: ``store-full``, ``store-failed`` or ``entropy-failed``.
    """
    plain = json.dumps(
        {
            "incarnation": anchor.incarnation,
            "counter": anchor.counter,
            "sequence": anchor.sequence,
            "chain": anchor.chain,
            "marks": anchor.marks,
        }
    )
    write_private(path, seal.seal(plain.encode(), _PLACE, ""))


def read_anchor(path: Path, seal: Seal) -> Anchor | None:
    """Return the anchor, or None where none was ever written.

    Raises:
        Problem: ``store-damaged`` where it does not open with the key; ``key-exposed``.
    """
    sealed = read_private(path)
    if sealed is None:
        return None
    try:
        value = json.loads(seal.open(sealed, _PLACE, ""))
        return Anchor(
            incarnation=str(value["incarnation"]),
            counter=int(value["counter"]),
            sequence=int(value["sequence"]),
            chain=str(value["chain"]),
            marks={str(name): str(mark) for name, mark in value["marks"].items()},
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Problem("store-damaged", f"The anchor {path} holds no anchor.") from error
