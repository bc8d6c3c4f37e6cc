"""Proves the answers of ACK files offline, with nothing but a root set (`spec/receipts.md`)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Final

from gauger.adapters.keys.trust_folder import read_newest_root_set
from gauger.core.documents.acknowledgment import Acknowledgment
from gauger.core.documents.answer_items import READERS, document_in
from gauger.core.documents.body import Answer
from gauger.core.documents.envelope import DOCUMENT_CAP, Document, PageSignature, read_document
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.smart_license import TO_INSTANCE, Caps, Item, ItemKind, read_items
from gauger.core.documents.trust_store import TrustStore, Verified, expiry_time
from gauger.core.documents.verdict import Verdict
from gauger.core.identity import Digest, digest
from gauger.core.problems import Problem
from gauger.tools.finding import date_text
from gauger.tools.receipt_usage import read_chunks, read_usage
from gauger.tools.workshop import Workshop

_CHUNK: Final = 64 * 1024
# One piece more than a document may be long: its own reader then says that it is too large.
_MOST_CHUNKS: Final = DOCUMENT_CAP // _CHUNK + 1
# An auditor's file comes from anybody: two gigabytes, as a portal takes, and no more.
_CAPS: Final = Caps(total=2 * 1024**3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is proven of one answer, or why nothing is.

    Attributes:
        title: The answer in words.
        digest: Digest of its body.
        file: The file that it stands in.
        facts: What is proven, by name.
        problem: Why it is not proven, or None.
    """

    title: str
    digest: Digest
    file: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    problem: Problem | None = None

    @property
    def holds(self) -> bool:
        """Whether the answer is proven."""
        return self.problem is None

    def to_json(self) -> dict[str, object]:
        """Return the form that programs read."""
        return {
            "title": self.title,
            "digest": self.digest,
            "file": self.file,
            "proven": self.holds,
            "facts": dict(self.facts),
            "problem": None if self.problem is None else self.problem.to_json(),
        }

    def to_text(self) -> str:
        """Return the lines that people read."""
        lines = [f"{'PROVEN' if self.holds else 'NOT PROVEN'}: {self.title}"]
        if self.file:
            lines.append(f"  {'in':<14} {self.file}")
        lines.append(f"  {'digest':<14} {self.digest}")
        lines += [f"  {name:<14} {value}" for name, value in self.facts.items()]
        if self.problem is not None:
            lines.append(f"  {self.problem.kind.title} ({self.problem.code}).")
            lines.append(f"  {self.problem.detail}")
            lines.append(f"  Next: {self.problem.kind.next_step}")
        return "\n".join(lines)


class Examiner:
    """Proves answers one after another and remembers which page heads it has seen.

    Attributes:
        store: What is trusted; root sets in the files that follow the pinned one are followed.
        proven: Answers that were proven.
        refused: Answers that were not.
    """

    def __init__(self, root_set: Path, workshop: Workshop, usage: Iterable[Path] = ()) -> None:
        """Pin a root set.

        Args:
            root_set: The root set that its reader trusts: its file, or a folder's newest.
            workshop: The clock by which expiry is judged.
            usage: Usage files whose reports the answers are matched with.

        Raises:
            Problem: Where the root set cannot be read or does not hold in itself, or a usage file
                cannot be read.
        """
        store = TrustStore(accepts_test_clock=workshop.clock.is_test)
        self.store = store.pin(read_newest_root_set(root_set))
        self.proven = 0
        self.refused = 0
        # Once: that a run takes minutes must not make two answers of one file differ.
        self._now = workshop.now()
        self._listed: set[Digest] = set()
        self._heads: dict[tuple[str, int, int], Digest] = {}
        self._in_hand = {one.digest: one.text for one in read_usage(usage)}
        self._answered: set[Digest] = set()

    @property
    def unanswered(self) -> tuple[str, ...]:
        """What the usage files hold and no proven answer names, in their order."""
        return tuple(t for digest, t in self._in_hand.items() if digest not in self._answered)

    def examine(self, path: Path) -> Iterator[Proof]:
        """Prove every answer of an ACK file, or the one signed document in a file.

        Args:
            path: An ACK file, or a document in its written form.

        Yields:
            A proof for each answer, in order; a last one that does not hold where the file, or its
            rest, cannot be read. An auditor gives many files: one bad one must not hide the others.
        """
        # By file: an ACK of another file must not vouch for a companion put in here.
        self._listed.clear()
        for proof in self._guarded(path):
            self.proven += proof.holds
            self.refused += not proof.holds
            yield replace(proof, file=str(path))

    def _guarded(self, path: Path) -> Iterator[Proof]:
        count = 0
        try:
            for proof in self._proofs(path):
                count += 1
                yield proof
        except Problem as problem:
            title = "the rest of the file" if count else "the file as a whole"
            yield Proof(title=title, digest=digest(b""), problem=problem)

    def _proofs(self, path: Path) -> Iterator[Proof]:
        chunks = read_chunks(path)
        first = next(chunks, b"")
        # Mail programs and editors put a mark and blanks before it.
        if first.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            whole = b"".join((first, *islice(chunks, _MOST_CHUNKS)))
            yield self._prove_answer(read_document(whole), alone=True)
            return
        for item in read_items(chain([first], chunks), caps=_CAPS, wanted=TO_INSTANCE):
            proof = self._prove(item)
            if proof is not None:
                yield proof

    def _prove(self, item: Item) -> Proof | None:
        """Prove one item of a file; a root set is followed, and no proof is given of it."""
        try:
            document = _document(item)
            if document.type == RootSet.TYPE:
                # Followed as a device does it, so that an old pin proves answers of newer signers.
                self.store = self.store.advance_all([document])
                return None
        except Problem as problem:
            title = f"item {item.index + 1} of the file ({item.name})"
            return Proof(title=title, digest=digest(item.text.encode()), problem=problem)
        return self._prove_answer(document, alone=False)

    def _prove_answer(self, document: Document, *, alone: bool) -> Proof:
        title = f"a document of type {document.type}"
        try:
            body = _body(document)
            title = _title(body)
            now = expiry_time(0, self.store.root_set, self._now)
            verified = self.store.verify(document, expected=document.type, now=now)
            # After the signature: a forged head must not make an honest one look like the fork.
            self._require_one_ledger(verified)
            self._require_listed(document, body, alone=alone)
            facts = {
                "proves": _meaning(body, verified),
                **_facts(body),
                **self._match(body),
                **self._signature_facts(verified),
            }
        except Problem as problem:
            return Proof(title=title, digest=document.digest, problem=problem)
        return Proof(title=title, digest=document.digest, facts=facts)

    def _require_one_ledger(self, verified: Verified) -> None:
        """Refuse a second head of one page: the authority showed two views of its ledger."""
        head, block = verified.head, verified.document.signature
        if head is None or not isinstance(block, PageSignature):
            return
        place = (head.ledger, head.epoch.number, head.page)
        seen = digest(block.head)
        # The first one seen stays: which of two is the lie, nobody can tell from here.
        if self._heads.setdefault(place, seen) != seen:
            detail = f"Ledger {head.ledger} shows two heads of page {head.page}: it was forked."
            raise Problem("version-conflict", detail, seen=self._heads[place], shown=seen)

    def _require_listed(self, document: Document, body: Answer, *, alone: bool) -> None:
        """Hold companions to the ACKs of their file; a document that stands alone needs none."""
        if isinstance(body, Acknowledgment):
            self._listed.update(companion.digest for companion in body.companions)
        # Or parts of two answers could be put together to one that was never given.
        elif not isinstance(body, Verdict) and not alone and document.digest not in self._listed:
            raise Problem("wrong-bundle", f"No ACK of the file lists this {body.TYPE}.")

    def _match(self, body: Answer) -> dict[str, str]:
        """Match an answer with the report in hand."""
        if body.answers is None or not self._in_hand:
            return {}
        self._answered.add(body.answers)
        found = self._in_hand.get(body.answers)
        return {"in hand": found or "not in the usage files given with --usage"}

    def _signature_facts(self, verified: Verified) -> dict[str, str]:
        name = verified.signer.common_name or "without a name"
        root_set = self.store.root_set
        number = 0 if root_set is None else root_set.number
        facts = {"ledger": verified.issuer}
        if verified.head is not None and isinstance(verified.document.signature, PageSignature):
            head = verified.head
            facts["page"] = (
                f"{head.page} of epoch {head.epoch.number}, signed {date_text(head.issued_at)}; "
                f"answer {verified.document.signature.index} of {head.leaf_count - 1}"
            )
        facts["signed by"] = f"{verified.signer.key_id} ({name}), trusted by root set {number}"
        if verified.accounts is not None:
            bound = ", ".join(map(str, verified.accounts))
            facts["on behalf of"] = f"a delegating signer, for {bound} only"
        return facts


def _document(item: Item) -> Document:
    # Refused, not passed over: an auditor must know that something was not looked at.
    if item.kind is ItemKind.UNKNOWN:
        raise Problem("upgrade-needed", f"The element {item.name} is not known here.")
    return document_in(item)


def _body(document: Document) -> Answer:
    if document.type not in READERS:
        raise Problem("wrong-type", f"A document of type {document.type} is no answer.")
    return READERS[document.type](document)


def _title(body: Answer) -> str:
    if isinstance(body, Acknowledgment):
        what = "the trust request" if body.report_id is None else f"RUM report {body.report_id}"
        return f"ACK of {what} of {body.udi}"
    if isinstance(body, Verdict):
        return f"verdict on a document of {body.udi}: {body.verdict}"
    return f"{body.TYPE.replace('-', ' ')} for {body.udi or body.account or 'every account'}"


def _meaning(body: Answer, verified: Verified) -> str:
    """Say in one sentence what an auditor may rely on."""
    ledger = f"ledger {verified.issuer}"
    if isinstance(body, Acknowledgment):
        what = "the trust request" if body.report_id is None else f"RUM report {body.report_id}"
        return f"{ledger} has had {what} of {body.udi} since {date_text(body.received_at)}"
    if isinstance(body, Verdict):
        when = date_text(body.issued_at)
        return f"{ledger} judged a document of {body.udi} as {body.verdict} at {when}"
    return f"{ledger} issued it at {date_text(body.issued_at)}, as it stands"


def _facts(body: Answer) -> dict[str, str]:
    """Return what the answer itself says."""
    facts = {}
    if body.answers is not None:
        facts["answers"] = f"the document with SHA-256 {body.answers}"
    if isinstance(body, Acknowledgment):
        facts["received"] = date_text(body.received_at)
        if body.flags:
            facts["flags"] = ", ".join(body.flags)
    if isinstance(body, Verdict):
        facts["reason"] = f"{body.code}: {body.detail}"
    if body.account is not None:
        facts["account"] = str(body.account)
    facts["issued"] = date_text(body.issued_at)
    # Proven, but by a test: an auditor must not take it for a receipt.
    if body.test_clock:
        facts["note"] = "made under a test clock: it proves nothing outside a test system"
    return facts
