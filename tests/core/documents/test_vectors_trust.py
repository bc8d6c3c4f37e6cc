"""The published vectors: they agree with the program, with the schemas, and with a second reader."""

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from checks import make_vectors_trust
from gauger.core.documents import keyring, merkle
from gauger.core.documents.envelope import preimage, read_document, write_document
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.page import Leaf, LedgerEpoch, SignedHead
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from tests.core.documents import second_verifier

SPEC = Path(__file__).resolve().parents[3] / "spec"
Case = Mapping[str, Any]


def vectors(name: str) -> Any:  # noqa: ANN401 -- decoded JSON
    return json.loads((SPEC / "vectors" / "trust" / f"{name}.json").read_text(encoding="ascii"))


def schema(name: str) -> Any:  # noqa: ANN401 -- decoded JSON
    return json.loads((SPEC / "schemas" / f"{name}.json").read_text(encoding="utf-8"))


def outcome(work: Callable[[], object]) -> str:
    """Return ``ok`` or the code of the refusal."""
    try:
        work()
    except Problem as problem:
        return problem.code
    return "ok"


def disagreements(cases: list[Case], judge: Callable[[Case], object]) -> list[tuple[str, str, str]]:
    """Return name, expected and actual outcome of every case that came out otherwise."""
    judged = ((case, outcome(lambda case=case: judge(case))) for case in cases)  # type: ignore[misc] # a bound default
    return [
        (case["name"], case["expected"], actual)
        for case, actual in judged
        if case["expected"] != actual
    ]


@pytest.mark.parametrize("name", list(make_vectors_trust.FILES))
def test_the_files_are_what_the_script_makes(name: str) -> None:
    file = SPEC / "vectors" / "trust" / name
    assert file.read_text(encoding="ascii") == make_vectors_trust.text_of(name)


@pytest.mark.parametrize("name", ["signatures", "root-sets", "documents", "envelopes", "devices"])
def test_every_file_holds_good_and_bad_cases(name: str) -> None:
    content = vectors(name)
    cases = content["verifying" if name == "signatures" else "cases"]
    assert {"ok"} < {case["expected"] for case in cases}
    names = [case["name"] for case in cases]
    assert len(set(names)) == len(names)


@pytest.mark.threat("C5")
@pytest.mark.threat("A9")
def test_signatures_are_verified_as_published() -> None:
    def judge(case: Case) -> None:
        public, message, value = map(
            bytes.fromhex, (case["public_key"], case["message"], case["value"])
        )
        keyring.verify(public, message, value)

    assert disagreements(vectors("signatures")["verifying"], judge) == []


def test_signatures_are_made_as_published() -> None:
    content = vectors("signatures")
    keys = {
        item["name"]: keyring.PrivateKey.from_seed(bytes.fromhex(item["seed"]))
        for item in content["keys"]
    }
    for item in content["keys"]:
        assert keys[item["name"]].key_id == item["key_id"]
        assert keys[item["name"]].public_key.hex() == item["public_key"]
    for case in content["signing"]:
        value = keyring.sign(keys[case["key"]], bytes.fromhex(case["message"]))
        assert value.hex() == case["value"]


def test_trees_are_proven_as_published() -> None:
    content = vectors("pages")
    _, nodes = merkle.tree(merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in content["leaves"])
    for size, root in enumerate(content["roots"]):
        assert merkle.root_of(size, lambda level, place: nodes[level, place]).hex() == root
    assert disagreements(content["inclusion"], _judge_inclusion) == []
    assert disagreements(content["consistency"], _judge_consistency) == []


def _judge_inclusion(case: Case) -> None:
    leaf, root = bytes.fromhex(case["leaf"]), bytes.fromhex(case["root"])
    path = [bytes.fromhex(node) for node in case["path"]]
    merkle.verify_inclusion(leaf, case["index"], case["size"], path=path, root=root)


def _judge_consistency(case: Case) -> None:
    merkle.verify_consistency(
        case["first"],
        case["second"],
        path=[bytes.fromhex(node) for node in case["path"]],
        first_root=bytes.fromhex(case["first_root"]),
        second_root=bytes.fromhex(case["second_root"]),
    )


def test_a_page_is_built_as_published() -> None:
    page = vectors("pages")["page"]
    head = json.loads(page["head"])
    jsonschema.validate(head, schema("page-head"))
    assert page["head_preimage"] == preimage("page-head", 1, page["head"].encode()).hex()
    for at, (document, salt) in enumerate(zip(page["documents"], page["salts"], strict=True)):
        body = document["body"].encode()
        leaf = Leaf(bytes.fromhex(salt), preimage(document["type"], document["version"], body))
        path = [bytes.fromhex(node) for node in page["paths"][at]]
        root = bytes.fromhex(head["page_root"])
        merkle.verify_inclusion(leaf.hash, at, head["leaf_count"], path=path, root=root)


@pytest.mark.threat("G10")
def test_what_stands_of_earlier_epochs_is_as_published() -> None:
    case = vectors("pages")["epochs"]
    jsonschema.validate(json.loads(case["head"]), schema("page-head"))
    head = SignedHead(head=case["head"].encode(), chain=(), value=b"").read()
    for page in case["pages"]:
        epoch = LedgerEpoch(page["epoch"]["number"], page["epoch"]["id"])
        assert head.stands(epoch, page["page"]) is page["stands"]


@pytest.mark.threat("C3")
@pytest.mark.threat("C4")
def test_root_sets_follow_each_other_as_published() -> None:
    content = vectors("root-sets")
    store = TrustStore().pin(read_document(content["held"]))
    cases = content["cases"]
    assert disagreements(cases, lambda case: store.advance(read_document(case["document"]))) == []


@pytest.mark.threat("B8")
@pytest.mark.threat("C1")
@pytest.mark.threat("C7")
def test_documents_are_verified_as_published() -> None:
    content = vectors("documents")
    store = TrustStore().pin(read_document(content["root_set"]))

    def judge(case: Case) -> None:
        document = read_document(case["document"])
        store.verify(document, expected=case["type"], now=content["now"])

    assert disagreements(content["cases"], judge) == []


@pytest.mark.threat("A4")
@pytest.mark.threat("A10")
def test_written_forms_are_read_as_published() -> None:
    cases = vectors("envelopes")["cases"]
    assert disagreements(cases, lambda case: read_document(case["text"])) == []


@pytest.mark.threat("A6")
def test_devices_are_verified_as_published() -> None:
    content = vectors("devices")
    manufacturer = Manufacturer.from_json(content["manufacturer"])
    store = TrustStore(manufacturers=(manufacturer,)).pin(read_document(content["root_set"]))

    def judge(case: Case) -> None:
        udi = Udi(case["udi"]["udi_pid"], case["udi"]["udi_serial_number"])
        store.verify_sudi(tuple(map(base64.b64decode, case["chain"])), udi, 0)

    assert disagreements(content["cases"], judge) == []
    jsonschema.validate(json.loads(content["manufacturer"]), schema("manufacturer"))


def test_good_documents_satisfy_the_schemas() -> None:
    texts = [case["document"] for case in vectors("documents")["cases"] if case["expected"] == "ok"]
    texts.append(vectors("documents")["root_set"])
    for text in texts:
        jsonschema.validate(json.loads(text), schema("envelope"))
    jsonschema.validate(json.loads(json.loads(texts[-1])["body"]), schema("root-set"))


def test_bad_written_forms_fail_the_schema_or_the_decoder() -> None:
    validator = jsonschema.Draft202012Validator(schema("envelope"))
    for case in vectors("envelopes")["cases"]:
        try:
            value = json.loads(case["text"])
        except json.JSONDecodeError:
            continue
        holds = validator.is_valid(value) and '"type":"ack"' not in case["text"]
        assert holds == (case["expected"] == "ok"), case["name"]


def test_a_second_verifier_agrees_on_signatures() -> None:
    for case in vectors("signatures")["verifying"]:
        public, message, value = map(
            bytes.fromhex, (case["public_key"], case["message"], case["value"])
        )
        try:
            second_verifier.verify_value(public, message, value)
            actual = "ok"
        except second_verifier.RefusedError as error:
            actual = str(error)
        assert actual in {case["expected"], "key"}, case["name"]
        assert (actual == "ok") == (case["expected"] == "ok"), case["name"]


def test_a_second_verifier_agrees_on_documents() -> None:
    content = vectors("documents")
    root = second_verifier.signed_root(json.loads(content["root_set"]))
    for case in content["cases"]:
        try:
            second_verifier.verify_document(case["document"], case["type"], root, content["now"])
            actual = "ok"
        except second_verifier.RefusedError as error:
            actual = str(error)
        assert actual == case["expected"], case["name"]


def test_documents_survive_reading_and_writing() -> None:
    for case in vectors("documents")["cases"]:
        document = read_document(case["document"])
        again = write_document(document)
        assert json.loads(again) == json.loads(case["document"])
