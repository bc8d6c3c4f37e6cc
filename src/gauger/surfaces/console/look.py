"""Handlers of the EXEC commands `show license …`."""

from gauger.surfaces.console.session import ConsoleMatch, Session
from gauger.surfaces.console.show.authorization import show_authorization
from gauger.surfaces.console.show.eventlog import show_eventlog, show_history
from gauger.surfaces.console.show.everything import Everything, show_all
from gauger.surfaces.console.show.rum import show_rum_detail
from gauger.surfaces.console.show.status import show_status
from gauger.surfaces.console.show.summary import show_summary
from gauger.surfaces.console.show.udi import show_udi
from gauger.surfaces.console.show.usage import show_usage


def status(session: Session, _: ConsoleMatch, /) -> str:
    """Show account, transport, policy, reporting and trust."""
    return show_status(session.views.status(), session.views.profile)


def summary(session: Session, _: ConsoleMatch, /) -> str:
    """Show a line for each licence."""
    views = session.views
    return show_summary(views.status(), views.usage(), views.profile)


def usage(session: Session, _: ConsoleMatch, /) -> str:
    """Show a block for each licence."""
    return show_usage(session.views.usage())


def udi(session: Session, _: ConsoleMatch, /) -> str:
    """Show who the product instance is."""
    return show_udi(session.views.udi, session.views.status().trust)


def everything(session: Session, _: ConsoleMatch, /) -> str:
    """Show everything on one page."""
    return show_all(everything_view(session))


def everything_view(session: Session) -> Everything:
    """Return what `show license all` prints, and the command for support begins with."""
    views = session.views
    return Everything(
        udi=views.udi,
        profile=views.profile,
        status=views.status(),
        usage=views.usage(),
        purchases=views.purchases(),
        authorizations=views.authorizations(),
        reports=views.reports_summary(),
    )


def authorization(session: Session, _: ConsoleMatch, /) -> str:
    """Show the authorization codes and what was bought."""
    return show_authorization(session.views.authorizations(), session.views.purchases())


def rum_detail(session: Session, match: ConsoleMatch, /) -> str:
    """Show one report."""
    return show_rum_detail(session.views.report_detail(match.number("report")))


def eventlog(session: Session, match: ConsoleMatch, /) -> str:
    """Show the event log, of the last days where a number is given."""
    # One handler for both rows: without a number the whole log is asked for.
    days = match.number("days") if "days" in match.values else None
    return show_eventlog(session.views.events(days))


def history(session: Session, _: ConsoleMatch, /) -> str:
    """Show the message history."""
    return show_history(session.views.message_history())
