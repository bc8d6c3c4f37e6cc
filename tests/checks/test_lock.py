"""The lock files pin every package by hash and name no registry."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from checks import lock
from checks.forbidden_words import forbidden_words, machine_paths, registry_hosts

ROOT = Path(lock.ROOT)
HASH = "--hash=sha256:" + "0" * 64
GOOD = f"click==8.5.1 \\\n    {HASH} \\\n    {HASH}\ncolorama==0.4.6 ; sys_platform == 'win32' \\\n    {HASH}\n"


@pytest.mark.threat("J1")
@pytest.mark.parametrize("name", [entry.name for entry in lock.LOCKS])
def test_every_locked_package_is_pinned_by_hash(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert list(lock.entries(text))
    assert lock.faults(text) == []


def checked(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the lock check of the build over a folder."""
    command = [sys.executable, "-m", "checks.lock", "--check", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.threat("J1")
@pytest.mark.parametrize("name", [entry.name for entry in lock.LOCKS])
def test_an_unpinned_hash_in_an_altered_copy_fails_the_build(tmp_path: Path, name: str) -> None:
    copy = tmp_path / "requirements"
    shutil.copytree(ROOT / "requirements", copy)
    assert checked(copy).returncode == 0
    text = (copy / name).read_text(encoding="utf-8")
    requirement, hashes = next(lock.entries(text))
    for one in hashes:
        text = text.replace(one, "")
    (copy / name).write_text(re.sub(r"(\\\n\s*)+\n", "\n", text), encoding="utf-8")

    done = checked(copy)
    assert done.returncode == 1
    assert f"{name}: without a SHA-256: {requirement.split()[0]}" in done.stderr


@pytest.mark.threat("J1")
def test_a_lock_file_that_is_gone_fails_the_build(tmp_path: Path) -> None:
    assert lock.check(tmp_path) == [f"{entry.name}: missing or empty" for entry in lock.LOCKS]


@pytest.mark.threat("J1")
def test_no_file_names_a_registry_or_a_path_of_this_machine() -> None:
    assert list(forbidden_words(ROOT)) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("click>=8 " + HASH, "not pinned"),
        ("click==8.5.1", "without a SHA-256"),
        ("click==8.5.1 --hash=md5:00", "without a SHA-256"),
        ("--index-url https://mirror.example/simple", "address"),
        ("click @ https://mirror.example/click.whl " + HASH, "address"),
    ],
)
def test_a_lock_file_with_a_fault_is_refused(text: str, fault: str) -> None:
    assert any(found.startswith(fault) for found in lock.faults(GOOD + text + "\n"))


def test_a_whole_lock_file_is_taken() -> None:
    assert lock.faults("# a comment\n" + GOOD) == []
    assert [name for name, _ in lock.entries(GOOD)] == [
        "click==8.5.1",
        "colorama==0.4.6 ; sys_platform == 'win32'",
    ]


def test_run_time_packages_are_the_same_as_in_development() -> None:
    pins = {
        name: {row for row, _ in lock.entries((ROOT / "requirements" / name).read_text("utf-8"))}
        for name in ("runtime.txt", "dev.txt", "uv.txt")
    }
    assert pins["runtime.txt"] <= pins["dev.txt"]
    assert pins["uv.txt"] <= pins["dev.txt"]


def test_hosts_of_the_users_own_settings_count_as_registries() -> None:
    environ = {
        "PIP_INDEX_URL": "https://user:secret@mirror.example:8080/simple",
        "UV_DEFAULT_INDEX": "http://127.0.0.1:3141/root",
        "OTHER": "https://other.example/",
    }
    hosts = registry_hosts(environ)
    assert "mirror.example" in hosts
    assert not any("127.0.0.1" in host or "other" in host for host in hosts)


def test_only_paths_of_one_machine_are_forbidden() -> None:
    assert machine_paths(Path("/tmp/clone"), Path("/")) == set()  # noqa: S108 - named, never written to
    assert machine_paths(Path("/usr/share/x"), Path("/var/lib/y")) == {"/usr/share/", "/var/lib/y/"}


def test_a_forbidden_word_is_found_in_an_untracked_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)  # noqa: S607 - git is needed anyway
    (tmp_path / "notes.txt").write_text("see mirror.example\n", encoding="utf-8")
    assert list(forbidden_words(tmp_path)) == [("notes.txt", "names a registry's host")]
