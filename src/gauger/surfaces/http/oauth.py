"""OAuth2 token endpoint: client credentials for programs, password for people."""

import base64
from typing import Final
from urllib.parse import parse_qs, unquote_plus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gauger.core.problems import Problem
from gauger.cssm.access import CallerKind
from gauger.surfaces.http.context import address_of, portal_of
from gauger.surfaces.http.problems import STATUS, problem_body, problem_headers

PATH: Final = "/oauth2/token"
_FORM: Final = "application/x-www-form-urlencoded"
_FIELDS: Final = 16


async def _token(request: Request) -> Response:
    portal = portal_of(request)
    address = address_of(request)
    try:
        kind, name, secret = await _credential(request)
        # In a thread: a password hash is made to take long, and would hold up every device.
        token = await run_in_threadpool(portal.sessions.open, kind, name, secret, address=address)
    except Problem as problem:
        portal.means.audit.refusal(problem, PATH, by=address)
        return _refusal(problem)
    return JSONResponse(
        {"access_token": token.text, "token_type": "Bearer", "expires_in": token.seconds},
        # RFC 6749 §5.1: no cache on the way may keep a token.
        headers={"Cache-Control": "no-store"},
    )


async def _credential(request: Request) -> tuple[CallerKind, str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise Problem("malformed", f"A token request is {_FORM}.")
    form = _read_form(await request.body())
    grant = form.pop("grant_type", "")
    # RFC 6749 lets a server pass it over; permissions follow from roles, never from what is asked.
    form.pop("scope", "")
    if grant == "password":
        return CallerKind.USER, _taken(form, "username"), _taken(form, "password", last=True)
    if grant != "client_credentials":
        message = "The grant types are client_credentials and password."
        raise Problem("invalid-argument", message)
    header = request.headers.get("authorization", "")
    if header:
        _no_more(form)
        return CallerKind.CLIENT, *_basic(header)
    name = _taken(form, "client_id")
    return CallerKind.CLIENT, name, _taken(form, "client_secret", last=True)


def _read_form(body: bytes) -> dict[str, str]:
    try:
        found = parse_qs(
            body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            # A form of a million fields would cost far more than its bytes.
            max_num_fields=_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        raise Problem("malformed", "The token request is not a form.") from error
    # RFC 6749 §3.2: two of one name, and two readers take different ones.
    for name, values in found.items():
        if len(values) != 1:
            raise Problem("duplicate-key", f"The field {name[:64]!r} stands twice.")
    return {name: values[0] for name, values in found.items()}


def _taken(form: dict[str, str], name: str, *, last: bool = False) -> str:
    if name not in form:
        raise Problem("malformed", f"The token request has no {name}.")
    value = form.pop(name)
    if last:
        _no_more(form)
    return value


def _no_more(form: dict[str, str]) -> None:
    if form:
        raise Problem("unknown-field", f"The field {min(form)[:64]!r} is not known here.")


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except ValueError as error:  # no base64, not ASCII, not UTF-8 inside
        raise Problem("malformed", "The Authorization header is not Basic.") from error
    name, colon, secret = text.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise Problem("malformed", "The Authorization header is not Basic.")
    # RFC 6749 §2.3.1: both are form-encoded before they are joined.
    return unquote_plus(name), unquote_plus(secret)


def _refusal(problem: Problem) -> JSONResponse:
    """Return a problem with the member that RFC 6749 §5.2 asks for beside ours."""
    names = {"unauthenticated": "invalid_client", "invalid-argument": "unsupported_grant_type"}
    body = {"error": names.get(problem.code, "invalid_request"), **problem_body(problem)}
    headers = problem_headers(problem)
    if problem.code == "unauthenticated":
        headers["WWW-Authenticate"] = 'Basic realm="gauger"'
    return JSONResponse(body, status_code=STATUS[problem.code], headers=headers)


ROUTE: Final = Route(PATH, _token, methods=["POST"])
"""The token endpoint's route."""
