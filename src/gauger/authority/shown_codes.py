"""What signed documents of a product instance show of its authorization code."""

from gauger.authority.books import Draft
from gauger.core.authority.authorization import confirms, misuses
from gauger.core.authority.authorization_rows import AuthorizationConfirmed, AuthorizationMisused
from gauger.core.authority.facts import InstanceFacts
from gauger.core.documents.authorization_code import HeldCode
from gauger.core.documents.authorization_items import read_authorization_item
from gauger.core.documents.authorization_return import AuthorizationReturn
from gauger.core.identity import AccountRef, Digest, Udi


def note_shown(
    draft: Draft,
    udi: Udi,
    held: HeldCode | None,
    shown_by: Digest,
    *,
    at: int,
    confirming: bool = True,
) -> None:
    """Note what a signed document of a product instance says about the code that it holds.

    Args:
        draft: Where it is noted.
        udi: The product instance.
        held: What it says is installed; None where nothing is.
        shown_by: Digest of the document.
        at: When it was signed, by the clock of the product instance.
        confirming: Whether its word frees what earlier codes took.
    """
    if held is None:
        return
    known = draft.unit.store.authorizations.code(udi, held)
    if known is None:
        return
    if confirming and confirms(held, known):
        draft.add(
            AuthorizationConfirmed(
                at=draft.now,
                udi=udi,
                account=known.account,
                code=known.code,
                epoch=known.epoch,
                shown_by=shown_by,
            )
        )
    # A report of before the return may come after it, late or sent again: that accuses nobody.
    elif misuses(held, known) and at > _removed_at(draft, udi, known.code):
        # A store, anchor and key that were all set back: only here it can be noticed.
        draft.add(
            AuthorizationMisused(
                at=draft.now, udi=udi, account=known.account, code=known.code, shown_by=shown_by
            )
        )


def _removed_at(draft: Draft, udi: Udi, code: str) -> int:
    """Return when a product instance removed a code, by its own clock."""
    proof = draft.unit.store.authorizations.proof_of(udi, code)
    # Both times are of the one clock of the product instance: its being wrong puts neither first.
    return 0 if proof is None else _made_at(proof)


def _made_at(proof: str) -> int:
    return AuthorizationReturn.from_document(read_authorization_item(proof)).made_at


def code_to_send(
    draft: Draft, instance: InstanceFacts | None, owner: AccountRef, held: HeldCode | None
) -> Digest | None:
    """Return the code that goes along with an answer: one that is not shown installed, or None.

    Args:
        draft: The page in the making.
        instance: The product instance, as it was before what is answered.
        owner: Whose it is now.
        held: What it shows installed.
    """
    # Noted with the instance: nearly all reports spare the look-up.
    if instance is None or not instance.authorization_due:
        return None
    newest = draft.unit.store.authorizations.to_send(instance.udi, owner)
    if newest is None or (held is not None and held.epoch >= newest.epoch):
        return None
    return newest.document
