"""What the server serves: devices at once, the API as soon as its framework is loaded."""

import asyncio
import threading
from concurrent.futures import Future

from starlette.datastructures import State
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from gauger.cssm.portal import Portal
from gauger.surfaces.http.limits import RequestLimits
from gauger.surfaces.http.refusing import HEALTH, health, on_failure, on_problem
from gauger.surfaces.http.smart_transport import Front


class LaterApi:
    """The API and everything else that is not smart transport, built when it is wanted.

    A portal that starts has a fleet waiting, whose reports need none of it.
    """

    def __init__(self, portal: Portal) -> None:
        """Stand for a portal's API; nothing is built yet."""
        self.state = State({"portal": portal})
        self._app: ASGIApp | None = None
        self._built: Future[ASGIApp] = Future()
        self._built.set_running_or_notify_cancel()  # a peer that goes away must not cancel it
        self._gate = threading.Lock()
        self._has_begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the first ones wait."""
        if scope["path"] == HEALTH and scope["method"] in {"GET", "HEAD"}:
            answer = await health(Request(scope))
            await answer(scope, receive, send)
            return
        if self._app is None:
            self.begin()
            self._app = await asyncio.wrap_future(self._built)
        await self._app(scope, receive, send)

    def begin(self) -> None:
        """Begin to build it in a thread of its own, once."""
        # Only to begin is guarded; who waits does so without holding the gate.
        with self._gate:
            if self._has_begun:
                return
            self._has_begun = True
        threading.Thread(target=self._build, name="gauger-api", daemon=True).start()

    def _build(self) -> None:
        try:
            from gauger.surfaces.http.app import api  # noqa: PLC0415 -- what is deferred

            app = api()
        except BaseException as error:
            # Each request that waits shall fail with it, not wait for ever.
            self._built.set_exception(error)
            raise
        app.state = self.state
        self._built.set_result(app)


class PortalApp(RequestLimits):
    """The application that serves a portal, behind caps and deadlines."""

    def __init__(self, portal: Portal) -> None:
        """Serve a portal."""
        self._api = LaterApi(portal)
        # The limits outermost: not one byte is read before they have judged the request.
        super().__init__(Front(portal, self._api, on_problem, on_failure), portal.config)

    def warm_up(self) -> None:
        """Load what is not needed at once, so that nobody waits for it later."""
        self._api.begin()


def create_app(portal: Portal) -> PortalApp:
    """Return the application that serves a portal."""
    return PortalApp(portal)
