"""Whose a product instance is, and what may change that (`spec/authority.md`, "Account")."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gauger.core.authority.facts import InstanceFacts
from gauger.core.identity import AccountRef, Udi
from gauger.core.problems import Problem

ELSEWHERE: Final = "belongs-elsewhere"
"""Problem code of what another account's member is told, and no more."""


class Cause(StrEnum):
    """Why a product instance belongs to its account."""

    UPLOAD = "upload"
    DOCUMENT = "document"
    TOKEN = "id-token"  # noqa: S105 -- the name of a cause, no secret
    ORDER = "order"
    MEMBER = "member"
    MOVE = "move"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What speaks for an account in one message.

    Attributes:
        account: The account that a signed document or an ID token names; null where none does.
        cause: Which of the two.
        uploaded_to: The account in which someone uploads it; null where nobody names one.
        was_there: Whether the product instance once belonged to ``account``.
    """

    account: AccountRef | None = None
    cause: Cause = Cause.DOCUMENT
    uploaded_to: AccountRef | None = None
    was_there: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Whose a product instance is after a message.

    Attributes:
        account: Its account.
        provisional: Whether that rests on no more than an upload.
        cause: What changed it; null where nothing did.
    """

    account: AccountRef
    provisional: bool = False
    # None keeps rows out: only a change is worth one.
    cause: Cause | None = None


def settle(udi: Udi, instance: InstanceFacts | None, claim: Claim) -> Ownership:
    """Decide whose a product instance is, in the light of one message.

    Args:
        udi: The product instance.
        instance: What is known of it; null where nothing is.
        claim: What the message says.

    Returns:
        Its account, and whether that is new.

    Raises:
        Problem: ``belongs-elsewhere`` where it is another account's, which is not told;
            ``no-account`` where nothing says whose it is.
    """
    ownership = _settle(udi, instance, claim)
    # Last: a document may name the account that it is uploaded in, and so move there first.
    if claim.uploaded_to not in (None, ownership.account):
        raise elsewhere(udi)
    return ownership


def elsewhere(udi: Udi) -> Problem:
    """Return the refusal that tells another account's member no more than that."""
    # Not whose: an upload of a stranger's file must not tell who its owner is.
    return Problem(ELSEWHERE, f"{udi} belongs to another account than this one.")


def _settle(udi: Udi, instance: InstanceFacts | None, claim: Claim) -> Ownership:
    owner = None if instance is None else instance.account
    # Known, and nobody's yet, counts as new.
    if instance is None or owner is None:
        return _first(udi, claim)
    # Nothing in the document speaks for an account, so nothing moves.
    if claim.account is None:
        return Ownership(account=owner, provisional=instance.provisional)
    if instance.provisional:
        # An upload is the word of whoever held the file: it gives way to the device's own.
        return Ownership(account=claim.account, cause=claim.cause)
    # A former account is no claim: after a move the device names it until it has its answer.
    if claim.account != owner and not claim.was_there:
        raise elsewhere(udi)
    return Ownership(account=owner)


def _first(udi: Udi, claim: Claim) -> Ownership:
    # The device's word, a token or an order: firm from the start.
    if claim.account is not None:
        return Ownership(account=claim.account, cause=claim.cause)
    if claim.uploaded_to is not None:
        return Ownership(account=claim.uploaded_to, provisional=True, cause=Cause.UPLOAD)
    # Not put into some account of last resort: its usage would be somebody's to pay.
    raise Problem("no-account", f"Nothing says to which account {udi} belongs.")
