"""The portal's API and token endpoint as a FastAPI application, which describes itself."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gauger.core.problems import Problem
from gauger.surfaces.http import oauth, smart_transport
from gauger.surfaces.http.api import (
    accounts,
    authorizations,
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
from gauger.surfaces.http.problems import MEDIA_TYPE, problem_response
from gauger.surfaces.http.refusing import (
    HEALTH,
    audit,
    health,
    on_failure,
    on_http,
    on_problem,
)

_ROUTERS: Final = (
    accounts.top,
    accounts.smart,
    accounts.virtual,
    tokens.virtual,
    policies.top,
    policies.smart,
    policies.virtual,
    authorizations.virtual,
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
        # A redirect would send a bearer token to an address that nobody asked for.
        redirect_slashes=False,
    )
    # Routes are tried in order: what every product instance asks for stands first.
    app.router.routes[:0] = [smart_transport.ROUTE, oauth.ROUTE, _HEALTH]
    for router in _ROUTERS:
        # As they are: `include_router` would make each route a second time.
        app.router.routes.extend(router.routes)
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_failure)
    return app


_HEALTH: Final = Route(HEALTH, health, methods=["GET"])


async def _on_invalid(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    problem = invalid(found)
    audit(request, problem)
    return problem_response(problem)


def invalid(errors: Iterable[Any]) -> Problem:
    """Return the problem for fields that do not fit the description of a route.

    Args:
        errors: What pydantic says about each field.
    """
    first = next(iter(errors), {"type": "", "loc": (), "msg": "not acceptable"})
    # Only names and rules are told, never the value: it may be a password.
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return Problem("unknown-field", f"The field {where[:128]!r} is not known here.")
    # As the one who calls knows it: the field's own name, and what it should be.
    name = where.removeprefix("body.").removeprefix("query.").removeprefix("path.")[:128]
    told = str(first["msg"]).removeprefix("Input ").removeprefix("String ").removeprefix("Value ")
    return Problem("invalid-argument", f"The field {name!r}: {told}.", field=where[:128])
