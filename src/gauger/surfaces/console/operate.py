"""Handlers of the EXEC commands `license smart …`."""

from collections.abc import Iterator

from gauger.core.problems import TABLE
from gauger.instance.views import ImportResult, Scope, Selection, SelectionKind, SyncResult
from gauger.surfaces.console.session import ConsoleMatch, Session

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
    return "\n".join([IMPORTED, *_refusals(result)])


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
