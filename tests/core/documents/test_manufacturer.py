"""Manufacturer files."""

import json

import pytest

from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.fields import encode_base64
from gauger.core.identity import Udi
from tests.core.documents.material import declared, refused, signer_certificate


def test_a_manufacturer_survives_its_file() -> None:
    assert Manufacturer.from_json(declared().to_json()) == declared()


@pytest.mark.parametrize(
    ("udi", "expected"),
    [
        (Udi("C9800-CL-K9", "GGR1"), True),
        (Udi("C9800-CL-K9", "FOC1"), False),
        (Udi("OTHER", "GGR1"), False),
    ],
)
def test_it_declares_what_it_makes(udi: Udi, *, expected: bool) -> None:
    assert declared().declares(udi) is expected


@pytest.mark.parametrize(
    "changes",
    [
        {"serial_prefixes": []},
        {"serial_prefixes": [""]},
        {"certificate": encode_base64(signer_certificate())},
        {"ledger": "1"},
        {"name": ""},
    ],
)
def test_a_file_of_another_form_is_refused(changes: dict[str, object]) -> None:
    text = json.dumps(json.loads(declared().to_json()) | changes)
    with refused("malformed"):
        Manufacturer.from_json(text)
