"""The documents in an answer file, each under the element that is for its type."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.acknowledgment import Acknowledgment
from gauger.core.documents.authorization_code import AuthorizationCode
from gauger.core.documents.body import Answer
from gauger.core.documents.envelope import Document, read_document
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.purchase_info import PurchaseInfo
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.smart_license import Item, ItemKind
from gauger.core.documents.trust_code import TrustCode
from gauger.core.documents.verdict import Verdict
from gauger.core.problems import Problem

TYPES: Final[Mapping[ItemKind, tuple[str, ...]]] = MappingProxyType(
    {
        ItemKind.ROOT_SET: (RootSet.TYPE,),
        ItemKind.RUM_ACK: (Acknowledgment.TYPE, Verdict.TYPE),
        ItemKind.POLICY: (PolicyDocument.TYPE,),
        ItemKind.TRUST_CODE: (TrustCode.TYPE,),
        ItemKind.AUTH_CODE: (AuthorizationCode.TYPE,),
        ItemKind.ACCOUNT_INFO: (AccountInfo.TYPE,),
        ItemKind.PURCHASE_INFO: (PurchaseInfo.TYPE,),
    }
)
"""Types of the documents that each element of an answer file may hold (`spec/files.md`)."""

READERS: Final[Mapping[str, Callable[[Document], Answer]]] = MappingProxyType(
    {
        Acknowledgment.TYPE: Acknowledgment.from_document,
        Verdict.TYPE: Verdict.from_document,
        PolicyDocument.TYPE: PolicyDocument.from_document,
        TrustCode.TYPE: TrustCode.from_document,
        AuthorizationCode.TYPE: AuthorizationCode.from_document,
        AccountInfo.TYPE: AccountInfo.from_document,
        PurchaseInfo.TYPE: PurchaseInfo.from_document,
    }
)
"""How the body of each type of answer is read; a root set answers nothing."""


def document_in(item: Item) -> Document:
    """Return the document in an element of an answer file; its signature is not judged.

    Args:
        item: An element of one of the kinds in `TYPES`.

    Raises:
        Problem: ``wrong-type`` where it is of another type than its element is for, or as
            `envelope.read_document`.
    """
    document = read_document(item.text)
    # Nobody signs the name of the element. A reader that went by it would take a policy for what
    # this one takes for an ACK: such a file has two meanings, so it has none.
    if document.type not in TYPES[item.kind]:
        detail = f"The element {item.name} of the file holds a document of type {document.type!r}."
        raise Problem("wrong-type", detail)
    return document
