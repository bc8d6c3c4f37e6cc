"""The reports that an auditor has in hand, by digest: an answer is matched with what it answers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gauger.core.documents.envelope import read_document
from gauger.core.documents.rum_report import RumReport, read_report
from gauger.core.documents.smart_license import TO_PORTAL, Caps, Item, ItemKind, read_items
from gauger.core.identity import Digest
from gauger.core.problems import Problem
from gauger.tools.explain_report import UsageSummary, licence_name

_CHUNK: Final = 64 * 1024
_CAPS: Final = Caps(total=2 * 1024**3)


@dataclass(frozen=True, slots=True, kw_only=True)
class InHand:
    """A report or trust request in a usage file.

    Attributes:
        digest: What an answer to it names.
        text: What it says, and where it lies.
    """

    digest: Digest
    text: str


def read_chunks(path: Path) -> Iterator[bytes]:
    """Read a file piece by piece.

    Raises:
        Problem: ``file-not-found``.
    """
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise Problem("file-not-found", f"{path} cannot be read: {error.strerror}.") from error


def read_usage(paths: Iterable[Path]) -> Iterator[InHand]:
    """Read what usage files hold; their signatures are not judged, the portal has done that.

    Raises:
        Problem: Where a file, or a report in it, cannot be read.
    """
    for path in paths:
        for item in read_items(read_chunks(path), caps=_CAPS, wanted=TO_PORTAL):
            yield from _in_hand(path, item)


def _in_hand(path: Path, item: Item) -> Iterator[InHand]:
    if item.kind is ItemKind.RUM_REPORT:
        report = read_report(item.text)
        yield InHand(digest=report.digest, text=f"{_text(report)} ({path})")
    elif item.kind is ItemKind.TRUST_REQUEST:
        yield InHand(digest=read_document(item.text).digest, text=f"trust request ({path})")


def _text(report: RumReport) -> str:
    summary, payload = UsageSummary(), report.payload
    summary.add(report, None)
    facts = dict(summary.facts())
    when = f", {facts['When']}" if "When" in facts else ""
    most = max((item.count for item in payload.measurements), default=0)
    licence = licence_name(payload.entitlement_tag)
    return f"RUM report {payload.report_id} of {payload.udi}: {licence}, up to {most} in use{when}"
