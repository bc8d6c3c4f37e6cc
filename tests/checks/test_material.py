"""Absent material skips a test, and fails it in CI."""

from pathlib import Path

import pytest

from tests.support import material


def test_a_shared_file_is_found_by_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAUGER_SHARED", str(tmp_path))
    (tmp_path / "a.txt").touch()
    assert material.shared_file("a.txt") == tmp_path / "a.txt"


def test_absent_material_skips_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAUGER_SHARED", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="shared material a"):
        material.shared_file("a.txt")


def test_absent_material_fails_in_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="of the Debian package hello"):
        material.needs_program("hello", "hello")


def test_a_program_that_is_there_is_found() -> None:
    assert material.needs_program("make", "make").name == "make"
