"""A device that stood in a warehouse while the factory's signer was replaced."""

import pytest

from gauger.core.authority.commands import Pipe
from gauger.core.authority.outcomes import Verdict
from gauger.core.documents import keyring
from gauger.core.documents.envelope import (
    DirectSignature,
    Document,
    preimage,
    read_document,
    write_document,
)
from gauger.core.documents.rum_report import read_report, verify_report
from gauger.core.documents.trust_code import TrustCode, TrustOrigin
from gauger.core.documents.trust_store import TrustStore
from gauger.core.documents.versions import Order
from gauger.core.problems import Problem
from tests.support.builders import (
    ACCOUNT,
    DAY,
    FACTORY_LEDGER,
    NOW,
    Bench,
    Device,
    a_device,
    a_factory,
    a_key,
    signer_certificate,
)

YEARS = 11 * 365 * DAY


def minted(signer: str = "portal", issued_at: int = NOW - 50, *, by: str | None = None) -> Device:
    """Return a device with a factory trust code of a signer, or of who only names that signer."""
    device = a_device()
    body = TrustCode(
        issued_at=issued_at,
        issuer=FACTORY_LEDGER,
        udi=device.udi,
        order=Order(1, 1, issued_at),
        public_key=a_key("licensing 0").public_key,
        generation=0,
        origin=TrustOrigin.FACTORY,
    ).encode()
    value = keyring.sign(a_key(by or signer), preimage(TrustCode.TYPE, TrustCode.VERSION, body))
    block = DirectSignature(chain=(signer_certificate(signer),), value=value)
    code = Document(type=TrustCode.TYPE, version=TrustCode.VERSION, body=body, signature=block)
    device.trust_code = (write_document(code), "licensing 0")
    return device


@pytest.mark.threat("C2", role="cssm")
@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_a_factory_trust_code_outlives_the_rotation_of_its_signer(
    portal: Bench, rotations: int
) -> None:
    item = minted().report()
    for _ in range(rotations):
        portal.replace_signer()

    assert portal.report(item).verdict is Verdict.ACCEPTED


@pytest.mark.threat("C1", role="cssm")
@pytest.mark.parametrize("late", [False, True])
def test_one_of_a_revoked_signer_is_refused_and_told_what_to_do(
    portal: Bench, *, late: bool
) -> None:
    device = minted()
    if late:
        portal.replace_signer()
    portal.replace_signer(revoked=("portal",))
    with pytest.raises(Problem) as caught:
        portal.report(device.report())

    assert caught.value.code == "key-revoked"
    assert "license smart trust idtoken TOKEN local" in caught.value.detail
    assert "license smart save trust-request PATH" in caught.value.detail
    device.install(portal.trust(device.trust_request(), to=ACCOUNT, pipe=Pipe.FILE))
    assert portal.report(device.report()).verdict is Verdict.ACCEPTED


@pytest.mark.threat("C1", role="cssm")
def test_one_of_a_signer_that_no_root_set_ever_listed_is_refused(portal: Bench) -> None:
    with pytest.raises(Problem) as caught:
        portal.report(minted("stranger").report())

    assert caught.value.code == "unknown-key"


def store(*, signers: tuple[str, ...] = ("portal",)) -> TrustStore:
    newer = a_factory().following(signers=signers)
    trust = TrustStore().pin(newer.root_sets[0]).advance(newer.root_sets[1])
    return trust.with_manufacturer(newer.manufacturer)


def verified(device: Device, trust: TrustStore, now: int) -> str:
    try:
        verify_report(read_report(device.report()), trust, now)
    except Problem as problem:
        return problem.code
    return "verified"


@pytest.mark.threat("C2", role="cssm")
@pytest.mark.parametrize(
    ("issued_at", "outcome"),
    [(NOW, "verified"), (NOW + 10 * 365 * DAY - 1800, "signer-expired")],
)
def test_it_counts_after_its_signer_expired_where_it_was_issued_before(
    issued_at: int, outcome: str
) -> None:
    # The certificate of ``short`` ends an hour before the root set does.
    trust = store(signers=("portal", "short"))
    now = NOW + 10 * 365 * DAY - 60

    assert verified(minted("short", issued_at), trust, now) == outcome


@pytest.mark.threat("C2", role="cssm")
def test_whoever_only_names_a_signer_that_is_gone_has_forged() -> None:
    trust = store(signers=("second",))

    assert verified(minted("portal"), trust, NOW) == "verified"
    assert verified(minted("portal", by="stranger"), trust, NOW) == "signature-invalid"


@pytest.mark.threat("C2", role="cssm")
def test_nothing_is_verified_under_a_root_set_that_expired() -> None:
    assert verified(minted("stranger"), store(), NOW + YEARS) == "root-expired"
    assert store(signers=("second",)).former
    code = minted().trust_code
    assert code is not None
    with pytest.raises(Problem) as caught:
        store().verify_as_issued(
            read_document(code[0]), expected=TrustCode.TYPE, issued_at=NOW, now=NOW + YEARS
        )
    assert caught.value.code == "root-expired"


def test_a_signer_that_is_listed_again_is_no_former_one() -> None:
    factory = a_factory().following(signers=("second",))
    back = factory.following(signers=("portal",))
    trust = TrustStore().pin(back.root_sets[0]).advance_all(back.root_sets)

    assert [one.certificate for one in trust.former] == [signer_certificate("second")]


@pytest.mark.threat("B15", role="cssm")
def test_it_does_not_come_back_where_a_trust_code_of_the_portal_is_in_use(portal: Bench) -> None:
    device = minted()
    factory_code = device.trust_code
    portal.report(device.report(((NOW - 1800, NOW - 900, 1),)))
    device.install(portal.trust(device.trust_request(), to=ACCOUNT, pipe=Pipe.FILE))
    portal.report(device.report(((NOW - 900, NOW, 1),)))
    device.trust_code = factory_code

    assert portal.report(device.report(((NOW, NOW + 60, 1),))).code == "superseded-key"
