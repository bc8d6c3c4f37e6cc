"""What stands behind every request."""

from typing import Final

from starlette.requests import Request

from gauger.cssm.portal import Portal

UNKNOWN: Final = "unknown"
"""Address of a peer that has none."""


def portal_of(request: Request) -> Portal:
    """Return the portal that serves a request."""
    portal: Portal = request.app.state.portal
    return portal


def address_of(request: Request) -> str:
    """Return the address of the peer, which it cannot choose."""
    # Not from X-Forwarded-For, which any peer may write: guesses are limited by this.
    return request.client.host if request.client else UNKNOWN
