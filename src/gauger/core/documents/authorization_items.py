"""The text of `smartLicenseAuthRequest`: the published list, with our signed document in it.

What the list says beside the document is for other people's tools. It is signed by nobody, so it
decides nothing.
"""

from typing import Final

from gauger.core.documents.authorization_code import confirmation_code
from gauger.core.documents.authorization_request import AuthorizationRequest
from gauger.core.documents.authorization_return import AuthorizationReturn
from gauger.core.documents.envelope import DOCUMENT_CAP, Document, read_document, write_document
from gauger.core.fields import Fields
from gauger.core.identity import Digest
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue, decode, encode

TYPES: Final = (AuthorizationRequest.TYPE, AuthorizationReturn.TYPE)
"""Types of the documents that the element may hold."""


def write_authorization_item(document: Document, *, installed: Digest | None = None) -> str:
    """Return the text of the element for a request or a return.

    Args:
        document: The signed document.
        installed: Digest of the code that is installed, whose confirmation code is shown.

    Raises:
        Problem: ``wrong-type`` where the document is of another type.
    """
    remove_code: str | None = None
    keys: list[JsonValue] = []
    if document.type == AuthorizationReturn.TYPE:
        returned = AuthorizationReturn.from_document(document)
        udi, remove_code = returned.udi, returned.return_code
    else:
        request = AuthorizationRequest.from_document(document)
        udi = request.udi
        # The count as text, as it is published.
        keys = [{"entitlement": one.tag, "count": str(one.count)} for one in request.licences]
    item = {
        "sudi": udi.to_json(),
        "keys": keys,
        "confirm_code": None if installed is None else confirmation_code(installed),
        "remove_code": remove_code,
        "document": write_document(document),
    }
    return encode([item])


def document_text(text: str) -> str:
    """Return the exact text of the document in the element.

    Args:
        text: The element's text, a list; or, as smart transport carries it, the document itself.

    Raises:
        Problem: ``signature-missing`` where a vendor's own list holds no document of ours;
            ``malformed``, or of strict decoding.
    """
    # A document is an object, never a list: what it is shows at its first character.
    if not text.startswith("["):
        return text
    what = "the authorization request"
    # Under a name, because a list has no fields of its own.
    entries = Fields({"entries": decode(text, what=what, cap=DOCUMENT_CAP)}, what).items(
        "entries", limit=1
    )
    if len(entries) != 1:
        raise Problem("malformed", f"In {what} there is not one entry, but none or several.")
    if "document" not in entries[0]:
        detail = "The authorization request is of the vendor's kind: nobody signed it."
        raise Problem("signature-missing", detail)
    return entries[0].text("document", limit=DOCUMENT_CAP)


def read_authorization_item(text: str) -> Document:
    """Return the document in the element; its signature is not judged.

    Raises:
        Problem: As `document_text` and `read_document`; ``wrong-type`` where it is of another type.
    """
    document = read_document(document_text(text))
    if document.type not in TYPES:
        detail = f"An authorization request holds a document of type {document.type!r}."
        raise Problem("wrong-type", detail)
    return document
