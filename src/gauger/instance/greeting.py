"""Say hello where there is nothing to report, and learn of the ledger's newest head."""

from dataclasses import replace
from typing import Final

from gauger.instance.holdings import HEAD
from gauger.instance.memory import Draft

HELLO: Final = "hello"
"""Kind of the exchange that only asks for the newest head."""


def is_worth_it(draft: Draft) -> bool:
    """Tell whether the portal may have lost anything: who holds no head was told nothing yet."""
    return HEAD in draft.documents


def ask(draft: Draft, *, is_due: bool) -> None:
    """Put a hello in line, or take it out."""
    course = draft.singles.course
    # An unchanged record is not written again.
    if course.greets != is_due:
        draft.singles = replace(draft.singles, course=replace(course, greets=is_due))
