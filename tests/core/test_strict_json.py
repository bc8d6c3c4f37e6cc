"""The strict decoder: every input ends in a value or in one named refusal, soon."""

import json
import math
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue, decode, encode
from tests.core.documents.material import refused

CAP = 1_000_000

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('ab[{]}\\"'), inner),
    max_leaves=30,
)


def read(data: bytes | str, *, cap: int = CAP, depth: int = 32) -> JsonValue:
    return decode(data, what="the test", cap=cap, depth=depth)


@given(JSON)
def test_what_is_encoded_is_decoded(value: JsonValue) -> None:
    assert read(encode(value)) == value


@given(JSON)
def test_the_encoder_writes_ascii_with_sorted_keys(value: JsonValue) -> None:
    text = encode(value)
    assert text.isascii()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


@given(st.text())
def test_any_text_is_read_as_json_reads_it_or_refused(text: str) -> None:
    try:
        value = read(text)
    except Problem:
        return
    assert value == json.loads(text.removeprefix("\ufeff"))


@pytest.mark.threat("A10", role="core")
@pytest.mark.parametrize(
    ("data", "code"),
    [
        ('{"a":1,"a":1}', "duplicate-key"),
        ('[{"b":{"a":1,"\\u0061":2}}]', "duplicate-key"),
        ("[NaN]", "number-not-allowed"),
        ("[Infinity]", "number-not-allowed"),
        ("[-Infinity]", "number-not-allowed"),
        ("[1e400]", "number-not-allowed"),
        ("[-1E999]", "number-not-allowed"),
        ("[9223372036854775808]", "number-not-allowed"),
        ("[-9223372036854775809]", "number-not-allowed"),
        ("1" * 5000, "number-not-allowed"),
        ('"\\ud800"', "text-not-allowed"),
        ('{"\\udfff":1}', "text-not-allowed"),
        ('["\\ud83d x \\ude00"]', "text-not-allowed"),
        ('"\ud800"', "text-not-allowed"),
        (b'"\xff"', "text-not-allowed"),
        ('{"a":1}'.encode("utf-16"), "text-not-allowed"),
        (b'"\xed\xa0\x80"', "text-not-allowed"),
        (b'"\xc0\xaf"', "text-not-allowed"),
        ("[" * 33 + "]" * 33, "too-deep"),
        ('{"a":' * 40 + "1" + "}" * 40, "too-deep"),
        ("[[[]" * 40, "too-deep"),
    ],
)
def test_ambiguous_or_unbounded_input_is_refused_by_name(data: bytes | str, code: str) -> None:
    with refused(code):
        read(data)


HOSTILE = [
    "[" * 100_000,
    '{"a":' * 50_000,
    "[" * 100_000 + "]" * 100_000,
    '["' + "[{" * 100_000,
    "[" + "1" * 250_000 + "]",
    "[" + "[]," * 80_000 + "NaN]",
    '{"' + "\\u0061" * 40_000,
]


@pytest.mark.threat("A10", role="core")
@pytest.mark.parametrize("data", HOSTILE)
def test_hostile_input_takes_no_longer_than_sound_input_of_its_size(data: str) -> None:
    sound = json.dumps([{"name": "value", "number": 1}] * (len(data) // 32))

    def refuse() -> None:
        with pytest.raises(Problem):
            read(data)

    # Both on the same machine at the same time: how fast it is does not matter.
    assert cost(refuse) <= 20 * cost(lambda: read(sound))


def cost(act: Callable[[], object]) -> float:
    """Return the processor time of an act, the best of some."""
    taken = []
    for _ in range(5):
        started = time.process_time()
        act()
        taken.append(time.process_time() - started)
    return min(taken)


@pytest.mark.threat("A10", role="core")
@pytest.mark.parametrize("data", ["[" + "[]," * 250_000 + "0]", "[" + "0," * 1_250_001 + "0]"])
def test_more_values_than_any_document_has_are_refused_unread(data: str) -> None:
    with refused("too-large"):
        read(data, cap=len(data))


@pytest.mark.threat("A10", role="core")
@pytest.mark.parametrize("data", HOSTILE)
def test_hostile_input_is_refused_in_little_memory(data: str) -> None:
    tracemalloc.start()
    with pytest.raises(Problem):
        read(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * 1024 * 1024


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[9223372036854775807,-9223372036854775808]", [2**63 - 1, -(2**63)]),
        ("[1e-400]", [0.0]),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ('"\\\\ud800"', "\\ud800"),
        ("[" * 32 + '"[[[\\"[["' + "]" * 32, None),
        ('["' + "[{" * 5000 + '"]', None),
        ("\ufeff[1]", [1]),
        (" [1]\r\n", [1]),
        ('"00000000000000000000000"', "0" * 23),
    ],
)
def test_what_is_sound_is_read(text: str, value: JsonValue) -> None:
    assert read(text) == value or value is None


@pytest.mark.threat("D10", role="core")
def test_one_byte_order_mark_is_passed_over() -> None:
    assert read(b"\xef\xbb\xbf[1]") == [1]
    with refused("malformed"):
        read(b"\xef\xbb\xbf\xef\xbb\xbf[1]")


@pytest.mark.parametrize("cap", [5, 6])
def test_the_cap_counts_bytes(cap: int) -> None:
    with refused("too-large"):
        read('"\u00e9\u00e9\u00e9"', cap=cap)
    with refused("too-large"):
        read(b'"\xc3\xa9\xc3\xa9\xc3\xa9"', cap=cap)
    assert read('"\u00e9\u00e9\u00e9"', cap=8) == "\u00e9\u00e9\u00e9"


@pytest.mark.threat("D4", role="core")
@pytest.mark.parametrize("text", ["{}{}", "[] []", "1 2", "{}x", "[]\x00"])
def test_what_follows_the_end_is_refused(text: str) -> None:
    with refused("trailing-data"):
        read(text)


@pytest.mark.threat("D1", role="core")
def test_every_truncation_is_refused_as_such() -> None:
    text = json.dumps(
        {"a": [1, 2.5e3, -1, {"b": 'x\\" \u00e9 \u2028'}, True, False, None], "c": {}, "d": "\n"}
    )
    for length in range(len(text)):
        with refused("truncated"):
            read(text[:length])


@pytest.mark.parametrize("text", ["", " \n", b"", b"\xef\xbb\xbf"])
def test_nothing_is_truncated(text: str | bytes) -> None:
    with refused("truncated"):
        read(text)


@pytest.mark.parametrize(
    "text",
    ["x", "{a:1}", "[1,]", '{"a"x', "'a'", '"a\nb"', "]]]", '"\\x0"', '"\\u12z4"', "+1", "01x"],
)
def test_what_is_no_json_is_malformed_or_trails(text: str) -> None:
    with pytest.raises(Problem) as caught:
        read(text)
    assert caught.value.code in {"malformed", "trailing-data"}


def test_a_refusal_names_the_input_and_the_place() -> None:
    with pytest.raises(Problem, match="In the test line 2, column 3 is not JSON"):
        read("{\n  x}")
    with pytest.raises(Problem, match="the key 'a' stands twice"):
        read('{"a":1,"a":2}')


def test_the_encoder_refuses_what_json_has_not() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(math.nan)
