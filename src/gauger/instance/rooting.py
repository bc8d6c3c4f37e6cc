"""The root set of the product instance: where it comes from, and that it never goes back.

The sealed store says which root set is held; ``D/trust`` only shows it (`spec/root-set.md`). The
folder is read twice in a life: when the first store is begun, and when a store was copied back and
the anchor knows of a newer root set. Then a file counts only by the digest that the anchor has.
"""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gauger.core.documents.envelope import Document, read_document, write_document
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.trust_store import TrustStore
from gauger.core.problems import Problem
from gauger.instance import events
from gauger.instance.holdings import Holdings, read_holdings
from gauger.instance.memory import Draft, Memory
from gauger.instance.records import HeldDocument, RootFloor
from gauger.instance.surroundings import Surroundings

if TYPE_CHECKING:
    from gauger.core.instance.answers import Plan

_LOGGER: Final = logging.getLogger("gauger")


class Rooting:
    """Keeps the root set, and has ``D/trust`` show it."""

    def __init__(self, around: Surroundings) -> None:
        """Take the folder and the clock."""
        self._around = around
        self._files = around.trust
        self._shown: HeldDocument | None = None

    def begin_boot(self, draft: Draft, *, is_volatile: bool) -> Holdings:
        """See to it that a root set is held, and that it is none that was left behind long ago.

        Args:
            draft: The first change of the boot.
            is_volatile: Whether the store could not be opened: then nobody knows what it held,
                and believing the folder would be believing whoever can write to it.

        Returns:
            What was in force before the root set was looked for.

        Raises:
            Problem: Why what the device bundle brought is no root set to be pinned; or where the
                one that is held was made under a test clock and this process has none.
        """
        floor = draft.singles.root_floor
        # Once in a life: later the folder is no source, whoever may write to it.
        if RootSet.TYPE not in draft.documents and floor is None and not is_volatile:
            self._pin(draft)
        held = read_holdings(draft.documents, self._around.pinned)
        store = held.store
        if beneath_floor(draft, store) is not None:
            self._take_back(draft, store)
        elif floor is None and store.root_set is not None:
            # A store of an earlier release, or one whose anchor was lost.
            document = read_document(draft.documents[RootSet.TYPE].text)
            _raise_floor(draft, store.root_set, document)
        return held

    def show(self, memory: Memory) -> None:
        """Have the folder show what is held, if that is not shown yet; a full disk stops nothing."""
        held = memory.documents.get(RootSet.TYPE)
        if held is None or held is self._shown:
            return
        try:
            self._files.show(read_document(held.text))
        except Problem as problem:
            # The store is what counts; the folder is shown again with the next change.
            _LOGGER.warning("D/trust does not show the root set held: %s", problem.detail)
            return
        self._shown = held

    def _pin(self, draft: Draft) -> None:
        document = self._files.brought(self._around.pinned)
        if document is not None:
            hold_root_set(draft, document, self._around.clock.wall())

    def _take_back(self, draft: Draft, store: TrustStore) -> None:
        floor, wall = draft.singles.root_floor, self._around.clock.wall()
        found = None if floor is None else self._files.find(floor.digest)
        if found is not None:
            # The digest comes from the sealed anchor: this very root set was proven and held here
            # before. So it need not follow the one that the old store brought back, which may be
            # several behind; that it is whole is checked all the same.
            number = pinned_alone(self._around.pinned, found).number
            hold_root_set(draft, found, wall)
            draft.log(events.root_set_recovered(wall, number))
        elif floor is not None:
            number = 0 if store.root_set is None else store.root_set.number
            draft.log(events.root_set_lost(wall, lost=floor.number, held=number))


def hold_root_set(draft: Draft, document: Document, wall: int) -> None:
    """Put a root set in force; it was proven by the caller.

    Args:
        draft: The change that it becomes part of.
        document: The root set.
        wall: When, epoch seconds.
    """
    text = write_document(document)
    draft.documents[RootSet.TYPE] = HeldDocument(text=text, installed_at=wall)
    _raise_floor(draft, RootSet.from_document(document), document)
    # The anchor has the floor: only by it a later copy of the old store is found out.
    draft.batch.anchored = True


def take_root_set(around: Surroundings, draft: Draft, document: Document) -> None:
    """Put a root set in force that an answer or an operator brought, and tell it.

    Args:
        around: Identity and clock.
        draft: The change that it becomes part of.
        document: The root set; it was proven by the caller.
    """
    wall = around.clock.wall()
    hold_root_set(draft, document, wall)
    draft.log(events.installed(wall, RootSet.TYPE, around.udi))


def beneath_floor(draft: Draft, store: TrustStore) -> Problem | None:
    """Return why nothing may be believed under a root set: a newer one was held here before.

    Whoever copied the old store back may have the signer that the newer root set revokes.
    """
    floor = draft.singles.root_floor
    if floor is None:
        return None
    held = 0 if store.root_set is None else store.root_set.number
    # Newer is well: the floor is raised in the same commit as the root set.
    if held >= floor.number:
        return None
    what = f"only root set {held}" if held else "none"
    detail = f"Root set {floor.number} was held here, and an older store brought back {what}."
    return Problem("root-lost", detail, number=str(floor.number))


def agreeing(draft: Draft, plan: "Plan") -> "Plan":
    """Return what may be done of an answer: nothing beneath a newer root set that was held.

    The root sets of the answer that lead up to it stand.
    """
    floor = draft.singles.root_floor
    if floor is None:
        return plan
    root_sets: list[Document] = []
    for document in plan.root_sets:
        conflict = contradiction(floor, document)
        if conflict is not None:
            return _refused(plan, tuple(root_sets), conflict)
        root_sets.append(document)
    lost = None if plan.refusal else beneath_floor(draft, plan.store)
    return plan if lost is None else _refused(plan, plan.root_sets, lost)


def contradiction(floor: RootFloor, document: Document) -> Problem | None:
    """Return why a root set is not taken that has the number of one held before, and is another."""
    number = RootSet.from_document(document).number
    if number != floor.number or document.digest == floor.digest:
        return None
    detail = f"Another root set {floor.number} than this one was held here."
    return Problem("version-conflict", detail)


def _refused(plan: "Plan", root_sets: tuple[Document, ...], refusal: Problem) -> "Plan":
    return replace(plan, root_sets=root_sets, refusal=refusal, installs=(), settled=(), skipped=())


def pinned_alone(pinned: TrustStore, document: Document) -> RootSet:
    """Return a root set that its own keys sign.

    Raises:
        Problem: ``root-threshold``, ``test-clock``, or of the decoder.
    """
    pinned.pin(document)
    return RootSet.from_document(document)


def _raise_floor(draft: Draft, root_set: RootSet, document: Document) -> None:
    before = draft.singles.root_floor
    # It only ever rises, also where an older root set is held for lack of the newest.
    if before is None or root_set.number > before.number:
        floor = RootFloor(number=root_set.number, digest=document.digest)
        draft.singles = replace(draft.singles, root_floor=floor)
