"""E12: a proxy that opens TLS, trusted as companies make devices trust theirs, and rewrites."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gauger.core.problems import Problem
from tests.acceptance.site import DNA, HOUR, Account, Device, Site, eventually
from tests.acceptance.spite import SpitefulWay

pytestmark = [pytest.mark.requirement("T2-smart-proxy"), pytest.mark.kind_portal]

Answer = tuple[int, bytes]
TWO = rb"\"value\":\"2\""


class RewritingProxy(SpitefulWay):
    """Speaks TLS by a certificate that the device trusts, sees all, and may alter it.

    Attributes:
        asked: Makes another message of what the device sends.
        answered: Makes another answer of what the portal says.
        first: The first answer that came by.
    """

    asked: Callable[[bytes], bytes] | None = None
    answered: Callable[["RewritingProxy", Answer], Answer] | None = None
    first: Answer | None = None

    def carry(self, path: str, body: bytes) -> Answer:
        """Carry a message, rewritten on either way."""
        answer = self._deliver(path, body if self.asked is None else self.asked(body))
        self.first = self.first or answer
        return answer if self.answered is None else self.answered(self, answer)


@pytest.fixture
def proxy(site: Site) -> Iterator[RewritingProxy]:
    made = RewritingProxy(site.portal.data / "tls", site.portal.url)
    yield made
    made.close()


@pytest.fixture
def device(site: Site, account: Account, proxy: RewritingProxy) -> Device:
    """Return a device with a report to send; its first ACK will bring a policy."""
    made = site.device()
    made.go_direct(proxy.url)
    made.trust(account.token(uses=1))
    account.policy("Of the account", subscription=(90, 60, 90))
    made.use(DNA, 2)
    site.clock.advance(HOUR)
    return made


def more_used(body: bytes) -> bytes:
    """Claim more usage than the device has signed."""
    assert TWO in body
    return body.replace(TWO, TWO.replace(b"2", b"9"))


def within(old: bytes, new: bytes) -> Callable[[RewritingProxy, Answer], Answer]:
    """Return what alters the signed documents of an answer."""

    def rewrite(_: RewritingProxy, answer: Answer) -> Answer:
        status, body = answer
        message: dict[str, Any] = json.loads(body)
        for one in message["data"]["acknowledgements"]:
            file = base64.b64decode(one["smart_license"])
            one["smart_license"] = base64.b64encode(file.replace(old, new)).decode()
        altered = json.dumps(message).encode()
        assert json.loads(body) != message, f"{old!r} does not stand in the answer"
        return status, altered

    return rewrite


def emptied(_: RewritingProxy, answer: Answer) -> Answer:
    without: dict[str, Any] = {"data": {"acknowledgements": []}}
    return answer[0], json.dumps(json.loads(answer[1]) | without).encode()


def page(_: RewritingProxy, __: Answer) -> Answer:
    return 200, b"<html>Your request was inspected.</html>"


def earlier(proxy: RewritingProxy, _: Answer) -> Answer:
    assert proxy.first is not None
    return proxy.first


ANSWERS = {
    "longer interval in the policy": (
        within(b'frequency\\":60', b'frequency\\":99'),
        "signature-invalid",
    ),
    "another report in the ACK": (
        within(b'report_id\\":1', b'report_id\\":2'),
        "signature-invalid",
    ),
    "a page": (page, "bad-answer"),
    "an earlier answer": (earlier, "bad-answer"),
}


def is_unchanged(device: Device) -> bool:
    """Tell whether the device believes that nothing was acknowledged, and has no policy."""
    return set(device.states()) == {"PENDING", "OPEN"} and "Of the account" not in device.status


def goes_on(account: Account, device: Device) -> None:
    """See that all is acknowledged, and counted once."""
    device.sync()
    assert device.field("Policy name") == "Of the account"
    assert set(device.states()) == {"ACK", "OPEN"}
    reports = len(account.rows("/reports"))
    seconds = account.count_seconds(device, "AIR-DNA-E")
    assert 2 * 2 * HOUR <= seconds <= 2 * (2 * HOUR + reports)


def tried_again(device: Device) -> bool:
    """Let the device try again, which it does by itself."""
    device.site.clock.advance(HOUR)
    return eventually(lambda: "ACK" in device.states())


@pytest.mark.threat("E12", role="cssm")
def test_a_report_that_was_rewritten_is_refused_by_the_portal(
    account: Account, device: Device, proxy: RewritingProxy
) -> None:
    proxy.asked = more_used
    with pytest.raises(Problem, match="signature-invalid") as refused:
        device.sync()
    assert "altered after signing, often by a proxy" in refused.value.kind.next_step
    assert is_unchanged(device)
    assert not account.rows("/reports")
    assert not account.rows("/balance")
    proxy.asked = None
    assert tried_again(device)
    goes_on(account, device)


@pytest.mark.threat("E12", role="instance")
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_was_rewritten_changes_nothing(
    account: Account, device: Device, proxy: RewritingProxy, name: str
) -> None:
    proxy.answered, code = ANSWERS[name]
    with pytest.raises(Problem, match=code):
        device.sync()
    assert is_unchanged(device)
    proxy.answered = None
    assert tried_again(device)
    goes_on(account, device)


@pytest.mark.threat("E12", role="instance")
def test_an_answer_without_its_documents_is_none(
    account: Account, device: Device, proxy: RewritingProxy
) -> None:
    proxy.answered = emptied
    device.sync()
    assert is_unchanged(device)
    # Nothing says that it failed: what was passed over goes with the next sending.
    proxy.answered = None
    device.site.clock.advance(HOUR)
    goes_on(account, device)
