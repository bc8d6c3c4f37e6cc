"""An authorization return: a product instance proves that it removed its authorization code."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, Final

from gauger.core.documents.authorization_code import EPOCH_LIMIT, FACTORY_EPOCH, HeldCode
from gauger.core.documents.authorization_request import LONGEST_VERSION, require_mark
from gauger.core.documents.body import Sent, read_sent
from gauger.core.documents.envelope import Document
from gauger.core.documents.keyring import Certificate
from gauger.core.documents.sudi_signed import sign_with_sudi, verify_sudi_signed
from gauger.core.documents.trust_store import TrustStore
from gauger.core.fields import Fields
from gauger.core.ports import Signer
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue

# Without 0, O, I and l: people read it from a screen and type it elsewhere.
_DIGITS: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LENGTH: Final = 36
_GROUP: Final = 6
_BYTES: Final = 26  # 58^36 stands above 256^26, so that each value has its own text
_RETURN_CODE: Final = re.compile(f"[{_DIGITS}]{{{_GROUP}}}(?:-[{_DIGITS}]{{{_GROUP}}}){{5}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationReturn(Sent):
    """An authorization return (`spec/authorization-return.md`).

    Made only after the code was removed and the mark raised, both durably.

    Attributes:
        counter: Counts the authorization requests and returns of its store, together.
        software_version: Software release of the product, or None.
        removed: The code that was removed.
        return_code: What people see and type (`make_return_code`).
        mark: The highest authorization epoch that is dead on the product instance.
    """

    TYPE: ClassVar[str] = "authorization-return"
    FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"software_version", "removed", "return_code", "mark"}
    )

    software_version: str | None = None
    removed: HeldCode
    return_code: str
    mark: int

    @classmethod
    def from_document(cls, document: Document) -> "AuthorizationReturn":
        """Read an authorization return; `verify_authorization_return` checks its signature.

        Raises:
            Problem: As `Body.open`; ``malformed``.
        """
        fields = cls.open(document)
        returned = cls(
            **read_sent(fields),
            software_version=fields.optional_text("software_version", limit=LONGEST_VERSION),
            removed=HeldCode.from_fields(fields.child("removed")),
            return_code=_read_return_code(fields),
            mark=fields.integer("mark", least=FACTORY_EPOCH, most=EPOCH_LIMIT),
        )
        require_mark(fields, returned.removed, returned.mark)
        return returned

    def own_json(self) -> dict[str, JsonValue]:
        """Return the fields of an authorization return alone."""
        return {
            "software_version": self.software_version,
            "removed": self.removed.to_json(),
            "return_code": self.return_code,
            "mark": self.mark,
        }


def make_return_code(code: str, nonce: str) -> str:
    """Return the return code of a removal: 36 characters in groups of six.

    Args:
        code: Id of the code that was removed, 32 hexadecimal digits.
        nonce: That of the return, 32 hexadecimal digits.
    """
    message = f"gauger/return-code/1\0{code}{nonce}".encode("ascii")
    number = int.from_bytes(sha256(message).digest()[:_BYTES])
    digits = ""
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return "-".join(digits[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))


def _read_return_code(fields: Fields) -> str:
    text = fields.text("return_code", limit=64)
    if not _RETURN_CODE.fullmatch(text):
        raise fields.refuse("return_code", "six groups of six base58 characters")
    return text


def sign_authorization_return(returned: AuthorizationReturn, sudi: Signer) -> Document:
    """Sign a return with the SUDI key; its chain goes along.

    Raises:
        Problem: ``key-store-failed``.
    """
    return sign_with_sudi(returned, sudi)


def verify_authorization_return(
    document: Document, trust: TrustStore, now: int
) -> tuple[AuthorizationReturn, Certificate]:
    """Verify the signature of an authorization return.

    Only this proves that the code was removed: who merely knows its numbers could otherwise have
    it credited while it still unlocks.

    Args:
        document: The return as received.
        trust: What is trusted here.
        now: The receiver's clock, epoch seconds.

    Returns:
        The return and the SUDI certificate.

    Raises:
        Problem: As `AuthorizationReturn.from_document` and `verify_sudi_signed`.
    """
    returned = AuthorizationReturn.from_document(document)
    # The typed form of a code binds nothing by itself; made of another removal it would mislead.
    if returned.return_code != make_return_code(returned.removed.code, returned.nonce):
        raise Problem("malformed", f"The return code of {returned.udi} is of another removal.")
    return returned, verify_sudi_signed(document, returned, trust=trust, now=now)
