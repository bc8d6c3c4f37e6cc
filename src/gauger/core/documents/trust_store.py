"""What one process trusts, and the one verifier of signed documents (`spec/signers.md`).

Trust starts from what an operator pinned: a root set and manufacturers. A key or address that a
document brings along is never followed; a certificate in a signature block only says which of the
pinned keys to try.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from gauger.core.documents import keyring
from gauger.core.documents.envelope import (
    BODY_CAPS,
    DOCUMENT_CAP,
    DirectSignature,
    Document,
    PageSignature,
)
from gauger.core.documents.keyring import Certificate
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.page import PageHead, SignedHead, verify_leaf
from gauger.core.documents.root_set import ListedSigner, RootSet
from gauger.core.documents.signature_memo import SignatureMemo
from gauger.core.fields import Fields
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.problems import Problem
from gauger.core.strict_json import decode, encode

_MAXIMUM_ACCOUNTS: Final = 64


def expiry_time(build_date: int, root_set: RootSet | None, own_clock: int | None) -> int:
    """Return the instant at which expiry is judged: the latest that is known to be past.

    Nothing that a signer alone signs moves it, so a stolen signer cannot make others expire.

    Args:
        build_date: When this software was built.
        root_set: The newest root set held, or None.
        own_clock: Own wall clock, or None where it was never set.
    """
    known = [build_date]
    if root_set is not None:
        known.append(root_set.issued_at)
    if own_clock is not None:
        known.append(own_clock)
    return max(known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """What a delegated signer is bound to.

    Attributes:
        accounts: The accounts whose documents it may sign.
        ledger: The only ledger it may sign for, or None.
    """

    accounts: tuple[AccountRef, ...]
    ledger: str | None = None

    @classmethod
    def from_text(cls, text: str) -> "Delegation":
        """Read the text of the certificate extension.

        Raises:
            Problem: ``malformed``.
        """
        what = "the delegation"
        fields = Fields(decode(text, what=what, cap=DOCUMENT_CAP), what)
        accounts = tuple(
            AccountRef(
                item.text("smart_account", limit=253), item.text("virtual_account", limit=128)
            )
            for item in fields.items("accounts", limit=_MAXIMUM_ACCOUNTS)
        )
        return cls(accounts=accounts, ledger=fields.optional_hex_id("ledger"))

    def to_text(self) -> str:
        """Return the text of the certificate extension."""
        accounts = [account.to_json() for account in self.accounts]
        return encode({"accounts": accounts, "ledger": self.ledger})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a verified signature proves.

    Attributes:
        document: The document.
        signer: The certificate of who signed.
        issuer: The ledger id that the document names.
        accounts: The accounts that a delegated signer is bound to, or None.
        head: The page head that covers the document, or None for a direct signature.
        fields: The decoded body.
    """

    document: Document
    signer: Certificate
    issuer: str
    accounts: tuple[AccountRef, ...] | None
    head: PageHead | None
    fields: Fields = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class _Signer:
    certificate: Certificate
    ledger: str | None
    accounts: tuple[AccountRef, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """The pinned root set and manufacturers of one process.

    Attributes:
        root_set: The newest root set held, or None.
        root_digest: Digest of that root set's body, or None.
        manufacturers: Who certifies product instances.
        accepts_test_clock: Whether documents of processes under a test clock are taken.
        former: Signers of earlier root sets that the newest one does not list any more.
        memo: Signatures that are known to hold; no part of the value.
    """

    root_set: RootSet | None = None
    root_digest: Digest | None = None
    manufacturers: tuple[Manufacturer, ...] = ()
    accepts_test_clock: bool = False
    former: tuple[ListedSigner, ...] = ()
    memo: SignatureMemo = field(default_factory=SignatureMemo, compare=False, repr=False)
    _revoked: frozenset[Digest] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Thousands may be revoked, and every report asks.
        revoked = () if self.root_set is None else self.root_set.revoked
        object.__setattr__(self, "_revoked", frozenset(revoked))

    def with_test_clock(self, *, accepted: bool = True) -> "TrustStore":
        """Return this store with documents of a test clock accepted or refused."""
        return replace(self, accepts_test_clock=accepted)

    def with_manufacturer(self, manufacturer: Manufacturer) -> "TrustStore":
        """Return this store with one manufacturer more, or a newer file of one it has."""
        # By name: a maker's newer file replaces its older one, and never another maker's.
        others = (held for held in self.manufacturers if held.name != manufacturer.name)
        return replace(self, manufacturers=(*others, manufacturer))

    def pin(self, document: Document) -> "TrustStore":
        """Return this store with a root set that its operator chose to trust.

        Raises:
            Problem: ``conflict`` where one is held already, which only its own keys replace;
                ``root-threshold``, ``malformed`` and others where it is not whole.
        """
        if self.root_set is not None:
            detail = f"Root set {self.root_set.number} is held; only its keys can replace it."
            raise Problem("conflict", detail)
        root_set = RootSet.from_document(document)
        root_set.require_threshold(document)
        return self._holding(root_set, document)

    def advance(self, document: Document) -> "TrustStore":
        """Return this store with the next root set.

        An expired root set can still be followed: otherwise a device that was off for long could
        never be reached again. What it signs for is judged when it is used.

        Args:
            document: The root set with the next number, or the one that is held.

        Raises:
            Problem: ``root-threshold`` where the keys of the set held, or its own, did not sign;
                ``root-skipped``, ``stale-version``, ``version-conflict``, ``test-clock``.
        """
        held = self._held()
        root_set = RootSet.from_document(document)
        if root_set.number == held.number and document.digest == self.root_digest:
            return self
        _require_next(held, root_set)
        # Twofold, as in TUF: those who are trusted say who follows, and those who follow show that
        # their keys are in somebody's hands, or nobody could ever replace them.
        held.require_threshold(document)
        root_set.require_threshold(document)
        return self._holding(root_set, document)

    def advance_all(self, documents: Iterable[Document]) -> "TrustStore":
        """Return this store after root sets in rising order; those below the one held are passed.

        Raises:
            Problem: As `advance`.
        """
        store = self
        for document in documents:
            if RootSet.from_document(document).number >= store._held().number:
                store = store.advance(document)
        return store

    def require_not_revoked(self, key_id: Digest) -> None:
        """Check that a key of a signer, trust code or device is not revoked.

        Raises:
            Problem: ``key-revoked``.
        """
        if key_id in self._revoked:
            detail = f"The key {key_id} is revoked by root set {self._held().number}."
            raise Problem("key-revoked", detail, key_id=key_id)

    def verify(
        self, document: Document, *, expected: str, now: int, again: bool = False
    ) -> Verified:
        """Verify an answer or another document of a listed signer, signed by page or directly.

        Args:
            document: The document as received.
            expected: The type that is expected at this place.
            now: What `expiry_time` gives.
            again: Whether it will come again, so that its proof is worth the memory.

        Returns:
            What is proven. Whom the document is for is judged by the caller.

        Raises:
            Problem: ``wrong-type``, ``unknown-key``, ``key-revoked``, ``signer-expired``,
                ``root-expired``, ``signature-invalid``, ``not-permitted``, ``test-clock``, and
                ``malformed`` or another refusal of the decoder.
        """
        # The place decides what it may be and not the document: no ACK is obeyed as a policy.
        if document.type != expected:
            detail = f"A document of type {expected} is expected; this is of {document.type!r}."
            raise Problem("wrong-type", detail)
        # What was signed is a fact for ever; whom to believe is judged anew each time.
        known = self.memo.opened(document)
        fields = _open(document) if known is None else known
        signer, head = self._verify_block(document, now, is_proven=known is not None)
        if again and known is None:
            self.memo.remember(document, fields)
        issuer = fields.hex_id("issuer")
        _require_ledger(signer, issuer, head)
        _require_account(signer, fields)
        self._require_clock(under_test=fields.boolean("test_clock", default=False))
        return Verified(
            document=document,
            signer=signer.certificate,
            issuer=issuer,
            accounts=signer.accounts,
            head=head,
            fields=fields,
        )

    def _verify_block(
        self, document: Document, now: int, *, is_proven: bool
    ) -> tuple[_Signer, PageHead | None]:
        match document.signature:
            case PageSignature() as block:
                signer, head = self._verify_head(SignedHead.of(block), now, is_proven=is_proven)
                if not is_proven:
                    verify_leaf(document, block, head)
                return signer, head
            case DirectSignature(chain=chain, value=value):
                signer = self._authorise(chain, now)
                if not is_proven:
                    keyring.verify(signer.certificate.public_key, document.preimage, value)
                return signer, None
            case _:
                # Threshold and pair blocks have verifiers of their own, with rules of their own.
                detail = f"A document of type {document.type} is not signed in this way."
                raise Problem("wrong-type", detail)

    def verify_as_issued(
        self, document: Document, *, expected: str, issued_at: int, now: int
    ) -> Verified:
        """Verify a document as of the day when it was issued, its signer perhaps rotated out.

        For what lies on a shelf for years before it is first shown, and cannot be signed anew
        there. That the signer was rotated or its certificate ended says nothing against what it
        signed before; that it was stolen does, and is what revocation says.

        Args:
            document: The document as received.
            expected: The type that is expected at this place.
            issued_at: When it says that it was issued, epoch seconds.
            now: What `expiry_time` gives; the root set must hold at it.

        Raises:
            Problem: As `verify`; ``key-revoked`` whoever listed the signer once.
        """
        root_set = self._held()
        if now > root_set.expires_at:
            raise Problem("root-expired", f"Root set {root_set.number} has expired.")
        block = document.signature
        top = block.chain[-1:] if isinstance(block, PageSignature | DirectSignature) else ()
        # By the exact certificate: the same key under another one was never listed.
        ever = tuple(one for one in (*root_set.signers, *self.former) if (one.certificate,) == top)
        # One that is revoked stays so: `verify` asks the present root set.
        eased = replace(self, root_set=replace(root_set, signers=ever[:1]))
        # With the day of issue as the time, so the certificate must have been good on that day.
        return eased.verify(document, expected=expected, now=issued_at)

    def require_signer(self, chain: tuple[bytes, ...], *, ledger: str, now: int) -> None:
        """Check that whoever trusts this root set believes a signer of a ledger.

        An authority asks before it signs, or gives an answer again.

        Args:
            chain: DER certificates, the signer's own first.
            ledger: Id of the ledger that it signs for.
            now: What `expiry_time` gives.

        Raises:
            Problem: ``unknown-key``, ``key-revoked``, ``signer-expired`` or ``root-expired``.
        """
        _require_bound(self._authorise(chain, now), ledger)

    def verify_head(self, signed: SignedHead, *, now: int) -> PageHead:
        """Verify a page head alone, as a device or a receipt shows it.

        Raises:
            Problem: As `verify`.
        """
        return self._verify_head(signed, now)[1]

    def verify_sudi(self, chain: tuple[bytes, ...], udi: Udi, now: int) -> Certificate:
        """Verify that a certificate is the SUDI of a product instance.

        Only the first certificate is looked at; who may have issued it is pinned.

        Args:
            chain: DER certificates, the SUDI first.
            udi: Whose it must be.
            now: Taken as every verifier takes it; a SUDI's dates are not judged, because a
                device outlives them and revocation is what ends it.

        Returns:
            The SUDI certificate.

        Raises:
            Problem: ``unknown-key`` where no manufacturer that is known declares this product
                instance or issued the certificate; ``wrong-subject`` where it is the SUDI of
                another; ``key-revoked``; ``signature-invalid`` where it was forged.
        """
        del now
        if not chain:
            raise Problem("signature-missing", f"No certificate of {udi} came along.")
        certificate = keyring.load_certificate(chain[0])
        self.require_not_revoked(certificate.key_id)
        subject = keyring.sudi_udi(certificate)
        if subject != udi:
            raise Problem("wrong-subject", f"The certificate is that of {subject}, not of {udi}.")
        self._require_issued(certificate, udi)
        return certificate

    def _require_issued(self, certificate: Certificate, udi: Udi) -> None:
        """Try every manufacturer of the issuer's name: one that renewed its key has two."""
        refusal: Problem | None = None
        for maker in self.manufacturers:
            # Declared as well as issued: a maker's CA vouches only for what the operator took it
            # for.
            if maker.declares(udi) and certificate.names_issuer(maker.certificate):
                try:
                    return self.memo.verify_issued(certificate, maker.certificate)
                except Problem as problem:
                    refusal = problem
        if refusal is not None:
            raise refusal
        detail = f"No manufacturer known here declares {udi} and issued this certificate."
        raise Problem("unknown-key", detail, key_id=certificate.key_id)

    def declares(self, udi: Udi) -> bool:
        """Tell whether a known manufacturer says that it makes this product instance."""
        return any(manufacturer.declares(udi) for manufacturer in self.manufacturers)

    def _held(self) -> RootSet:
        if self.root_set is None:
            raise Problem("unknown-key", "No root set is held here, so no signer is trusted.")
        return self.root_set

    def _holding(self, root_set: RootSet, document: Document) -> "TrustStore":
        self._require_clock(under_test=root_set.test_clock)
        listed = {signer.certificate for signer in root_set.signers}
        earlier = () if self.root_set is None else self.root_set.signers
        former = tuple(
            signer
            for signer in dict.fromkeys((*self.former, *earlier))
            if signer.certificate not in listed
        )
        return replace(self, root_set=root_set, root_digest=document.digest, former=former)

    def _require_clock(self, *, under_test: bool) -> None:
        if under_test and not self.accepts_test_clock:
            detail = "The document was signed by a process whose clock a test moves."
            raise Problem("test-clock", detail)

    def _verify_head(
        self, signed: SignedHead, now: int, *, is_proven: bool = False
    ) -> tuple[_Signer, PageHead]:
        signer = self._authorise(signed.chain, now)
        head = signed.read()
        if not is_proven:
            key = signer.certificate.public_key
            self.memo.verify(key, signed.document.preimage, signed.value)
        # Otherwise a head would be said to be of another, who still stands when this one is revoked.
        if head.signer != signer.certificate.key_id:
            raise Problem("signature-invalid", "The page names another signer than its own.")
        _require_bound(signer, head.ledger)
        self._require_clock(under_test=head.test_clock)
        return signer, head

    def _authorise(self, chain: tuple[bytes, ...], now: int) -> _Signer:
        """Find what the root set says about the signer of a chain, and judge it."""
        root_set = self._held()
        if not chain:
            raise Problem("signature-missing", "A signature names no certificate of its signer.")
        if now > root_set.expires_at:
            raise Problem("root-expired", f"Root set {root_set.number} has expired.")
        certificates = [keyring.load_certificate(der) for der in chain]
        # Each of the chain: a revoked delegate would live on under the signer that certified it.
        for certificate in certificates:
            self.require_not_revoked(certificate.key_id)
        top = certificates[-1]
        listed = root_set.signer(top.key_id)
        # Not by its key alone: another certificate over it may name later dates, or let it delegate.
        if listed is None or listed.certificate != top.der:
            detail = f"The signer {top.key_id} is not one of root set {root_set.number}."
            raise Problem("unknown-key", detail, key_id=top.key_id)
        for certificate in certificates:
            _require_current(certificate, now)
        if len(certificates) == 1:
            return _Signer(top, listed.ledger, None)
        return self._delegated(certificates, listed)

    def _delegated(self, certificates: list[Certificate], listed: ListedSigner) -> _Signer:
        certificate, issuer = certificates[0], certificates[-1]
        # One level and no more: a delegate that delegates would escape the accounts it is bound to.
        if len(certificates) != 2 or not listed.delegates or certificate.delegation is None:
            detail = "The signer is certified by one that the root set does not let delegate so."
            raise Problem("unknown-key", detail, key_id=certificate.key_id)
        self.memo.verify_issued(certificate, issuer)
        delegation = Delegation.from_text(certificate.delegation)
        return _Signer(certificate, delegation.ledger, delegation.accounts)


def _require_next(held: RootSet, root_set: RootSet) -> None:
    number = root_set.number
    if number == held.number:
        raise Problem("version-conflict", f"Root set {number} is held with another content.")
    if number < held.number or root_set.epoch < held.epoch:
        detail = f"Root set {number} of epoch {root_set.epoch} is older than what is held:"
        raise Problem("stale-version", f"{detail} {held.number} of epoch {held.epoch}.")
    # A set that is skipped may hold a revocation, or keys that must have signed the next.
    if number > held.number + 1:
        raise Problem("root-skipped", f"Root set {held.number} is held; {number} was offered.")


def _require_current(certificate: Certificate, now: int) -> None:
    if now > certificate.not_after:
        detail = f"The certificate of the signer {certificate.key_id} has expired."
        raise Problem("signer-expired", detail, key_id=certificate.key_id)


def _open(document: Document) -> Fields:
    what = f"the {document.type} document"
    cap = BODY_CAPS.get(document.type, DOCUMENT_CAP)
    fields = Fields(decode(document.body, what=what, cap=cap), what)
    # Both are signed. Where they differ, one reader goes by this one and another by that.
    if fields.text("type") != document.type or fields.integer("version") != document.version:
        raise Problem("wrong-type", f"Inside, {what} says that it is something else.")
    return fields


def _require_ledger(signer: _Signer, issuer: str, head: PageHead | None) -> None:
    if head is not None and head.ledger != issuer:
        detail = f"The document names ledger {issuer}, its page {head.ledger}."
        raise Problem("signature-invalid", detail)
    _require_bound(signer, issuer)


def _require_bound(signer: _Signer, ledger: str) -> None:
    if signer.ledger not in (None, ledger):
        detail = f"The signer is bound to ledger {signer.ledger}, not to {ledger}."
        raise Problem("unknown-key", detail, key_id=signer.certificate.key_id)


def _require_account(signer: _Signer, fields: Fields) -> None:
    """Hold a delegated signer to its accounts: a stolen On-Prem key harms no other customer."""
    if signer.accounts is None:
        return
    account = fields.optional_account("account")
    if account not in signer.accounts:
        detail = f"The signer is bound to its accounts; the document is for {account}."
        raise Problem("not-permitted", detail)
