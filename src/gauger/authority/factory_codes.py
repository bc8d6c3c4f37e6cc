"""The authorization code of a factory, as its product instance shows it to a portal."""

from gauger.authority.books import Unit
from gauger.core.documents.authorization_code import (
    AuthorizationCode,
    AuthorizationOrigin,
    HeldCode,
)
from gauger.core.documents.envelope import Document, read_document
from gauger.core.documents.trust_store import TrustStore, expiry_time
from gauger.core.identity import Digest, Udi
from gauger.core.problems import Problem

Brought = tuple[AuthorizationCode, Digest] | Problem | None
"""A code that holds, with the digest of its body; why one does not hold; or that none came."""


def brought_along(held: HeldCode | None, udi: Udi, trust: TrustStore, instant: int) -> Brought:
    """Return the factory's code that came along with a request or return, verified.

    A value where it does not hold: a return is the proof of a removal whoever issued the code.

    Args:
        held: What the product instance shows.
        udi: The product instance.
        trust: What is trusted here.
        instant: What `expiry_time` gives.
    """
    if held is None or held.document is None:
        return None
    try:
        document = read_document(held.document)
        return _verified(document, udi, trust, instant), document.digest
    except Problem as problem:
        return problem


def brought_now(unit: Unit, held: HeldCode, udi: Udi) -> Brought:
    """Do the same for what came before, under what is trusted at this moment."""
    trust = unit.books.trust
    instant = expiry_time(unit.settings.build_date, trust.root_set, unit.now)
    return brought_along(held, udi, trust, instant)


def _verified(document: Document, udi: Udi, trust: TrustStore, instant: int) -> AuthorizationCode:
    code = AuthorizationCode.from_document(document)
    # As of its day: the device may have stood in a warehouse until its signer was rotated out.
    trust.verify_as_issued(
        document, expected=AuthorizationCode.TYPE, issued_at=code.issued_at, now=instant
    )
    if code.udi != udi:
        raise Problem("wrong-subject", f"The code is of {code.udi}, and {udi} shows it.")
    makers = {maker.ledger for maker in trust.manufacturers if maker.declares(udi)}
    # Of a code of the portal's own only the ledger is believed, never what a device brings.
    if code.origin is not AuthorizationOrigin.FACTORY or code.issuer not in makers:
        raise Problem("not-permitted", f"The code was issued by no factory that makes {udi}.")
    return code
