"""Authorization requests and returns at a portal that has seen nothing but these files."""

from dataclasses import dataclass, field

from gauger.authority.authorizations import VerifiedAuthorization
from gauger.core.authority.authorization import (
    Arrival,
    Asked,
    AuthorizationFacts,
    judge_authorization,
)
from gauger.core.authority.facts import InstanceFacts, KnownRequest
from gauger.core.authority.outcomes import Verdict
from gauger.core.documents.authorization_request import AuthorizationRequest
from gauger.core.identity import Digest
from gauger.core.strict_json import JsonValue
from gauger.tools.conformance.opinion import Opinion, opinion


@dataclass(slots=True)
class AuthorizationBook:
    """What the earlier files asked for and gave back."""

    _accepted: dict[Digest, Asked] = field(default_factory=dict)

    def judge(self, verified: VerifiedAuthorization, instance: InstanceFacts | None) -> Opinion:
        """Judge a request or a return, and keep it where it is accepted.

        Whether enough is left in the pool is not judged: a suite has no accounts with pools.

        Args:
            verified: What came.
            instance: What the earlier files tell of its product instance; null where nothing.
        """
        asked, command = verified.request, verified.command
        arrival = Arrival(pipe=command.pipe, uploaded_to=command.uploaded_to)
        facts = self._facts(asked, verified.digest, instance)
        judgement = judge_authorization(asked, facts, arrival)
        if judgement.verdict is Verdict.ACCEPTED:
            self._accepted[verified.digest] = asked
        says = {**_says(asked), "digest": verified.digest, "flags": list(judgement.flags)}
        return opinion(judgement.verdict, judgement.code, judgement.detail, says)

    def _facts(
        self, asked: Asked, digest: Digest, instance: InstanceFacts | None
    ) -> AuthorizationFacts:
        own = [one for one in self._accepted.values() if one.udi == asked.udi]
        # A counter counts within one store: a device that lost its store begins again.
        counters = [one.counter for one in own if one.incarnation == asked.incarnation]
        # A code that it issued itself would have a number of its own, which no suite can foresee.
        # So every code that a document names is one of another portal, or of the factory.
        return AuthorizationFacts(
            instance=instance,
            known=KnownRequest(digest=digest, verdict=Verdict.ACCEPTED)
            if digest in self._accepted
            else None,
            counter=max(counters, default=None),
        )


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
