"""Explains RUM reports: whose, which licence, when, how many, and whether the signature holds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from gauger.core.documents import keyring
from gauger.core.documents.envelope import read_document
from gauger.core.documents.rum_payload import GaugerMeta, Measurement
from gauger.core.documents.rum_report import (
    RumReport,
    SigningType,
    report_preimage,
    verify_report,
)
from gauger.core.documents.trust_code import TrustCode
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.tools.finding import Finding, Seal, counted, date_text

_Key = TypeVar("_Key")

_VENDOR_STEP = (
    "The portal lists it as `signature-unverifiable`; it is counted, in totals shown apart, only "
    "where the account has switched that on."
)
_TAG = re.compile(r"regid\.[^,]*\.([^.,]+),")


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """What an inspection judges by.

    Attributes:
        trust: Pinned root set and manufacturers, as far as they were given.
        now: The time at which expiry is judged, epoch seconds.
    """

    trust: TrustStore
    now: int


def licence_name(tag: str) -> str:
    """Return the short name inside a software or entitlement tag, else the tag."""
    found = _TAG.match(tag)
    return tag if found is None else found[1]


def udi_text(udi: Udi) -> str:
    """Return a UDI in words."""
    return f"{udi.pid}, serial number {udi.serial}"


def explain_report(report: RumReport, yardstick: Yardstick) -> Finding:
    """Explain one RUM report.

    Args:
        report: The report.
        yardstick: What to judge by.

    Returns:
        The finding.
    """
    payload = report.payload
    product = licence_name(payload.software_tag)
    release = "" if payload.software_version is None else f", release {payload.software_version}"
    facts = [
        ("Whose", udi_text(payload.udi)),
        ("Licence", f"{licence_name(payload.entitlement_tag)} ({payload.entitlement_tag})"),
        ("Product", f"{product}{release} ({payload.software_tag})"),
    ]
    facts.extend((f"HA {member.role}", udi_text(member.udi)) for member in payload.ha)
    if payload.utility_enabled:
        facts.append(("Billing", "as a utility"))
    for measurement in payload.measurements:
        facts.extend(_measurement_facts(measurement, is_ours=payload.meta is not None))
    facts.extend(_order_facts(payload.measurements))
    facts.extend(_meta_facts(payload.meta))
    form = "older form" if payload.generation is None else f"form {payload.generation}"
    facts.append(("Form", f"{form}, {len(report.signed)} signed bytes, digest {report.digest}"))
    seal, detail, step = _judge(report, yardstick)
    return Finding(
        title=f"RUM report {payload.report_id}",
        facts=tuple(facts),
        seal=seal,
        seal_detail=detail,
        next_steps=step,
    )


def _last_second(measurement: Measurement, *, is_ours: bool) -> int:
    """Return the last second of a measurement.

    Ours end with the second after it (`spec/usage.md`), which read as one past the close. How a
    vendor counts is not public, so its times stand as they are.
    """
    return max(measurement.start, measurement.end - 1) if is_ours else measurement.end


def _measurement_facts(measurement: Measurement, *, is_ours: bool) -> Iterator[tuple[str, str]]:
    last = _last_second(measurement, is_ours=is_ours)
    times = f"{date_text(measurement.start)} to {date_text(last)}"
    if measurement.relative:
        times = (
            f"second {measurement.start} to {last} after the start of a product "
            "instance whose clock was never set"
        )
    samples = counted(measurement.samples, "sample", "samples")
    yield "In use", f"{measurement.count} from {times} ({samples})"
    for label, udis in (("joined", measurement.added), ("left", measurement.removed)):
        if udis:
            names = "; ".join(str(udi) for udi in udis)
            yield "", f"{counted(len(udis), 'child device', 'child devices')} {label}: {names}"
    # Often the same twice: an end of the measurement that ends the report, too.
    reasons = dict.fromkeys((measurement.termination_reason, measurement.close_reason))
    named = ", ".join(reason for reason in reasons if reason)
    if named:
        yield "", f"ended because: {named}"
    if measurement.clock_change is not None:
        yield "", f"the clock was set by {measurement.clock_change:+d} s in that time"


def _order_facts(measurements: tuple[Measurement, ...]) -> Iterator[tuple[str, str]]:
    # Told, not refused: only a portal decides what counts, and a vendor's clock may have been set.
    wrong = sum(1 for item in measurements if item.end < item.start or item.log_time < item.start)
    if wrong:
        text = f"times are out of order in {wrong} of {len(measurements)} measurements"
        yield "Note", f"{text}, as after a change of the clock; they are read as they are"


def _meta_facts(meta: GaugerMeta | None) -> Iterator[tuple[str, str]]:
    if meta is None:
        return
    yield "Closed at", date_text(meta.closed_at)
    yield "Account", "none installed yet" if meta.account is None else str(meta.account)
    yield (
        "Previous",
        "first of its licence in this store" if meta.previous is None else meta.previous,
    )
    yield "Store", f"incarnation {meta.incarnation}, boot {meta.boot}"
    policy = "the default" if meta.policy_order is None else f"version {meta.policy_order}"
    yield "Held", f"root set {meta.root_number}, policy {policy}"
    if meta.test_clock:
        yield "Note", "made under a test clock: only test systems take it"


def _judge(report: RumReport, yardstick: Yardstick) -> tuple[Seal, str, tuple[str, ...]]:
    """Tell how the signature stands, why, and what follows."""
    signature = report.signature
    # A vendor's algorithm is not published: neither good nor bad can be said of it.
    if not report.is_ours:
        detail = f"kind {signature.signing_type!r}, whose algorithm is not public"
        return Seal.UNVERIFIABLE, detail, (_VENDOR_STEP,)
    try:
        signer = verify_report(report, yardstick.trust, yardstick.now)
    except Problem as problem:
        return _judge_apart(report, problem, has_trust=bool(yardstick.trust.manufacturers))
    key = "the SUDI key" if signer.kind is SigningType.SUDI else "the key of its trust code"
    return Seal.HOLDS, f"made by {key} of {signature.udi}", ()


def _judge_apart(
    report: RumReport, problem: Problem, *, has_trust: bool
) -> tuple[Seal, str, tuple[str, ...]]:
    """Where trust is missing here, tell at least whether the bytes are unaltered."""
    detail = f"{problem.detail} ({problem.code})"
    # Whom it is from is settled then, and something is wrong with it.
    if problem.code != "unknown-key":
        return Seal.FAILS, detail, (problem.kind.next_step,)
    try:
        # Over the bytes as they came: written anew, the same fields may be other bytes.
        message = report_preimage(report.signed)
        keyring.verify(_claimed_key(report), message, report.signature.value)
    except Problem as other:
        return Seal.FAILS, f"{other.detail} ({other.code})", (other.kind.next_step,)
    if has_trust:
        return Seal.UNTRUSTED, detail, (problem.kind.next_step,)
    how = "name its manufacturer with --manufacturer, and the root set with --root-set, to check"
    return Seal.UNALTERED, how, ()


def _claimed_key(report: RumReport) -> bytes:
    """Return the public key that the report itself names, trusted or not."""
    signature = report.signature
    if signature.signing_type == SigningType.TRUST and signature.trust_code is not None:
        return TrustCode.from_document(read_document(signature.trust_code)).public_key
    return keyring.load_certificate(signature.chain[0]).public_key


@dataclass(slots=True)
class UsageSummary:
    """Sums up reports as they pass, in memory that does not grow with their number.

    Attributes:
        reports: How many there were.
        unreadable: How many of them could not be read.
        devices: Reports by product instance, of the first thousand.
        licences: Highest count by licence, of the first thousand.
        first: Earliest start, epoch seconds, or None.
        last: Latest second, epoch seconds, or None.
        seals: Reports by how their signature stands.
    """

    reports: int = 0
    unreadable: int = 0
    devices: dict[Udi, int] = field(default_factory=dict)
    licences: dict[str, int] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None
    seals: dict[Seal, int] = field(default_factory=dict)

    def add(self, report: RumReport, seal: Seal | None) -> None:
        """Count one report that could be read."""
        self.reports += 1
        if seal is not None:
            self.seals[seal] = self.seals.get(seal, 0) + 1
        payload = report.payload
        _count(self.devices, payload.udi, self.devices.get(payload.udi, 0) + 1)
        tag = payload.entitlement_tag
        for item in payload.measurements:
            _count(self.licences, tag, max(self.licences.get(tag, 0), item.count))
            if not item.relative:
                # Second 0 is a time like any other: a clock that was never set begins there.
                self.first = item.start if self.first is None else min(item.start, self.first)
                last = _last_second(item, is_ours=payload.meta is not None)
                self.last = last if self.last is None else max(last, self.last)

    def facts(self) -> Iterator[tuple[str, str]]:
        """Return the sum in words."""
        yield "Reports", str(self.reports)
        if self.unreadable:
            yield "Unreadable", str(self.unreadable)
        for udi, count in self.devices.items():
            yield "Whose", f"{udi_text(udi)}: {counted(count, 'report', 'reports')}"
        for tag, count in self.licences.items():
            yield "Licence", f"{licence_name(tag)}: up to {count} in use"
        if self.first is not None and self.last is not None:
            yield "When", f"{date_text(self.first)} to {date_text(self.last)}"
        for seal, count in self.seals.items():
            yield "Signatures", f"{count} {seal.value}"


def _count(table: dict[_Key, int], key: _Key, value: int) -> None:
    if key in table or len(table) < 1000:
        table[key] = value
