"""A store with accounts for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.storage.ledger.book import Book


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path / "ledger.db")
    yield made
    made.ledger.close()
