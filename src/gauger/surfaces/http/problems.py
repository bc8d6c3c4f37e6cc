"""Problems over HTTP: one status for each row of the table, one JSON form (RFC 9457)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from starlette.responses import JSONResponse

from gauger.core.problems import Problem

MEDIA_TYPE: Final = "application/problem+json"
"""Media type of a refusal, RFC 9457 §6."""

RETRY_AFTER: Final = 30
"""Seconds that a busy server asks for where the problem itself names no time."""

_BY_STATUS: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: """malformed too-deep duplicate-key number-not-allowed text-not-allowed
            xml-not-allowed truncated trailing-data unknown-field invalid-argument
            invalid-command policy-out-of-range signature-missing profile-invalid
            bundle-invalid""",
        401: "unauthenticated",
        403: """forbidden not-permitted belongs-elsewhere wrong-audience token-unknown
            token-expired token-used-up token-revoked factory-trust-not-allowed trust-missing
            not-authorized transport-off not-active authorizations-used-up epoch-dead""",
        404: """not-found poll-unknown requested-item-not-found file-not-found store-missing
            not-a-licensing-url authorization-not-installed code-unknown""",
        408: "comm-timeout",
        409: """conflict stale-version version-conflict stale-request repeated-place
            duplicate-identity back-dated already-installed clock-skew issued-in-future not-yet
            key-reuse superseded-key root-skipped store-locked store-exists
            no-account not-in-this-state file-changed licence-in-use return-by-hand""",
        413: "too-large",
        422: """wrong-type signature-invalid signature-unverifiable algorithm-not-allowed
            unknown-key key-revoked signer-expired wrong-subject wrong-request wrong-bundle
            root-threshold root-expired test-clock unknown-entitlement peer-refused""",
        429: "too-many-requests",
        500: """internal-error store-damaged store-rolled-back store-failed key-exposed
            key-missing key-store-failed entropy-failed file-not-written store-newer
            store-unknown root-lost""",
        501: "upgrade-needed not-supported transport-later",
        502: "comm-failed proxy-refused tls-failed bad-answer vrf-unavailable",
        # A full disk too: whoever asks may come again, and 507 is for what he himself keeps here.
        503: "server-busy acknowledging-stopped store-full",
    }
)

STATUS: Final[Mapping[str, int]] = MappingProxyType(
    {code: status for status, codes in _BY_STATUS.items() for code in codes.split()}
)
"""HTTP status of every problem code."""


def problem_body(problem: Problem) -> dict[str, object]:
    """Return the JSON form of a problem: the members of RFC 9457 and ours beside them."""
    return {
        # A name and no address: nobody has to be reachable for it to mean something.
        "type": f"urn:gauger:problem:{problem.code}",
        "status": STATUS[problem.code],
        **problem.to_json(),
    }


def problem_headers(problem: Problem) -> dict[str, str]:
    """Return the headers that go with a problem: when to come back, how to prove oneself."""
    # A refusal that a proxy keeps would outlast its cause.
    headers = {"Cache-Control": "no-store"}
    status = STATUS[problem.code]
    if status in {429, 503}:
        headers["Retry-After"] = problem.diagnostics.get("retry_after", str(RETRY_AFTER))
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="gauger"'
    if status in {408, 413}:
        # The rest of the body is not read, so the connection cannot be used again.
        headers["Connection"] = "close"
    return headers


def problem_response(problem: Problem) -> JSONResponse:
    """Return the HTTP answer for a problem."""
    return JSONResponse(
        problem_body(problem),
        status_code=STATUS[problem.code],
        headers=problem_headers(problem),
        media_type=MEDIA_TYPE,
    )
