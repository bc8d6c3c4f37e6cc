"""Keys of a portal that others may read, or that are lost: it starts no more, and how it is mended."""

import shutil
from pathlib import Path

import pytest

from gauger.core.problems import Problem
from tests.cli.portal_host import Host, gauger, make_host, served
from tests.support.builders import a_factory


def refused(host: Host, *words: str | Path) -> Problem:
    result = host.run(*words)
    assert isinstance(result.exception, Problem), result.output
    return result.exception


@pytest.mark.threat("C9", role="cssm")
@pytest.mark.parametrize(
    "name", ["signer/key.pem", "signer", "administrator.secret", "tls/key.pem", "."]
)
def test_a_portal_whose_secrets_others_can_read_does_not_start(tmp_path: Path, name: str) -> None:
    host = make_host(tmp_path)
    path = host.data / name
    assert path.exists(), sorted(one.name for one in host.data.rglob("*"))
    mode = path.stat().st_mode & 0o777
    path.chmod(mode | 0o044)
    problem = refused(host, "serve", "--port", "0")
    assert problem.code == "key-exposed"
    assert path.name in problem.detail


@pytest.mark.threat("J5", role="cssm")
def test_a_portal_whose_key_is_lost_goes_on_with_another(tmp_path: Path) -> None:
    host, after = make_host(tmp_path), a_factory().following(signers=("portal", "second"))
    (tmp_path / "root-set-2.json").write_text(after.texts[-1])
    after.signer("second").save(tmp_path / "second")
    with served(host):
        host.told("account", "add", "one.example")
    shutil.rmtree(host.data / "signer")
    problem = refused(host, "serve", "--port", "0")
    assert problem.code == "key-missing"
    assert "gauger cssm admin signer" in problem.detail
    words = ("admin", "signer", "--signer", tmp_path / "second")
    assert refused(host, *words, "--root", host.data / "trust").code == "unknown-key"
    for _ in range(2):
        host.told(*words, "--root", tmp_path / "root-set-2.json")
    with served(host):
        host.told("account", "add", "two.example")
        domains = [row["domain"] for row in host.json("account", "list")]
        kinds = [row["kind"] for row in host.json("event", "list")]
    assert domains == ["one.example", "two.example"]
    assert kinds.count("root-set") == 2
    assert gauger("fsck", "--data", host.data).exit_code == 0
