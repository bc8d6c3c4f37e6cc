"""The form of a ledger row: one for each value, and no other is read."""

import json
from dataclasses import replace

import pytest

from gauger.core.authority import rows
from gauger.core.authority.row import Row
from gauger.core.identity import digest
from gauger.core.problems import Problem
from tests.core.authority.example_rows import EXAMPLES
from tests.support.builders import ACCOUNT, UDI


@pytest.mark.threat("D14", role="cssm")
@pytest.mark.parametrize("row", EXAMPLES, ids=[row.KIND for row in EXAMPLES])
@pytest.mark.parametrize("change", ["more", "less"])
def test_a_row_with_a_field_more_or_less_is_refused(row: Row, change: str) -> None:
    members = json.loads(rows.encode_row(row))
    if change == "more":
        members["critical"] = ["later"]
    else:
        members.pop("at")

    with pytest.raises(Problem) as caught:
        rows.decode_row(row.KIND, json.dumps(members))
    assert caught.value.code == "malformed"


@pytest.mark.threat("D14", role="cssm")
def test_a_row_of_a_kind_that_is_not_known_is_named_and_shortened() -> None:
    with pytest.raises(Problem) as caught:
        rows.decode_row("x" * 10_000, "{}")

    assert caught.value.code == "upgrade-needed"
    assert len(caught.value.detail) < 200


@pytest.mark.threat("A8", role="cssm")
@pytest.mark.parametrize("row", EXAMPLES, ids=[row.KIND for row in EXAMPLES])
def test_a_row_has_one_form_whatever_order_its_fields_come_in(row: Row) -> None:
    text = rows.encode_row(row)
    turned = json.dumps(dict(reversed(json.loads(text).items())), indent=1)

    assert text == json.dumps(json.loads(text), separators=(",", ":"), sort_keys=True)
    assert rows.encode_row(rows.decode_row(row.KIND, turned)) == text


def test_a_row_of_the_first_release_lacks_what_was_added_later() -> None:
    row = rows.GapClosed(at=1, udi=UDI, report=digest(b""), by=None, account=ACCOUNT)
    members = json.loads(rows.encode_row(row))
    del members["account"]

    assert rows.decode_row(row.KIND, json.dumps(members)) == replace(row, account=None)
