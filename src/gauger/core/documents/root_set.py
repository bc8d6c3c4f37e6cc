"""The root set: which signers are trusted, which keys are revoked, and who may say so.

Root keys are kept offline; a set is signed by a threshold of them (`spec/root-set.md`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from gauger.core.documents import keyring
from gauger.core.documents.body import Body, read_head
from gauger.core.documents.envelope import Document, ThresholdSignature
from gauger.core.fields import Fields, encode_base64
from gauger.core.identity import Digest
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue

MAXIMUM_KEYS: Final = 16
MAXIMUM_SIGNERS: Final = 256
MAXIMUM_REVOKED: Final = 2500
"""So many key ids, with keys and signers, still fit the cap of a document."""

_CERTIFICATE_CAP: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class RootKey:
    """One of the offline keys.

    Attributes:
        key_id: SHA-256 of the public key.
        public_key: DER SubjectPublicKeyInfo.
    """

    key_id: Digest
    public_key: bytes

    @classmethod
    def of(cls, public_key: bytes) -> "RootKey":
        """Return the root key of a public key."""
        return cls(keyring.check_public_key(public_key), public_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSigner:
    """A signer that the root trusts.

    Attributes:
        key_id: SHA-256 of its public key.
        certificate: The exact certificate (DER) that is trusted, and no other over the same key.
        ledger: The only ledger it may sign for, or None where it is bound to none.
        delegates: Whether it may certify signers of named accounts.
    """

    key_id: Digest
    certificate: bytes
    ledger: str | None = None
    delegates: bool = False

    @classmethod
    def of(
        cls, certificate: bytes, *, ledger: str | None = None, delegates: bool = False
    ) -> "ListedSigner":
        """Return the entry of a certificate."""
        key_id = keyring.load_certificate(certificate).key_id
        return cls(key_id=key_id, certificate=certificate, ledger=ledger, delegates=delegates)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return {
            "key_id": self.key_id,
            "certificate": encode_base64(self.certificate),
            "ledger": self.ledger,
            "delegates": self.delegates,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RootSet(Body):
    """A root set.

    Attributes:
        number: 1 for the first; each next one is higher by one.
        epoch: First part of the order of all versioned documents; a new one is opened when a key
            was stolen, so that nothing the thief issued stands above what is issued after.
        expires_at: Last second at which it is obeyed.
        threshold: How many root keys must sign.
        keys: The root keys.
        signers: The signers that are trusted.
        revoked: Key ids of signers, trust codes or devices that are trusted no longer.
    """

    TYPE: ClassVar[str] = "root-set"
    FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"number", "epoch", "expires_at", "threshold", "keys", "signers", "revoked"}
    )

    number: int
    epoch: int
    expires_at: int
    threshold: int
    keys: tuple[RootKey, ...]
    signers: tuple[ListedSigner, ...]
    revoked: tuple[Digest, ...] = ()

    @classmethod
    def from_document(cls, document: Document) -> "RootSet":
        """Read a root set; its signatures are not judged here.

        Raises:
            Problem: As `Body.open`, and ``malformed`` where it contradicts itself.
        """
        fields = cls.open(document)
        root_set = cls(
            **read_head(fields),
            number=fields.integer("number", least=1),
            epoch=fields.integer("epoch", least=1),
            expires_at=fields.time("expires_at"),
            threshold=fields.integer("threshold", least=1, most=MAXIMUM_KEYS),
            keys=tuple(map(_read_key, fields.items("keys", limit=MAXIMUM_KEYS))),
            signers=tuple(map(_read_signer, fields.items("signers", limit=MAXIMUM_SIGNERS))),
            revoked=fields.digests("revoked", limit=MAXIMUM_REVOKED),
        )
        root_set.check()
        return root_set

    def check(self) -> None:
        """Check what a set must hold in itself.

        Raises:
            Problem: ``malformed``.
        """
        keys = [key.key_id for key in self.keys]
        signers = [signer.key_id for signer in self.signers]
        everyone = keys + signers
        if self.threshold > len(keys):
            detail = f"The root set asks for {self.threshold} of {len(keys)} keys."
            raise Problem("malformed", detail)
        if len(set(everyone)) != len(everyone):
            # A key listed twice would count twice; a root key that also signs answers is online.
            raise Problem("malformed", "The root set lists a key twice.")
        # Which of the two a reader looks at first would decide whether the key is trusted.
        if set(everyone) & set(self.revoked):
            raise Problem("malformed", "The root set revokes a key that it lists.")

    def own_json(self) -> dict[str, JsonValue]:
        """Return the fields of this type alone."""
        return {
            "number": self.number,
            "epoch": self.epoch,
            "expires_at": self.expires_at,
            "threshold": self.threshold,
            "keys": [
                {"key_id": key.key_id, "public_key": encode_base64(key.public_key)}
                for key in self.keys
            ],
            "signers": [signer.to_json() for signer in self.signers],
            "revoked": list(self.revoked),
        }

    def signer(self, key_id: Digest) -> ListedSigner | None:
        """Return the listed signer of a key, or None."""
        return next((signer for signer in self.signers if signer.key_id == key_id), None)

    def require_threshold(self, document: Document) -> None:
        """Check that enough of this set's root keys signed a document.

        Args:
            document: This root set itself, or the one that follows it.

        Raises:
            Problem: ``root-threshold`` where too few did; a signature that does not verify, or is
                by a key that is not listed, counts for nothing.
        """
        # Signers are online and may be stolen; they must never say who is trusted next.
        if not isinstance(document.signature, ThresholdSignature):
            raise Problem("root-threshold", "A root set is signed by root keys, never by a signer.")
        # Keys of this set: a signature by any other key is no vote, however good it is.
        public_keys = {key.key_id: key.public_key for key in self.keys}
        # A set: ten signatures by one key are one vote.
        holders = {
            key_id
            for key_id, value in document.signature.signatures
            if _holds(public_keys, key_id, document.preimage, value)
        }
        if len(holders) < self.threshold:
            detail = (
                f"The root set is signed by {len(holders)} of the keys of root set "
                f"{self.number}, which asks for {self.threshold}."
            )
            raise Problem("root-threshold", detail)


def _holds(keys: Mapping[Digest, bytes], key_id: Digest, message: bytes, value: bytes) -> bool:
    if key_id not in keys:
        return False
    try:
        keyring.verify(keys[key_id], message, value)
    except Problem:
        return False
    return True


def _read_key(fields: Fields) -> RootKey:
    key = RootKey.of(fields.base64("public_key", limit=1024))
    # Signatures are counted by this id: two ids of one key would be two votes.
    if key.key_id != fields.digest("key_id"):
        raise Problem("malformed", "A root key's id is not the digest of its public key.")
    return key


def _read_signer(fields: Fields) -> ListedSigner:
    signer = ListedSigner.of(
        fields.base64("certificate", limit=_CERTIFICATE_CAP),
        ledger=fields.optional_hex_id("ledger"),
        delegates=fields.boolean("delegates"),
    )
    if signer.key_id != fields.digest("key_id"):
        raise Problem("malformed", "A signer's id is not the digest of its certificate's key.")
    return signer
