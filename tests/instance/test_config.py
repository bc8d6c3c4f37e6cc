"""What an operator may configure, and how a wrong line is refused."""

import pytest

from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.config import (
    ConfigChange,
    ConfigKey,
    Configuration,
    TransportKind,
    check_smart_url,
)
from gauger.instance.settings import apply_change
from tests.instance.world import World, go_smart, names

RIGHT = "https://cssm.example.com:8443/licservice/license"


def change(key: ConfigKey, value: str | None) -> Configuration:
    return apply_change(Configuration(), ConfigChange(key=key, value=value))


def test_a_fresh_product_instance_has_the_transport_cslu() -> None:
    assert Configuration().transport is TransportKind.CSLU


def test_good_lines() -> None:
    assert change(ConfigKey.TRANSPORT, "SMART").transport is TransportKind.SMART
    assert change(ConfigKey.URL_SMART, RIGHT).url_smart == RIGHT
    for value, days in (("0", 0), ("1", 1), ("3650", 3650)):
        assert change(ConfigKey.USAGE_INTERVAL, value).usage_interval == days


@pytest.mark.parametrize("value", ["-1", "3651", "x", "", "1.5", "٣", "99999"])
def test_an_interval_out_of_range_is_refused(value: str) -> None:
    with pytest.raises(Problem, match="invalid-argument"):
        change(ConfigKey.USAGE_INTERVAL, value)


def test_an_unknown_transport_is_refused() -> None:
    with pytest.raises(Problem, match="invalid-argument"):
        change(ConfigKey.TRANSPORT, "pigeon")


@pytest.mark.requirement("T2-smart")
@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("https://cssm.example.com:8443/", RIGHT),
        ("https://cssm.example.com:8443/licservice/license/", RIGHT),
        ("http://cssm.example.com:8443/licservice/license", RIGHT),
        ("https://cssm.example.com:8443/licservice/license?a=b", RIGHT),
        ("https://user@cssm.example.com:8443/licservice/license", RIGHT),
        ("https://[::1]/its/service", "https://[::1]/licservice/license"),
        ("cssm.example.com", "https://HOST/licservice/license"),
        ("", "https://HOST/licservice/license"),
    ],
)
def test_a_url_that_is_not_the_licensing_url_is_named_with_the_right_one(
    url: str, right: str
) -> None:
    with pytest.raises(Problem) as refused:
        check_smart_url(url)
    assert refused.value.code == "not-a-licensing-url"
    assert right in refused.value.detail


@pytest.mark.parametrize("url", ["https://a b/licservice/license", "https://a\x1b/", "https://[1"])
@pytest.mark.threat("E16", role="instance")
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Problem, match="not-a-licensing-url"):
        check_smart_url(url)


def test_all_lines_or_none(world: World, device: Agent) -> None:
    with pytest.raises(Problem, match="not-a-licensing-url"):
        go_smart(device, "https://cssm.example.com/")
    assert device.configuration() == Configuration()
    go_smart(device, RIGHT)
    device.stop()
    again = world.open()
    assert again.configuration().url_smart == RIGHT
    assert names(again).count("SAEVT_CONFIGURED") == 2
    again.stop()
