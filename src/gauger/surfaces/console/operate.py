"""Handlers of the EXEC commands `license smart …`."""

from collections.abc import Iterator

from gauger.core.problems import TABLE, Problem
from gauger.instance.views import ImportResult, Scope, Selection, SelectionKind, SyncResult
from gauger.surfaces.console.session import ConsoleMatch, Session
from gauger.surfaces.console.text import shown

IMPORTED = "Import Data Successful"


def trust(session: Session, match: ConsoleMatch) -> str:
    """Establish trust with an ID token; prints nothing, as real devices do."""
    scope = Scope(match.values["scope"])
    session.agent.establish_trust(match.values["token"], scope, force="force" in match.values)
    return ""


def sync(session: Session, match: ConsoleMatch) -> str:
    """Send reports and fetch answers; speaks only where silence would mislead."""
    result = session.agent.sync(Scope(match.values["scope"]))
    return _sync_text(result)


def save_usage(session: Session, match: ConsoleMatch) -> str:
    """Save reports to a file."""
    session.agent.save_usage(_selection(match), session.path(match.values["path"]))
    return ""


def save_trust_request(session: Session, match: ConsoleMatch) -> str:
    """Save a trust request to a file of its own."""
    session.agent.save_trust_request(session.path(match.values["path"]))
    return ""


def import_file(session: Session, match: ConsoleMatch) -> str:
    """Install what a file of the portal brings."""
    # That all went well is said first, as devices do; verdicts that were told come behind it.
    result = session.agent.import_file(session.path(match.values["path"]))
    lines = [IMPORTED, *_refusals(result)]
    for code in result.confirmations:
        # For the portal: whoever replaced the code there sees by it that this device has taken it.
        lines += [f"Last Confirmation code UDI: {_udi(session)}", f"    Confirmation code: {code}"]
    return "\n".join(lines)


def authorization_request(session: Session, match: ConsoleMatch) -> str:
    """Ask for an authorization code; speaks only where the code is not here yet."""
    count = match.number("count") if "count" in match.values else None
    asked = session.agent.codes.request(match.values["mode"], match.values["feature"], count)
    if asked.waits is None:
        return ""
    return (
        f"The authorization request waits: {asked.waits} Fetch the answer with `license smart sync "
        "all`, or save the request with `license smart authorization request save PATH`."
    )


def save_authorization_request(session: Session, match: ConsoleMatch) -> str:
    """Save the authorization request that waits."""
    session.agent.codes.save(session.path(match.values["path"]))
    return ""


def authorization_return(session: Session, match: ConsoleMatch) -> str:
    """Give the authorization code back; prints the return code."""
    way, path = match.values["way"], match.values.get("path")
    code = session.agent.codes.give_back(
        online=way == "online", path=None if path is None else session.path(path)
    )
    lines = [f"UDI: {_udi(session)}", f"    Return code: {code}"]
    if way == "offline" and path is None:
        # The portal credits nothing for a typed code: only the signed file proves the removal.
        lines.append(
            "The portal takes the proof as a file: `license smart authorization return local "
            "offline PATH`."
        )
    return "\n".join(lines)


def clear_eventlog(session: Session, _: ConsoleMatch) -> str:
    """Empty the event log."""
    session.agent.clear_events()
    return ""


def factory_reset(session: Session, _: ConsoleMatch) -> str:
    """Forget what the portal installed."""
    session.agent.reset_licensing()
    return "% Warning: `license smart factory reset` is complete with the next reload."


def rum_show(session: Session, match: ConsoleMatch) -> str:
    """Print a report as it was signed."""
    agent = session.agent
    # Support's own command: what it prints is for machines, and may be megabytes.
    if not agent.configuration().service_internal:
        detail = "It is open after `service internal` in configuration mode only."
        raise Problem("invalid-command", detail)
    return agent.report_text(match.number("report"))


def _udi(session: Session) -> str:
    udi = session.views.udi
    return f"PID:{shown(udi.pid)},SN:{shown(udi.serial)}"


def _selection(match: ConsoleMatch) -> Selection:
    # By what was typed: the three forms of the command share this handler.
    if "days" in match.values:
        return Selection(kind=SelectionKind.DAYS, number=match.number("days"))
    if "report" in match.values:
        return Selection(kind=SelectionKind.REPORT, number=match.number("report"))
    return Selection(kind=SelectionKind(match.values["which"]))


def _sync_text(result: SyncResult) -> str:
    if result.waiting:
        return (
            f"Reports sent: {result.sent}. The answer is not there yet and is fetched by itself; "
            "`show license status` says when (Next ACK push check)."
        )
    # Silence means that all was acknowledged: it must not also mean that nothing was tried.
    if not (result.sent or result.acknowledged or result.refused):
        return "There was nothing to send."
    if not (result.again or result.refused or result.awaited):
        return ""
    return "\n".join(_sync_lines(result))


def _sync_lines(result: SyncResult) -> Iterator[str]:
    """Yield what became of the reports, where it is not simply that all are acknowledged."""
    told = [f"Reports sent: {result.sent}", f"acknowledged now: {result.acknowledged}"]
    if result.again:
        told.append(f"acknowledged before and wanted again by the portal: {result.again}")
    yield f"{', '.join(told)}."
    yield from _refusals(result)
    if result.awaited:
        yield (
            f"Without an answer: {', '.join(map(str, result.awaited))}. What a running agent has "
            "not heard of it sends again by itself; `license smart sync all` does so now."
        )
    elif not result.refused:
        yield "No report is open."


def _refusals(result: ImportResult | SyncResult) -> list[str]:
    return [f"Report {report_id}: {_meaning(code)}" for report_id, code in result.refused]


def _meaning(code: str) -> str:
    """Return what a verdict's code says; a newer portal may have codes that are not known here."""
    return f"{TABLE[code].title} ({code})." if code in TABLE else code
