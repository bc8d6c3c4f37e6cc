"""Authorization codes, requests and returns of the test vectors."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from checks.vectors_names import ANSWER, OTHER, sent
from gauger.core.documents.authorization_code import (
    AuthorizationCode,
    AuthorizationOrigin,
    AuthorizedLicence,
    HeldCode,
)
from gauger.core.documents.authorization_request import AuthorizationRequest, Mode, WantedLicence
from gauger.core.documents.authorization_return import AuthorizationReturn, make_return_code
from gauger.core.documents.body import Body
from gauger.core.documents.envelope import Document

HSEC = "regid.2019-03.com.cisco.DNA_HSEC,1.0_509c41ab-05a8-431f-95fe-ec28086e8844"
AUTHORIZATION = AuthorizationCode(
    **ANSWER,
    code="ac" * 16,
    epoch=3,
    origin=AuthorizationOrigin.CSSM,
    licences=(AuthorizedLicence(tag=HSEC, name="DNA_HSEC", count=1, term="perpetual"),),
)
FACTORY_AUTHORIZATION = replace(
    AUTHORIZATION, epoch=0, origin=AuthorizationOrigin.FACTORY, answers=None
)
AUTHORIZATION_REQUEST = AuthorizationRequest(
    **sent(4),
    software_version="17.12.01",
    mode=Mode.ADD,
    licences=(WantedLicence(tag=HSEC, count=1),),
    held=HeldCode(code="ac" * 16, epoch=3),
    mark=3,
)
AUTHORIZATION_RETURN = AuthorizationReturn(
    **sent(5, "0e" * 16),
    software_version="17.12.01",
    removed=HeldCode(code="ac" * 16, epoch=3),
    return_code=make_return_code("ac" * 16, "0e" * 16),
    mark=3,
)
BAD_CODES: Mapping[str, Mapping[str, object]] = {
    "for nobody": {"udi": None},
    "of nothing": {"licences": []},
    "of epoch 0": {"epoch": 0},
    "of one licence twice": {
        "licences": [licence.to_json() for licence in AUTHORIZATION.licences * 2]
    },
}


class BySudi(Protocol):
    """Signs a body of a product instance, with other members."""

    def __call__(self, body: Body, **members: object) -> Document:
        """Return the document."""


class ByPortal(Protocol):
    """Signs a body of any type with the portal's signer."""

    def __call__(self, kind: str, body: bytes) -> Document:
        """Return the document."""


def bad_authorizations(by_sudi: BySudi, by_portal: ByPortal) -> Iterator[tuple[str, Document, str]]:
    """Yield requests and returns that are refused, with the problem code."""
    request, returned = AUTHORIZATION_REQUEST, AUTHORIZATION_RETURN
    yield "request by the portal", by_portal(request.TYPE, request.encode()), "malformed"
    for_other = {"udi": OTHER.to_json()}
    yield "request of another device", by_sudi(request, **for_other), "wrong-subject"
    yield "request for nothing", by_sudi(request, licences=[]), "malformed"
    yield "request with a mark below what is held", by_sudi(request, mark=2), "malformed"
    good = by_sudi(returned)
    altered = replace(good, body=good.body.replace(b"17.12.01", b"17.12.02"))
    yield "return with its proof altered", altered, "signature-invalid"
    yield "return of another device", by_sudi(returned, **for_other), "wrong-subject"
    yield "return with another's code", by_sudi(returned, nonce="0d" * 16), "malformed"
    crossed = replace(good, signature=by_sudi(request).signature)
    yield "return with the signature of a request", crossed, "signature-invalid"
