"""What surfaces may ask of a product instance, and what a product instance asks of adapters."""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gauger.core.documents.envelope import Document
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import Digest, Udi
from gauger.core.ports import Clock, Signer
from gauger.core.problems import Problem
from gauger.core.profiles import Profile
from gauger.core.ways import Proxy
from gauger.instance.config import ConfigChange, Configuration

if TYPE_CHECKING:
    # Only type checkers need them here: a device that nobody looks at never loads a view.
    from gauger.instance.tech_views import SystemView, TechView
    from gauger.instance.views import (
        AuthorizationView,
        CodeRequested,
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
        UserView,
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
        """Count an access point that joined: one of each licence the profile counts by them.

        Raises:
            Problem: ``not-supported`` where it counts none by them.
        """

    def leave_access_point(self, udi: Udi) -> None:
        """Stop counting an access point; one that never joined is ignored.

        Raises:
            Problem: As `join_access_point`.
        """

    def flush(self) -> None:
        """Make every change durable now.

        Raises:
            Problem: ``store-full`` or ``store-failed``; the changes stay in memory.
        """


class Views(Protocol):
    """What commands that only show ask: of the one writer of a store, or of what it left."""

    @property
    def udi(self) -> Udi:
        """Who this product instance is."""

    @property
    def profile(self) -> Profile:
        """The product profile."""

    def now(self) -> int:
        """Return the wall time of the instance's clock, epoch seconds."""

    def configuration(self) -> Configuration:
        """Return all settings that are in force: the running configuration."""

    def startup_configuration(self) -> Configuration | None:
        """Return what the next boot begins with; None where nothing was saved."""

    def user_secrets(self) -> "tuple[UserSecretView, ...]":
        """Return all users with the hashes of their passwords, by name."""

    def hostname(self) -> str:
        """Return the name that prompts show: the one configured, else that of the machine."""

    def status(self) -> "StatusView":
        """Return what `show license status` prints."""

    def usage(self) -> "tuple[UsageView, ...]":
        """Return the licences in use, in the order of the profile."""

    def reports_summary(self) -> "ReportsSummaryView":
        """Return how many reports are in which state."""

    def report_rows(self) -> "tuple[ReportRow, ...]":
        """Return a line for each report, lowest id first."""

    def report_detail(self, report_id: int) -> "ReportDetailView":
        """Return one report.

        Raises:
            Problem: ``requested-item-not-found``.
        """

    def purchases(self) -> "tuple[PurchaseView, ...]":
        """Return what was bought with the product instance."""

    def authorizations(self) -> "tuple[AuthorizationView, ...]":
        """Return the authorization codes, one entry for each device of the set."""

    def system(self) -> "SystemView":
        """Return the device as a machine: its name, and how long it runs."""

    def tech(self) -> "TechView":
        """Return what `show license tech support` prints beside what other commands print."""

    def trust(self) -> "RootView":
        """Return whom the product instance trusts."""

    def events(self, days: int | None = None) -> "tuple[EventView, ...]":
        """Return the event log, oldest first; of the last days only where given."""

    def logging(self) -> "LoggingView":
        """Return what `show logging` prints."""

    def message_history(self) -> "tuple[HistoryView, ...]":
        """Return the message history: always its 12 headings, in order."""


class Line(StrEnum):
    """Which kind of terminal system messages are printed at."""

    CONSOLE = "console"
    MONITOR = "monitor"


class SystemMessages(Protocol):
    """System messages of this boot; every method is thread-safe and returns at once."""

    def subscribe(self, receiver: Callable[[str], None], line: Line) -> Callable[[], None]:
        """Print messages at a terminal, as far as the level of its line lets them through.

        Args:
            receiver: Takes each line, without a line end, in a thread of its own.
            line: Which kind of terminal it is.

        Returns:
            What ends it; may be called more than once.
        """

    def clear(self) -> None:
        """Empty the log buffer."""


class Users(Protocol):
    """What a surface asks that lets people log in; every method is thread-safe."""

    def check(self, name: str, password: str) -> int:
        """Return the privilege of a user, 1 or 15.

        It works as long for a name that does not exist, and says the same of both. It hashes: call
        it from a thread that may wait a tenth of a second.

        Raises:
            Problem: ``unauthenticated``; ``server-busy`` where too many log in at once.
        """

    def check_key(self, name: str, key: str) -> int:
        """Return the privilege of a user who proved to hold the private half of a key.

        Args:
            name: The user.
            key: The public key as a line: type and base64 text; what follows is passed over.

        Raises:
            Problem: ``unauthenticated``.
        """


class UserAccounts(Users, Protocol):
    """What the operator of the host does with users."""

    def listed(self) -> "tuple[UserView, ...]":
        """Return all users by name."""

    def add(self, name: str, password: str, privilege: int) -> None:
        """Make a user.

        Raises:
            Problem: ``invalid-argument``; ``conflict`` where there is one of that name;
                ``store-full`` or ``store-failed``.
        """

    def remove(self, name: str) -> None:
        """Remove a user.

        Raises:
            Problem: ``requested-item-not-found``; ``store-full`` or ``store-failed``.
        """

    def change_password(self, name: str, password: str) -> None:
        """Give a user another password.

        Raises:
            Problem: As `remove`, and ``invalid-argument``.
        """

    def add_key(self, name: str, key: str) -> None:
        """Let a user log in with a key, given as a line of its public half.

        Raises:
            Problem: As `remove`; ``invalid-argument`` or ``conflict``.
        """

    def remove_key(self, name: str, key: str) -> None:
        """Take a key from a user.

        Raises:
            Problem: As `remove`.
        """


class Codes(Protocol):
    """What an operator asks of authorization codes."""

    def request(self, mode: str, licence: str, count: int | None) -> "CodeRequested":
        """Ask the portal for a code; without a way to it the request waits to be saved.

        Args:
            mode: ``add`` or ``replace``.
            licence: Short feature name or entitlement tag.
            count: How many; 1 where None.

        Raises:
            Problem: ``unknown-entitlement``; ``not-supported`` for a licence that needs no code;
                ``key-missing``; those of the transport and portal.
        """

    def save(self, path: Path) -> None:
        """Write the request that waits for its answer to a file.

        Raises:
            Problem: ``requested-item-not-found`` where none waits; ``file-not-written``.
        """

    def give_back(self, *, online: bool, path: Path | None) -> str:
        """Remove the code for good, and prove it to the portal.

        Args:
            online: Whether to tell the portal now.
            path: File for the proof, or None.

        Returns:
            The return code.

        Raises:
            Problem: ``authorization-not-installed``; ``licence-in-use``; ``key-missing``;
                ``file-not-written``; those of the transport and portal.
        """


class LaterReloads(Protocol):
    """A reload that is to come; it is forgotten where the device reloads before or stops."""

    @property
    def at(self) -> int | None:
        """When it comes, epoch seconds; None without one."""

    def schedule(self, seconds: int) -> int:
        """Reload after some time, and not when it was wanted before; return when."""

    def cancel(self) -> bool:
        """Forget it, and return whether there was one."""


class Operations(Usage, Views, Protocol):
    """What an operator's commands and an API ask of the one writer of a store."""

    @property
    def codes(self) -> Codes:
        """Authorization codes."""

    @property
    def reloads(self) -> LaterReloads:
        """The reload that is to come, if any."""

    @property
    def users(self) -> UserAccounts:
        """Who may log in."""

    def sync(self, scope: "Scope") -> "SyncResult":
        """Send every report that has no ACK and fetch what is pending; blocks until answered.

        Raises:
            Problem: ``transport-off``, ``trust-missing``, ``factory-trust-not-allowed``,
                ``comm-failed``, ``peer-refused`` and others of the transport.
        """

    def establish_trust(self, token: str, scope: "Scope", *, force: bool) -> None:
        """Ask for a trust code with an ID token.

        Raises:
            Problem: ``already-installed`` without ``force``; those of the transport and portal.
        """

    def save_usage(self, selection: "Selection", path: Path) -> int:
        """Write reports to a file and return how many.

        Raises:
            Problem: ``requested-item-not-found`` where nothing is selected; ``file-not-written``.
        """

    def save_trust_request(self, path: Path) -> None:
        """Write a trust request to a file of its own.

        Raises:
            Problem: ``file-not-written``.
        """

    def import_file(self, path: Path) -> "ImportResult":
        """Install what a file of the portal brings.

        Raises:
            Problem: ``file-not-found``, or why the file is refused; then nothing of it but its
                root sets was installed. ``file-changed`` where it was exchanged while it was
                taken in; what was taken of the one before stays.
        """

    @property
    def messages(self) -> SystemMessages:
        """Where terminals subscribe to system messages."""

    def report_text(self, report_id: int) -> str:
        """Return a report as it was signed, with its signature: JSON in one line.

        Raises:
            Problem: ``requested-item-not-found`` where there is none, or its bytes are gone.
        """

    def reset_licensing(self) -> None:
        """Forget policy, trust code, account and purchases; reports and authorization stay.

        Raises:
            Problem: ``store-full`` or ``store-failed``.
        """

    def clear_events(self) -> None:
        """Empty the event log; what stays is one entry that says so, and the chain of all.

        Raises:
            Problem: ``store-full`` or ``store-failed``.
        """

    def import_trust(self, paths: Sequence[Path]) -> tuple[str, ...]:
        """Take in root sets that an operator brings, all or none.

        Returns:
            A line for each: what became of it.

        Raises:
            Problem: ``file-not-found``, ``wrong-type``, ``root-threshold``, ``root-skipped``,
                ``version-conflict``, ``test-clock`` and others of the decoder.
        """

    def configure(self, changes: Sequence[ConfigChange], *, save: bool = True) -> None:
        """Apply all lines or none.

        Users are kept at once in any case.

        Args:
            changes: The lines.
            save: Whether the next boot begins with all that is in force then; without, it is lost
                at the next reload.

        Raises:
            Problem: ``invalid-argument``, ``not-a-licensing-url``, ``requested-item-not-found``,
                ``conflict``; ``store-full`` or ``store-failed`` where it cannot be kept.
        """

    def save_configuration(self) -> None:
        """Make the next boot begin with what is in force.

        Raises:
            Problem: ``store-full`` or ``store-failed``.
        """

    def erase_configuration(self) -> None:
        """Make the next boot begin with the defaults; users stay.

        Raises:
            Problem: ``store-full`` or ``store-failed``.
        """

    def check_enable(self, password: str) -> None:
        """Check the password of `enable`. It hashes, whether or not one is set.

        Raises:
            Problem: ``unauthenticated``; ``server-busy``.
        """

    def on_reload(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have something done before a reload: surfaces end their sessions.

        Args:
            callback: Called in the thread that reloads; it must not wait for that thread.

        Returns:
            What forgets it again.
        """

    def reload(self) -> None:
        """End every session and this boot, and begin another from the startup configuration.

        What is in use stays in use, and no report is lost.

        Raises:
            Problem: ``entropy-failed``; then the boot goes on.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """A row of the report table.

    Attributes:
        report_id: Its number.
        state: Its state, indexed.
        digest: SHA-256 of its signed bytes, indexed; None while it is open.
        acked_at: When its ACK was installed, epoch seconds, indexed; None without one.
        detail: Everything else, sealed.
        fault: Why the row does not open, or None. Then nothing of it is known but its number: what
            stands beside the seal is nobody's word.
    """

    report_id: int
    state: str
    digest: Digest | None = None
    acked_at: int | None = None
    detail: bytes = b""
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredItem:
    """Bytes that belong to a report: what was signed, or its ACK.

    Attributes:
        report_id: Whose.
        kind: ``report`` or ``ack``.
        content: The bytes; None removes them.
        compressed: Whether to keep them compressed: they are not expected to be read again.
    """

    report_id: int
    kind: str
    content: bytes | None
    compressed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """An entry for the event log; see `gauger.instance.views.EventView`."""

    at: int
    name: str
    fields: tuple[tuple[str, str], ...] = ()
    text: str = ""


@dataclass(slots=True, kw_only=True)
class Batch:
    """Changes that become durable together or not at all.

    Attributes:
        records: Content by (family, name); None removes the record.
        reports: Rows of the report table to insert or replace, by report id.
        items: Bytes of reports to write or remove.
        entries: Entries of the event log to append, in order.
        clears_events: Whether all entries before this batch are removed; the chain goes on.
        anchored: Whether the anchor is renewed once the batch is durable: set for what installs,
            returns, trusts or boots.
    """

    records: dict[tuple[str, str], bytes | None] = field(default_factory=dict)
    reports: dict[int, StoredReport] = field(default_factory=dict)
    items: list[StoredItem] = field(default_factory=list)
    entries: list[LogEntry] = field(default_factory=list)
    clears_events: bool = False
    anchored: bool = False


class Store(Protocol):
    """The durable memory of one product instance. Its caller serialises all calls."""

    @property
    def incarnation(self) -> str:
        """128 random bits, hexadecimal, made with the store."""

    @property
    def replaced(self) -> str | None:
        """Why this store had to be begun anew when it was opened, or None."""

    @property
    def volatile(self) -> str | None:
        """Why this store lives in memory only, or None."""

    @property
    def anchor_trouble(self) -> Problem | None:
        """Why what guards the store against being set back is behind it, or None."""

    def record(self, family: str, name: str) -> bytes | None:
        """Return one record."""

    def records(self, family: str) -> dict[str, bytes]:
        """Return all records of a family by name."""

    def report(self, report_id: int) -> StoredReport | None:
        """Return one report; like all that return rows, also one that does not open."""

    def report_by_digest(self, digest: Digest) -> StoredReport | None:
        """Return the report with these signed bytes."""

    def reports(
        self, states: Collection[str], *, after: int = 0, limit: int = 500
    ) -> list[StoredReport]:
        """Return reports in any of the states with a higher id, lowest id first."""

    def purgeable(self, acked_before: int, keep: int) -> list[int]:
        """Return ids whose items are past both retentions: the time, and the number kept."""

    def item(self, report_id: int, kind: str) -> bytes | None:
        """Return bytes of a report, or None where they were removed."""

    def state_counts(self) -> dict[str, int]:
        """Return how many reports are in which state."""

    def entries(self, after: int = 0) -> Iterator[tuple[int, LogEntry]]:
        """Return the event log with sequence numbers above ``after``, oldest first."""

    def log_bytes(self) -> int:
        """Return the size of the event log as it is read, in bytes, without reading it."""

    def commit(self, batch: Batch) -> None:
        """Make a batch durable.

        Raises:
            Problem: ``store-full``, ``store-failed`` or ``store-damaged``; nothing was changed.
        """

    def close(self) -> None:
        """Release the file."""


class Transport(Protocol):
    """A pipe to the portal."""

    def exchange(
        self, url: str, request: bytes, *, proxy: Proxy | None = None, vrf: str | None = None
    ) -> bytes:
        """Send one message and return the message that came back, whatever its status.

        Args:
            url: The licensing URL.
            request: The exact bytes.
            proxy: What to ask for the way there; None for the direct one.
            vrf: The VRF that every connection leaves by; None for the global one.

        Raises:
            Problem: ``comm-failed``, ``comm-timeout``, ``proxy-refused``, ``tls-failed``,
                ``bad-answer``, ``not-a-licensing-url`` or ``vrf-unavailable``.
        """


class PausingClock(Clock, Protocol):
    """A clock that can also wait."""

    def pause(self, wake: threading.Event, seconds: float) -> None:
        """Wait until the event is set or the seconds are over."""


class LicensingKey(Signer, Protocol):
    """A key of the product instance for which a trust code speaks."""

    @property
    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""


class TrustFiles(Protocol):
    """``D/trust``: public files that show what the store holds. They are no source of trust.

    Whoever can write to the data folder can write to them; the store and its anchor are sealed.
    """

    def brought(self, pinned: TrustStore) -> Document | None:
        """Return the newest root set that the device bundle brought, or None without any.

        Asked only while no root set was ever held.

        Args:
            pinned: What trust begins with.

        Raises:
            Problem: Where one does not read or does not follow the one before.
        """

    def find(self, digest: Digest) -> Document | None:
        """Return the root set of this digest, or None; what does not read is passed over."""

    def show(self, root_set: Document) -> None:
        """Make the files show this root set and no other, durably.

        Raises:
            Problem: ``store-full``, ``store-failed`` or ``file-not-written``.
        """


class TrustKeys(Protocol):
    """Where the product instance's own licensing keys live; they never leave."""

    def make(self, name: str) -> LicensingKey:
        """Make a key under a new name and return it.

        Raises:
            Problem: ``entropy-failed`` or ``key-store-failed``.
        """

    def load(self, name: str) -> LicensingKey | None:
        """Return the key of that name, or None where there is none.

        Raises:
            Problem: ``key-exposed`` or ``key-store-failed``.
        """

    def forget(self, name: str) -> None:
        """Destroy a key that is no longer needed."""
