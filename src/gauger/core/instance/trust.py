"""Trust of the product instance: which key signs, when a trust code is asked for (spec/trust-code.md)."""

from dataclasses import dataclass, replace

from gauger.core.documents.rum_report import SigningType
from gauger.core.documents.trust_code import TrustCode, TrustOrigin
from gauger.core.identity import Digest
from gauger.core.problems import Problem
from gauger.core.releases import Feature, Release, Topology, has


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A trust request that waits for its answer; it goes out unchanged until it is answered.

    Attributes:
        digest: SHA-256 of the request's body.
        key_id: SHA-256 of the new public key.
        by_token: Whether it presents an ID token.
    """

    digest: Digest
    key_id: Digest
    by_token: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustState:
    """What the product instance has of trust.

    Attributes:
        installed: The trust code in use, or None.
        counter: Trust requests made by this incarnation.
        asked: The request that waits for its answer, or None.
    """

    installed: TrustCode | None = None
    counter: int = 0
    asked: Asked | None = None

    @property
    def is_factory(self) -> bool:
        """Whether the trust code in use was installed at the factory."""
        return self.installed is not None and self.installed.origin is TrustOrigin.FACTORY

    @property
    def is_established(self) -> bool:
        """Whether a trust code of the portal is in use, good for direct communication."""
        return self.installed is not None and not self.is_factory


def signing_type(trust: TrustState) -> SigningType:
    """Return which key signs reports: the SUDI's until a trust code exists, then the code's."""
    # Not the SUDI for good: the key of a trust code can be replaced after a leak, the SUDI's not.
    return SigningType.SUDI if trust.installed is None else SigningType.TRUST


def is_request_due(trust: TrustState, release: Release, topology: Topology) -> bool:
    """Return whether the next report takes a trust request along.

    It does where no trust code is in use or only the factory's, and release and topology know
    such requests. A request that waits for its answer goes along again, unchanged.

    Args:
        trust: The state.
        release: Software release of the product instance.
        topology: How it reports.
    """
    # The factory's code is good for files only, so a device that has one asks as well.
    return not trust.is_established and has(Feature.TRUST_REQUEST_IN_REPORT, release, topology)


def next_counter(trust: TrustState) -> int:
    """Return the counter of a new trust request; the portal takes none that does not rise."""
    # A replayed request, or one of a store that was put back, is below what the portal took last.
    return trust.counter + 1


def asked(trust: TrustState, request: Asked) -> TrustState:
    """Take that a new trust request was made; it replaces one that waits."""
    return replace(trust, counter=next_counter(trust), asked=request)


def withdrawn(trust: TrustState, request: Digest) -> TrustState:
    """Take that a request was answered, or refused for good: the next one is a new one."""
    # A late answer to an earlier request must not end the waiting for the present one.
    if trust.asked is None or trust.asked.digest != request:
        return trust
    return replace(trust, asked=None)


def require_token_trust(trust: TrustState, *, force: bool) -> None:
    """Check that the operator may establish trust by an ID token.

    Args:
        trust: The state.
        force: Whether the operator wants to replace a trust code.

    Raises:
        Problem: ``already-installed`` where one of the portal's is in use; the factory's is
            overwritten without being asked.
    """
    # To replace a key that works is seldom what was meant.
    if trust.is_established and not force:
        raise Problem("already-installed", "A trust code of the portal is in use already.")


def require_direct(trust: TrustState) -> None:
    """Check that the trust is good for direct communication with the portal.

    Raises:
        Problem: ``factory-trust-not-allowed`` or ``trust-missing``.
    """
    # Its key was made outside the device; the portal wants one that never left it.
    if trust.is_factory:
        message = "The trust code in use was installed at the factory; it is good for files only."
        raise Problem("factory-trust-not-allowed", message)
    if trust.installed is None:
        raise Problem("trust-missing", "No trust code is in use.")
