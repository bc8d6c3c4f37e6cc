"""The envelope of smart transport."""

import json
from dataclasses import replace
from types import MappingProxyType

import pytest

from gauger.core.documents.page import SignedHead
from gauger.core.documents.smart_transport import (
    Acknowledgement,
    MessageType,
    Request,
    Response,
    Status,
    UsageReport,
    WireProblem,
    decode_request,
    decode_response,
    encode_request,
    encode_response,
)
from gauger.core.problems import Problem
from tests.core.documents.material import NOW, UDI, refused
from tests.core.documents.report_material import PRODUCT, item

HELLO = Request(type=MessageType.HELLO, udi=UDI, timestamp=NOW * 1000, nonce="0d" * 16)
REPORT = UsageReport(
    udi=UDI,
    usage=(item(),),
    trust_requests=('{"type":"trust-request"}',),
    hostname="wlc",
    software_tag=PRODUCT,
    timestamp=NOW * 1000,
    nonce="1d" * 16,
)
HEAD = SignedHead(head=b'{"type":"page-head"}', chain=(b"a certificate",), value=bytes(64))
REQUESTS = [
    HELLO,
    replace(HELLO, type=MessageType.TRUST_REQUEST, id_token="secret", trust_requests=("{}",)),
    replace(HELLO, type=MessageType.TRUST_REQUEST),
    replace(HELLO, type=MessageType.REPORT_USAGE, reports=(REPORT, UsageReport(udi=UDI))),
    replace(HELLO, type=MessageType.REPORT_USAGE),
    replace(HELLO, type=MessageType.POLL, poll_id="123456789012345678"),
    replace(HELLO, head=HEAD),
]
OK = Response(status=Status.OK, type=MessageType.HELLO, timestamp=NOW * 1000, nonce="0d" * 16)
RESPONSES = [
    OK,
    replace(OK, status=Status.OK_POLL, poll_id="17", poll_interval=300, correlation_id="c-1"),
    replace(
        OK,
        status=Status.COMPLETE,
        acknowledgements=(
            Acknowledgement(udi=UDI, smart_license=b"<smartLicense/>", software_tag=PRODUCT),
            Acknowledgement(udi=UDI, smart_license=b"<a/>"),
        ),
    ),
    replace(
        OK,
        status=Status.FAILED,
        message="No.",
        message_code="token-expired",
        problem=WireProblem.of(Problem("token-expired", "It ended yesterday.", until=NOW)),
    ),
    replace(OK, head=HEAD),
]


def edited(data: bytes, /, **members: object) -> bytes:
    content = json.loads(data) | members
    return json.dumps({name: value for name, value in content.items() if value != ...}).encode()


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.type)
def test_a_request_is_read_as_it_was_written(request_: Request) -> None:
    data = encode_request(request_)
    assert decode_request(data) == request_
    assert encode_request(decode_request(data)) == data
    assert data.isascii()


@pytest.mark.parametrize("response", RESPONSES, ids=lambda response: response.status)
def test_a_response_is_read_as_it_was_written(response: Response) -> None:
    assert decode_response(encode_response(response), nonce=response.nonce) == response


def test_the_published_shape_is_read() -> None:
    usage = json.loads(item()) | {"is_consuming": True, "is_ha": False, "errors": None}
    report = {"sudi": UDI.to_json(), "trust_requests": None, "transaction_id": 1, "usage": [usage]}
    data = edited(encode_request(REQUESTS[4]), data={"reports": [report], "locale": "en_US"})
    (read,) = decode_request(data).reports
    assert json.loads(read.usage[0])["payload"] == json.loads(item())["payload"]
    assert (read.trust_requests, read.hostname, read.nonce) == ((), None, None)


def test_a_poll_id_may_come_as_a_number_beyond_2_to_the_53() -> None:
    data = edited(encode_request(REQUESTS[5]), data={"poll_id": 123456789012345678})
    assert decode_request(data).poll_id == "123456789012345678"
    response = edited(encode_response(OK), poll_id=123456789012345678)
    assert decode_response(response, nonce=OK.nonce).poll_id == "123456789012345678"


@pytest.mark.parametrize("version", ["1.0", "1.3", "1.99", "1"])
def test_any_version_of_the_same_major_number_is_read(version: str) -> None:
    assert decode_request(edited(encode_request(HELLO), message_version=version)) == HELLO


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"message_version": "2.0"}, "upgrade-needed"),
        ({"message_version": ...}, "malformed"),
        ({"type": "order_pizza"}, "malformed"),
        ({"sudi": {}}, "malformed"),
        ({"timestamp": "now"}, "malformed"),
        ({"nonce": ""}, "malformed"),
        ({"nonce": "x" * 129}, "malformed"),
        ({"type": "poll", "data": {}}, "malformed"),
        ({"type": "poll", "data": ...}, "malformed"),
        ({"type": "report_usage", "data": {"reports": [{}]}}, "malformed"),
        ({"type": "report_usage", "data": {"reports": {}}}, "malformed"),
        ({"type": "trust_request", "data": {"trust_requests": [1]}}, "malformed"),
        ({"type": "trust_request", "data": {"id_token": "x" * 5000}}, "malformed"),
    ],
)
def test_a_request_of_another_form_is_refused(members: dict[str, object], code: str) -> None:
    with refused(code):
        decode_request(edited(encode_request(HELLO), **members))


@pytest.mark.threat("A10", role="core")
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"type":"hello","type":"poll"}', "duplicate-key"),
        (b'{"data":' + b"[" * 100_000, "too-deep"),
        (b'{"timestamp":1e999}', "number-not-allowed"),
        (b"{}" + b" " * 100, "too-large"),
        (b"[]", "malformed"),
    ],
)
def test_a_hostile_request_is_refused_by_name(data: bytes, code: str) -> None:
    with refused(code):
        decode_request(data, cap=100 if code == "too-large" else 200_000)


@pytest.mark.threat("E13", role="core")
@pytest.mark.parametrize(
    "data",
    [
        b"<html>Please log in</html>",
        b"",
        b'{"status":"OK"}',
        b" " * 1000,
        edited(encode_response(OK), status="MAYBE"),
        edited(encode_response(OK), poll_interval=10**9),
        edited(encode_response(OK), poll_id=-1),
        edited(encode_response(OK), problem={}),
        edited(encode_response(OK), data={"acknowledgements": [{"smart_license": "####"}]}),
        edited(encode_response(OK), data={"acknowledgements": [{}] * 5000}),
    ],
)
def test_an_answer_of_another_kind_is_a_bad_answer(data: bytes) -> None:
    with refused("bad-answer"):
        decode_response(data, nonce=OK.nonce, cap=100_000)


def test_an_answer_to_another_request_is_a_bad_answer() -> None:
    with pytest.raises(Problem, match="its nonce differs"):
        decode_response(encode_response(OK), nonce="ff" * 16)


def test_a_problem_of_a_newer_peer_is_carried() -> None:
    data = edited(encode_response(OK), problem={"code": "new-in-2030", "diagnostics": {"a": "b"}})
    problem = decode_response(data, nonce=OK.nonce).problem
    assert problem == WireProblem(
        code="new-in-2030",
        title="",
        detail="",
        fault="",
        retry="",
        next_step="",
        diagnostics=MappingProxyType({"a": "b"}),
    )


def test_a_problem_crosses_the_wire_whole() -> None:
    problem = Problem("token-expired", "It ended yesterday.", until=NOW)
    wire = WireProblem.of(problem)
    assert wire.to_json() == problem.to_json()
    sent = replace(OK, status=Status.FAILED, problem=wire)
    assert decode_response(encode_response(sent), nonce=OK.nonce).problem == wire


def test_a_problem_needs_no_more_than_its_code() -> None:
    data = edited(encode_response(OK), problem={"code": "malformed"})
    problem = decode_response(data, nonce=OK.nonce).problem
    assert problem is not None
    assert (problem.code, problem.diagnostics) == ("malformed", {})


def test_an_item_that_is_no_json_is_not_sent() -> None:
    broken = replace(REQUESTS[3], reports=(replace(REPORT, usage=("{",)),))
    with refused("truncated"):
        encode_request(broken)
