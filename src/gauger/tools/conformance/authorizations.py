"""Authorization requests and returns at a portal that has seen nothing but these files."""

from dataclasses import dataclass, field, replace

from gauger.authority.authorizations import VerifiedAuthorization
from gauger.core.authority.authorization import (
    Arrival,
    Asked,
    AuthorizationFacts,
    CodeState,
    ShownCode,
    found_code,
    judge_authorization,
    named_by,
    next_epoch,
)
from gauger.core.authority.facts import InstanceFacts, KnownRequest
from gauger.core.authority.outcomes import Verdict
from gauger.core.documents.authorization_request import AuthorizationRequest
from gauger.core.documents.authorization_return import AuthorizationReturn
from gauger.core.identity import Digest, Udi
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue
from gauger.tools.conformance.opinion import Opinion, opinion


@dataclass(slots=True)
class _Account:
    """What the portal holds of one product instance.

    Attributes:
        counters: Highest counter that was accepted, by store.
        highest: Highest authorization epoch that is known; None before.
        alive: Epochs of the codes that are in use.
        factory: The code of the factory that was shown, or None.
        has_returned: Whether anything was given back.
    """

    counters: dict[str, int] = field(default_factory=dict)
    highest: int | None = None
    alive: set[int] = field(default_factory=set)
    factory: ShownCode | None = None
    has_returned: bool = False

    @property
    def of_factory(self) -> CodeState:
        """What has become of a code of the factory."""
        # Nothing is below it, so every return gives it back too.
        return CodeState.RETURNED if self.has_returned else CodeState.CONFIRMED

    def take(self, asked: Asked, adopted: ShownCode | None) -> None:
        """Take an accepted request or return."""
        before = self.counters.get(asked.incarnation, 0)
        self.counters[asked.incarnation] = max(before, asked.counter)
        if adopted is not None:
            self.factory = adopted
            self.alive.add(adopted.epoch)
        if isinstance(asked, AuthorizationRequest):
            self.highest = next_epoch(self.highest, asked.mark)
            self.alive.add(self.highest)
            return
        self.has_returned = True
        self.highest = max(self.highest or 0, asked.mark)
        self.alive = {epoch for epoch in self.alive if epoch > asked.mark}


@dataclass(slots=True)
class AuthorizationBook:
    """What the earlier files asked for and gave back."""

    _accepted: set[Digest] = field(default_factory=set)
    _accounts: dict[Udi, _Account] = field(default_factory=dict)

    def judge(self, verified: VerifiedAuthorization, instance: InstanceFacts | None) -> Opinion:
        """Judge a request or a return, and keep it where it is accepted.

        Whether enough is left in the pool is not judged: a suite has no accounts with pools.

        Args:
            verified: What came.
            instance: What the earlier files tell of its product instance; null where nothing.
        """
        asked, command = verified.request, verified.command
        account = self._accounts.setdefault(asked.udi, _Account())
        doubt = verified.brought.detail if isinstance(verified.brought, Problem) else ""
        arrival = Arrival(pipe=command.pipe, uploaded_to=command.uploaded_to, doubt=doubt)
        facts = replace(
            _facts(verified, account),
            instance=instance,
            known=KnownRequest(digest=verified.digest, verdict=Verdict.ACCEPTED)
            if verified.digest in self._accepted
            else None,
        )
        judgement = judge_authorization(asked, facts, arrival)
        # Not a refused one: its counter would shut out what the device really asks for.
        if judgement.verdict is Verdict.ACCEPTED:
            self._accepted.add(verified.digest)
            account.take(asked, facts.adopts if account.factory is None else None)
        says = {**_says(asked), "digest": verified.digest, "flags": list(judgement.flags)}
        return opinion(judgement.verdict, judgement.code, judgement.detail, says)


def _facts(verified: VerifiedAuthorization, account: _Account) -> AuthorizationFacts:
    asked = verified.request
    facts = AuthorizationFacts(
        counter=account.counters.get(asked.incarnation),
        highest=account.highest,
        covers=isinstance(asked, AuthorizationReturn)
        and any(epoch <= asked.mark for epoch in account.alive),
        # One of each product instance: a second one counts as not known.
        factory=None if account.factory is not None else account.of_factory,
    )
    return replace(facts, named=_named(verified, account, facts))


def _named(
    verified: VerifiedAuthorization, account: _Account, facts: AuthorizationFacts
) -> ShownCode | None:
    # A code that it issued itself would have an id of its own, which no suite can foresee.
    # So what a document names is of another portal, or of the factory.
    held, known = named_by(verified.request), account.factory
    if held is None:
        return None
    if known is not None and (known.code, known.epoch) == (held.code, held.epoch):
        return replace(known, state=account.of_factory)
    if isinstance(verified.brought, tuple):
        return found_code(verified.brought[0], facts, held)
    return None


def _says(asked: Asked) -> dict[str, JsonValue]:
    says: dict[str, JsonValue] = {
        "udi": asked.udi.to_json(),
        "counter": asked.counter,
        "mark": asked.mark,
    }
    if isinstance(asked, AuthorizationRequest):
        says["mode"] = asked.mode.value
        says["licences"] = [one.to_json() for one in asked.licences]
    else:
        says["removed"] = asked.removed.code
        says["return_code"] = asked.return_code
    return says
