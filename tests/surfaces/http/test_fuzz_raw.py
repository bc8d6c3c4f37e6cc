"""Raw routes under inputs that nobody thought of: smart transport, the token endpoint, uploads.

They read bytes by themselves and so stand outside of what the description of the API can try.
"""

import copy
import json
from typing import Any, Final

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gauger.core.documents.smart_transport import encode_request
from gauger.core.problems import TABLE
from gauger.surfaces.http.problems import MEDIA_TYPE, STATUS
from tests.support.builders import ACCOUNT, a_device
from tests.surfaces.http.portal import (
    Web,
    at,
    poll_request,
    trust_request,
    usage_file,
    usage_request,
)

ANY = settings(
    derandomize=True,
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
JSON: Final = {"Content-Type": "application/json"}
FORM: Final = "application/x-www-form-urlencoded"
UNAVAILABLE: Final = {501, 503}  # said by name: a newer release is needed, or less haste

device = a_device()
REQUESTS: Final = [
    json.loads(encode_request(one))
    for one in (
        usage_request(device, device.report(), device.report()),
        trust_request("token", device.trust_request(token="token")),
        poll_request("ab" * 16),
    )
]
FILE: Final = usage_file([device.report()], [device.trust_request()])
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 2**63, 10**400, 1.5, "", "\x00", "\ud800", "é", "x" * 300, "..", [], [[]]]
) | st.dictionaries(st.text(max_size=3), st.none(), max_size=2)


@st.composite
def changed(draw: st.DrawFn) -> bytes:
    """Return a request with one value replaced, left out, doubled or put elsewhere."""
    tree = copy.deepcopy(draw(st.sampled_from(REQUESTS)))
    places = list(_places(tree))
    holder, key = places[draw(st.integers(0, len(places) - 1))]
    how = draw(st.sampled_from(["replace", "drop", "list", "odd key"]))
    if how == "drop":
        del holder[key]
    elif how == "odd key" and isinstance(holder, dict):
        holder[draw(st.text(max_size=4))] = draw(ODD)
    else:
        holder[key] = draw(ODD) if how == "replace" else [holder[key]] * draw(st.integers(0, 30))
    return json.dumps(tree, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


def _places(tree: Any) -> Any:  # noqa: ANN401 -- any JSON
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in list(pairs):
        yield tree, key
        if isinstance(value, dict | list):
            yield from _places(value)


@st.composite
def bitten(draw: st.DrawFn, whole: bytes) -> bytes:
    """Return bytes of which a piece is replaced by others."""
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(start + 30, len(whole))))
    return whole[:start] + draw(st.binary(max_size=8)) + whole[end:]


def check_problem(answer: httpx.Response) -> None:
    """Check that a refusal is a problem of the table, and nothing is the portal's own fault."""
    assert answer.status_code < 500 or answer.status_code in UNAVAILABLE, answer.text
    if answer.status_code < 400:
        return
    told = answer.json()
    assert STATUS[told["code"]] == answer.status_code
    assert told["title"] == TABLE[told["code"]].title
    assert told["detail"]
    assert told["next_step"]


@pytest.mark.threat("F10", role="cssm")
@ANY
@given(body=changed() | bitten(json.dumps(REQUESTS[0]).encode()) | st.binary(max_size=40))
def test_any_smart_transport_request_is_answered_in_form(shared_web: Web, body: bytes) -> None:
    answer = shared_web.http.post("/licservice/license", content=body, headers=JSON)
    if answer.headers["Content-Type"].startswith("application/json"):
        told = answer.json()
        refused = told["status"] == "FAILED"
        assert refused == (answer.status_code >= 400)
        assert answer.status_code < 500 or answer.status_code in UNAVAILABLE
        assert not refused or told["message_code"] in TABLE
    else:
        assert answer.headers["Content-Type"] == MEDIA_TYPE
        check_problem(answer)


@pytest.mark.threat("F10", role="cssm")
@ANY
@given(
    body=bitten(b"grant_type=client_credentials&client_id=a&client_secret=b")
    | bitten(b"grant_type=password&username=a&password=b")
    | st.binary(max_size=40),
    header=st.none()
    | st.sampled_from(["Basic", "Basic !", "basic YTpi", "Basic OmI=", "Basic 4pio"]),
    media=st.sampled_from([FORM, f"{FORM}; charset=utf-7", "text/plain", ""]),
)
def test_any_token_request_is_refused_by_name(
    shared_web: Web, body: bytes, header: str | None, media: str
) -> None:
    headers = {"Content-Type": media} | ({"Authorization": header} if header else {})
    answer = shared_web.http.post("/oauth2/token", content=body, headers=headers)
    assert answer.status_code >= 400
    check_problem(answer)
    assert answer.json()["error"]  # RFC 6749 §5.2


@pytest.mark.threat("F10", role="cssm")
@settings(ANY, max_examples=25)
@given(
    content=bitten(FILE) | st.binary(max_size=40),
    name=st.text(st.characters(codec="utf-8"), max_size=260),
)
def test_any_upload_ends_with_verdicts_or_a_name(
    shared_web: Web, content: bytes, name: str
) -> None:
    answer = shared_web.http.post(
        f"/api/v1{at()}/usage-files",
        params={"name": name},
        content=content,
        headers={"Authorization": f"Bearer {shared_web.operator}", "Content-Type": "text/xml"},
    )
    check_problem(answer)
    if answer.status_code != 202:
        return
    job = shared_web.finished(ACCOUNT, answer.json()["job_id"])
    assert job["problem"] is None or job["problem"]["code"] in TABLE
    assert job["problem"] is None or job["problem"]["code"] != "internal-error"
    for part in ("verdicts", "ack"):
        path = f"{at()}/usage-files/{job['job_id']}/{part}"
        check_problem(shared_web.call("GET", path))


@pytest.mark.threat("F10", role="cssm")
@ANY
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]),
    path=st.sampled_from(
        [
            "/api/v1", "/api/v1/", "/api/v1/accounts/%2e%2e", "/api/v1/accounts/%00",
            "/api/v1/accounts/a%2Fb/virtual-accounts/c", "/api/v1/instances?limit=0",
            "/api/v1/instances?after=-1", f"/api/v1/instances?after={10**30}",
            "/api/v1/instances?search=%25", "/api/v1/events?after=-9223372036854775809",
            "/api/v1/reports/%ff", "/oauth2/token", "/licservice/license", "/healthz",
            "/" + "a" * 8000,
        ]
    ),
    body=st.sampled_from([b"", b"{}", b"null", b"[" * 2000, b'{"a":1,"a":2}', b"\xff"]),
)  # fmt: skip
def test_any_path_and_method_is_answered_by_name(
    shared_web: Web, method: str, path: str, body: bytes
) -> None:
    headers = {"Authorization": f"Bearer {shared_web.operator}"}
    answer = shared_web.http.request(method, path, content=body, headers=headers)
    check_problem(answer)
