"""The one writer: measures, closes, sends, and takes answers; every step is one transaction."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from gauger.core.instance import trust as trust_decisions
from gauger.core.instance.report_life import ReportInput
from gauger.core.instance.sending import Occasion
from gauger.core.problems import Problem
from gauger.core.releases import Feature, Topology
from gauger.instance import events
from gauger.instance.alarms import remind
from gauger.instance.authorizing import Authorizing, allows_export, held_code, may_use
from gauger.instance.config import TransportKind
from gauger.instance.greeting import HELLO
from gauger.instance.holdings import Holdings, read_holdings
from gauger.instance.levels import Levels, in_force
from gauger.instance.measuring import Measuring
from gauger.instance.memory import Draft, Memory
from gauger.instance.meter import Meter
from gauger.instance.polling import POLLS, due
from gauger.instance.ports import LogEntry, Store
from gauger.instance.reckoning import Reckoning
from gauger.instance.records import Exchange, HeldDocument
from gauger.instance.reporting import Reporting
from gauger.instance.rooting import Rooting, beneath_floor
from gauger.instance.surroundings import Surroundings
from gauger.instance.trusting import Trusting

if TYPE_CHECKING:
    from gauger.instance.exchanging import Answered
    from gauger.instance.talking import Talking

_LOGGER: Final = logging.getLogger("gauger")

# No longer than a sample lasts: nothing here relies on being woken.
_LONGEST_PAUSE: Final = 900
_MOST_AT_ONCE: Final = 4
"""Exchanges that one round finishes at most: trust, wanted reports, a push, and what follows."""


class Engine:
    """State and steps of a product instance.

    Two locks: ``lock`` is held while state is read or changed and never while the network is
    waited for; ``wire`` is held by the one who talks, so that exchanges never interleave.
    """

    def __init__(self, around: Surroundings, store: Store, meter: Meter) -> None:
        """Begin a boot: what the boot before left open is closed, and all of it is stored.

        Raises:
            Problem: ``store-damaged`` where the store cannot be read; ``entropy-failed``.
        """
        self.around = around
        # Reentrant: an order that holds it measures, and measuring takes it as well.
        self.lock = threading.RLock()
        self.wire = threading.RLock()
        self.memory = Memory(store, self._tell)
        self.meter = meter
        self.measuring = Measuring(around, meter, self.memory)
        self.trusting = Trusting(around, store)
        self.reporting = Reporting(around, store)
        self.reckoning = Reckoning(around, self.memory)
        self.rooting = Rooting(around)
        self.authorizing = Authorizing(around, store)
        self._is_anchor_behind = False
        nothing = Holdings(store=around.pinned)
        self._read: tuple[Mapping[str, HeldDocument], Holdings] = ({}, nothing)
        self._boot(store)

    @cached_property
    def talking(self) -> "Talking":
        """What talks to the portal. Many a boot never sends: it loads with the first message."""
        from gauger.instance.talking import Talking  # noqa: PLC0415 -- what is deferred

        return Talking(self)

    def holdings(self) -> Holdings:
        """Return the documents in force, read once for each change."""
        documents = self.memory.documents
        known, holdings = self._read
        # By identity first: each commit makes a new dict, and most of them change no document.
        if known is not documents:
            if known != documents:
                holdings = read_holdings(documents, self.around.pinned, holdings)
            self._read = (documents, holdings)
        return holdings

    def authorize(self) -> None:
        """Let the meter know what the installed authorization code allows, at once."""
        memory = self.memory
        self.meter.authorize(may_use(memory.documents, memory.singles))

    def measure(self, *, begins: bool = False) -> None:
        """Take in what has changed and what is due; store it as soon as the disk allows.

        Args:
            begins: Whether a boot begins: then what is due is told, however far it is away.
        """
        with self.lock:
            draft = self.memory.draft()
            changed = self.measuring.measure(draft)
            deadline = self.reckoning.deadline(self.holdings())
            reminded = remind(draft, deadline, self.around.clock.wall(), always=begins)
            told = self._tell_anchor(draft)
            self._sign(draft)
            # With each measurement: the hour of a message that was held back may be over.
            self._tell(())
            # Flash wears with each write; what the disk refused is tried again all the same.
            if changed or reminded or told or draft.batch.reports or not self.memory.is_saved:
                self.memory.keep(draft)

    def _tell(self, entries: Sequence[LogEntry]) -> None:
        """Tell system messages to whoever listens, by the settings in force."""
        around, configuration = self.around, self.memory.singles.configuration
        around.messages.configure(configuration, configuration.hostname or around.hostname)
        around.messages.take(entries, around.clock.monotonic(), around.moment())

    def _tell_anchor(self, draft: Draft) -> bool:
        """Tell once that the anchor cannot be renewed, or can be again; return whether it was told.

        Told and not refused: a product whose key folder is read-only goes on measuring. But who
        starts it must not learn only from the next rotation, or from a copied store, what is amiss.
        """
        problem, wall = self.memory.store.anchor_trouble, self.around.clock.wall()
        if (problem is not None) == self._is_anchor_behind:
            return False
        self._is_anchor_behind = problem is not None
        if problem is None:
            draft.log(events.anchor_renewed(wall))
            return True
        told = events.anchor_behind(wall, problem)
        # Also where a terminal or a service's journal shows it: nobody reads an event log at a start.
        _LOGGER.warning("%s", told.text)
        draft.log(told)
        return True

    @contextlib.contextmanager
    def portion(self) -> Iterator[None]:
        """Hold the lock for one bounded part of a long order.

        Who releases a lock and takes it again at once may starve all others, so it is not enough
        to let go between two parts: what has changed meanwhile is measured here, by the order
        itself.
        """
        with self.lock:
            yield
            self.measure()

    def finish(self) -> None:
        """Measure up to this second: the next boot claims nothing beyond what is stored now."""
        with self.lock:
            self.measure()
            draft = self.memory.draft()
            # Else only what was settled at the last sample, up to 15 minutes ago, would be claimed.
            self.measuring.settle(draft)
            self.memory.keep(draft)

    def flush(self) -> None:
        """Make every change durable now.

        Raises:
            Problem: ``store-full`` or ``store-failed``; the changes stay in memory.
        """
        with self.lock:
            self.measure()
            self.require_durable()
            if self.memory.trouble is not None:
                raise self.memory.trouble

    def require_durable(self) -> None:
        """Check that there is a store at all: without one every change ends with the process.

        Raises:
            Problem: ``store-failed``.
        """
        volatile = self.memory.store.volatile
        if volatile is not None:
            raise Problem("store-failed", volatile)

    def close_reports(self, cause: ReportInput) -> None:
        """Close and sign every open report that tells anything, durably.

        Raises:
            Problem: ``store-full`` or ``store-failed``; ``key-missing`` or ``key-store-failed``
                where nothing can be signed.
        """
        with self.lock:
            self.measure()
            draft = self.memory.draft()
            self.measuring.close(draft, cause)
            self._sign(draft)
            self.memory.commit(draft)
            # The close itself is durable by now; that it waits for its key is what is told.
            if self.reporting.trouble is not None:
                raise self.reporting.trouble

    def change(self, act: Callable[[Draft], None]) -> None:
        """Make one change durable.

        Raises:
            Problem: What the change refuses; ``store-full`` or ``store-failed``.
        """
        with self.lock:
            draft = self.memory.draft()
            act(draft)
            self.memory.commit(draft)
            self.rooting.show(self.memory)

    def attempt(self, act: Callable[[Draft], None]) -> None:
        """Make one change whose events become durable if the disk allows, in memory until then.

        Raises:
            Problem: What the change refuses.
        """
        with self.lock:
            draft = self.memory.draft()
            act(draft)
            self.memory.keep(draft)

    def reload(self) -> None:
        """End this boot and begin the next one in the same process.

        What is in use stays so; reports are closed, and configuration that was not saved is lost.

        Raises:
            Problem: ``entropy-failed``; then the boot goes on.
        """
        # Nobody may be in the middle of an exchange: its answer would belong to no boot.
        with self.wire, self.lock:
            self.finish()
            self.measuring = Measuring(self.around, self.meter, self.memory)
            # It holds on to the clocks of the boot before.
            vars(self).pop("talking", None)
            self.memory.begin_boot()
            self._boot(self.memory.store, going_on=self.meter.begin_again(self._levels()))

    def require_way(self) -> str:
        """Return the URL to talk to.

        Raises:
            Problem: ``transport-off``, ``transport-later``, ``not-a-licensing-url``, or
                ``not-supported`` where the product and its release have no such way.
        """
        configuration = self.memory.singles.configuration
        if configuration.transport is TransportKind.OFF:
            raise Problem("transport-off", "The transport is off: nothing is sent.")
        if configuration.transport is not TransportKind.SMART:
            kind = configuration.transport.value
            message = (
                f"The transport {kind} comes with a later release: nothing is sent until then."
            )
            raise Problem("transport-later", message)
        profile = self.around.profile
        if not profile.allows(Feature.SUPPORT, Topology.DIRECT):
            ways = ", ".join(way for way in Topology if profile.allows(Feature.SUPPORT, way))
            message = f"{profile.name} {profile.release} does not report directly; it can: {ways}."
            raise Problem("not-supported", message)
        if configuration.url_smart is None:
            raise Problem("not-a-licensing-url", "No smart transport URL is configured.")
        return configuration.url_smart

    def require_direct(self) -> None:
        """Check that the trust code is good for direct communication.

        Raises:
            Problem: ``factory-trust-not-allowed`` or ``trust-missing``.
        """
        trust_decisions.require_direct(self.holdings().trust(self.memory.singles.trust))

    def communicate(self) -> None:
        """Do what is due towards the portal; failures are backed off and told."""
        with self.wire:
            try:
                self._advance()
            except Problem as problem:
                # What talks has put it off already; what could not be stored or signed has not.
                if self.memory.singles.backoff.retry_at <= self.measuring.lived():
                    self.talking.put_off(problem)

    def put_off(self) -> None:
        """Wait longer and longer before the portal is contacted again, after a fault of our own."""
        detail = "A round of talking failed unforeseen; the log of the process has the trace."
        self.talking.put_off(Problem("internal-error", detail))

    def _advance(self) -> None:
        # Bounded: a portal that answers each message with another task must not keep us busy.
        for _ in range(_MOST_AT_ONCE):
            kind = self._due()
            if kind is None or not _advanced(self.talking.talk(kind)):
                return

    def pause(self) -> float:
        """Return the seconds until something is due by itself."""
        with self.lock:
            lived = self.measuring.lived()
            times = [self.measuring.next_sample(), *self._contacts()]
            # At least a second: something overdue that cannot be done would else spin.
            return float(min(max(1, min(times) - lived), _LONGEST_PAUSE))

    def next_contact(self) -> int | None:
        """Return the seconds until the portal is contacted by itself; None where it never is."""
        with self.lock:
            contacts = self._contacts()
            return max(0, min(contacts) - self.measuring.lived()) if contacts else None

    def troubles(self) -> tuple[str, ...]:
        """Return what fails at present, and what to do about it."""
        lost = beneath_floor(self.memory.draft(), self.holdings().store)
        anchor = self.memory.store.anchor_trouble
        troubles = (self.memory.trouble, self.reporting.trouble, anchor, lost)
        return tuple(f"{item.detail} {item.kind.next_step}" for item in troubles if item)

    def _boot(self, store: Store, going_on: Mapping[str, int] | None = None) -> None:
        wall = self.around.clock.wall()
        self.around.messages.begin_boot()
        # Some settings count from a boot on: what is configured later waits for the next one.
        self.booted = self.memory.singles.configuration
        if going_on is None:
            self.meter.follow(self._levels())
        draft = self.memory.draft()
        # Before counts come back: those of a licence that is off without its code must not.
        self.authorize()
        # First of all: no measurement of this boot may join a report of the one before.
        self.measuring.begin_boot(draft, going_on)
        # Before anything is believed: a store that was copied back may hold a root set that was
        # replaced because a signer was stolen.
        held = self.rooting.begin_boot(draft, is_volatile=store.volatile is not None)
        self._read = ({}, held)
        # Told at the start of the process: another boot of the same one has replaced nothing.
        if store.replaced is not None and going_on is None:
            draft.log(events.store_replaced(wall, store.replaced))
        tags = may_use(draft.documents, draft.singles)
        may_export = allows_export(self.around.profile, tags)
        draft.log(*events.agent_ready(wall), *events.export_allowed(wall, allowed=may_export))
        # A store that was lost or copied back held a code: it is asked for under a new epoch.
        if self.authorizing.ask_again(draft, held):
            draft.log(events.event(wall, "AUTHORIZATION_LOST"))
        self._sign(draft)
        # Each boot: a store that was copied back is found out by the boots that it misses.
        draft.batch.anchored = True
        self.memory.keep(draft)
        self.rooting.show(self.memory)
        self.measure(begins=True)

    def _levels(self) -> Levels:
        return in_force(self.around.profile, self.memory.singles.configuration)

    def _sign(self, draft: Draft) -> None:
        if any(record.waiting for record in draft.tags.values()):
            try:
                held = self.holdings()
                authorization = held_code(held, draft.singles)
                state = self.trusting.signing_state(held, draft.singles.trust, authorization)
            except Problem as problem:
                # Not raised: what is measured is kept, and signed once the key is there again.
                self.reporting.trouble = problem
                return
            self.reporting.sign_waiting(draft, state)

    def _due(self) -> str | None:
        """Return the exchange to go on with now, putting one under way where it is time."""
        with self.lock:
            if self.memory.singles.configuration.transport is not TransportKind.SMART:
                return None
            lived, singles = self.measuring.lived(), self.memory.singles
            # In seconds lived and not by the wall clock: a clock set back must not silence the device.
            if singles.backoff.retry_at > lived:
                return None
            if _is_due(singles.trust_exchange, lived):
                # Before any report: the code that it brings may be what they wait for.
                return "trust"
            if self._asks_for_code(lived):
                return "authorization"
            return self._due_report(lived) if self._may_report() else None

    def _due_report(self, lived: int) -> str | None:
        """Return the exchange about reports to go on with now."""
        singles = self.memory.singles
        if due(singles.course, lived) is not None:
            return POLLS
        if singles.usage_exchange is not None:
            return "usage" if _is_due(singles.usage_exchange, lived) else None
        if self._begin_sending(lived):
            return "usage"
        return HELLO if self.memory.singles.course.greets else None

    def _asks_for_code(self, lived: int) -> bool:
        singles = self.memory.singles
        if singles.authorization_exchange is None and self._has_paper():
            self.talking.ask_for_code()
        return _is_due(self.memory.singles.authorization_exchange, lived)

    def _has_paper(self) -> bool:
        """Return whether a request for a code, or a return, has yet to go by itself."""
        singles = self.memory.singles
        record = singles.authorization
        has_way = singles.configuration.url_smart is not None
        # No proof leaves while an older store could bring the code back unseen.
        is_safe = self.memory.store.anchor_trouble is None
        return has_way and is_safe and bool(record.waiting) and not record.tried

    def _may_report(self) -> bool:
        """Return whether reports may go directly; tell once why not."""
        reason: str | None = None
        try:
            self.require_way()
            self.require_direct()
        except Problem as problem:
            reason = f"{problem.detail} {problem.kind.next_step}"
            code = problem.code
        else:
            code = ""
        course = self.memory.singles.course
        # Told on change alone: each second of a year the same line would push out the log.
        if course.blocked != reason:
            draft = self.memory.draft()
            draft.singles = replace(draft.singles, course=replace(course, blocked=reason))
            draft.log(events.communication_blocked(self.around.clock.wall(), code))
            self.memory.keep(draft)
        return reason is None

    def _begin_sending(self, lived: int) -> bool:
        # At once and not with the schedule: the portal has said that it lacks them.
        if self.memory.singles.course.wanted and self.talking.put_under_way(Occasion.WANTED):
            return True
        push = self.reckoning.next_push(self.holdings())
        if push is None or push > lived:
            return False
        # Stored first: what is sent must be found again after a power loss, byte for byte.
        self.close_reports(ReportInput.CLOSE_TO_REPORT)
        return self.talking.put_under_way(Occasion.SCHEDULE)

    def _contacts(self) -> list[int]:
        """Return when the portal is to be contacted, in seconds lived."""
        singles = self.memory.singles
        if singles.configuration.transport is not TransportKind.SMART:
            return []
        # Not before the back-off ends: woken earlier, the talker would find nothing that it may do,
        # and be woken again a second later.
        waiting = [
            max(exchange.check_at, singles.backoff.retry_at)
            for exchange in (
                singles.trust_exchange,
                singles.authorization_exchange,
                singles.usage_exchange,
            )
            if exchange is not None
        ]
        if singles.authorization_exchange is None and self._has_paper():
            waiting.append(singles.backoff.retry_at)
        if singles.course.blocked is None:
            waiting += [
                max(poll.check_at, singles.backoff.retry_at) for poll in singles.course.polls
            ]
        if singles.course.greets and singles.course.blocked is None:
            waiting.append(singles.backoff.retry_at)
        push = self.reckoning.next_push(self.holdings())
        if push is not None and singles.usage_exchange is None and singles.course.blocked is None:
            waiting.append(max(push, singles.backoff.retry_at))
        return waiting

    def forget_keys(self) -> None:
        """Destroy licensing keys that nothing needs any more; the draft is durable by now."""
        draft = self.memory.draft()
        # First it is durable that nothing needs a key, then the key goes: never the other way round.
        names = self.trusting.forget_unused(draft, self.holdings())
        if not names:
            return
        self.memory.commit(draft)
        left = self.memory.draft()
        for name in names:
            try:
                self.around.keys.forget(name)
            # Told and not raised: the answer that made it idle is installed by now, and to whoever
            # imported it a refusal would say the contrary.
            except Problem as problem:
                left.log(events.key_left(self.around.clock.wall(), name, problem))
        if left.batch.entries:
            self.memory.keep(left)


def _advanced(answered: "Answered | None") -> bool:
    return answered is not None and answered.is_over and answered.problem is None


def _is_due(exchange: Exchange | None, lived: int) -> bool:
    return exchange is not None and exchange.check_at <= lived
