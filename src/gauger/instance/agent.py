"""The agent: what surfaces and the library call, and the threads that do what is due."""

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from gauger.core.documents.envelope import Document
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.core.profiles import Profile
from gauger.instance.config import ConfigChange, Configuration
from gauger.instance.engine import Engine
from gauger.instance.messages import Messages
from gauger.instance.meter import Meter, Use
from gauger.instance.ports import Store
from gauger.instance.surroundings import Surroundings, shown_name

if TYPE_CHECKING:
    from gauger.instance.authorization_orders import AuthorizationOrders
    from gauger.instance.configuring import Configuring
    from gauger.instance.orders import Orders
    from gauger.instance.reloading import LaterReload
    from gauger.instance.tech_views import SystemView, TechView
    from gauger.instance.users import LocalUsers
    from gauger.instance.views import (
        AuthorizationView,
        EventView,
        HistoryView,
        ImportResult,
        LoggingView,
        PurchaseView,
        ReportDetailView,
        ReportRow,
        ReportsSummaryView,
        RootView,
        Scope,
        Selection,
        StatusView,
        SyncResult,
        UsageView,
        UserSecretView,
    )

_LOGGER: Final = logging.getLogger("gauger")

_COALESCE_SECONDS: Final = 0.5
"""Changes within it are stored together: at most two commits a second, each within one."""

_WAKE_SECONDS: Final = 0.1


class Agent:
    """The one writer of a store; every method is thread-safe."""

    def __init__(
        self, around: Surroundings, store: Store, release: Callable[[], None] = lambda: None
    ) -> None:
        """Begin a boot.

        Args:
            around: Identity and adapters.
            store: The open store; closed by `stop`.
            release: Called at the end of `stop`, to give the writer's lock back.

        Raises:
            Problem: ``store-damaged`` where the store cannot be read; ``entropy-failed``.
        """
        self._around = around
        self._meter = Meter(around.profile, around.clock.monotonic)
        self._engine = Engine(around, store, self._meter)
        self._store = store
        self._release = release
        # Threads are asked to end: one that was cut off could leave a step half done.
        self._stopping = threading.Event()
        self._call = threading.Event()
        self._threads: list[threading.Thread] = []
        self._ending = threading.Lock()
        self._has_stopped = False
        self._trouble: Problem | None = None
        self._at_reload: list[Callable[[], None]] = []

    @cached_property
    def _orders(self) -> "Orders":
        """What operators ask. A device is seldom asked anything: it loads with the first of it."""
        from gauger.instance.orders import Orders  # noqa: PLC0415 -- what is deferred

        return Orders(self._engine)

    @cached_property
    def users(self) -> "LocalUsers":
        """Who may log in; it loads with the first log-in."""
        from gauger.instance.users import LocalUsers  # noqa: PLC0415 -- what is deferred

        return LocalUsers(self._engine, self._around.passwords)

    @cached_property
    def _configuring(self) -> "Configuring":
        """What changes the configuration; it loads with the first line of it."""
        from gauger.instance.configuring import Configuring  # noqa: PLC0415 -- what is deferred

        return Configuring(self._engine, self.users)

    @cached_property
    def codes(self) -> "AuthorizationOrders":
        """Authorization codes; it loads with the first order."""
        from gauger.instance.authorization_orders import (  # noqa: PLC0415 -- what is deferred
            AuthorizationOrders,
        )

        return AuthorizationOrders(self._engine, self._call.set)

    @cached_property
    def reloads(self) -> "LaterReload":
        """The reload that is to come; it loads where one is wanted."""
        from gauger.instance.reloading import LaterReload  # noqa: PLC0415 -- what is deferred

        return LaterReload(self._around.clock, self.reload)

    def _forget_reload(self) -> None:
        if "reloads" in vars(self):
            self.reloads.cancel()

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

    def use(self, tag: str, count: int = 1) -> Use:
        """Count licences as in use while the context is entered; see `ports.Usage.use`."""
        return self._meter.use(tag, count)

    def set_count(self, tag: str, count: int) -> None:
        """State how many licences are in use from now on; see `ports.Usage.set_count`."""
        self._meter.set_count(tag, count)

    def join_access_point(self, udi: Udi) -> None:
        """Count an access point that joined."""
        self._meter.join(udi)

    def leave_access_point(self, udi: Udi) -> None:
        """Stop counting an access point."""
        self._meter.leave(udi)

    def flush(self) -> None:
        """Make every change durable now; see `ports.Usage.flush`."""
        self._engine.flush()

    def adopt_factory(self, documents: Mapping[str, Document], *, has_key: bool) -> None:
        """Install what the factory made from the order, where nothing is installed yet.

        What is refused is told in the event log: a device works without any of it.

        Args:
            documents: Policy, trust code and purchase information, by type.
            has_key: Whether the key of the factory trust code is there.
        """
        # At each start but the first there is nothing to adopt, and no order has to load.
        if documents.keys() - self._engine.memory.documents.keys():
            self._orders.adopt_factory(documents, has_key=has_key)

    def start(self) -> None:
        """Do what is due in threads of its own, until `stop`."""
        self._stopping.clear()
        self._threads = [
            threading.Thread(target=self._keep, name="gauger-measure", daemon=True),
            threading.Thread(target=self._talk, name="gauger-report", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> Problem | None:
        """Measure up to this second, store it, end the threads, and release the store.

        Asked again, it does nothing and says the same: a product may stop in its own code and at
        the end of its ``with``.

        Returns:
            What kept usage from being stored or the store from being closed, or None.
        """
        with self._ending:
            if not self._has_stopped:
                # Before and not after: over a closed store a second try would report as lost what
                # the first one has stored.
                self._has_stopped = True
                self._stop()
            return self._trouble

    def _stop(self) -> None:
        self._forget_reload()
        with contextlib.ExitStack() as last:
            # Whatever fails before: a lock that stays would keep out every agent until this
            # process ends. Last, since who waits for it must find a store that nobody holds open.
            last.callback(self._release)
            last.callback(self._close)
            # Before the store closes, which may fail: what was held back is told at last.
            last.callback(self.messages.finish)
            self._stopping.set()
            # First of all: the talker may wait for an answer half a minute, and who stops a service
            # kills it sooner. What was in use until now is durable by then.
            self._engine.finish()
            for thread in self._threads:
                while thread.is_alive():
                    # Whoever measures clears the call, so one that came just before a pause is lost.
                    self._meter.wake.set()
                    self._call.set()
                    thread.join(_WAKE_SECONDS)
            self._threads = []
            self._tell_refusals(at_once=True)
            self._engine.finish()
            # Kept before the store closes: afterwards every commit fails, whatever was stored.
            self._trouble = self._engine.memory.trouble
            if self._trouble is not None:
                _LOGGER.warning("The last usage could not be stored: %s", self._trouble.detail)

    def _tell_refusals(self, *, at_once: bool = False) -> None:
        # Not by the attribute: to ask would load what hashes passwords, where nobody ever logged in.
        users: LocalUsers | None = vars(self).get("users")
        if users is not None:
            users.tell_refusals(at_once=at_once)

    def _close(self) -> None:
        try:
            self._store.close()
        except Problem as problem:
            # Told and not raised: what was committed is in the file or its log, and a product that
            # ends must not fail by its licensing.
            _LOGGER.warning("The store could not be closed: %s", problem.detail)
            self._trouble = self._trouble or problem

    def tick(self) -> float:
        """Do all that is due now.

        Returns:
            Seconds of the instance's clock until something is due again by itself.
        """
        self._engine.measure()
        self._tell_refusals()
        self._engine.communicate()
        return self._engine.pause()

    def next_contact(self) -> int | None:
        """Return the seconds until the portal is contacted by itself; None where it never is."""
        return self._engine.next_contact()

    def sync(self, scope: "Scope") -> "SyncResult":
        """Send every report that has no ACK and fetch what is pending; see `ports.Operations`."""
        result = self._orders.sync(scope)
        self._call.set()
        return result

    def establish_trust(self, token: str, scope: "Scope", *, force: bool) -> None:
        """Ask for a trust code with an ID token; see `ports.Operations`."""
        self._orders.establish_trust(token, scope, force=force)
        self._call.set()

    def save_usage(self, selection: "Selection", path: Path) -> int:
        """Write reports to a file and return how many; see `ports.Operations`."""
        return self._orders.save_usage(selection, path)

    def save_trust_request(self, path: Path) -> None:
        """Write a trust request to a file of its own; see `ports.Operations`."""
        self._orders.save_trust_request(path)

    def import_file(self, path: Path) -> "ImportResult":
        """Install what a file of the portal brings; see `ports.Operations`."""
        result = self._orders.import_file(path)
        self._call.set()
        return result

    def import_trust(self, paths: Sequence[Path]) -> tuple[str, ...]:
        """Take in root sets that an operator brings; see `ports.Operations`."""
        return self._orders.import_trust(paths)

    def trust(self) -> "RootView":
        """Return whom the product instance trusts."""
        return self._orders.trust()

    def configure(self, changes: Sequence[ConfigChange], *, save: bool = True) -> None:
        """Apply all lines or none; see `ports.Operations`."""
        self._configuring.apply(changes, save=save)
        self._call.set()

    def configuration(self) -> Configuration:
        """Return all settings that are in force."""
        return self._engine.memory.singles.configuration

    def startup_configuration(self) -> Configuration | None:
        """Return what the next boot begins with; None where nothing was saved."""
        return self._engine.memory.singles.startup

    def save_configuration(self) -> None:
        """Make the next boot begin with what is in force; see `ports.Operations`."""
        self._configuring.save()

    def erase_configuration(self) -> None:
        """Make the next boot begin with the defaults; see `ports.Operations`."""
        self._configuring.erase()

    def check_enable(self, password: str) -> None:
        """Check the password of `enable`; see `ports.Operations`."""
        self._configuring.check_enable(password)

    def user_secrets(self) -> "tuple[UserSecretView, ...]":
        """Return all users with the hashes of their passwords."""
        from gauger.instance.users import stored_users  # noqa: PLC0415 -- seldom asked

        with self._engine.lock:
            return stored_users(self._engine.memory.store)

    def hostname(self) -> str:
        """Return the name that prompts show: the one configured, else that of the machine."""
        return shown_name(self.configuration(), self._around)

    def on_reload(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have sessions end before a reload; see `ports.Operations`."""
        self._at_reload.append(callback)

        def forget() -> None:
            with contextlib.suppress(ValueError):
                self._at_reload.remove(callback)

        return forget

    def reload(self) -> None:
        """Begin another boot from the startup configuration; see `ports.Operations`."""
        self._forget_reload()
        for callback in tuple(self._at_reload):
            callback()
        self._engine.reload()
        self._call.set()

    def status(self) -> "StatusView":
        """Return what `show license status` prints."""
        return self._orders.status()

    def usage(self) -> "tuple[UsageView, ...]":
        """Return the licences in use, in the order of the profile."""
        return self._orders.usage()

    def reports_summary(self) -> "ReportsSummaryView":
        """Return how many reports are in which state."""
        return self._orders.reports_summary()

    def report_rows(self) -> "tuple[ReportRow, ...]":
        """Return a line for each report, lowest id first."""
        return self._orders.report_rows()

    def report_detail(self, report_id: int) -> "ReportDetailView":
        """Return one report; see `ports.Operations`."""
        return self._orders.report_detail(report_id)

    def purchases(self) -> "tuple[PurchaseView, ...]":
        """Return what was bought with the product instance."""
        return self._orders.purchases()

    def authorizations(self) -> "tuple[AuthorizationView, ...]":
        """Return the authorization codes, one entry for each device of the set."""
        return self._orders.authorizations()

    def system(self) -> "SystemView":
        """Return the device as a machine: its name, and how long it runs."""
        return self._orders.system()

    def tech(self) -> "TechView":
        """Return what `show license tech support` prints beside what other commands print."""
        return self._orders.tech()

    def events(self, days: int | None = None) -> "tuple[EventView, ...]":
        """Return the event log, oldest first; of the last days only where given."""
        return self._orders.events(days)

    def logging(self) -> "LoggingView":
        """Return what `show logging` prints."""
        return self.messages.view()

    def message_history(self) -> "tuple[HistoryView, ...]":
        """Return the message history: always its 12 headings, in order."""
        return self._orders.message_history()

    @property
    def messages(self) -> Messages:
        """Where terminals subscribe to system messages."""
        return self._around.messages

    def report_text(self, report_id: int) -> str:
        """Return a report as it was signed; see `ports.Operations`."""
        return self._orders.report_text(report_id)

    def reset_licensing(self) -> None:
        """Forget what the portal installed; see `ports.Operations`."""
        self._orders.reset_licensing()

    def clear_events(self) -> None:
        """Empty the event log; see `ports.Operations`."""
        self._orders.clear_events()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _keep(self) -> None:
        """Store changes within a second; what the disk refuses stays in memory."""
        clock = self._around.clock
        while not self._stopping.is_set():
            # In a thread of its own: a portal that answers slowly must not cost a second of usage.
            _guarded(self._engine.measure)
            _guarded(self._tell_refusals)
            # By the real clock and before the pause: a busy product must not write at each change.
            self._stopping.wait(_COALESCE_SECONDS)
            clock.pause(self._meter.wake, self._engine.pause())

    def _talk(self) -> None:
        """Talk to the portal when something is due; the network never delays a measurement."""
        clock = self._around.clock
        while not self._stopping.is_set():
            # Before the round and not after: a call that comes meanwhile is for the next one.
            self._call.clear()
            if not _guarded(self._engine.communicate):
                # What is due stays due: a fault of ours would else ask the portal each second.
                _guarded(self._engine.put_off)
            if not self._stopping.is_set():
                clock.pause(self._call, self._engine.pause())


def _guarded(step: Callable[[], None]) -> bool:
    """Carry out one round of a thread: a fault of ours must not end measuring for good.

    Returns:
        Whether it went well.
    """
    try:
        step()
    except Exception as error:
        _LOGGER.exception("A round failed with %s; the next one tries again.", type(error).__name__)
        return False
    return True
