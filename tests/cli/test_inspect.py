"""`gauger inspect` as a person and as a program call it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gauger.cli.inspect import inspect
from gauger.cli.main import root
from gauger.core.documents.envelope import write_document
from gauger.core.problems import Problem
from tests.core.documents.material import declared, root_set, signed_root
from tests.core.documents.report_material import item


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.json"
    path.write_text(item())
    return path


def test_a_person_reads_lines(report: Path, tmp_path: Path) -> None:
    (tmp_path / "manufacturer.json").write_text(declared().to_json())
    (tmp_path / "root.json").write_text(write_document(signed_root(root_set())))
    trust = ["--manufacturer", str(tmp_path), "--root-set", str(tmp_path / "root.json")]
    result = CliRunner().invoke(root, ["inspect", str(report), *trust])
    assert result.exit_code == 0
    assert result.output.startswith("RUM report 1671840750\n  Whose      C9800-CL-K9, serial")
    assert "Signature  holds: made by the SUDI key" in result.output


def test_a_program_reads_json(report: Path) -> None:
    result = CliRunner().invoke(inspect, [str(report), "--json", "--details", "0"])
    told = json.loads(result.output)
    assert told["title"] == "RUM report 1671840750"
    assert told["signature"]["state"] == "unaltered"
    assert told["facts"][0] == {"label": "Whose", "text": "C9800-CL-K9, serial number GGR0001"}


def test_a_failed_signature_gives_an_exit_code(report: Path) -> None:
    content = json.loads(item())
    content["payload"] += " "
    report.write_text(json.dumps(content))
    result = CliRunner().invoke(inspect, [str(report)])
    assert result.exit_code == 3
    assert "DOES NOT HOLD" in result.output


def test_a_file_of_something_else_is_a_problem(report: Path) -> None:
    report.write_text("{}")
    result = CliRunner().invoke(inspect, [str(report)])
    assert result.exit_code == 3
    assert "Not a file of this system" in result.output


def test_a_trust_folder_names_all_that_is_trusted(report: Path, tmp_path: Path) -> None:
    trust = tmp_path / "trust"
    (trust / "manufacturers").mkdir(parents=True)
    nothing = CliRunner().invoke(inspect, [str(report), "--trust", str(trust)])
    assert isinstance(nothing.exception, Problem)
    (trust / "manufacturers" / "one.json").write_text(declared().to_json())
    (trust / "root-set-1.json").write_text(write_document(signed_root(root_set())))
    result = CliRunner().invoke(inspect, [str(report), "--trust", str(trust)])
    assert result.exit_code == 0
    assert "Signature  holds: made by the SUDI key" in result.output.replace("   ", "  ")
