"""Write what people carry: usage files and trust-request files."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from gauger.core.documents.smart_license import Item, ItemKind, write_file
from gauger.core.instance import sending
from gauger.core.instance.report_life import ReportInput, ReportState, step
from gauger.core.problems import Problem
from gauger.core.strict_json import encode
from gauger.instance import events
from gauger.instance.memory import Draft, as_held, read_detail, report_row
from gauger.instance.ports import Store, StoredReport
from gauger.instance.surroundings import Surroundings
from gauger.instance.views import Selection, SelectionKind

_UNREPORTED: Final = (
    ReportState.CLOSED.value,
    ReportState.PENDING.value,
    ReportState.UNACKNOWLEDGED.value,
)
_WITH_BYTES: Final = (*_UNREPORTED, ReportState.ACKNOWLEDGED.value)
_PAGE: Final = 500


class Saving:
    """Chooses reports and writes them, one at a time."""

    def __init__(self, around: Surroundings, store: Store) -> None:
        """Take where reports are read and what the files say of the product instance."""
        self._around = around
        self._store = store

    def choose(self, draft: Draft, selection: Selection) -> tuple[int, ...]:
        """Return the reports of a selection, oldest first."""
        wanted = set(draft.singles.course.wanted)
        return sending.saved(
            (as_held(row, wanted) for row in self._rows(selection, wanted)),
            sending.Selection(selection.kind.value),
            number=selection.number or 0,
            now=self._around.clock.wall(),
        )

    def write(self, path: Path, report_ids: Iterable[int], trust_request: str | None) -> None:
        """Write a file as a whole or not at all.

        Raises:
            Problem: ``file-not-written``.
        """
        write_whole(path, write_file(self._items(report_ids, trust_request)))

    def saved(self, draft: Draft, report_ids: Iterable[int]) -> None:
        """Take that reports were written to a file."""
        count = 0
        for report_id in report_ids:
            row = self._store.report(report_id)
            if row is None:
                continue
            count += 1
            detail = read_detail(row)
            changed = step(detail.life, ReportInput.SAVED)
            if changed != detail.life:
                draft.put_report(report_row(row, replace(detail, life=changed)))
        wall = self._around.clock.wall()
        course = replace(draft.singles.course, last_file_write=wall)
        draft.singles = replace(draft.singles, course=course)
        draft.log(events.reports_saved(wall, count))

    def _rows(self, selection: Selection, wanted: set[int]) -> Iterator[StoredReport]:
        """Read the rows that a selection can mean, page by page."""
        single = selection.kind is SelectionKind.REPORT
        for report_id in [selection.number or 0] if single else sorted(wanted):
            row = self._store.report(report_id)
            if row is not None:
                yield row
        if single:
            return
        states = _UNREPORTED if selection.kind is SelectionKind.UNREPORTED else _WITH_BYTES
        after = 0
        while rows := self._store.reports(states, after=after, limit=_PAGE):
            yield from (row for row in rows if row.report_id not in wanted)
            after = rows[-1].report_id

    def _items(self, report_ids: Iterable[int], trust_request: str | None) -> Iterator[Item]:
        for report_id in report_ids:
            item = self._store.item(report_id, "report")
            if item is not None:
                yield Item(kind=ItemKind.RUM_REPORT, text=item.decode())
        if trust_request is not None:
            yield Item(kind=ItemKind.TRUST_REQUEST, text=trust_request)
        yield Item(kind=ItemKind.SYSTEM_INFO, text=self._system_info())

    def _system_info(self) -> str:
        around = self._around
        device = {
            "sudi": around.udi.to_json(),
            "hostname": around.hostname,
            "software_tag_identifier": around.profile.software_tag,
        }
        return encode(
            {
                **device,
                "timestamp": around.clock.wall() * 1000,
                "nonce": around.nonce(),
                "device_list": [device],
            }
        )


def write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file beside its place, make it durable, and put it in place.

    Raises:
        Problem: ``file-not-written``.
    """
    if not path.name:
        raise Problem("file-not-written", f"{path} is the name of no file.")
    new = path.with_name(f".{path.name}.new")
    try:
        with new.open("wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        message = f"The file {path} cannot be written: {error.strerror}."
        raise Problem("file-not-written", message) from error
