"""`gauger inspect` on every other file that the system or its users have, and on strangers."""

import json
import os
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger.adapters.keys.file import load_key
from gauger.adapters.storage.ledger_backup import backup
from gauger.core.documents import keyring
from gauger.core.documents.trust_store import TrustStore
from gauger.core.problems import Problem
from gauger.cssm.main import NewPortal, initialise
from gauger.tools.explain_report import Yardstick
from gauger.tools.finding import Finding, render
from gauger.tools.inspect import inspect_path, read_yardstick
from tests.core.documents.material import NOW, key, signer_certificate, sudi
from tests.instance.world import ESSENTIALS, World
from tests.support.material import shared_file

NOBODY = Yardstick(trust=TrustStore(), now=NOW)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a factory, a device and a portal; tests only read it."""
    world = World(tmp_path_factory.mktemp("world"), real=True)
    agent = world.device()
    agent.set_count(ESSENTIALS, 5)
    agent.stop()
    root, maker = world.factory / "root", world.factory / "manufacturer"
    signer = world.factory / "signers" / "cssm"
    initialise(
        NewPortal(data=world.root / "cssm", root=root, signer=signer, manufacturers=(maker,))
    )
    backup(world.root / "cssm" / "cssm.sqlite", world.root / "backup.sqlite")
    return world.root


@pytest.fixture
def there(made: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may change."""
    return Path(shutil.copytree(made, tmp_path / "copy"))


def told(path: Path, yardstick: Yardstick = NOBODY) -> str:
    return render(inspect_path(path, yardstick))


def look(path: Path, data: bytes | str) -> Finding:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    path.chmod(0o600)
    return inspect_path(path, NOBODY)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("device/identity/bundle.json", ["Identity of a product instance", "GGR0001"]),
        ("device/keys/store.key", ["seals a product instance's store", "32 bytes"]),
        ("device/keys/anchor", ["Anchor", "copied back"]),
        ("device/keys/sudi.key.pem", ["Private key", "SUDI", "Public id", "serial number GGR0001"]),
        ("device/lock", ["Lock of a store"]),
        ("device/store.sqlite", ["GGR0001", "Catalyst", "Incarnation", "1 open", "gauger fsck"]),
        ("factory/root/root-1.key.pem", ["Private key", "signs root sets", "offline"]),
        ("factory/manufacturer/ca.key.pem", ["certifies the product instances", "ca.cert.pem"]),
        ("cssm/administrator.secret", ["Administrator's secret", "gauger cssm admin reset"]),
        ("cssm/cssm.toml", ["Settings of a portal", "settings"]),
        ("cssm/cssm.sqlite", ["Store of a portal", "ledger ", "Pages", "1 API client", "0 cases"]),
        ("cssm/cssm.sqlite.lock", ["Lock of a store"]),
        ("cssm/tls/key.pem", ["Private key", "TLS"]),
        ("cssm/signer/key.pem", ["Private key", "signs ACKs", "Certified"]),
        ("backup.sqlite", ["Backup of a portal's ledger", "gauger cssm restore"]),
        ("clock.json", ["Test clock", "Only tests"]),
    ],
)
def test_each_file_of_the_system_is_told(made: Path, name: str, words: list[str]) -> None:
    finding = inspect_path(made / name, NOBODY)
    text = render(finding)
    assert finding.is_sound, text
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("device", "Data folder of a product instance"),
        ("device/keys", "Key folder of a product instance"),
        ("bundle", "Device bundle folder"),
        ("factory", "Factory folder"),
        ("factory/root", "Licensing root"),
        ("factory/manufacturer", "Manufacturer's folder"),
        ("cssm", "Data folder of a portal"),
        ("cssm/trust", "Trust folder"),
        ("cssm/tls", "Key and certificate"),
    ],
)
def test_each_folder_says_what_it_is(made: Path, name: str, title: str) -> None:
    finding = inspect_path(made / name, NOBODY)
    assert finding.title.startswith(title)
    assert finding.next_steps
    assert all("not a file of this system" not in part.title for part in finding.parts)
    assert finding.is_sound


@pytest.mark.threat("C9", role="tools")
def test_no_secret_is_ever_printed(made: Path) -> None:
    text = "".join(told(made / name) for name in ("device", "cssm", "factory", "bundle"))
    assert "BEGIN" not in text
    for path in made.rglob("*"):
        if path.name.endswith((".key.pem", "key.pem")):
            assert path.read_text().splitlines()[1] not in text
    assert (made / "cssm/administrator.secret").read_text().strip() not in text
    assert (made / "device/keys/store.key").read_bytes().hex() not in text


@pytest.mark.threat("C9", role="tools")
@pytest.mark.parametrize(
    "name",
    [
        "device/keys/store.key",
        "device/keys/anchor",
        "device/keys/sudi.key.pem",
        "cssm/administrator.secret",
    ],
)
def test_a_secret_that_others_may_read_is_warned_of(there: Path, name: str) -> None:
    whole = inspect_path(there / name, NOBODY)
    assert whole.problem is None
    assert ("Private", "yes: it is not shown here") in whole.facts
    assert ("Permissions", "0600: for its owner alone") in whole.facts
    (there / name).chmod(0o640)
    finding = inspect_path(there / name, NOBODY)
    assert finding.problem is not None
    assert finding.problem.code == "key-exposed"
    assert "0640" in finding.problem.detail
    assert ("Permissions", "0640: for others than its owner as well") in finding.facts


@pytest.mark.threat("C9", role="tools")
def test_a_key_in_a_folder_that_others_may_enter_is_warned_of_as_its_role_refuses_it(
    there: Path,
) -> None:
    (there / "device" / "keys").chmod(0o755)
    finding = inspect_path(there / "device" / "keys" / "sudi.key.pem", NOBODY)
    assert finding.problem is not None
    assert finding.problem.code == "key-exposed"
    assert "0755" in finding.problem.detail
    with pytest.raises(Problem, match="key-exposed"):
        load_key(there / "device" / "keys" / "sudi.key.pem")


@pytest.mark.parametrize("name", ["cssm/cssm.toml", "cssm/tls/certificate.pem"])
def test_what_could_pass_for_a_secret_and_is_none_is_said_to_be_none(made: Path, name: str) -> None:
    facts = inspect_path(made / name, NOBODY).facts
    assert ("Private", "no: there is no secret in it") in facts


def test_what_is_trusted_is_said_of_certificates(made: Path) -> None:
    yardstick = read_yardstick(None, [], made / "cssm" / "trust")
    assert "lists it as a signer" in told(made / "cssm/signer/certificate.pem", yardstick)
    assert "of the manufacturer Example" in told(
        made / "factory/manufacturer/ca.cert.pem", yardstick
    )
    assert "made by a manufacturer" in told(made / "device/identity/sudi.cert.pem", yardstick)
    assert "Trusted" not in told(made / "cssm/tls/certificate.pem", yardstick)


def test_a_certificate_that_has_expired_says_so(tmp_path: Path) -> None:
    path = tmp_path / "certificate.pem"
    path.write_bytes(keyring.certificate_to_pem(signer_certificate()))
    later = Yardstick(trust=TrustStore(), now=NOW * 4)
    assert "it has expired" in told(path, later)


def test_inspecting_a_data_folder_changes_nothing_in_it(there: Path) -> None:
    before = {path: path.read_bytes() for path in there.rglob("*") if path.is_file()}
    told(there / "cssm")
    told(there / "device")
    assert {path: path.read_bytes() for path in there.rglob("*") if path.is_file()} == before


POLICY = {"name": "Thirty", "rules": {"perpetual": {"first_report": 30}, "subscription": {}}}
REFUSAL = {"code": "not-found", "title": "No", "detail": "Nothing.", "fault": "operator"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (POLICY, ["not signed yet", "Thirty", "first report 30", "no requirement"]),
        (REFUSAL, ["Refusal: No", "Nothing.", "Check the name"]),
        ({"whole": False, "stores": [{"path": "x", "whole": False}]}, ["x: NOT whole"]),
        (
            {"items": [{"tag": "t", "name": "N", "quantity": 2, "term": "perpetual", "end": None}]},
            ["Purchase list", "2 x N, perpetual"],
        ),
    ],
)
def test_each_json_of_the_system_is_told(tmp_path: Path, content: object, words: list[str]) -> None:
    text = render(look(tmp_path / "x.json", json.dumps(content)))
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a" * 32 + "\n", ["ID token", "is not shown", "license smart trust idtoken"]),
        ("b" * 43, ["secret of an API client", "not shown"]),
        ("https://127.0.0.1:8443\n", ["Address", "https://127.0.0.1:8443"]),
        (
            "license smart transport smart\nno license smart url smart\n",
            ["Configuration lines", "2"],
        ),
        ("The portal answers at https://x\n", ["kept as a log"]),
    ],
)
def test_each_text_of_the_system_is_told(tmp_path: Path, content: str, words: list[str]) -> None:
    finding = look(tmp_path / "x.txt", content)
    assert finding.is_sound
    for word in words:
        assert word in render(finding)
    assert "aaaa" not in render(finding)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("all", "show license all"),
        ("eventlog", "show license eventlog"),
        ("history-message", "show license history message"),
        ("rum-id-all", "show license rum id all"),
        ("rum-id-detail", "detail"),
        ("status", "show license status"),
        ("summary", "show license summary"),
        ("tech-support", "show license tech-support"),
        ("udi-ha", "show license udi"),
        ("usage", "usage"),
    ],
)
def test_output_of_a_show_command_is_known(name: str, command: str) -> None:
    text = told(shared_file(f"samples/show/show-license-{name}.txt"))
    assert command in text
    assert "not signed" in text


@pytest.mark.parametrize(
    ("data", "looks_like"),
    [
        (b"\xed\xab\xee\xdb\x03\x00", "an RPM package"),
        (b"\x1f\x8b..", "packed with gzip"),
        (b"PK\x03\x04..", "ZIP"),
        (b"%PDF-1.7", "PDF"),
        (b"\x00" * 5000, "nothing but zero bytes"),
        (b"\xfe\xed\x00\x07\x80", "binary data of no kind"),
        (b"some words \x07\x01", "binary data of no kind"),
        (b"0\x82\x01\x02no certificate", "ASN.1"),
        (b"0\xff", "ASN.1"),
        (b"hello", "a text"),
        (b"hello, this is a note of several words, and none of them is a command\n", "a text"),
        (b"[1, 2]", "a text"),
        (b'{"a": 1}', "JSON with the members a"),
        (b"{}", "JSON without any members"),
        (b"<!DOCTYPE html><html/>", "a web page"),
        (b"<feed/>", "a text"),
        (b"-----BEGIN PGP MESSAGE-----\n", "PGP"),
    ],
)
def test_a_stranger_is_said_to_be_one_and_what_it_looks_like(
    tmp_path: Path, data: bytes, looks_like: str
) -> None:
    finding = look(tmp_path / "x", data)
    assert finding.title == "Not a file of this system"
    assert looks_like in finding.facts[0][1]
    assert not finding.is_sound
    whole = inspect_path(tmp_path, NOBODY)
    assert whole.is_sound, "in a folder a stranger is told, and is no fault"
    assert "x: not a file of this system" in render(whole)


def test_utf_16_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem):
        look(tmp_path / "x", "\ufeffhello".encode("utf-16-le"))


def test_a_certificate_in_binary_form_is_told(tmp_path: Path) -> None:
    finding = look(tmp_path / "x.der", sudi())
    assert finding.title == "Certificate in binary form"
    assert "openssl" in render(finding)


def test_a_long_bundle_of_certificates_is_told_whole(tmp_path: Path) -> None:
    one = keyring.certificate_to_pem(signer_certificate())
    assert len(look(tmp_path / "authorities.pem", one * 200).parts) == 200


def test_a_key_of_another_kind_is_told_and_not_shown(tmp_path: Path) -> None:
    pem = "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n"
    text = render(look(tmp_path / "x.pem", pem))
    assert "no key of this system" in text
    assert "c2VjcmV0" not in text


def test_a_sudi_key_of_another_certificate_is_not_said_to_be_certified(tmp_path: Path) -> None:
    (tmp_path / "sudi.cert.pem").write_bytes(keyring.certificate_to_pem(sudi()))
    (tmp_path / "other.cert.pem").write_text("damaged")
    assert "Certified" not in render(look(tmp_path / "sudi.key.pem", key(7).to_pem()))


def test_a_sealing_key_of_a_wrong_length_is_a_fault(tmp_path: Path) -> None:
    finding = look(tmp_path / "store.key", b"short")
    assert finding.problem is not None
    assert finding.problem.code == "key-store-failed"


@pytest.mark.parametrize("name", ["x.sqlite-wal", "x.sqlite-shm", "x.part", "x.sqlite.begun"])
def test_what_stands_beside_a_file_is_told_by_its_name(tmp_path: Path, name: str) -> None:
    assert "belongs to the file" in render(look(tmp_path / name, b"any"))


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="is empty") as caught:
        look(tmp_path / "x.xml", b"")
    assert caught.value.code == "truncated"


def test_a_file_of_three_gigabytes_of_nothing_takes_no_time(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(3 * 1024**3)
    assert "zero bytes" in told(tmp_path / "sparse")
    with (tmp_path / "sparse.xml").open("wb") as file:
        file.write(b"<smartLicense>")
        file.truncate(3 * 1024**3)
    with pytest.raises(Problem):
        told(tmp_path / "sparse.xml")


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Path]:
    """Return a folder with entries that no program should open."""
    folder = tmp_path / "odd"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "note.txt").write_text("hello")
    (folder / "gone").symlink_to("nowhere")
    (folder / "round").symlink_to("round")
    (folder / "up").symlink_to("..", target_is_directory=True)
    os.mkfifo(folder / "pipe")
    here = Path.cwd()
    os.chdir(folder)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("agent.sock")
        os.chdir(here)
        yield folder


def test_links_pipes_and_sockets_are_told_and_never_opened(odd: Path) -> None:
    finding = inspect_path(odd, NOBODY)
    text = render(finding)
    for words in (
        "gone: a link",
        "Leads to  nowhere",
        "up: a link",
        "pipe: not a file of this system",
        "agent.sock: Socket of a running process",
        "inner/note.txt: not a file",
    ):
        assert words in text
    assert ("Files", "6") in finding.facts
    for name in ("gone", "round"):
        with pytest.raises(Problem, match="link to") as caught:
            inspect_path(odd / name, NOBODY)
        assert caught.value.code == "file-not-found"


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(
    odd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A superuser may read all: what the system would refuse others is refused here by hand.
    real, stat_of = os.scandir, Path.stat

    def scandir(path: Path | str) -> object:
        if str(path).endswith("inner"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.name == "pipe":
            raise PermissionError(13, "Permission denied", str(path))
        return stat_of(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(Path, "stat", stat)
    finding = inspect_path(odd, NOBODY)
    text = render(finding)
    assert "inner: a folder that cannot be read" in text
    assert "pipe: cannot be read" in text
    assert text.count("Permission denied") == 2
    assert "agent.sock" in text
    assert not finding.is_sound
    with pytest.raises(Problem, match="Permission denied"):
        inspect_path(odd / "inner", NOBODY)


def test_a_file_whose_reading_fails_is_named() -> None:
    with pytest.raises(Problem, match="cannot be read") as caught:
        inspect_path(Path("/proc/self/mem"), NOBODY)
    assert caught.value.code == "file-not-found"


def test_a_folder_of_very_many_files_says_how_many_it_tells(tmp_path: Path) -> None:
    for number in range(230):
        (tmp_path / f"{number:03}.txt").write_text("hello")
    finding = inspect_path(tmp_path, NOBODY)
    assert ("Files", "230") in finding.facts
    assert "the first 200" in dict(finding.facts)["Told below"]
    assert len(finding.parts) == 200


@pytest.mark.threat("D1", role="tools")
def test_a_damaged_file_in_a_folder_is_a_fault_of_the_folder(made: Path, tmp_path: Path) -> None:
    root_set = (made / "factory/root/root-set-1.json").read_bytes()
    (tmp_path / "root-set-1.json").write_bytes(root_set[:-40])
    assert not inspect_path(tmp_path, NOBODY).is_sound


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE ledger_schema SET version = 99", "store-newer"),
        ("UPDATE ledger_schema SET version = 'x'", "store-damaged"),
        ("DROP TABLE cases", "store-failed"),
    ],
)
def test_a_ledger_of_another_form_is_named(there: Path, statement: str, code: str) -> None:
    path = there / "backup.sqlite"
    with sqlite3.connect(path) as db:
        db.execute(statement)
    db.close()
    finding = inspect_path(path, NOBODY)
    assert finding.problem is not None
    assert finding.problem.code == code


def test_a_ledger_whose_head_tells_no_time_of_any_calendar_is_damaged(there: Path) -> None:
    path = there / "backup.sqlite"
    with sqlite3.connect(path) as db:
        query = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'heads'"
        for (name,) in db.execute(query).fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE heads SET body = ?", (json.dumps({"issued_at": 10**30}),))
    db.close()
    problem = inspect_path(path, NOBODY).problem
    assert problem is not None
    assert problem.code == "store-damaged"


def test_other_stores_are_told(there: Path, tmp_path: Path) -> None:
    with sqlite3.connect(there / "device" / "store.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    problem = inspect_path(there / "device" / "store.sqlite", NOBODY).problem
    assert problem is not None
    assert problem.code == "store-newer"
    with sqlite3.connect(tmp_path / "music.db") as db:
        db.execute("CREATE TABLE songs (name)")
    db.close()
    assert "its tables: songs" in told(tmp_path / "music.db")
    (tmp_path / "damaged").write_bytes(b"SQLite format 3\x00" + b"x" * 100)
    assert "Store that cannot be read" in told(tmp_path / "damaged")
    shutil.move(there / "backup.sqlite", tmp_path / "store.sqlite")


def test_a_device_store_without_its_identity_says_that_it_is_sealed(there: Path) -> None:
    alone = shutil.copy(there / "device" / "store.sqlite", there / "alone.sqlite")
    assert "its content is sealed" in told(Path(alone))


def test_settings_are_judged_as_the_portal_does(tmp_path: Path) -> None:
    finding = look(tmp_path / "mine.toml", "[server]\nport = 9000\n")
    assert ("[server] port", "9000") in finding.facts
    with pytest.raises(Problem, match="must be"):
        look(tmp_path / "mine.toml", "[server]\nport = 'x'\n")
    with pytest.raises(Problem, match="is not TOML"):
        look(tmp_path / "deep.toml", "a = " + "[" * 100_000)
