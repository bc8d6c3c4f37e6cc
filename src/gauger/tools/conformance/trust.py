"""Root sets, page heads, receipts and device certificates, each by the verifier of its role."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gauger.adapters.entropy import SystemEntropy
from gauger.core.documents import keyring
from gauger.core.documents.envelope import read_document
from gauger.core.documents.page import HEAD_CAP, SignedHead, verify_continuation
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.trust_store import expiry_time
from gauger.core.fields import Fields
from gauger.core.problems import Problem
from gauger.core.strict_json import decode
from gauger.tools.conformance.desk import Desk, Says
from gauger.tools.conformance.reading import read_whole
from gauger.tools.verify_receipt import Examiner
from gauger.tools.workshop import Workshop

_PROOF_CAP = 256 * 1024
_LONGEST_PATH = 64


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still: a verdict depends on nothing but its inputs.

    Attributes:
        now: What it shows, epoch seconds.
        is_test: Whether documents of a test clock are taken.
    """

    now: int
    is_test: bool

    def wall(self) -> int:
        """Return the wall time, epoch seconds."""
        return self.now

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return 0.0


def judge_root_set(desk: Desk, path: Path) -> Says:
    """Judge a root set: the next one, or the first where none is pinned."""
    document = read_document(read_whole(path))
    store = desk.trust
    desk.trust = store.pin(document) if store.root_set is None else store.advance(document)
    root_set = RootSet.from_document(document)
    return {
        "digest": document.digest,
        "number": root_set.number,
        "epoch": root_set.epoch,
        "held": desk.trust.root_digest,
    }


def judge_head(desk: Desk, path: Path) -> Says:
    """Judge a signed page head, as a product instance sends it back."""
    return _head_says(_read_head(desk, _object(path, 4 * HEAD_CAP, "the signed head")))


def judge_proof(desk: Desk, path: Path) -> Says:
    """Judge two signed heads of one ledger and the paths between them."""
    fields = _object(path, _PROOF_CAP, "the proof")
    earlier, later = fields.child("earlier"), fields.child("later")
    heads = [_read_head(desk, one) for one in (earlier, later)]
    verify_continuation(
        heads[0].document,
        heads[1].document,
        inclusion=_path(fields, "inclusion"),
        consistency=_path(fields, "consistency"),
    )
    return {"earlier": _head_says(heads[0]), "later": _head_says(heads[1])}


def judge_sudi(desk: Desk, path: Path) -> Says:
    """Judge the certificate of a product instance, with or without what stands above it."""
    chain = keyring.certificates_from_pem(read_whole(path))
    # Without an expectation the certificate is asked only whether it is somebody's.
    udi = desk.expected.udi or keyring.sudi_udi(keyring.load_certificate(chain[0]))
    certificate = desk.trust.verify_sudi(chain, udi, _instant(desk))
    return {"udi": udi.to_json(), "key_id": certificate.key_id}


def examiner(desk: Desk, root_sets: Path) -> Examiner:
    """Return the prover of receipts for the newest root set of a trust folder."""
    clock = FixedClock(desk.now, desk.trust.accepts_test_clock)
    # One for all files of a question: a fork shows only between two of them.
    return Examiner(root_sets, Workshop(clock, SystemEntropy()))


def judge_receipt(examiner: Examiner, path: Path) -> Says:
    """Judge an ACK file as an auditor does, together with those before it."""
    proofs = list(examiner.examine(path))
    for proof in proofs:
        # A receipt file is good or not as a whole here; who wants each answer calls
        # `verify-receipt`.
        if proof.problem is not None:
            raise proof.problem
    # All of nothing holds: an empty file must not be a proof.
    if not proofs:
        raise Problem("wrong-type", "The file holds no answer that could prove anything.")
    return {"proven": [proof.digest for proof in proofs]}


def _object(path: Path, cap: int, what: str) -> Fields:
    return Fields(decode(read_whole(path), what=what, cap=cap), what)


def _read_head(desk: Desk, fields: Fields) -> SignedHead:
    signed = SignedHead.from_fields(fields)
    desk.trust.verify_head(signed, now=_instant(desk))
    return signed


def _head_says(signed: SignedHead) -> Says:
    head = signed.read()
    return {"ledger": head.ledger, "epoch": head.epoch.number, "page": head.page}


def _path(fields: Fields, name: str) -> Sequence[bytes]:
    # A path is as long as a tree is high: 64 is a tree of more pages than anybody writes.
    return [bytes.fromhex(one) for one in fields.digests(name, limit=_LONGEST_PATH)]


def _instant(desk: Desk) -> int:
    return expiry_time(desk.build_date, desk.trust.root_set, desk.now)
