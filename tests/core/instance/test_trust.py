"""Which key signs, when a trust request goes along, and what direct communication needs."""

import pytest

from gauger.core.documents.rum_report import SigningType
from gauger.core.documents.trust_code import TrustCode, TrustOrigin
from gauger.core.documents.versions import Order
from gauger.core.identity import Digest, Udi
from gauger.core.instance.trust import (
    Asked,
    TrustState,
    asked,
    is_request_due,
    next_counter,
    require_direct,
    require_token_trust,
    signing_type,
    withdrawn,
)
from gauger.core.problems import Problem
from gauger.core.releases import Release, Topology

NEW, OLD = Release.parse("17.9.2"), Release.parse("17.6.5")
REQUEST = Asked(digest=Digest("d" * 64), key_id=Digest("a" * 64), by_token=False)


def code(origin: TrustOrigin) -> TrustCode:
    factory = origin is TrustOrigin.FACTORY
    return TrustCode(
        issued_at=1_750_000_000,
        issuer="00" * 16,
        udi=Udi("C9800-CL-K9", "GGR0001"),
        order=Order(1, 1, 1),
        public_key=b"key",
        generation=0 if factory else 1,
        origin=origin,
        incarnation=None if factory else "ab" * 16,
    )


NONE = TrustState()
FACTORY = TrustState(installed=code(TrustOrigin.FACTORY))
PORTAL = TrustState(installed=code(TrustOrigin.CSSM))


def test_the_sudi_signs_until_a_trust_code_exists() -> None:
    assert signing_type(NONE) is SigningType.SUDI
    assert signing_type(FACTORY) is SigningType.TRUST
    assert signing_type(PORTAL) is SigningType.TRUST


@pytest.mark.requirement("PI-9/offline")
@pytest.mark.parametrize(
    ("trust", "release", "topology", "due"),
    [
        (NONE, NEW, Topology.OFFLINE, True),
        (FACTORY, NEW, Topology.OFFLINE, True),
        (PORTAL, NEW, Topology.OFFLINE, False),
        (NONE, OLD, Topology.OFFLINE, False),
        (NONE, NEW, Topology.DIRECT, False),
        (NONE, NEW, Topology.CSLU_PUSH, True),
        (NONE, NEW, Topology.CONTROLLER, False),
    ],
)
def test_a_request_goes_along_by_release_and_topology(
    *, trust: TrustState, release: Release, topology: Topology, due: bool
) -> None:
    assert is_request_due(trust, release, topology) == due


def test_the_counter_only_rises_and_a_request_waits_until_it_is_answered() -> None:
    trust = asked(NONE, REQUEST)
    assert (trust.counter, trust.asked) == (1, REQUEST)
    assert next_counter(trust) == 2
    assert withdrawn(trust, Digest("e" * 64)) == trust
    done = withdrawn(trust, REQUEST.digest)
    assert (done.counter, done.asked) == (1, None)
    assert withdrawn(done, REQUEST.digest) == done


@pytest.mark.requirement("T2-trust")
@pytest.mark.threat("B16", role="instance")
def test_a_factory_trust_code_is_no_good_for_direct_communication() -> None:
    require_direct(PORTAL)
    for trust, refused in ((FACTORY, "factory-trust-not-allowed"), (NONE, "trust-missing")):
        with pytest.raises(Problem) as refusal:
            require_direct(trust)
        assert refusal.value.code == refused
        assert "license smart trust idtoken TOKEN local" in refusal.value.kind.next_step


@pytest.mark.threat("B17", role="instance")
def test_a_trust_code_of_the_portal_is_replaced_only_with_force() -> None:
    for trust in (NONE, FACTORY):
        require_token_trust(trust, force=False)
    require_token_trust(PORTAL, force=True)
    with pytest.raises(Problem) as refusal:
        require_token_trust(PORTAL, force=False)
    assert refusal.value.code == "already-installed"
    assert "force" in refusal.value.kind.next_step
