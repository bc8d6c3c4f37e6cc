"""Fixed keys, authorities and signed documents that the tests share."""

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from gauger.core.documents import keyring
from gauger.core.documents.envelope import (
    DirectSignature,
    Document,
    SignatureBlock,
    ThresholdSignature,
    preimage,
)
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.page import Leaf, LedgerEpoch, PageFacts, build_page
from gauger.core.documents.root_set import ListedSigner, RootKey, RootSet
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import Digest, Udi
from gauger.core.problems import Problem

NOW = 1_790_000_000
TERMS = keyring.Terms(serial_number=7, not_before=NOW - 1000, not_after=NOW + 10**8)
LEDGER = "aa" * 16
FACTORY_LEDGER = "fa" * 16
UDI = Udi("C9800-CL-K9", "GGR0001")
ROOT_KEYS = (1, 2, 3)
SIGNER = 11


def refused(code: str) -> "pytest.RaisesExc[Problem]":
    """Expect a problem of this code."""
    return pytest.raises(Problem, check=lambda problem: problem.code == code)


@functools.cache
def key(number: int) -> keyring.PrivateKey:
    """Return the fixed key of a number."""
    return keyring.PrivateKey.from_seed((10**60 + number).to_bytes(40, "big"))


@functools.cache
def manufacturer(seed: int = 100, name: str = "Example Manufacturer CA") -> keyring.Issuer:
    """Return a manufacturer's authority with its fixed key."""
    certificate = keyring.build_authority(key(seed), name, TERMS)
    return keyring.Issuer(key=key(seed), certificate=keyring.load_certificate(certificate))


@functools.cache
def declared(seed: int = 100, name: str = "Example Manufacturer CA") -> Manufacturer:
    """Return the manufacturer's file."""
    return Manufacturer(
        name=name,
        certificate=manufacturer(seed, name).certificate,
        pids=frozenset({"C9800-CL-K9", "C9300-24T"}),
        serial_prefixes=("GGR",),
        ledger=FACTORY_LEDGER,
    )


@functools.cache
def sudi(udi: Udi = UDI, *, number: int = 50, maker: int = 100) -> bytes:
    """Return the SUDI certificate of a device over the key of a number."""
    return keyring.build_sudi(manufacturer(maker), udi, key(number).public_key, TERMS)


@functools.cache
def signer_certificate(
    number: int = SIGNER, *, delegates: bool = False, not_after: int = TERMS.not_after
) -> bytes:
    """Return the certificate of a signer over the key of a number."""
    terms = keyring.Terms(serial_number=9, not_before=NOW - 1000, not_after=not_after)
    return keyring.build_signer(key(number), f"Signer {number}", terms, delegates=delegates)


@dataclass(frozen=True, kw_only=True)
class Authority:
    """What signs in a test: a key, its chain, and the ledger that it signs for."""

    number: int = SIGNER
    chain: tuple[bytes, ...] = field(default_factory=lambda: (signer_certificate(),))
    ledger: str = LEDGER

    @property
    def key(self) -> keyring.PrivateKey:
        """The signing key."""
        return key(self.number)

    def direct(self, body: Mapping[str, object], kind: str = "policy") -> Document:
        """Sign a body directly."""
        raw = encoded(body, kind=kind, issuer=self.ledger)
        value = keyring.sign(self.key, preimage(kind, 1, raw))
        return document(kind, raw, DirectSignature(chain=self.chain, value=value))

    def paged(
        self, bodies: Sequence[Mapping[str, object]], kind: str = "ack", **facts: object
    ) -> list[Document]:
        """Sign bodies as the leaves of one page."""
        raw = [encoded(body, kind=kind, issuer=self.ledger) for body in bodies]
        leaves = [
            Leaf(bytes([at % 256] * 16), preimage(kind, 1, each)) for at, each in enumerate(raw)
        ]
        usual = {"ledger": self.ledger, "signer": self.key.key_id}
        page = build_page(page_facts(**(usual | facts)), leaves)
        value = keyring.sign(self.key, page.preimage)
        return [
            document(kind, each, page.signature(at, chain=self.chain, value=value))
            for at, each in enumerate(raw)
        ]


def page_facts(**facts: object) -> PageFacts:
    """Return the facts of a first page, changed as asked."""
    usual = {
        "ledger": LEDGER,
        "epoch": LedgerEpoch(1, "ee" * 16),
        "page": 0,
        "previous_root": Digest("00" * 32),
        "issued_at": NOW,
        "signer": key(SIGNER).key_id,
    }
    return PageFacts(**(usual | facts))  # type: ignore[arg-type] # the dataclass checks the names


def encoded(body: Mapping[str, object], *, kind: str, issuer: str) -> bytes:
    """Return a body with the common fields; what the test gives wins."""
    common = {"type": kind, "version": 1, "issued_at": NOW, "issuer": issuer, "account": None}
    return json.dumps(common | dict(body), sort_keys=True, separators=(",", ":")).encode()


def document(kind: str, body: bytes, signature: SignatureBlock) -> Document:
    """Return a document of version 1."""
    return Document(type=kind, version=1, body=body, signature=signature)


def root_set(**changes: object) -> RootSet:
    """Return root set 1 with one signer, changed as asked."""
    usual = {
        "issued_at": NOW - 500,
        "number": 1,
        "epoch": 1,
        "expires_at": NOW + 10**8,
        "threshold": 2,
        "keys": tuple(RootKey.of(key(number).public_key) for number in ROOT_KEYS),
        "signers": (ListedSigner.of(signer_certificate()),),
    }
    return RootSet(**(usual | changes))  # type: ignore[arg-type] # the dataclass checks the names


def signed_root(root: RootSet, *numbers: int) -> Document:
    """Sign a root set with the root keys of these numbers (1 and 2 if none are named)."""
    body = root.encode()
    message = preimage("root-set", 1, body)
    keys = [key(number) for number in numbers or (1, 2)]
    values = tuple((each.key_id, keyring.sign(each, message)) for each in keys)
    return document("root-set", body, ThresholdSignature(signatures=values))


def trust_store(**changes: object) -> TrustStore:
    """Return a store that pinned root set 1 (changed as asked) and one manufacturer."""
    store = TrustStore(manufacturers=(declared(),))
    return store.pin(signed_root(root_set(**changes)))
