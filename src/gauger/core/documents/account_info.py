"""Account information: tells a product instance whose it is."""

from dataclasses import dataclass
from typing import ClassVar

from gauger.core.documents.body import Versioned, read_versioned
from gauger.core.documents.envelope import Document
from gauger.core.identity import AccountRef, Udi
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountInfo(Versioned):
    """Account information (`spec/account-info.md`).

    Only the ledger that it names is obeyed by the product instance that holds it.

    Attributes:
        udi: The product instance.
        account: The account that owns it.
        ledger: Ledger id of the authority that keeps the account.
    """

    TYPE: ClassVar[str] = "account-info"
    FIELDS: ClassVar[frozenset[str]] = frozenset({"smart_account", "virtual_account", "ledger"})

    udi: Udi
    account: AccountRef
    ledger: str

    @classmethod
    def from_document(cls, document: Document) -> "AccountInfo":
        """Read account information; its signature is verified elsewhere.

        Raises:
            Problem: As `Body.open`; ``malformed``.
        """
        fields = cls.open(document)
        head = read_versioned(fields)
        account = AccountRef(
            fields.text("smart_account", limit=253), fields.text("virtual_account", limit=128)
        )
        # Delegated signers are held to the first, devices obey the second: two would let one own
        # more.
        if head["account"] != account:
            raise Problem("malformed", f"In {fields.what} two accounts are named.")
        return cls(
            issued_at=head["issued_at"],
            test_clock=head["test_clock"],
            issuer=head["issuer"],
            account=account,
            udi=fields.udi("udi"),
            answers=head["answers"],
            order=head["order"],
            ledger=fields.hex_id("ledger"),
        )

    def own_json(self) -> dict[str, JsonValue]:
        """Return the fields of account information alone."""
        return {
            "smart_account": self.account.smart_account,
            "virtual_account": self.account.virtual_account,
            "ledger": self.ledger,
        }
