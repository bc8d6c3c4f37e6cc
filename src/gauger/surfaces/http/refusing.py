"""What is answered outside of use cases: refusals, failures, the question whether we serve.

Free of the API's framework, which takes as long to load as everything else together.
"""

import logging
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gauger.core.documents.smart_transport import LICENSING_PATH
from gauger.core.problems import Problem
from gauger.surfaces.http.context import address_of, portal_of
from gauger.surfaces.http.problems import problem_response

HEALTH: Final = "/healthz"
_LOG: Final = logging.getLogger(__name__)


async def health(request: Request) -> Response:
    """Say that the portal serves."""
    del request
    # No version and no state: anybody may ask.
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


async def on_problem(request: Request, error: Exception) -> Response:
    """Answer a refusal by its name, and write it down."""
    problem = _as_problem(error)
    audit(request, problem)
    return problem_response(problem)


async def on_http(request: Request, error: Exception) -> Response:
    """Answer what the framework itself refuses: an unknown path, a wrong method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    # Cut: it is the peer's own text, in an answer and in the log.
    path = request.url.path[:128]
    if status == 405:
        problem = Problem("not-found", f"{path} does not take {request.method[:16]}.")
    elif status == 404:
        message = f"There is no {path} here; smart transport's path is {LICENSING_PATH}."
        problem = Problem("not-found", message, licensing_path=LICENSING_PATH)
    else:
        problem = Problem("malformed", "The request cannot be read.")
    audit(request, problem)
    return problem_response(problem)


async def on_failure(request: Request, error: Exception) -> Response:
    """Answer what nobody has thought of; the trace goes to the log, not to the caller."""
    del request
    _LOG.error("A request failed.", exc_info=error)
    return problem_response(_as_problem(error))


def _as_problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    # Nothing of the error itself: it may hold paths, or what another caller sent.
    return Problem("internal-error", "The request could not be served.")


def audit(request: Request, problem: Problem) -> None:
    """Write a refusal down: who was refused, where."""
    caller = getattr(request.state, "caller", None)
    by = str(caller) if caller is not None else address_of(request)
    route = request.scope.get("route")
    # The route and not the path asked for: a scanner must not fill the audit with its guesses.
    path = getattr(route, "path", "an unknown path")
    portal_of(request).means.audit.refusal(problem, f"{request.method} {path}", by=by)
