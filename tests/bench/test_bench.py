"""What the measurements are made of: rows, the load, the bare stack."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from base64 import b64decode
from contextlib import closing, suppress
from http.client import HTTPConnection
from mmap import mmap
from pathlib import Path

import pytest
from starlette.applications import Starlette

from bench import bare, counted, load, storms
from bench.bulk import usage_file
from bench.crowd import populate
from bench.exchanges import bound_of, rows_of, signatures_of, summed
from bench.fleet import Device, Fleet
from bench.rows import Row
from gauger.adapters.storage.ledger_sqlite import SqliteLedger
from gauger.authority import service
from gauger.core.documents import keyring
from gauger.core.documents.rum_report import read_report
from gauger.core.documents.smart_license import read_items
from gauger.core.documents.smart_transport import LICENSING_PATH, decode_request
from gauger.cssm.config import CssmConfig
from tests.instance.world import World
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


@pytest.mark.parametrize(
    ("at_most", "scales", "here"), [(True, True, 200), (False, True, 50), (True, False, 100)]
)
def test_an_aim_is_scaled_by_how_fast_the_machine_was(
    *, at_most: bool, scales: bool, here: float
) -> None:
    row = Row(name="x", value=150, unit="s", aim=100, at_most=at_most, scales=scales, factor=2.0)
    assert row.aim_here == row.to_json()["aim"] == here
    assert row.met is (here != 100)


FOUND = {
    "requests": 10,
    "answered": 20,
    "seconds": 5.0,
    "cpu_seconds": 2.0,
    "load_seconds": 1.0,
    "signatures": 3,
}


def test_rates_are_by_time_and_by_processor_time() -> None:
    assert [row.value for row in rows_of("x", FOUND, reports=3)] == [6.0, 15.0]


def test_rounds_are_added_up() -> None:
    assert summed([FOUND, FOUND]) == {name: 2 * value for name, value in FOUND.items()}


@pytest.mark.parametrize(
    ("server", "load_seconds", "bound"),
    [(4.9, 1.0, "processor"), (2.0, 1.0, "disk, or other work"), (4.9, 4.8, "the load itself")],
)
def test_a_figure_says_what_bounded_it(server: float, load_seconds: float, bound: str) -> None:
    found = {**FOUND, "cpu_seconds": server, "load_seconds": load_seconds}
    assert bound_of(found).startswith(bound)
    assert rows_of("x", found)[0].to_json()["bound"] == bound_of(found)


def test_signatures_are_by_thousand_answers() -> None:
    row = signatures_of("x", FOUND)
    assert (row.value, row.met) == (150.0, False)


def test_every_use_of_a_signing_key_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "count"
    path.write_bytes(bytes(8))
    with path.open("r+b") as file, mmap(file.fileno(), 8) as count:
        monkeypatch.setattr(counted.CountedSigner, "count", count, raising=False)
        signer = counted.CountedSigner(a_key("signer"))
        for _ in range(300):
            signer.sign(b"x")
        assert counted.uses(path) == 300


def test_the_key_of_a_real_portal_is_counted(tmp_path: Path) -> None:
    world = World(tmp_path, real=True)
    count, root = tmp_path / "count", world.factory / "root"
    words = (
        "cssm",
        "init",
        "--data",
        tmp_path / "cssm",
        "--root",
        max(root.glob("root-set-*.json")),
    )
    trusted = (
        "--signer",
        world.factory / "signers/cssm",
        "--manufacturer",
        world.factory / "manufacturer",
    )
    command = (sys.executable, "-m", "bench.counted", count, *words, *trusted)
    subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=60)
    assert counted.uses(count) > 0


def test_a_bulk_insert_fits_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    SqliteLedger(path).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO accounts (domain, name, description, opened_at) VALUES ('a', 'b', '', 0)"
        )
        db.execute(
            "INSERT INTO instances (pid, serial, home, first_seen_at) VALUES ('P', 'GGR1', 0, 0)"
        )
    populate(path, 100)
    with closing(sqlite3.connect(path)) as db:
        tables = ("instances", "reports WHERE verdict = 'accepted'", "timelines", "documents")
        queries = [f"SELECT count(*) FROM {table}" for table in tables]  # noqa: S608 -- constants only
        counts = [db.execute(query).fetchone()[0] for query in queries]
    assert counts == [100, 99, 99, 99]


def test_the_bare_stack_waits_for_company_as_the_portal_does() -> None:
    rule = (bare.GATHER_SECONDS, bare.MOST_GATHERINGS, bare.LARGEST)
    largest = service.AuthoritySettings().largest_page
    assert rule == (service._GATHER_SECONDS, service._MOST_GATHERINGS, largest)


def test_a_usage_file_holds_reports_of_every_device(fleet: Fleet, tmp_path: Path) -> None:
    path = usage_file(tmp_path / "usage.xml", fleet, 12)
    found = [read_report(item.text).udi.serial for item in read_items([path.read_bytes()])]
    assert sorted(found) == sorted(list(fleet.public_keys) * 3)


def test_who_is_refused_waits_endlessly() -> None:
    felt = storms.Felt([storms.Answer(status=200, seconds=1.0)] * 9)
    assert felt.quantile(0.99) == 1.0
    felt.answers.append(storms.Answer(status=503, seconds=0.1, retry_after=1.0))
    assert felt.quantile(0.5) == 1.0
    assert felt.quantile(0.99) > 60


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


@pytest.mark.parametrize("is_fresh", [False, True])
def test_a_load_counts_answers_and_tells_refusals(*, is_fresh: bool) -> None:
    bodies = [[b"1", b"2", b"no"], [b"4", b"5", b"6"]]

    async def measure() -> load.Load:
        found = load.Load(os.getpid())
        server = await asyncio.start_server(_answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            way = load.Way(port=port, is_fresh=is_fresh)
            await load.run(way, found, bodies, (0.0, 60.0))
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
