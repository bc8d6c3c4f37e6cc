"""Answers: ACKs, verdicts, and the documents that go along with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from gauger.authority.books import Draft, Unit
from gauger.authority.shown_codes import code_to_send
from gauger.core.authority import rows
from gauger.core.authority.claims import Claims
from gauger.core.authority.facts import InstanceFacts, Issued
from gauger.core.authority.outcomes import AnswerBundle
from gauger.core.authority.rows import InstanceDocumentIssued, PolicyIssued
from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.acknowledgment import Acknowledgment, Companion
from gauger.core.documents.authorization_code import AuthorizationCode
from gauger.core.documents.envelope import Document
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.purchase_info import Purchase, PurchaseInfo
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.versions import Order
from gauger.core.fields import Fields
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.problems import Problem
from gauger.core.strict_json import decode

DEFAULT_NAME: Final = "default"
"""Name of the built-in default where it has to stand in a document."""

_LATE_DAYS: Final = 30
_MOST_LATE: Final = 16

Resolve = Callable[[Digest], Document]
"""Returns a document by digest once the page is signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPlan:
    """Which documents an answer consists of; they are signed when the page is."""

    udi: Udi
    answers: Digest
    # Whole documents: root keys signed them, so no page has to.
    root_sets: tuple[Document, ...] = ()
    acknowledgments: tuple[Digest, ...]
    companions: tuple[Digest, ...] = ()

    def resolve(self, resolve: Resolve) -> AnswerBundle:
        """Return the answer with its documents."""
        return AnswerBundle(
            udi=self.udi,
            answers=self.answers,
            root_sets=self.root_sets,
            # Resolved late: a digest is known at once, the signature block only after the commit.
            acknowledgments=tuple(map(resolve, self.acknowledgments)),
            companions=tuple(map(resolve, self.companions)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What goes along with an ACK.

    Attributes:
        root_sets: Root sets above the one held, in order.
        companions: Type and digest of the further documents, in the order to install them.
    """

    root_sets: tuple[Document, ...] = ()
    companions: tuple[Companion, ...] = ()

    @property
    def listed(self) -> tuple[Companion, ...]:
        """What the ACK lists: all of it, in order."""
        roots = (Companion(RootSet.TYPE, document.digest) for document in self.root_sets)
        # Root sets first: the device may need them to believe whoever signed the rest.
        return (*roots, *self.companions)

    @property
    def sent(self) -> tuple[str, ...]:
        """The types of the companions, each once."""
        # Not a set: rows are digested, so their order must be the same at every portal.
        return tuple(dict.fromkeys(companion.type for companion in self.companions))

    @property
    def digests(self) -> tuple[Digest, ...]:
        """The digests of the companions."""
        return tuple(companion.digest for companion in self.companions)


def parcel_for_report(
    draft: Draft, claims: Claims, owner: AccountRef, instance: InstanceFacts | None
) -> Parcel:
    """Choose what goes along with the ACK of a report: what is newer than its sender holds."""
    held = claims.held
    companions: list[Companion] = []
    # By what the device says that it holds: an ACK that was lost needs no book-keeping here.
    policy = _policy_companion(draft, claims, owner)
    if policy is not None:
        companions.append(Companion(PolicyDocument.TYPE, policy))
    # Also where it names none: then it waits for the word whose it is.
    moved = held.account != owner
    if moved:
        companions.append(
            Companion(AccountInfo.TYPE, account_information(draft, claims.udi, owner))
        )
    # A new owner brings its own orders; otherwise once after each order (spec/authority.md, 6).
    if moved or (instance is not None and instance.purchase_due):
        companions.extend(_purchase_companion(draft, claims.udi, owner))
    code = code_to_send(draft, instance, owner, held.authorization)
    if code is not None:
        companions.append(Companion(AuthorizationCode.TYPE, code))
    parcel = Parcel(
        root_sets=draft.unit.books.root_sets_above(held.root_number),
        companions=tuple(companions),
    )
    # Companions may be years old: the device must be able to verify each of them today.
    draft.keep_current(parcel.digests)
    return parcel


def parcel_for_trust(
    draft: Draft,
    owner: AccountRef,
    codes: Sequence[tuple[Udi, Digest]],
    instance: InstanceFacts | None,
) -> Parcel:
    """Choose what goes along with the ACK of a trust request; it does not say what is held."""
    companions: list[Companion] = []
    facts = draft.unit.policy(owner)
    # The built-in default is in the device already.
    if facts.assignment:
        document = policy_document(draft, owner, above=None)
        companions.append(Companion(PolicyDocument.TYPE, document))
    companions.extend(Companion("trust-code", code) for _, code in codes)
    # Of every member: a standby that takes over must know its account without asking.
    for udi, _ in codes:
        companions.append(Companion(AccountInfo.TYPE, account_information(draft, udi, owner)))
        companions.extend(_purchase_companion(draft, udi, owner))
    # A request does not say it: too many root sets harm nothing, a missing one does.
    number = 1 if instance is None else instance.root_number
    parcel = Parcel(
        root_sets=draft.unit.books.root_sets_above(number), companions=tuple(companions)
    )
    draft.keep_current(parcel.digests)
    return parcel


def _policy_companion(draft: Draft, claims: Claims, owner: AccountRef) -> Digest | None:
    # Without account information the policy held is of another ledger, its order of no meaning.
    held = None if claims.held.account is None else claims.held.policy
    facts = draft.unit.policy(owner)
    # Unlike above, None is no move here: there is no former policy to replace.
    moved = claims.held.account is not None and claims.held.account != owner
    # The built-in default needs no document, unless another account's policy has to go.
    if not facts.assignment and not (moved and held is not None):
        return None
    issued = facts.issued
    if issued is not None and facts.issued_from == facts.assignment and issued.order == held:
        return None
    return policy_document(draft, owner, above=held)


def policy_document(draft: Draft, owner: AccountRef, above: Order | None) -> Digest:
    """Return the policy document of an account that stands above an order.

    Args:
        draft: Where a new one is issued at need.
        owner: The account.
        above: The order that a device holds: of a policy of its former account, or of a history
            that a restored ledger has lost.
    """
    books = draft.unit.books
    facts = draft.unit.policy(owner)
    issued = facts.issued
    is_this = issued is not None and facts.issued_from == facts.assignment
    # A device may claim any order: one beyond reach would have a new document made for each
    # report.
    can_rise = above is None or above < Order(
        books.root_epoch, books.epoch.number, books.version + 1
    )
    if is_this and issued is not None and (above is None or issued.order > above or not can_rise):
        return issued.digest
    # Drawn from one counter for all types: the order alone tells which document is newer.
    order = draft.next_order()
    document = draft.issue(
        PolicyDocument(
            issued_at=draft.now,
            test_clock=draft.unit.test_clock,
            issuer=books.ledger,
            account=owner,
            order=order,
            name=facts.policy.name or DEFAULT_NAME,
            # All of the policy is copied: what a device obeys must not change with a later
            # assignment.
            ack_required=facts.policy.ack_required,
            rules=facts.policy.groups,
        )
    )
    draft.add(
        PolicyIssued(
            at=draft.now,
            account=owner,
            # Where the assignment changes later, the row tells that this document is of the old
            # one.
            assignment=facts.assignment,
            order=order,
            document=document,
        )
    )
    return document


def account_information(draft: Draft, udi: Udi, owner: AccountRef) -> Digest:
    """Return account information that names this owner; a new one where that changed."""
    books = draft.unit.books
    issued = draft.unit.store.lookups.instance_document(udi, AccountInfo.TYPE)
    # Issued again only where it must: a version for each answer would cost a leaf and a row each.
    if issued is not None and _is_newest(draft, issued, owner):
        return issued.digest
    order = draft.next_order()
    document = draft.issue(
        AccountInfo(
            issued_at=draft.now,
            test_clock=draft.unit.test_clock,
            issuer=books.ledger,
            account=owner,
            udi=udi,
            order=order,
            ledger=books.ledger,
        )
    )
    draft.add(
        InstanceDocumentIssued(
            at=draft.now,
            udi=udi,
            type=AccountInfo.TYPE,
            account=owner,
            order=order,
            document=document,
        )
    )
    return document


def purchase_information(draft: Draft, udi: Udi, owner: AccountRef) -> Digest | None:
    """Return purchase information of a product instance, or None where nothing was bought."""
    # All orders that name it, not just the last: the document replaces the one before.
    items = draft.unit.store.lookups.purchases(udi)
    # An empty list would tell the device that what it had bought is gone.
    if not items:
        return None
    order = draft.next_order()
    document = draft.issue(
        PurchaseInfo(
            issued_at=draft.now,
            test_clock=draft.unit.test_clock,
            issuer=draft.unit.books.ledger,
            account=owner,
            udi=udi,
            order=order,
            items=tuple(map(as_purchase, items)),
        )
    )
    draft.add(
        InstanceDocumentIssued(
            at=draft.now,
            udi=udi,
            type=PurchaseInfo.TYPE,
            account=owner,
            order=order,
            document=document,
        )
    )
    return document


def as_purchase(item: rows.Purchase) -> Purchase:
    """Return a line of an order as purchase information tells it."""
    return Purchase(
        tag=item.tag,
        name=item.name,
        quantity=item.quantity,
        term=item.term,
        start=item.start,
        end=item.end,
    )


def _purchase_companion(draft: Draft, udi: Udi, owner: AccountRef) -> list[Companion]:
    issued = draft.unit.store.lookups.instance_document(udi, PurchaseInfo.TYPE)
    # It is issued with the order, so one that was never issued has nothing to tell.
    document = issued.digest if issued is not None else None
    if issued is not None and not _is_newest(draft, issued, owner):
        document = purchase_information(draft, udi, owner)
    return [] if document is None else [Companion(PurchaseInfo.TYPE, document)]


def _is_newest(draft: Draft, issued: Issued, owner: AccountRef) -> bool:
    """Tell whether a document still stands above all that a device may hold of this ledger."""
    books = draft.unit.books
    epochs = (issued.order.root_epoch, issued.order.ledger_epoch)
    # An order of an earlier epoch may stand below one that a lost page gave out.
    return issued.account == owner and epochs == (books.root_epoch, books.epoch.number)


def late_acknowledgments(
    unit: Unit, udi: Udi, instance: InstanceFacts | None, own: Digest
) -> tuple[Digest, ...]:
    """Return final answers to earlier documents of a product instance, to go along.

    They go along with every answer for a while, since nobody tells whether the last one arrived;
    to the device an old ACK is nothing new.
    """
    # The count is kept with the instance: nearly all reports spare the look-up.
    if instance is None or not instance.late:
        return ()
    since = unit.now - _LATE_DAYS * 86_400
    found = unit.store.lookups.late(udi, since, _MOST_LATE)
    # What is answered right now is in the answer already, with its newest ACK.
    answers = (existing_answer(unit, digest) for digest in found if digest != own)
    return tuple(answer for answer in answers if answer is not None)


def existing_answer(unit: Unit, answered: Digest) -> Digest | None:
    """Return the newest ACK or verdict on a document, of this page or an earlier one."""
    # This page first: the same report may come twice within one commit.
    return unit.answered.get(answered) or unit.store.pages.answers(answered)


def plan_again(draft: Draft, udi: Udi, answered: Digest) -> AnswerPlan:
    """Plan an answer that was given already: the same bodies.

    Raises:
        Problem: ``store-damaged`` where the answer is not in the ledger.
    """
    unit = draft.unit
    acknowledgment = existing_answer(unit, answered)
    # A row says that it was answered, so this is damage and no honest refusal.
    if acknowledgment is None:
        raise Problem("store-damaged", f"The answer to {answered} is not in the ledger.")
    # From the ACK itself, so the companions are those of then and its list holds.
    listed = _listed(unit, acknowledgment)
    roots = {document.digest: document for document in unit.books.root_sets.values()}
    companions = tuple(item.digest for item in listed if item.type != RootSet.TYPE)
    draft.keep_current((acknowledgment, *companions))
    return AnswerPlan(
        udi=udi,
        answers=answered,
        # Never gone: root sets are only added to, so this leaves out nothing in practice.
        root_sets=tuple(roots[item.digest] for item in listed if item.digest in roots),
        acknowledgments=(acknowledgment,),
        companions=companions,
    )


def _listed(unit: Unit, acknowledgment: Digest) -> tuple[Companion, ...]:
    new = unit.documents.get(acknowledgment)
    if new is not None:
        return companions_of(new.type, new.body)
    found = unit.store.pages.body(acknowledgment)
    return () if found is None else companions_of(found[0], found[2])


def companions_of(kind: str, body: bytes) -> tuple[Companion, ...]:
    """Return what an ACK of ours lists; a verdict lists nothing."""
    # A refused document brings nothing along.
    if kind != Acknowledgment.TYPE:
        return ()
    fields = Fields(decode(body, what="the ACK", cap=Acknowledgment.CAP), "the ACK")
    return tuple(
        Companion(item.text("type"), item.digest("digest")) for item in fields.items("companions")
    )
