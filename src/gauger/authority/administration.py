"""Decides about accounts, tokens, orders, policies and trust material."""

from collections.abc import Sequence
from typing import Final

from gauger.authority.answers import (
    Resolve,
    as_purchase,
    policy_document,
    purchase_information,
)
from gauger.authority.books import Draft, Unit
from gauger.authority.decision import Decision, plain
from gauger.authority.reports import assign
from gauger.core.authority.commands import (
    MOST_DEVICES,
    MOST_LINES,
    AssignPolicy,
    DepositOrder,
    FetchPolicy,
    ImportManufacturer,
    ImportRootSet,
    IssueToken,
    OpenSmartAccount,
    OpenVirtualAccount,
    OrderLine,
    RecordEvent,
    RecordUnlisted,
    RevokeToken,
    SetAccountOption,
)
from gauger.core.authority.judgement import describe_time
from gauger.core.authority.outcomes import Done, PolicyOutcome, TokenOutcome
from gauger.core.authority.ownership import Cause, Claim, settle
from gauger.core.authority.rows import (
    AccountOptionSet,
    EventRecorded,
    ManufacturerTaken,
    OrderDeposited,
    PolicyAssigned,
    Purchase,
    RootSetTaken,
    SmartAccountOpened,
    TokenIssued,
    TokenRevoked,
    VirtualAccountOpened,
)
from gauger.core.documents.envelope import read_document
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.purchase_info import fits
from gauger.core.fields import LATEST_TIME
from gauger.core.identity import AccountRef, Udi
from gauger.core.problems import Problem

# Ten years: a token that outlives everyone who knows of it is a standing key.
MOST_DAYS: Final = 3650
MOST_USES: Final = 1_000_000
# With 1,000 lines an order the sums stay far below 2^63, where the store ends.
MOST_QUANTITY: Final = 10**9
_SLASH: Final = "/"
_DAY: Final = 86_400
TERMS: Final = ("perpetual", "subscription")


def open_smart_account(unit: Unit, command: OpenSmartAccount) -> Decision:
    """Open a Smart Account.

    Raises:
        Problem: ``malformed`` for a domain that is none; ``conflict`` where it exists.
    """
    # The domain becomes part of signed names, so its form is checked before it is for ever.
    AccountRef(command.domain, "-")  # refuses what is no domain
    if unit.store.lookups.smart_account_exists(command.domain):
        raise Problem("conflict", f"There is a Smart Account {command.domain} already.")
    draft = Draft(unit)
    draft.add(
        SmartAccountOpened(at=draft.now, domain=command.domain, name=command.name, by=command.by)
    )
    return plain(draft, Done())


def open_virtual_account(unit: Unit, command: OpenVirtualAccount) -> Decision:
    """Open a Virtual Account.

    Raises:
        Problem: ``invalid-argument`` for a name with a slash; ``not-found`` where there is no such
            Smart Account; ``conflict`` where it exists.
    """
    account = command.account
    # Here and not in `AccountRef`: documents and ledgers of earlier releases may name such a one.
    if _SLASH in account.virtual_account:
        message = "The name of a Virtual Account holds no slash: it is a part of URLs."
        raise Problem("invalid-argument", message)
    if not unit.store.lookups.smart_account_exists(account.smart_account):
        raise Problem("not-found", f"There is no Smart Account {account.smart_account}.")
    if unit.store.lookups.account_exists(account):
        raise Problem("conflict", f"There is an account {account} already.")
    draft = Draft(unit)
    draft.add(
        VirtualAccountOpened(
            at=draft.now, account=account, description=command.description, by=command.by
        )
    )
    return plain(draft, Done())


def set_option(unit: Unit, command: SetAccountOption) -> Decision:
    """Switch an option of an account.

    Raises:
        Problem: ``not-found``.
    """
    require_account(unit, command.account)
    draft = Draft(unit)
    draft.add(
        AccountOptionSet(
            at=draft.now,
            account=command.account,
            option=command.option.value,
            value=command.value,
            by=command.by,
        )
    )
    return plain(draft, Done())


def issue_token(unit: Unit, command: IssueToken) -> Decision:
    """Make an ID token known.

    Raises:
        Problem: ``not-found``; ``invalid-argument`` where days or uses are out of range;
            ``conflict`` where it is known already.
    """
    require_account(unit, command.account)
    _within(command.days, MOST_DAYS, "days")
    if command.uses is not None:
        _within(command.uses, MOST_USES, "uses")
    # Two accounts with one token: a device would register with whichever is found.
    if unit.store.facts.token(command.token_digest) is not None:
        raise Problem("conflict", "This ID token is known already.")
    draft = Draft(unit)
    token = draft.next_number("token")
    # By the page's time, from which it is judged too.
    expires_at = draft.now + command.days * _DAY
    draft.add(
        TokenIssued(
            at=draft.now,
            token=token,
            account=command.account,
            digest=command.token_digest,
            hint=command.hint,
            expires_at=expires_at,
            uses=command.uses,
            export_controlled=command.export_controlled,
            description=command.description,
            by=command.by,
        )
    )
    return plain(draft, TokenOutcome(token_id=token, expires_at=expires_at))


def revoke_token(unit: Unit, command: RevokeToken) -> Decision:
    """End an ID token.

    Raises:
        Problem: ``not-found`` where the account has no such token.
    """
    token = unit.store.facts.token_by_number(command.token_id)
    # The same words for both: numbers of other accounts' tokens cannot be probed.
    if token is None or token.account != command.account:
        raise Problem("not-found", f"{command.account} has no ID token {command.token_id}.")
    draft = Draft(unit)
    # A second time changes nothing and is no error: whoever revokes is in a hurry.
    if not token.revoked:
        draft.add(
            TokenRevoked(at=draft.now, token=token.token, account=token.account, by=command.by)
        )
    return plain(draft, Done())


def deposit_order(unit: Unit, command: DepositOrder) -> Decision:
    """Deposit the licences of an order; its product instances belong to the account from now on.

    Raises:
        Problem: ``not-found``; ``conflict`` where the order was deposited already;
            ``invalid-argument`` where a line is not possible; ``belongs-elsewhere`` where a
            product instance is another account's.
    """
    require_account(unit, command.account)
    # In the whole ledger: an order that two accounts hold would be counted twice.
    if unit.store.lookups.order_exists(command.order_number):
        raise Problem("conflict", f"Order {command.order_number} was deposited already.")
    _within(len(command.lines), MOST_LINES, "lines of an order")
    # Each of them gets a document of this page: an order without end would hold up everybody's.
    if len(command.devices) > MOST_DEVICES:
        message = f"An order names at most {MOST_DEVICES} product instances; deposit it in parts."
        raise Problem("invalid-argument", message)
    for line in command.lines:
        _check_line(line)
    # All before the first row: an order is deposited whole or not at all.
    for udi in command.devices:
        _check_room(unit, udi, command.lines)
    draft = Draft(unit)
    draft.add(
        OrderDeposited(
            at=draft.now,
            account=command.account,
            number=command.order_number,
            lines=tuple(map(_purchase, command.lines)),
            devices=command.devices,
            by=command.by,
        )
    )
    # Once each: a device that is named twice belongs to nobody twice.
    for udi in dict.fromkeys(command.devices):
        _claim_by_order(draft, udi, command)
    # Taken first: purchase information is made from what the store says about the order.
    unit.take(draft)
    purchases = Draft(unit)
    for udi in dict.fromkeys(command.devices):
        purchase_information(purchases, udi, command.account)
    return plain(purchases, Done())


def _claim_by_order(draft: Draft, udi: Udi, command: DepositOrder) -> None:
    instance = draft.unit.store.facts.instance(udi)
    # Refused where the device is firmly another's: an order is no way to take it over.
    claim = Claim(account=command.account, cause=Cause.ORDER)
    assign(draft, udi, instance, ownership=settle(udi, instance, claim), by=command.by)


def _check_line(line: OrderLine) -> None:
    _within(line.quantity, MOST_QUANTITY, "licences")
    if line.term not in TERMS:
        raise Problem("invalid-argument", f"A term is {' or '.join(TERMS)}, not {line.term!r}.")
    # A term of no length is in force never, yet people would read it as bought.
    if line.end is not None and line.end <= line.start:
        raise Problem("invalid-argument", f"The term of {line.tag} ends before it starts.")
    # No calendar of a reader has other times, and devices refuse such a document.
    if line.start < 0 or max(line.start, line.end or 0) > LATEST_TIME:
        raise Problem("invalid-argument", f"The term of {line.tag} is not within 1970 to 9999.")
    if not line.tag or len(line.tag) > 512 or not line.name or len(line.name) > 128:
        raise Problem(
            "invalid-argument", "A line needs a tag and a name of at most 128 characters."
        )


def _check_room(unit: Unit, udi: Udi, lines: Sequence[OrderLine]) -> None:
    """Refuse more than one document tells: a device refuses every answer with a larger one."""
    bought = (*unit.store.lookups.purchases(udi), *map(_purchase, lines))
    if not fits(tuple(map(as_purchase, bought))):
        raise Problem(
            "invalid-argument", f"More lines than {udi} can be told of were bought for it."
        )


def _purchase(line: OrderLine) -> Purchase:
    return Purchase(
        tag=line.tag,
        name=line.name,
        quantity=line.quantity,
        term=line.term,
        start=line.start,
        end=line.end,
    )


def assign_policy(unit: Unit, command: AssignPolicy) -> Decision:
    """Assign a policy; for a Virtual Account its document is issued at once.

    Raises:
        Problem: ``not-found`` where there is no such account; ``invalid-argument`` where the name
            cannot stand in a document.
    """
    # None for a wider scope: documents are made for each account when a device asks.
    account = _policy_account(unit, command)
    if not 1 <= len(command.policy.name) <= 128:
        raise Problem("invalid-argument", "A policy needs a name of at most 128 characters.")
    draft = Draft(unit)
    draft.add(
        PolicyAssigned(
            at=draft.now,
            # Compared by number and not by name: people assign under the same name again.
            assignment=draft.next_number("assignment"),
            smart_account=command.smart_account,
            virtual_account=command.virtual_account,
            name=command.policy.name,
            ack_required=command.policy.ack_required,
            rules=tuple(
                (group.value, rule.first_report, rule.frequency, rule.on_change)
                for group, rule in command.policy.groups.items()
            ),
            by=command.by,
        )
    )
    if account is None:
        return plain(draft, PolicyOutcome(document=None))
    # Taken first, so that the document is made from this assignment.
    unit.take(draft)
    return _policy_decision(unit, account)


def _policy_account(unit: Unit, command: AssignPolicy) -> AccountRef | None:
    if command.smart_account is None:
        if command.virtual_account is not None:
            raise Problem("invalid-argument", "A Virtual Account is named without Smart Account.")
        return None
    if command.virtual_account is None:
        if not unit.store.lookups.smart_account_exists(command.smart_account):
            raise Problem("not-found", f"There is no Smart Account {command.smart_account}.")
        return None
    account = AccountRef(command.smart_account, command.virtual_account)
    require_account(unit, account)
    return account


def fetch_policy(unit: Unit, command: FetchPolicy) -> Decision:
    """Return the signed policy of an account, the built-in default too.

    Raises:
        Problem: ``not-found``.
    """
    require_account(unit, command.account)
    return _policy_decision(unit, command.account)


def _policy_decision(unit: Unit, account: AccountRef) -> Decision:
    draft = Draft(unit)
    # No order to rise above: no particular device asks.
    document = policy_document(draft, account, above=None)
    # It may be years old and goes out in a file: it must verify on the day it is fetched.
    draft.keep_current((document,))

    def finish(resolve: Resolve) -> PolicyOutcome:
        return PolicyOutcome(document=resolve(document))

    return Decision(draft=draft, finish=finish)


def record_event(unit: Unit, command: RecordEvent) -> Decision:
    """Record what happened outside of the authority.

    Raises:
        Problem: ``not-found`` where it names an account that does not exist.
    """
    # No row may be of an account that there never was.
    if command.account is not None:
        require_account(unit, command.account)
    draft = Draft(unit)
    draft.add(
        EventRecorded(
            at=draft.now,
            kind=command.kind,
            subject=command.subject,
            detail=command.detail,
            by=command.by,
            account=command.account,
        )
    )
    return plain(draft, Done())


def record_unlisted(unit: Unit, command: RecordUnlisted) -> Decision:
    """Record how many refusals of a source went beyond its budget."""
    detail = (
        f"{command.count} more refusals within an hour from {describe_time(command.since)} on "
        "are not listed one by one."
    )
    draft = Draft(unit)
    draft.add(
        EventRecorded(
            at=draft.now,
            kind="refusals-not-listed",
            # Who, for people; the addresses of the unlisted ones are not kept.
            subject=command.source,
            detail=detail,
            by=None,
            account=existing(unit, command.account),
        )
    )
    return plain(draft, Done())


def existing(unit: Unit, account: AccountRef | None) -> AccountRef | None:
    """Return an account that only an uploader named: no row may be of one that there never was."""
    if account is None or unit.store.lookups.account_exists(account):
        return account
    return None


def import_root_set(unit: Unit, command: ImportRootSet) -> Decision:
    """Take in the next root set; the one that is held is no news.

    Raises:
        Problem: As `TrustStore.advance`.
    """
    document = read_document(command.document)
    books = unit.books
    # Only the next number, signed by both sets of root keys: a rollback is refused here.
    trust = books.trust.advance(document)
    draft = Draft(unit)
    # An operator who imports it twice does no harm; a row for it would be for ever.
    if trust.root_set is None or trust.root_digest == books.trust.root_digest:
        return plain(draft, Done())
    root_set = trust.root_set
    draft.add(
        RootSetTaken(
            at=draft.now,
            number=root_set.number,
            epoch=root_set.epoch,
            document=command.document,
            by=command.by,
        )
    )
    # At once: the rest of this page is verified again under it, revocations included.
    books.trust = trust
    books.root_sets[root_set.number] = document
    return plain(draft, Done())


def follow_root_sets(unit: Unit, documents: Sequence[str], by: str) -> None:
    """Take in root sets in rising order, all in this page.

    Raises:
        Problem: As `import_root_set`.
    """
    for text in documents:
        unit.take(import_root_set(unit, ImportRootSet(document=text, by=by)).draft)


def import_manufacturer(unit: Unit, command: ImportManufacturer) -> Decision:
    """Trust a manufacturer for what it declares; a newer file of it replaces the one held.

    Raises:
        Problem: As `Manufacturer.from_json`.
    """
    manufacturer = Manufacturer.from_json(command.file)
    draft = Draft(unit)
    draft.add(
        ManufacturerTaken(at=draft.now, name=manufacturer.name, file=command.file, by=command.by)
    )
    # By name: a newer file replaces the one held, so what it dropped is no longer declared.
    unit.books.trust = unit.books.trust.with_manufacturer(manufacturer)
    return plain(draft, Done())


def require_account(unit: Unit, account: AccountRef) -> None:
    """Check that an account exists.

    Raises:
        Problem: ``not-found``.
    """
    if not unit.store.lookups.account_exists(account):
        raise Problem("not-found", f"There is no account {account}.")


def _within(value: int, most: int, what: str) -> None:
    if not 1 <= value <= most:
        raise Problem("invalid-argument", f"The number of {what} is 1 to {most}, not {value}.")
