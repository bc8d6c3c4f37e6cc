"""An authorization request: a product instance asks for an authorization code."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from gauger.core.documents.authorization_code import (
    EPOCH_LIMIT,
    FACTORY_EPOCH,
    LONGEST_TAG,
    MOST_COUNT,
    MOST_LICENCES,
    HeldCode,
    require_each_once,
)
from gauger.core.documents.body import Sent, read_sent
from gauger.core.documents.envelope import Document
from gauger.core.documents.keyring import Certificate
from gauger.core.documents.sudi_signed import sign_with_sudi, verify_sudi_signed
from gauger.core.documents.trust_store import TrustStore
from gauger.core.fields import Fields
from gauger.core.ports import Signer
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue

LONGEST_VERSION: Final = 64


class Mode(StrEnum):
    """What becomes of what is authorized already."""

    ADD = "add"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedLicence:
    """One licence that is asked for.

    Attributes:
        tag: Its entitlement tag.
        count: How many are to be used.
    """

    tag: str
    count: int = 1

    @classmethod
    def from_fields(cls, fields: Fields) -> "WantedLicence":
        """Read one licence.

        Raises:
            Problem: ``malformed``.
        """
        tag = fields.text("tag", limit=LONGEST_TAG)
        return cls(tag=tag, count=fields.integer("count", least=1, most=MOST_COUNT))

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return {"tag": self.tag, "count": self.count}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest(Sent):
    """An authorization request (`spec/authorization-request.md`).

    Attributes:
        counter: Counts the authorization requests and returns of its store, together.
        software_version: Software release of the product, or None.
        mode: Whether the licences go with those of ``held``, or take their place.
        licences: What is asked for, each licence once.
        held: The code that is installed, or None.
        mark: The highest authorization epoch that was ever installed or given back, or None.
    """

    TYPE: ClassVar[str] = "authorization-request"
    FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"software_version", "mode", "licences", "held", "mark"}
    )

    software_version: str | None = None
    mode: Mode = Mode.ADD
    licences: tuple[WantedLicence, ...]
    held: HeldCode | None = None
    mark: int | None = None

    @classmethod
    def from_document(cls, document: Document) -> "AuthorizationRequest":
        """Read an authorization request; `verify_authorization_request` checks its signature.

        Raises:
            Problem: As `Body.open`; ``malformed``.
        """
        fields = cls.open(document)
        held = fields.optional_child("held")
        request = cls(
            **read_sent(fields),
            software_version=fields.optional_text("software_version", limit=LONGEST_VERSION),
            mode=Mode(fields.choice("mode", tuple(Mode))),
            licences=_read_wanted(fields),
            held=None if held is None else HeldCode.from_fields(held),
            mark=fields.optional_integer("mark", least=FACTORY_EPOCH, most=EPOCH_LIMIT),
        )
        require_mark(fields, request.held, request.mark)
        return request

    def own_json(self) -> dict[str, JsonValue]:
        """Return the fields of an authorization request alone."""
        return {
            "software_version": self.software_version,
            "mode": self.mode.value,
            "licences": [licence.to_json() for licence in self.licences],
            "held": None if self.held is None else self.held.to_json(),
            "mark": self.mark,
        }


def _read_wanted(fields: Fields) -> tuple[WantedLicence, ...]:
    items = fields.items("licences", limit=MOST_LICENCES)
    licences = tuple(map(WantedLicence.from_fields, items))
    require_each_once(fields, (licence.tag for licence in licences))
    return licences


def require_mark(fields: Fields, held: HeldCode | None, mark: int | None) -> None:
    """Check that a mark is not below the code that it covers.

    Raises:
        Problem: ``malformed``.
    """
    # A mark below what was installed would have a code issued that the sender itself calls dead.
    if held is not None and (mark is None or mark < held.epoch):
        raise Problem("malformed", f"In {fields.what} the mark is below the code that it names.")


def sign_authorization_request(request: AuthorizationRequest, sudi: Signer) -> Document:
    """Sign a request with the SUDI key; its chain goes along.

    Raises:
        Problem: ``key-store-failed``.
    """
    return sign_with_sudi(request, sudi)


def verify_authorization_request(
    document: Document, trust: TrustStore, now: int
) -> tuple[AuthorizationRequest, Certificate]:
    """Verify the signature of an authorization request.

    Args:
        document: The request as received.
        trust: What is trusted here.
        now: The receiver's clock, epoch seconds.

    Returns:
        The request and the SUDI certificate.

    Raises:
        Problem: As `AuthorizationRequest.from_document` and `verify_sudi_signed`.
    """
    request = AuthorizationRequest.from_document(document)
    return request, verify_sudi_signed(document, request, trust=trust, now=now)
