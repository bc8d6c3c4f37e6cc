"""Explains keys and certificates; of a key only what may be public is ever told."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from gauger.core.documents import keyring
from gauger.core.documents.keyring import Certificate, PrivateKey
from gauger.core.problems import Problem
from gauger.tools.explain_report import Yardstick, udi_text
from gauger.tools.finding import Finding, Seal, date_text
from gauger.tools.secrecy import PUBLIC, exposed, private

_CERTIFICATE_CAP: Final = 256 * 1024
_KEEP: Final = "Keep it secret: mode 0600, in a folder of mode 0700. Never send it to anybody."
_ROLES: Final = (
    (r"root-\d+\.key\.pem", "signs root sets, the highest trust there is; keep it offline"),
    (r"ca\.key\.pem", "a manufacturer's: certifies the product instances that it mints"),
    (r"sudi\.key\.pem", "a product instance's own (SUDI), for as long as it exists"),
    (r"trust\.key\.pem", "of the trust code that the factory installed"),
    (r"licensing-.*\.pem", "of a product instance's trust code: signs its RUM reports"),
    (r"tls/key\.pem", "of a portal's TLS certificate"),
    (r".*/key\.pem", "a signer's: signs ACKs, policies and codes"),
)


def explain_pem(path: Path, data: bytes, yardstick: Yardstick) -> Finding:
    """Explain a PEM file: a private key or certificates.

    Args:
        path: Where it is; its name, mode and neighbours say more than a key itself.
        data: Its bytes.
        yardstick: What to judge by.

    Raises:
        Problem: ``malformed`` or ``algorithm-not-allowed`` where a certificate cannot be read.
    """
    # By its first line alone, so that not even a damaged key is printed as text.
    if b"PRIVATE KEY" in data.partition(b"\n")[0]:
        return _explain_key(path, data)
    certificates = map(keyring.load_certificate, keyring.certificates_from_pem(data))
    parts = tuple(explain_certificate(each, yardstick) for each in certificates)
    facts = (("Number", str(len(parts))), PUBLIC)
    return Finding(title="Certificates", facts=facts, parts=parts)


def _explain_key(path: Path, data: bytes) -> Finding:
    facts = [("Use", use) for use in _uses(path)]
    try:
        key = PrivateKey.from_pem(data)
    except Problem as problem:
        facts.append(("Note", f"no key of this system: {problem.detail}"))
    else:
        facts.append(("Public id", key.key_id))
        facts.extend(("Certified", text) for text in _certified(path, key))
    return Finding(
        title="Private key",
        facts=(*facts, *private(path)),
        problem=exposed(path),
        next_steps=(_KEEP,),
    )


def _uses(path: Path) -> Iterator[str]:
    """Tell what a key is for by the name that this system gives it."""
    name = f"{path.absolute().parent.name}/{path.name}"
    for pattern, use in _ROLES:
        if re.fullmatch(pattern, path.name) or re.fullmatch(pattern, name):
            yield use
            return


def _certified(path: Path, key: PrivateKey) -> Iterator[str]:
    """Look beside the key for a certificate that is its own."""
    here = path.absolute().parent
    # A device has its keys apart from its identity: a copy of the one is then no use without the
    # other.
    places = [*here.glob("*cert*.pem"), *(here.parent / "identity").glob("*cert*.pem")]
    for place in sorted(places):
        with suppress(Problem, OSError):
            certificate = _first_certificate(place)
            # By the key itself: names may have been copied together from two devices.
            if certificate.key_id == key.key_id:
                yield f"by {place.name} beside it, {_name_of(certificate)}"


def _first_certificate(path: Path) -> Certificate:
    with path.open("rb") as file:
        data = file.read(_CERTIFICATE_CAP)
    # The first is the holder's own; those behind it only lead up to an authority.
    return keyring.load_certificate(keyring.certificates_from_pem(data)[0])


def _name_of(certificate: Certificate) -> str:
    if certificate.subject_serial is not None:
        return udi_text(keyring.sudi_udi(certificate))
    return certificate.common_name or "without a name"


def explain_certificate(certificate: Certificate, yardstick: Yardstick) -> Finding:
    """Explain one certificate.

    Raises:
        Problem: ``malformed`` where it names a product instance that is none.
    """
    facts = [
        ("Name", certificate.common_name or "none"),
        ("Key", str(certificate.key_id)),
        ("Valid to", date_text(certificate.not_after)),
    ]
    if certificate.not_after < yardstick.now:
        facts.append(("Note", "it has expired"))
    if certificate.subject_serial is None:
        title = "Certificate that certifies others" if certificate.may_certify else "Certificate"
        facts.extend(("Trusted", text) for text in _listed(certificate, yardstick))
        return Finding(title=title, facts=tuple(facts))
    udi = keyring.sudi_udi(certificate)
    seal: Seal | None = None
    detail = ""
    # Without any, nothing is said: neither good nor bad of a certificate that nobody asked about.
    if yardstick.trust.manufacturers:
        try:
            yardstick.trust.verify_sudi((certificate.der,), udi, yardstick.now)
            seal, detail = Seal.HOLDS, "made by a manufacturer that you trust"
        except Problem as problem:
            seal, detail = Seal.FAILS, f"{problem.detail} ({problem.code})"
    facts.insert(0, ("Whose", udi_text(udi)))
    return Finding(title="SUDI certificate", facts=tuple(facts), seal=seal, seal_detail=detail)


def _listed(certificate: Certificate, yardstick: Yardstick) -> Iterator[str]:
    """Tell where what is trusted here names the certificate."""
    root_set = yardstick.trust.root_set
    if root_set is not None:
        if certificate.key_id in root_set.revoked:
            yield f"NO: root set {root_set.number} revokes it"
        elif any(signer.key_id == certificate.key_id for signer in root_set.signers):
            yield f"root set {root_set.number} lists it as a signer"
    for manufacturer in yardstick.trust.manufacturers:
        if manufacturer.certificate.key_id == certificate.key_id:
            yield f"it is the certificate of the manufacturer {manufacturer.name}"
