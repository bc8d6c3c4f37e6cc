"""The anchor beside the key: what a copied-back store can be found out by."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gauger.adapters.storage.private_files import read_private, write_private
from gauger.adapters.storage.sealed import Place, Seal
from gauger.core.problems import Problem

# No table of the store has this name: a record of the store can never pass for the anchor.
_PLACE: Final = Place("keys", "anchor", "anchor")

FORM: Final = 2
"""Form of the anchor's content; one without a number is of form 1, which had no floors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """How far a store had come when the anchor was written.

    Attributes:
        incarnation: Of which store.
        counter: How many anchored commits it had seen.
        sequence: Number of its last event.
        chain: Chain value of that event, hexadecimal.
        marks: Records of the family ``mark``, which survive the store.
        floors: Records of the family ``floor``: what must not be forgotten to have been held,
            such as number and digest of the newest root set.
        users: Digest of the records of the family ``user``; empty where there are none.
    """

    incarnation: str
    counter: int
    sequence: int
    chain: str
    marks: dict[str, str] = field(default_factory=dict)
    floors: dict[str, str] = field(default_factory=dict)
    users: str = ""


def write_anchor(path: Path, anchor: Anchor, seal: Seal) -> None:
    """Replace the anchor durably.

    Raises:
        Problem: ``store-full``, ``store-failed`` or ``entropy-failed``.
    """
    plain = json.dumps(
        {
            "form": FORM,
            "incarnation": anchor.incarnation,
            "counter": anchor.counter,
            "sequence": anchor.sequence,
            "chain": anchor.chain,
            "marks": anchor.marks,
            "floors": anchor.floors,
            "users": anchor.users,
        }
    )
    # Sealed for no incarnation: it outlives stores, and tells which of them is the one.
    write_private(path, seal.seal(plain.encode(), _PLACE, ""))


def read_anchor(path: Path, seal: Seal) -> Anchor | None:
    """Return the anchor, or None where none was ever written.

    Raises:
        Problem: ``store-damaged`` where it does not open with the key; ``store-newer``;
            ``key-exposed``.
    """
    # The file says how far the store came, so one that others may touch is refused.
    sealed = read_private(path)
    if sealed is None:
        return None
    try:
        value = json.loads(seal.open(sealed, _PLACE, ""))
        form = int(value.get("form", 1))
        if form > FORM:
            # Passing over what a newer release anchored would forget what it protects.
            message = f"The anchor {path} is of form {form}; this release knows {FORM}."
            raise Problem("store-newer", message)
        return Anchor(
            incarnation=str(value["incarnation"]),
            counter=int(value["counter"]),
            sequence=int(value["sequence"]),
            chain=str(value["chain"]),
            marks=_texts(value["marks"]),
            # Older anchors lack both: a device that is upgraded must still know its own store.
            floors=_texts(value.get("floors", {})),
            users=str(value.get("users", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Problem("store-damaged", f"The anchor {path} holds no anchor.") from error


def _texts(value: dict[str, object]) -> dict[str, str]:
    return {str(name): str(text) for name, text in value.items()}
