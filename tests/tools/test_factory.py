"""The factory: what a minted device carries, and what is refused."""

import dataclasses
import itertools
import json
import os
from contextlib import suppress
from pathlib import Path

import pytest

from gauger import profiles
from gauger.adapters.keys.bundle import Bundle, read_bundle, write_bundle
from gauger.adapters.keys.file import load_key
from gauger.adapters.keys.trust_folder import read_manufacturer
from gauger.adapters.storage.writer_lock import WriterLock
from gauger.core.documents import keyring
from gauger.core.documents.authorization_code import AuthorizationCode, AuthorizationOrigin
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.purchase_info import PurchaseInfo
from gauger.core.documents.trust_code import TrustCode, TrustOrigin
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, Udi
from gauger.core.policy.rules import Group, Rule
from gauger.tools.factory import FactoryOrder, MintOrder, declare, init_factory, mint
from gauger.tools.trust import RootFolder, SignerOrder
from tests.core.documents.material import NOW, refused
from tests.support.killing import Killed, killed_at
from tests.tools.material import workshop

ACCOUNT = AccountRef("example.com", "DEFAULT")
PROFILE = profiles.builtin("c9800-cl")
TAG = PROFILE.licences[0].tag
POLICY = {
    "name": "Thirty days",
    "rules": {"perpetual": {"first_report": 30, "frequency": 30, "on_change": 0}},
}
PURCHASE = {"items": [{"tag": TAG, "name": "N", "quantity": 5, "term": "perpetual"}]}

_STEPS = (*((Path, name) for name in ("mkdir", "replace", "rename", "unlink")), (os, "fsync"))
"""What changes a folder."""


@pytest.fixture
def factory(tmp_path: Path) -> Path:
    init_factory(tmp_path / "F", FactoryOrder(), workshop())
    root = RootFolder(tmp_path / "F" / "root", workshop())
    root.issue_signer(tmp_path / "F" / "signers" / "factory", SignerOrder(name="Factory"))
    return tmp_path / "F"


def made(factory: Path, **changes: object) -> Bundle:
    """Mint a device and read its bundle back."""
    usual = MintOrder(profile=PROFILE)
    wanted = dataclasses.replace(usual, **changes)  # type: ignore[arg-type] # names are checked
    signer = factory / "signers" / "factory"
    out = factory.parent / "B"
    mint(factory, out, wanted, workshop=workshop(), signer=signer)
    return read_bundle(out)


def written(factory: Path, value: object) -> Path:
    path = factory / "order.json"
    path.write_text(json.dumps(value))
    return path


def test_a_minted_device_proves_its_identity(factory: Path) -> None:
    bundle = made(factory, serial="GGR0001")
    udi = Udi("C9800-CL-K9", "GGR0001")
    assert bundle.udi == udi
    assert bundle.profile == PROFILE
    store = bundle.trust.store()
    certificate = store.verify_sudi((bundle.sudi,), udi, NOW)
    keyring.verify(certificate.public_key, b"m", bundle.signer.sign(b"m"))
    assert certificate.not_after == keyring.NO_EXPIRY
    assert bundle.documents == {}
    assert bundle.trust_key is None


def test_a_serial_number_is_drawn_where_none_is_named(factory: Path) -> None:
    assert made(factory).udi.serial.startswith("GGR")


@pytest.mark.requirement("PI-6/policy")
def test_a_device_leaves_the_factory_with_its_custom_policy(factory: Path) -> None:
    bundle = made(factory, policy=written(factory, POLICY), account=ACCOUNT)
    document = bundle.documents["policy"]
    proof = bundle.trust.store().verify(document, expected="policy", now=NOW)
    policy = PolicyDocument.from_document(document)
    assert policy.rules == {Group.PERPETUAL: Rule(30, 30, 0)}
    assert (policy.name, policy.account, policy.ack_required) == ("Thirty days", ACCOUNT, True)
    assert policy.order == Order(1, 1, NOW)
    assert proof.issuer == read_manufacturer(factory / "manufacturer").ledger


@pytest.mark.requirement("PI-6/trust")
def test_a_device_leaves_the_factory_with_a_trust_code(factory: Path) -> None:
    bundle = made(factory, trust_code=True)
    document = bundle.documents["trust-code"]
    bundle.trust.store().verify(document, expected="trust-code", now=NOW)
    code = TrustCode.from_document(document)
    assert (code.udi, code.origin, code.generation) == (bundle.udi, TrustOrigin.FACTORY, 0)
    assert bundle.trust_key is not None
    assert code.public_key == bundle.trust_key.public_key
    assert (factory.parent / "B" / "trust.key.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.requirement("PI-6/purchase")
def test_a_device_leaves_the_factory_with_its_purchase_information(factory: Path) -> None:
    bundle = made(factory, purchase=written(factory, PURCHASE))
    document = bundle.documents["purchase-info"]
    bundle.trust.store().verify(document, expected="purchase-info", now=NOW)
    items = PurchaseInfo.from_document(document).items
    assert [(item.tag, item.quantity) for item in items] == [(TAG, 5)]


def test_a_product_of_ones_own_is_declared_first(factory: Path) -> None:
    own = dataclasses.replace(PROFILE, name="own", pids=("OWN-1",))
    with refused("invalid-argument"):
        made(factory, profile=own)
    declare(factory, ("OWN-1",), ("XYZ",))
    bundle = made(factory, profile=own, serial="XYZ1")
    bundle.trust.store().verify_sudi((bundle.sudi,), bundle.udi, NOW)


@pytest.mark.parametrize(
    "order",
    [
        FactoryOrder(pids=("C98 00",)),
        FactoryOrder(pids=("A,B",)),
        FactoryOrder(serial_prefix="A B"),
        FactoryOrder(name="N" * 65),
    ],
)
def test_a_factory_of_what_no_device_can_have_is_not_made(
    tmp_path: Path, order: FactoryOrder
) -> None:
    with refused("invalid-argument"):
        init_factory(tmp_path / "new", order, workshop())
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("pids", "prefixes"), [(("C98 00",), ()), ((), ("A B",))])
def test_what_no_device_can_have_is_not_declared(
    factory: Path, pids: tuple[str, ...], prefixes: tuple[str, ...]
) -> None:
    before = (factory / "manufacturer" / "manufacturer.json").read_text()
    with refused("invalid-argument"):
        declare(factory, pids, prefixes)
    assert (factory / "manufacturer" / "manufacturer.json").read_text() == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"pid": "C9300-24T"}, "invalid-argument"),
        ({"serial": "FOC0001"}, "invalid-argument"),
        ({"serial": "GGR 1"}, "invalid-argument"),
        ({"policy": Path("/nowhere/policy.json")}, "file-not-found"),
    ],
)
def test_an_order_that_does_not_fit_is_refused(
    factory: Path, changes: dict[str, object], code: str
) -> None:
    with refused(code):
        made(factory, **changes)
    assert not (factory.parent / "B").exists()


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("policy", {"name": "p", "rules": {"perpetual": POLICY["rules"]}}, "malformed"),
        (
            "policy",
            {
                "name": "p",
                "rules": {"export": {"first_report": 9999, "frequency": 0, "on_change": 0}},
            },
            "policy-out-of-range",
        ),
        (
            "purchase",
            {"items": [{"tag": "other", "name": "n", "quantity": 1, "term": "perpetual"}]},
            "unknown-entitlement",
        ),
    ],
)
def test_an_order_file_that_does_not_fit_is_refused(
    factory: Path, field: str, value: object, code: str
) -> None:
    with refused(code):
        made(factory, **{field: written(factory, value)})


def test_what_is_signed_needs_a_signer(factory: Path) -> None:
    order = MintOrder(profile=PROFILE, trust_code=True)
    with refused("invalid-argument"):
        mint(factory, factory / "B", order, workshop=workshop())


@pytest.mark.threat("C1")
def test_a_revoked_factory_signer_mints_nothing(factory: Path) -> None:
    root = RootFolder(factory / "root", workshop())
    root.revoke(root.newest().signers[0].key_id)
    with refused("key-revoked"):
        made(factory, trust_code=True)


def test_a_factory_and_a_bundle_are_never_overwritten(factory: Path) -> None:
    with refused("conflict"):
        init_factory(factory, FactoryOrder(), workshop())
    bundle = made(factory)
    with refused("conflict"):
        write_bundle(factory.parent / "B", bundle)


def test_a_factory_that_was_cut_off_at_any_step_can_be_made_again(tmp_path: Path) -> None:
    last_steps = []
    for number in itertools.count(1):
        out, finished = tmp_path / str(number), False
        with suppress(Killed), killed_at(number, _STEPS):
            init_factory(out, FactoryOrder(), workshop())
            finished = True
        if finished:
            break
        # Only its name is still to be made durable: nothing has to be done again.
        if (out / "manufacturer").exists():
            last_steps.append(number)
        else:
            # Another name than before: nothing of the attempt shows in what is made now.
            init_factory(out, FactoryOrder(name="Second"), workshop())
            assert read_manufacturer(out / "manufacturer").name == "Second", number
        root = RootFolder(out / "root", workshop())
        assert len(root.newest().keys) == len(list(root.path.glob("*.key.pem"))) == 3, number
        manufacturer = read_manufacturer(out / "manufacturer")
        key = load_key(out / "manufacturer" / "ca.key.pem")
        assert manufacturer.certificate.key_id == key.key_id, number
        assert {path.name for path in out.iterdir()} == {"lock", "root", "manufacturer"}
    assert last_steps == [number - 1]
    assert number > 20


def test_a_factory_is_not_made_beside_a_root_that_was_worked_with(factory: Path) -> None:
    (factory / "manufacturer").rename(factory / "elsewhere")
    with refused("conflict"):
        init_factory(factory, FactoryOrder(), workshop())
    assert not (factory / "manufacturer").exists()


def test_root_keys_without_a_root_set_are_not_built_upon(tmp_path: Path) -> None:
    init_factory(tmp_path / "F", FactoryOrder(), workshop())
    (tmp_path / "F" / "manufacturer").rename(tmp_path / "elsewhere")
    (tmp_path / "F" / "root" / "root-set-1.json").unlink()
    with refused("conflict"):
        init_factory(tmp_path / "F", FactoryOrder(), workshop())


def test_two_factories_are_not_made_in_one_folder_at_once(tmp_path: Path) -> None:
    (tmp_path / "F").mkdir(mode=0o700)
    with WriterLock(tmp_path / "F" / "lock"), refused("store-locked"):
        init_factory(tmp_path / "F", FactoryOrder(), workshop())
    init_factory(tmp_path / "F", FactoryOrder(), workshop())


def test_an_embedded_factory_has_one_root_key(tmp_path: Path) -> None:
    init_factory(tmp_path / "F", FactoryOrder(embedded=True, pids=("X-1",)), workshop())
    newest = RootFolder(tmp_path / "F" / "root", workshop()).newest()
    assert (newest.threshold, len(newest.keys)) == (1, 1)
    assert "X-1" in read_manufacturer(tmp_path / "F" / "manufacturer").pids


ROUTER = profiles.builtin("example-router")
BOUGHT = {
    "items": [
        {"tag": licence.tag, "name": licence.name, "quantity": 2, "term": "perpetual"}
        for licence in ROUTER.licences
    ]
}


@pytest.mark.requirement("PI-6/authorization")
def test_a_device_leaves_the_factory_with_codes_for_what_needs_them(factory: Path) -> None:
    order = written(factory, {"items": BOUGHT["items"] + BOUGHT["items"][-1:]})
    bundle = made(factory, profile=ROUTER, purchase=order, authorization=True, account=ACCOUNT)
    document = bundle.documents["authorization-code"]
    bundle.trust.store().verify(document, expected="authorization-code", now=NOW)
    code = AuthorizationCode.from_document(document)
    assert (code.udi, code.origin, code.epoch) == (bundle.udi, AuthorizationOrigin.FACTORY, 0)
    # The two that are off without one, and no other; what stands there twice is added up.
    assert {(one.name, one.count) for one in code.licences} == {
        ("Ring Redundancy", 2),
        ("hseck9", 4),
    }
    assert (code.account, code.order) == (ACCOUNT, Order(1, 1, NOW))


@pytest.mark.parametrize("items", [None, BOUGHT["items"][:2]])
def test_no_code_is_made_for_what_needs_none(factory: Path, items: object) -> None:
    order = None if items is None else written(factory, {"items": items})
    with refused("invalid-argument"):
        made(factory, profile=ROUTER, purchase=order, authorization=True)
