"""In front of every route of the API: who calls, may they, is the body strict."""

import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Path
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope as HttpScope

from gauger.core.identity import AccountRef
from gauger.core.problems import Problem
from gauger.core.strict_json import decode
from gauger.cssm.access import Action, Caller, Scope
from gauger.cssm.commands.accounts import find_smart_account
from gauger.cssm.portal import Portal
from gauger.surfaces.http.api.models import ProblemGiven
from gauger.surfaces.http.context import portal_of

ACTION: Final = "x-gauger-action"
"""Where the OpenAPI description of a route names what permission it needs."""


def needs(action: Action) -> dict[str, Any]:
    """Return the part of a route's description that names the permission it needs."""
    return {ACTION: action.value}


def caller_of(request: Request) -> Caller:
    """Return who calls, as the guard has found out."""
    caller: Caller = request.state.caller
    return caller


def scope_of(request: Request) -> Scope:
    """Return the account that the path of a request names."""
    return Scope(
        smart_account=request.path_params.get("smart_account"),
        virtual_account=request.path_params.get("virtual_account"),
    )


def account_of(
    smart_account: Annotated[str, Path(description="Domain of the Smart Account.")],
    virtual_account: Annotated[str, Path(description="Name of the Virtual Account.")],
) -> AccountRef:
    """Return the Virtual Account that the path of a request names.

    Raises:
        Problem: ``malformed`` where the names are none.
    """
    return AccountRef(smart_account, virtual_account)


def domain_of(
    smart_account: Annotated[str, Path(description="Domain of the Smart Account.")],
) -> str:
    """Return the Smart Account that the path of a request names."""
    return smart_account


PortalDep = Annotated[Portal, Depends(portal_of)]
CallerDep = Annotated[Caller, Depends(caller_of)]
AccountDep = Annotated[AccountRef, Depends(account_of)]
DomainDep = Annotated[str, Depends(domain_of)]
ScopeDep = Annotated[Scope, Depends(scope_of)]

_SLASH: Final = "\udc2f"  # half a surrogate pair: no path that is unescaped holds one

PREFIX: Final = "/api/v1"
"""Where the API begins."""

SMART: Final = "/accounts/{smart_account}"
VIRTUAL: Final = SMART + "/virtual-accounts/{virtual_account}"


def router(prefix: str, tag: str) -> APIRouter:
    """Return a router whose routes are guarded, below the prefix of an account or of none."""
    names = {SMART: [Depends(domain_of)], VIRTUAL: [Depends(account_of)]}
    return APIRouter(
        prefix=PREFIX + prefix,
        dependencies=names.get(prefix, []),
        tags=[tag],
        route_class=GuardedRoute,
        responses={"default": {"model": ProblemGiven, "description": "A refusal."}},
    )


class _StrictRequest(Request):
    """A request whose JSON was decoded strictly before anything else looked at it."""

    decoded: object = None

    async def json(self) -> Any:  # noqa: ANN401 -- starlette's signature
        """Return the body that the guard has decoded."""
        return self.decoded


class GuardedRoute(APIRoute):
    """A route that looks at the caller before it reads the body, and at the body before the code.

    Every route names the permission it needs in its description; one that does not cannot be
    made.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 -- FastAPI's signature
        """Make a route.

        Raises:
            KeyError: Where it does not name its permission.
        """
        # A route without a permission fails when the API is built, before anybody can call it.
        self.action = Action((options.get("openapi_extra") or {})[ACTION])
        super().__init__(path, endpoint, **options)
        self.query_names = _query_names(self.dependant)

    def matches(self, scope: HttpScope) -> tuple[Match, HttpScope]:
        """Match a path whose escaped slashes belong to names."""
        match, found = super().matches(_with_whole_names(scope))
        if match is not Match.NONE:
            names = found["path_params"].items()
            found["path_params"] = {key: name.replace(_SLASH, "/") for key, name in names}
        return match, found

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler behind the guard."""
        inner = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            # First: who may not call sends no body, and does not learn which fields there are.
            await run_in_threadpool(self._admit, request)
            self._check_query(request)
            strict = _StrictRequest(request.scope, request.receive)
            if self.body_field is not None:
                strict.decoded = _decode(request, await strict.body())
            return await inner(strict)

        return guarded

    def _admit(self, request: Request) -> None:
        portal, scope = portal_of(request), scope_of(request)
        caller = portal.sessions.caller(_bearer(request))
        request.state.caller = caller
        # Before the account is looked up: a stranger must not learn which accounts exist.
        caller.authorise(self.action, scope)
        _check_exists(portal, scope)

    def _check_query(self, request: Request) -> None:
        # A filter that is misspelt and passed over would show everything, or change too much.
        for name in request.query_params:
            if name not in self.query_names:
                known = ", ".join(sorted(self.query_names)) or "none"
                message = f"The query has no field {name[:64]!r}; this route knows: {known}."
                raise Problem("unknown-field", message)


def _with_whole_names(scope: HttpScope) -> HttpScope:
    """Return a scope in whose path an escaped slash is no separator.

    The server unescapes a path before it is matched. An account or user of an earlier release may
    have a slash in its name, and would be out of reach of every route.
    """
    raw = scope.get("raw_path", b"")
    if b"%2f" not in raw.lower():
        return scope
    pieces = re.split("%2f", raw.decode("latin-1"), flags=re.IGNORECASE)
    return {**scope, "path": _SLASH.join(map(unquote, pieces))}


def _query_names(dependant: Dependant) -> frozenset[str]:
    own = (parameter.alias for parameter in dependant.query_params)
    return frozenset(own).union(*map(_query_names, dependant.dependencies))


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    # No cookie, so no other site can make a browser call in somebody's name.
    if scheme.lower() != "bearer" or not token:
        raise Problem("unauthenticated", "The request carries no bearer token.")
    return token.strip()


def _check_exists(portal: Portal, scope: Scope) -> None:
    """Refuse an account that is not there; its absence looks like one out of reach."""
    if scope.smart_account is None:
        return
    with portal.means.readers.lend() as reader:
        found: object = find_smart_account(reader, scope.smart_account)
        if found is not None and scope.virtual_account is not None:
            account = AccountRef(scope.smart_account, scope.virtual_account)
            found = reader.virtual_account(account)
    if found is None:
        raise Problem("not-found", f"There is no account {scope}.")


def _decode(request: Request, body: bytes) -> object:
    if not body:
        raise Problem("malformed", "The request has no body.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem("malformed", "The body of an API request is application/json.")
    # Of that length already: the limits in front cut it while it was read.
    return decode(body, what="the body of the request", cap=len(body))
