"""System messages: the table, the line of a terminal, the record of RFC 5424."""

import re
from pathlib import Path

import pytest

from gauger.core.messages import KINDS, Severity, Source, SystemMessage, read_message, record

ROOT = Path(__file__).parents[2]
AT = 1_793_477_703
READY = "SMART_LIC-6-AGENT_READY"


def told(text: str = "The licensing agent has begun its work.") -> SystemMessage:
    message = read_message(AT, READY, text)
    assert message is not None
    return message


def test_each_row_is_named_by_facility_severity_and_mnemonic() -> None:
    for name, kind in KINDS.items():
        assert name == kind.name == f"SMART_LIC-{int(kind.severity)}-{kind.mnemonic}"
        assert re.fullmatch(r"[A-Z_]{3,32}", kind.mnemonic)
        assert kind.when.endswith(".")


@pytest.mark.requirement("PI-3")
def test_what_devices_are_known_to_tell_is_in_the_table() -> None:
    known = {kind.name for kind in KINDS.values() if kind.source is Source.DEVICES}
    wanted = "POLICY_INSTALL_SUCCESS AUTHORIZATION_INSTALL_SUCCESS TRUST_CODE_INSTALL_SUCCESS"
    wanted += (
        " REPORTING_REQUIRED AUTHORIZATION_REMOVED AGENT_READY AGENT_ENABLED EXPORT_CONTROLLED"
    )
    assert {f"SMART_LIC-6-{word}" for word in wanted.split()} <= known
    failures = "COMM POLICY_INSTALL AUTHORIZATION_INSTALL TRUST_CODE_INSTALL"
    assert {f"SMART_LIC-3-{word}_FAILED" for word in failures.split()} <= known
    assert {"SMART_LIC-5-COMM_RESTORED", "SMART_LIC-5-SYSTEM_CLOCK_CHANGED"} <= known
    assert "SMART_LIC-3-POLICY_REMOVED" in known


def test_the_line_is_that_of_a_terminal() -> None:
    assert told().line == (
        "*Oct 31 20:15:03.000: %SMART_LIC-6-AGENT_READY: The licensing agent has begun its work."
    )
    early = SystemMessage(at=AT - 30 * 86_400, kind=told().kind, text="x")
    assert early.line.startswith("*Oct  1 20:15:03.000: %")


def test_an_event_is_no_message() -> None:
    assert read_message(AT, "SAEVT_READY", "") is None


def test_words_of_others_forge_no_second_line() -> None:
    line = told("refused\n*Oct 31 20:15:03.000: %SMART_LIC-6-AGENT_READY: \x1b[2J").line
    assert "\n" not in line
    assert "\x1b" not in line


def test_the_record_is_that_of_rfc_5424() -> None:
    assert record(told("Begun."), "edge-1", 7) == (
        b"<190>1 2026-10-31T20:15:03.000Z edge-1 gauger - AGENT_READY"
        b' [meta sequenceId="7"] %SMART_LIC-6-AGENT_READY: Begun.'
    )


def test_severity_is_in_the_priority() -> None:
    failed = read_message(AT, "SMART_LIC-3-COMM_FAILED", "No answer.")
    assert failed is not None
    assert record(failed, None, 1).startswith(b"<187>1 ")
    assert b".000Z - gauger - COMM_FAILED" in record(failed, None, 1)


def test_the_sequence_begins_again_after_its_last_number() -> None:
    assert b'sequenceId="2147483647"' in record(told(), "a", 2**31 - 1)
    assert b'sequenceId="1"' in record(told(), "a", 2**31)


@pytest.mark.parametrize("name", ["two words", "a\nb", "zürich", "x" * 300])
def test_a_host_name_cannot_break_the_header(name: str) -> None:
    field = record(told(), name, 1).split(b" ")[2]
    assert len(field) <= 255
    assert re.fullmatch(rb"[!-~]+", field)
    assert record(told(), name, 1).split(b" ")[3] == b"gauger"


def test_only_text_that_is_not_plain_is_marked_as_utf_8() -> None:
    assert b"\xef\xbb\xbf" not in record(told("plain"), "a", 1)
    assert b'"] \xef\xbb\xbf%SMART_LIC-6-AGENT_READY: Z\xc3\xbcrich' in record(
        told("Zürich"), "a", 1
    )


@pytest.mark.parametrize("letter", ["x", "ü", "€", "😀"])
def test_a_record_is_never_longer_than_receivers_take(letter: str) -> None:
    for spare in range(4):
        sent = record(told("y" * spare + letter * 5000), "a", 1)
        assert 2040 < len(sent) <= 2048
        assert sent.decode().endswith("...")


def test_severities_have_the_words_of_commands() -> None:
    assert [item.word for item in Severity][0::7] == ["emergencies", "debugging"]


def test_the_reference_has_each_row_of_the_table() -> None:
    page = (ROOT / "docs" / "reference" / "system-messages.md").read_text(encoding="utf-8")
    devices, _, own = page.partition("## Our own")
    for kind in KINDS.values():
        there = devices if kind.source is Source.DEVICES else own
        assert f"| `{kind.name}` | {kind.when} |\n" in there
    assert page.count("| `SMART_LIC-") == len(KINDS)


@pytest.mark.parametrize(
    ("later", "shown"),
    [(0, "000"), (7, "007"), (999, "999"), (1000, "999"), (90_000, "999"), (-5, "000")],
)
def test_the_milliseconds_are_those_of_the_telling_within_its_second(
    later: int, shown: str
) -> None:
    message = read_message(AT, READY, "x", AT * 1000 + later)
    assert message is not None
    assert message.line.startswith(f"*Oct 31 20:15:03.{shown}: %")
    assert f"T20:15:03.{shown}Z".encode() in record(message, "a", 1)
