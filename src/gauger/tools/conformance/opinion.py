"""What a portal says of one document."""

from dataclasses import dataclass
from typing import Final

from gauger.core.authority.outcomes import Verdict
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue
from gauger.tools.conformance.desk import Says

_GOOD: Final = frozenset({Verdict.ACCEPTED, Verdict.SAME})


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a portal says of one document.

    Attributes:
        verdict: Its verdict.
        code: The problem code where it does not accept it.
        detail: The reason.
        says: What the document says.
    """

    verdict: str
    code: str | None
    detail: str
    says: Says

    @property
    def accepted(self) -> bool:
        """Whether it counts."""
        return self.code is None

    def to_json(self) -> dict[str, JsonValue]:
        """Return one item of a file's verdict."""
        return {
            "accepted": self.accepted,
            "verdict": self.verdict,
            "code": self.code,
            "detail": self.detail,
            **self.says,
        }


def refused(problem: Problem) -> Opinion:
    """Return the opinion on what is refused before it is judged."""
    return Opinion(verdict="refused", code=problem.code, detail=problem.detail, says={})


def opinion(verdict: Verdict, code: str | None, detail: str, says: Says) -> Opinion:
    """Return the opinion that a judgement comes to."""
    named = None if verdict in _GOOD else code
    return Opinion(verdict=verdict.value, code=named, detail=detail, says=says)
