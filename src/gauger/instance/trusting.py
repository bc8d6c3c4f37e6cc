"""Trust of the product instance: which key signs, and the requests for trust codes."""

from dataclasses import dataclass, replace
from typing import Final

from gauger.core.documents.authorization_code import HeldCode
from gauger.core.documents.envelope import Document, write_document
from gauger.core.documents.rum_report import SigningType
from gauger.core.documents.trust_code import TrustCode
from gauger.core.documents.trust_request import TrustRequest, sign_trust_request
from gauger.core.identity import Digest, digest
from gauger.core.instance import trust as decisions
from gauger.core.instance.trust import Asked
from gauger.core.problems import Problem
from gauger.instance.holdings import Holdings
from gauger.instance.memory import Draft
from gauger.instance.ports import LicensingKey, Store
from gauger.instance.records import TrustRecord
from gauger.instance.reporting import SigningState
from gauger.instance.surroundings import Surroundings, topology

FACTORY_KEY_NAME: Final = "factory"
"""Name of the key that came with the device bundle."""

_REMEMBERED: Final = 50
"""How many trust requests are known again when an answer to them comes late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """An ID token that a trust request presents.

    Attributes:
        token_digest: SHA-256 of its text.
        force: Whether the operator wants to replace what is installed.
    """

    token_digest: Digest
    force: bool


class Trusting:
    """Makes trust requests and finds the key that signs."""

    def __init__(self, around: Surroundings, store: Store) -> None:
        """Take identity, keys and the store whose incarnation requests name."""
        self._around = around
        self._store = store
        self._key: tuple[str, LicensingKey] | None = None

    def signing_state(
        self, holdings: Holdings, record: TrustRecord, authorization: HeldCode | None = None
    ) -> SigningState | None:
        """Return with what reports are signed now, or None while there is no key.

        Args:
            holdings: What is in force.
            record: The own keys.
            authorization: The authorization code in force, or None.

        Raises:
            Problem: ``key-exposed`` or ``key-store-failed``.
        """
        sudi = self._around.sudi
        if sudi is None:
            return None
        key = self._licensing_key(holdings, record)
        return SigningState(
            signer=sudi if key is None else key,
            kind=(SigningType.SUDI if key is None else SigningType.TRUST).value,
            sudi_chain=sudi.chain,
            trust_code=None if key is None else holdings.trust_text,
            head=holdings.head,
            root_number=holdings.root_number,
            policy_order=None if holdings.policy is None else holdings.policy.order,
            account=holdings.account_ref,
            authorization=authorization,
        )

    def is_due(self, draft: Draft, holdings: Holdings) -> bool:
        """Return whether the next report or saved file takes a trust request along."""
        state = holdings.trust(draft.singles.trust)
        way = topology(draft.singles.configuration)
        release = self._around.profile.release
        return self._around.sudi is not None and decisions.is_request_due(state, release, way)

    def waiting_or_new(self, draft: Draft) -> str:
        """Return the request that waits for its answer, unchanged, or make one without token.

        Raises:
            Problem: ``key-missing``, ``key-store-failed`` or ``entropy-failed``.
        """
        record = draft.singles.trust
        waiting = record.asked
        # One that presents a token is of use only to the portal that gets the token with it.
        if waiting is not None and not waiting.by_token and record.document is not None:
            return record.document
        return self.make(draft, None)

    def make(self, draft: Draft, presented: Presented | None) -> str:
        """Make a trust request with a key of its own; it replaces one that waits.

        Args:
            draft: The change that the request becomes part of.
            presented: The ID token that goes with it, or None.

        Returns:
            The document as text.

        Raises:
            Problem: ``key-missing``, ``key-store-failed`` or ``entropy-failed``.
        """
        around, record = self._around, draft.singles.trust
        if around.sudi is None:
            raise Problem("key-missing", "The SUDI key is not there: nothing can be asked for.")
        # A new name for each: the answer to an earlier request may still come.
        name = f"{self._store.incarnation[:8]}-{around.entropy.random_bytes(4).hex()}"
        # Before the commit: a key that nothing names is waste, a name without key is lost trust.
        key = around.keys.make(name)
        wall = around.clock.wall()
        request = TrustRequest(
            issued_at=wall,
            test_clock=around.clock.is_test,
            udi=around.udi,
            incarnation=self._store.incarnation,
            counter=record.counter + 1,
            public_key=key.public_key,
            made_at=wall,
            nonce=around.nonce(),
            # Only its digest is signed: the token is a secret, this document is shown and filed.
            token_digest=None if presented is None else presented.token_digest,
        )
        document = sign_trust_request(request, sudi=around.sudi, key=key)
        asked = Asked(digest=document.digest, key_id=key.key_id, by_token=presented is not None)
        text = write_document(document)
        draft.singles = replace(
            draft.singles,
            trust=replace(
                record,
                counter=record.counter + 1,
                asked=asked,
                document=text,
                keys={**record.keys, key.key_id: name},
                made=(*record.made, document.digest)[-_REMEMBERED:],
                adopt=presented is not None and presented.force,
            ),
        )
        # A store that is copied back would use a counter twice.
        draft.batch.anchored = True
        return text

    def adopt_factory_key(self, draft: Draft, document: Document) -> None:
        """Take that the key of the factory trust code is among the own keys.

        Raises:
            Problem: Where the document is no trust code.
        """
        code = TrustCode.from_document(document)
        record = draft.singles.trust
        keys = {**record.keys, code.key_id: FACTORY_KEY_NAME}
        draft.singles = replace(draft.singles, trust=replace(record, keys=keys))

    def give_up(self, draft: Draft) -> None:
        """Take that the waiting request was refused for good; the next one is a new one."""
        trust = replace(draft.singles.trust, asked=None, document=None, adopt=False)
        draft.singles = replace(draft.singles, trust=trust)

    def forget_unused(self, draft: Draft, holdings: Holdings) -> tuple[str, ...]:
        """Drop keys that neither the trust code in use nor an answer that may come needs.

        Returns:
            Names of the key files to destroy once the draft is durable.
        """
        record = draft.singles.trust
        needed = {item.key_id for item in (holdings.trust_code, record.asked) if item is not None}
        if holdings.trust_code is None:
            # An answer may still be on its way to any request that would be known again. Not to
            # all: whoever tries a token each hour for years must not fill the disk with keys.
            needed |= set(list(record.keys)[-_REMEMBERED:])
        unused = {key_id: name for key_id, name in record.keys.items() if key_id not in needed}
        if not unused:
            return ()
        kept = {key_id: name for key_id, name in record.keys.items() if key_id in needed}
        draft.singles = replace(draft.singles, trust=replace(record, keys=kept))
        return tuple(unused.values())

    def _licensing_key(self, holdings: Holdings, record: TrustRecord) -> LicensingKey | None:
        """Return the trust code's key; where its file is gone the SUDI signs again."""
        code = holdings.trust_code
        name = None if code is None else record.keys.get(code.key_id)
        if name is None:
            return None
        # Read once: opening and checking the file for each report would slow down closing.
        if self._key is None or self._key[0] != name:
            key = self._around.keys.load(name)
            if key is None:
                return None
            self._key = (name, key)
        return self._key[1]


def token_digest(token: str) -> Digest:
    """Return the digest by which a trust request names an ID token.

    Raises:
        Problem: ``token-unknown`` where the text cannot be a token.
    """
    # It becomes part of a message: a line break or a pasted file is told here, at the console.
    if not token or len(token) > 512 or not token.isascii() or not token.isprintable():
        raise Problem("token-unknown", "An ID token is 1 to 512 printable ASCII characters.")
    return digest(token.encode("ascii"))
