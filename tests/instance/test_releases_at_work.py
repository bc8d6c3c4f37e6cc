"""What each product may do under each release: one table, run against devices of that release."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gauger import profiles
from gauger.core.documents.smart_license import ItemKind, read_items
from gauger.core.problems import Problem
from gauger.core.profiles import Profile
from gauger.core.releases import Feature, Release, Topology
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.views import Scope, Selection, SelectionKind
from gauger.tools.factory import MintOrder, mint
from tests.instance.portal import Portal
from tests.instance.test_schedule import push_soon
from tests.instance.world import DAY, World, go_smart, tag_of

DIRECT, OFFLINE = Topology.DIRECT, Topology.OFFLINE
OLDEST = {DIRECT, Topology.CSLU_PUSH, Topology.CSLU_PULL, OFFLINE}
ALL_WAYS = set(Topology)
PUSHED = {DIRECT, Topology.CSLU_PUSH}
ALL_PUSHED = {*PUSHED, Topology.ONPREM_PUSH}
ASKED = {Topology.CSLU_PUSH, OFFLINE}
NOTHING: set[Topology] = set()

# By release: the ways it can report, those in which it sends once a day at most, those in which
# it asks for a trust code with its reports, those in which a return file is just uploaded, and
# what it has whatever the way.
TABLE = {
    "17.3.2": (OLDEST, NOTHING, NOTHING, NOTHING, ""),
    "17.3.2a": ({*OLDEST, Topology.CONTROLLER}, NOTHING, NOTHING, NOTHING, ""),
    "17.3.3": (ALL_WAYS, NOTHING, NOTHING, NOTHING, ""),
    "17.3.6": (ALL_WAYS, ALL_PUSHED, NOTHING, NOTHING, ""),
    "17.6.3": (ALL_WAYS, NOTHING, NOTHING, NOTHING, ""),
    "17.6.4": (ALL_WAYS, ALL_PUSHED, NOTHING, NOTHING, ""),
    "17.7.1": (ALL_WAYS, PUSHED, ASKED, {OFFLINE}, "factory account rum"),
    "17.8.1": (ALL_WAYS, PUSHED, ASKED, {OFFLINE}, "factory account rum"),
    "17.9.1": (ALL_WAYS, ALL_PUSHED, ASKED, {OFFLINE}, "factory account rum vrf"),
    "17.15.1": (ALL_WAYS, ALL_PUSHED, ASKED, {OFFLINE}, "factory account rum vrf"),
    "26.1.1": (ALL_WAYS, ALL_PUSHED, ASKED, {OFFLINE}, "factory account rum vrf"),
}
OF_WAYS = (
    Feature.SUPPORT,
    Feature.THROTTLING,
    Feature.TRUST_REQUEST_IN_REPORT,
    Feature.RETURN_BY_UPLOAD,
)
EVERYWHERE = {
    "factory": Feature.FACTORY_TRUST_CODE,
    "account": Feature.ACCOUNT_SHOWN,
    "rum": Feature.SHOW_RUM,
    "vrf": Feature.VRF,
}
PRODUCTS = [profiles.builtin(name) for name in profiles.names()]


def of_release(profile: Profile, release: str) -> Profile:
    return replace(profile, release=Release.parse(release))


@pytest.mark.requirement("PI-8/table")
@pytest.mark.parametrize("release", TABLE)
@pytest.mark.parametrize("product", PRODUCTS, ids=lambda profile: profile.name)
def test_each_product_may_do_what_its_release_can(product: Profile, release: str) -> None:
    profile = of_release(product, release)
    *by_way, anywhere = TABLE[release]
    for feature, ways in zip(OF_WAYS, by_way, strict=True):
        listed = ways & set(product.topologies)
        assert {way for way in Topology if profile.allows(feature, way)} == listed
    for name, feature in EVERYWHERE.items():
        assert profile.allows(feature) == (name in anywhere.split())


def test_a_product_does_no_more_than_it_lists() -> None:
    profile = replace(PRODUCTS[0], topologies=(OFFLINE,))
    assert [way for way in Topology if profile.allows(Feature.SUPPORT, way)] == [OFFLINE]
    assert not profile.allows(Feature.THROTTLING, DIRECT)


def opened(world: World, product: Profile, release: str) -> Agent:
    """Mint a device of this release and open it."""
    out = world.root / "bundle"
    order = MintOrder(profile=of_release(product, release), serial="GGR0009", trust_code=False)
    mint(world.factory, out, order, workshop=world.workshop, signer=None)
    return world.open(bundle=out, ca=world.root / "tls.pem")


@pytest.fixture(params=TABLE)
def release(request: pytest.FixtureRequest) -> str:
    """A release."""
    return str(request.param)


@pytest.fixture
def agent(world: World, portal: Portal, release: str) -> Iterator[Agent]:
    """A device of that release; products take turns, so that each meets several of them."""
    product = PRODUCTS[list(TABLE).index(release) % len(PRODUCTS)]
    running = opened(world, product, release)
    go_smart(running, portal.url)
    yield running
    running.stop()


@pytest.mark.requirement("PI-8/direct")
def test_a_product_that_has_no_direct_way_sends_nothing(world: World, portal: Portal) -> None:
    profile = replace(PRODUCTS[0], topologies=(OFFLINE,))
    running = opened(world, profile, "17.9.1")
    go_smart(running, portal.url)
    with pytest.raises(Problem, match="not-supported") as refused:
        running.establish_trust("token", Scope.LOCAL, force=False)
    assert refused.value.detail.endswith("does not report directly; it can: offline.")
    running.set_count(tag_of(running), 1)
    running.flush()
    for _ in range(40):
        world.clock.advance(DAY)
        running.tick()
    assert portal.seen == []
    path = world.root / "usage.xml"
    assert running.save_usage(Selection(kind=SelectionKind.ALL), path) >= 1
    running.stop()


@pytest.mark.requirement("PI-8/direct")
def test_it_sends_as_often_as_its_release_lets_it(
    world: World, portal: Portal, agent: Agent, release: str
) -> None:
    agent.establish_trust("token", Scope.LOCAL, force=False)
    agent.set_count(tag_of(agent), 1)
    agent.configure([ConfigChange(key=ConfigKey.USAGE_INTERVAL, value="1")])
    for _ in range(9):
        world.clock.advance(DAY / 4)
        push_soon(agent)
        agent.tick()
    throttled = DIRECT in TABLE[release][1]
    assert len(portal.reports) == (3 if throttled else 9)


@pytest.mark.requirement("PI-9/table")
def test_it_asks_for_trust_with_its_file_where_its_release_does(
    world: World, agent: Agent, release: str
) -> None:
    agent.configure([ConfigChange(key=ConfigKey.TRANSPORT, value="off")])
    agent.set_count(tag_of(agent), 1)
    world.clock.advance(60)
    path = world.root / "usage.xml"
    agent.save_usage(Selection(kind=SelectionKind.ALL), path)
    kinds = {item.kind for item in read_items([path.read_bytes()])}
    assert (ItemKind.TRUST_REQUEST in kinds) == (OFFLINE in TABLE[release][2])
