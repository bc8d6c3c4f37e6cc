"""Handlers of the EXEC commands that show the machine, single reports, and what support asks for."""

from collections.abc import Sequence

from gauger.core.problems import Problem
from gauger.instance.views import ReportRow
from gauger.surfaces.console.look import everything_view
from gauger.surfaces.console.session import ConsoleMatch, Session
from gauger.surfaces.console.show.machine import (
    Machine,
    show_clock,
    show_inventory,
    show_version,
)
from gauger.surfaces.console.show.reservation import show_conversion, show_reservation
from gauger.surfaces.console.show.rum import show_rum_all, show_rum_details
from gauger.surfaces.console.show.tech import Support, show_tech


def tech_support(session: Session, _: ConsoleMatch, /) -> str:
    """Show all that support asks for."""
    views = session.views
    is_clock_set = views.system().is_clock_set
    whole = everything_view(session)
    return show_tech(Support(everything=whole, tech=views.tech(), is_clock_set=is_clock_set))


def reservation(session: Session, _: ConsoleMatch, /) -> str:
    """Show whether licences are reserved."""
    views = session.views
    is_reserved = views.configuration().reservation
    return show_reservation(views.authorizations(), views.profile, is_reserved=is_reserved)


def conversion(session: Session, _: ConsoleMatch, /) -> str:
    """Show how the conversion of old licences has gone."""
    return show_conversion(session.views.profile)


def rum_one(session: Session, match: ConsoleMatch, /) -> str:
    """Show one report's line."""
    report_id = match.number("report")
    # Asked for first: it refuses a report that there is not, in the words of the detailed form.
    session.views.report_detail(report_id)
    rows = [row for row in session.views.report_rows() if row.report_id == report_id]
    return show_rum_all(rows)


def rum_all(session: Session, _: ConsoleMatch, /) -> str:
    """Show a line for each report."""
    return show_rum_all(session.views.report_rows())


def rum_all_detail(session: Session, _: ConsoleMatch, /) -> str:
    """Show all that is known of each report."""
    return _details(session, session.views.report_rows())


def rum_feature(session: Session, match: ConsoleMatch, /) -> str:
    """Show a line for each report of one feature or of all, or all that is known of each.

    Raises:
        Problem: ``requested-item-not-found`` for a feature that is none of the product.
    """
    rows = session.views.report_rows()
    name = match.values.get("feature")
    if name is not None:
        rows = tuple(row for row in rows if row.feature.lower() == name.lower())
        _require_known(session, name, rows)
    return _details(session, rows) if "detail" in match.values else show_rum_all(rows)


def _require_known(session: Session, name: str, rows: Sequence[ReportRow]) -> None:
    known = sorted({licence.feature for licence in session.views.profile.licences})
    # Reports may tell of a licence that a later profile has dropped: those are found as well.
    if not rows and name.lower() not in {feature.lower() for feature in known}:
        message = f"{name!r} is no feature of this product; it has {', '.join(known)}."
        raise Problem("requested-item-not-found", message)


def _details(session: Session, rows: Sequence[ReportRow]) -> str:
    # One that does not open has no details; its line says that it is damaged.
    whole = [row.report_id for row in rows if row.state != "DAMAGED"]
    return show_rum_details([session.views.report_detail(report_id) for report_id in whole])


def version(session: Session, _: ConsoleMatch, /) -> str:
    """Show the release, the host name and how long the device runs."""
    views = session.views
    return show_version(Machine(system=views.system(), udi=views.udi, profile=views.profile))


def clock(session: Session, _: ConsoleMatch, /) -> str:
    """Show the time."""
    return show_clock(session.views.system())


def inventory(session: Session, _: ConsoleMatch, /) -> str:
    """Show the product ids and serial numbers."""
    return show_inventory(session.views.profile, session.views.status().trust)
