"""The bare stack: the least that any server of signed reports must do, as a measure of ours.

The same server library and settings, the same bodies and connections. For each report one parse,
one verification, one insert and one signature. All reports that wait share one durable commit, by
the portal's own rule of how long a commit waits for company, in a file opened as the portal's is.
No judgement, no account, no chain, no answer that proves itself: what ours costs more is their
price.
"""

import asyncio
import json
import queue
import socket
import sys
import threading
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.keys.file import generate_key
from gauger.adapters.storage.ledger.connection import connect
from gauger.core.documents import keyring
from gauger.core.documents.rum_report import report_preimage
from gauger.core.documents.smart_transport import LICENSING_PATH
from gauger.core.identity import digest
from gauger.cssm.config import CssmConfig
from gauger.surfaces.http.server import PortalServer, server_settings

_SCHEMA: Final = "CREATE TABLE report (digest TEXT PRIMARY KEY, udi TEXT, payload BLOB)"

GATHER_SECONDS: Final = 0.004
"""How long a commit that has company waits for more, as `gauger.authority.service` does."""

MOST_GATHERINGS: Final = 5
LARGEST: Final = 512

Row = tuple[str, str, bytes]
Waiting = tuple[Row, asyncio.Future[bytes]]


class Committer(threading.Thread):
    """The one writer: whatever waits becomes one commit, and is signed after it."""

    def __init__(self, path: Path) -> None:
        """Open the store."""
        super().__init__(daemon=True)
        self.waiting: queue.SimpleQueue[Waiting] = queue.SimpleQueue()
        self._path = path
        self._key = generate_key(SystemEntropy())
        self._had_company = False
        self._never = threading.Event()

    def run(self) -> None:
        """Commit and sign for ever."""
        store = connect(self._path)
        store.execute(_SCHEMA)
        while True:
            group = self._gathered()
            store.execute("BEGIN IMMEDIATE")
            store.executemany("INSERT INTO report VALUES (?, ?, ?)", [row for row, _ in group])
            store.execute("COMMIT")
            signed = [(done, keyring.sign(self._key, row[0].encode())) for row, done in group]
            loop = group[0][1].get_loop()
            loop.call_soon_threadsafe(_resolve, signed)

    def _gathered(self) -> list[Waiting]:
        """Take what waits; who has company, or had it last, waits a moment for more."""
        group = [self.waiting.get()]
        self._drain(group)
        before = 0 if len(group) > 1 or self._had_company else len(group)
        for _ in range(MOST_GATHERINGS):
            if len(group) in {before, LARGEST}:
                break
            before = len(group)
            self._never.wait(GATHER_SECONDS)
            self._drain(group)
        self._had_company = len(group) > 1
        return group

    def _drain(self, group: list[Waiting]) -> None:
        while len(group) < LARGEST and not self.waiting.empty():
            group.append(self.waiting.get())


def _resolve(signed: list[tuple[asyncio.Future[bytes], bytes]]) -> None:
    for done, value in signed:
        if not done.done():
            done.set_result(value)


def application(committer: Committer, keys: dict[str, bytes]) -> Starlette:
    """Return the server's one route."""

    async def receive(http: Request) -> Response:
        report = json.loads(await http.body())["data"]["reports"][0]
        item, serial = report["usage"][0], report["sudi"]["udi_serial_number"]
        payload = item["payload"].encode()
        value = b64decode(item["signature"]["value"])
        keyring.verify(keys[serial], report_preimage(payload), value)
        row = (digest(payload), serial, payload)
        done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        committer.waiting.put((row, done))
        answer = {"status": "OK", "digest": row[0], "value": b64encode(await done).decode()}
        return Response(json.dumps(answer, separators=(",", ":")), media_type="application/json")

    return Starlette(routes=[Route(LICENSING_PATH, receive, methods=["POST"])])


def main() -> None:
    """Serve: ``python -m bench.bare FOLDER``; the folder holds the keys and gets the port."""
    folder = Path(sys.argv[1])
    found = json.loads((folder / "keys.json").read_text(encoding="ascii"))
    committer = Committer(folder / "bare.db")
    committer.start()
    app = application(committer, {serial: b64decode(key) for serial, key in found.items()})
    listener = socket.create_server(("127.0.0.1", 0))
    ready = folder / "bare.url"

    def up() -> None:
        ready.write_text(f"http://127.0.0.1:{listener.getsockname()[1]}", encoding="ascii")

    PortalServer(server_settings(app, CssmConfig()), up).run([listener])


if __name__ == "__main__":
    main()
