"""What the authority writes is, byte for byte, what the core would write."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gauger.authority import quick_json
from gauger.core import strict_json
from gauger.core.authority import rows
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.row import Row
from gauger.core.strict_json import JsonValue
from tests.core.authority.test_rows import built

LEAVES: st.SearchStrategy[JsonValue] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(max_codepoint=0x80))
    | st.text()
    | st.sampled_from(list(Verdict))
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
)


@given(value=VALUES)
@example(value={"b": 1, "a": (1, [2]), "ä": "ä", "\U00010000": 0, "\uffff": 0})
@example(value="".join(map(chr, range(256))))
@example(value="\x7f")
@example(value=[1e16, 1e-7, 1.5, -0.0, 2**64])
@example(value={"\ud800": 1})
@example(value=["\udfff"])
def test_both_encoders_write_the_same_bytes(value: JsonValue) -> None:
    assert quick_json.encode(value) == strict_json.encode(value)


@pytest.mark.parametrize("value", [float("nan"), {"a": [float("inf")]}])
def test_what_is_no_json_is_refused_here_too(value: JsonValue) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        quick_json.encode(value)


@pytest.mark.parametrize("kind", rows.KINDS.values(), ids=rows.KINDS)
@given(data=st.data())
@settings(max_examples=15)
def test_every_row_is_written_alike(kind: type[Row], data: st.DataObject) -> None:
    row: Any = data.draw(built(kind))
    assert quick_json.encode(rows.row_json(row)) == rows.encode_row(row)
