"""A manufacturer that renewed its key under the same name certifies with both."""

from dataclasses import replace

import pytest

from gauger.core.documents import keyring
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from tests.support.builders import NOW, a_device, a_factory, a_key

TERMS = keyring.Terms(serial_number=9, not_before=NOW - 10, not_after=NOW + 10)
SECOND = Udi("C9800-CL-K9", "GGR0002")


def renewed() -> tuple[TrustStore, tuple[bytes, ...]]:
    """Return a store with both keys, and the SUDI that the newer one made."""
    first = a_factory().manufacturer
    key = a_key("renewed maker")
    authority = keyring.build_authority(key, "Example Manufacturer CA", TERMS)
    certificate = keyring.load_certificate(authority)
    second = replace(first, name="Example Manufacturer 2", certificate=certificate)
    issuer = keyring.Issuer(key=key, certificate=certificate)
    sudi = keyring.build_sudi(issuer, SECOND, a_key("sudi 2").public_key, TERMS)
    return TrustStore().with_manufacturer(first).with_manufacturer(second), (sudi,)


@pytest.mark.threat("C2", role="cssm")
def test_devices_of_both_keys_are_known() -> None:
    store, chain = renewed()
    device = a_device()

    assert store.verify_sudi(device.sudi.chain, device.udi, NOW).key_id
    assert store.verify_sudi(chain, SECOND, NOW).key_id


def test_a_certificate_that_none_of_them_made_is_refused() -> None:
    store, _ = renewed()
    thief = keyring.Issuer(key=a_key("thief"), certificate=store.manufacturers[0].certificate)
    forged = keyring.build_sudi(thief, SECOND, a_key("x").public_key, TERMS)
    with pytest.raises(Problem) as caught:
        store.verify_sudi((forged,), SECOND, NOW)
    assert caught.value.code == "signature-invalid"
