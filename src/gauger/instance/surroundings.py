"""What a product instance is, and what it was given to work with."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Self

from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import Udi
from gauger.core.ports import Entropy, PasswordHashes, Signer
from gauger.core.profiles import Profile
from gauger.core.releases import Topology
from gauger.core.usage.timeline import Reading
from gauger.instance.config import Configuration, TransportKind
from gauger.instance.messages import Messages
from gauger.instance.ports import PausingClock, Transport, TrustFiles, TrustKeys
from gauger.instance.records import Told

BUILD_DATE: Final = 1_795_219_200
"""2026-11-21: a wall clock before it was never set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Identity and adapters; all of it stays the same while the process runs.

    Attributes:
        udi: Who it is.
        profile: Which product.
        sudi: Its SUDI key; None where the key is lost: it then measures and cannot sign.
        pinned: What trust begins with: no root set, and whether a test clock is believed. The
            store says which root set is held.
        trust: The folder that shows the root set held, and that the first one came by.
        clock: Time.
        entropy: Randomness.
        transport: The pipe to the portal.
        keys: Where its licensing keys live.
        passwords: Slow hashes of its users' passwords.
        messages: Where system messages are told.
        hostname: Its host name, or None where that is withheld.
        keeps_counts: Whether counts that were set outlive the process (see `set_count`).
        build_date: A wall clock before it was never set.
        milliseconds: The same wall clock in milliseconds, for messages alone: all that is
            measured and signed is of whole seconds. None where it tells no parts of a second.
    """

    udi: Udi
    profile: Profile
    sudi: Signer | None
    pinned: TrustStore
    trust: TrustFiles
    clock: PausingClock
    entropy: Entropy
    transport: Transport
    keys: TrustKeys
    passwords: PasswordHashes
    messages: Messages = field(default_factory=Messages)
    hostname: str | None = None
    keeps_counts: bool = False
    build_date: int = BUILD_DATE
    milliseconds: Callable[[], int] | None = None

    def reading(self) -> Reading:
        """Read both clocks together."""
        return Reading(monotonic=self.clock.monotonic(), wall=self.clock.wall())

    def moment(self) -> int:
        """Return the wall clock in milliseconds, as far as it tells them."""
        return self.clock.wall() * 1000 if self.milliseconds is None else self.milliseconds()

    def without_signature(self) -> Self:
        """Return them without the SUDI key: what cannot be remembered is not signed."""
        return replace(self, sudi=None)

    def own_clock(self) -> int | None:
        """Return the wall clock, or None where it was never set."""
        wall = self.clock.wall()
        # By a clock that was never set, every document would be from the future.
        return wall if wall >= self.build_date else None

    def nonce(self) -> str:
        """Return 16 random bytes as hexadecimal text.

        Raises:
            Problem: ``entropy-failed``.
        """
        return self.entropy.random_bytes(16).hex()


def shown_name(configuration: Configuration, around: Surroundings) -> str:
    """Return the name that prompts show: the one configured, else the machine's as far as it goes."""
    if configuration.hostname is not None:
        return configuration.hostname
    # The first label, without what would end a script's prompt or move the cursor.
    label = (around.hostname or "").partition(".")[0]
    name = "".join(
        letter for letter in label if (letter.isascii() and letter.isalnum()) or letter in "-_"
    )
    return name.strip("-_")[:63] or "Device"


def told_name(configuration: Configuration, around: Surroundings) -> str | None:
    """Return the host name that leaves with messages and files; None where it is withheld."""
    if configuration.privacy_hostname:
        return None
    return configuration.hostname or around.hostname


def labels(configuration: Configuration) -> tuple[tuple[str, str], ...]:
    """Return what the operator says of the product instance, by name, as reports carry it."""
    said = dict(configuration.customer_tags)
    if configuration.custom_id is not None:
        said["custom_id"] = configuration.custom_id
    if configuration.utility_enabled:
        # Who is billed is no business of a portal that bills nobody by use.
        said |= {f"customer_{part}": value for part, value in configuration.customer_info}
    return tuple(sorted(said.items()))


def told_by(configuration: Configuration) -> Told:
    """Return what a configuration has reports say of the product instance."""
    return Told(
        withholds_version=configuration.privacy_version,
        is_billed_by_use=configuration.utility_enabled,
        labels=labels(configuration),
    )


def topology(configuration: Configuration) -> Topology:
    """Return how the product instance reports, as far as it can tell itself."""
    return _TOPOLOGIES[configuration.transport]


_TOPOLOGIES: Final = {
    TransportKind.SMART: Topology.DIRECT,
    TransportKind.CALLHOME: Topology.DIRECT,
    TransportKind.CSLU: Topology.CSLU_PUSH,
    TransportKind.AUTOMATIC: Topology.CSLU_PUSH,
    TransportKind.OFF: Topology.OFFLINE,
}
