"""Receipts: what a root set alone proves of an ACK file."""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from gauger.core.documents import keyring
from gauger.core.documents.acknowledgment import Acknowledgment, AnsweredType, Companion
from gauger.core.documents.body import Answer
from gauger.core.documents.envelope import Document, write_document
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.root_set import ListedSigner, RootKey
from gauger.core.documents.smart_license import Item, ItemKind, write_file
from gauger.core.documents.trust_store import Delegation
from gauger.core.documents.verdict import Ruling, Verdict
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, digest
from gauger.tools.verify_receipt import Examiner, Proof
from tests.core.documents.material import (
    LEDGER,
    NOW,
    TERMS,
    UDI,
    Authority,
    key,
    refused,
    root_set,
    signed_root,
    signer_certificate,
)
from tests.core.documents.report_material import PAYLOAD, item, report
from tests.core.documents.test_trust_request import REQUEST, signed
from tests.tools.material import SetClock, workshop

ACCOUNT = AccountRef("example.com", "DEFAULT")
POLICY = PolicyDocument(
    issued_at=NOW,
    issuer=LEDGER,
    account=ACCOUNT,
    order=Order(1, 1, 1),
    name="p",
    ack_required=True,
    rules={},
)
KINDS = {
    "root-set": ItemKind.ROOT_SET,
    "ack": ItemKind.RUM_ACK,
    "verdict": ItemKind.RUM_ACK,
    "policy": ItemKind.POLICY,
}


def ack(number: int | None = 7, *, companions: Sequence[Answer] = ()) -> Acknowledgment:
    return Acknowledgment(
        issued_at=NOW,
        issuer=LEDGER,
        account=ACCOUNT,
        udi=UDI,
        answers=digest(b"%d" % (number or 0)),
        answers_type=AnsweredType.RUM_REPORT if number else AnsweredType.TRUST_REQUEST,
        report_id=number,
        flags=("gap",),
        companions=tuple(Companion(each.TYPE, digest(each.encode())) for each in companions),
        received_at=NOW,
    )


VERDICT = Verdict(
    issued_at=NOW,
    issuer=LEDGER,
    account=None,
    udi=UDI,
    answers=digest(b"x"),
    verdict=Ruling.REJECTED,
    code="belongs-elsewhere",
    detail="No.",
)


def paged(bodies: Iterable[Answer], signer: Authority | None = None) -> list[Document]:
    """Sign each answer on a page of its own, counted from 0."""
    authority = signer or Authority()
    pages = ((number, body.TYPE, json.loads(body.encode())) for number, body in enumerate(bodies))
    return [authority.paged([body], kind, page=number)[0] for number, kind, body in pages]


def saved(path: Path, documents: Iterable[Document]) -> Path:
    items = (Item(kind=KINDS[each.type], text=write_document(each)) for each in documents)
    path.write_bytes(b"".join(write_file(items)))
    return path


@pytest.fixture
def pinned(tmp_path: Path) -> Path:
    path = tmp_path / "root-set-1.json"
    path.write_text(write_document(signed_root(root_set())))
    return path


def examined(pinned: Path, *files: Path, now: int = NOW) -> list[Proof]:
    examiner = Examiner(pinned, workshop(SetClock(now)))
    proofs = [proof for file in files for proof in examiner.examine(file)]
    assert examiner.proven + examiner.refused == len(proofs)
    return proofs


def test_an_ack_file_is_proven_with_the_root_set_alone(pinned: Path, tmp_path: Path) -> None:
    answers = paged([ack(companions=[POLICY]), ack(None), VERDICT, POLICY])
    proofs = examined(pinned, saved(tmp_path / "a.xml", answers))
    assert [proof.problem for proof in proofs] == [None] * 4
    text = proofs[0].to_text()
    assert text.startswith(f"PROVEN: ACK of RUM report 7 of {UDI}")
    for part in (digest(b"7"), "0 of epoch 1", "answer 0 of 0", LEDGER, key(11).key_id, "gap"):
        assert part in text
    assert proofs[1].title == f"ACK of the trust request of {UDI}"
    assert "belongs-elsewhere: No." in proofs[2].facts["reason"]
    assert proofs[3].title == "policy for example.com/DEFAULT"


def test_one_document_is_proven_alone(pinned: Path, tmp_path: Path) -> None:
    papers = paged([ack(), POLICY])
    (tmp_path / "ack.json").write_text("\n" + write_document(papers[0]))
    (tmp_path / "policy.json").write_text(write_document(papers[1]))
    proofs = examined(pinned, tmp_path / "ack.json", tmp_path / "policy.json")
    assert all(proof.holds for proof in proofs)


def test_root_sets_in_the_file_are_followed(pinned: Path, tmp_path: Path) -> None:
    signer = Authority(number=12, chain=(signer_certificate(12),))
    following = root_set(
        number=2,
        keys=tuple(RootKey.of(key(number).public_key) for number in (4, 5, 6)),
        signers=(ListedSigner.of(signer_certificate(12)),),
    )
    papers = [signed_root(root_set()), signed_root(following, 1, 2, 4, 5), *paged([ack()], signer)]
    proofs = examined(pinned, saved(tmp_path / "a.xml", papers))
    assert [proof.holds for proof in proofs] == [True]
    assert "trusted by root set 2" in proofs[0].facts["signed by"]


@pytest.mark.threat("C4", role="tools")
def test_a_root_set_of_a_stranger_is_not_followed(pinned: Path, tmp_path: Path) -> None:
    papers = [signed_root(root_set(number=2), 4, 5), *paged([ack()])]
    proofs = examined(pinned, saved(tmp_path / "a.xml", papers))
    assert [proof.problem and proof.problem.code for proof in proofs] == ["root-threshold", None]


@pytest.mark.threat("A5", role="tools")
def test_an_ack_of_a_stranger_is_not_proven(pinned: Path, tmp_path: Path) -> None:
    stranger = Authority(number=66, chain=(signer_certificate(66),))
    proof = examined(pinned, saved(tmp_path / "a.xml", paged([ack()], stranger)))[0]
    assert proof.problem is not None
    assert proof.problem.code == "unknown-key"
    text = proof.to_text()
    assert text.startswith("NOT PROVEN: ACK of RUM report 7")
    assert "Next: " in text
    assert json.loads(json.dumps(proof.to_json()))["problem"]["code"] == "unknown-key"


@pytest.mark.threat("B5", role="tools")
def test_an_altered_ack_is_not_proven(pinned: Path, tmp_path: Path) -> None:
    paper = paged([ack()])[0]
    altered = dataclasses.replace(paper, body=paper.body.replace(b"gap", b"gaq"))
    proof = examined(pinned, saved(tmp_path / "a.xml", [altered]))[0]
    assert proof.problem is not None
    assert proof.problem.code == "signature-invalid"


@pytest.mark.threat("B8", role="tools")
@pytest.mark.parametrize("kind", ["policy", "verdict"])
def test_an_ack_offered_as_something_else_is_not_proven(
    pinned: Path, tmp_path: Path, kind: str
) -> None:
    papers = [dataclasses.replace(one, type=kind) for one in paged([ack()])]
    (proof,) = examined(pinned, saved(tmp_path / "a.xml", papers))
    assert proof.problem is not None
    assert proof.problem.code == "wrong-type"


@pytest.mark.threat("B7", role="tools")
def test_a_companion_that_no_ack_lists_is_not_proven(pinned: Path, tmp_path: Path) -> None:
    proofs = examined(pinned, saved(tmp_path / "a.xml", paged([ack(), POLICY])))
    assert [proof.problem and proof.problem.code for proof in proofs] == [None, "wrong-bundle"]


def test_two_receipts_show_a_forked_ledger(pinned: Path, tmp_path: Path) -> None:
    one = saved(tmp_path / "a.xml", paged([ack(7)]))
    other = saved(tmp_path / "b.xml", paged([ack(8)]))
    proofs = examined(pinned, one, one, other)
    assert [proof.holds for proof in proofs] == [True, True, False]
    assert proofs[2].problem is not None
    assert "forked" in proofs[2].problem.detail


def test_an_expired_signer_proves_nothing_anymore(pinned: Path, tmp_path: Path) -> None:
    file = saved(tmp_path / "a.xml", paged([ack()]))
    proof = examined(pinned, file, now=TERMS.not_after + 1)[0]
    assert proof.problem is not None
    assert proof.problem.code in {"signer-expired", "root-expired"}


def test_a_delegated_signer_is_named_with_its_accounts(tmp_path: Path) -> None:
    top = signer_certificate(21, delegates=True)
    issuer = keyring.Issuer(key=key(21), certificate=keyring.load_certificate(top))
    text = Delegation(accounts=(ACCOUNT,)).to_text()
    bound = keyring.build_delegated(issuer, "Site", key(22).public_key, TERMS, delegation=text)
    listed = (ListedSigner.of(top, delegates=True),)
    (tmp_path / "r.json").write_text(write_document(signed_root(root_set(signers=listed))))
    (tmp_path / "a.json").write_text(
        write_document(Authority(number=22, chain=(bound, top)).direct(json.loads(POLICY.encode())))
    )
    proof = examined(tmp_path / "r.json", tmp_path / "a.json")[0]
    assert "example.com/DEFAULT only" in proof.facts["on behalf of"]
    assert "page" not in proof.facts


def test_what_is_no_answer_is_named(pinned: Path, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(write_document(Authority().direct({}, "receipt")))
    assert [proof.holds for proof in examined(pinned, tmp_path / "a.json")] == [False]
    (tmp_path / "new.xml").write_text("<smartLicense><smartLicenseNew/></smartLicense>")
    problem = examined(pinned, tmp_path / "new.xml")[0].problem
    assert problem is not None
    assert problem.code == "upgrade-needed"


def problems(proofs: Iterable[Proof]) -> list[str | None]:
    return [None if proof.problem is None else proof.problem.code for proof in proofs]


def test_one_file_that_cannot_be_read_does_not_hide_the_others(
    pinned: Path, tmp_path: Path
) -> None:
    good = saved(tmp_path / "good.xml", paged([ack()]))
    usage = b"".join(write_file([Item(kind=ItemKind.RUM_REPORT, text="{}")]))
    (tmp_path / "usage.xml").write_bytes(usage)
    (tmp_path / "large.json").write_bytes(b"{" + bytes(400_000))
    (tmp_path / "cut.xml").write_bytes(good.read_bytes()[:-10])
    names = ("none", "usage.xml", "large.json", "cut.xml", "good.xml")
    proofs = examined(pinned, *(tmp_path / name for name in names))
    codes = ["file-not-found", "wrong-type", "too-large", None, "truncated", None]
    assert problems(proofs) == codes
    assert [proof.title for proof in proofs[2:5:2]] == [
        "the file as a whole",
        "the rest of the file",
    ]
    assert [Path(proof.file).name for proof in proofs] == [*names[:4], *names[3:]]


def test_an_auditor_reads_what_is_proven_by_whom_and_when(pinned: Path, tmp_path: Path) -> None:
    proofs = examined(pinned, saved(tmp_path / "a.xml", paged([ack(), VERDICT])))
    since = "since 2026-09-21 14:13:20 UTC"
    assert proofs[0].facts["proves"] == f"ledger {LEDGER} has had RUM report 7 of {UDI} {since}"
    assert f"judged a document of {UDI} as rejected" in proofs[1].facts["proves"]
    assert f"in             {tmp_path / 'a.xml'}" in proofs[0].to_text()
    assert proofs[0].digest in proofs[0].to_text()


def test_answers_are_matched_with_the_reports_in_hand(pinned: Path, tmp_path: Path) -> None:
    other = dataclasses.replace(PAYLOAD, report_id=1671840751)
    request = write_document(signed(REQUEST))
    items = [
        Item(kind=ItemKind.RUM_REPORT, text=item()),
        Item(kind=ItemKind.RUM_REPORT, text=item(other)),
        Item(kind=ItemKind.TRUST_REQUEST, text=request),
        Item(kind=ItemKind.SYSTEM_INFO, text="{}"),
    ]
    (tmp_path / "usage.xml").write_bytes(b"".join(write_file(items)))
    answer = dataclasses.replace(ack(1671840750), answers=report(PAYLOAD).digest)
    file = saved(tmp_path / "a.xml", paged([answer, ack(9)]))
    examiner = Examiner(pinned, workshop(SetClock(NOW)), [tmp_path / "usage.xml"])
    first, second = examiner.examine(file)
    assert (
        "RUM report 1671840750 of PID:C9800-CL-K9,SN:GGR0001: DNA_NWStack" in first.facts["in hand"]
    )
    assert "up to 2 in use, 2026-09-21" in first.facts["in hand"]
    assert "not in the usage files" in second.facts["in hand"]
    assert [text.split(" of ")[0].split(" (")[0] for text in examiner.unanswered] == [
        "RUM report 1671840751",
        "trust request",
    ]


@pytest.mark.threat("A5", role="tools")
def test_an_answer_that_is_not_proven_answers_nothing(pinned: Path, tmp_path: Path) -> None:
    usage = [Item(kind=ItemKind.RUM_REPORT, text=item())]
    (tmp_path / "usage.xml").write_bytes(b"".join(write_file(usage)))
    stranger = Authority(number=66, chain=(signer_certificate(66),))
    answer = dataclasses.replace(ack(1671840750), answers=report(PAYLOAD).digest)
    file = saved(tmp_path / "a.xml", paged([answer], stranger))
    examiner = Examiner(pinned, workshop(SetClock(NOW)), [tmp_path / "usage.xml"])
    assert problems(examiner.examine(file)) == ["unknown-key"]
    assert len(examiner.unanswered) == 1


def test_a_usage_file_that_cannot_be_read_is_refused(pinned: Path, tmp_path: Path) -> None:
    with refused("file-not-found"):
        Examiner(pinned, workshop(SetClock(NOW)), [tmp_path / "none"])


@pytest.mark.threat("C1", role="tools")
def test_an_answer_of_a_signer_that_is_listed_no_longer_is_not_proven(
    pinned: Path, tmp_path: Path
) -> None:
    following = root_set(number=2, signers=(ListedSigner.of(signer_certificate(12)),))
    papers = [signed_root(following), *paged([ack()])]
    assert problems(examined(pinned, saved(tmp_path / "a.xml", papers))) == ["unknown-key"]
    revoking = dataclasses.replace(following, revoked=(key(11).key_id,))
    papers = [signed_root(revoking), *paged([ack()])]
    assert problems(examined(pinned, saved(tmp_path / "b.xml", papers))) == ["key-revoked"]


def test_an_answer_of_a_test_clock_says_so(pinned: Path, tmp_path: Path) -> None:
    file = saved(tmp_path / "a.xml", paged([dataclasses.replace(ack(), test_clock=True)]))
    examiner = Examiner(pinned, workshop(SetClock(NOW, test=True)))
    (proof,) = examiner.examine(file)
    assert "nothing outside a test system" in proof.facts["note"]
