"""The allow-lists of imports find what would make the core impure."""

from pathlib import Path

import pytest

from checks.import_rules import module_name, rule_for, violations


def written(folder: Path, module: str, text: str) -> Path:
    """Write a module below a source folder."""
    path = folder.joinpath(*module.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("gauger.core.usage.sampling", "import os\n"),
        ("gauger.core.usage.sampling", "from time import monotonic\n"),
        ("gauger.core.usage.sampling", "def f() -> None:\n    import socket\n"),
        ("gauger.core.usage.sampling", "import cryptography\n"),
        ("gauger.core.usage.sampling", "from xml.parsers import expat\n"),
        ("gauger.core.usage.sampling", "from gauger.adapters.clock import SystemClock\n"),
        ("gauger.core.usage.sampling", "from ... import authority\n"),
        ("gauger.core.documents.envelope", "from cryptography import x509\n"),
        ("gauger.core.documents.envelope", "import datetime\nx = datetime.datetime.now()\n"),
        ("gauger.adapters.clock", "from gauger.instance.agent import Agent\n"),
    ],
)
def test_an_impure_import_is_found(tmp_path: Path, module: str, text: str) -> None:
    path = written(tmp_path, module, text)
    assert len(violations(path, tmp_path)) == 1


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("gauger.core.usage.sampling", "import dataclasses\nfrom collections.abc import Mapping\n"),
        ("gauger.core.usage.sampling", "from .intervals import merge\nfrom ..problems import x\n"),
        ("gauger.core.documents.keyring", "from cryptography.x509 import Certificate\n"),
        ("gauger.core.documents.smart_license", "from xml.parsers import expat\n"),
        ("gauger.adapters.clock", "import time\nfrom gauger.instance.ports import Clock\n"),
        ("gauger.instance.agent", "import socket\n"),
    ],
)
def test_a_proper_import_is_taken(tmp_path: Path, module: str, text: str) -> None:
    path = written(tmp_path, module, text)
    assert violations(path, tmp_path) == []


def test_a_package_is_named_without_its_init(tmp_path: Path) -> None:
    path = written(tmp_path, "gauger.core.__init__", "from . import problems\n")
    assert module_name(path, tmp_path) == "gauger.core"
    assert violations(path, tmp_path) == []


def test_the_exception_of_the_keyring_stands_before_the_rule() -> None:
    keyring = rule_for("gauger.core.documents.keyring")
    assert keyring is not None
    assert "cryptography" in keyring.allowed
    assert rule_for("gauger.cssm.main") is None
