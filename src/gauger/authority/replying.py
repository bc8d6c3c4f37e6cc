"""How the requests of devices are answered: trust and authorization requests, and returns.

What is decided about them differs; that each gets one signed answer, that a lost one is given again
with the same bytes and that a stranger learns nothing is the same for all of them.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from gauger.authority.answers import AnswerPlan, Parcel, late_acknowledgments, plan_again
from gauger.authority.books import Draft
from gauger.authority.decision import Decision, plain
from gauger.core.authority.facts import InstanceFacts
from gauger.core.authority.outcomes import AnswerBundle, TrustOutcome, Verdict
from gauger.core.documents import verdict as verdict_document
from gauger.core.documents.acknowledgment import Acknowledgment, AnsweredType
from gauger.core.identity import AccountRef, Digest, Udi


class Said(Protocol):
    """What is told about a request: a judgement, or what stands about it already."""

    @property
    def verdict(self) -> Verdict:
        """What was decided."""

    @property
    def code(self) -> str | None:
        """Problem code of a rejection."""

    @property
    def detail(self) -> str:
        """The reason in words."""

    @property
    def flags(self) -> tuple[str, ...]:
        """What was noted and is not in the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to one request in the making.

    Attributes:
        draft: What the request adds to the page.
        udi: Who asks.
        digest: Digest of the request.
        kind: What it is.
        outcome: What the one who brings it is told in.
    """

    draft: Draft
    udi: Udi
    digest: Digest
    kind: AnsweredType
    outcome: type[TrustOutcome]

    def turn_away(self, said: Said) -> Decision:
        """Refuse a request in the hands of another account; what stands about it stays."""
        # No document: a signed verdict from here could be carried to the device
        # (spec/authority.md, 2).
        answer = AnswerBundle(udi=self.udi, answers=self.digest)
        return plain(self.draft, self._outcome(said, answer))

    def again(self, said: Said, instance: InstanceFacts | None = None) -> Decision:
        """Give the earlier answer again.

        Args:
            said: What is told with it.
            instance: The sender; None where it is refused again, and gets nothing else.
        """
        plan = plan_again(self.draft, self.udi, self.digest)
        return self._decision(said, self._with_late(plan, instance))

    def accept(
        self, said: Said, owner: AccountRef, parcel: Parcel, instance: InstanceFacts | None
    ) -> Decision:
        """Acknowledge a request; last of the documents, since it lists all that go along."""
        answer = self.draft.issue(
            Acknowledgment(
                issued_at=self.draft.now,
                test_clock=self.draft.unit.test_clock,
                issuer=self.draft.unit.books.ledger,
                account=owner,
                udi=self.udi,
                answers=self.digest,
                answers_type=self.kind,
                flags=said.flags,
                # Under the signature: who drops one of them on the way is found out by the device.
                companions=parcel.listed,
                # The authority's clock, as all times of spec/authority.md are.
                received_at=self.draft.now,
            )
        )
        plan = AnswerPlan(
            udi=self.udi,
            answers=self.digest,
            root_sets=parcel.root_sets,
            acknowledgments=(answer,),
            companions=parcel.digests,
        )
        return self._decision(said, self._with_late(plan, instance))

    def refuse(self, said: Said) -> Decision:
        """Refuse a request by a signed verdict."""
        answer = self.draft.issue(
            verdict_document.Verdict(
                issued_at=self.draft.now,
                test_clock=self.draft.unit.test_clock,
                issuer=self.draft.unit.books.ledger,
                udi=self.udi,
                answers=self.digest,
                verdict=verdict_document.Ruling.REJECTED,
                # A rejection always has a code; the type of what is said does not say so.
                code=said.code or "",
                detail=said.detail,
            )
        )
        # Nothing late: the refused may be a stranger, and learns nothing of the owner's reports.
        plan = AnswerPlan(udi=self.udi, answers=self.digest, acknowledgments=(answer,))
        return self._decision(said, plan)

    def _with_late(self, plan: AnswerPlan, instance: InstanceFacts | None) -> AnswerPlan:
        """Let final answers to earlier reports go along: the device may have nothing to send."""
        late = late_acknowledgments(self.draft.unit, self.udi, instance, self.digest)
        self.draft.keep_current(late)
        return replace(plan, acknowledgments=(*plan.acknowledgments, *late))

    def _decision(self, said: Said, plan: AnswerPlan) -> Decision:
        # Made after the commit: until then the documents have no signature to give out.
        return Decision(
            draft=self.draft, finish=lambda resolve: self._outcome(said, plan.resolve(resolve))
        )

    def _outcome(self, said: Said, answer: AnswerBundle) -> TrustOutcome:
        return self.outcome(
            verdict=said.verdict,
            code=said.code,
            detail=said.detail,
            flags=said.flags,
            digest=self.digest,
            udi=self.udi,
            answer=answer,
        )
