"""Messages and documents read as plain JSON: nothing here uses what the system reads them by."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gauger.core.documents.smart_license import ItemKind, read_items
from gauger.core.identity import Udi
from gauger.simulator.claims import Claim


@dataclass(frozen=True, slots=True)
class Told:
    """What a report says, read without the system's help.

    Attributes:
        held: What the device held when it closed it: root set, policy, and head of the ledger.
    """

    udi: str
    tag: str
    incarnation: str
    report_id: int
    claims: tuple[Claim, ...]
    held: tuple[tuple[int, ...], ...]


def told_by(payload: dict[str, Any]) -> Told:
    """Read a report's payload."""
    asset, meta = payload["asset_identification"], payload["meta"]
    sudi, ours = asset["instance"]["sudi"], meta["gauger"]
    policy = ours["policy_version"] or {"root_epoch": 0, "ledger_epoch": 0, "version": 0}
    return Told(
        udi=str(Udi(sudi["udi_pid"], sudi["udi_serial_number"])),
        tag=meta["entitlement_tag"],
        incarnation=ours["incarnation"],
        report_id=asset["report_id"],
        claims=tuple(
            (
                f"{ours['incarnation']}:{ours['boot']}" if one["meta"].get("gauger") else "",
                one["start_time"],
                one["end_time"],
                int(one["value"]["value"]),
            )
            for one in payload["measurements"]
        ),
        held=((ours["root_number"],), tuple(policy.values()), _head(ours["head"])),
    )


def _head(held: dict[str, Any] | None) -> tuple[int, ...]:
    """Return number of the epoch and of the page of a head that a device holds."""
    if held is None:
        return (0, 0)
    head = json.loads(held["head"])
    return (head["epoch"]["number"], head["page"])


def items_of(request: bytes) -> list[dict[str, Any]]:
    """Return the reports in a smart transport request."""
    data = json.loads(request).get("data", {})
    return [item for report in data.get("reports", ()) for item in report["usage"]]


def items_of_file(content: bytes) -> list[dict[str, Any]]:
    """Return the reports in a usage file."""
    found = (item for item in read_items([content]) if item.kind is ItemKind.RUM_REPORT)
    return [json.loads(item.text) for item in found]


def answers_of(response: bytes) -> list[bytes]:
    """Return the answer files in a smart transport response."""
    data = json.loads(response).get("data") or {}
    found = data.get("acknowledgements", ())
    return [base64.b64decode(one["smart_license"]) for one in found]


def acknowledged_by(answer: bytes) -> Iterable[tuple[str, str]]:
    """Return digest and device of each report that an answer file acknowledges."""
    for item in read_items([answer]):
        if item.kind is ItemKind.RUM_ACK:
            body = json.loads(json.loads(item.text)["body"])
            if body["type"] == "ack" and body["answers_type"] == "rum-report":
                udi = Udi(body["udi"]["udi_pid"], body["udi"]["udi_serial_number"])
                yield body["answers"], str(udi)
