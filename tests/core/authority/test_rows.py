"""Ledger rows: what is written is read back, anything else is refused."""

import json
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gauger.core.authority import rows
from gauger.core.authority.events import describe
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.row import Row
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, Digest, Udi, digest
from gauger.core.problems import Problem

UDI = Udi("C9800-CL-K9", "GGR0001")
ACCOUNT = AccountRef("example.com", "DEFAULT")

LEAVES: dict[object, st.SearchStrategy[object]] = {
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    Digest: st.sampled_from([digest(b"a"), digest(b"b")]),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    Verdict: st.sampled_from(Verdict),
    Udi: st.just(UDI),
    AccountRef: st.just(ACCOUNT),
    Order: st.builds(Order, *[st.integers(0, 9)] * 3),
}


def values(annotation: object) -> st.SearchStrategy[object]:
    """Return a strategy for a field of this annotation."""
    if annotation in LEAVES:
        return LEAVES[annotation]
    arguments = get_args(annotation)
    if type(None) in arguments:
        return st.none() | values(arguments[0])
    if arguments and arguments[-1] is Ellipsis:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if arguments:
        return st.tuples(*map(values, arguments))
    return built(annotation)


def built(kind: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 -- a class of its caller
    hints = get_type_hints(kind)
    return st.builds(kind, **{item.name: values(hints[item.name]) for item in fields(kind)})


@pytest.mark.parametrize("kind", rows.KINDS.values(), ids=rows.KINDS)
@given(data=st.data())
@settings(max_examples=15)
def test_every_row_is_read_as_it_was_written(kind: type[Row], data: st.DataObject) -> None:
    row = data.draw(built(kind))
    text = rows.encode_row(row)

    assert rows.decode_row(kind.KIND, text) == row
    assert rows.encode_row(rows.decode_row(kind.KIND, text)) == text
    # A scope that names no account is refused before a row of it is made.
    event = None if kind is rows.PolicyAssigned else describe(row)
    assert event is None or isinstance(event.kind, str)


ROW = rows.CaseClosed(at=1, case=2, state="open", udi=UDI, account=None, by=None)
POLICY = rows.PolicyAssigned(
    at=1,
    assignment=1,
    smart_account="example.com",
    virtual_account="DEFAULT",
    name="n",
    ack_required=True,
    rules=(("export", 1, 2, 3),),
    by="x",
)


@pytest.mark.parametrize(
    ("row", "name", "value"),
    [
        (ROW, "at", "1"),
        (ROW, "at", True),
        (ROW, "udi", ["one"]),
        (ROW, "udi", "PID"),
        (ROW, "account", ["a"]),
        (ROW, "more", 1),
        (POLICY, "rules", {}),
        (POLICY, "rules", [["export", 1]]),
        (POLICY, "ack_required", 1),
    ],
)
def test_a_field_of_another_type_is_refused(row: Row, name: str, value: object) -> None:
    members = json.loads(rows.encode_row(row))
    members[name] = value

    with pytest.raises(Problem) as caught:
        rows.decode_row(row.KIND, json.dumps(members))
    assert caught.value.code == "malformed"


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [("no-such-row", "{}", "upgrade-needed"), ("case-closed", "[]", "malformed")],
)
def test_what_is_no_row_is_refused(kind: str, text: str, code: str) -> None:
    with pytest.raises(Problem) as caught:
        rows.decode_row(kind, text)
    assert caught.value.code == code


def test_a_verdict_is_one_of_those_known() -> None:
    row = rows.ReportDecided(
        at=1,
        udi=UDI,
        digest=digest(b""),
        account=None,
        verdict=Verdict.ACCEPTED,
        code=None,
        detail="",
        flags=(),
        until=None,
        case=None,
        by=None,
    )
    text = rows.encode_row(row).replace("accepted", "perhaps")

    with pytest.raises(Problem, match="verdict"):
        rows.decode_row(row.KIND, text)


def test_what_cannot_stand_in_a_row_is_noticed_by_the_developer() -> None:
    with pytest.raises(TypeError):
        rows._reader(7)


def test_the_bytes_of_a_row_name_its_kind() -> None:
    assert rows.row_bytes("event", "{}") == b"event\x00{}\n"


def test_an_event_of_a_policy_names_its_scope() -> None:
    event = describe(POLICY)

    assert event is not None
    assert (event.account, event.domain) == (ACCOUNT, "example.com")
