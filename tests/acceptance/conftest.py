"""One portal for a whole run; its clock goes forward only, and each test has its own accounts."""

from collections.abc import Iterator

import pytest

from tests.acceptance.site import Account, Site, open_site


@pytest.fixture(scope="session")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("vendor")) as site:
        yield site


@pytest.fixture
def site(vendor: Site) -> Iterator[Site]:
    """Return the vendor's site; devices that the test switches on end with it."""
    # A minute later: wrong ID tokens of another test no longer count against this one's.
    vendor.clock.advance(61)
    yield vendor
    vendor.end_devices()


@pytest.fixture
def account(site: Site) -> Account:
    return site.account()
