"""What one SSH client, and all of them together, may take of a product instance."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of the surface.

    Attributes:
        sessions: Shells and single commands at once.
        sessions_each: Those of one connection.
        strangers: Connections that have not logged in yet.
        attempts: Passwords that one connection may get wrong.
        offers: Public keys that one connection may offer, and names it may try.
        grace: Seconds to log in, and to open a session afterwards.
        patience: Seconds that a client may leave output unread.
        input_bytes: Input that waits for a shell that is busy.
        output_bytes: Output that waits for a client that is slow.
        keepalive: Seconds of silence until a client is asked whether it is still there.
        hasty: Seconds that each recent wrong password of an address adds to its next attempt.
        slowest: Seconds of that wait at most.
        tick: Seconds between two looks at who has been idle.
        users_tick: Seconds until a user who was removed is out.
    """

    sessions: int = 40
    sessions_each: int = 10
    strangers: int = 40
    attempts: int = 3
    offers: int = 20
    grace: float = 30.0
    patience: float = 60.0
    input_bytes: int = 16 * 1024
    output_bytes: int = 256 * 1024
    keepalive: float = 30.0
    hasty: float = 0.25
    slowest: float = 5.0
    tick: float = 1.0
    users_tick: float = 5.0


DEFAULTS: Final = Limits()
