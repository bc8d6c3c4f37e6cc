"""The payload of a RUM report: both published generations, the vendor's and ours."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.documents.page import SignedHead
from gauger.core.documents.rum_payload import (
    GaugerMeta,
    HaMember,
    InnerSignature,
    Measurement,
    Payload,
    encode_payload,
    read_payload,
)
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.problems import Problem
from tests.core.documents.material import NOW, UDI, refused
from tests.core.documents.report_material import (
    ACCOUNT,
    MEASUREMENT,
    META,
    ORDER,
    PAYLOAD,
    PRODUCT,
    TAG,
    sample_item,
)

Change = Callable[[dict[str, Any]], object]

VENDORS = replace(PAYLOAD, meta=None)


def edited(payload: Payload, change: Change) -> str:
    content = json.loads(encode_payload(payload))
    change(content)
    return json.dumps(content)


def times(start: int, end: int, **changes: Any) -> Payload:  # noqa: ANN401 -- any field of it
    measurement = replace(MEASUREMENT, start=start, end=end, **changes)
    return replace(PAYLOAD, measurements=(measurement,))


def test_the_report_of_a_real_product_instance_is_read_to_its_last_field() -> None:
    text = json.loads(sample_item())["payload"]
    udi = Udi("C9800-CL-K9", "9NTUEA8FIIH")
    child = "AIR-AP2802I-E-K9"
    assert read_payload(text) == Payload(
        udi=udi,
        report_id=1671840750,
        software_tag=PRODUCT,
        entitlement_tag=TAG,
        software_version="17.09.02",
        utility_enabled=False,
        ha=(HaMember(role="Active", udi=udi),),
        inner=InnerSignature(
            signing_type="builtin",
            key=PRODUCT,
            value="EfQw4ng6N90vukN6Gd7GHad8MZClqheuuYlkLO3x334=",
        ),
        measurements=(
            Measurement(
                start=1671880245,
                end=1671966644,
                count=2,
                log_time=1671880245,
                samples=97,
                sample_interval=86399,
                added=(Udi(child, "FDW2109B29P"), Udi(child, "FDW2109B2BX")),
                removed=(),
            ),
            Measurement(
                start=1671966644,
                end=1672341045,
                count=3,
                log_time=1671966645,
                samples=417,
                sample_interval=374401,
                added=(Udi(child, "FDW2028D3SV"),),
                removed=(),
            ),
            Measurement(
                start=1672341045,
                end=1673790212,
                count=3,
                log_time=1672338319,  # before its start: the clock was set back
                samples=1615,
                sample_interval=1449167,
                clock_change=-3433,
                termination_reason="ProductReload",
                close_reason="ProductReload",
            ),
        ),
    )


def test_nothing_of_the_real_report_is_lost() -> None:
    content = json.loads(json.loads(sample_item())["payload"])
    assert json.loads(encode_payload(read_payload(json.dumps(content)))) == content


def test_the_older_generation_is_read() -> None:
    def older(content: dict[str, Any]) -> None:
        del content["version"]
        identification = content["asset_identification"]
        content["meta"]["report_id"] = identification.pop("report_id")
        inner = {"signing_type": "builtin", "key": PRODUCT, "value": "x"}
        identification["signature"] = inner

    read = read_payload(edited(VENDORS, older))
    inner = InnerSignature(signing_type="builtin", key=PRODUCT, value="x")
    assert read == replace(VENDORS, generation=None, inner=inner)


def test_a_report_without_optional_fields_is_read() -> None:
    def bare(content: dict[str, Any]) -> None:
        for name in ("software_version", "utility_enabled", "ha_udi"):
            del content["meta"][name]
        del content["measurements"][0]["meta"]

    read = read_payload(edited(VENDORS, bare))
    assert (read.software_version, read.utility_enabled, read.ha, read.meta) == (
        None,
        None,
        (),
        None,
    )


HEAD = SignedHead(head=b'{"a":1}', chain=(b"c",), value=bytes(64))
UDIS = st.builds(Udi, st.text("ABC-9", min_size=1), st.text("GR0123", min_size=1))
MEASUREMENTS = st.builds(
    Measurement,
    start=st.integers(0, NOW),
    end=st.integers(NOW + 1, NOW + 3600),
    count=st.integers(0, 2**63 - 1),
    log_time=st.integers(0, 2**40).filter(lambda at: at < 253402300799),
    samples=st.integers(0, 2**40),
    sample_interval=st.integers(-(2**40), 2**40),
    termination_reason=st.none() | st.text(max_size=9),
    close_reason=st.none() | st.just("ProductReload"),
    clock_change=st.none() | st.integers(-(10**9), 10**9),
    added=st.none() | st.tuples(UDIS),
    removed=st.none() | st.just(()),
    relative=st.booleans(),
)
METAS = st.builds(
    GaugerMeta,
    incarnation=st.just("1c" * 16),
    boot=st.just("b0" * 16),
    previous=st.none() | st.just(Digest("ab" * 32)),
    closed_at=st.just(NOW),
    head=st.none() | st.just(HEAD),
    root_number=st.integers(0, 9),
    policy_order=st.none() | st.just(ORDER),
    account=st.none() | st.just(ACCOUNT),
    test_clock=st.booleans(),
)
PAYLOADS = st.builds(
    Payload,
    udi=UDIS,
    report_id=st.integers(0, 2**32),
    software_tag=st.text(min_size=1, max_size=20),
    entitlement_tag=st.text(min_size=1, max_size=20),
    measurements=st.lists(MEASUREMENTS, min_size=1, max_size=3).map(tuple),
    ha=st.just(()) | st.tuples(st.builds(HaMember, role=st.just("Active"), udi=UDIS)),
    inner=st.none() | st.just(InnerSignature(signing_type="gauger-sudi", key="", value="")),
    meta=METAS,
)


@given(PAYLOADS)
def test_what_is_encoded_is_read_back(payload: Payload) -> None:
    data = encode_payload(payload)
    assert data.isascii()
    assert read_payload(data) == payload
    assert encode_payload(read_payload(data)) == data


@pytest.mark.threat("A17", role="core")
@pytest.mark.parametrize(
    "count",
    ["-1", "", "1.5", "1e3", " 1", "9223372036854775808", "9" * 30, "\u0661", 2, None, True, "+1"],
)
@pytest.mark.parametrize("payload", [PAYLOAD, VENDORS], ids=["ours", "vendor's"])
def test_a_count_that_is_no_count_is_malformed(payload: Payload, count: object) -> None:
    def change(content: dict[str, Any]) -> None:
        content["measurements"][0]["value"]["value"] = count

    with refused("malformed"):
        read_payload(edited(payload, change))


@pytest.mark.threat("A17", role="core")
def test_the_largest_count_is_read() -> None:
    payload = times(NOW - 900, NOW, count=2**63 - 1)
    assert read_payload(encode_payload(payload)) == payload


@pytest.mark.threat("A17", role="core")
@pytest.mark.parametrize(("start", "end"), [(NOW, NOW), (NOW, NOW - 1)])
def test_a_measurement_of_ours_without_length_is_malformed(start: int, end: int) -> None:
    with refused("malformed"):
        encode_payload(times(start, end))

    def change(content: dict[str, Any]) -> None:
        content["measurements"][0] |= {"start_time": start, "end_time": end}

    with refused("malformed"):
        read_payload(edited(PAYLOAD, change))
    assert read_payload(edited(VENDORS, change)).measurements[0].end == end


@pytest.mark.threat("A16", role="core")
def test_a_measurement_of_ours_ends_at_most_an_hour_after_closing() -> None:
    assert read_payload(encode_payload(times(NOW, NOW + 3600))).measurements[0].end == NOW + 3600
    with pytest.raises(Problem, match="more than an hour after the report was closed"):
        encode_payload(times(NOW, NOW + 3601))
    late = replace(times(NOW, NOW + 3601), meta=None)
    assert read_payload(encode_payload(late)) == late


def test_times_of_a_clock_never_set_are_not_held_against_closing() -> None:
    payload = replace(times(5, NOW + 9000, relative=True))
    assert read_payload(encode_payload(payload)) == payload


def _set(*path: str | int, value: object) -> Change:
    def change(content: dict[str, Any]) -> None:
        place: Any = content
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_set("version", value="3.0"), "upgrade-needed"),
        (_set("version", value=2), "malformed"),
        (_set("meta", value=None), "malformed"),
        (_set("meta", "report_type", value="telemetry"), "wrong-type"),
        (_set("meta", "entitlement_tag", value=""), "malformed"),
        (_set("meta", "utility_enabled", value="no"), "malformed"),
        (_set("meta", "gauger", "incarnation", value="zz"), "malformed"),
        (_set("meta", "gauger", "closed_at", value=-1), "malformed"),
        (_set("meta", "gauger", "critical", value=["sealed"]), "upgrade-needed"),
        (_set("meta", "gauger", "account", value={"smart_account": "-"}), "malformed"),
        (_set("asset_identification", "report_id", value=-1), "malformed"),
        (_set("asset_identification", "instance", "sudi", value={}), "malformed"),
        (_set("measurements", value=[]), "malformed"),
        (_set("measurements", value={}), "malformed"),
        (_set("measurements", 0, "start_time", value=1.5), "malformed"),
        (_set("measurements", 0, "value", "type", value="GAUGE"), "malformed"),
        (_set("measurements", 0, "meta", "clock_change_delta", value="1h"), "malformed"),
        (_set("measurements", 0, "meta", "added_sudi_list", value=[1]), "malformed"),
        (_set("signature", value={"signing_type": "x"}), "malformed"),
        (lambda content: content.pop("version"), "malformed"),
    ],
)
def test_a_field_that_is_not_as_it_should_be_is_named(change: Change, code: str) -> None:
    with refused(code):
        read_payload(edited(PAYLOAD, change))


def test_the_older_generation_cannot_be_ours() -> None:
    with refused("malformed"):
        encode_payload(replace(PAYLOAD, generation=None))


@pytest.mark.threat("D14", role="core")
def test_a_field_of_a_newer_release_is_passed_over() -> None:
    assert read_payload(edited(PAYLOAD, _set("meta", "gauger", "newer", value=1))) == PAYLOAD


def test_a_payload_over_the_cap_is_not_written() -> None:
    payload = replace(PAYLOAD, measurements=(MEASUREMENT,) * 2000)
    with refused("too-large"):
        encode_payload(payload)
    with refused("too-large"):
        read_payload(b" " * 300_000)


def test_an_account_is_carried() -> None:
    meta = replace(META, account=AccountRef("example.com", "Zürich"))
    assert read_payload(encode_payload(replace(PAYLOAD, meta=meta))).meta == meta


def test_the_payload_names_its_product_instance() -> None:
    assert read_payload(encode_payload(PAYLOAD)).udi == UDI


LABELS = (("custom_id", "asset 7"), ("tag1", "Floor 3"))


def test_labels_are_read_as_they_were_written() -> None:
    labelled = replace(PAYLOAD, meta=replace(META, labels=LABELS))
    assert read_payload(encode_payload(labelled)) == labelled
    assert b"labels" not in encode_payload(PAYLOAD)


@pytest.mark.threat("A4", role="cssm")
@pytest.mark.parametrize(
    "labels",
    [
        {f"tag{number}": "x" for number in range(17)},
        {"x" * 128: "x"},
        {"tag1": "x" * 128},
        {"tag1": ""},
        {"tag1": 1},
        [],
    ],
)
def test_labels_without_end_are_refused(labels: object) -> None:
    text = edited(PAYLOAD, lambda content: content["meta"]["gauger"].update(labels=labels))
    with refused("malformed"):
        read_payload(text)
