"""What a RUM report says: the signed payload, in both published generations.

The vendor's product instances write it in two generations; ours write the newer one ("2.0") and
add ``gauger`` members to its two ``meta`` objects (`spec/rum-report.md`).
"""

import re
from dataclasses import dataclass
from typing import Final, TypedDict

from gauger.core.documents.authorization_code import HeldCode
from gauger.core.documents.body import to_json_or_none
from gauger.core.documents.page import SignedHead
from gauger.core.documents.versions import Order
from gauger.core.fields import LATEST_TIME, Fields
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue, decode, encode

PAYLOAD_CAP: Final = 256 * 1024
"""Most bytes of a payload."""

GENERATION: Final = "2.0"
"""The published version that our product instances write."""

CLOSING_TOLERANCE: Final = 3600
"""Seconds by which a measurement of ours may end after its report was closed."""

METRIC: Final = "ENTITLEMENT"

_COUNT = re.compile(r"[0-9]{1,19}")
_SECONDS = re.compile(r"[+-]?[0-9]{1,18}")
_COUNT_LIMIT: Final = 2**63
_TAG_LIMIT: Final = 512
_MOST_LABELS: Final = 16
_LABEL_LIMIT: Final = 127
_CRITICAL: Final = frozenset(
    {
        "incarnation",
        "boot",
        "previous",
        "closed_at",
        "head",
        "root_number",
        "policy_version",
        "account",
        "authorization",
        "labels",
        "test_clock",
        "critical",
    }
)
"""The fields of ours that are understood here: they may be called critical."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A count that was in use over a time.

    Attributes:
        start: First second, epoch seconds.
        end: The second after the last one, epoch seconds.
        count: Licences in use, 0 to 2^63 - 1.
        log_time: When it was written down, epoch seconds.
        samples: How often the count was looked at.
        sample_interval: Seconds that it covers, as the product instance states them.
        metric: Name of the metric, ``ENTITLEMENT`` for licences.
        termination_reason: Why the measurement ended, or None.
        close_reason: Why the report was closed with it, or None.
        clock_change: Seconds by which the clock was set in it, or None.
        added: Child devices that joined in it; None where the list is absent.
        removed: Child devices that left in it; None where the list is absent.
        relative: Whether its times are relative to the boot, of a clock that was never set.
    """

    start: int
    end: int
    count: int
    log_time: int
    samples: int
    sample_interval: int
    metric: str = METRIC
    termination_reason: str | None = None
    close_reason: str | None = None
    clock_change: int | None = None
    added: tuple[Udi, ...] | None = None
    removed: tuple[Udi, ...] | None = None
    relative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HaMember:
    """A member of a high-availability set and its role, for example ``Active``."""

    role: str
    udi: Udi


HeldHead = SignedHead
"""The newest signed page head that a product instance holds, with its signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugerMeta:
    """What our product instances add to a payload.

    Attributes:
        incarnation: Id of the device's store, 32 hexadecimal digits.
        boot: Boot nonce, 32 hexadecimal digits.
        previous: Digest of the tag's previous report of this incarnation, or None.
        closed_at: When the report was closed, epoch seconds.
        head: The newest page head held, or None.
        root_number: Number of the root set held.
        policy_order: Order of the policy held, or None for the default.
        account: The account that was installed, or None.
        authorization: The authorization code that is installed, or None.
        labels: What the operator says of the product instance: names and texts, by name.
        test_clock: Whether a test moved the clock.
    """

    incarnation: str
    boot: str
    previous: Digest | None
    closed_at: int
    head: HeldHead | None = None
    root_number: int = 0
    policy_order: Order | None = None
    account: AccountRef | None = None
    authorization: HeldCode | None = None
    labels: tuple[tuple[str, str], ...] = ()
    test_clock: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerSignature:
    """The signature fields inside a payload; they are published, and tell nothing to others."""

    signing_type: str
    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The content of a RUM report.

    Attributes:
        udi: The product instance that reports.
        report_id: Its number among the instance's reports.
        software_tag: Software id of the product (the asset).
        entitlement_tag: The one licence that the report is about.
        software_version: Software release of the product, or None.
        utility_enabled: Whether usage is billed as a utility, or None where it does not say.
        ha: Members of the high-availability set, itself included.
        measurements: What was in use, in the order written.
        inner: Signature fields inside the payload, or None.
        meta: What only ours carry; None for a vendor's.
        generation: Published version, or None for the older form, which names none.
    """

    udi: Udi
    report_id: int
    software_tag: str
    entitlement_tag: str
    measurements: tuple[Measurement, ...]
    software_version: str | None = None
    utility_enabled: bool | None = None
    ha: tuple[HaMember, ...] = ()
    inner: InnerSignature | None = None
    meta: GaugerMeta | None = None
    generation: str | None = GENERATION


def read_payload(data: bytes | str) -> Payload:
    """Read a payload of either generation.

    A vendor's times are read as they are, out of order too: real product instances set their
    clock back while they measure. Ours are held to order.

    Args:
        data: The exact signed bytes, or the text that they are of.

    Returns:
        Its content.

    Raises:
        Problem: ``malformed``, ``wrong-type`` for a telemetry report, ``upgrade-needed`` for a
            generation or critical field that is not known, or of strict decoding.
    """
    what = "the payload of the RUM report"
    fields = Fields(decode(data, what=what, cap=PAYLOAD_CAP), what)
    generation = fields.optional_text("version", limit=16)
    if generation not in (GENERATION, None):
        detail = f"The RUM report has version {generation!r}; {GENERATION} is known here."
        raise Problem("upgrade-needed", detail)
    meta = fields.child("meta")
    # Telemetry travels in the same files, and says nothing about licences.
    if "report_type" in meta:
        kind = meta.text("report_type")
        raise Problem("wrong-type", f"This is a {kind!r} report, which tells no licence usage.")
    payload = _read_content(fields, meta, generation)
    if payload.meta is not None:
        _check_ours(payload, payload.meta)
    return payload


def _read_content(fields: Fields, meta: Fields, generation: str | None) -> Payload:
    identification = fields.child("asset_identification")
    # The older generation keeps two things elsewhere than the newer.
    numbered, sealed = (meta, identification) if generation is None else (identification, fields)
    return Payload(
        udi=identification.child("instance").udi("sudi"),
        report_id=numbered.integer("report_id", least=0),
        software_tag=identification.child("asset").text("name", limit=_TAG_LIMIT),
        entitlement_tag=meta.text("entitlement_tag", limit=_TAG_LIMIT),
        software_version=meta.optional_text("software_version"),
        utility_enabled=meta.boolean("utility_enabled") if "utility_enabled" in meta else None,
        ha=tuple(
            HaMember(role=item.text("role", limit=64), udi=item.udi("sudi"))
            for item in meta.items("ha_udi", limit=64)
        ),
        measurements=tuple(map(_read_measurement, fields.items("measurements"))),
        inner=_read_inner(sealed.optional_child("signature")),
        meta=_read_meta(meta.optional_child("gauger")),
        generation=generation,
    )


def _read_inner(fields: Fields | None) -> InnerSignature | None:
    if fields is None:
        return None
    return InnerSignature(
        signing_type=fields.text("signing_type", limit=64),
        key=fields.text("key", least=0),
        value=fields.text("value", least=0),
    )


def _read_measurement(fields: Fields) -> Measurement:
    meta = fields.optional_child("meta")
    return Measurement(
        start=fields.time("start_time"),
        end=fields.time("end_time"),
        count=_read_count(fields.child("value")),
        log_time=fields.time("log_time"),
        samples=fields.integer("num_samples", least=0),
        sample_interval=fields.integer("sample_interval"),
        metric=fields.text("metric_name", limit=128),
        # Most measurements say no more than this; the rest is read where there is something.
        **_read_remarks(meta) if meta is not None and meta.names() else _NO_REMARKS,
    )


class _Remarks(TypedDict, total=False):
    """What a measurement may also say; the fields are those of `Measurement`."""

    termination_reason: str | None
    close_reason: str | None
    clock_change: int | None
    added: tuple[Udi, ...] | None
    removed: tuple[Udi, ...] | None
    relative: bool


_NO_REMARKS: Final[_Remarks] = {}


def _read_remarks(meta: Fields) -> _Remarks:
    ours = meta.optional_child("gauger")
    return {
        "termination_reason": meta.optional_text("termination_reason", limit=128),
        "close_reason": meta.optional_text("close_reason", limit=128),
        "clock_change": _read_seconds(meta, "clock_change_delta"),
        "added": meta.udis("added_sudi_list") if "added_sudi_list" in meta else None,
        "removed": meta.udis("removed_sudi_list") if "removed_sudi_list" in meta else None,
        "relative": ours is not None and ours.boolean("relative", default=False),
    }


def _read_count(fields: Fields) -> int:
    fields.choice("type", ("COUNT",))
    text = fields.text("value", limit=32)
    # By pattern first: `int` takes signs, blanks, underscores and digits of other scripts.
    if not _COUNT.fullmatch(text) or int(text) >= _COUNT_LIMIT:
        raise fields.refuse("value", "a whole number from 0 to 2^63 - 1, as text")
    return int(text)


def _read_seconds(fields: Fields, name: str) -> int | None:
    text = fields.optional_text(name, limit=32)
    if text is not None and not _SECONDS.fullmatch(text):
        raise fields.refuse(name, "a whole number of seconds, as text")
    return None if text is None else int(text)


def _read_meta(fields: Fields | None) -> GaugerMeta | None:
    if fields is None:
        return None
    # Before anything is read: a newer product instance may mean something else by its fields.
    fields.critical(_CRITICAL)
    order = fields.optional_child("policy_version")
    head = fields.optional_child("head")
    authorization = fields.optional_child("authorization")
    return GaugerMeta(
        incarnation=fields.hex_id("incarnation"),
        boot=fields.hex_id("boot"),
        previous=fields.optional_digest("previous"),
        closed_at=fields.time("closed_at"),
        head=None if head is None else SignedHead.from_fields(head),
        root_number=fields.integer("root_number", least=0),
        policy_order=None if order is None else Order.from_fields(order),
        account=fields.optional_account("account"),
        authorization=None if authorization is None else HeldCode.from_fields(authorization),
        labels=_read_labels(fields.optional_child("labels")),
        test_clock=fields.boolean("test_clock", default=False),
    )


def _read_labels(fields: Fields | None) -> tuple[tuple[str, str], ...]:
    if fields is None:
        return ()
    names = fields.names()
    # Whoever holds a SUDI key writes them; a reader must not keep megabytes of remarks.
    if len(names) > _MOST_LABELS or any(len(name) > _LABEL_LIMIT for name in names):
        raise Problem("malformed", f"A RUM report has at most {_MOST_LABELS} labels, each short.")
    return tuple(sorted((name, fields.text(name, limit=_LABEL_LIMIT)) for name in names))


def _check_ours(payload: Payload, meta: GaugerMeta) -> None:
    """Hold a payload of ours to what our product instances promise."""
    if payload.generation is None:
        raise Problem("malformed", "A RUM report with `gauger` members is of version 2.0.")
    if not payload.measurements:
        raise Problem("malformed", "The RUM report holds no measurement.")
    # A measurement after its own report was closed was never made; an hour is left for a clock that
    # was set.
    latest = min(meta.closed_at + CLOSING_TOLERANCE, LATEST_TIME)
    for measurement in payload.measurements:
        # Empty and backward times would count nothing, or take away.
        if measurement.end <= measurement.start:
            detail = f"A measurement ends at {measurement.end}, not after {measurement.start}."
            raise Problem("malformed", detail)
        if measurement.end > latest and not measurement.relative:
            detail = (
                f"A measurement ends at {measurement.end}, more than an hour after the report "
                f"was closed at {meta.closed_at}."
            )
            raise Problem("malformed", detail)


def encode_payload(payload: Payload) -> bytes:
    """Return the exact bytes that are signed, in version 2.0.

    Args:
        payload: The content; what is read back from the bytes equals it.

    Returns:
        Compact JSON with sorted keys.

    Raises:
        Problem: ``malformed`` where a report of ours breaks its own rules; ``too-large``.
    """
    if payload.meta is not None:
        _check_ours(payload, payload.meta)
    content: dict[str, JsonValue] = {
        "version": GENERATION,
        "asset_identification": {
            "report_id": payload.report_id,
            "asset": {"name": payload.software_tag},
            "instance": {"sudi": payload.udi.to_json()},
        },
        "meta": _meta_json(payload),
        "measurements": [_measurement_json(item) for item in payload.measurements],
    }
    if payload.inner is not None:
        content["signature"] = {
            "signing_type": payload.inner.signing_type,
            "key": payload.inner.key,
            "value": payload.inner.value,
        }
    data = encode(content).encode("ascii")
    if len(data) > PAYLOAD_CAP:
        raise Problem(
            "too-large", f"The RUM report has {len(data)} bytes; the cap is {PAYLOAD_CAP}."
        )
    return data


def _meta_json(payload: Payload) -> dict[str, JsonValue]:
    meta: dict[str, JsonValue] = {
        "entitlement_tag": payload.entitlement_tag,
        "ha_udi": [{"role": item.role, "sudi": item.udi.to_json()} for item in payload.ha],
        "software_version": payload.software_version,
        "utility_enabled": payload.utility_enabled,
        "gauger": None if payload.meta is None else _gauger_json(payload.meta),
    }
    return {name: value for name, value in meta.items() if value is not None}


def _gauger_json(meta: GaugerMeta) -> dict[str, JsonValue]:
    content: dict[str, JsonValue] = {
        "incarnation": meta.incarnation,
        "boot": meta.boot,
        "previous": meta.previous,
        "closed_at": meta.closed_at,
        "head": None if meta.head is None else meta.head.to_json(),
        "root_number": meta.root_number,
        "policy_version": to_json_or_none(meta.policy_order),
        "account": to_json_or_none(meta.account),
    }
    # Left out where there is none: most product instances never hold one.
    if meta.authorization is not None:
        content["authorization"] = meta.authorization.to_json()
    if meta.labels:
        content["labels"] = dict(meta.labels)
    return {**content, "test_clock": True} if meta.test_clock else content


def _measurement_json(item: Measurement) -> dict[str, JsonValue]:
    meta: dict[str, JsonValue] = {
        "termination_reason": item.termination_reason,
        "close_reason": item.close_reason,
        "clock_change_delta": None if item.clock_change is None else str(item.clock_change),
        "added_sudi_list": None if item.added is None else [udi.to_json() for udi in item.added],
        "removed_sudi_list": (
            None if item.removed is None else [udi.to_json() for udi in item.removed]
        ),
        "gauger": {"relative": True} if item.relative else None,
    }
    return {
        "log_time": item.log_time,
        "metric_name": item.metric,
        "start_time": item.start,
        "end_time": item.end,
        "sample_interval": item.sample_interval,
        "num_samples": item.samples,
        "meta": {name: value for name, value in meta.items() if value is not None},
        "value": {"type": "COUNT", "value": str(item.count)},
    }
