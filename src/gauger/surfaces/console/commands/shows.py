"""Rows of `show license …`."""

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from gauger.surfaces.console import look, support
from gauger.surfaces.console.commands.arguments import RUM
from gauger.surfaces.console.commands.rows import Rows
from gauger.surfaces.console.grammar import Mode
from gauger.surfaces.console.session import ConsoleCommand

_row: Final = Rows(mode=Mode.EXEC)
_rum: Final = replace(_row, since=RUM)

COMMANDS: Final[tuple[ConsoleCommand, ...]] = (
    _row(
        "show license status",
        "Show account, transport, policy, reporting in times, and trust.",
        look.status,
        "The status, one section after another.",
    ),
    _row(
        "show license summary",
        "Show a line for each licence that is or was in use.",
        look.summary,
        "A table.",
    ),
    _row(
        "show license usage",
        "Show a block for each licence that is or was in use.",
        look.usage,
        "Blocks.",
    ),
    _row(
        "show license udi",
        "Show the product id and serial number.",
        look.udi,
        "One line, and a list in a set of several devices.",
    ),
    _row(
        "show license all",
        "Show status, usage, product, authorizations and reports on one page.",
        look.everything,
        "One page.",
    ),
    _row(
        "show license authorization",
        "Show the authorization codes that are installed, and what was bought.",
        look.authorization,
        "A block for each device, each licence that a code allows, and the purchases.",
    ),
    _row(
        "show license reservation",
        "Show whether licences are reserved.",
        support.reservation,
        "A block for each device.",
    ),
    _row(
        "show license data conversion",
        "Show how the conversion of old licences has gone.",
        support.conversion,
        "A block.",
    ),
    _row(
        "show license tech support",
        "Show all that support asks for.",
        support.tech_support,
        "A page: status, usage by handle, jobs, how talking has gone, what the agent is.",
    ),
    _rum(
        "show license rum feature all [detail:detail]",
        "Show a line for each report, or all that is known of each.",
        support.rum_feature,
        "A table, or blocks.",
    ),
    _rum(
        "show license rum feature <feature> [detail:detail]",
        "Show a line for each report of one feature, or all that is known of each.",
        support.rum_feature,
        "A table, or blocks.",
    ),
    _rum(
        "show license rum id <report>",
        "Show the line of one report.",
        support.rum_one,
        "A table of one line.",
    ),
    _rum(
        "show license rum id all",
        "Show a line for each report with its state.",
        support.rum_all,
        "A table.",
    ),
    _rum(
        "show license rum id all detail",
        "Show all that is known of each report.",
        support.rum_all_detail,
        "Blocks.",
    ),
    _rum("show license rum id <report> detail", "Show one report.", look.rum_detail, "A block."),
    _row("show license eventlog", "Show the event log.", look.eventlog, "A line for each event."),
    _row(
        "show license eventlog <days>",
        "Show the event log of the last days.",
        look.eventlog,
        "A line for each event.",
    ),
    _row(
        "show license history message",
        "Show the last messages to the portal and imports, each with what became of it.",
        look.history,
        "Twelve headings.",
    ),
)

WORDS: Final = MappingProxyType(
    {
        "show": "Show what this product instance knows; changes nothing.",
        "show license": "Licences, reports and trust.",
        "show license history": "What was exchanged with the portal.",
        "show license rum": "Usage reports (RUM reports).",
        "show license data": "Data that was carried over from older licences.",
        "show license tech": "What support asks for.",
        "show license rum feature": "By feature: all of them, or those of one.",
        "show license rum feature all": "Those of every feature.",
        "show license rum feature all detail": "All that is known of each.",
        "show license rum feature <feature> detail": "All that is known of each.",
        "show license rum id all": "Every report.",
        "show license rum id": "All of them by id, or one.",
    }
)
