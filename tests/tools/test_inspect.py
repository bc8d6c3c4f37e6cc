"""`gauger inspect`: any file of the system in words that an administrator understands."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gauger.core.documents import keyring
from gauger.core.documents.acknowledgment import Companion
from gauger.core.documents.body import Body
from gauger.core.documents.envelope import Document, write_document
from gauger.core.documents.page import SignedHead
from gauger.core.documents.root_set import ListedSigner
from gauger.core.documents.rum_payload import HaMember, Payload, encode_payload
from gauger.core.documents.rum_report import write_item
from gauger.core.documents.smart_license import Item, ItemKind, write_file
from gauger.core.documents.trust_code import TrustOrigin
from gauger.core.documents.trust_store import TrustStore
from gauger.core.documents.verdict import Ruling
from gauger.core.identity import Digest, Udi
from gauger.core.problems import Problem
from gauger.tools.explain_json import explain_json
from gauger.tools.explain_report import UsageSummary, Yardstick
from gauger.tools.finding import Finding, Seal, render
from gauger.tools.inspect import inspect_path, read_yardstick
from tests.core.documents.material import (
    NOW,
    UDI,
    Authority,
    declared,
    key,
    manufacturer,
    refused,
    root_set,
    signed_root,
    signer_certificate,
    sudi,
    trust_store,
)
from tests.core.documents.report_material import (
    ACCOUNT,
    MEASUREMENT,
    META,
    ORDER,
    PAYLOAD,
    direct,
    item,
    report,
    sample_item,
    sudi_signature,
    trust_code,
    trust_report,
)
from tests.core.documents.test_bodies import ACCOUNT_INFO, ACK, BODIES, POLICY, PURCHASE, VERDICT
from tests.core.documents.test_trust_request import REQUEST, signed
from tests.support.material import shared_file

TRUSTED = Yardstick(trust=trust_store(), now=NOW)
UNTRUSTED = Yardstick(trust=TrustStore(), now=NOW)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "file"


def usage_file(*items: str) -> bytes:
    return b"".join(write_file(Item(kind=ItemKind.RUM_REPORT, text=text) for text in items))


def look(place: Path, data: bytes | str, yardstick: Yardstick = TRUSTED) -> Finding:
    place.write_bytes(data if isinstance(data, bytes) else data.encode())
    return inspect_path(place, yardstick)


def text_of(document: Document) -> str:
    return write_document(document)


def test_the_file_of_a_real_product_instance_is_explained() -> None:
    path = shared_file("samples/rum/iosxe-17.9.2-rum-1671840750.xml")
    finding = inspect_path(path, TRUSTED)
    told = render(finding)
    for words in (
        "Usage file, for the portal",
        "C9800-CL-K9, serial number 9NTUEA8FIIH: 1 report",
        "DNA_NWStack: up to 3 in use",
        "2022-12-24 11:10:45 UTC to 2023-01-15 13:43:32 UTC",
        "WLC_9500C, release 17.09.02",
        "2 child devices joined: PID:AIR-AP2802I-E-K9,SN:FDW2109B29P",
        "ended because: ProductReload",
        "the clock was set by -3433 s in that time",
        "times are out of order in 1 of 3 measurements",
        "cannot be checked by anyone but the vendor: kind 'builtin'",
        "signature-unverifiable",
    ):
        assert words in told
    assert finding.is_sound


def test_a_report_of_ours_is_told_whole(place: Path) -> None:
    told = render(look(place, usage_file(item())))
    for words in (
        "C9800-CL-K9, serial number GGR0001",
        "DNA_NWStack (regid.2018-06.com.cisco.DNA_NWStack,",
        "2 from 2026-09-21 13:58:20 UTC to 2026-09-21 14:13:19 UTC (2 samples)",
        "ended because: CurrentUsageRequested",
        "Signature  holds: made by the SUDI key of PID:C9800-CL-K9,SN:GGR0001",
        "none installed yet",
        "first of its licence in this store",
        "Signatures  1 holds",
        "Upload it to the portal",
    ):
        assert words in told


RICH = replace(
    PAYLOAD,
    generation="2.0",
    utility_enabled=True,
    software_version=None,
    ha=(HaMember(role="Standby", udi=Udi("C9800-CL-K9", "GGR0009")),),
    measurements=(
        replace(
            MEASUREMENT, start=5, end=65, relative=True, removed=(UDI,), termination_reason=None
        ),
    ),
    meta=replace(
        META,
        previous=Digest("ab" * 32),
        account=ACCOUNT,
        policy_order=ORDER,
        head=SignedHead(head=b"{}", chain=(b"c",), value=bytes(64)),
        test_clock=True,
    ),
)


def test_what_a_report_may_also_say_is_told(place: Path) -> None:
    test_systems = Yardstick(trust=trust_store().with_test_clock(), now=NOW)
    told = render(look(place, item(RICH), test_systems))
    for words in (
        "HA Standby",
        "as a utility",
        "second 5 to 64 after the start of a product instance whose clock was never set",
        "1 child device left",
        "example.com/DEFAULT",
        "policy version 1.1.7",
        "Previous    " + "ab" * 32,
        "made under a test clock",
        "holds",
    ):
        assert words in told


def test_without_trust_the_bytes_are_still_checked(place: Path) -> None:
    assert look(place, item(), UNTRUSTED).seal is Seal.UNALTERED
    content = json.loads(item())
    content["payload"] = content["payload"].replace('"value":"2"', '"value":"1"')
    broken = look(place, json.dumps(content), UNTRUSTED)
    assert (broken.seal, broken.is_sound) == (Seal.FAILS, False)
    assert "DOES NOT HOLD" in render(broken)
    assert "fetch the original" in render(look(place, json.dumps(content)))


def test_an_unknown_manufacturer_is_told_from_altered_bytes(place: Path) -> None:
    elsewhere = replace(declared(), pids=frozenset({"OTHER"}))
    known = Yardstick(trust=TrustStore(manufacturers=(elsewhere,)), now=NOW)
    assert look(place, item(), known).seal is Seal.UNTRUSTED
    assert look(place, text_of(signed()), known).seal is Seal.UNTRUSTED
    altered = replace(signed(), body=signed(replace(REQUEST, counter=4)).body)
    assert look(place, text_of(altered), known).seal is Seal.FAILS


def test_an_unknown_signer_is_told_from_altered_bytes(place: Path) -> None:
    stranger = Authority(number=12, chain=(signer_certificate(12),))
    document = stranger.direct(json.loads(ACK.encode()), "ack")
    assert look(place, text_of(document)).seal is Seal.UNTRUSTED
    altered = replace(document, body=document.body.replace(b"gap", b"gaP"))
    assert look(place, text_of(altered)).seal is Seal.FAILS


def test_a_report_that_carries_no_known_trust_fails_by_name(place: Path) -> None:
    signature = replace(sudi_signature(encode_payload(PAYLOAD)), udi=Udi("C9800-CL-K9", "GGR0002"))
    content = json.loads(item())
    content["signature"]["sudi"] = signature.udi.to_json()
    finding = look(place, json.dumps(content))
    assert finding.seal is Seal.FAILS
    assert "wrong-subject" in finding.seal_detail


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.TYPE)
@pytest.mark.parametrize("paged", [False, True], ids=["direct", "page"])
def test_every_answer_is_explained_and_judged(place: Path, body: Body, *, paged: bool) -> None:
    document = direct(body.TYPE, body.encode())
    if paged:
        document = Authority().paged([json.loads(body.encode())], kind=body.TYPE)[0]
    both = Yardstick(trust=trust_store().with_test_clock(), now=NOW)
    finding = look(place, text_of(document), both)
    assert (finding.seal, finding.seal_detail) == (Seal.HOLDS, "made by Signer 11")
    assert look(place, text_of(document), UNTRUSTED).seal is Seal.UNALTERED
    assert "license smart import" in render(finding)
    altered = replace(document, body=document.body.replace(b"1790000000", b"1790000001"))
    for yardstick in (both, UNTRUSTED):
        assert look(place, text_of(altered), yardstick).seal is Seal.FAILS


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (ACK, ["RUM report 7 is in the ledger", "Flag", "gap", "which is missing", "root-set"]),
        (replace(ACK, report_id=None), ["the rum-report is in the ledger"]),
        (VERDICT, ["rejected: wrong-subject", "It belongs to another."]),
        (replace(VERDICT, verdict=Ruling.DEFERRED, until=NOW), ["2026-09-21 14:13:20 UTC"]),
        (replace(VERDICT, verdict=Ruling.QUARANTINED, case="17"), ["17, which an administrator"]),
        (POLICY, ["Custom", "Perpetual", "first report 30, then every 60, on change 60"]),
        (replace(POLICY, account=None, ack_required=False), ["not required", "any"]),
        (trust_code(), ["issued by the portal, number 1"]),
        (
            replace(trust_code(), generation=0, origin=TrustOrigin.FACTORY, incarnation=None),
            ["good for files, not for direct communication"],
        ),
        (ACCOUNT_INFO, ["example.com", "DEFAULT"]),
        (PURCHASE, ["2 x Advantage", "1 x Term", "3 years, until 2026-09-21"]),
    ],
)
def test_what_an_answer_says_is_told(place: Path, body: Body, words: list[str]) -> None:
    told = render(look(place, text_of(direct(body.TYPE, body.encode()))))
    for word in (*words, "Issued"):
        assert word in told


def test_a_trust_request_is_explained_and_judged(place: Path) -> None:
    finding = look(place, text_of(signed()))
    assert finding.seal is Seal.HOLDS
    told = render(finding)
    for words in ("Trust request", "Member", "3 of store", "one goes along", "Upload it"):
        assert words in told
    assert look(place, text_of(signed()), UNTRUSTED).seal is Seal.UNALTERED
    assert "decides" in render(look(place, text_of(signed(replace(REQUEST, token_digest=None)))))
    altered = replace(signed(), body=signed(replace(REQUEST, counter=4)).body)
    for yardstick in (TRUSTED, UNTRUSTED):
        assert look(place, text_of(altered), yardstick).seal is Seal.FAILS


def test_root_sets_are_judged_by_the_one_that_is_trusted(place: Path) -> None:
    one, two = signed_root(root_set()), signed_root(root_set(number=2))
    assert look(place, text_of(one)).seal is Seal.HOLDS
    assert look(place, text_of(two)).seal is Seal.HOLDS
    assert look(place, text_of(two), UNTRUSTED).seal is Seal.UNALTERED
    newer = Yardstick(trust=trust_store(number=2), now=NOW)
    older = look(place, text_of(one), newer)
    assert (older.seal, older.seal_detail) == (
        Seal.UNALTERED,
        "it is older than root set 2, which you trust",
    )
    assert look(place, text_of(signed_root(root_set(), 1))).seal is Seal.FAILS
    assert "Signer 11, for any ledger" in render(older)


def test_a_signer_bound_to_a_ledger_is_told(place: Path) -> None:
    bound = ListedSigner.of(signer_certificate(), ledger="aa" * 16)
    told = render(look(place, text_of(signed_root(root_set(signers=(bound,))))))
    assert "for ledger " + "aa" * 16 in told


def answer_file(*documents: tuple[ItemKind, Document]) -> bytes:
    return b"".join(write_file(Item(kind=kind, text=text_of(each)) for kind, each in documents))


def test_an_answer_file_is_judged_as_an_import_would(place: Path) -> None:
    signer = signer_certificate(12)
    newer = signed_root(root_set(number=2, signers=(ListedSigner.of(signer),)))
    ack = replace(ACK, companions=(Companion("root-set", newer.digest),))
    answer = Authority(number=12, chain=(signer,)).direct(json.loads(ack.encode()), "ack")
    whole = look(place, answer_file((ItemKind.ROOT_SET, newer), (ItemKind.RUM_ACK, answer)))
    assert [part.seal for part in whole.parts] == [Seal.HOLDS, Seal.HOLDS]
    assert whole.title == "Answer file, for a product instance"
    alone = look(place, answer_file((ItemKind.RUM_ACK, answer)))
    assert [part.seal for part in alone.parts] == [Seal.UNTRUSTED]
    assert "THAT KEY IS NOT TRUSTED" in render(alone)
    assert not alone.is_sound


def test_a_usage_file_tells_its_other_parts(place: Path) -> None:
    info = {"sudi": UDI.to_json(), "hostname": "wlc-1", "software_tag_identifier": "regid.x"}
    data = b"".join(
        write_file(
            [
                Item(kind=ItemKind.RUM_REPORT, text=item()),
                Item(kind=ItemKind.TRUST_REQUEST, text=text_of(signed())),
                Item(kind=ItemKind.SYSTEM_INFO, text=json.dumps(info)),
                Item(kind=ItemKind.SYSTEM_INFO, text="{}"),
                Item(kind=ItemKind.AUTH_REQUEST, text="[]"),
                Item(kind=ItemKind.RUM_REPORT, text="{}"),
                Item(kind=ItemKind.TRUST_REQUEST, text="{}"),
            ]
        )
    )
    finding = look(place, data)
    told = render(finding)
    for words in ("wlc-1", "nothing protects this part", "there is not one entry"):
        assert words in told
    assert "Unreadable  1" in told
    assert "Faulty      3 of 7" in told
    assert not finding.is_sound


def test_only_the_first_parts_and_the_faulty_ones_are_told(place: Path) -> None:
    place.write_bytes(usage_file(*[item()] * 20, "{}", *[item()] * 9, "{}", "{}"))
    finding = inspect_path(place, TRUSTED, detailed=2)
    assert [part.is_sound for part in finding.parts] == [True, True, False, False]
    assert ("Reports", "29") in finding.facts
    assert ("Faulty", "3 of 32") in finding.facts
    assert ("Told below", "the first 2, and faulty ones: 4") in finding.facts


@pytest.mark.threat("D1", role="tools")
def test_a_damaged_file_is_told_as_far_as_it_goes(place: Path) -> None:
    data = usage_file(item(), item())
    finding = look(place, data[:-30])
    assert finding.problem is not None
    assert finding.problem.code == "truncated"
    assert len(finding.parts) == 1
    assert "Copy the file again" in render(finding)
    with refused("truncated"):
        look(place, data[:90])


@pytest.mark.threat("E17", role="tools")
def test_escape_sequences_of_a_device_do_nothing(place: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202egnp\r\x9b31m"
    payload: Payload = replace(PAYLOAD, entitlement_tag=f"tag{evil}", software_version=evil)
    finding = look(place, usage_file(item(payload)))
    told = render(finding)
    assert set(told) - {"\n"} == {character for character in told if character.isprintable()}
    assert "\\x1b]0;owned\\x07" in told
    assert "\\u202e" in told
    assert json.dumps(finding.to_json()).isascii()


def test_a_body_that_cannot_be_read_is_told(place: Path) -> None:
    finding = look(place, text_of(direct("policy", b'{"type":"policy","version":1}')))
    assert finding.title == "Policy that cannot be read"
    unknown = look(place, text_of(direct("slac", b"{}")))
    assert unknown.title == "Signed document of type slac"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"a":1,"a":2}', "duplicate-key"),
        (b"", "truncated"),
        (b"<RUMReport", "truncated"),
        (b"-----BEGIN NOTHING-----\n", "malformed"),
        (b"{" + b" " * 5_000_000, "too-large"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(place: Path, data: bytes, code: str) -> None:
    with refused(code):
        look(place, data)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="cannot be read") as caught:
        inspect_path(tmp_path / "nothing", TRUSTED)
    assert caught.value.code == "file-not-found"
    with refused("file-not-found"):
        inspect_path(tmp_path, TRUSTED)


def test_a_store_and_a_profile_are_told(tmp_path: Path) -> None:
    assert "gauger fsck" in render(look(tmp_path / "x", b"SQLite format 3\x00..."))
    with refused("profile-invalid"):
        look(tmp_path / "x.toml", b"= 1")
    profile = Path("src/gauger/profiles/c9800-cl.toml").read_bytes()
    assert "DNA_NWStack: perpetual" in render(look(tmp_path / "y.toml", profile))


def test_what_to_judge_by_is_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "manufacturer.json").write_text(declared().to_json())
    (tmp_path / "root.json").write_text(text_of(signed_root(root_set())))
    yardstick = read_yardstick(tmp_path / "root.json", [tmp_path])
    assert yardstick.trust.manufacturers == (declared(),)
    assert yardstick.trust.root_set == root_set()
    again = read_yardstick(None, [tmp_path / "manufacturer.json"])
    assert again.trust.manufacturers == (declared(),)
    assert (again.trust.root_set, again.trust.accepts_test_clock) == (None, True)


def test_a_manufacturer_file_is_told() -> None:
    told = render(explain_json(declared().to_json().encode(), TRUSTED))
    assert "C9300-24T, C9800-CL-K9" in told
    assert "GGR…" in told


def test_the_sample_alone_is_told_as_an_item(place: Path) -> None:
    assert look(place, sample_item()).title == "RUM report 1671840750"


BUNDLE = {
    "udi": UDI.to_json(),
    "made_at": NOW,
    "profile": {"title": "Catalyst", "licences": [{"name": "DNA"}, {"name": "DNA"}, {"name": "E"}]},
}


def test_a_bundle_folder_is_told_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text(json.dumps(BUNDLE))
    (tmp_path / "sudi.cert.pem").write_bytes(keyring.certificate_to_pem(sudi()))
    (tmp_path / "sudi.key.pem").write_bytes(key(50).to_pem())
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "other.bin").write_bytes(b"\x00\x01")
    told = render(inspect_path(tmp_path, TRUSTED))
    for words in (
        "Device bundle folder",
        "bundle.json: Device bundle",
        "Licences  DNA, E",
        "made by a manufacturer that you trust",
        "sudi.key.pem: Private key",
        "trust/other.bin: not a file of this system",
    ):
        assert words in told
    assert "BEGIN" not in told
    (tmp_path / "bundle.json").unlink()
    assert inspect_path(tmp_path, TRUSTED).title == "Folder"


def test_a_bundle_may_say_less() -> None:
    data = json.dumps({"udi": UDI.to_json(), "made_at": NOW}).encode()
    assert [label for label, _ in explain_json(data, TRUSTED).facts] == ["Whose", "Made at"]


@pytest.mark.parametrize(
    ("certificate", "title", "seal"),
    [
        (sudi(), "SUDI certificate", Seal.HOLDS),
        (sudi(maker=101), "SUDI certificate", Seal.FAILS),
        (signer_certificate(), "Certificate", None),
        (manufacturer().certificate.der, "Certificate that certifies others", None),
    ],
)
def test_a_certificate_is_told(
    place: Path, certificate: bytes, title: str, seal: Seal | None
) -> None:
    pem = keyring.certificate_to_pem(certificate)
    (part,) = look(place, pem).parts
    assert (part.title, part.seal) == (title, seal)
    (unjudged,) = look(place, pem, UNTRUSTED).parts
    assert unjudged.seal is None


def test_a_report_signed_with_a_trust_code_is_told(place: Path) -> None:
    code = text_of(direct("trust-code", trust_code().encode()))
    made = trust_report(encode_payload(PAYLOAD), code)
    text = write_item(made.signed, made.signature)
    assert "the key of its trust code" in look(place, text).seal_detail
    unchecked = look(place, text, UNTRUSTED)
    assert unchecked.seal is Seal.UNALTERED
    assert "--root-set" in unchecked.seal_detail
    altered = text.replace('\\"value\\":\\"2\\"', '\\"value\\":\\"1\\"')
    assert altered != text
    assert look(place, altered, UNTRUSTED).seal is Seal.FAILS


def test_a_summary_of_many_devices_stays_small() -> None:
    summary = UsageSummary()
    for number in range(1100):
        udi = Udi("C9300", f"GGR{number}")
        made = replace(VENDOR, payload=replace(VENDOR.payload, udi=udi))
        summary.add(made, Seal.UNVERIFIABLE)
    summary.add(VENDOR, None)
    assert len(summary.devices) == 1000
    assert dict(summary.facts())["Signatures"] == "1100 unverifiable"


VENDOR = report(replace(PAYLOAD, meta=None, measurements=()))


def test_a_summary_begins_at_second_0_where_a_report_does() -> None:
    summary = UsageSummary()
    for start in (0, NOW):
        own = replace(MEASUREMENT, start=start, end=start + 9)
        made = report(replace(PAYLOAD, meta=None, measurements=(own,)))
        summary.add(made, Seal.UNVERIFIABLE)
    assert (summary.first, summary.last) == (0, NOW + 9)


def test_a_summary_of_times_never_set_names_none() -> None:
    summary = UsageSummary()
    relative = replace(MEASUREMENT, relative=True)
    summary.add(report(replace(PAYLOAD, measurements=(relative,))), Seal.HOLDS)
    assert "When" not in dict(summary.facts())
