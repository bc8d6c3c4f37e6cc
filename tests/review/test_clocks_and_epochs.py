"""A clock that was never set, or a number that is too high, shuts nobody out."""

import json
from dataclasses import replace

import pytest

from gauger.core.authority.commands import Pipe
from gauger.core.authority.outcomes import Verdict
from gauger.core.documents import keyring
from gauger.core.documents.envelope import preimage
from gauger.core.documents.page import PageHead
from gauger.core.documents.rum_payload import HeldHead
from tests.support.builders import ACCOUNT, NOW, Bench, a_device, a_key


@pytest.mark.threat("H1", role="cssm")
def test_late_reports_of_an_old_key_count_though_the_clock_was_lost_since(portal: Bench) -> None:
    device = a_device(account=ACCOUNT)
    device.install(portal.trust(device.trust_request(), to=ACCOUNT, pipe=Pipe.FILE))
    late = device.report(((NOW - 900, NOW, 1),))
    portal.clock.now = NOW + 60
    renewed = portal.trust(device.trust_request(key="second"), to=ACCOUNT, pipe=Pipe.FILE)
    device.install(renewed, "second")
    lost = device.report(((10, 20, 1),), closed_at=30, relative=True)

    assert portal.report(lost).verdict is Verdict.ACCEPTED
    assert portal.report(late).verdict is Verdict.ACCEPTED


@pytest.mark.threat("B10", role="cssm")
def test_a_stolen_signer_cannot_drive_the_epoch_out_of_the_numbers(portal: Bench) -> None:
    device = a_device()
    device.install(portal.report(device.report()))
    held = device.head
    assert held is not None
    body = json.loads(held.head)
    body["epoch"] = {"number": 2**63 - 1, "id": "ee" * 16}
    forged = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
    value = keyring.sign(a_key("portal"), preimage(PageHead.TYPE, PageHead.VERSION, forged))
    device.head = HeldHead(head=forged, chain=held.chain, value=value)
    outcome = portal.report(device.report(((NOW, NOW + 9, 1),)))

    assert "foreign-head" in outcome.flags
    other = replace(a_device("GGR0002"), head=None)
    assert portal.report(other.report()).verdict is Verdict.ACCEPTED
