"""`gauger verify-receipt` as typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gauger.cli.main import root as command
from gauger.core.documents.envelope import write_document
from gauger.core.documents.smart_license import Item, ItemKind, write_file
from tests.core.documents.material import Authority, root_set, signed_root, signer_certificate
from tests.core.documents.report_material import item
from tests.tools.test_verify_receipt import ack, paged, saved


def typed(*words: str | Path) -> Result:
    line = ["verify-receipt", *(str(word) for word in words)]
    return CliRunner().invoke(command, line, catch_exceptions=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root-set.json"
    far = root_set(expires_at=10**10)
    path.write_text(write_document(signed_root(far)))
    return path


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    path = tmp_path / "clock.json"
    path.write_text('{"wall": 1790000000, "monotonic": 0}')
    return path


def test_a_good_file_is_proven(root: Path, clock: Path, tmp_path: Path) -> None:
    file = saved(tmp_path / "a.xml", paged([ack(), ack(8)][:1]))
    done = typed(file, "--root-set", root, "--clock", clock)
    assert done.exit_code == 0
    assert done.output.endswith("1 of 1 answers proven with root set 1.\n")


def test_programs_read_one_object_a_line(root: Path, clock: Path, tmp_path: Path) -> None:
    file = saved(tmp_path / "a.xml", paged([ack()]))
    done = typed(file, "--root-set", root, "--json", "--clock", clock)
    proof, total = map(json.loads, done.output.splitlines())
    assert proof["proven"] is True
    assert total == {"proven": 1, "answers": 1, "root_set": 1, "unanswered": []}


def test_a_bad_file_ends_with_three(root: Path, clock: Path, tmp_path: Path) -> None:
    stranger = Authority(number=66, chain=(signer_certificate(66),))
    file = saved(tmp_path / "a.xml", paged([ack()], stranger))
    done = typed(file, "--root-set", root, "--clock", clock)
    assert done.exit_code == 3
    assert "NOT PROVEN" in done.output


def test_a_file_without_answers_proves_nothing(root: Path, clock: Path, tmp_path: Path) -> None:
    file = saved(tmp_path / "a.xml", [])
    assert typed(file, "--root-set", root, "--clock", clock).exit_code == 3


def test_a_report_without_a_proven_answer_ends_with_three(
    root: Path, clock: Path, tmp_path: Path
) -> None:
    file = saved(tmp_path / "a.xml", paged([ack()]))
    usage = tmp_path / "usage.xml"
    usage.write_bytes(b"".join(write_file([Item(kind=ItemKind.RUM_REPORT, text=item())])))
    done = typed(file, "--root-set", root, "--clock", clock, "--usage", usage)
    assert done.exit_code == 3
    assert "NO PROVEN ANSWER: RUM report 1671840750 of PID:" in done.output
