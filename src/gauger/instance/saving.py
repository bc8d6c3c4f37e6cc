"""Write what people carry: usage files and trust-request files."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Final

from gauger.core.documents.smart_license import Item, ItemKind, write_file
from gauger.core.instance import sending
from gauger.core.instance.report_life import ReportInput, ReportState, step
from gauger.core.instance.sending import Held
from gauger.core.problems import Problem
from gauger.core.strict_json import encode
from gauger.instance import events, unreadable
from gauger.instance.memory import Draft, Memory, as_held, read_detail, report_row
from gauger.instance.ports import StoredReport
from gauger.instance.reporting import find_report
from gauger.instance.surroundings import Surroundings, told_name
from gauger.instance.views import Selection, SelectionKind

_UNREPORTED: Final = (
    ReportState.CLOSED.value,
    ReportState.PENDING.value,
    ReportState.UNACKNOWLEDGED.value,
)
_WITH_BYTES: Final = (*_UNREPORTED, ReportState.ACKNOWLEDGED.value)
_PAGE: Final = 500
_READ_AT_ONCE: Final = 16
"""Reports that are held while a file is written: 4 MB where each is as large as it may be."""

Portion = Callable[[], AbstractContextManager[None]]
"""Enters one bounded part of a long order, in which the store may be read."""


class Saving:
    """Chooses reports and writes them, a few at a time; measuring goes on between."""

    def __init__(self, around: Surroundings, memory: Memory, portion: Portion) -> None:
        """Take where reports are read, what files say of the product instance, and the lock."""
        self._around = around
        self._memory = memory
        self._store = memory.store
        self._portion = portion
        self._faults: dict[int, str] = {}

    def choose(self, wanted: set[int], selection: Selection) -> tuple[int, ...]:
        """Return the reports of a selection, oldest first.

        Args:
            wanted: Reports that the portal wants again.
            selection: Which reports.

        Raises:
            Problem: ``store-damaged`` where a single report is asked for and cannot be read.
        """
        self._faults.clear()
        return sending.saved(
            self._held(selection, wanted),
            sending.Selection(selection.kind.value),
            number=selection.number or 0,
            now=self._around.clock.wall(),
        )

    def write(
        self,
        path: Path,
        report_ids: Sequence[int],
        trust_request: str | None = None,
        *,
        authorization: str | None = None,
    ) -> tuple[int, ...]:
        """Write a file as a whole or not at all, and return which reports are in it.

        Args:
            path: The file.
            report_ids: The reports.
            trust_request: A trust request that goes along, or None.
            authorization: Text of a request for an authorization code, or of a return, or None.

        Raises:
            Problem: ``file-not-written``; ``store-failed`` or ``store-damaged``.
        """
        written: list[int] = []
        papers = (
            (ItemKind.TRUST_REQUEST, trust_request),
            (ItemKind.AUTH_REQUEST, authorization),
        )
        extra = [Item(kind=kind, text=text) for kind, text in papers if text is not None]
        write_whole(path, write_file(self._items(report_ids, extra, written)))
        return tuple(written)

    def mark(self, draft: Draft, report_ids: Iterable[int]) -> None:
        """Take that these reports were written to a file."""
        for report_id in report_ids:
            row = find_report(draft, self._store, report_id)
            if row is None:
                continue
            detail = read_detail(row)
            changed = step(detail.life, ReportInput.SAVED)
            if changed != detail.life:
                draft.put_report(report_row(row, replace(detail, life=changed)))

    def tell(self, draft: Draft) -> None:
        """Tell of what was selected and could not be read; what is read by itself is told too."""
        unreadable.note(draft, self._faults, self._around.clock.wall())

    def finish(self, draft: Draft, count: int) -> None:
        """Take that a file of so many reports is complete."""
        wall = self._around.clock.wall()
        course = replace(draft.singles.course, last_file_write=wall)
        draft.singles = replace(draft.singles, course=course)
        draft.log(events.reports_saved(wall, count))

    def _held(self, selection: Selection, wanted: set[int]) -> Iterator[Held]:
        for row in self._rows(selection, wanted):
            # One that rotted must not keep the others from being carried away: they may be all
            # that is left to save. Asked for by itself, it is refused by name.
            if row.fault is not None and selection.kind is not SelectionKind.REPORT:
                self._faults[row.report_id] = row.fault
            else:
                yield as_held(row, wanted)

    def _rows(self, selection: Selection, wanted: set[int]) -> Iterator[StoredReport]:
        """Read the rows that a selection can mean, page by page."""
        single = selection.kind is SelectionKind.REPORT
        with self._portion():
            named = [selection.number or 0] if single else sorted(wanted)
            # Read to the end here: a lazy one would read when the lock is given back already.
            rows = list(filter(None, map(self._store.report, named)))
        yield from rows
        if single:
            return
        states = _UNREPORTED if selection.kind is SelectionKind.UNREPORTED else _WITH_BYTES
        after = 0
        while rows := self._page(states, after):
            # Those that are wanted came first, whatever their state.
            yield from (row for row in rows if row.report_id not in wanted)
            after = rows[-1].report_id

    def _page(self, states: tuple[str, ...], after: int) -> list[StoredReport]:
        with self._portion():
            return self._store.reports(states, after=after, limit=_PAGE)

    def _items(
        self, report_ids: Sequence[int], extra: Iterable[Item], written: list[int]
    ) -> Iterator[Item]:
        for batch in batches(report_ids, _READ_AT_ONCE):
            with self._portion():
                found = [
                    (number, unreadable.item_of(self._store, number, "report", self._faults))
                    for number in batch
                ]
            for number, item in found:
                # One whose bytes went since it was chosen, past their retention, is left out.
                if item is not None:
                    written.append(number)
                    yield Item(kind=ItemKind.RUM_REPORT, text=item.decode())
        yield from extra
        yield Item(kind=ItemKind.SYSTEM_INFO, text=self._system_info())

    def _system_info(self) -> str:
        around = self._around
        device = {
            "sudi": around.udi.to_json(),
            "hostname": told_name(self._memory.singles.configuration, around),
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


def batches(report_ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Part reports into batches of so many at most."""
    return (report_ids[first : first + size] for first in range(0, len(report_ids), size))


def write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file beside its place, make it durable, and put it in place.

    Raises:
        Problem: ``file-not-written``.
    """
    if not path.name:
        raise Problem("file-not-written", f"{path} is the name of no file.")
    # In the same folder: a move between file systems would not be one step.
    new = path.with_name(f".{path.name}.new")
    try:
        with new.open("wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            # Or a power loss could leave an empty file, while the reports are marked as saved.
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        message = f"The file {path} cannot be written: {error.strerror}."
        raise Problem("file-not-written", message) from error
    finally:
        # Also where a report could not be read; once it is in its place there is none of this name.
        with contextlib.suppress(OSError):
            new.unlink()
