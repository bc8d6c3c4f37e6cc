"""The documents in force, read: whom to trust, the policy, the account, the trust code."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.authorization_code import AuthorizationCode
from gauger.core.documents.body import Body
from gauger.core.documents.envelope import DirectSignature, Document, PageSignature, read_document
from gauger.core.documents.page import PageHead, SignedHead
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.purchase_info import PurchaseInfo
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.trust_code import TrustCode
from gauger.core.documents.trust_store import TrustStore
from gauger.core.documents.versions import Mark, Marks
from gauger.core.identity import AccountRef, Digest
from gauger.core.instance.trust import TrustState
from gauger.core.policy.rules import DEFAULT, Policy
from gauger.instance.records import HeldDocument, TrustRecord, pack, unpack

HEAD: Final = "head"
"""Name of the newest page head: the answer whose signature block carries it, or itself."""

_Answer = AccountInfo | AuthorizationCode | PolicyDocument | PurchaseInfo | TrustCode

_KINDS: Final[Mapping[str, type[_Answer]]] = MappingProxyType(
    {
        kind.TYPE: kind
        for kind in (AccountInfo, AuthorizationCode, PolicyDocument, PurchaseInfo, TrustCode)
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What is in force.

    Attributes:
        store: Whom to trust.
        policy: The policy document, or None for the default.
        rules: The policy in force, with all four groups.
        trust_code: The trust code, or None.
        trust_text: That as received.
        authorization: The authorization code, or None; whether it is in force says its epoch.
        authorization_text: That as received.
        authorization_digest: Digest of its body.
        account: Account information, or None.
        purchases: Purchase information, or None.
        head: The newest page head of the ledger, or None.
        digests: Digests of all of them; the answer with the head is none.
        installed_at: When each was installed, by document type.
        read: What was read, by the text it was read from.
        bodies: The bodies of the above, by the same text.
        page_head: The newest page head, read.
    """

    store: TrustStore
    policy: PolicyDocument | None = None
    rules: Policy = DEFAULT
    trust_code: TrustCode | None = None
    trust_text: str | None = None
    authorization: AuthorizationCode | None = None
    authorization_text: str | None = None
    authorization_digest: Digest | None = None
    account: AccountInfo | None = None
    purchases: PurchaseInfo | None = None
    head: SignedHead | None = None
    digests: frozenset[Digest] = frozenset()
    installed_at: Mapping[str, int] = field(default_factory=dict)
    read: Mapping[str, Document] = field(default_factory=dict, repr=False)
    bodies: Mapping[str, Body] = field(default_factory=dict, repr=False)
    page_head: PageHead | None = None

    @property
    def account_ref(self) -> AccountRef | None:
        """The account, or None while none is known."""
        return None if self.account is None else self.account.account

    @property
    def ledger(self) -> str | None:
        """The only ledger that is obeyed, or None while none is known."""
        return None if self.account is None else self.account.ledger

    @property
    def root_number(self) -> int:
        """Number of the root set held, 0 for none."""
        return 0 if self.store.root_set is None else self.store.root_set.number

    def trust(self, record: TrustRecord) -> TrustState:
        """Return what decisions about trust are made on."""
        return TrustState(installed=self.trust_code, counter=record.counter, asked=record.asked)


def read_holdings(
    documents: Mapping[str, HeldDocument], pinned: TrustStore, before: Holdings | None = None
) -> Holdings:
    """Read the documents that the store holds; they were verified when they were installed.

    Args:
        documents: By document type, and the head by `HEAD`.
        pinned: Manufacturers and root set that the device bundle brought.
        before: What was in force before, with the same pins. Most answers bring a new head and
            nothing else: what has not changed is not read again.

    Raises:
        Problem: Where one of them is not what it should be.
    """
    known = {} if before is None else before.read
    read = {
        name: known.get(held.text) or read_document(held.text) for name, held in documents.items()
    }
    bodies = _bodies(documents, read, {} if before is None else before.bodies)
    holdings = Holdings(
        store=pinned,
        # Not the answer with the head: it was used for that alone, and is not in force.
        digests=frozenset(item.digest for name, item in read.items() if name != HEAD),
        installed_at={name: held.installed_at for name, held in documents.items()},
        read={held.text: read[name] for name, held in documents.items()},
        bodies={documents[name].text: body for name, body in bodies.items()},
    )
    if RootSet.TYPE in read:
        store = _store(read[RootSet.TYPE], pinned, before)
        holdings = replace(holdings, store=store)
    if HEAD in read:
        holdings = _with_head(holdings, _signed_head(read[HEAD]), before)
    return _with_answers(holdings, documents, bodies)


def _bodies(
    documents: Mapping[str, HeldDocument], read: Mapping[str, Document], known: Mapping[str, Body]
) -> dict[str, Body]:
    """Read the bodies of what answers brought, by name."""
    bodies: dict[str, Body] = {}
    for name, kind in _KINDS.items():
        if name in read:
            body = known.get(documents[name].text)
            bodies[name] = body if isinstance(body, kind) else kind.from_document(read[name])
    return bodies


def _with_answers(
    holdings: Holdings, documents: Mapping[str, HeldDocument], bodies: Mapping[str, Body]
) -> Holdings:
    """Return what is in force with what the documents that answers brought say."""
    policy, code = bodies.get(PolicyDocument.TYPE), bodies.get(TrustCode.TYPE)
    account, purchases = bodies.get(AccountInfo.TYPE), bodies.get(PurchaseInfo.TYPE)
    if isinstance(policy, PolicyDocument):
        holdings = replace(holdings, policy=policy, rules=policy.policy)
    if isinstance(code, TrustCode):
        text = documents[TrustCode.TYPE].text
        holdings = replace(holdings, trust_code=code, trust_text=text)
    authorization = bodies.get(AuthorizationCode.TYPE)
    if isinstance(authorization, AuthorizationCode):
        text = documents[AuthorizationCode.TYPE].text
        holdings = replace(
            holdings,
            authorization=authorization,
            authorization_text=text,
            authorization_digest=holdings.read[text].digest,
        )
    if isinstance(account, AccountInfo):
        holdings = replace(holdings, account=account)
    if isinstance(purchases, PurchaseInfo):
        holdings = replace(holdings, purchases=purchases)
    return holdings


def _with_head(holdings: Holdings, head: SignedHead | None, before: Holdings | None) -> Holdings:
    """Return what is in force with the newest head; the same one is not read again."""
    if before is not None and head == before.head:
        return replace(holdings, head=head, page_head=before.page_head)
    page_head = None if head is None else PageHead.from_document(head.document)
    return replace(holdings, head=head, page_head=page_head)


def _store(root_set: Document, pinned: TrustStore, before: Holdings | None) -> TrustStore:
    """Return whom to trust with a root set; to pin one costs the check of its signatures."""
    if before is not None and before.store.root_digest == root_set.digest:
        return before.store
    # Checked again by its own keys: not even the sealed store is taken at its word here.
    return replace(pinned, root_set=None, root_digest=None).pin(root_set)


def _signed_head(document: Document) -> SignedHead | None:
    """Return the head that an answer stands under, or the one that a hello brought by itself."""
    block = document.signature
    if isinstance(block, PageSignature):
        return SignedHead.of(block)
    if document.type == PageHead.TYPE and isinstance(block, DirectSignature):
        return SignedHead(head=document.body, chain=block.chain, value=block.value)
    return None


def read_marks(stored: Mapping[str, str]) -> Marks:
    """Return the marks of obeyed documents.

    Raises:
        Problem: ``store-damaged``.
    """
    marks: dict[tuple[str, str], Mark] = {}
    for name, text in stored.items():
        ledger, _, kind = name.partition("/")
        # By ledger: the versions of one portal say nothing about those of another.
        marks[ledger, kind] = unpack(text.encode(), Mark)
    return Marks(marks)


def write_marks(marks: Marks) -> dict[str, str]:
    """Return the form in which store and anchor keep marks."""
    return {f"{ledger}/{kind}": pack(mark).decode() for (ledger, kind), mark in marks.marks.items()}


def own_keys(record: TrustRecord) -> frozenset[Digest]:
    """Return the key ids of the product instance's own licensing keys."""
    return frozenset(record.keys)
