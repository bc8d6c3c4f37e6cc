"""`show license authorization`, and what `show license all` says of authorizations."""

from dataclasses import replace

import pytest

from gauger.core.identity import Udi
from gauger.instance.views import AuthorizationView, AuthorizedLicenceView
from gauger.surfaces.console.console import Console
from tests.surfaces.console import scripted
from tests.surfaces.console.scripted import NOW, ScriptedAgent

pytestmark = pytest.mark.requirement("PI-10/layout")

HSEC = AuthorizedLicenceView(
    tag="regid.2019-03.com.cisco.DNA_HSEC,1.0_509c41ab-05a8-431f-95fe-ec28086e8844",
    feature="hseck9",
    name="DNA_HSEC",
    description="Export controlled features",
    count=2,
    enforcement="export",
    term="perpetual",
)
INSTALLED = AuthorizationView(
    udi=scripted.UDI, installed_at=NOW, confirmation_code="1fc54c75", licences=(HSEC,)
)
RETURNED = AuthorizationView(udi=scripted.UDI, return_code="CEL7AU-RaGyRi-dGWrct")


def _shown(*authorized: AuthorizationView, line: str = "show license authorization") -> str:
    return Console(ScriptedAgent(authorized=authorized)).execute(line)


def test_a_device_without_a_code_says_so() -> None:
    assert _shown(AuthorizationView(udi=scripted.UDI)).split("\n") == [
        "Overall status:",
        "  Active: PID:C9800-CL-K9,SN:GGR0001",
        "    Status: NOT INSTALLED",
        "",
        "Purchased Licenses:",
        "  No Purchase Information Available",
    ]


def test_an_installed_code_is_shown_with_what_it_allows() -> None:
    text = _shown(INSTALLED).partition("\n\nPurchased")[0]
    assert text.split("\n") == [
        "Overall status:",
        "  Active: PID:C9800-CL-K9,SN:GGR0001",
        "    Status: SMART AUTHORIZATION INSTALLED on Oct 22 05:30:30 2021 UTC",
        "    Last Confirmation code: 1fc54c75",
        "",
        "Authorizations:",
        "  hseck9 (DNA_HSEC):",
        "    Description: Export controlled features",
        "    Total available count: 2",
        "    Enforcement type: EXPORT RESTRICTED",
        "    Term information:",
        "      Active: PID:C9800-CL-K9,SN:GGR0001",
        "        Authorization type: SMART AUTHORIZATION INSTALLED",
        "        License type: PERPETUAL",
        "          Term Count: 2",
    ]


def test_a_returned_code_leaves_its_return_code() -> None:
    text = _shown(RETURNED)
    assert "    Status: NOT INSTALLED\n    Last return code: CEL7AU-RaGyRi-dGWrct\n" in text
    assert "Authorizations:" not in text


def test_the_codes_of_a_set_are_added_up() -> None:
    standby = AuthorizationView(
        udi=Udi("C9800-CL-K9", "GGR0002"),
        installed_at=NOW,
        licences=(replace(HSEC, count=1, until=NOW),),
        role="Standby",
    )
    text = _shown(INSTALLED, standby)
    assert "    Total available count: 3\n" in text
    assert "      Standby: PID:C9800-CL-K9,SN:GGR0002\n" in text
    assert "          End Date: Oct 22 05:30:30 2021 UTC\n          Term Count: 1" in text


def test_a_second_licence_has_labels_of_its_own() -> None:
    second = replace(HSEC, tag="regid.2021-05.com.example.BOOST,1.0_x", feature="boost", count=1)
    text = _shown(replace(INSTALLED, licences=(HSEC, second)))
    assert text.partition("\n\nPurchased")[0].split("\n")[-9:] == [
        "  boost (DNA_HSEC):",
        "    Description: Export controlled features",
        "    Total available count: 1",
        "    Enforcement type: EXPORT RESTRICTED",
        "    Term information:",
        "      Active: PID:C9800-CL-K9,SN:GGR0001",
        "        Type of authorization: SMART AUTHORIZATION INSTALLED",
        "        Type of license: PERPETUAL",
        "          Count of term: 1",
    ]


def test_all_shows_them_too() -> None:
    assert _shown(INSTALLED).partition("\n\nPurchased")[0] in _shown(
        INSTALLED, line="show license all"
    )
