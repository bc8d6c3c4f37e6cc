"""`gauger factory` and `gauger trust` as typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gauger.adapters.keys.bundle import read_bundle
from gauger.cli.main import root as command
from tests.core.documents.material import refused


def typed(*words: str | Path) -> str:
    """Run a command line and return what it printed."""
    done = CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def factory(tmp_path: Path) -> Path:
    typed("factory", "init", "--out", tmp_path / "F", "--embedded")
    root = tmp_path / "F" / "root"
    typed("trust", "issue-signer", "--root", root, "--out", tmp_path / "F" / "signers" / "factory")
    return tmp_path / "F"


def test_init_says_how_many_root_keys_must_sign(tmp_path: Path) -> None:
    assert "2 of 3 root keys must sign" in typed("factory", "init", "--out", tmp_path / "F")
    embedded = typed("factory", "init", "--out", tmp_path / "G", "--embedded")
    assert "1 of 1 root key" in embedded


@pytest.mark.requirement("PI-6/policy")
@pytest.mark.requirement("PI-6/trust")
def test_one_command_mints_a_device_with_what_was_ordered(factory: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"name": "p", "rules": {}}))
    device = ("--profile", "c9800-cl", "--serial", "GGR0001", "--out", tmp_path / "B")
    ordered = ("--policy", policy, "--trust-code", "--account", "example.com/DEFAULT")
    signer = ("--signer", factory / "signers" / "factory")
    said = typed("factory", "mint", "--factory", factory, *device, *ordered, *signer)
    assert "Minted PID:C9800-CL-K9,SN:GGR0001" in said
    assert "with a signed policy" in said
    bundle = read_bundle(tmp_path / "B")
    assert set(bundle.documents) == {"policy", "trust-code"}
    assert (
        str(
            bundle.trust.store()
            .verify(bundle.documents["policy"], expected="policy", now=bundle.made_at)
            .fields.account("account")
        )
        == "example.com/DEFAULT"
    )


def test_an_account_without_virtual_account_is_refused(factory: Path, tmp_path: Path) -> None:
    words = ("--profile", "c9800-cl", "--out", tmp_path / "B", "--account", "example.com")
    with refused("invalid-argument"):
        typed("factory", "mint", "--factory", factory, *words)


def test_declare_tells_what_is_declared(factory: Path) -> None:
    said = typed("factory", "declare", "--factory", factory, "--pid", "NEW-1")
    assert "NEW-1" in said


def test_show_tells_what_the_root_says(factory: Path, tmp_path: Path) -> None:
    root = factory / "root"
    options = ("--name", "Portal", "--ledger", "ab" * 16, "--delegates", "--days", "30")
    typed("trust", "issue-signer", "--root", root, "--out", tmp_path / "portal", *options)
    listed = json.loads(typed("trust", "show", "--root", root, "--json"))["signers"]
    said = typed("trust", "show", "--root", root)
    assert "1 of 1 root keys must sign" in said
    assert f"for ledger {'ab' * 16}, may delegate, until" in said
    assert "Revoked keys: none" in said
    with refused("invalid-argument"):
        typed("trust", "revoke", "--root", root, "no-key-id")
    # As a person copies it: the key is the same.
    typed("trust", "revoke", "--root", root, f" {listed[0]['key_id'].upper()}")
    said = typed("trust", "show", "--root", root)
    assert "Root set 4, epoch 2" in said
    assert f"Revoked keys: 1\n    {listed[0]['key_id']}" in said


def test_rotate_makes_a_trial_root_a_real_one(factory: Path) -> None:
    root = factory / "root"
    said = typed("trust", "rotate", "--root", root, "--keys", "3", "--threshold", "2")
    assert "2 of 3 must sign" in said
    assert "2 of 3 root keys" in typed("trust", "show", "--root", root)


def test_under_a_test_clock_the_tool_says_so(tmp_path: Path) -> None:
    clock = tmp_path / "clock.json"
    clock.write_text('{"wall": 1790000000, "monotonic": 0}')
    assert "TEST CLOCK" in typed("factory", "init", "--out", tmp_path / "F", "--clock", clock)
    shown = typed("trust", "show", "--root", tmp_path / "F" / "root", "--clock", clock)
    assert "2026-09-21" in shown
