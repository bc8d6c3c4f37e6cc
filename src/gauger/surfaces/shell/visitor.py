"""Who sits at a shell."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who sits at a shell.

    Attributes:
        name: The user's name; None at the local console, which only who runs the agent reaches.
        privilege: What the visitor may do: 1 to look, 15 for everything.
        origin: Where the visitor comes from, for logs.
    """

    name: str | None
    privilege: int
    origin: str
