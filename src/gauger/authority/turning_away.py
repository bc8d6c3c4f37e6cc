"""A document in the hands of somebody it does not belong to: nothing of it is judged or kept.

An upload in an account that does not own the product instance is not the product instance's word.
It gets no signed verdict, which could be carried to the device, and changes nothing that stands
about the document; it is audited (`spec/authority.md`, section 2).
"""

from gauger.authority.books import Draft
from gauger.core.authority.commands import ReceiveReport, ReceiveTrustRequest
from gauger.core.authority.facts import InstanceFacts
from gauger.core.authority.rows import RefusalRecorded
from gauger.core.identity import Digest
from gauger.core.problems import Problem


def is_foreign(
    command: ReceiveReport | ReceiveTrustRequest, instance: InstanceFacts | None
) -> bool:
    """Tell whether somebody uploads a document in an account that does not own its sender."""
    owner = None if instance is None else instance.account
    return command.uploaded_to not in (None, owner)


def turn_away(
    draft: Draft,
    command: ReceiveReport | ReceiveTrustRequest,
    refused: Digest,
    problem: Problem,
) -> None:
    """Audit a refusal, once for each document."""
    if draft.unit.store.lookups.refusals(refused, problem.code):
        return
    draft.add(
        RefusalRecorded(
            at=draft.now,
            digest=refused,
            code=problem.code,
            detail=problem.detail,
            pipe=command.pipe.value,
            path=command.path,
            account=command.uploaded_to,
            by=command.by,
            count=1,
        )
    )
