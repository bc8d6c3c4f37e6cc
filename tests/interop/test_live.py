"""Tools that operators have drive a real device over SSH, unmodified, and a real portal answers."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.site import Account, Site, open_site
from tests.interop import reading
from tests.interop.live import DRIVERS, ReachedDevice, drive, reached, run, surroundings
from tests.interop.parsers import Parsers, Request
from tests.support.material import interop_python, needs_program

pytestmark = [pytest.mark.interop, pytest.mark.requirement("BX-1/cli")]

SHOWS = (
    "show license all",
    "show license eventlog 2",
    "show license history message",
    "show license rum id all",
    "show license status",
    "show license summary",
    "show license tech support",
    "show license udi",
    "show license usage",
    "show version",
    "show inventory",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A vendor with a portal."""
    needs_program("ssh", "openssh-client")
    with open_site(tmp_path_factory.mktemp("vendor")) as site:
        yield site


@pytest.fixture(scope="module")
def account(site: Site) -> Account:
    """A customer."""
    return site.account()


@pytest.fixture
def device(site: Site) -> Iterator[ReachedDevice]:
    """A device that is reached over SSH."""
    yield reached(site)
    site.end_devices()


def configured(device: ReachedDevice) -> list[str]:
    """Return what is to be read in the running configuration."""
    url = f"{device.site.portal.licensing_url}/licservice/license"
    return ["license smart transport smart", f"license smart url smart {url}"]


def acknowledged(parsed: dict[str, Any], account: Account) -> None:
    """Expect a status of a device whose report was acknowledged."""
    status = reading.Status.read(parsed)
    assert status.account is not None
    assert status.account.account == account.ref
    assert status.transport.kind == "smart"
    assert status.reporting.last_ack is not None
    assert status.trust


def test_netmiko(device: ReachedDevice, account: Account) -> None:
    seen = drive("drive_netmiko.py", surroundings(device, account, "viewer"))
    assert (seen["prompt"][-1], seen["enabled"][-1]) == (">", "#")
    assert "[OK]" in seen["saved"]
    assert seen["running"].splitlines() == configured(device)
    assert "% Invalid input detected at '^' marker." in seen["wrong"]
    acknowledged(seen["genie"], account)
    (row,) = seen["textfsm"]
    assert row["smart_acct"] == account.ref.smart_account


def test_scrapli(device: ReachedDevice, account: Account) -> None:
    environment = surroundings(device, account, "viewer")
    device.go_direct()
    device.trust(environment["ID_TOKEN"])
    for seen in drive("drive_scrapli.py", environment).values():
        assert seen["prompt"].endswith("#")
        assert seen["configured"]
        assert seen["refused"]
        assert seen["running"].splitlines() == configured(device)
        acknowledged(seen["genie"], account)
        assert seen["textfsm"][0]["virt_acct"] == account.ref.virtual_account


def test_scrapli_before_its_rewrite(device: ReachedDevice, account: Account) -> None:
    environment = surroundings(device, account, "viewer")
    device.go_direct()
    device.trust(environment["ID_TOKEN"])
    for seen in drive("drive_scrapli_old.py", environment, where="interop-scrapli").values():
        assert seen["prompt"].endswith("#")
        assert seen["configured"]
        assert seen["refused"]
        assert seen["running"].splitlines() == configured(device)
    assert device.states()[0] == "ACK"


def test_pyats(device: ReachedDevice, account: Account, parsers: Parsers) -> None:
    environment = surroundings(device, account, "operator") | {"SHOW": ",".join(SHOWS)}
    device.go_direct()
    device.trust(environment["ID_TOKEN"])
    seen = drive("drive_pyats.py", environment)
    assert seen["refused"]
    acknowledged(seen["parsed"]["show license status"], account)
    still = [line for line in SHOWS if line not in {"show license eventlog 2", "show version"}]
    printed = [Request(line, device.execute(line)) for line in still]
    for line, parsed in zip(still, parsers.all(printed), strict=True):
        assert seen["parsed"][line] == parsed, line


@pytest.mark.parametrize("way", ["libssh", "paramiko"])
def test_ansible(device: ReachedDevice, account: Account, way: str) -> None:
    told = device.site.new_path("seen", ".json")
    environment = surroundings(device, account, "viewer") | {
        "SEEN": str(told),
        "ANSIBLE_HOST_KEY_CHECKING": "false",
        "ANSIBLE_NETWORK_CLI_SSH_TYPE": way,
    }
    program = interop_python("interop-ansible").with_name("ansible-playbook")
    run([program, "-i", DRIVERS / "inventory.yml", DRIVERS / "playbook.yml"], environment)
    seen = json.loads(told.read_text())
    assert (seen["first"], seen["second"]) == (True, False)
    assert account.ref.smart_account in seen["said"][-1]
    assert seen["facts"]["ansible_net_iostype"] == "IOS-XE"
    assert seen["facts"]["ansible_net_serialnum"] == device.udi.serial
    assert device.states()[0] == "ACK"
