"""What is done before a command waits for the writer: form and signature of documents."""

from dataclasses import dataclass

from gauger.authority.authorizations import VerifiedAuthorization
from gauger.authority.factory_codes import brought_along
from gauger.authority.reports import UnverifiableReport, VerifiedReport
from gauger.authority.trust_requests import VerifiedRequest
from gauger.core.authority.authorization import named_by
from gauger.core.authority.claims import read_claims
from gauger.core.authority.commands import (
    Command,
    ReceiveAuthorization,
    ReceiveReport,
    ReceiveTrustRequest,
)
from gauger.core.authority.outcomes import Verdict
from gauger.core.documents.authorization_items import document_text, read_authorization_item
from gauger.core.documents.authorization_request import (
    AuthorizationRequest,
    verify_authorization_request,
)
from gauger.core.documents.authorization_return import verify_authorization_return
from gauger.core.documents.envelope import read_document
from gauger.core.documents.rum_report import examine_report, read_report
from gauger.core.documents.trust_request import verify_trust_request
from gauger.core.documents.trust_store import TrustStore, expiry_time
from gauger.core.problems import Problem

Content = VerifiedReport | UnverifiableReport | VerifiedRequest | VerifiedAuthorization
"""A document of a device, verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A command that the writer can decide without further cryptography.

    Attributes:
        command: The command.
        content: The document of a device, verified; null for every other command.
        trust: The trust that it was verified under.
    """

    command: Command
    content: Content | None
    trust: TrustStore


def prepare(command: Command, trust: TrustStore, now: int, build_date: int) -> Prepared:
    """Read and verify the document that a command brings along.

    Args:
        command: The command.
        trust: What is trusted at this moment.
        now: Own clock, epoch seconds.
        build_date: When this software was built.

    Returns:
        What the writer needs.

    Raises:
        Problem: Where the form or the signature does not hold: such a document gets no verdict.
    """
    # Never earlier than what is known for certain: a clock set back revives no expired
    # certificate.
    instant = expiry_time(build_date, trust.root_set, now)
    content: Content | None = None
    if isinstance(command, ReceiveReport):
        content = _report(command, trust, instant)
    elif isinstance(command, ReceiveTrustRequest):
        document = read_document(command.document)
        # Both signatures: the device's, and that of the new key, or anybody could enrol another's
        # key.
        request, _ = verify_trust_request(document, trust, instant)
        content = VerifiedRequest(command=command, request=request, digest=document.digest)
    elif isinstance(command, ReceiveAuthorization):
        content = verified_authorization(command, trust, instant)
    return Prepared(command=command, content=content, trust=trust)


def verified_authorization(
    command: ReceiveAuthorization, trust: TrustStore, instant: int, *, located: bool = False
) -> VerifiedAuthorization:
    """Verify an authorization request or return.

    Args:
        command: What brings it.
        trust: What is trusted at this moment.
        instant: What `expiry_time` gives.
        located: Whether a person found its product instance.

    Raises:
        Problem: Where its form or its signature does not hold.
    """
    text = document_text(command.document)
    document = read_authorization_item(text)
    is_request = document.type == AuthorizationRequest.TYPE
    verify = verify_authorization_request if is_request else verify_authorization_return
    request, _ = verify(document, trust, instant)
    return VerifiedAuthorization(
        command=command,
        request=request,
        text=text,
        digest=document.digest,
        located=located,
        brought=brought_along(named_by(request), request.udi, trust, instant),
    )


def _report(
    command: ReceiveReport, trust: TrustStore, instant: int
) -> VerifiedReport | UnverifiableReport:
    # The pipe may have decoded the item already: that need not be done twice.
    report = read_report(command.item, command.decoded)
    try:
        signer = examine_report(report, trust, instant)
    except Problem as problem:
        # Only the vendor's own kind is kept apart; a forged signature of ours is refused here.
        if problem.code != Verdict.UNVERIFIABLE.value:
            raise
        # No signer: nothing of what verified reports change is changed by this one.
        claims = read_claims(report, None)
        return UnverifiableReport(command=command, claims=claims, detail=problem.detail)
    return VerifiedReport(command=command, claims=read_claims(report, signer), signer=signer)
