"""The published test vectors and schemas: what a second implementation would be held to."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from checks import make_vectors_documents
from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.acknowledgment import Acknowledgment
from gauger.core.documents.authorization_code import AuthorizationCode
from gauger.core.documents.authorization_request import (
    AuthorizationRequest,
    verify_authorization_request,
)
from gauger.core.documents.authorization_return import (
    AuthorizationReturn,
    verify_authorization_return,
)
from gauger.core.documents.body import Body
from gauger.core.documents.envelope import Document, read_document
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.purchase_info import PurchaseInfo
from gauger.core.documents.rum_report import read_report, verify_report
from gauger.core.documents.smart_license import TO_PORTAL, read_items
from gauger.core.documents.smart_transport import decode_request, decode_response
from gauger.core.documents.trust_code import TrustCode
from gauger.core.documents.trust_request import TrustRequest, verify_trust_request
from gauger.core.documents.trust_store import TrustStore
from gauger.core.documents.verdict import Verdict
from gauger.core.strict_json import decode
from tests.core.documents.material import refused
from tests.core.documents.report_material import sample_item

SPEC = Path(__file__).resolve().parents[3] / "spec"
Case = dict[str, Any]


def load(name: str) -> Any:  # noqa: ANN401 -- any JSON value
    return json.loads((SPEC / "vectors" / "documents" / f"{name}.json").read_text())


def cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in load(name)["cases"]]


def raw(case: Case) -> bytes:
    if "input" in case:
        return str(case["input"]).encode()
    if "input_base64" in case:
        return base64.b64decode(case["input_base64"])
    return "".join(text * count for text, count in case["input_repeated"]).encode()


def judge(case: Case, read: Callable[[bytes], object]) -> None:
    """Read a case's input, which must give what is expected or the named refusal."""
    if "refusal" in case:
        with refused(case["refusal"]):
            read(raw(case))
    else:
        assert read(raw(case)) == case["expect"]


TRUST = load("trust")
NOW: int = TRUST["now"]
STORE = TrustStore(manufacturers=(Manufacturer.from_json(TRUST["manufacturer"]),)).pin(
    read_document(TRUST["root_set"])
)
READERS: dict[str, Callable[[Document], Body]] = {
    "ack": Acknowledgment.from_document,
    "verdict": Verdict.from_document,
    "policy": PolicyDocument.from_document,
    "trust-code": TrustCode.from_document,
    "account-info": AccountInfo.from_document,
    "purchase-info": PurchaseInfo.from_document,
    "trust-request": TrustRequest.from_document,
    "authorization-code": AuthorizationCode.from_document,
    "authorization-request": AuthorizationRequest.from_document,
    "authorization-return": AuthorizationReturn.from_document,
}
ASKING: dict[str, Callable[[Document, TrustStore, int], object]] = {
    "trust-request": verify_trust_request,
    "authorization-request": verify_authorization_request,
    "authorization-return": verify_authorization_return,
}
ONLY_IN_WORDS = ("two accounts", "by the portal", "licence twice", "mark below", "another's code")


@pytest.mark.parametrize("case", cases("strict-json"))
def test_strict_json(case: Case) -> None:
    judge(case, lambda data: decode(data, what="the vector", cap=1_000_000))


@pytest.mark.parametrize("case", cases("documents"))
def test_documents(case: Case) -> None:
    def read(data: bytes) -> str:
        document = read_document(data)
        READERS[case["type"]](document)
        if case["type"] in ASKING:
            ASKING[case["type"]](document, STORE, NOW)
        else:
            STORE.verify(document, expected=case["type"], now=NOW)
        return document.digest

    judge(case, read)


@pytest.mark.parametrize("case", cases("rum-reports"))
def test_rum_reports(case: Case) -> None:
    def read(data: bytes) -> object:
        report = read_report(data)
        verify_report(report, STORE, NOW)
        return {
            "digest": report.digest,
            "udi": report.udi.to_json(),
            "report_id": report.payload.report_id,
            "entitlement_tag": report.payload.entitlement_tag,
            "measurements": [[m.start, m.end, m.count] for m in report.payload.measurements],
        }

    judge(case, read)


@pytest.mark.parametrize("case", cases("files"))
def test_files(case: Case) -> None:
    judge(case, lambda data: [[i.kind, i.text] for i in read_items([data], wanted=TO_PORTAL)])


@pytest.mark.parametrize("case", cases("smart-transport"))
def test_smart_transport(case: Case) -> None:
    if case["is"] == "request":
        judge(case, lambda data: decode_request(data).type)
    else:
        judge(case, lambda data: decode_response(data, nonce="0d" * 16).status)


def test_the_vectors_are_what_the_script_makes() -> None:
    for name, text in make_vectors_documents.contents().items():
        assert (SPEC / "vectors" / "documents" / name).read_text() == text


def test_the_script_writes_and_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_vectors_documents, "FOLDER", tmp_path / "new")
    monkeypatch.setattr("sys.argv", ["make_vectors_documents", "--check"])
    assert make_vectors_documents.main() == 1
    assert "is not what" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["make_vectors_documents"])
    assert make_vectors_documents.main() == 0
    assert "trust.json written" in capsys.readouterr().out
    assert make_vectors_documents.main() == 0
    assert capsys.readouterr().out == ""


def _registry() -> Registry[Any]:
    schemas = (json.loads(path.read_text()) for path in (SPEC / "schemas").glob("*.json"))
    return Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas
    )


REGISTRY = _registry()


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((SPEC / "schemas" / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, registry=REGISTRY)


@pytest.mark.parametrize("case", cases("documents"))
def test_the_schemas_agree_on_documents(case: Case) -> None:
    document = json.loads(case["input"])
    validator("envelope").validate(document)
    body = json.loads(document["body"])
    if case.get("refusal") in {"malformed", "policy-out-of-range"} and not any(
        words in case["name"] for words in ONLY_IN_WORDS
    ):
        assert not validator(case["type"]).is_valid(body)
    elif "refusal" not in case:
        validator(case["type"]).validate(body)


@pytest.mark.parametrize("case", cases("rum-reports"))
def test_the_schemas_agree_on_reports(case: Case) -> None:
    item = json.loads(case["input"])
    is_empty = case["name"] == "empty signature"
    assert validator("rum-item").is_valid(item) != is_empty
    if "expect" in case:
        validator("rum-payload").validate(json.loads(item["payload"]))
    if case["name"] in {"negative count", "fractional count", "version 3.0"}:
        assert not validator("rum-payload").is_valid(json.loads(item["payload"]))


def test_the_schemas_know_the_real_report() -> None:
    item = json.loads(sample_item())
    validator("rum-item").validate(item)
    validator("rum-payload").validate(json.loads(item["payload"]))


@pytest.mark.parametrize("case", cases("smart-transport"))
def test_the_schemas_agree_on_messages(case: Case) -> None:
    if case["name"] in {"web page", "another nonce"}:
        return
    is_valid = validator(f"smart-transport-{case['is']}").is_valid(json.loads(case["input"]))
    assert is_valid == ("expect" in case)


@pytest.mark.parametrize(
    ("page", "schema"),
    [
        ("ack", "ack"),
        ("verdict", "verdict"),
        ("policy-document", "policy"),
        ("trust-code", "trust-code"),
        ("account-info", "account-info"),
        ("purchase-info", "purchase-info"),
        ("trust-request", "trust-request"),
        ("authorization-code", "authorization-code"),
        ("authorization-request", "authorization-request"),
        ("authorization-return", "authorization-return"),
    ],
)
def test_each_page_names_every_field_of_its_schema(page: str, schema: str) -> None:
    text = (SPEC / f"{page}.md").read_text() + (SPEC / "documents.md").read_text()
    for name in json.loads((SPEC / "schemas" / f"{schema}.json").read_text())["properties"]:
        assert f"`{name}`" in text
