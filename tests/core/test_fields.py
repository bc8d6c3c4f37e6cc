"""The typed reader: what is missing, of another type or out of range is named."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.fields import LATEST_TIME, Fields, decode_base64, encode_base64
from gauger.core.identity import AccountRef, Udi
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue
from tests.core.documents.material import refused

UDI: JsonValue = {"udi_pid": "C9300", "udi_serial_number": "GGR1"}
ACCOUNT: JsonValue = {"smart_account": "example.com", "virtual_account": "DEFAULT"}


def fields(**members: JsonValue) -> Fields:
    return Fields(members, "the test")


@pytest.mark.parametrize("value", [None, 1, "a", [], True])
def test_only_an_object_has_fields(value: JsonValue) -> None:
    with refused("malformed"):
        Fields(value, "the test")


def test_values_of_the_right_type_are_read() -> None:
    read = fields(t="a", n=5, b=True, d="ab" * 32, h="cd" * 16, s="AAEC", at=7, u=UDI, a=ACCOUNT)
    assert (read.text("t"), read.integer("n"), read.boolean("b")) == ("a", 5, True)
    assert (read.digest("d"), read.hex_id("h"), read.time("at")) == ("ab" * 32, "cd" * 16, 7)
    assert read.base64("s", size=3) == b"\x00\x01\x02"
    assert read.udi("u") == Udi("C9300", "GGR1")
    assert read.account("a") == AccountRef("example.com", "DEFAULT")
    assert read.choice("t", ("a", "b")) == "a"
    assert "t" in read
    assert read.names() == ("t", "n", "b", "d", "h", "s", "at", "u", "a")


READERS: list[tuple[str, Callable[[Fields], object], list[JsonValue]]] = [
    ("text", lambda read: read.text("x", limit=3), [None, 1, "", "aaaa", ["a"]]),
    ("choice", lambda read: read.choice("x", ("a",)), [None, "b", 1]),
    ("integer", lambda read: read.integer("x", least=0, most=9), [None, -1, 10, 1.0, True, "1"]),
    ("time", lambda read: read.time("x"), [None, -1, LATEST_TIME + 1, 0.5]),
    ("boolean", lambda read: read.boolean("x"), [None, 0, 1, "true"]),
    ("boolean with default", lambda read: read.boolean("x", default=True), [0, "no", None]),
    ("digest", lambda read: read.digest("x"), [None, "ab", "AB" * 32, "zz" * 32, 1]),
    ("digests", lambda read: read.digests("x"), [["ab"], ["AB" * 32], [1], "ab"]),
    ("hex id", lambda read: read.hex_id("x"), [None, "ab", "AB" * 16, "zz" * 16, 1]),
    ("base64", lambda read: read.base64("x", size=3), [None, "AAE=", "AAECAw==", 1, "####"]),
    ("base64 up to", lambda read: read.base64("x", limit=2), ["AAEC", "AA"]),
    ("base64 list", lambda read: read.base64_list("x"), [["A"], [1], ["AAEC"] * 9, {}]),
    ("texts", lambda read: read.texts("x", limit=2, length=2), [["aaa"], ["a"] * 3, [1], "a"]),
    ("child", lambda read: read.child("x"), [None, [], "a"]),
    ("items", lambda read: read.items("x", limit=1), [[1], [{}, {}], {}]),
    ("values", lambda read: read.values("x", limit=1), [[1, 2], {}]),
    ("udi", lambda read: read.udi("x"), [None, {}, {"udi_pid": "a"}, {"udi_pid": "a,b"}]),
    ("account", lambda read: read.account("x"), [None, {}, {"smart_account": "example.com"}]),
    ("text or number", lambda read: read.text_or_number("x"), [None, -1, 1.5, ""]),
]


@pytest.mark.parametrize(
    ("read", "value"),
    [
        pytest.param(read, bad, id=f"{name} {bad!r:.20}")
        for name, read, bads in READERS
        for bad in bads
    ],
)
def test_a_wrong_value_is_malformed(read: Callable[[Fields], object], value: JsonValue) -> None:
    with refused("malformed"):
        read(fields(x=value))


def test_a_missing_field_is_named_as_missing() -> None:
    with pytest.raises(Problem, match="In the test the field 'x' is missing"):
        fields().text("x")
    with pytest.raises(Problem, match="In 'b' of 'a' of the test the field 'x' is missing"):
        fields(a={"b": {}}).child("a").child("b").text("x")
    with pytest.raises(Problem, match="A JSON object is expected as an item of 'a' of the test"):
        fields(a=[1]).items("a")


OPTIONAL: list[Callable[[Fields], object]] = [
    lambda read: read.optional_text("x"),
    lambda read: read.optional_integer("x"),
    lambda read: read.optional_time("x"),
    lambda read: read.optional_digest("x"),
    lambda read: read.optional_hex_id("x"),
    lambda read: read.optional_child("x"),
    lambda read: read.optional_udi("x"),
    lambda read: read.optional_account("x"),
]
LISTS: list[Callable[[Fields], object]] = [
    lambda read: read.texts("x"),
    lambda read: read.items("x"),
    lambda read: read.udis("x"),
    lambda read: read.values("x"),
    lambda read: read.digests("x"),
    lambda read: read.base64_list("x"),
]


@pytest.mark.parametrize("members", [{}, {"x": None}], ids=["absent", "null"])
def test_optional_fields_are_none_and_lists_empty_where_absent_or_null(
    members: dict[str, JsonValue],
) -> None:
    absent = fields(**members)
    assert [read(absent) for read in OPTIONAL] == [None] * len(OPTIONAL)
    assert [read(absent) for read in LISTS] == [()] * len(LISTS)
    assert "x" not in absent


def test_optional_fields_are_read_where_they_are() -> None:
    read = fields(t="", n=1, d="ab" * 32, h="cd" * 16, s="AAEC", u=UDI, a=ACCOUNT, us=[UDI], c={})
    assert (read.optional_text("t"), read.optional_integer("n"), read.optional_time("n")) == (
        "",
        1,
        1,
    )
    assert (read.optional_digest("d"), read.optional_hex_id("h")) == ("ab" * 32, "cd" * 16)
    assert read.base64("s") == b"\x00\x01\x02"
    assert read.optional_udi("u") == Udi("C9300", "GGR1")
    assert read.optional_account("a") == AccountRef("example.com", "DEFAULT")
    assert read.udis("us") == (Udi("C9300", "GGR1"),)
    assert read.optional_child("c") is not None


def test_lists_are_read() -> None:
    read = fields(d=["ab" * 32], s=["AAEC"], v=[1, {"a": 2}])
    assert read.digests("d") == ("ab" * 32,)
    assert read.base64_list("s") == (b"\x00\x01\x02",)
    assert read.values("v") == (1, {"a": 2})


def test_a_default_stands_for_a_missing_boolean_only() -> None:
    assert fields().boolean("x", default=True)
    assert not fields(x=False).boolean("x", default=True)


def test_a_number_may_stand_for_a_text_where_others_write_one() -> None:
    assert fields(x=123456789012345678).text_or_number("x") == "123456789012345678"
    assert fields(x="12").text_or_number("x") == "12"


@pytest.mark.threat("D14", role="core")
def test_a_critical_field_must_be_known() -> None:
    assert fields(critical=["a"]).critical(frozenset({"a", "b"})) == ("a",)
    assert fields(more="kept").critical() == ()
    with pytest.raises(Problem, match="'z' must be understood") as caught:
        fields(critical=["a", "z"]).critical(frozenset({"a"}))
    assert caught.value.code == "upgrade-needed"
    with refused("malformed"):
        fields(critical="a").critical()


@given(st.binary(max_size=100))
def test_base64_comes_back(value: bytes) -> None:
    assert decode_base64(encode_base64(value), "it") == value


@pytest.mark.parametrize(
    "text", ["AAE", "AAE=\n", "AA E=", "AAF=", "=AAA", "AA==AA==", "é", "-_A="]
)
def test_only_canonical_base64_is_taken(text: str) -> None:
    with refused("malformed"):
        decode_base64(text, "it")
