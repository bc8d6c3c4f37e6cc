"""When a signer ends, what it certified for devices of this ledger goes on to count."""

import pytest

from gauger.core.authority.commands import ImportRootSet, Pipe
from gauger.core.authority.outcomes import Verdict
from gauger.core.documents.rum_report import read_report, verify_report
from gauger.core.documents.trust_store import TrustStore
from gauger.core.problems import Problem
from tests.support.builders import ACCOUNT, NOW, Bench, Device, a_device, a_portal


def enrolled(portal: Bench) -> Device:
    """Return a device that signs under a trust code of this portal."""
    device = a_device(account=ACCOUNT)
    device.install(portal.trust(device.trust_request(), to=ACCOUNT, pipe=Pipe.FILE))
    assert device.trust_code is not None
    return device


@pytest.mark.threat("C2", role="cssm")
@pytest.mark.parametrize("revoked", [(), ("portal",)])
def test_a_report_under_a_trust_code_of_this_ledger_outlives_the_signer(
    portal: Bench, revoked: tuple[str, ...]
) -> None:
    device = enrolled(portal)
    item = device.report(((NOW - 900, NOW, 2),))
    portal.replace_signer(revoked=revoked)

    assert portal.report(item).verdict is Verdict.ACCEPTED


@pytest.mark.threat("C1", role="cssm")
def test_a_trust_code_that_a_revoked_signer_made_elsewhere_is_refused(
    portal: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with a_portal(tmp_path_factory.mktemp("thief")) as thief:
        device = enrolled(thief)
    portal.replace_signer(revoked=("portal",))

    with pytest.raises(Problem) as caught:
        portal.report(device.report())
    assert caught.value.code == "key-revoked"


@pytest.mark.threat("C1", role="cssm")
def test_who_does_not_keep_the_ledger_does_not_believe_such_a_trust_code(portal: Bench) -> None:
    item = enrolled(portal).report()
    newer = portal.factory.following(signers=("second",), revoked=("portal",), epoch=2)
    store = TrustStore().pin(newer.root_sets[0]).advance(newer.root_sets[1])
    store = store.with_manufacturer(newer.manufacturer)

    with pytest.raises(Problem) as caught:
        verify_report(read_report(item), store, NOW)
    assert caught.value.code == "key-revoked"


def test_a_signer_that_is_bound_to_another_ledger_does_not_sign_for_this_one(
    portal: Bench,
) -> None:
    portal.factory = portal.factory.following(signers=("portal", "bound"))
    portal.authority.execute(ImportRootSet(document=portal.factory.texts[-1], by="operator"))
    with pytest.raises(Problem) as caught:
        portal.restart(portal.factory.signer("bound"))

    assert caught.value.code == "unknown-key"
    portal.restart()
