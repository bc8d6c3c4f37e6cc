"""What the authority offers to its readers, and what it asks of its store."""

from collections.abc import Sequence
from typing import Protocol

from gauger.authority.ports.views import (
    AuthorizationRow,
    BalanceRow,
    CaseRow,
    EventRow,
    GapRow,
    HeadRow,
    InstanceRow,
    OrderRow,
    PolicyRow,
    PoolRow,
    ReportRow,
    SmartAccountRow,
    TokenRow,
    TrustRow,
    VirtualAccountRow,
)
from gauger.core.authority.outcomes import AnswerBundle
from gauger.core.documents.envelope import Document
from gauger.core.identity import AccountRef, Digest, Udi


class LedgerReader(Protocol):
    """A read connection of its own; every method may be called while the writer works.

    Each list is keyset-paged: ``after`` is the key of the last row that was seen, ``limit`` how
    many follow at most. A reader serves one thread at a time.
    """

    def close(self) -> None:
        """Give the connection back."""

    def smart_accounts(self, *, after: str = "", limit: int = 100) -> Sequence[SmartAccountRow]:
        """Return Smart Accounts by domain."""

    def virtual_accounts(
        self, domain: str, *, after: str = "", limit: int = 100
    ) -> Sequence[VirtualAccountRow]:
        """Return the Virtual Accounts of a Smart Account by name."""

    def virtual_account(self, account: AccountRef) -> VirtualAccountRow | None:
        """Return one Virtual Account."""

    def authorization_pools(
        self, account: AccountRef, *, after: str = "", limit: int = 100
    ) -> Sequence[PoolRow]:
        """Return what an account has to give out, by entitlement tag."""

    def authorizations(
        self, account: AccountRef, udi: Udi | None = None, *, after: int = 0, limit: int = 100
    ) -> Sequence[AuthorizationRow]:
        """Return the authorization codes of an account, of one product instance or of all."""

    def tokens(
        self, account: AccountRef, *, now: int, after: int = 0, limit: int = 100
    ) -> Sequence[TokenRow]:
        """Return the ID tokens of an account by number."""

    def orders(
        self, account: AccountRef, *, after: int = 0, limit: int = 100
    ) -> Sequence[OrderRow]:
        """Return the orders of an account, oldest first."""

    def policies(self, account: AccountRef | None) -> Sequence[PolicyRow]:
        """Return the assignments that concern an account, the one in force first."""

    def policy_document(self, account: AccountRef) -> Document | None:
        """Return the newest signed policy document made for an account."""

    def instances(
        self,
        account: AccountRef | None = None,
        *,
        smart_account: str | None = None,
        search: str = "",
        silent: bool = False,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[InstanceRow]:
        """Return product instances, of an account, a Smart Account or all, by first sight.

        ``search`` is the beginning of a product id or serial number; ``silent`` leaves those
        that people were told of because they do not report.
        """

    def instance(self, udi: Udi) -> InstanceRow | None:
        """Return one product instance with what it uses."""

    def reports(
        self,
        account: AccountRef | None = None,
        *,
        udi: Udi | None = None,
        verdict: str | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[ReportRow]:
        """Return reports in order of arrival, without their items."""

    def report(self, digest: Digest, udi: Udi | None = None) -> ReportRow | None:
        """Return one report with its item."""

    def cases(
        self,
        account: AccountRef | None = None,
        *,
        state: str | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[CaseRow]:
        """Return quarantine cases by number."""

    def case(self, number: int) -> CaseRow | None:
        """Return one quarantine case."""

    def gaps(
        self,
        account: AccountRef | None = None,
        *,
        since: int | None = None,
        overdue: bool = False,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[GapRow]:
        """Return missing reports: before a time, only those that are an alert, or all."""

    def balance(
        self, account: AccountRef, *, now: int, after: str = "", limit: int = 100
    ) -> Sequence[BalanceRow]:
        """Return purchased, in use and balance of each licence of an account, by tag."""

    def events(
        self,
        account: AccountRef | None = None,
        *,
        smart_account: str | None = None,
        after: int = 0,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Sequence[EventRow]:
        """Return audited events; with ``newest_first``, ``after`` is where to go down from."""

    # As stored: whether its signer is still believed, the authority looks at.
    def answer_for(self, answers: Digest, udi: Udi | None = None) -> AnswerBundle | None:
        """Return the newest answer to a document of a device, its signature as stored."""

    def late_answers(self, udi: Udi) -> Sequence[AnswerBundle]:
        """Return final answers to documents that had been deferred or quarantined."""

    def trust(self) -> TrustRow:
        """Return the trust material that the ledger holds."""

    def head(self) -> HeadRow | None:
        """Return the newest head; null before the first page."""

    # Own heads only: what a device shows is compared with it byte for byte.
    def head_at(self, page: int) -> HeadRow | None:
        """Return the head of one page."""

    def inclusion_proof(self, page: int) -> tuple[bytes, ...]:
        """Return the path that proves a head in the tree that the newest head closes over."""

    # RFC 9162, section 2.1.4: that nothing between the two was changed.
    def consistency_proof(self, first: int, second: int) -> tuple[bytes, ...]:
        """Return the path that proves that the ledger of ``second`` pages goes on from ``first``."""
