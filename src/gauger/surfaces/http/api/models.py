"""What the API takes and gives: strict models, an unknown field is refused."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from gauger.core.identity import AccountRef, Udi

T = TypeVar("T")

Name = Annotated[str, Field(min_length=1, max_length=128)]
Words = Annotated[str, Field(max_length=256)]


class Taken(BaseModel):
    """What a caller sends: exact types, no other fields."""

    # Strict: `1` is no `true` and `"5"` is no number, as in the documents.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Given(BaseModel):
    """What a caller gets; read from the attributes of a row."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class AccountName(Given):
    """A Virtual Account by name."""

    smart_account: str
    virtual_account: str


class UdiGiven(Given):
    """A product instance by its published names."""

    udi_pid: str = Field(validation_alias="pid")
    udi_serial_number: str = Field(validation_alias="serial")


class UdiTaken(Taken):
    """A product instance by its published names."""

    udi_pid: Annotated[str, Field(max_length=64)]
    udi_serial_number: Annotated[str, Field(max_length=64)]

    def udi(self) -> Udi:
        """Return the value."""
        return Udi(self.udi_pid, self.udi_serial_number)


class AccountTaken(Taken):
    """A Virtual Account by name."""

    smart_account: Name
    virtual_account: Name

    def ref(self) -> AccountRef:
        """Return the value."""
        return AccountRef(self.smart_account, self.virtual_account)


class Page(Given, Generic[T]):
    """A part of a list.

    Attributes:
        items: The rows.
        next: Value of ``after`` for the rows that follow; null after the last.
    """

    items: list[T]
    next: str | None


class ProblemGiven(Given):
    """A refusal (RFC 9457): what was refused, why, and what to do."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    fault: str
    retry: str
    next_step: str
    diagnostics: dict[str, str]


_Limit = Annotated[int, Query(ge=1, le=500, description="Rows in one answer, at most.")]
_After = Annotated[str, Query(max_length=256, description="`next` of the answer before.")]
# Below 2^53: what a JavaScript client reads must be what it sends back.
_AfterNumber = Annotated[int, Query(ge=0, lt=2**53, description="`next` of the answer before.")]


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list that is ordered by a text."""

    after: _After = ""
    limit: _Limit = 100


@dataclass(frozen=True, slots=True)
class NumberPaging:
    """Which part of a list that is ordered by a number."""

    after: _AfterNumber = 0
    limit: _Limit = 100


PagingDep = Annotated[Paging, Depends()]
NumberPagingDep = Annotated[NumberPaging, Depends()]

Row = TypeVar("Row")
Model = TypeVar("Model", bound=Given)


def page(
    rows: Sequence[Row], model: type[Model], limit: int, key: Callable[[Row], object]
) -> Page[Model]:
    """Return rows as a page; a full one may be followed by another.

    Args:
        rows: What the reader returned.
        model: The form of an item.
        limit: How many were asked for.
        key: The key of a row, which the next page starts after.
    """
    # A full last page is followed by an empty one; to count first would read all of it.
    last = str(key(rows[-1])) if len(rows) == limit else None
    return Page[Model](items=[model.model_validate(row) for row in rows], next=last)


def models(rows: Iterable[object], model: type[Model]) -> list[Model]:
    """Return rows in the form of a model."""
    return [model.model_validate(row) for row in rows]
