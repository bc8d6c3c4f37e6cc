"""`show license rum id …`: the reports, and one of them."""

from collections.abc import Sequence

from gauger.instance.views import ReportDetailView, ReportRow
from gauger.surfaces.console.text import moment, shown

_RULE = "=" * 36


def show_rum_all(rows: Sequence[ReportRow]) -> str:
    """Return the output of `show license rum id all`.

    Args:
        rows: The reports, lowest id first.
    """
    heading = ["Smart Licensing Usage Report:", _RULE]
    columns = "Report Id,          State,    Flag, Feature Name"
    return "\n".join([*heading, columns, *(_row(row) for row in rows)])


def show_rum_detail(view: ReportDetailView) -> str:
    """Return the output of `show license rum id N detail`.

    Args:
        view: The report.
    """
    return show_rum_details([view])


def show_rum_details(views: Sequence[ReportDetailView]) -> str:
    """Return the output of `show license rum feature NAME detail`.

    Args:
        views: The reports, lowest id first.
    """
    blocks = ["\n".join(_detail(view)) for view in views]
    # Rule and first report stand together, as for a single one.
    return "\n".join(["Smart Licensing Usage Report Detail:", _RULE, "\n\n".join(blocks)]).rstrip()


def _detail(view: ReportDetailView) -> list[str]:
    # Escaped one by one, not the line as a whole: a comma or line end in one forges no other.
    udi = f"PID:{shown(view.udi.pid)},SN:{shown(view.udi.serial)}"
    return [
        f"Report Id: {view.report_id}",
        "  Metric Name: ENTITLEMENT",
        f"  Feature Name: {shown(view.feature)}",
        f"  Metric Value: {shown(view.tag)}",
        f"  UDI: {udi}",
        f"  Previous Report Id: {view.previous_id},    Next Report Id: {view.next_id}",
        f"  State: {view.state},      State Change Reason: {shown(view.reason)}",
        f"  Start Time: {moment(view.start)},      End Time: {moment(view.end)}",
        f"  Storage State: {view.storage}",
        "  Transaction ID: 0",
        f"  Transaction Message: {shown(view.verdict)}",
    ]


def _row(row: ReportRow) -> str:
    return f"{row.report_id:<20}{row.state:<10}{row.flag:<6}{shown(row.feature)}"
