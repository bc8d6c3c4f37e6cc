"""`gauger inspect` of files that somebody damaged on purpose: told as such, and nothing is done."""

from pathlib import Path

import pytest

from gauger.core.documents.trust_store import TrustStore
from gauger.core.problems import Problem
from gauger.tools.explain_report import Yardstick
from gauger.tools.inspect import inspect_path
from tests.core.documents.material import NOW, trust_store
from tests.core.documents.report_material import item
from tests.tools.test_inspect import usage_file

FILE = usage_file(item())
HOSTILE = [
    ("D4", FILE + b"x", "trailing-data"),
    ("D4", FILE + FILE, "trailing-data"),
    ("D4", FILE + b"PK\x03\x04" + bytes(64), "trailing-data"),
    ("E5", b"<!DOCTYPE smartLicense>" + FILE, "xml-not-allowed"),
    ("E5", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + FILE, "xml-not-allowed"),
    ("E5", b'<!DOCTYPE a [<!ENTITY x "a"><!ENTITY y "&x;&x;">]>' + FILE, "xml-not-allowed"),
]


def found(path: Path, trust: TrustStore) -> Problem | None:
    """Return what is wrong with a file, whether it could be told of or not."""
    try:
        finding = inspect_path(path, Yardstick(trust=trust, now=NOW))
    except Problem as problem:
        return problem
    return None if finding.is_sound else finding.problem


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(content, code, marks=pytest.mark.threat(row, role="tools"))
        for row, content, code in HOSTILE
    ],
)
def test_it_is_never_called_sound(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "usage.xml"
    path.write_bytes(content)
    for trust in (trust_store(), TrustStore()):
        problem = found(path, trust)
        assert problem is not None
        assert problem.code == code
    assert path.read_bytes() == content
