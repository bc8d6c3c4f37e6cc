"""The outer XML files: streamed, bounded, whole or refused."""

import base64
import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.documents.rum_report import read_report
from gauger.core.documents.smart_license import (
    TO_INSTANCE,
    TO_PORTAL,
    Caps,
    Item,
    ItemKind,
    read_items,
    write_file,
)
from gauger.core.documents.unwrapping import SLICE
from gauger.core.problems import Problem
from tests.core.documents.material import refused
from tests.support.material import shared_file

KNOWN = [kind for kind in ItemKind if kind is not ItemKind.UNKNOWN]
FILE = b"".join(
    write_file(
        [
            Item(kind=ItemKind.ROOT_SET, text='{"root":"set"}'),
            Item(kind=ItemKind.RUM_ACK, text='{"a":"]]>\\u00fc<&>"}'),
            Item(kind=ItemKind.POLICY, text="{}"),
        ]
    )
)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def read(data: bytes, *, size: int = 1 << 20) -> list[tuple[ItemKind, str]]:
    return [(item.kind, item.text) for item in read_items(pieces(data, size))]


ITEMS = read(FILE)


@given(st.lists(st.tuples(st.sampled_from(KNOWN), st.text('ab]>&<![CDATA\\"\u00e9')), max_size=5))
def test_what_is_written_is_read_back(content: list[tuple[ItemKind, str]]) -> None:
    items = [(kind, json.dumps({"x": text}, ensure_ascii=False)) for kind, text in content]
    data = b"".join(write_file(Item(kind=kind, text=text) for kind, text in items))
    found = list(read_items([data]))
    assert [(item.kind, json.loads(item.text)) for item in found] == [
        (kind, json.loads(text)) for kind, text in items
    ]
    assert [(item.index, item.name) for item in found] == [
        (index, kind.value) for index, (kind, _) in enumerate(items)
    ]


@pytest.mark.parametrize("size", [1, 2, 7, 63, 64, 65])
def test_the_size_of_the_pieces_does_not_matter(size: int) -> None:
    assert read(FILE, size=size) == ITEMS


def test_the_file_of_a_real_product_instance_is_read() -> None:
    data = shared_file("samples/rum/iosxe-17.9.2-rum-1671840750.xml").read_bytes()
    ((kind, text),) = read(data)
    assert kind is ItemKind.RUM_REPORT
    assert read_report(text).payload.report_id == 1671840750


def test_sections_split_around_their_own_end_are_joined() -> None:
    data = b"<RUMReport><![CDATA[a]]]]><![CDATA[>b]]>&lt;&#99;</RUMReport>"
    assert read(data) == [(ItemKind.RUM_REPORT, "a]]>b<c")]


@pytest.mark.threat("D10", role="core")
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: b"\r\n\r\n" + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.decode().encode("utf-16"),
        lambda data: b"\xfe\xff" + data.decode().encode("utf-16-be"),
        lambda data: data.replace(b"UTF-8", b"ISO-8859-1"),
        lambda data: data + b"\r\n \n",
        base64.b64encode,
        base64.encodebytes,
        lambda data: b"\xef\xbb\xbf" + base64.encodebytes(data).replace(b"\n", b"\r\n"),
        lambda data: base64.encodebytes(b"\xef\xbb\xbf \n" + data),
        lambda data: base64.encodebytes(data.decode().encode("utf-16")),
    ],
)
@pytest.mark.parametrize("size", [1, 50, 1 << 20])
def test_what_gateways_and_editors_do_is_undone(damage: object, size: int) -> None:
    assert callable(damage)
    assert read(damage(FILE.strip() if damage == base64.b64encode else FILE), size=size) == ITEMS


@pytest.mark.threat("D1", role="core")
@pytest.mark.parametrize("encode", [bytes, base64.b64encode, base64.encodebytes])
def test_every_truncation_is_refused_as_such(encode: object) -> None:
    assert callable(encode)
    whole = encode(FILE.rstrip()).rstrip()
    assert read(whole) == ITEMS
    for length in range(len(whole)):
        with refused("truncated"):
            read(whole[:length])


@pytest.mark.threat("D4", role="core")
@pytest.mark.parametrize(
    "more", [b"x", b"\x00", b"<", b"<a/>", FILE, b"&#32;", b"PK\x03\x04", b"<!-- x", b"\xff"]
)
def test_what_follows_the_end_is_refused(more: bytes) -> None:
    with refused("trailing-data"):
        read(FILE + more)
    with refused("trailing-data"):
        read(base64.b64encode(FILE + more))


@pytest.mark.threat("D4", role="core")
def test_two_base64_files_glued_are_refused() -> None:
    padded = base64.b64encode(FILE + b" " * ((2 - len(FILE)) % 3))
    assert padded.endswith(b"=")
    with pytest.raises(Problem) as caught:
        read(padded + padded)
    assert caught.value.code in {"trailing-data", "malformed"}
    first = padded + b" " * (SLICE - len(padded))
    with refused("trailing-data"):
        read(first + padded)


@pytest.mark.threat("E5", role="core")
@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE smartLicense SYSTEM "file:///etc/passwd"><smartLicense/>',
        b'<!DOCTYPE smartLicense PUBLIC "a" "http://127.0.0.1/x"><smartLicense/>',
        b"<!DOCTYPE smartLicense><smartLicense/>",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><smartLicense>&x;</smartLicense>',
        b'<!DOCTYPE a [<!ENTITY % p "x"> %p;]><smartLicense/>',
        b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><RUMReport>&c;</RUMReport>',
        b"<smartLicense>&x;</smartLicense>",
        b"<RUMReport>&nbsp;</RUMReport>",
    ],
)
def test_no_dtd_and_no_entity_is_taken(data: bytes) -> None:
    with refused("xml-not-allowed"):
        read(data)
    with refused("xml-not-allowed"):
        read(base64.encodebytes(data))


@pytest.mark.threat("E5", role="core")
@pytest.mark.parametrize(
    "start",
    [
        b'<smartLicense a="',
        b"<smartLicense><!--",
        b"<smartLicense><?pi ",
        b"<smartLicense><",
        b"<RUMReport>",
        b"<RUMReport><![CDATA[",
        b"<smartLicensePolicy><data><![CDATA[",
    ],
)
def test_a_part_without_end_is_refused_in_bounded_memory(start: bytes) -> None:
    def endless() -> Iterator[bytes]:
        yield start
        for _ in range(500):
            yield b"A" * SLICE

    tracemalloc.start()
    with refused("too-large"):
        list(read_items(endless()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


def test_many_items_are_read_in_bounded_memory() -> None:
    def many() -> Iterator[bytes]:
        yield b"<smartLicense>"
        for _ in range(4000):
            yield b"<RUMReport>" + b"x" * 2000 + b"</RUMReport>"
        yield b"</smartLicense>"

    tracemalloc.start()
    assert sum(1 for _ in read_items(many())) == 4000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


@pytest.mark.parametrize(
    ("data", "caps"),
    [
        (FILE, Caps(total=len(FILE) - 1)),
        (FILE, Caps(item=8)),
        (FILE, Caps(items=2)),
        (b"<RUMReport>xxx</RUMReport>", Caps(items=0)),
        (b"<smartLicense><x>" + b"<y/>" * 100 + b"</x></smartLicense>", Caps(items=2)),
        (b"<smartLicense><x>" + b"".join(b"<n%d/>" % n for n in range(2000)), Caps()),
    ],
)
def test_the_caps_hold(data: bytes, caps: Caps) -> None:
    with refused("too-large"):
        list(read_items([data], caps=caps))


def test_a_file_at_its_caps_is_read() -> None:
    caps = Caps(total=len(FILE), items=3)
    assert len(list(read_items([FILE], caps=caps))) == 3


@pytest.mark.threat("D9", role="core")
@pytest.mark.parametrize(
    ("kind", "wanted", "hint"),
    [
        (ItemKind.RUM_ACK, TO_PORTAL, "written by the portal, for a product instance"),
        (ItemKind.ROOT_SET, TO_PORTAL, "written by the portal, for a product instance"),
        (ItemKind.RUM_REPORT, TO_INSTANCE, "saved by a product instance, for the portal"),
        (ItemKind.AUTH_REQUEST, TO_INSTANCE, "saved by a product instance, for the portal"),
    ],
)
def test_a_file_that_goes_the_wrong_way_is_refused_with_a_hint(
    kind: ItemKind, wanted: frozenset[ItemKind], hint: str
) -> None:
    data = b"".join(write_file([Item(kind=kind, text="{}")]))
    with pytest.raises(Problem, match=hint) as caught:
        list(read_items([data], wanted=wanted))
    assert caught.value.code == "wrong-type"
    assert read(data) == [(kind, "{}")]


def test_every_known_kind_goes_one_way() -> None:
    assert set(KNOWN) == TO_INSTANCE | TO_PORTAL
    assert not TO_INSTANCE & TO_PORTAL


@pytest.mark.threat("D14", role="core")
def test_an_element_of_a_newer_release_is_told_as_unknown() -> None:
    data = b"""<smartLicense>
      <smartLicenseNewer><data>x</data><b>y</b></smartLicenseNewer>
      <smartLicensePolicy><signature>z</signature><data>{}</data></smartLicensePolicy>
    </smartLicense>"""
    first, second = read_items([data], wanted=TO_INSTANCE)
    assert (first.kind, first.name, first.text) == (ItemKind.UNKNOWN, "smartLicenseNewer", "")
    assert (second.kind, second.text, second.index) == (ItemKind.POLICY, "{}", 1)


@pytest.mark.parametrize("name", ["RUMReport", "smartLicensePolicy"])
def test_an_element_may_stand_alone(name: str) -> None:
    text = b"{}" if name == "RUMReport" else b"<data>{}</data>"
    data = b"<%b>%b</%b>" % (name.encode(), text, name.encode())
    assert read(data) == [(ItemKind(name), "{}")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<html><body/></html>", "wrong-type"),
        (b"<data>{}</data>", "wrong-type"),
        (b"<smartLicense>x</smartLicense>", "malformed"),
        (b"<smartLicense><RUMReport>a<b/></RUMReport></smartLicense>", "malformed"),
        (b"<smartLicensePolicy><data>a</data><data>b</data></smartLicensePolicy>", "malformed"),
        (b"<smartLicensePolicy>a</smartLicensePolicy>", "malformed"),
        (b"<smartLicense></RUMReport>", "malformed"),
        (b"<smartLicense>\xff</smartLicense>", "malformed"),
        (b"<smartLicense>" + b"<x>" * 9, "too-deep"),
        (b"", "truncated"),
        (b" \r\n\t", "truncated"),
        (b"\xef\xbb\xbf", "truncated"),
        (b"\x00\x01", "malformed"),
        (b"abc", "truncated"),
        (b"ab=c", "malformed"),
    ],
)
def test_what_is_no_licensing_file_is_named(data: bytes, code: str) -> None:
    with refused(code):
        read(data)


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (b"\x1f\x8b\x08", "packed with gzip"),
        (b"PK\x03\x04..", "ZIP archive"),
        (b'{"type":"ack"}', "JSON document"),
        (b"-----BEGIN CERTIFICATE-----", "PEM file"),
        (b"\x7fELF", "neither XML nor base64"),
    ],
)
def test_another_kind_of_file_is_guessed(data: bytes, hint: str) -> None:
    with pytest.raises(Problem, match=hint):
        read(data)
    with pytest.raises(Problem, match=f"inside its base64.*{hint}"):
        read(base64.b64encode(data))


@pytest.mark.parametrize("text", ["\x00", "\x1b[2J", "\ufffe", "a\x0bb"])
def test_what_xml_cannot_carry_is_not_written(text: str) -> None:
    with refused("malformed"):
        list(write_file([Item(kind=ItemKind.POLICY, text=text)]))
