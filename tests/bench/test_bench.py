"""What the measurements are made of: rows, the load, the bare stack."""

import asyncio
import json
import os
from base64 import b64decode
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest
from starlette.applications import Starlette

from bench import bare, load
from bench.__main__ import BATCH, rows_of, scaled
from bench.fleet import Device, Fleet
from bench.rows import Row
from gauger.core.documents import keyring
from gauger.core.documents.rum_report import read_report
from gauger.core.documents.smart_transport import LICENSING_PATH, decode_request
from gauger.cssm.config import CssmConfig
from tests.support.builders import a_factory, a_key
from tests.surfaces.http.serving import serving

TERMS = keyring.Terms(serial_number=1, not_before=0, not_after=2**31)


@pytest.fixture
def fleet() -> Fleet:
    maker = a_factory().maker
    devices = tuple(Device.made(maker, f"GGR{number}", TERMS) for number in range(4))
    return Fleet(devices=devices, connections=2)


def test_a_row_tells_whether_its_aim_is_met() -> None:
    met = [Row(name="x", value=1.0, unit="s", aim=aim).to_json()["met"] for aim in (None, 0.9, 2)]
    assert met == [None, True, False]


def test_a_limit_is_met_from_below() -> None:
    limits = [Row(name="x", value=1.0, unit="s", aim=aim, at_most=True) for aim in (None, 0.9, 2)]
    assert [limit.to_json()["met"] for limit in limits] == [None, False, True]


def test_rates_are_by_time_and_by_processor_time() -> None:
    found = {"requests": 10, "seconds": 5.0, "cpu_seconds": 2.0}
    assert [row.value for row in rows_of("x", found, reports=3)] == [6.0, 15.0]


def test_an_absolute_aim_grows_with_the_speed_of_the_machine() -> None:
    row = Row(name=f"x, {BATCH} a request, per second", value=1.0, unit="reports/s")
    assert scaled(row, 150.0).aim == 3000
    assert scaled(Row(name="other", value=1.0, unit="s"), 150.0).aim is None


@pytest.mark.parametrize("reports", [1, 5])
def test_reports_of_a_connection_are_chains_in_the_order_of_sending(
    fleet: Fleet, reports: int
) -> None:
    last: dict[str, str] = {}
    for bodies in fleet.bodies(4, reports=reports):
        sent = [one for body in bodies for one in decode_request(body).reports]
        read = [read_report(item) for one in sent for item in one.usage]
        assert len(read) == 4 * reports
        for report in read:
            meta = report.payload.meta
            assert meta is not None
            assert meta.previous == last.get(report.udi.serial)
            last[report.udi.serial] = report.digest
    assert len(last) == 4


def test_bodies_are_read_as_they_were_written(tmp_path: Path) -> None:
    bodies = [[b"a\n", b""], [b"\x00b"]]
    load.write_bodies(tmp_path / "bodies", bodies)
    assert load.read_bodies(tmp_path / "bodies") == bodies


def test_the_bare_stack_answers_what_verifies(fleet: Fleet, tmp_path: Path) -> None:
    committer = bare.Committer(tmp_path / "bare.db")
    committer.start()
    good = fleet.bodies(1)[0][0]
    status, answer = exchange(bare.application(committer, fleet.public_keys), good)
    assert (status, json.loads(answer)["status"]) == (200, "OK")
    assert len(b64decode(json.loads(answer)["value"])) == 64
    keys = dict.fromkeys(fleet.public_keys, a_key("other").public_key)
    assert exchange(bare.application(committer, keys), good)[0] == 500


def exchange(app: Starlette, body: bytes) -> tuple[int, bytes]:
    with serving(app, CssmConfig()) as port:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", LICENSING_PATH, body)
        response = connection.getresponse()
        found = response.status, response.read()
        connection.close()
    return found


def test_a_load_counts_answers_and_tells_refusals() -> None:
    bodies = [[b"1", b"2", b"no"], [b"4", b"5", b"6"]]

    async def measure() -> load.Load:
        found = load.Load(os.getpid())
        server = await asyncio.start_server(_answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await load.run(port, found, bodies, (0.0, 60.0))
        return found

    found = asyncio.run(measure())
    assert found.answered in {5, 6}  # the first that is through ends it
    assert found.refused <= 1
    assert json.dumps(found.result())


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError):
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = int(head.rpartition(b"Content-Length: ")[2])
            body = await reader.readexactly(length)
            text = b'{"status":"FAILED"}' if body == b"no" else b'{"status":"OK"}'
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
    writer.close()
