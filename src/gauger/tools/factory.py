"""The factory: a manufacturer that certifies, and the devices that it mints."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gauger import profiles
from gauger.adapters.keys.bundle import Bundle, write_bundle
from gauger.adapters.keys.file import FileSigner, generate_key, load_key, save_key
from gauger.adapters.keys.trust_folder import (
    MANUFACTURER_FILE,
    TrustFolder,
    read_file,
    read_manufacturer,
)
from gauger.adapters.storage.private_files import (
    named_failures,
    private_folder,
    replace_file,
    sync_folder,
)
from gauger.adapters.storage.writer_lock import WriterLock
from gauger.core.documents import keyring
from gauger.core.documents.authorization_code import FACTORY_EPOCH as FACTORY_AUTHORIZATION
from gauger.core.documents.authorization_code import (
    AuthorizationCode,
    AuthorizationOrigin,
    AuthorizedLicence,
)
from gauger.core.documents.body import Versioned
from gauger.core.documents.envelope import DirectSignature, Document
from gauger.core.documents.keyring import Issuer, PrivateKey, load_certificate
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.page import ID_BYTES
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.purchase_info import Purchase, PurchaseInfo
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.trust_code import FACTORY_GENERATION, TrustCode, TrustOrigin
from gauger.core.documents.trust_store import TrustStore, expiry_time
from gauger.core.documents.versions import Order
from gauger.core.fields import Fields
from gauger.core.identity import AccountRef, Udi
from gauger.core.policy.rules import Group, Rule
from gauger.core.problems import Problem
from gauger.core.profiles import Enforcement, Profile
from gauger.core.strict_json import decode
from gauger.tools.trust import EMBEDDED, Quorum, RootFolder
from gauger.tools.typed import typed, typed_udi
from gauger.tools.workshop import Workshop, require_certificate_name

MANUFACTURER: Final = "manufacturer"
ROOT: Final = "root"
CA_KEY: Final = "ca.key.pem"
CA_CERTIFICATE: Final = "ca.cert.pem"
DEFAULT_NAME: Final = "Example Manufacturer"
DEFAULT_PREFIX: Final = "GGR"
FACTORY_EPOCH: Final = 1
"""Ledger epoch of what a factory signs: it has one life, its versions are issue times."""

_LOCK: Final = "lock"
_FILE_CAP: Final = 256 * 1024
_REQUIREMENTS: Final = ("first_report", "frequency", "on_change")


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryOrder:
    """What a factory is made for.

    Attributes:
        name: Name of the manufacturer.
        serial_prefix: What its serial numbers begin with.
        pids: Further product ids beside those of the profiles that come along.
        embedded: Whether one root key is enough (for a trial).
    """

    name: str = DEFAULT_NAME
    serial_prefix: str = DEFAULT_PREFIX
    pids: tuple[str, ...] = ()
    embedded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MintOrder:
    """One device as it was ordered.

    Attributes:
        profile: Which product.
        pid: Product id, or None for the profile's usual one.
        serial: Serial number, or None for a random one with the manufacturer's prefix.
        account: Account of the customer, or None where the factory does not know it.
        policy: File with a custom policy, or None.
        purchase: File with purchase information, or None.
        trust_code: Whether a factory trust code is installed.
        authorization: Whether an authorization code is installed, for what the purchase
            information names of the licences that need one.
    """

    profile: Profile
    pid: str | None = None
    serial: str | None = None
    account: AccountRef | None = None
    policy: Path | None = None
    purchase: Path | None = None
    trust_code: bool = False
    authorization: bool = False

    @property
    def needs_signer(self) -> bool:
        """Whether a factory signer has something to sign."""
        files = self.policy is not None or self.purchase is not None
        return self.trust_code or self.authorization or files


def init_factory(out: Path, order: FactoryOrder, workshop: Workshop) -> Manufacturer:
    """Make a manufacturer and a licensing root.

    Args:
        out: New factory folder.
        order: What it is made for.
        workshop: Clock and randomness.

    Raises:
        Problem: ``conflict`` where the folder holds a factory; ``invalid-argument``;
            ``store-locked`` where another process makes one there; or of the key files.
    """
    certified, key = f"{order.name} CA", generate_key(workshop.entropy)
    require_certificate_name(certified)
    certificate = keyring.build_authority(key, certified, workshop.terms())
    known = (profiles.builtin(name) for name in profiles.names())
    manufacturer = Manufacturer(
        name=order.name,
        certificate=load_certificate(certificate),
        pids=frozenset(order.pids).union(*(profile.pids for profile in known)),
        serial_prefixes=(order.serial_prefix,),
        # An id of its own: what a factory signs must not count among the versions of any portal.
        ledger=workshop.entropy.random_bytes(ID_BYTES).hex(),
    )
    text = _text(manufacturer, order.pids)
    # Two at once would clear away each other's unfinished folders.
    with WriterLock(private_folder(out) / _LOCK):
        folder = out / MANUFACTURER
        if folder.exists():
            raise _taken("manufacturer", folder)
        _make_root(out / ROOT, EMBEDDED if order.embedded else Quorum(), workshop)
        # Last: by its manufacturer a whole factory is told from one that was cut off.
        with _appearing(folder) as new:
            save_key(new / CA_KEY, key)
            replace_file(new / CA_CERTIFICATE, keyring.certificate_to_pem(certificate))
            replace_file(new / MANUFACTURER_FILE, text)
    return manufacturer


def _make_root(folder: Path, quorum: Quorum, workshop: Workshop) -> None:
    """Make a licensing root, or keep one that a cut-off attempt left as this one would make it."""
    if not folder.exists():
        with _appearing(folder) as new:
            RootFolder(new, workshop).create(quorum)
        return
    root = RootFolder(folder, workshop)
    # Proven on the way: this is what devices will be told to trust.
    held = root.newest() if root.documents() else None
    # One that was worked with is somebody's: another factory here would pass for its maker.
    if held is None or held.number != 1 or _quorum(held) != quorum:
        raise _taken("licensing root", folder)


def _quorum(root_set: RootSet) -> Quorum:
    return Quorum(keys=len(root_set.keys), threshold=root_set.threshold)


def _taken(what: str, folder: Path) -> Problem:
    detail = f"There is a {what} in {folder}, or what is left of one: it is never overwritten."
    return Problem("conflict", detail)


@contextmanager
def _appearing(place: Path) -> Iterator[Path]:
    """Lend a new private folder, which gets its name only once all is in it.

    Keys are never overwritten: half a folder under its name could not be made again.
    """
    new = place.with_name(f".{place.name}.new")
    with named_failures(new):
        if new.exists():
            # Left by an attempt that was cut off; none of its keys was ever listed anywhere.
            shutil.rmtree(new)
    yield private_folder(new)
    with named_failures(place):
        new.rename(place)
    sync_folder(place.parent)


def declare(factory: Path, pids: tuple[str, ...], prefixes: tuple[str, ...]) -> Manufacturer:
    """Declare further product ids or serial prefixes; every role imports the file anew.

    Raises:
        Problem: ``file-not-found``, ``invalid-argument``.
    """
    folder = factory / MANUFACTURER
    held = read_manufacturer(folder)
    declared = replace(
        held,
        pids=held.pids | frozenset(pids),
        # In their order: the first one is that of new serial numbers.
        serial_prefixes=tuple(dict.fromkeys((*held.serial_prefixes, *prefixes))),
    )
    replace_file(folder / MANUFACTURER_FILE, _text(declared, pids))
    return declared


def mint(
    factory: Path, out: Path, order: MintOrder, *, workshop: Workshop, signer: Path | None = None
) -> Bundle:
    """Mint a device: its identity, what it trusts, and what was ordered with it.

    Args:
        factory: Factory folder.
        out: New folder for the bundle.
        order: What was ordered.
        workshop: Clock and randomness.
        signer: Folder of a listed signer, for policy, trust code and purchase information.

    Raises:
        Problem: ``invalid-argument`` where product id, serial number or signer do not fit;
            ``policy-out-of-range``, ``unknown-entitlement``; or of the files.
    """
    manufacturer = read_manufacturer(factory / MANUFACTURER)
    udi = _udi(order, manufacturer, workshop)
    key = load_key(factory / MANUFACTURER / CA_KEY)
    issuer = Issuer(key=key, certificate=manufacturer.certificate)
    sudi_key = generate_key(workshop.entropy)
    root = RootFolder(factory / ROOT, workshop)
    bundle = Bundle(
        udi=udi,
        profile=order.profile,
        made_at=workshop.now(),
        sudi_key=sudi_key,
        sudi=keyring.build_sudi(issuer, udi, sudi_key.public_key, workshop.terms()),
        # The newest set alone: what a device holds first it pins, and needs no chain to.
        trust=TrustFolder((root.documents()[-1:]), (manufacturer,)),
        trust_key=generate_key(workshop.entropy) if order.trust_code else None,
    )
    store = root.store().with_manufacturer(manufacturer)
    bundle = replace(bundle, documents=_documents(order, bundle, _Bench(workshop, store, signer)))
    # As a portal will: a bundle that nobody would believe never leaves the factory.
    store.verify_sudi((bundle.sudi,), udi, bundle.made_at)
    write_bundle(out, bundle)
    return bundle


def _text(manufacturer: Manufacturer, pids: tuple[str, ...]) -> bytes:
    """Return the file of a manufacturer, read back before anything is made of what was typed.

    Args:
        manufacturer: The manufacturer.
        pids: The product ids that were typed.
    """
    text = manufacturer.to_json() + "\n"
    with typed():
        # Read back before it is written: what was declared on a command line may be no product id.
        Manufacturer.from_json(text)
        # The file may hold any text, but no device could ever have it.
        for pid in pids:
            Udi(pid, manufacturer.serial_prefixes[0])
    return text.encode("ascii")


def _udi(order: MintOrder, manufacturer: Manufacturer, workshop: Workshop) -> Udi:
    pid = order.pid or order.profile.pids[0]
    if pid not in order.profile.pids:
        known = ", ".join(order.profile.pids)
        detail = f"The product {order.profile.name} has no PID {pid}; it has {known}."
        raise Problem("invalid-argument", detail)
    prefix = manufacturer.serial_prefixes[0]
    udi = typed_udi(pid, order.serial or prefix + workshop.entropy.random_bytes(4).hex().upper())
    # Whoever trusts this manufacturer believes it on these only: of any other, a SUDI would be
    # refused everywhere.
    if not manufacturer.declares(udi):
        prefixes = ", ".join(manufacturer.serial_prefixes)
        detail = (
            f"{manufacturer.name} does not declare {udi}. Its serial numbers begin with "
            f"{prefixes}; `gauger factory declare` adds a PID or a prefix."
        )
        raise Problem("invalid-argument", detail)
    return udi


@dataclass(frozen=True, slots=True)
class _Bench:
    """Where the documents of one device are signed, and proven before they leave."""

    workshop: Workshop
    store: TrustStore
    folder: Path | None

    def signed(self, body: Versioned) -> Document:
        """Sign a body directly and check it as the device will."""
        if self.folder is None:
            raise Problem("invalid-argument", "Name the factory's signer with --signer.")
        signer = FileSigner.load(self.folder)
        raw = body.encode()
        unsigned = DirectSignature(chain=signer.chain, value=b"")
        draft = Document(type=body.TYPE, version=body.VERSION, body=raw, signature=unsigned)
        value = signer.sign(draft.preimage)
        document = replace(draft, signature=replace(unsigned, value=value))
        now = expiry_time(0, self.store.root_set, self.workshop.now())
        # A signer that is not listed, or was revoked since, must show here and not at the customer.
        self.store.verify(document, expected=body.TYPE, now=now)
        return document


def _documents(order: MintOrder, bundle: Bundle, bench: _Bench) -> Mapping[str, Document]:
    if not order.needs_signer:
        return {}
    bodies: list[Versioned] = []
    if order.policy is not None:
        bodies.append(_policy(order.policy, order, bundle, bench))
    if order.purchase is not None:
        bodies.append(_purchase(order.purchase, order, bundle, bench))
    if bundle.trust_key is not None:
        bodies.append(_trust_code(bundle.trust_key, order, bundle, bench))
    if order.authorization:
        bodies.append(_authorization(bodies, order, bundle, bench))
    return {body.TYPE: bench.signed(body) for body in bodies}


def _order(bundle: Bundle, bench: _Bench) -> Order:
    root_set = bench.store.root_set
    epoch = 0 if root_set is None else root_set.epoch
    # In the root's epoch: after a revocation it stands above what a thief may have issued.
    return Order(epoch, FACTORY_EPOCH, bundle.made_at)


def _policy(path: Path, order: MintOrder, bundle: Bundle, bench: _Bench) -> PolicyDocument:
    fields = _read(path, "the policy file")
    rules = fields.child("rules")
    return PolicyDocument(
        issued_at=bundle.made_at,
        test_clock=bench.workshop.clock.is_test,
        issuer=bundle.trust.manufacturers[0].ledger,
        account=order.account,
        order=_order(bundle, bench),
        name=fields.text("name", limit=128),
        ack_required=fields.boolean("ack_required", default=True),
        rules={group: _rule(rules.child(group)) for group in Group if group in rules},
    )


def _rule(fields: Fields) -> Rule:
    return Rule(*(fields.integer(name) for name in _REQUIREMENTS))


def _purchase(path: Path, order: MintOrder, bundle: Bundle, bench: _Bench) -> PurchaseInfo:
    lines = _read(path, "the purchase file").items("items", limit=1024)
    items = [Purchase.from_fields(line) for line in lines]
    for item in items:
        # Refused here: a licence that the product does not have could never be used on it.
        order.profile.licence(item.tag)
    return PurchaseInfo(
        issued_at=bundle.made_at,
        test_clock=bench.workshop.clock.is_test,
        issuer=bundle.trust.manufacturers[0].ledger,
        account=order.account,
        udi=bundle.udi,
        order=_order(bundle, bench),
        items=tuple(items),
    )


def _trust_code(key: PrivateKey, order: MintOrder, bundle: Bundle, bench: _Bench) -> TrustCode:
    return TrustCode(
        issued_at=bundle.made_at,
        test_clock=bench.workshop.clock.is_test,
        issuer=bundle.trust.manufacturers[0].ledger,
        account=order.account,
        udi=bundle.udi,
        order=_order(bundle, bench),
        public_key=key.public_key,
        generation=FACTORY_GENERATION,
        origin=TrustOrigin.FACTORY,
    )


def _authorization(
    bodies: Sequence[Versioned], order: MintOrder, bundle: Bundle, bench: _Bench
) -> AuthorizationCode:
    """Authorize what was bought with the device and stays off without a code."""
    counts: dict[str, int] = {}
    terms: dict[str, str] = {}
    for bought in (
        item for body in bodies if isinstance(body, PurchaseInfo) for item in body.items
    ):
        if order.profile.licence(bought.tag).enforcement is not Enforcement.UNENFORCED:
            counts[bought.tag] = counts.get(bought.tag, 0) + bought.quantity
            terms[bought.tag] = bought.term
    # A code of nothing would be no code; better to learn here that the order lacks the licence.
    if not any(counts.values()):
        detail = "What was bought needs no authorization code: name the purchase with --purchase."
        raise Problem("invalid-argument", detail)
    ledger = bundle.trust.manufacturers[0].ledger
    return AuthorizationCode(
        issued_at=bundle.made_at,
        test_clock=bench.workshop.clock.is_test,
        issuer=ledger,
        account=order.account,
        udi=bundle.udi,
        order=_order(bundle, bench),
        code=bench.workshop.entropy.random_bytes(ID_BYTES).hex(),
        epoch=FACTORY_AUTHORIZATION,
        origin=AuthorizationOrigin.FACTORY,
        licences=tuple(
            AuthorizedLicence(
                tag=tag, name=order.profile.licence(tag).name, count=count, term=terms[tag]
            )
            for tag, count in counts.items()
            if count
        ),
    )


def _read(path: Path, what: str) -> Fields:
    return Fields(decode(read_file(path, _FILE_CAP), what=what, cap=_FILE_CAP), what)
