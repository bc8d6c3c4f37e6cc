"""What surfaces may ask of a product instance."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from gauger.core.identity import Udi
from gauger.core.profiles import Profile
from gauger.instance.config import ConfigChange, Configuration
from gauger.instance.views import (
    EventView,
    ImportResult,
    PurchaseView,
    ReportDetailView,
    ReportRow,
    ReportsSummaryView,
    Scope,
    Selection,
    StatusView,
    SyncResult,
    UsageView,
)


class Usage(Protocol):
    """What a product does: it uses licences. Every method is thread-safe and takes microseconds."""

    def use(self, tag: str, count: int = 1) -> AbstractContextManager[None]:
        """Count licences as in use while the context is entered.

        Args:
            tag: Entitlement tag, or the profile's unambiguous short feature name.
            count: How many, at least 1.

        Raises:
            Problem: ``not-authorized`` for an enforced licence without authorization code;
                ``unknown-entitlement`` or ``invalid-argument``. Never because reporting failed.
        """

    def set_count(self, tag: str, count: int) -> None:
        """State how many licences are in use from now on, besides those under `use`.

        Raises:
            Problem: As `use` does; 0 is accepted for every licence.
        """

    def join_access_point(self, udi: Udi) -> None:
        """Count an access point that joined: one of each licence the profile counts by them."""

    def leave_access_point(self, udi: Udi) -> None:
        """Stop counting an access point; one that never joined is ignored."""

    def flush(self) -> None:
        """Make every change durable now.

        Raises:
            Problem: ``store-full`` or ``store-failed``; the changes stay in memory.
        """


class Operations(Usage, Protocol):
    """What an operator's commands and an API ask of the one writer of a store."""

    @property
    def udi(self) -> Udi:
        """Who this product instance is."""

    @property
    def profile(self) -> Profile:
        """The product profile."""

    def now(self) -> int:
        """Return the wall time of the instance's clock, epoch seconds."""

    def sync(self, scope: Scope) -> SyncResult:
        """Send every report that has no ACK and fetch what is pending; blocks until answered.

        Raises:
            Problem: ``transport-off``, ``trust-missing``, ``factory-trust-not-allowed``,
                ``comm-failed``, ``peer-refused`` and others of the transport.
        """

    def establish_trust(self, token: str, scope: Scope, *, force: bool) -> None:
        """Ask for a trust code with an ID token.

        Raises:
            Problem: ``already-installed`` without ``force``; those of the transport and portal.
        """

    def save_usage(self, selection: Selection, path: Path) -> int:
        """Write reports to a file and return how many.

        Raises:
            Problem: ``requested-item-not-found`` where nothing is selected; ``file-not-written``.
        """

    def save_trust_request(self, path: Path) -> None:
        """Write a trust request to a file of its own.

        Raises:
            Problem: ``file-not-written``.
        """

    def import_file(self, path: Path) -> ImportResult:
        """Install what a file of the portal brings.

        Raises:
            Problem: ``file-not-found``, or why the file is refused; then nothing of it but its
                root sets was installed.
        """

    def configure(self, changes: Sequence[ConfigChange]) -> None:
        """Apply all lines or none, and make them durable.

        Raises:
            Problem: ``invalid-argument``, ``not-a-licensing-url``, ``not-supported``.
        """

    def configuration(self) -> Configuration:
        """Return all settings."""

    def status(self) -> StatusView:
        """Return what `show license status` prints."""

    def usage(self) -> tuple[UsageView, ...]:
        """Return the licences in use, in the order of the profile."""

    def reports_summary(self) -> ReportsSummaryView:
        """Return how many reports are in which state."""

    def report_rows(self) -> tuple[ReportRow, ...]:
        """Return a line for each report, lowest id first."""

    def report_detail(self, report_id: int) -> ReportDetailView:
        """Return one report.

        Raises:
            Problem: ``requested-item-not-found``.
        """

    def purchases(self) -> tuple[PurchaseView, ...]:
        """Return what was bought with the product instance."""

    def events(self, days: int | None = None) -> tuple[EventView, ...]:
        """Return the event log, oldest first; of the last days only where given."""
