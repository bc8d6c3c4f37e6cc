"""Work on a licensing root: make it, list signers, rotate its keys, revoke.

A root folder is kept offline. It holds the root keys and every root set that they signed; servers
and devices get the root sets only.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from gauger.adapters.keys.file import FileSigner, generate_key, load_key, save_key
from gauger.adapters.keys.trust_folder import read_root_sets, write_root_sets
from gauger.adapters.storage.private_files import private_folder
from gauger.adapters.storage.writer_lock import WriterLock
from gauger.core.documents import keyring
from gauger.core.documents.envelope import Document, ThresholdSignature, preimage
from gauger.core.documents.keyring import PrivateKey
from gauger.core.documents.root_set import MAXIMUM_KEYS, ListedSigner, RootKey, RootSet
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import Digest
from gauger.core.problems import Problem
from gauger.tools.typed import typed
from gauger.tools.workshop import DAY, Workshop, require_certificate_name

ROOT_DAYS: Final = 3650
"""How long a root set is obeyed; an offline device may see no newer one for years."""

SIGNER_DAYS: Final = 1095
_LOCK: Final = "lock"
# Bounded: a file of another name is never loaded as a key, however it came here.
_KEY_FILE: Final = re.compile(r"root-([1-9][0-9]{0,5})\.key\.pem")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """How many root keys there are, and how many of them must sign."""

    keys: int = 3
    threshold: int = 2

    def require_sense(self) -> None:
        """Refuse numbers by which nobody or anybody could sign.

        Raises:
            Problem: ``invalid-argument``.
        """
        if not 1 <= self.threshold <= self.keys <= MAXIMUM_KEYS:
            detail = f"{self.threshold} of {self.keys} is no threshold of 1 to 16 root keys."
            raise Problem("invalid-argument", detail)


EMBEDDED: Final = Quorum(keys=1, threshold=1)
"""For a trial: whoever copies the one key file owns the root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerOrder:
    """What a new signer is for.

    Attributes:
        name: Common name of its certificate.
        ledger: The only ledger it may sign for, or None.
        delegates: Whether it may certify signers of named accounts.
        days: How long its certificate holds.
    """

    name: str
    ledger: str | None = None
    delegates: bool = False
    days: int = SIGNER_DAYS


@dataclass(frozen=True, slots=True)
class RootFolder:
    """A root folder, open for work.

    Attributes:
        path: The folder.
        workshop: Clock and randomness.
        extra_keys: Files of root keys that are kept elsewhere.
    """

    path: Path
    workshop: Workshop
    extra_keys: Sequence[Path] = field(default=())

    def create(self, quorum: Quorum) -> RootSet:
        """Make root keys and root set 1, which lists no signer yet.

        Raises:
            Problem: ``conflict`` where the folder holds a root; ``invalid-argument`` where the
                numbers of keys make no sense; or of the key files.
        """
        quorum.require_sense()
        private_folder(self.path)
        if self.documents():
            raise Problem("conflict", f"There is a licensing root in {self.path}.")
        root_set = RootSet(
            issued_at=self.workshop.now(),
            test_clock=self.workshop.clock.is_test,
            number=1,
            epoch=1,
            expires_at=self.workshop.terms(ROOT_DAYS).not_after,
            threshold=quorum.threshold,
            keys=self._new_keys(quorum.keys),
            signers=(),
        )
        document = self._signed(root_set, root_set)
        # As a device will pin it: what does not hold is never written.
        self._empty_store().pin(document)
        write_root_sets(self.path, [document])
        return root_set

    def documents(self) -> tuple[Document, ...]:
        """Return all root sets of the folder, in order."""
        return read_root_sets(self.path)

    def store(self) -> TrustStore:
        """Return a store that followed all root sets of the folder.

        Raises:
            Problem: ``key-missing`` where there is no root; or where a root set does not hold.
        """
        documents = self.documents()
        if not documents:
            raise Problem("key-missing", f"There is no licensing root in {self.path}.")
        return self._empty_store().pin(documents[0]).advance_all(documents[1:])

    def newest(self) -> RootSet:
        """Return the newest root set, after proving all of them.

        Raises:
            Problem: As `store`.
        """
        self.store()
        return RootSet.from_document(self.documents()[-1])

    def issue_signer(self, out: Path, order: SignerOrder) -> ListedSigner:
        """Make a signer and list it in the next root set.

        Args:
            out: New folder for its key and certificate.
            order: What it is for.

        Raises:
            Problem: ``conflict`` where ``out`` holds a key; ``root-threshold`` where too few root
                keys are at hand; ``invalid-argument`` where name or ledger cannot be.
        """
        require_certificate_name(order.name)
        with self._alone() as held:
            self._require_quorum(held)
            key = generate_key(self.workshop.entropy)
            terms = self.workshop.terms(order.days)
            certificate = keyring.build_signer(key, order.name, terms, delegates=order.delegates)
            listed = ListedSigner.of(certificate, ledger=order.ledger, delegates=order.delegates)
            # Before any key lies there: one that no root set lists is in the way of the next try.
            with typed():
                following = self._following(replace(held, signers=(*held.signers, listed)))
            # Before the root set: a listed signer whose key was lost could never be used.
            FileSigner(key, (certificate,)).save(out)
            write_root_sets(self.path, [following])
            return listed

    def rotate(self, quorum: Quorum | None = None) -> RootSet:
        """Replace all root keys and open a new root epoch; the signers stay.

        Args:
            quorum: New numbers of keys, or None for the present ones.

        Raises:
            Problem: ``root-threshold`` where too few of the present root keys are at hand;
                ``invalid-argument`` where the new numbers make no sense.
        """
        with self._alone() as held:
            self._require_quorum(held)
            wanted = quorum or Quorum(keys=len(held.keys), threshold=held.threshold)
            wanted.require_sense()
            keys = self._new_keys(wanted.keys)
            renewed = replace(held, keys=keys, threshold=wanted.threshold, epoch=held.epoch + 1)
            return self._publish(renewed)

    def revoke(self, key_id: Digest) -> RootSet:
        """Revoke a key of a signer, trust code or device, and open a new root epoch.

        The new epoch puts whatever the authorities issue from now on above all that a thief of
        the key may have issued.

        Raises:
            Problem: ``conflict`` where it is revoked already; ``invalid-argument`` where it is a
                root key, which `rotate` replaces.
        """
        with self._alone() as held:
            if key_id in held.revoked:
                raise Problem("conflict", f"The key {key_id} is revoked already.")
            if key_id in {key.key_id for key in held.keys}:
                raise Problem("invalid-argument", f"{key_id} is a root key: rotate replaces it.")
            # Unlisted as well: a set that revokes a key which it lists is refused by every reader.
            signers = tuple(signer for signer in held.signers if signer.key_id != key_id)
            revoked, epoch = (*held.revoked, key_id), held.epoch + 1
            return self._publish(replace(held, signers=signers, revoked=revoked, epoch=epoch))

    @contextmanager
    def _alone(self) -> Iterator[RootSet]:
        """Give the newest root set to one process at a time.

        Two would each sign a set of the next number: one would be overwritten, and whoever holds
        it already could follow no later one.

        Raises:
            Problem: ``store-locked``; as `store`.
        """
        # Before the lock: a folder that holds no root must not get a lock file.
        self.store()
        with WriterLock(self.path / _LOCK):
            yield self.newest()

    def _publish(self, draft: RootSet) -> RootSet:
        """Number, sign, prove and write the next root set."""
        document = self._following(draft)
        write_root_sets(self.path, [document])
        return RootSet.from_document(document)

    def _following(self, draft: RootSet) -> Document:
        """Number, sign and prove the next root set; nobody sees it yet."""
        now = self.workshop.now()
        following = replace(
            draft,
            number=draft.number + 1,
            issued_at=now,
            # Never sooner than the set before: a clock that was wrong once must not shorten what
            # devices obey.
            expires_at=max(draft.expires_at, now + ROOT_DAYS * DAY),
            test_clock=self.workshop.clock.is_test,
        )
        # Proven as every reader will do it, before anybody can see it.
        store = self.store()
        document = self._signed(following, store.root_set or following)
        store.advance(document)
        return document

    def _signed(self, root_set: RootSet, held: RootSet) -> Document:
        """Sign with every key of either set at hand; the next reader counts those it needs."""
        body = root_set.encode()
        message = preimage(RootSet.TYPE, RootSet.VERSION, body)
        # As in TUF: those who are trusted say who follows, and those who follow show that they have
        # their keys.
        wanted = {key.key_id for key in (*root_set.keys, *held.keys)}
        values = tuple(
            # Keys of earlier rotations lie here still: their signatures count for nobody.
            (key.key_id, keyring.sign(key, message))
            for key in self._keys()
            if key.key_id in wanted
        )
        signature = ThresholdSignature(signatures=values)
        return Document(type=RootSet.TYPE, version=RootSet.VERSION, body=body, signature=signature)

    def _keys(self) -> list[PrivateKey]:
        return [load_key(path) for _, path in self._key_files()] + [
            load_key(path) for path in self.extra_keys
        ]

    def _key_files(self) -> list[tuple[int, Path]]:
        found = ((_KEY_FILE.fullmatch(path.name), path) for path in self.path.glob("root-*.pem"))
        return sorted((int(name[1]), path) for name, path in found if name)

    def _new_keys(self, count: int) -> tuple[RootKey, ...]:
        numbers = [number for number, _ in self._key_files()]
        # Numbered on, never written over: until all devices hold the new set, the old keys are
        # needed.
        first = max(numbers, default=0) + 1
        keys = [generate_key(self.workshop.entropy) for _ in range(count)]
        for number, key in enumerate(keys, first):
            # Before the set that lists them: a listed root key that was lost could never be
            # replaced.
            save_key(self.path / f"root-{number}.key.pem", key)
        return tuple(RootKey.of(key.public_key) for key in keys)

    def _require_quorum(self, held: RootSet) -> None:
        """Refuse before anything is made: half a signer would be left over."""
        known = {key.key_id for key in held.keys}
        at_hand = {key.key_id for key in self._keys()} & known
        if len(at_hand) < held.threshold:
            detail = (
                f"{len(at_hand)} of the {len(known)} root keys are at hand; "
                f"{held.threshold} must sign. Name the others with --root-key."
            )
            raise Problem("root-threshold", detail)

    def _empty_store(self) -> TrustStore:
        # A root of a test must be of use in a test, and nowhere else.
        return TrustStore(accepts_test_clock=self.workshop.clock.is_test)
