"""Root sets that an operator brings to a product instance as files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from gauger.core.documents.envelope import DOCUMENT_CAP, Document
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.root_chain import Standing, Step, follow, read_material
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.trust_store import TrustStore
from gauger.core.problems import Problem
from gauger.instance.holdings import read_holdings
from gauger.instance.memory import Draft
from gauger.instance.records import HeldDocument, RootFloor
from gauger.instance.rooting import beneath_floor, contradiction, pinned_alone, take_root_set
from gauger.instance.surroundings import Surroundings
from gauger.instance.views import RootView


def read_root_set_files(paths: Sequence[Path]) -> list[Document]:
    """Read root set files; no signature is judged here.

    Raises:
        Problem: ``file-not-found``; ``wrong-type`` where one is a manufacturer's, which only
            servers take, or another document; ``too-large``; of the decoder.
    """
    return [_read(path) for path in paths]


def take_in(around: Surroundings, draft: Draft, documents: Sequence[Document]) -> tuple[Step, ...]:
    """Take root sets that an operator brings, all or none.

    Args:
        around: Identity and adapters.
        draft: The change that they become part of.
        documents: Root sets, in any order.

    Returns:
        What became of each.

    Raises:
        Problem: As `gauger.core.documents.root_chain.follow`; ``version-conflict`` where another
            one of this number was held before.
    """
    back = _lost(around, draft, documents)
    if back is not None:
        take_root_set(around, draft, back)
    # Taken back already; the others have to follow it one by one as always.
    rest = [document for document in documents if document is not back]
    _, steps = follow(_held(around, draft), rest)
    for step in steps:
        if step.standing is Standing.TAKEN:
            # A second root set of one number means two holders of the keys: nobody may choose here.
            _require_agreement(draft, step)
            take_root_set(around, draft, step.document)
    if back is None:
        return steps
    found = RootSet.from_document(back)
    return (Step(found.number, found.epoch, Standing.TAKEN, back), *steps)


def trust_view(documents: Mapping[str, HeldDocument], floor: RootFloor | None) -> RootView:
    """Return whom a product instance trusts, for people."""
    held = documents.get(RootSet.TYPE)
    return RootView(
        root_set=None if held is None else held.text,
        installed_at=None if held is None else held.installed_at,
        newest=0 if floor is None else floor.number,
    )


def _lost(around: Surroundings, draft: Draft, documents: Sequence[Document]) -> Document | None:
    """Return the root set that a rolled-back store lost, where the operator brings that very one.

    Its digest stands in the sealed anchor, so it was proven here before: those between it and the
    one that the old store brought back need not be found again.
    """
    floor = draft.singles.root_floor
    if floor is None or beneath_floor(draft, _held(around, draft)) is None:
        return None
    for document in documents:
        if document.digest == floor.digest:
            pinned_alone(around.pinned, document)
            return document
    return None


def _held(around: Surroundings, draft: Draft) -> TrustStore:
    return read_holdings(draft.documents, around.pinned).store


def _require_agreement(draft: Draft, step: Step) -> None:
    floor = draft.singles.root_floor
    conflict = None if floor is None else contradiction(floor, step.document)
    if conflict is not None:
        raise conflict


def _read(path: Path) -> Document:
    try:
        with path.open("rb") as file:
            # One byte more than may be: enough to refuse it, and a huge file is not read.
            data = file.read(DOCUMENT_CAP + 1)
    except OSError as error:
        raise Problem("file-not-found", f"{path} cannot be read: {error.strerror}.") from error
    try:
        found = read_material(data)
    except Problem as problem:
        raise Problem(problem.code, f"{path}: {problem.detail}") from problem
    if isinstance(found, Manufacturer):
        message = f"{path} names a manufacturer: a server takes that, a product instance does not."
        raise Problem("wrong-type", message)
    return found
