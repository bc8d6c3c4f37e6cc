"""Messages and documents read as plain JSON: nothing here uses what the system reads them by."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gauger.core.documents.smart_license import ItemKind, read_items
from gauger.core.identity import Udi
from gauger.simulator.claims import Claim


@dataclass(frozen=True, slots=True)
class Told:
    """What a report says, read without the system's help.

    Attributes:
        held: What the device held when it closed it: root set, policy, and head of the ledger.
        closed_at: When it was closed, by the device's clock.
        code: Id of the authorization code that it says is installed; empty where none is.
    """

    udi: str
    tag: str
    incarnation: str
    report_id: int
    claims: tuple[Claim, ...]
    held: tuple[tuple[int, ...], ...]
    closed_at: int = 0
    code: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """What an authorization request or return says, read without the system's help.

    Attributes:
        held: Id of the code that it says is installed, or was removed; empty where there is none.
        mark: Up to which epoch every code is dead where it is a return; else -1.
        made_at: When it was made, by the device's clock.
    """

    digest: str
    udi: str
    held: str
    mark: int
    made_at: int


@dataclass(frozen=True, slots=True)
class Code:
    """What an authorization code says, read without the system's help.

    Attributes:
        asked: Digest of the request that it answers; empty where a person issued it.
        counts: How many may be used, by entitlement tag.
        shown: What a device shows that has it installed.
    """

    udi: str
    account: str
    code: str
    epoch: int
    asked: str
    counts: Mapping[str, int]
    shown: str


@dataclass(slots=True)
class Answer:
    """What an answer file brings.

    Attributes:
        reports: Digest and device of each report that it acknowledges.
        papers: Digest of each authorization request or return that it acknowledges.
        refused: Digest of each authorization request that it rejects.
        codes: The authorization codes in it.
    """

    reports: list[tuple[str, str]] = field(default_factory=list)
    papers: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    codes: list[Code] = field(default_factory=list)


@dataclass(slots=True)
class Asked:
    """What a request, or a file that a device saved, holds.

    Attributes:
        reports: Its reports as JSON.
        papers: The authorization requests and returns in it.
    """

    reports: list[dict[str, Any]] = field(default_factory=list)
    papers: list[Paper] = field(default_factory=list)


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
        closed_at=ours["closed_at"],
        code=(ours.get("authorization") or {}).get("code", ""),
    )


def _head(held: dict[str, Any] | None) -> tuple[int, ...]:
    """Return number of the epoch and of the page of a head that a device holds."""
    if held is None:
        return (0, 0)
    head = json.loads(held["head"])
    return (head["epoch"]["number"], head["page"])


def read_request(request: bytes) -> Asked:
    """Return what a smart transport request holds."""
    data = json.loads(request).get("data", {})
    return Asked(
        reports=[item for report in data.get("reports", ()) for item in report["usage"]],
        papers=[_paper(text) for text in data.get("authorization_requests", ())],
    )


def read_saved(content: bytes) -> Asked:
    """Return what a file that a device saved holds."""
    asked = Asked()
    for item in read_items([content]):
        if item.kind is ItemKind.RUM_REPORT:
            asked.reports.append(json.loads(item.text))
        elif item.kind is ItemKind.AUTH_REQUEST:
            asked.papers.append(_paper(item.text))
    return asked


def _paper(text: str) -> Paper:
    parsed = json.loads(text)
    # A file holds the published list, the wire the document alone.
    text = parsed[0]["document"] if isinstance(parsed, list) else text
    body, own = _body(text)
    named = own["removed"] if own["type"] == "authorization-return" else own["held"]
    return Paper(
        digest=body,
        udi=_name(own["udi"]),
        held=named["code"] if named else "",
        mark=own["mark"] if own["type"] == "authorization-return" else -1,
        made_at=own["made_at"],
    )


def _body(document: str) -> tuple[str, dict[str, Any]]:
    """Return digest and content of a signed document."""
    body = json.loads(document)["body"]
    return hashlib.sha256(body.encode()).hexdigest(), json.loads(body)


def _name(udi: dict[str, str]) -> str:
    return str(Udi(udi["udi_pid"], udi["udi_serial_number"]))


def answers_of(response: bytes) -> list[bytes]:
    """Return the answer files in a smart transport response."""
    data = json.loads(response).get("data") or {}
    found = data.get("acknowledgements", ())
    return [base64.b64decode(one["smart_license"]) for one in found]


def read_answer(answer: bytes) -> Answer:
    """Return what an answer file acknowledges and brings."""
    brought = Answer()
    for item in read_items([answer]):
        if item.kind is ItemKind.RUM_ACK:
            _take(_body(item.text)[1], brought)
        elif item.kind is ItemKind.AUTH_CODE:
            brought.codes.append(_code(item.text))
    return brought


def _take(body: dict[str, Any], brought: Answer) -> None:
    """Note what an acknowledgement or a verdict says."""
    if body["type"] != "ack":
        if body["verdict"] == "rejected":
            brought.refused.append(body["answers"])
    elif body["answers_type"] == "rum-report":
        brought.reports.append((body["answers"], _name(body["udi"])))
    elif body["answers_type"].startswith("authorization-"):
        brought.papers.append(body["answers"])


def _code(document: str) -> Code:
    known, body = _body(document)
    account = body["account"]
    return Code(
        udi=_name(body["udi"]),
        account="/".join(account.values()) if isinstance(account, dict) else str(account),
        code=body["code"],
        epoch=body["epoch"],
        asked=body["answers"] or "",
        counts={one["tag"]: one["count"] for one in body["licences"]},
        shown=known[:8],
    )
