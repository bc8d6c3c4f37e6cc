"""The token endpoint."""

import base64
from pathlib import Path

import pytest

from gauger.cssm.config import CssmConfig, Guarding
from tests.surfaces.http.portal import Web, a_web

CREDENTIALS = {"grant_type": "client_credentials"}


def client(web: Web) -> tuple[str, str]:
    body = {"description": "x", "roles": ["Vendor Operator"]}
    made = web.call("POST", "/clients", body).json()
    return made["name"], made["secret"]


def test_client_credentials_give_a_bearer_token(web: Web) -> None:
    name, secret = client(web)
    form = {**CREDENTIALS, "client_id": name, "client_secret": secret}
    answer = web.http.post("/oauth2/token", data=form)
    assert answer.headers["Cache-Control"] == "no-store"
    given = answer.json()
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 3600)
    assert web.call("GET", "/events", token=given["access_token"]).status_code == 200


def test_client_credentials_may_come_in_the_header(web: Web) -> None:
    name, secret = client(web)
    answer = web.http.post("/oauth2/token", data=CREDENTIALS, auth=(name, secret))
    assert answer.status_code == 200
    wrong = web.http.post("/oauth2/token", data=CREDENTIALS, auth=(name, "wrong"))
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert wrong.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("form", "error", "code"),
    [
        ({"grant_type": "implicit"}, "unsupported_grant_type", "invalid-argument"),
        ({"scope": "all"}, "unsupported_grant_type", "invalid-argument"),
        (CREDENTIALS, "invalid_request", "malformed"),
        ({**CREDENTIALS, "client_id": "x"}, "invalid_request", "malformed"),
        (
            {**CREDENTIALS, "client_id": "x", "client_secret": "y", "role": "z"},
            "invalid_request",
            "unknown-field",
        ),
        ({**CREDENTIALS, "client_id": ["x", "y"]}, "invalid_request", "duplicate-key"),
        ({"grant_type": "password", "username": "x"}, "invalid_request", "malformed"),
    ],
)
def test_a_request_that_is_none_is_refused(
    shared_web: Web, form: dict[str, str], error: str, code: str
) -> None:
    answer = shared_web.http.post("/oauth2/token", data=form)
    assert (answer.json()["error"], answer.json()["code"]) == (error, code)


@pytest.mark.parametrize(
    "header",
    ["Basic !!!", "Basic " + base64.b64encode(b"no colon").decode(), "Bearer eDp5", "Basic gICA"],
)
def test_a_header_that_is_none_is_refused(shared_web: Web, header: str) -> None:
    answer = shared_web.http.post(
        "/oauth2/token", data=CREDENTIALS, headers={"Authorization": header}
    )
    assert answer.json()["code"] == "malformed"


@pytest.mark.parametrize(
    ("kind", "body"),
    [("application/json", b"{}"), ("application/x-www-form-urlencoded", b"\xff\xfe")],
)
def test_a_body_that_is_no_form_is_refused(shared_web: Web, kind: str, body: bytes) -> None:
    answer = shared_web.http.post("/oauth2/token", content=body, headers={"Content-Type": kind})
    assert answer.json()["code"] == "malformed"


@pytest.mark.threat("F1", role="cssm")
def test_guessing_secrets_ends_in_429_with_the_time_to_wait(tmp_path: Path) -> None:
    with a_web(tmp_path, CssmConfig(guarding=Guarding(failures=10))) as web:
        wrong = {**CREDENTIALS, "client_id": "administrator", "client_secret": "wrong"}
        statuses = [web.http.post("/oauth2/token", data=wrong).status_code for _ in range(11)]
        last = web.http.post("/oauth2/token", data=wrong)
        assert statuses == [401] * 10 + [429]
        assert 1 <= int(last.headers["Retry-After"]) <= 61


@pytest.mark.threat("F9", role="cssm")
def test_no_secret_stands_in_the_store_or_the_log(
    web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    name, secret = client(web)
    form = {**CREDENTIALS, "client_id": name, "client_secret": secret}
    token = web.http.post("/oauth2/token", data=form).json()["access_token"]
    web.http.post("/oauth2/token", data={**form, "client_secret": secret + "x"})
    web.call("GET", "/me", token=token)
    held = b"".join(path.read_bytes() for path in web.bench.path.parent.glob("ledger.db*"))
    events = web.call("GET", "/events").text
    for canary in (secret, token):
        assert canary.encode() not in held
        assert canary not in events + caplog.text
