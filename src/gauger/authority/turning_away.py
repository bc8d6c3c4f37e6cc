"""A document in the hands of somebody it does not belong to: nothing of it is judged or kept.

An upload in an account that does not own the product instance is not the product instance's word.
It gets no signed verdict, which could be carried to the device, and changes nothing that stands
about the document; it is audited in the account of the upload (`spec/authority.md`, section 2).
"""

from gauger.core.authority.commands import (
    ReceiveAuthorization,
    ReceiveReport,
    ReceiveTrustRequest,
)
from gauger.core.authority.facts import InstanceFacts
from gauger.core.authority.outcomes import Outcome, ReportOutcome, TrustOutcome
from gauger.core.authority.ownership import ELSEWHERE
from gauger.core.identity import Digest
from gauger.core.problems import Problem


def is_foreign(
    command: ReceiveReport | ReceiveTrustRequest | ReceiveAuthorization,
    instance: InstanceFacts | None,
) -> bool:
    """Tell whether somebody uploads a document in an account that does not own its sender."""
    owner = None if instance is None else instance.account
    # None is a device by smart transport, whose own signature speaks for it.
    return command.uploaded_to not in (None, owner)


def turned_away(outcome: Outcome) -> tuple[Digest, Problem] | None:
    """Return what is audited of an outcome that turns a document away, or None for all others.

    The device's own message may be refused by the same name; it gets a signed verdict, and that
    has a row of its own.
    """
    if not isinstance(outcome, ReportOutcome | TrustOutcome) or outcome.code != ELSEWHERE:
        return None
    # A signed verdict went out, so a row stands: an audit entry too would tell it twice.
    if outcome.answer is not None and outcome.answer.acknowledgments:
        return None
    return outcome.digest, Problem(ELSEWHERE, outcome.detail)
