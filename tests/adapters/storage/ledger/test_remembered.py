"""What the writer remembers of its own rows: bounded, forgotten with them, never another truth."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gauger.adapters.storage.ledger import lives, project_devices, usage
from gauger.core.authority import rows
from gauger.core.identity import Udi
from tests.adapters.storage.ledger.book import OTHER_UDI, OWNED, Book, a_report, named
from tests.support.builders import ACCOUNT, NOW, UDI

STORES = ("11" * 16, "33" * 16)
CODES = [
    rows.TrustCodeIssued(
        at=NOW, udi=udi, generation=1, key=named("k"), incarnation=STORES[0], document=named("c")
    )
    for udi in (UDI, OTHER_UDI)
]
Told = tuple[Udi, str, int, int | None, int | None, bool]
TABLES = ("lives", "timelines", "segments", "trust_codes", "instance_usage", "account_usage")

told = st.tuples(
    st.sampled_from((UDI, OTHER_UDI)),
    st.sampled_from(STORES),
    st.integers(0, 20),
    st.sampled_from((None, 1)),
    st.sampled_from((None, 3, 5)),
    st.booleans(),
)


class Undone(Exception):  # noqa: N818 -- no error: it ends a transaction that leaves nothing
    """Roll the transaction back."""


def written(book: Book, story: list[Told]) -> list[object]:
    """Write a story, some of it rolled back; return what the projections hold."""
    book.put(OWNED, replace(OWNED, udi=OTHER_UDI), *CODES)
    for number, (udi, store, start, generation, head, kept) in enumerate(story):
        report = a_report(f"report {number}", ((NOW + start, NOW + start + 5, number % 3),))
        row = replace(report, udi=udi, incarnation=store, generation=generation, head_page=head)
        with suppress(Undone), book.ledger.transaction():
            book.write(replace(row, account=ACCOUNT))
            if not kept:
                raise Undone
    return [book.ask(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES]  # noqa: S608 -- constants only


@given(story=st.lists(told, max_size=10))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_with_no_room_to_remember_the_same_is_written(
    tmp_path_factory: pytest.TempPathFactory, story: list[Told]
) -> None:
    folder = tmp_path_factory.mktemp("books")
    found = []
    for room in (20_000, 1):
        with pytest.MonkeyPatch.context() as patch:
            for module in (lives, project_devices, usage):
                patch.setattr(module, "REMEMBERED", room)
            book = Book(folder / f"{room}.db")
            found.append(written(book, story))
            book.ledger.close()
    assert found[0] == found[1]


def test_a_code_issued_after_it_was_used_has_its_first_use_noted(book: Book) -> None:
    report = replace(a_report("one"), generation=1)
    book.put(OWNED, report, CODES[0], replace(report, digest=named("two"), closed_at=NOW + 9))

    assert book.ask("SELECT first_used FROM trust_codes") == [(NOW + 9,)]
