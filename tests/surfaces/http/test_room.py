"""One budget of memory for the bodies of all connections."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gauger.core.documents.smart_transport import LICENSING_PATH
from gauger.core.problems import Problem
from gauger.cssm.config import CssmConfig, Deadlines, Limits
from gauger.surfaces.http.limits import RequestLimits
from gauger.surfaces.http.problems import problem_response
from gauger.surfaces.http.room import SMALL, BodyRoom, Lease
from tests.surfaces.http.portal import CONFIG, a_web, at
from tests.surfaces.http.serving import serving

MB = 1024 * 1024
LARGE = 600 * 1024
TIGHT = CssmConfig(
    limits=Limits(held_bytes=MB, request_bytes=LARGE), deadlines=Deadlines(room_seconds=0.3)
)


async def taken(room: BodyRoom, *sizes: int) -> list[asyncio.Task[None]]:
    """Let bodies ask for room one after another."""
    tasks = []
    for size in sizes:
        tasks.append(asyncio.create_task(room.take(size)))
        await asyncio.sleep(0)
    return tasks


def codes(tasks: list[asyncio.Task[None]]) -> list[str | None]:
    """Return what became of those that asked."""
    errors = [one.exception() for one in tasks]
    return [one.code if isinstance(one, Problem) else None for one in errors]


@pytest.mark.threat("A24", role="cssm")
def test_large_bodies_never_take_the_share_of_small_ones() -> None:
    async def tell() -> None:
        room = BodyRoom(4 * MB, 0.01)
        large = await taken(room, *[MB] * 5)
        await asyncio.wait(large)
        assert codes(large) == [None, None, None, "server-busy", "server-busy"]
        small = await taken(room, *[SMALL] * 17)
        await asyncio.wait(small)
        assert codes(small) == [None] * 16 + ["server-busy"]
        assert room.held == 4 * MB

    asyncio.run(tell())


def test_who_waits_is_let_in_when_room_is_given_back_in_order() -> None:
    async def tell() -> None:
        room = BodyRoom(4 * MB, 30)
        await room.take(3 * MB)
        first, second = await taken(room, 2 * MB, MB)
        room.give(3 * MB)
        await asyncio.wait([first, second])
        assert room.held == 3 * MB

    asyncio.run(tell())


def test_one_that_gives_up_does_not_hold_up_those_behind_it() -> None:
    async def tell() -> None:
        room = BodyRoom(4 * MB, 30)
        await room.take(2 * MB)
        first, second = await taken(room, 2 * MB, MB)
        first.cancel()
        await asyncio.wait([first, second])
        assert first.cancelled()
        assert codes([second]) == [None]
        assert room.held == 3 * MB

    asyncio.run(tell())


def test_room_given_in_the_moment_of_giving_up_goes_back() -> None:
    async def tell() -> None:
        room = BodyRoom(4 * MB, 30)
        await room.take(3 * MB)
        (waiting,) = await taken(room, MB)
        room.give(3 * MB)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert room.held == 0

    asyncio.run(tell())


def test_a_body_over_the_whole_budget_fits_alone() -> None:
    async def tell() -> None:
        room = BodyRoom(MB, 0.01)
        await room.take(2 * MB)
        (second,) = await taken(room, 2 * MB)
        await asyncio.wait([second])
        assert codes([second]) == ["server-busy"]

    asyncio.run(tell())


def test_a_lease_grows_and_gives_everything_back() -> None:
    async def tell() -> None:
        room = BodyRoom(4 * MB, 0.01)
        lease = Lease(room)
        await lease.hold(SMALL)
        await lease.hold(MB)
        await lease.hold(SMALL)
        assert room.held == MB
        lease.end()
        lease.end()
        assert room.held == 0

    asyncio.run(tell())


@dataclass
class Held:
    """An application that keeps every body until it is told to answer."""

    port: int = 0
    bodies: list[int] = field(default_factory=list)
    came: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    go: threading.Event = field(default_factory=threading.Event)

    async def read(self, request: Request) -> Response:
        body = await request.body()
        self.bodies.append(len(body))
        self.came.release()
        if len(body) > SMALL:
            await asyncio.to_thread(self.go.wait, 30)
        return Response("read")

    def post(self, size: int, *, chunked: bool = False) -> httpx.Response:
        content = iter([b"x" * size]) if chunked else b"x" * size
        url = f"http://127.0.0.1:{self.port}{LICENSING_PATH}"
        return httpx.post(url, content=content, timeout=30, trust_env=False)


async def on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error)


@contextmanager
def held(config: CssmConfig) -> Iterator[Held]:
    app = Held()
    routes = [Route("/{rest:path}", app.read, methods=["POST"])]
    inner = Starlette(routes=routes, exception_handlers={Problem: on_problem})
    with serving(RequestLimits(inner, config), config) as app.port:
        try:
            yield app
        finally:
            app.go.set()


@pytest.mark.threat("E1", role="cssm")
@pytest.mark.threat("A24", role="cssm")
@pytest.mark.threat("G7", role="cssm")
@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_beyond_the_budget_are_refused_by_name_and_small_ones_are_served(
    *, chunked: bool
) -> None:
    with held(TIGHT) as app:
        first = threading.Thread(target=app.post, args=(LARGE,), daemon=True)
        first.start()
        assert app.came.acquire(timeout=30)
        refused = app.post(LARGE, chunked=chunked)
        small = app.post(SMALL, chunked=chunked)
        assert app.bodies == [LARGE, SMALL]
        app.go.set()
        first.join(timeout=30)
    assert refused.status_code == 503
    assert refused.json()["code"] == "server-busy"
    assert refused.headers["Retry-After"] == "5"
    assert refused.headers["Connection"] == "close"
    assert small.status_code == 200


@pytest.mark.threat("E1", role="cssm")
def test_a_body_waits_for_room_and_is_served() -> None:
    patient = replace(TIGHT, deadlines=Deadlines(room_seconds=30))
    with held(patient) as app:
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda: answers.append(app.post(LARGE).status_code))
            for _ in range(3)
        ]
        for one in threads:
            one.start()
        assert app.came.acquire(timeout=30)
        assert app.bodies == [LARGE]
        app.go.set()
        for one in threads:
            one.join(timeout=30)
    assert answers == [200, 200, 200]


@pytest.mark.threat("A24", role="cssm")
def test_who_may_not_send_a_body_holds_no_room_for_it(tmp_path: Path) -> None:
    limits = replace(CONFIG.limits, held_bytes=MB, api_bytes=MB)
    config = replace(CONFIG, limits=limits, deadlines=Deadlines(room_seconds=0.1))
    head = "POST /api/v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{"
    with a_web(tmp_path, config) as web:
        port = httpx.URL(web.url).port
        with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as peer:
            peer.sendall(head.encode())
            refused = peer.recv(65536)
            body = {"domain": "new.example", "name": "x" * 100}
            content = json.dumps(body) + " " * 700_000
            headers = {
                "Authorization": f"Bearer {web.operator}",
                "Content-Type": "application/json",
            }
            made = web.http.post("/api/v1/accounts", content=content, headers=headers)
    assert b" 401 " in refused
    assert b"connection: close" in refused.lower()
    assert made.status_code == 201


@pytest.mark.threat("G7", role="cssm")
def test_an_upload_far_over_the_budget_goes_through_to_disk(tmp_path: Path) -> None:
    config = replace(CONFIG, limits=replace(CONFIG.limits, held_bytes=MB))
    with a_web(tmp_path, config) as web:
        job = web.upload(b" " * (3 * MB))
        assert job["size"] == 3 * MB
        assert web.get(f"{at()}/usage-files")["items"][0]["job_id"] == job["job_id"]
