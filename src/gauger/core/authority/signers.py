"""Whether a signer would be believed: what the authority asks before it signs, or answers again."""

from gauger.core.documents import keyring
from gauger.core.documents.trust_store import TrustStore
from gauger.core.problems import Problem


def require_signer(trust: TrustStore, chain: tuple[bytes, ...], instant: int) -> None:
    """Check that whoever trusts the newest root set believes a signer.

    Args:
        trust: What is trusted.
        chain: DER certificates, the signer's own first.
        instant: What `expiry_time` gives.

    Raises:
        Problem: ``unknown-key``, ``key-revoked``, ``signer-expired`` or ``root-expired``.
    """
    root_set = trust.root_set
    if root_set is None or not chain:
        raise Problem("unknown-key", "No root set is held here, so no signer is trusted.")
    if instant > root_set.expires_at:
        raise Problem("root-expired", f"Root set {root_set.number} has expired.")
    certificates = [keyring.load_certificate(der) for der in chain]
    for certificate in certificates:
        trust.require_not_revoked(certificate.key_id)
        if instant > certificate.not_after:
            detail = f"The certificate of the signer {certificate.key_id} has expired."
            raise Problem("signer-expired", detail, key_id=certificate.key_id)
    top = certificates[-1]
    listed = root_set.signer(top.key_id)
    if listed is None or listed.certificate != top.der:
        detail = f"The signer {top.key_id} is not one of root set {root_set.number}."
        raise Problem("unknown-key", detail, key_id=top.key_id)
