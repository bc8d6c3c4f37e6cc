"""The runner, before implementations that are wrong in every way."""

import json
import sys
from pathlib import Path

import pytest

from conformance import run

GOOD = next(case for case in run.load() if case.name == "ack-good")
BAD = next(case for case in run.load() if case.name == "value-high-s_fail")


def verdict(case: run.Case, **changes: object) -> dict[str, object]:
    """Return the verdict that the case wants, or one that differs from it."""
    return {"detail": "", **case.content["verdict"], **changes}


def command(folder: Path, body: str) -> str:
    """Return a command that runs these lines of Python."""
    path = folder / "implementation.py"
    path.write_text(f"import json, sys\n{body}\n")
    return f"{sys.executable} {path}"


def ours(folder: Path) -> str:
    return command(folder, "from gauger.cli.main import main\nsys.argv[0] = 'gauger'\nmain()")


def test_the_right_verdict_has_no_fault() -> None:
    assert run.fault_of(GOOD, verdict(GOOD)) is None
    assert run.fault_of(BAD, verdict(BAD)) is None


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"accepted": False, "code": "malformed"}, "it was refused as malformed"),
        ({"accepted": "yes"}, "no object with `accepted`"),
        ({"file": 1}, "`file` is 1, not 0"),
        ({"says": {}}, "says.digest is not"),
        ({"says": []}, "says is not"),
    ],
)
def test_a_wrong_verdict_is_told(changes: dict[str, object], fault: str) -> None:
    assert fault in (run.fault_of(GOOD, verdict(GOOD, **changes)) or "")


def test_a_refusal_for_another_reason_is_a_fault_unless_codes_do_not_matter() -> None:
    other = verdict(BAD, code="malformed")
    assert run.fault_of(BAD, other) == "`code` is 'malformed', not 'signature-invalid'"
    assert run.fault_of(BAD, other, codes=False) is None
    assert "it was accepted" in (run.fault_of(BAD, verdict(BAD, accepted=True)) or "")


def test_lists_have_the_same_length_and_objects_may_hold_more() -> None:
    usage = next(case for case in run.load() if case.name == "usage-one-bad-of-three")
    items = [{**item, "digest": "x"} for item in usage.content["verdict"]["says"]["items"]]
    assert run.fault_of(usage, verdict(usage, says={"items": items})) is None
    assert "says.items is" in (run.fault_of(usage, verdict(usage, says={"items": items[:2]})) or "")
    items[1] = {"accepted": True}
    assert "items[1].accepted" in (run.fault_of(usage, verdict(usage, says={"items": items})) or "")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("sys.exit('no such kind')", "ended with 1: no such kind"),
        ("print('yes')", "printed no JSON"),
        ("print('[]')", "no object"),
    ],
)
def test_an_implementation_without_verdict_fails(tmp_path: Path, body: str, fault: str) -> None:
    assert fault in (run.ask(command(tmp_path, body).split(), GOOD) or "")


def test_a_command_that_is_not_there_fails() -> None:
    assert "gave no verdict" in (run.ask(["/nowhere/gauger"], GOOD) or "")


def test_our_command_passes_the_cases_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.main(["--command", ours(tmp_path), "--jobs", "2", "ack-good", "value-high-s"]) == 0
    assert "2 cases, 1 of them to be refused: 2 passed" in capsys.readouterr().out


def test_expected_failures_are_counted_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    yes = command(tmp_path, "print(json.dumps({'accepted': True, 'code': None, 'file': 0}))")
    listed = tmp_path / "xfail.txt"
    listed.write_text("# what is not read yet\nvalue-high-s_fail  # a remark\n")
    words = ["--command", yes, "--xfail", str(listed), "--json", "value-high-s"]
    assert run.main(words) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["xfailed"] == 1
    assert run.main([word for word in words if word not in {"--xfail", str(listed)}]) == 1


def test_a_list_that_is_out_of_date_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = tmp_path / "xfail.txt"
    listed.write_text("ack-good\nno-such-case\n")
    assert run.main(["--command", ours(tmp_path), "--xfail", str(listed), "ack-good"]) == 1
    out = capsys.readouterr().out
    assert "XPASSED  ack-good" in out
    assert "UNKNOWN  no-such-case" in out
    words = ["--command", ours(tmp_path), "--xfail", str(listed), "--json", "ack-good"]
    assert run.main(words) == 1
    assert json.loads(capsys.readouterr().out)["unknown"] == ["no-such-case"]
