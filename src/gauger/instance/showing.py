"""Make the views: what is known, as plain values for whoever formats it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.authorization_code import (
    AuthorizationCode,
    AuthorizedLicence,
    confirmation_code,
)
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.trust_code import TrustCode
from gauger.core.instance.report_life import ReportState
from gauger.core.policy.rules import Group
from gauger.core.problems import Problem
from gauger.core.profiles import Licence, Term
from gauger.instance.authorizing import authorized
from gauger.instance.config import TransportKind
from gauger.instance.history import Heading
from gauger.instance.holdings import Holdings
from gauger.instance.measuring import Measuring
from gauger.instance.memory import Memory, read_detail
from gauger.instance.meter import Meter
from gauger.instance.ports import StoredReport
from gauger.instance.reckoning import Reckoning
from gauger.instance.records import Past
from gauger.instance.surroundings import Surroundings
from gauger.instance.views import (
    AccountView,
    AuthorizationView,
    AuthorizedLicenceView,
    EventView,
    HistoryView,
    PastMessage,
    PolicyGroupView,
    PolicyView,
    PurchaseView,
    ReportDetailView,
    ReportingView,
    ReportRow,
    ReportsSummaryView,
    StatusView,
    TransportView,
    TrustView,
    UsageView,
    UtilityView,
)

_DAY: Final = 86_400
_PAGE: Final = 1000
_PROXY_PORT: Final = 80
_STATES: Final = {
    ReportState.OPEN: "OPEN",
    ReportState.CLOSED: "CLOSED",
    ReportState.PENDING: "PENDING",
    ReportState.UNACKNOWLEDGED: "UNACK",
    ReportState.ACKNOWLEDGED: "ACK",
    # Acknowledged all the same; `storage` tells that its bytes are gone.
    ReportState.PURGED: "ACK",
}


class Showing:
    """Views of the present state."""

    def __init__(self, around: Surroundings, memory: Memory, meter: Meter) -> None:
        """Take where the state is."""
        self._around = around
        self._memory = memory
        self._meter = meter
        self._reckoning = Reckoning(around, memory)

    def status(
        self, holdings: Holdings, measuring: Measuring, remarks: tuple[str, ...]
    ) -> StatusView:
        """Return all that `show license status` prints.

        Args:
            holdings: The documents in force.
            measuring: The clocks.
            remarks: What an operator should know beside what the state itself tells.
        """
        configuration = self._memory.singles.configuration
        return StatusView(
            now=self._around.clock.wall(),
            account=_account(holdings),
            transport=self._transport(),
            policy=_policy(holdings),
            reporting=self._reporting(holdings, measuring.lived()),
            trust=(self._trust(holdings),),
            sends_hostname=self._around.hostname is not None and not configuration.privacy_hostname,
            notices=self._notices(remarks),
            sends_version=not configuration.privacy_version,
            custom_id=configuration.custom_id,
            utility=UtilityView(
                is_enabled=configuration.utility_enabled, customer=configuration.customer_info
            ),
        )

    def usage(self) -> tuple[UsageView, ...]:
        """Return the licences that are or were in use, in the order of the profile."""
        tags = self._memory.tags
        return tuple(
            self._usage(licence, tags[licence.tag].first_use)
            for licence in self._around.profile.licences
            if licence.tag in tags
        )

    def reports_summary(self) -> ReportsSummaryView:
        """Return how many reports are in which state."""
        counts = self._memory.store.state_counts()
        of = {state: counts.get(state.value, 0) for state in ReportState}
        purged = of[ReportState.PURGED]
        return ReportsSummaryView(
            total=sum(of.values()),
            purged=purged,
            acknowledged=of[ReportState.ACKNOWLEDGED] + purged,
            waiting=of[ReportState.PENDING] + of[ReportState.UNACKNOWLEDGED],
            # Open ones as well: whoever saves or synchronises closes them first.
            available=of[ReportState.CLOSED] + of[ReportState.OPEN],
            collecting=of[ReportState.OPEN],
        )

    def report_rows(self) -> tuple[ReportRow, ...]:
        """Return a line for each report, lowest id first."""
        return tuple(map(self._row, self._all_reports()))

    def report_detail(self, report_id: int) -> ReportDetailView:
        """Return one report.

        Raises:
            Problem: ``requested-item-not-found``.
        """
        row = self._memory.store.report(report_id)
        if row is None:
            message = f"There is no report {report_id} in this store."
            raise Problem("requested-item-not-found", message)
        detail = read_detail(row)
        held = self._memory.store.item(report_id, "report") is not None
        is_open = detail.life.state is ReportState.OPEN
        return ReportDetailView(
            report_id=report_id,
            feature=self._feature(detail.tag),
            tag=detail.tag,
            udi=self._around.udi,
            previous_id=detail.previous_id,
            next_id=detail.next_id,
            state=_STATES[detail.life.state],
            flag=detail.life.flag.value,
            reason=detail.life.reason.value,
            start=detail.start,
            # A measurement ends before its `end_time` (spec/usage.md): the last second is shown,
            # or a report would seem to reach beyond the moment in which it was closed.
            end=self._around.clock.wall() if is_open else max(detail.start, detail.end - 1),
            storage="EXIST" if held or is_open else "DELETED",
            verdict=detail.verdict,
        )

    def purchases(self, holdings: Holdings) -> tuple[PurchaseView, ...]:
        """Return what was bought with the product instance."""
        if holdings.purchases is None:
            return ()
        return tuple(
            PurchaseView(
                tag=item.tag,
                name=item.name,
                quantity=item.quantity,
                term=item.term,
                start=item.start,
                end=item.end,
            )
            for item in holdings.purchases.items
        )

    def authorizations(self, holdings: Holdings) -> tuple[AuthorizationView, ...]:
        """Return the authorization codes, one entry for each device of the set."""
        singles, digest = self._memory.singles, holdings.authorization_digest
        view = AuthorizationView(
            udi=self._around.udi, return_code=singles.authorization.return_code
        )
        code = authorized(holdings, singles).in_force
        if code is None or digest is None:
            return (view,)
        allowed = {item.tag: item for item in code.licences}
        licences = self._around.profile.licences
        return (
            replace(
                view,
                installed_at=holdings.installed_at.get(AuthorizationCode.TYPE),
                confirmation_code=confirmation_code(digest),
                licences=tuple(
                    _authorized_licence(licence, allowed[licence.tag])
                    for licence in licences
                    if licence.tag in allowed
                ),
            ),
        )

    def events(self, days: int | None) -> tuple[EventView, ...]:
        """Return the event log, oldest first; of the last days only where given."""
        since = 0 if days is None else self._around.clock.wall() - days * _DAY
        return tuple(
            EventView(
                sequence=sequence,
                at=entry.at,
                name=entry.name,
                fields=entry.fields,
                text=entry.text,
            )
            for sequence, entry in self._memory.store.entries()
            if entry.at >= since
        )

    def message_history(self) -> tuple[HistoryView, ...]:
        """Return the message history: always its 12 headings, in order."""
        history = self._memory.history
        return tuple(
            HistoryView(
                heading=heading.value,
                is_import=heading.is_import,
                messages=tuple(map(_past, history.get(heading.value, ()))),
            )
            for heading in Heading
        )

    def _notices(self, remarks: tuple[str, ...]) -> tuple[str, ...]:
        store, found = self._memory.store, []
        if self._around.clock.is_test:
            found.append("The clock is moved by a test; what is signed is marked so.")
        if store.replaced is not None:
            found.append(f"{store.replaced} A new store was begun, the old one is kept aside.")
        if store.volatile is not None:
            found.append(store.volatile)
        blocked = self._memory.singles.course.blocked
        return (*found, *remarks, *([] if blocked is None else [blocked]))

    def _transport(self) -> TransportView:
        configuration = self._memory.singles.configuration
        # A URL that is set and not in use would look like the way that reports take.
        urls = {
            TransportKind.SMART: configuration.url_smart,
            TransportKind.CSLU: configuration.url_cslu,
            TransportKind.CALLHOME: configuration.url_plain,
        }
        address, port = configuration.proxy_address, configuration.proxy_port
        return TransportView(
            kind=configuration.transport.value,
            url=urls.get(configuration.transport),
            proxy=None if address is None else f"{address}:{port or _PROXY_PORT}",
            vrf=configuration.vrf,
        )

    def _reporting(self, holdings: Holdings, lived: int) -> ReportingView:
        singles, now = self._memory.singles, self._around.clock.wall()
        course = singles.course
        waiting = [
            exchange.check_wall
            for exchange in (
                singles.trust_exchange,
                singles.authorization_exchange,
                singles.usage_exchange,
            )
            if exchange is not None and exchange.poll_id is not None
        ]
        waiting += [poll.check_wall for poll in course.polls]
        push = self._reckoning.next_push(holdings)
        sends = singles.configuration.transport is TransportKind.SMART
        return ReportingView(
            last_ack=course.last_ack,
            next_ack_deadline=self._reckoning.deadline(holdings),
            push_interval_days=self._reckoning.interval(holdings),
            next_ack_check=min(waiting, default=None),
            next_push=now + max(0, push - lived) if push is not None and sends else None,
            last_push=course.last_push,
            last_file_write=course.last_file_write,
        )

    def _trust(self, holdings: Holdings) -> TrustView:
        code = holdings.trust_code
        return TrustView(
            role="Active",
            udi=self._around.udi,
            installed_at=holdings.installed_at.get(TrustCode.TYPE),
            origin=None if code is None else code.origin.value,
        )

    def _usage(self, licence: Licence, first_use: int | None) -> UsageView:
        count = self._meter.level(licence.tag)
        return UsageView(
            tag=licence.tag,
            feature=licence.feature,
            name=licence.name,
            description=licence.description,
            count=count,
            version=licence.version,
            status="IN USE" if count else "NOT IN USE",
            group=licence.group,
            subscription=licence.term is Term.SUBSCRIPTION,
            first_use=first_use,
        )

    def _all_reports(self) -> Iterator[StoredReport]:
        after = 0
        states = [state.value for state in ReportState]
        # Page by page: a device may hold the rows of ten years.
        while rows := self._memory.store.reports(states, after=after, limit=_PAGE):
            yield from rows
            after = rows[-1].report_id

    def _row(self, row: StoredReport) -> ReportRow:
        # Shown with the others: whoever looks for it must see that it is there and what became of it.
        if row.fault is not None:
            return ReportRow(report_id=row.report_id, state="DAMAGED", flag="-", feature="-")
        detail = read_detail(row)
        return ReportRow(
            report_id=row.report_id,
            state=_STATES[detail.life.state],
            flag=detail.life.flag.value,
            feature=self._feature(detail.tag),
        )

    def _feature(self, tag: str) -> str:
        # A profile of a later release may have dropped a licence that old reports tell of.
        named = {licence.tag: licence.feature for licence in self._around.profile.licences}
        return named.get(tag, tag)


def _authorized_licence(licence: Licence, allowed: AuthorizedLicence) -> AuthorizedLicenceView:
    return AuthorizedLicenceView(
        tag=licence.tag,
        feature=licence.feature,
        name=licence.name,
        description=licence.description,
        count=allowed.count,
        enforcement=licence.enforcement.value,
        term=allowed.term,
    )


def _account(holdings: Holdings) -> AccountView | None:
    if holdings.account is None:
        return None
    as_of = holdings.installed_at[AccountInfo.TYPE]
    return AccountView(account=holdings.account.account, as_of=as_of)


def _policy(holdings: Holdings) -> PolicyView:
    rules = holdings.rules
    return PolicyView(
        name=rules.name or None,
        installed_at=holdings.installed_at.get(PolicyDocument.TYPE),
        is_default=holdings.policy is None,
        ack_required=rules.ack_required,
        source=rules.source.value,
        groups=tuple(
            PolicyGroupView(
                group=group.value,
                first_report=rules.groups[group].first_report,
                frequency=rules.groups[group].frequency,
                on_change=rules.groups[group].on_change,
                source=rules.source_of(group).value,
            )
            for group in Group
        ),
    )


def _past(line: Past) -> PastMessage:
    return PastMessage(
        at=line.at, what=line.what, outcome=line.outcome, times=line.times, last_at=line.last_at
    )
