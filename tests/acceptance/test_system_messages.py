"""PI-3: what a product instance tells its operator by itself, over a life with a real portal."""

import re
from pathlib import Path

import pytest

from gauger.core.problems import Problem
from tests.acceptance.connections import Forwarder
from tests.acceptance.site import (
    DAY,
    ESSENTIALS,
    HOUR,
    Account,
    Device,
    Site,
    eventually,
    refused,
    settle,
)
from tests.acceptance.test_authorization_codes import EXPORT
from tests.acceptance.test_clocks import with_clock

pytestmark = [pytest.mark.requirement("PI-3"), pytest.mark.kind_portal]


def told(device: Device, *words: str) -> list[str]:
    """Return the mnemonics of the messages in the log buffer that hold one of some words."""
    lines = device.execute("show logging").splitlines()
    names = [found[1] for line in lines if (found := re.search(r"%SMART_LIC-\d-([A-Z_]+): ", line))]
    return [name for name in names if any(word in name for word in words)]


def altered(site: Site, path: Path, word: str, other_word: str) -> Path:
    """Return a copy of a file in which something that is signed reads otherwise."""
    text = path.read_text(encoding="utf-8")
    assert word in text
    other = site.new_path("altered", ".xml")
    other.write_text(text.replace(word, other_word), encoding="utf-8")
    return other


def in_vain(device: Device, path: Path) -> None:
    with pytest.raises(Problem):
        device.load(path)


def until_told(device: Device, name: str, count: int) -> str:
    """Wait until a message was told so often; return the last of them."""
    eventually(lambda: len(device.events(name)) >= count)
    found = device.events(name)
    assert len(found) == count
    return found[-1]


def test_a_deadline_is_told_at_set_distances_and_daily_when_it_is_over(site: Site) -> None:
    device = site.device()
    device.go_offline()
    device.use(ESSENTIALS)
    site.clock.advance(HOUR)
    settle()
    deadline = device.time_of("Next ACK deadline")
    for count, days in enumerate((30, 14, 7, 3, 2, 1), 1):
        site.clock.advance(deadline - days * DAY - site.workshop.now())
        latest = until_told(device, "REPORTING_REQUIRED", count)
        assert latest.endswith(f"in {days} day." if days == 1 else f"in {days} days.")
    site.clock.advance(HOUR)
    for count in (1, 2, 3):
        site.clock.advance(DAY)
        until_told(device, "REPORTING_OVERDUE", count)
    assert len(device.events("REPORTING_REQUIRED")) == 6
    device.stop()
    device.start()
    assert "AGENT_READY" in told(device, "AGENT")
    assert told(device, "REPORTING") == ["REPORTING_OVERDUE"]


def test_communication_that_fails_and_is_restored(site: Site, account: Account) -> None:
    with Forwarder(site.portal.port) as forwarder:
        device = site.device()
        device.go_direct(forwarder.url)
        device.trust(account.token(uses=1))
        device.use(ESSENTIALS)
        site.clock.advance(HOUR)
        forwarder.is_cut = True
        for _ in range(2):
            with refused("comm-failed"):
                device.sync()
        forwarder.is_cut = False
        device.sync()
        assert told(device, "COMM") == ["COMM_FAILED", "COMM_RESTORED"]


def test_a_policy_that_is_installed_refused_and_removed(site: Site, account: Account) -> None:
    account.policy("First", perpetual=(11, 12, 13))
    path = site.new_path("policy", ".xml")
    path.write_bytes(account.file("/policy/file"))
    device = site.trusted(account)
    assert told(device, "POLICY") == ["POLICY_INSTALL_SUCCESS"]
    in_vain(device, altered(site, path, r"first_report\":11", r"first_report\":99"))
    assert told(device, "POLICY") == ["POLICY_INSTALL_SUCCESS", "POLICY_INSTALL_FAILED"]
    assert device.field("Policy name") == "First"
    device.execute("license smart factory reset")
    assert told(device, "POLICY")[2:] == ["POLICY_REMOVED"]


def test_a_trust_code_that_is_installed_refused_and_removed(site: Site, account: Account) -> None:
    device = site.device()
    device.go_direct()
    with refused("token-unknown"):
        device.trust("not-a-token-of-this-portal")
    device.trust(account.token(uses=1))
    device.execute("license smart factory reset")
    assert told(device, "TRUST") == [
        "TRUST_CODE_INSTALL_FAILED",
        "TRUST_CODE_INSTALL_SUCCESS",
        "TRUST_CODE_REMOVED",
    ]


def test_a_code_that_is_installed_refused_and_removed(site: Site, account: Account) -> None:
    device = site.device("example-router")
    tag = device.profile.licence(EXPORT).tag
    pool = {"tag": tag, "name": EXPORT, "term": "perpetual", "quantity": 1}
    account.send("PUT", "/authorization-pool", pool)
    device.go_offline()
    device.configure("logging buffered 65536")
    device.execute(f"license smart authorization request add {EXPORT} local")
    request = site.new_path("request", ".xml")
    device.execute(f"license smart authorization request save {request}")
    code = account.ack(account.upload(request), site.new_path("code", ".xml"))
    in_vain(device, altered(site, code, r"count\":1", r"count\":9"))
    device.load(code)
    device.execute(
        f"license smart authorization return local offline {site.new_path('return', '.xml')}"
    )
    # That it is off had been told within the hour: it is told again when the hour is over.
    site.clock.advance(HOUR + 1)
    eventually(lambda: len(told(device, "AUTHORIZATION", "EXPORT")) == 6)
    assert told(device, "AUTHORIZATION", "EXPORT") == [
        "EXPORT_CONTROLLED",
        "AUTHORIZATION_INSTALL_FAILED",
        "AUTHORIZATION_INSTALL_SUCCESS",
        "EXPORT_CONTROLLED",
        "AUTHORIZATION_REMOVED",
        "EXPORT_CONTROLLED",
    ]


def test_a_clock_that_was_set(site: Site) -> None:
    device, clock = with_clock(site, site.workshop.now())
    settle()
    clock.step(-7200)
    eventually(lambda: told(device, "CLOCK"))
    (line,) = device.events("SYSTEM_CLOCK_CHANGED")
    assert "by -7200 seconds" in line
