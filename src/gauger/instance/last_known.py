"""What a product instance knew when its agent last stored anything: for looking, without an agent.

No boot begins here. Nothing is measured, closed, signed, sent or written.
"""

from datetime import UTC, datetime

from gauger.core.identity import Udi
from gauger.core.profiles import Profile
from gauger.instance.config import Configuration
from gauger.instance.holdings import read_holdings
from gauger.instance.insight import Insight
from gauger.instance.measuring import Measuring
from gauger.instance.memory import Memory
from gauger.instance.messages import Messages
from gauger.instance.meter import Meter
from gauger.instance.ports import Store
from gauger.instance.showing import Showing
from gauger.instance.surroundings import Surroundings, shown_name
from gauger.instance.tech_views import SystemView, TechView
from gauger.instance.trust_files import trust_view
from gauger.instance.users import stored_users
from gauger.instance.views import (
    AuthorizationView,
    EventView,
    HistoryView,
    LoggingView,
    PurchaseView,
    ReportDetailView,
    ReportRow,
    ReportsSummaryView,
    RootView,
    StatusView,
    UsageView,
    UserSecretView,
)


class LastKnown:
    """The views of a store that nobody writes to; it fills the port `Views`."""

    def __init__(self, around: Surroundings, store: Store) -> None:
        """Read the state.

        Args:
            around: Identity and adapters.
            store: The store, opened for reading.

        Raises:
            Problem: ``store-damaged`` or ``store-failed``; ``entropy-failed``.
        """
        self._around = around
        self._memory = Memory(store)
        meter = Meter(around.profile, around.clock.monotonic)
        # As measured and not as stated: what a stopped program held is shown as it was.
        meter.restore([(tag, item.sampler.level) for tag, item in self._memory.tags.items()])
        self._measuring = Measuring(around, meter, self._memory)
        self._holdings = read_holdings(self._memory.documents, around.pinned)
        self._showing = Showing(around, self._memory, meter)
        self._insight = Insight(around, self._memory)

    @property
    def udi(self) -> Udi:
        """Who this product instance is."""
        return self._around.udi

    @property
    def profile(self) -> Profile:
        """The product profile."""
        return self._around.profile

    def now(self) -> int:
        """Return the wall time of the instance's clock, epoch seconds."""
        return self._around.clock.wall()

    def configuration(self) -> Configuration:
        """Return all settings."""
        return self._memory.singles.configuration

    def startup_configuration(self) -> Configuration | None:
        """Return what the next boot begins with; None where nothing was saved."""
        return self._memory.singles.startup

    def user_secrets(self) -> tuple[UserSecretView, ...]:
        """Return all users with the hashes of their passwords."""
        return stored_users(self._memory.store)

    def hostname(self) -> str:
        """Return the name that prompts show."""
        return shown_name(self.configuration(), self._around)

    def status(self) -> StatusView:
        """Return what `show license status` prints, and since when nothing is known."""
        return self._showing.status(self._holdings, self._measuring, (self._remark(),))

    def usage(self) -> tuple[UsageView, ...]:
        """Return the licences that were in use, in the order of the profile."""
        return self._showing.usage()

    def reports_summary(self) -> ReportsSummaryView:
        """Return how many reports are in which state."""
        return self._showing.reports_summary()

    def report_rows(self) -> tuple[ReportRow, ...]:
        """Return a line for each report, lowest id first."""
        return self._showing.report_rows()

    def report_detail(self, report_id: int) -> ReportDetailView:
        """Return one report.

        Raises:
            Problem: ``requested-item-not-found``.
        """
        return self._showing.report_detail(report_id)

    def purchases(self) -> tuple[PurchaseView, ...]:
        """Return what was bought with the product instance."""
        return self._showing.purchases(self._holdings)

    def authorizations(self) -> tuple[AuthorizationView, ...]:
        """Return the authorization codes, one entry for each device of the set."""
        return self._showing.authorizations(self._holdings)

    def system(self) -> SystemView:
        """Return the device as a machine; nothing runs on it."""
        return self._insight.system(None, None)

    def tech(self) -> TechView:
        """Return what `show license tech support` prints beside what other commands print."""
        return self._insight.tech(self._holdings, None, None)

    def trust(self) -> RootView:
        """Return whom the product instance trusts."""
        return trust_view(self._memory.documents, self._memory.singles.root_floor)

    def events(self, days: int | None = None) -> tuple[EventView, ...]:
        """Return the event log, oldest first; of the last days only where given."""
        return self._showing.events(days)

    def logging(self) -> LoggingView:
        """Return what `show logging` prints: a buffer ends with its boot, so it is empty."""
        messages = Messages()
        messages.configure(self.configuration(), None)
        return messages.view()

    def message_history(self) -> tuple[HistoryView, ...]:
        """Return the message history: always its 12 headings, in order."""
        return self._showing.message_history()

    def _remark(self) -> str:
        wall = self._memory.singles.clock.wall
        known = (
            "" if wall is None else f" at {datetime.fromtimestamp(wall, UTC):%Y-%m-%d %H:%M:%S} UTC"
        )
        return f"No agent runs on this store: this is what was known{known}."
