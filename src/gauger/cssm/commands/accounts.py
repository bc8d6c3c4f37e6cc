"""Accounts and what an administrator does in them; the authority decides and keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar

from gauger.authority.ports import LedgerReader
from gauger.authority.views import InstanceRow, ReportRow, SmartAccountRow, VirtualAccountRow
from gauger.core.authority.commands import (
    IssueToken,
    MoveInstance,
    OpenSmartAccount,
    OpenVirtualAccount,
)
from gauger.core.authority.outcomes import MoveOutcome, Outcome, TokenOutcome
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.ports import Entropy
from gauger.core.problems import Problem
from gauger.cssm.access import Action, Caller, Scope
from gauger.cssm.ports import AuthorityPort
from gauger.cssm.secrets import new_id_token, secret_digest

DEFAULT_ACCOUNT: Final = "DEFAULT"
"""The Virtual Account that every Smart Account has."""

MAXIMUM_TOKEN_DAYS: Final = 365
MAXIMUM_TOKEN_USES: Final = 100
_HINT: Final = 4
_Kind = TypeVar("_Kind", bound=Outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """An ID token, shown this one time.

    Attributes:
        token_id: Its number, by which it is listed and revoked.
        text: What an operator types into the product instance.
        expires_at: First second at which it is refused.
    """

    token_id: int
    text: str
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTerms:
    """What a new ID token is good for.

    Attributes:
        days: Life in days, 1 to 365.
        uses: How often it may be used, 1 to 100; null where unlimited.
        export_controlled: Whether it allows export-controlled functions.
        description: The administrator's words.
    """

    days: int
    uses: int | None
    export_controlled: bool
    description: str


def expect(outcome: Outcome, kind: type[_Kind]) -> _Kind:
    """Return an outcome as the kind that its command always has.

    Raises:
        Problem: ``internal-error`` where it is another.
    """
    if isinstance(outcome, kind):
        return outcome
    raise Problem("internal-error", f"The authority answered with {type(outcome).__name__}.")


def open_smart_account(authority: AuthorityPort, domain: str, name: str, *, by: str) -> None:
    """Open a Smart Account and its Virtual Account ``DEFAULT``.

    Raises:
        Problem: ``conflict`` where it exists, ``invalid-argument`` where the domain is none.
    """
    try:
        account = AccountRef(domain, DEFAULT_ACCOUNT)
    except Problem as error:
        # A person typed it: what is said of a document, to fetch it again, is no help here.
        message = f"{error.detail} It is like example.com: letters, digits, dots and hyphens."
        raise Problem("invalid-argument", message) from error
    smart, virtual = authority.enqueue_all(
        (
            OpenSmartAccount(domain=domain, name=name, by=by),
            OpenVirtualAccount(account=account, description="The account's first", by=by),
        )
    )
    # Given again, the second one is made where a stop came between the two; the first says so.
    smart.result()
    virtual.result()


def find_smart_account(reader: LedgerReader, domain: str) -> SmartAccountRow | None:
    """Return one Smart Account; None also for what cannot be the domain of any."""
    try:
        AccountRef(domain, DEFAULT_ACCOUNT)
    except Problem:
        # It may stand in the path of a request, and hold what no database takes as a text.
        return None
    # The list goes on after a key: the greatest text below the domain finds the domain first.
    below = domain[:-1] + chr(ord(domain[-1]) - 1) + "\U0010ffff"
    rows = reader.smart_accounts(after=below, limit=1)
    return rows[0] if rows and rows[0].domain == domain else None


def issue_token(
    authority: AuthorityPort,
    entropy: Entropy,
    account: AccountRef,
    *,
    terms: TokenTerms,
    by: str,
) -> NewToken:
    """Make an ID token of 192 random bits; only its digest is kept.

    Raises:
        Problem: ``invalid-argument`` where days or uses are out of range.
    """
    if not 1 <= terms.days <= MAXIMUM_TOKEN_DAYS:
        raise Problem("invalid-argument", f"A token lasts 1 to {MAXIMUM_TOKEN_DAYS} days.")
    if terms.uses is not None and not 1 <= terms.uses <= MAXIMUM_TOKEN_USES:
        raise Problem("invalid-argument", f"A token has 1 to {MAXIMUM_TOKEN_USES} uses.")
    text = new_id_token(entropy)
    command = IssueToken(
        account=account,
        token_digest=secret_digest(text),
        # Enough to tell two tokens apart in a list; the 168 bits before it stay unknown.
        hint=text[-_HINT:],
        days=terms.days,
        uses=terms.uses,
        export_controlled=terms.export_controlled,
        description=terms.description,
        by=by,
    )
    made = expect(authority.execute(command), TokenOutcome)
    return NewToken(token_id=made.token_id, text=text, expires_at=made.expires_at)


def move_instance(
    authority: AuthorityPort, caller: Caller, udi: Udi, *, origin: AccountRef, to: AccountRef
) -> MoveOutcome:
    """Move a product instance to another Virtual Account.

    Raises:
        Problem: ``not-found`` or ``forbidden`` where the caller may not manage the target;
            another Smart Account is the vendor operator's to choose.
    """
    # The route asked about the account that is left; the one to arrive in stands in the body only.
    caller.authorise(Action.MANAGE, Scope.of(to))
    # With the device its usage goes over: no customer gives it to another, or takes it.
    if origin.smart_account != to.smart_account:
        caller.authorise(Action.OPERATE, Scope())
    command = MoveInstance(udi=udi, to=to, by=str(caller))
    return expect(authority.execute(command), MoveOutcome)


def instance_of(reader: LedgerReader, account: AccountRef, udi: Udi) -> InstanceRow:
    """Return a product instance of an account.

    Raises:
        Problem: ``not-found``, also where it belongs to another account.
    """
    row = reader.instance(udi)
    if row is None or row.account != account:
        raise Problem("not-found", f"{account} has no product instance {udi}.")
    return row


def report_of(reader: LedgerReader, account: AccountRef, digest: Digest) -> ReportRow:
    """Return a report of an account.

    Raises:
        Problem: ``not-found``, also where it counts for another account.
    """
    row = reader.report(digest)
    if row is None or row.account != account:
        raise Problem("not-found", f"{account} has no report {digest[:64]}.")
    return row


def smart_accounts_of(
    reader: LedgerReader, caller: Caller, *, after: str, limit: int
) -> Sequence[SmartAccountRow]:
    """List the Smart Accounts in reach of a caller, by domain."""
    if caller.may(Action.OPERATE, Scope()):
        return reader.smart_accounts(after=after, limit=limit)
    names = sorted({grant.scope.smart_account or "" for grant in caller.grants})
    wanted = [name for name in names if name > after][:limit]
    rows = (find_smart_account(reader, name) for name in wanted)
    return [row for row in rows if row is not None]


def virtual_accounts_of(
    reader: LedgerReader, caller: Caller, domain: str, *, after: str, limit: int
) -> Sequence[VirtualAccountRow]:
    """List the Virtual Accounts of a Smart Account in reach of a caller, by name."""
    if caller.may(Action.VIEW, Scope(smart_account=domain)):
        return reader.virtual_accounts(domain, after=after, limit=limit)
    # By the caller's own roles, and not all of them sifted: what a page ends with is told as
    # `next`, and would be the name of a sibling.
    names = {
        grant.scope.virtual_account
        for grant in caller.grants
        if grant.scope.smart_account == domain
    }
    wanted = sorted(name for name in names if name is not None and name > after)
    rows = (reader.virtual_account(AccountRef(domain, name)) for name in wanted)
    return list(islice((row for row in rows if row is not None), limit))
