"""Every refusal of the system: what happened, who is at fault, whether to retry, what to do."""

from collections.abc import Mapping
from types import MappingProxyType

from gauger.core.problems import _input, _operation, _trust
from gauger.core.problems._kind import Fault, ProblemKind, Retry

__all__ = ["TABLE", "Fault", "Problem", "ProblemKind", "Retry"]

TABLE: Mapping[str, ProblemKind] = MappingProxyType(
    {kind.code: kind for kind in (*_input.ROWS, *_trust.ROWS, *_operation.ROWS)}
)
"""Every problem by its code."""


class Problem(Exception):  # noqa: N818 -- the name of the thing in every protocol, as RFC 9457 has it
    """A refusal with a name.

    Attributes:
        kind: The row of the problem table.
        detail: What was refused and why, in this case.
        diagnostics: Further facts, never a secret.
    """

    def __init__(self, code: str, detail: str, **diagnostics: str | int | None) -> None:
        """Name a refusal.

        Args:
            code: A code of the table.
            detail: One or two sentences: what was refused, and why.
            **diagnostics: Facts for the log and the reader, never a secret.

        Raises:
            KeyError: Where the table has no such code.
        """
        # A code without a row is our own mistake: it fails in the test, not before an operator.
        self.kind = TABLE[code]
        self.detail = detail
        # As texts, as they cross wires: a number beyond 2^53 would come back as another.
        self.diagnostics = {k: str(v) for k, v in diagnostics.items() if v is not None}
        super().__init__(detail)

    @property
    def code(self) -> str:
        """The stable name of the problem."""
        return self.kind.code

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.code, self.detail, self.diagnostics))

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"

    def to_json(self) -> dict[str, object]:
        """Return the form in which a problem crosses a wire."""
        return {
            "code": self.kind.code,
            "title": self.kind.title,
            "detail": self.detail,
            "fault": self.kind.fault.value,
            "retry": self.kind.retry.value,
            "next_step": self.kind.next_step,
            "diagnostics": self.diagnostics,
        }


def _rebuild(code: str, detail: str, diagnostics: dict[str, str]) -> Problem:
    return Problem(code, detail, **diagnostics)
