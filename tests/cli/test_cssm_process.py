"""`gauger cssm serve` and its kin as real processes: TLS, signals, backup, restore, example."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, cast

import pytest

from gauger.adapters.keys.file import FileSigner
from gauger.adapters.storage.writer_lock import WriterLock
from gauger.authority.readers import Readers
from gauger.cli.cssm.running import next_step
from gauger.core.problems import Problem
from tests.cli.portal_host import Host, gauger, make_host, served
from tests.support.builders import NOW, a_device, a_factory, a_portal

if TYPE_CHECKING:
    from gauger.cssm.portal import Portal

_PATIENCE = 90.0


@contextmanager
def process(ready: Path, *words: str | Path) -> Iterator["subprocess.Popen[str]"]:
    """Run `gauger` until the end of the block; the block begins when the ready file is there."""
    with _printing(subprocess.PIPE, ready, *words) as running:
        yield running


@contextmanager
def _printing(
    output: IO[str] | int, ready: Path, *words: str | Path
) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "gauger", *map(str, words), "--ready-file", str(ready)]
    with subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, text=True) as running:
        until = time.monotonic() + _PATIENCE
        while not ready.exists():
            assert running.poll() is None, running.communicate()[0]
            assert time.monotonic() < until, "the portal did not start"
            time.sleep(0.02)
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()


def test_a_portal_serves_over_tls_and_stops_when_it_is_told(tmp_path: Path) -> None:
    host, ready = make_host(tmp_path), tmp_path / "ready"
    with process(ready, "cssm", "serve", "--data", host.data, "--port", "0") as running:
        assert ready.read_text().startswith("https://127.0.0.1:")
        assert host.json("account", "list") == []
        assert stat.S_IMODE((host.data / "tls" / "key.pem").stat().st_mode) == 0o600
        running.send_signal(signal.SIGTERM)
        printed = running.communicate(timeout=_PATIENCE)[0]
    assert running.returncode == 0, printed
    assert "license smart url smart https://" in printed
    assert "The portal has stopped." in printed
    assert not (host.data / "address").exists()
    gone = host.run("account", "list")
    assert isinstance(gone.exception, Problem)
    assert gone.exception.code == "comm-failed"


@pytest.mark.threat("G3", role="cssm")
def test_a_portal_serves_on_where_its_log_is_on_a_full_disk(tmp_path: Path) -> None:
    host, ready = make_host(tmp_path), tmp_path / "ready"
    words = ("cssm", "serve", "--data", host.data, "--port", "0")
    with Path("/dev/full").open("w") as full, _printing(full, ready, *words) as running:
        assert host.json("account", "list") == []
        running.send_signal(signal.SIGTERM)
        assert running.wait(_PATIENCE) == 0
    assert not (host.data / "address").exists()


def test_what_was_durable_is_there_after_a_kill(tmp_path: Path) -> None:
    host = make_host(tmp_path)
    words = ("cssm", "serve", "--data", host.data, "--port", "0")
    with process(tmp_path / "first", *words) as running:
        host.told("account", "add", "example.com")
        os.kill(running.pid, signal.SIGKILL)
        running.wait(_PATIENCE)
    unreachable = host.run("account", "list")
    assert isinstance(unreachable.exception, Problem)
    assert unreachable.exception.code == "comm-failed"
    with process(tmp_path / "second", *words):
        assert [row["domain"] for row in host.json("account", "list")] == ["example.com"]


def test_a_test_clock_and_plain_http_are_said_aloud(tmp_path: Path) -> None:
    host, clock = make_host(tmp_path), tmp_path / "clock.json"
    clock.write_text(json.dumps({"wall": NOW, "monotonic": 1.0}))
    words = ("cssm", "serve", "--data", host.data, "--port", "0", "--plain-http", "--clock", clock)
    with process(tmp_path / "ready", *words) as running:
        assert (tmp_path / "ready").read_text().startswith("http://127.0.0.1:")
        host.told("account", "add", "example.com")
        assert host.json("account", "list")[0]["opened_at"] == NOW
        running.send_signal(signal.SIGINT)
        printed = running.communicate(timeout=_PATIENCE)[0]
    assert "TEST CLOCK" in printed
    assert "PLAIN HTTP" in printed


def test_a_test_clock_is_for_loopback_only(tmp_path: Path) -> None:
    host, clock = make_host(tmp_path), tmp_path / "clock.json"
    clock.write_text(json.dumps({"wall": NOW, "monotonic": 1.0}))
    for address in ("192.0.2.1", "portal.example"):
        refused = host.run("serve", "--host", address, "--clock", clock)
        assert isinstance(refused.exception, Problem)
        assert refused.exception.code == "invalid-argument"


@pytest.mark.parametrize(
    "part", ["", "administrator.secret", "tls/key.pem", "tls", "signer/key.pem", "signer"]
)
def test_a_key_that_others_may_read_serves_nobody(tmp_path: Path, part: str) -> None:
    host = make_host(tmp_path)
    (host.data / part).chmod(0o755)
    refused = gauger("cssm", "serve", "--data", host.data, "--port", "0")
    assert isinstance(refused.exception, Problem)
    assert refused.exception.code == "key-exposed"


@pytest.mark.parametrize("part", ["", "administrator.secret"])
def test_a_command_sends_no_secret_that_others_may_read(tmp_path: Path, part: str) -> None:
    host = make_host(tmp_path)
    with served(host):
        (host.data / part).chmod(0o750)
        refused = host.run("account", "list")
    assert isinstance(refused.exception, Problem)
    assert refused.exception.code == "key-exposed"


@pytest.mark.parametrize("part", ["", "administrator.secret"])
def test_what_works_on_the_folder_itself_refuses_one_that_others_may_use(
    tmp_path: Path, part: str
) -> None:
    host, copy = make_host(tmp_path), tmp_path / "backup.sqlite"
    (host.data / part).chmod(0o750)
    for words in (
        ("backup", "--out", copy),
        ("admin", "signer", "--signer", host.data / "signer"),
        ("admin", "reset"),
    ):
        refused = host.run(*words)
        assert isinstance(refused.exception, Problem)
        assert refused.exception.code == "key-exposed"
    assert not copy.exists()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    host = make_host(tmp_path)
    with served(host) as url:
        port = url.rpartition(":")[2]
    other = make_host(tmp_path / "other")
    with served(other) as url:
        port = url.rpartition(":")[2]
        refused = host.run("serve", "--port", port)
    assert isinstance(refused.exception, Problem)
    assert port in refused.exception.detail
    refused = host.run("serve", "--host", "a..b")
    assert isinstance(refused.exception, Problem)
    assert "a..b" in refused.exception.detail


@pytest.mark.threat("F8", role="cssm")
@pytest.mark.threat("J5", role="cssm")
def test_a_lost_secret_is_replaced_on_the_host_and_the_log_says_so(tmp_path: Path) -> None:
    host = make_host(tmp_path)
    secret = host.data / "administrator.secret"
    before = secret.read_text()
    assert "is void" in host.told("admin", "reset")
    assert secret.read_text() != before
    with served(host):
        kinds = [row["kind"] for row in host.json("event", "list")]
        assert kinds.count("administrator-reset") == 2
        locked = host.run("admin", "reset")
        assert isinstance(locked.exception, Problem)
        assert locked.exception.code == "store-locked"


def test_a_portal_comes_back_from_a_backup_in_a_new_epoch(tmp_path: Path) -> None:
    host, copy = make_host(tmp_path), tmp_path / "backup.sqlite"
    with served(host):
        host.told("account", "add", "example.com")
        host.told("user", "add", "ann", "--for", "example.com", "--role", "smart-user")
        assert "holds no key" in host.told("backup", "--out", copy)
        host.told("account", "add", "lost.example")
        beside = host.run("restore", "--from", copy)
        # Not `store-exists`: that tells to move away what the portal at work writes to.
        assert isinstance(beside.exception, Problem)
        assert beside.exception.code == "store-locked"
    again = host.run("restore", "--from", copy)
    assert isinstance(again.exception, Problem)
    assert again.exception.code == "store-exists"
    new = Host(folder=tmp_path, data=tmp_path / "new")
    told = new.told("restore", "--from", copy, "--signer", host.data / "signer")
    assert "new epoch" in told
    with served(new):
        assert [row["domain"] for row in new.json("account", "list")] == ["example.com"]
        assert "ann" in new.told("user", "list")
        assert new.json("ledger", "head")["epoch"] == 2
    assert gauger("fsck", "--data", new.data).exit_code == 0


def test_of_two_restores_at_once_one_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    host, copy = make_host(tmp_path), tmp_path / "backup.sqlite"
    host.told("backup", "--out", copy)
    new = Host(folder=tmp_path, data=tmp_path / "new")
    words = ("restore", "--from", copy, "--signer", host.data / "signer")
    new.data.mkdir(mode=0o700)
    # What the other restore holds from its first look to its last.
    with WriterLock(new.data / "cssm.sqlite.lock"):
        second = new.run(*words)
        assert isinstance(second.exception, Problem)
        assert second.exception.code == "store-locked"
        assert [path.name for path in new.data.iterdir()] == ["cssm.sqlite.lock"]
    assert "new epoch" in new.told(*words)


def head_signer(host: Host) -> object:
    return json.loads(host.json("ledger", "head")["body"])["signer"]


@pytest.mark.threat("J5", role="cssm")
def test_another_signer_takes_over(tmp_path: Path) -> None:
    host, after = make_host(tmp_path), a_factory().following(signers=("portal", "second"))
    root_set, second = tmp_path / "root-set-2.json", after.signer("second")
    root_set.write_text(after.texts[-1])
    second.save(tmp_path / "second")
    with served(host):
        host.told("trust", "import", root_set)
        host.told("account", "add", "one.example")
        assert head_signer(host) == after.signer().key_id
    told = host.told("admin", "signer", "--signer", tmp_path / "second")
    assert "next start" in told
    (kept,) = host.data.glob("signer-*-replaced-it")
    assert FileSigner.load(kept).key_id == after.signer().key_id
    with served(host):
        host.told("account", "add", "two.example")
        assert head_signer(host) == second.key_id


def test_a_data_folder_that_is_none_is_named(tmp_path: Path) -> None:
    refused = gauger("cssm", "serve", "--data", tmp_path)
    assert isinstance(refused.exception, Problem)
    assert refused.exception.code == "store-missing"


def test_the_example_says_where_to_go_next(tmp_path: Path) -> None:
    words = ("cssm", "run-example", "--data", tmp_path / "example", "--port", "0")
    with process(tmp_path / "ready", *words) as running:
        host = Host(folder=tmp_path, data=tmp_path / "example" / "cssm")
        rows = host.json("balance", "--account", "example.com/DEFAULT")
        assert {row["purchased"] for row in rows} == {50}
        running.send_signal(signal.SIGTERM)
        printed = running.communicate(timeout=_PATIENCE)[0]
    assert printed.startswith(f"Starting an example portal in {tmp_path / 'example'} ...\n")
    assert "license smart trust idtoken" in printed
    assert "gauger instance run" in printed


def test_the_example_says_that_it_starts_before_it_loads_the_portal() -> None:
    code = "import sys; from gauger.cli.cssm import example; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    # What takes the seconds: the portal, its database and its cryptography.
    assert not {"gauger.cssm.main", "gauger.tools.factory", "uvicorn"} & set(loaded)


def first_lines(host: Host, ready: Path) -> list[str]:
    """Start a portal, stop it as soon as it answers, and return what it printed."""
    words = ("cssm", "serve", "--data", host.data, "--port", "0")
    with process(ready, *words) as running:
        running.send_signal(signal.SIGTERM)
        return running.communicate(timeout=_PATIENCE)[0].splitlines()


def test_a_portal_says_that_it_starts_and_what_is_next_as_it_stands(tmp_path: Path) -> None:
    host = make_host(tmp_path)
    told = first_lines(host, tmp_path / "first")
    assert told[0] == f"Starting the portal in {host.data} ..."
    assert told[1] == "The ledger is open: 2 pages."
    assert f"Next: gauger cssm account add example.com --data {host.data}" in told
    with served(host):
        host.told("account", "add", "a.example")
    told = first_lines(host, tmp_path / "second")
    assert f"Next: gauger cssm token new --account a.example/DEFAULT --data {host.data}" in told


def test_a_portal_with_devices_needs_no_next_step(tmp_path: Path) -> None:
    with a_portal(tmp_path) as bench:
        bench.report(a_device().report())
        means = SimpleNamespace(readers=Readers(bench.authority))
        assert next_step(cast("Portal", SimpleNamespace(means=means))) is None
        means.readers.close()
