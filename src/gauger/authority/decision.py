"""A decided command: what it adds to the page, and what is answered once that is signed."""

from collections.abc import Callable
from dataclasses import dataclass

from gauger.authority.answers import Resolve
from gauger.authority.books import Draft
from gauger.core.authority.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about one command.

    Attributes:
        draft: Rows and documents; empty where nothing changes.
        finish: Makes the outcome when the documents are signed.
    """

    draft: Draft
    finish: Callable[[Resolve], Outcome]


def plain(draft: Draft, outcome: Outcome) -> Decision:
    """Return a decision whose outcome holds no documents."""
    return Decision(draft=draft, finish=lambda _: outcome)
