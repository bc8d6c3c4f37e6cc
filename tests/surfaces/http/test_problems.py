"""The map from problems to HTTP is complete and says what to do."""

import json

import pytest

from gauger.core.problems import TABLE, Problem
from gauger.surfaces.http.problems import (
    MEDIA_TYPE,
    STATUS,
    problem_headers,
    problem_response,
)


def test_every_problem_has_one_status() -> None:
    assert sorted(set(TABLE) - set(STATUS)) == []
    assert sorted(set(STATUS) - set(TABLE)) == []


def test_every_status_is_an_error() -> None:
    assert all(400 <= status <= 599 for status in STATUS.values())


@pytest.mark.parametrize("code", sorted(TABLE))
def test_an_answer_says_what_why_and_what_to_do(code: str) -> None:
    response = problem_response(Problem(code, "What was refused, and why.", serial="GGR0001"))
    body = json.loads(bytes(response.body))
    assert response.media_type == MEDIA_TYPE
    assert response.status_code == body["status"] == STATUS[code]
    assert body["type"] == f"urn:gauger:problem:{code}"
    assert body["code"] == code
    assert body["detail"] == "What was refused, and why."
    assert body["next_step"] == TABLE[code].next_step
    assert body["diagnostics"] == {"serial": "GGR0001"}


def test_a_refused_credential_says_how_to_prove_oneself() -> None:
    assert "Bearer" in problem_headers(Problem("unauthenticated", "x"))["WWW-Authenticate"]


def test_a_refusal_for_a_time_says_for_how_long() -> None:
    assert problem_headers(Problem("too-many-requests", "x", retry_after=7))["Retry-After"] == "7"
    assert problem_headers(Problem("server-busy", "x"))["Retry-After"] == "30"
    assert "Retry-After" not in problem_headers(Problem("forbidden", "x"))


def test_an_over_long_body_ends_the_connection() -> None:
    assert problem_headers(Problem("too-large", "x"))["Connection"] == "close"
