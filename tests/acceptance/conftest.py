"""One portal for a whole run; its clock goes forward only, and each test has its own accounts."""

from collections.abc import Iterator

import pytest

from tests.acceptance.site import Account, Site, open_site
from tests.acceptance.spite import SpitefulWay
from tests.support.figures import Figures


@pytest.fixture(scope="session")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("vendor")) as site:
        yield site


@pytest.fixture(scope="session")
def way(vendor: Site) -> Iterator[SpitefulWay]:
    """Return the spiteful way to the vendor's portal."""
    way = SpitefulWay(vendor.portal.data / "tls", vendor.portal.url)
    yield way
    way.close()


@pytest.fixture
def site(
    vendor: Site, way: SpitefulWay, request: pytest.FixtureRequest, figures: Figures
) -> Iterator[Site]:
    """Return the vendor's site; devices that the test switches on end with it."""
    is_kind = request.node.get_closest_marker("kind_portal") is not None
    vendor.portal.way = None if is_kind else way
    way.begin(request.node.name)
    # A minute later: wrong ID tokens of another test no longer count against this one's.
    vendor.clock.advance(61)
    yield vendor
    vendor.end_devices()
    for fate, times in way.met.items():
        figures.add(f"spiteful way: {fate}", times)


@pytest.fixture
def account(site: Site) -> Account:
    return site.account()
