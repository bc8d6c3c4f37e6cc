"""The rows of the ledger about authorization codes: pools, requests, and what became of a code."""

from dataclasses import dataclass
from typing import ClassVar

from gauger.core.authority.row import RequestReceived, Row
from gauger.core.documents.authorization_code import AuthorizedLicence
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, Digest, Udi


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationsSet(Row):
    """How many authorizations of a licence an account has to give out."""

    KIND: ClassVar[str] = "authorizations-set"

    account: AccountRef
    tag: str
    name: str
    term: str
    quantity: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationReceived(RequestReceived):
    """An authorization request or return, and what was decided about it.

    Attributes:
        type: Type of the document.
        mark: The highest authorization epoch that was spent on the product instance; null of one
            that never had any.
        return_code: Of a return.
    """

    KIND: ClassVar[str] = "authorization-received"

    type: str
    mark: int | None
    return_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutCode(Row):
    """Something about an authorization code; the account is that which gave it out."""

    udi: Udi
    account: AccountRef
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationIssued(AboutCode):
    """An authorization code was issued.

    Attributes:
        by: Who issued it without a request, or null.
        bundled: Of which licences so many are taken from no pool: they came from the factory.
    """

    KIND: ClassVar[str] = "authorization-code"

    epoch: int
    licences: tuple[AuthorizedLicence, ...]
    order: Order
    document: Digest
    by: str | None
    bundled: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationAdopted(AboutCode):
    """A product instance shows the factory's code for the first time; the account is its own.

    Attributes:
        shown_by: Digest of the document that carries the code's exact text.
    """

    KIND: ClassVar[str] = "authorization-adopted"

    issued_at: int
    licences: tuple[AuthorizedLicence, ...]
    document: Digest
    shown_by: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationConfirmed(AboutCode):
    """A document of the product instance shows a code installed: those before it are gone."""

    KIND: ClassVar[str] = "authorization-confirmed"

    epoch: int
    shown_by: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationReturned(AboutCode):
    """A code was given back: every code of its UDI up to ``mark`` is.

    Attributes:
        proof: Digest of the return that the product instance signed.
        by: Who found the product instance by hand, or null.
    """

    KIND: ClassVar[str] = "authorization-returned"

    mark: int
    return_code: str
    proof: Digest
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationMisused(AboutCode):
    """A product instance shows a code that it gave back: its store was set back, or copied."""

    KIND: ClassVar[str] = "authorization-misused"

    shown_by: Digest
