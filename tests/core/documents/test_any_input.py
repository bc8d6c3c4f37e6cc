"""Any input ends in a value or in a named problem: nothing else comes out of the readers."""

import contextlib
import json
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.documents.acknowledgment import Acknowledgment
from gauger.core.documents.envelope import read_document, write_document
from gauger.core.documents.rum_payload import encode_payload
from gauger.core.documents.rum_report import read_report, verify_report
from gauger.core.documents.smart_license import Item, ItemKind, read_items, write_file
from gauger.core.documents.smart_transport import (
    decode_request,
    decode_response,
    encode_request,
    encode_response,
)
from gauger.core.documents.trust_store import TrustStore
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue
from tests.core.documents.material import NOW, trust_store
from tests.core.documents.report_material import PAYLOAD, direct, item
from tests.core.documents.test_bodies import ACK, BODIES, READERS
from tests.core.documents.test_smart_transport import REQUESTS, RESPONSES
from tests.support.thoroughness import IS_NIGHTLY

REPORT = item().encode()
DOCUMENT = write_document(direct("ack", ACK.encode())).encode()
FILE = b"".join(
    write_file(
        [
            Item(kind=ItemKind.RUM_REPORT, text=item()),
            Item(kind=ItemKind.RUM_ACK, text=DOCUMENT.decode()),
        ]
    )
)
STORE = trust_store()

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=2), SCALARS)


def _read_file(data: bytes) -> list[Item]:
    return list(read_items([data]))


def _read_response(data: bytes) -> object:
    return decode_response(data, nonce="0d" * 16)


READ: list[tuple[Callable[[bytes], object], bytes]] = [
    (read_report, REPORT),
    (read_document, DOCUMENT),
    (_read_file, FILE),
    (decode_request, encode_request(REQUESTS[3])),
    (_read_response, encode_response(RESPONSES[2])),
]


@pytest.mark.threat("A7", role="core")
@pytest.mark.parametrize(("read", "good"), READ)
@given(data=st.data())
def test_damaged_bytes_end_in_a_value_or_a_problem(
    read: Callable[[bytes], object], good: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(good)))
    length = data.draw(st.integers(0, 8))
    with contextlib.suppress(Problem):
        read(good[:place] + data.draw(st.binary(max_size=8)) + good[place + length :])


@pytest.mark.parametrize(("read", "good"), READ)
@given(data=st.data())
def test_any_bytes_end_in_a_value_or_a_problem(
    read: Callable[[bytes], object], good: bytes, data: st.DataObject
) -> None:
    del good
    with contextlib.suppress(Problem):
        read(data.draw(st.binary(max_size=200)))


def replaced(value: JsonValue, at: int, new: JsonValue) -> tuple[JsonValue, int]:
    """Return the value with its ``at``-th inner value replaced, and what is left to count."""
    if at == 0:
        return new, -1
    at -= 1
    if isinstance(value, dict):
        members = dict(value)
        for key, inner in value.items():
            members[key], at = replaced(inner, at, new)
        return members, at
    if isinstance(value, list):
        items = list(value)
        for index, inner in enumerate(value):
            items[index], at = replaced(inner, at, new)
        return items, at
    return value, at


@given(st.integers(0, 60), VALUES)
def test_any_value_in_a_payload_ends_in_a_value_or_a_problem(at: int, new: JsonValue) -> None:
    content, _ = replaced(json.loads(encode_payload(PAYLOAD)), at, new)
    carried = json.loads(REPORT) | {"payload": json.dumps(content)}
    with contextlib.suppress(Problem):
        verify_report(read_report(json.dumps(carried)), STORE, NOW)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.TYPE)
@given(at=st.integers(0, 40), new=VALUES)
def test_any_value_in_a_body_ends_in_a_value_or_a_problem(
    body: Acknowledgment, at: int, new: JsonValue
) -> None:
    content, _ = replaced(json.loads(body.encode()), at, new)
    with contextlib.suppress(Problem):
        READERS[body.TYPE](direct(body.TYPE, json.dumps(content).encode()))


def _flips(good: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield the text with one bit flipped, and whether the bit is one of a certificate.

    One bit of each byte, the next bit in the next byte; a nightly run flips all.
    """
    start = good.index(b'"chain":["')
    end = good.index(b'"]', start)
    for bit in range(8 * len(good)):
        if not IS_NIGHTLY and bit % 8 != bit // 8 % 8:
            continue
        flipped = bytearray(good)
        flipped[bit // 8] ^= 1 << (bit % 8)
        yield bytes(flipped), start < bit // 8 < end


def _require_the_same(kind: str, flipped: bytes, proof: object) -> None:
    """What still verifies says the same: only text for people and unknown fields may differ."""
    with contextlib.suppress(Problem):
        assert _proof(kind, flipped, STORE) == proof


@pytest.mark.threat("A7", role="core")
@pytest.mark.threat("B5", role="core")
@pytest.mark.parametrize(("kind", "good"), [("report", REPORT), ("document", DOCUMENT)])
def test_any_flipped_bit_of_what_travels_is_refused_or_changes_nothing(
    kind: str, good: bytes
) -> None:
    proof = _proof(kind, good, STORE)
    for flipped, of_certificate in _flips(good):
        if not of_certificate:
            _require_the_same(kind, flipped, proof)


@pytest.mark.parametrize(("kind", "good"), [("report", REPORT), ("document", DOCUMENT)])
def test_any_flipped_bit_of_a_certificate_is_refused_or_changes_nothing(
    kind: str, good: bytes
) -> None:
    proof = _proof(kind, good, STORE)
    for flipped, of_certificate in _flips(good):
        if of_certificate:
            _require_the_same(kind, flipped, proof)


def _proof(kind: str, data: bytes, store: TrustStore) -> object:
    """Return what a verified text proves."""
    if kind == "report":
        report = read_report(data)
        return report.signed, verify_report(report, store, NOW)
    document = read_document(data)
    store.verify(document, expected="ack", now=NOW)
    return Acknowledgment.from_document(document)
