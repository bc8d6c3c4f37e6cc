"""What the commands for authorization codes and for support forward and print."""

from dataclasses import replace
from pathlib import Path

import pytest

from gauger.core.problems import Problem
from gauger.instance.config import DEFAULTS
from gauger.instance.views import CodeRequested, ImportResult, Selection, SelectionKind
from gauger.surfaces.console.console import Console
from tests.surfaces.console.scripted import ScriptedAgent

HERE = Path("/folder")
RETURN_CODE = "CqaUPW-WSPYiq-ZNU2ci-SnWydS-hBCXHP-MuyPqy"


def typed(line: str, agent: ScriptedAgent) -> str:
    return Console(agent, folder=HERE).execute(line)


@pytest.mark.requirement("PI-10/exec")
@pytest.mark.parametrize(
    ("line", "asked"),
    [
        (
            "license smart authorization request add hseck9 local",
            ("request", "add", "hseck9", None),
        ),
        (
            "license smart authorization request replace hseck9 all 2",
            ("request", "replace", "hseck9", 2),
        ),
        (
            "license smart authorization request save flash:req.xml",
            ("save_request", HERE / "req.xml"),
        ),
        ("license smart clear eventlog", ("clear-events",)),
    ],
)
def test_what_is_typed_reaches_the_product_instance_in_silence(
    line: str, asked: tuple[object, ...]
) -> None:
    agent = ScriptedAgent()
    assert typed(line, agent) == ""
    assert agent.asked == [asked]


def test_a_request_that_waits_says_for_what() -> None:
    agent = ScriptedAgent(requested=CodeRequested(waits="The transport is off."))
    said = typed("license smart authorization request add hseck9 local", agent)
    assert said.startswith("The authorization request waits: The transport is off.")
    assert "license smart authorization request save PATH" in said


@pytest.mark.requirement("PI-10/exec")
def test_a_return_prints_its_code_and_where_the_proof_is() -> None:
    agent = ScriptedAgent()
    first = f"UDI: PID:C9800-CL-K9,SN:GGR0001\n    Return code: {RETURN_CODE}"
    assert typed("license smart authorization return local online", agent) == first
    assert typed("license smart authorization return all offline ret.xml", agent) == first
    assert typed("license smart authorization return all offline", agent).startswith(f"{first}\n")
    ways = [(True, None), (False, HERE / "ret.xml"), (False, None)]
    assert agent.asked == [("give_back", *way) for way in ways]


def test_an_import_prints_the_confirmation_code_of_a_code_that_replaced_one() -> None:
    agent = ScriptedAgent(imported=ImportResult(confirmations=("1fc54c75",)))
    assert typed("license smart import code.xml", agent).split("\n") == [
        "Import Data Successful",
        "Last Confirmation code UDI: PID:C9800-CL-K9,SN:GGR0001",
        "    Confirmation code: 1fc54c75",
    ]


@pytest.mark.requirement("PI-10/exec")
def test_a_reset_warns_that_a_reload_completes_it() -> None:
    agent = ScriptedAgent()
    assert "reload" in typed("license smart factory reset", agent)
    assert agent.asked == [("reset_licensing",)]


@pytest.mark.parametrize("line", ["rum show 7", "rum-report id 7"])
def test_a_signed_report_is_printed_for_support_only(line: str) -> None:
    agent = ScriptedAgent()
    with pytest.raises(Problem, match="service internal"):
        typed(f"test license smart {line}", agent)
    agent.settings = replace(DEFAULTS, service_internal=True)
    assert typed(f"test license smart {line}", agent) == '{"payload": "{}"}'


@pytest.mark.requirement("PI-10/exec")
@pytest.mark.parametrize(
    ("words", "selection"),
    [
        ("day 3", Selection(kind=SelectionKind.DAYS, number=3)),
        ("days 3", Selection(kind=SelectionKind.DAYS, number=3)),
        ("rum-Id 7", Selection(kind=SelectionKind.REPORT, number=7)),
    ],
)
def test_usage_is_saved_by_the_words_that_tools_type(words: str, selection: Selection) -> None:
    agent = ScriptedAgent()
    typed(f"license smart save usage {words} file usage.xml", agent)
    assert agent.asked == [("save", selection, HERE / "usage.xml")]
