"""What one row of the problem table says."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Where the cause of a problem lies."""

    SENDER = "sender"
    RECEIVER = "receiver"
    OPERATOR = "operator"
    NETWORK = "network"


class Retry(StrEnum):
    """Whether the same request may succeed another time."""

    NEVER = "never"
    LATER = "later"
    AFTER_FIX = "after-fix"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One row of the problem table.

    Attributes:
        code: Stable name, the same in every protocol.
        title: One sentence that says what is wrong.
        fault: Where the cause lies.
        retry: Whether to try again.
        next_step: What the person who reads it does next.
    """

    code: str
    title: str
    fault: Fault
    retry: Retry
    next_step: str
