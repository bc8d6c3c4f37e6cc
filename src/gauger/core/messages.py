"""System messages: which there are, when they are told, and how a line of a log writes them.

Names and severities are those that operators of such devices know and have filters for; what is
told by this implementation alone is marked so. The sentences are its own.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

from gauger.core.text import one_line

FACILITY: Final = "SMART_LIC"

_LOCAL7: Final = 23
"""The facility of RFC 5424 that network devices send by."""

_LONGEST: Final = 2048
"""Bytes of a record: what RFC 5424, section 6.1, asks every receiver to take."""

_NIL: Final = "-"
_STATES: Final = frozenset({"EXPORT_CONTROLLED"})
_BOM: Final = b"\xef\xbb\xbf"
_MOST_SEQUENCES: Final = 2**31 - 1


class Severity(IntEnum):
    """How bad it is; the lower, the worse (RFC 5424, section 6.2.1)."""

    EMERGENCIES = 0
    ALERTS = 1
    CRITICAL = 2
    ERRORS = 3
    WARNINGS = 4
    NOTIFICATIONS = 5
    INFORMATIONAL = 6
    DEBUGGING = 7

    @property
    def word(self) -> str:
        """The name that commands take."""
        return self.name.lower()


class Source(StrEnum):
    """Whose name a message bears."""

    DEVICES = "devices"
    OWN = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageKind:
    """A row of the table.

    Attributes:
        severity: How bad it is.
        mnemonic: Its name.
        when: At what it is told, one sentence.
        source: Whether devices are known to have it by this name.
        is_state: Whether it tells a state: then another sentence is news, and no repeat.
    """

    severity: Severity
    mnemonic: str
    when: str
    source: Source
    is_state: bool = False

    @property
    def name(self) -> str:
        """Facility, severity and mnemonic, as the event log has it."""
        return f"{FACILITY}-{self.severity.value}-{self.mnemonic}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemMessage:
    """A message that was told.

    Attributes:
        at: When, epoch seconds.
        kind: Its row of the table.
        text: The sentence.
        millisecond: Of that second, 0 to 999.
    """

    at: int
    kind: MessageKind
    text: str
    millisecond: int = 0

    @property
    def line(self) -> str:
        """The line as terminals and log buffers have it.

        The asterisk says that the clock is nobody's authority, as on a device without a time
        server.
        """
        # Not strftime: a program that embeds the agent may have set a locale with other months.
        moment = datetime.fromtimestamp(self.at, UTC).ctime()[4:19]
        # A portal's own words may stand in the sentence: they must not forge a second line.
        return f"*{moment}.{self.millisecond:03}: %{self.kind.name}: {one_line(self.text)}"


def record(message: SystemMessage, hostname: str | None, sequence: int) -> bytes:
    """Return a message as RFC 5424 writes it, for a remote receiver.

    Args:
        message: The message.
        hostname: Who tells it; None where that is withheld.
        sequence: Its number among those meant for this receiver, from 1: a gap shows a loss.
    """
    priority = _LOCAL7 * 8 + message.kind.severity.value
    moment = datetime.fromtimestamp(message.at, UTC)
    header = " ".join(
        (
            f"<{priority}>1",
            f"{moment:%Y-%m-%dT%H:%M:%S}.{message.millisecond:03}Z",
            _header_field(hostname),
            "gauger",
            _NIL,
            message.kind.mnemonic,
            # Begun again after the last one that the registered parameter has room for.
            f'[meta sequenceId="{(sequence - 1) % _MOST_SEQUENCES + 1}"]',
        )
    )
    text = f"%{message.kind.name}: {one_line(message.text)}"
    # Only where it is needed: to receivers of plain text the mark is three odd characters.
    mark = b"" if text.isascii() else _BOM
    head = f"{header} ".encode("ascii") + mark
    return head + _cut(text, _LONGEST - len(head))


def _header_field(value: str | None) -> str:
    """Return a name as a field of the header: printable ASCII without blanks, at most 255."""
    kept = "".join(one if "!" <= one <= "~" else "_" for one in value or "")
    return kept[:255] or _NIL


def _cut(text: str, room: int) -> bytes:
    whole = text.encode()
    if len(whole) <= room:
        return whole
    # At a character and not within one, or the receiver would refuse what it can read of it.
    return whole[: room - 3].decode(errors="ignore").encode() + b"..."


def _rows(source: Source, *rows: tuple[int, str, str]) -> dict[str, MessageKind]:
    kinds = [
        MessageKind(
            severity=Severity(severity),
            mnemonic=mnemonic,
            when=when,
            source=source,
            is_state=mnemonic in _STATES,
        )
        for severity, mnemonic, when in rows
    ]
    return {kind.name: kind for kind in kinds}


KINDS: Final = MappingProxyType(
    _rows(
        Source.DEVICES,
        (6, "AGENT_READY", "A boot of the licensing agent begins."),
        (6, "AGENT_ENABLED", "A boot of the licensing agent begins; licensing is always on."),
        (
            6,
            "EXPORT_CONTROLLED",
            "At each boot, and at each change: whether export-controlled features may be used.",
        ),
        (5, "SYSTEM_CLOCK_CHANGED", "The wall clock was set or stepped."),
        (
            6,
            "REPORTING_REQUIRED",
            "An acknowledged report is due: at each boot, then 30, 14, 7, 3, 2 and 1 days before.",
        ),
        (3, "COMM_FAILED", "Communication with the portal begins to fail."),
        (5, "COMM_RESTORED", "Communication with the portal works again."),
        (6, "POLICY_INSTALL_SUCCESS", "A policy was installed."),
        (3, "POLICY_INSTALL_FAILED", "A policy was refused."),
        (3, "POLICY_REMOVED", "The installed policy is gone, and the built-in one in force."),
        (6, "AUTHORIZATION_INSTALL_SUCCESS", "An authorization code was installed."),
        (3, "AUTHORIZATION_INSTALL_FAILED", "An authorization code was refused."),
        (6, "AUTHORIZATION_REMOVED", "An authorization code was returned or removed."),
        (6, "TRUST_CODE_INSTALL_SUCCESS", "A trust code was installed."),
        (3, "TRUST_CODE_INSTALL_FAILED", "A trust code or trust request was refused."),
    )
    | _rows(
        Source.OWN,
        (
            4,
            "REPORTING_OVERDUE",
            "The deadline for an acknowledged report is over: at each boot and each day.",
        ),
        (
            3,
            "TRUST_CODE_REMOVED",
            "The trust code is gone: nothing goes to the portal directly without another.",
        ),
        (
            3,
            "IMPORT_FAILED",
            "A file or answer was refused that is not just one of the documents above.",
        ),
        (3, "STORE_REPLACED", "The store could not be believed, and a new one was begun."),
        (3, "KEYS_NOT_WRITTEN", "The key folder takes no files."),
        (5, "KEYS_WRITTEN", "The key folder takes files again."),
        (4, "KEY_NOT_DESTROYED", "A key that nothing needs any more could not be destroyed."),
        (2, "REPORT_UNREADABLE", "A report that is kept cannot be read any more."),
        (4, "ROOT_SET_RECOVERED", "A newer root set was found beside an older store."),
        (2, "ROOT_SET_LOST", "The newest root set was lost with its store."),
        (2, "LEDGER_FORKED", "The portal shows another ledger than the one that was seen before."),
        (4, "LEDGER_SET_BACK", "The portal's ledger was set back."),
        (2, "REPORTS_LOST", "The portal lost reports that are not held here any more."),
    )
)
"""Every system message by its name in the event log."""


def read_message(at: int, name: str, text: str, moment: int = 0) -> SystemMessage | None:
    """Return an entry of the event log as a system message.

    Args:
        at: When the entry was made, epoch seconds.
        name: Its name.
        text: The sentence.
        moment: When it is told, epoch milliseconds: the event log keeps whole seconds.

    Returns:
        None for an event that is no system message.
    """
    kind = KINDS.get(name)
    if kind is None:
        return None
    # The second may be over by the time it is told, or the clock be set back: none before it, and
    # none after it, so that lines stay in order.
    millisecond = min(max(moment - at * 1000, 0), 999)
    return SystemMessage(at=at, kind=kind, text=text, millisecond=millisecond)
