"""The entries of the event log, with the names that operators know.

An event (``SAEVT_…``) carries names and values; a system message (``SMART_LIC-n-MNEMONIC``, n its
severity) carries a sentence of our own.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gauger.core.documents.verdict import Verdict
from gauger.core.identity import Udi
from gauger.core.messages import FACILITY
from gauger.core.problems import Problem
from gauger.instance.ports import LogEntry

_REFUSED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "authorization-code": "3-AUTHORIZATION_INSTALL_FAILED",
        "policy": "3-POLICY_INSTALL_FAILED",
        "trust-code": "3-TRUST_CODE_INSTALL_FAILED",
    }
)


def event(at: int, name: str, **fields: str | int) -> LogEntry:
    """Return an event with its names and values, in order."""
    # Names and values apart: whoever shows them can quote them.
    pairs = tuple((key, str(value)) for key, value in fields.items())
    return LogEntry(at=at, name=f"SAEVT_{name}", fields=pairs)


def message(at: int, name: str, text: str) -> LogEntry:
    """Return a system message: severity and mnemonic, and what happened."""
    return LogEntry(at=at, name=f"{FACILITY}-{name}", text=text)


def agent_ready(at: int) -> tuple[LogEntry, ...]:
    """The agent has begun."""
    return (
        event(at, "READY"),
        message(at, "6-AGENT_READY", "The licensing agent has begun its work."),
        event(at, "ENABLED"),
        message(at, "6-AGENT_ENABLED", "Licensing is enabled."),
    )


def export_allowed(at: int, *, allowed: bool) -> tuple[LogEntry, ...]:
    """Whether export-controlled features may be used."""
    word = "may" if allowed else "may not"
    return (
        event(at, "EXPORT_FLAG", exportAllowed="True" if allowed else "False"),
        message(at, "6-EXPORT_CONTROLLED", f"Export-controlled features {word} be used."),
    )


def store_replaced(at: int, reason: str) -> LogEntry:
    """The store could not be believed, so a new incarnation has begun."""
    text = f"{reason} A new store has been begun, the old one is kept aside; use goes on."
    return message(at, "3-STORE_REPLACED", text)


def anchor_behind(at: int, problem: Problem) -> LogEntry:
    """The key folder takes nothing; told once, and again when it does."""
    text = (
        f"{problem.detail} Use goes on. Until this is mended, a store that is copied back may not be "
        f"found out, and no new key can be made. {problem.kind.next_step}"
    )
    return message(at, "3-KEYS_NOT_WRITTEN", text)


def key_left(at: int, name: str, problem: Problem) -> LogEntry:
    """A key that nothing needs any more could not be destroyed."""
    text = f"The key {name}, which is needed no more, could not be destroyed: {problem.detail}"
    return message(at, "4-KEY_NOT_DESTROYED", f"{text} Delete its file.")


def anchor_renewed(at: int) -> LogEntry:
    """The key folder takes files again."""
    return message(at, "5-KEYS_WRITTEN", "The key folder takes files again.")


def usage_changed(at: int, tag: str, count: int) -> LogEntry:
    """Another number of licences is in use."""
    return event(at, "ENDPOINT_USAGE", count=count, entitlementTag=tag)


def clock_changed(at: int, delta: int) -> LogEntry:
    """The wall clock was set or stepped."""
    return message(at, "5-SYSTEM_CLOCK_CHANGED", f"The clock was moved by {delta} seconds.")


def report_closed(at: int, report_id: int, tag: str, cause: str) -> LogEntry:
    """A report was closed and signed."""
    return event(at, "RUM_CLOSED", reportId=report_id, cause=cause, entitlementTag=tag)


def report_unreadable(at: int, report_id: int, reason: str) -> LogEntry:
    """A report is there and cannot be read any more; told once."""
    text = (
        f"Report {report_id} cannot be read, found now: {reason} It is not sent any more; all others "
        "are. Check the disk, see `gauger fsck --data DIR`, and tell whoever runs the portal, where it "
        "becomes a gap: `gauger cssm gap list`."
    )
    return message(at, "2-REPORT_UNREADABLE", text)


def reports_unreadable(at: int, count: int) -> LogEntry:
    """More reports cannot be read than the event log should name one by one."""
    text = f"{count} more reports cannot be read; `show license rum id all` says which."
    return message(at, "2-REPORT_UNREADABLE", text)


def reports_sent(at: int, report_ids: tuple[int, ...]) -> LogEntry:
    """Reports have left."""
    # Not each number: 500 of them in one line would tell nobody more.
    return event(at, "RUM_SENT", count=len(report_ids), first=min(report_ids, default=0))


def reports_saved(at: int, count: int) -> LogEntry:
    """Reports were written to a file."""
    return event(at, "RUM_SAVED", count=count)


def report_acknowledged(at: int, report_id: int) -> LogEntry:
    """The ACK of a report was installed."""
    return event(at, "RUM_ACK", reportId=report_id)


def report_judged(at: int, report_id: int, verdict: str, code: str) -> LogEntry:
    """The portal has judged a report otherwise than by an ACK."""
    return event(at, "RUM_VERDICT", reportId=report_id, verdict=verdict, code=code)


def trust_judged(at: int, verdict: Verdict) -> LogEntry:
    """The portal has judged a trust request otherwise than by an ACK."""
    text = f"The trust request is {verdict.verdict.value}: {verdict.code}, {verdict.detail}"
    return message(at, "3-TRUST_CODE_INSTALL_FAILED", text)


def authorization_judged(at: int, verdict: Verdict) -> LogEntry:
    """The portal has judged an authorization request or return otherwise than by an ACK."""
    text = f"The authorization request is {verdict.verdict.value}: {verdict.code}, {verdict.detail}"
    return message(at, "3-AUTHORIZATION_INSTALL_FAILED", text)


def communication_failed(at: int, problem: Problem) -> LogEntry:
    """Communication has begun to fail; told once."""
    text = f"Communication with the portal failed: {problem.detail} {problem.kind.next_step}"
    return message(at, "3-COMM_FAILED", text)


def communication_restored(at: int) -> LogEntry:
    """Communication works again; told once."""
    return message(at, "5-COMM_RESTORED", "Communication with the portal works again.")


def communication_refused(at: int, problem: Problem) -> LogEntry:
    """The portal answered and refused, without a signature that could change anything."""
    return event(at, "COMM_REFUSED", code=problem.code, reason=problem.detail)


def communication_blocked(at: int, code: str) -> LogEntry:
    """Reports cannot go directly, or can again where no code stands; told once."""
    return event(at, "COMM_BLOCKED", code=code or "none")


def reporting_required(at: int, days: int) -> LogEntry:
    """An acknowledged report is due in some days."""
    text = f"An acknowledged usage report will be required in {_days(days)}."
    return message(at, "6-REPORTING_REQUIRED", text)


def reporting_overdue(at: int, days: int) -> LogEntry:
    """An acknowledged report is overdue; the licences stay usable."""
    text = f"An acknowledged usage report is overdue for {_days(days)}. Use goes on."
    return message(at, "4-REPORTING_OVERDUE", text)


def policy_removed(at: int) -> LogEntry:
    """The installed policy is gone."""
    text = "The reporting policy was removed; the one that is built in is in force."
    return message(at, "3-POLICY_REMOVED", text)


def authorization_removed(at: int, udi: Udi) -> LogEntry:
    """An authorization code was returned or removed."""
    text = f"The authorization code was removed from {udi}."
    return message(at, "6-AUTHORIZATION_REMOVED", text)


def _days(count: int) -> str:
    if count == 0:
        return "less than a day"
    return "1 day" if count == 1 else f"{count} days"


def installed(at: int, kind: str, udi: Udi) -> LogEntry:
    """A document of an answer was installed."""
    if kind == "policy":
        return message(at, "6-POLICY_INSTALL_SUCCESS", "A new reporting policy was installed.")
    if kind == "trust-code":
        text = f"A trust code was installed on {udi}."
        return message(at, "6-TRUST_CODE_INSTALL_SUCCESS", text)
    if kind == "authorization-code":
        text = f"An authorization code was installed on {udi}."
        return message(at, "6-AUTHORIZATION_INSTALL_SUCCESS", text)
    return event(at, "INSTALLED", kind=kind, udi=str(udi))


def root_set_recovered(at: int, number: int) -> LogEntry:
    """An older store was copied back, and the newest root set was found beside it."""
    text = f"Root set {number} was taken back from D/trust; the store that held it is gone."
    return message(at, "4-ROOT_SET_RECOVERED", text)


def root_set_lost(at: int, *, lost: int, held: int) -> LogEntry:
    """An older store was copied back, and the newest root set is nowhere."""
    text = (
        f"Root set {lost} was lost with its store, {held or 'none'} is held: nothing is installed"
        " until it is back. Import it with `gauger trust import`, or let the portal send it."
    )
    return message(at, "2-ROOT_SET_LOST", text)


def trust_code_removed(at: int, udi: Udi) -> LogEntry:
    """The trust code was removed."""
    return message(at, "3-TRUST_CODE_REMOVED", f"The trust code of {udi} was removed.")


def install_failed(at: int, kind: str, problem: Problem) -> LogEntry:
    """A document or file was refused."""
    text = f"The {kind} was refused: {problem.code}, {problem.detail}"
    return message(at, _REFUSED.get(kind, "3-IMPORT_FAILED"), text)


def noticed(at: int, note: str) -> LogEntry:
    """Something about an answer deserves a look, though it was installed."""
    if note == "ledger-forked":
        text = "The portal's ledger shows another page than the one that is held: it was forked."
        return message(at, "2-LEDGER_FORKED", text)
    return event(at, "NOTICED", note=note)


def ledger_set_back(at: int, *, again: int, gone: int) -> tuple[LogEntry, ...]:
    """The portal's ledger was set back, and what this meant for reports that it acknowledged."""
    text = f"The portal's ledger was set back. {again} reports that it acknowledged are sent again."
    told = message(at, "4-LEDGER_SET_BACK", text)
    if not gone:
        return (told,)
    lost = (
        f"{gone} reports that the portal acknowledged and then lost are no longer held here."
        " Tell whoever runs it: only another backup of the portal has them."
    )
    return told, message(at, "2-REPORTS_LOST", lost)


def user_added(at: int, name: str, privilege: int) -> LogEntry:
    """Somebody may log in from now on."""
    return event(at, "USER_ADDED", user=name, privilege=privilege)


def user_changed(at: int, name: str, what: str) -> LogEntry:
    """A user was removed, or has another password or key."""
    return event(at, "USER_CHANGED", user=name, change=what)


def login_refused(at: int, name: str, count: int) -> LogEntry:
    """Somebody was not let in; several within a minute are told together."""
    return event(at, "LOGIN_REFUSED", user=name, count=count)


def events_cleared(at: int) -> LogEntry:
    """The operator has emptied the event log; this is what is left of it."""
    return event(at, "CLEARED")


def configured(at: int, what: str) -> LogEntry:
    """The operator has changed the configuration."""
    return event(at, "CONFIGURED", change=what)


def transport_later(at: int, kind: str) -> LogEntry:
    """A transport was configured that a later release brings; told once."""
    text = (
        f"The transport {kind} is configured and comes with a later release: nothing is sent until "
        "then. Use the transport smart, or files."
    )
    return message(at, "3-COMM_FAILED", text)
