"""What most use cases need at once."""

from dataclasses import dataclass

from gauger.authority.readers import Readers
from gauger.core.ports import Clock, Entropy
from gauger.cssm.audit import Audit
from gauger.cssm.ports import AuthorityPort
from gauger.cssm.throttle import Throttle


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """The parts that the portal's use cases share.

    Attributes:
        clock: Wall and monotonic time.
        entropy: Randomness of secrets and ids.
        authority: Decides, keeps and signs.
        readers: Read connections to the ledger.
        audit: The event log.
        throttle: Limits guesses by address.
    """

    clock: Clock
    entropy: Entropy
    authority: AuthorityPort
    readers: Readers
    audit: Audit
    throttle: Throttle
