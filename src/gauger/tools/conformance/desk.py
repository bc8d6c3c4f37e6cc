"""What one reader trusts and holds while files are put before it, one after another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from gauger.core.documents.acknowledgment import Acknowledgment, AnsweredType
from gauger.core.documents.authorization_code import AuthorizationCode
from gauger.core.documents.envelope import Document
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.trust_code import TrustCode
from gauger.core.documents.trust_store import TrustStore
from gauger.core.documents.verdict import Verdict
from gauger.core.identity import AccountRef, Digest, Udi, digest
from gauger.core.instance.answers import Holding, Known, Parsed, Pipe, Plan, parse
from gauger.core.instance.authorization import Authorized
from gauger.core.instance.install import decide
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue

NOBODY: Final = Udi("NOBODY", "0")
"""Who reads where nobody says so, and the document names nobody either."""

Says = Mapping[str, JsonValue]
"""What an accepted document says, for people and for a suite to compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """Who the reader is. What is left out is taken from the first document that names it.

    Attributes:
        udi: The product instance that reads, or that must have written.
        account: Its account.
        ledger: The ledger that it obeys.
        reports: Digests of the RUM reports that it made.
        requests: Digests of the trust requests that it made.
        keys: Key ids of its licensing keys.
        nonce: Nonce of the request that a response answers.
        token: The ID token that came beside a trust request.
    """

    udi: Udi | None = None
    account: AccountRef | None = None
    ledger: str | None = None
    reports: tuple[Digest, ...] = ()
    requests: tuple[Digest, ...] = ()
    keys: tuple[Digest, ...] = ()
    nonce: str | None = None
    token: str | None = None

    @property
    def token_digest(self) -> Digest | None:
        """Digest of the ID token, or None."""
        return None if self.token is None else digest(self.token.encode("utf-8", "replace"))


@dataclass(slots=True)
class Desk:
    """A reader between two files.

    Attributes:
        trust: What it trusts by now.
        now: Its clock, epoch seconds.
        build_date: Expiry is never judged before it, epoch seconds.
        expected: Who it is.
        holding: What it holds as a product instance, once an answer came.
    """

    trust: TrustStore
    now: int
    build_date: int
    expected: Expectations
    holding: Holding | None = None
    _answered: dict[Digest, Known] = field(default_factory=dict)

    def take(self, documents: Sequence[Document], pipe: Pipe) -> Plan:
        """Take an answer as a product instance does, and keep what it changes.

        Raises:
            Problem: Why nothing but root sets was taken.
        """
        holding = self._holding(documents)
        plan = decide(holding, documents, pipe)
        # Root sets stand even where the rest is refused.
        self.trust = plan.store
        if plan.refusal is not None:
            self.holding = None if self.holding is None else replace(self.holding, store=plan.store)
            raise plan.refusal
        # What one file settled is settled for those that follow, as in one life of a device.
        for settled in plan.settled:
            self._answered[settled.digest] = Known(
                type=settled.type,
                is_acknowledged=isinstance(settled.body, Acknowledgment),
                answered_at=settled.body.issued_at,
            )
        self.holding = replace(
            holding,
            store=plan.store,
            marks=plan.marks,
            held=holding.held | {install.document.digest for install in plan.installs},
            account=plan.account,
            ledger=plan.ledger,
            trust=plan.trust,
            authorized=_authorized(plan, holding.authorized),
            head=plan.head,
        )
        return plan

    def _holding(self, documents: Sequence[Document]) -> Holding:
        bodies = [item.body for item in _parsed(documents)]
        expected = self.expected
        held = self.holding or Holding(
            udi=expected.udi or next((body.udi for body in bodies if body.udi), NOBODY),
            store=self.trust,
            account=expected.account,
            ledger=expected.ledger,
            clock=self.now,
            build_date=self.build_date,
        )
        # Where the suite names no keys, a trust code is for one of the reader's own.
        codes = (body.key_id for body in bodies if isinstance(body, TrustCode))
        return replace(
            held,
            store=self.trust,
            keys=frozenset(expected.keys or (*held.keys, *codes)),
            known={**self._known(bodies), **self._answered},
        )

    def _known(self, bodies: Sequence[object]) -> dict[Digest, Known]:
        expected = self.expected
        # Named once, named all: an answer to anything else is then to be refused.
        if expected.reports or expected.requests:
            reports = dict.fromkeys(expected.reports, AnsweredType.RUM_REPORT)
            requests = dict.fromkeys(expected.requests, AnsweredType.TRUST_REQUEST)
            return {one: Known(type=kind) for one, kind in {**reports, **requests}.items()}
        known: dict[Digest, Known] = {}
        for body in bodies:
            if isinstance(body, Acknowledgment):
                known[body.answers] = Known(type=body.answers_type)
            elif isinstance(body, Verdict):
                # A verdict does not say what it answers; an ACK beside it does, and goes before.
                known.setdefault(body.answers, Known(type=AnsweredType.RUM_REPORT))
        return known


def _authorized(plan: Plan, held: Authorized) -> Authorized:
    """Return what is authorized after a plan: its last code has the last word."""
    for install in plan.installs:
        # The mark too, or a code that was replaced would be judged by its version alone.
        if isinstance(body := install.body, AuthorizationCode):
            held = Authorized(code=body, digest=install.document.digest, mark=body.epoch)
    return held


def _parsed(documents: Sequence[Document]) -> list[Parsed]:
    found: list[Parsed] = []
    for document in documents:
        if document.type == RootSet.TYPE:
            continue
        try:
            found.append(parse(document))
        except Problem:
            return found  # `decide` refuses for the same reason, after it took the root sets
    return found
