"""The portal's HTTP application: smart transport, token endpoint and API behind one set of limits."""

import logging
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gauger.core.documents.smart_transport import LICENSING_PATH
from gauger.core.problems import Problem
from gauger.cssm.portal import Portal
from gauger.surfaces.http import oauth, smart_transport
from gauger.surfaces.http.api import (
    accounts,
    events,
    instances,
    people,
    policies,
    reports,
    tokens,
    trust,
    usage_files,
)
from gauger.surfaces.http.api.guard import PREFIX
from gauger.surfaces.http.context import address_of, portal_of
from gauger.surfaces.http.limits import RequestLimits
from gauger.surfaces.http.problems import MEDIA_TYPE, problem_response

HEALTH: Final = "/healthz"
_LOG: Final = logging.getLogger(__name__)
_ROUTERS: Final = (
    accounts.top,
    accounts.smart,
    accounts.virtual,
    tokens.virtual,
    policies.top,
    policies.smart,
    policies.virtual,
    instances.top,
    instances.smart,
    instances.virtual,
    reports.top,
    reports.virtual,
    usage_files.virtual,
    events.top,
    events.smart,
    events.virtual,
    trust.top,
    people.me,
    people.top,
    people.smart,
    people.virtual,
)


class _Described(FastAPI):
    """An application whose description says how callers prove themselves."""

    def openapi(self) -> dict[str, Any]:
        """Return the description of the API."""
        if self.openapi_schema is None:
            self.openapi_schema = _corrected(super().openapi())
        return self.openapi_schema


def _corrected(found: dict[str, Any]) -> dict[str, Any]:
    """Say of refusals what is true here: one form, our media type, our status codes."""
    for operations in found["paths"].values():
        for operation in operations.values():
            responses = operation["responses"]
            responses.pop("422", None)  # what the framework would answer, and we do not
            responses["default"]["content"] = {
                MEDIA_TYPE: responses["default"]["content"].pop("application/json")
            }
    for name in ("HTTPValidationError", "ValidationError"):
        found["components"]["schemas"].pop(name, None)
    found["components"]["securitySchemes"] = {
        "oauth2": {
            "type": "oauth2",
            "flows": {
                "clientCredentials": {"tokenUrl": oauth.PATH, "scopes": {}},
                "password": {"tokenUrl": oauth.PATH, "scopes": {}},
            },
        }
    }
    found["security"] = [{"oauth2": []}]
    return found


def api() -> FastAPI:
    """Return the application without a portal behind it; enough to describe the API."""
    app = _Described(
        title="Gauger CSSM",
        version=version("gauger"),
        summary="Accounts, licences, product instances, reports and their verdicts.",
        description=(
            "Tokens come from `/oauth2/token`. Every refusal is a problem (RFC 9457) that says "
            "what was refused, why, and what to do. Lists are paged: `after` takes `next` of the "
            "answer before. Times are epoch seconds, UTC."
        ),
        docs_url=None,  # pages that load scripts from elsewhere have no place here
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        redirect_slashes=False,
    )
    # Routes are tried in order: what every product instance asks for stands first.
    app.router.routes[:0] = [smart_transport.ROUTE, oauth.ROUTE, _HEALTH]
    for router in _ROUTERS:
        app.router.routes.extend(router.routes)
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_failure)
    return app


def create_app(portal: Portal) -> ASGIApp:
    """Return the application that serves a portal, behind caps and deadlines."""
    app = api()
    app.state.portal = portal
    front = smart_transport.Front(app, _on_problem, _on_failure)
    return RequestLimits(front, portal.config)


async def _health(request: Request) -> Response:
    del request
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


_HEALTH: Final = Route(HEALTH, _health, methods=["GET"])


async def _on_problem(request: Request, error: Exception) -> Response:
    problem = _as_problem(error)
    _audit(request, problem)
    return problem_response(problem)


async def _on_invalid(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    problem = invalid(found)
    _audit(request, problem)
    return problem_response(problem)


async def _on_http(request: Request, error: Exception) -> Response:
    """Answer what the framework itself refuses: an unknown path, a wrong method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    path = request.url.path[:128]
    if status == 405:
        problem = Problem("not-found", f"{path} does not take {request.method[:16]}.")
    elif status == 404:
        message = f"There is no {path} here; smart transport's path is {LICENSING_PATH}."
        problem = Problem("not-found", message, licensing_path=LICENSING_PATH)
    else:
        problem = Problem("malformed", "The request cannot be read.")
    _audit(request, problem)
    return problem_response(problem)


async def _on_failure(request: Request, error: Exception) -> Response:
    """Answer what nobody has thought of; the trace goes to the log, not to the caller."""
    del request
    _LOG.error("A request failed.", exc_info=error)
    return problem_response(_as_problem(error))


def invalid(errors: Iterable[Any]) -> Problem:
    """Return the problem for fields that do not fit the description of a route.

    Args:
        errors: What pydantic says about each field.
    """
    first = next(iter(errors), {"type": "", "loc": (), "msg": "not acceptable"})
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return Problem("unknown-field", f"The field {where[:128]!r} is not known here.")
    return Problem("invalid-argument", f"{where[:128]}: {first['msg']}.", field=where[:128])


def _as_problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    return Problem("internal-error", "The request could not be served.")


def _audit(request: Request, problem: Problem) -> None:
    caller = getattr(request.state, "caller", None)
    by = str(caller) if caller is not None else address_of(request)
    route = request.scope.get("route")
    path = getattr(route, "path", "an unknown path")
    portal_of(request).means.audit.refusal(problem, f"{request.method} {path}", by=by)
