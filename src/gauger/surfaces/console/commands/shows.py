"""Rows of `show license …`."""

from types import MappingProxyType
from typing import Final

from gauger.surfaces.console import look, support
from gauger.surfaces.console.commands.arguments import ARGUMENTS, FIRST, RUM
from gauger.surfaces.console.grammar import Command, Mode
from gauger.surfaces.console.session import ConsoleCommand

COMMANDS: Final[tuple[ConsoleCommand, ...]] = (
    Command(
        syntax="show license status",
        mode=Mode.EXEC,
        help="Show account, transport, policy, reporting in times, and trust.",
        since=FIRST,
        handler=look.status,
        summary="The status, one section after another.",
    ),
    Command(
        syntax="show license summary",
        mode=Mode.EXEC,
        help="Show a line for each licence that is or was in use.",
        since=FIRST,
        handler=look.summary,
        summary="A table.",
    ),
    Command(
        syntax="show license usage",
        mode=Mode.EXEC,
        help="Show a block for each licence that is or was in use.",
        since=FIRST,
        handler=look.usage,
        summary="Blocks.",
    ),
    Command(
        syntax="show license udi",
        mode=Mode.EXEC,
        help="Show the product id and serial number.",
        since=FIRST,
        handler=look.udi,
        summary="One line, and a list in a set of several devices.",
    ),
    Command(
        syntax="show license all",
        mode=Mode.EXEC,
        help="Show status, usage, product, authorizations and reports on one page.",
        since=FIRST,
        handler=look.everything,
        summary="One page.",
    ),
    Command(
        syntax="show license authorization",
        mode=Mode.EXEC,
        help="Show the authorization codes that are installed, and what was bought.",
        since=FIRST,
        handler=look.authorization,
        summary="A block for each device, each licence that a code allows, and the purchases.",
    ),
    Command(
        syntax="show license reservation",
        mode=Mode.EXEC,
        help="Show whether licences are reserved.",
        since=FIRST,
        handler=support.reservation,
        summary="A block for each device.",
    ),
    Command(
        syntax="show license data conversion",
        mode=Mode.EXEC,
        help="Show how the conversion of old licences has gone.",
        since=FIRST,
        handler=support.conversion,
        summary="A block.",
    ),
    Command(
        syntax="show license tech support",
        mode=Mode.EXEC,
        help="Show all that support asks for.",
        since=FIRST,
        handler=support.tech_support,
        summary="A page: status, usage by handle, jobs, how talking has gone, what the agent is.",
    ),
    Command(
        syntax="show license rum feature all [detail:detail]",
        mode=Mode.EXEC,
        help="Show a line for each report, or all that is known of each.",
        since=RUM,
        handler=support.rum_feature,
        summary="A table, or blocks.",
    ),
    Command(
        syntax="show license rum feature <feature> [detail:detail]",
        mode=Mode.EXEC,
        help="Show a line for each report of one feature, or all that is known of each.",
        since=RUM,
        handler=support.rum_feature,
        arguments=ARGUMENTS,
        summary="A table, or blocks.",
    ),
    Command(
        syntax="show license rum id <report>",
        mode=Mode.EXEC,
        help="Show the line of one report.",
        since=RUM,
        handler=support.rum_one,
        arguments=ARGUMENTS,
        summary="A table of one line.",
    ),
    Command(
        syntax="show license rum id all",
        mode=Mode.EXEC,
        help="Show a line for each report with its state.",
        since=RUM,
        handler=support.rum_all,
        summary="A table.",
    ),
    Command(
        syntax="show license rum id all detail",
        mode=Mode.EXEC,
        help="Show all that is known of each report.",
        since=RUM,
        handler=support.rum_all_detail,
        summary="Blocks.",
    ),
    Command(
        syntax="show license rum id <report> detail",
        mode=Mode.EXEC,
        help="Show one report.",
        since=RUM,
        handler=look.rum_detail,
        arguments=ARGUMENTS,
        summary="A block.",
    ),
    Command(
        syntax="show license eventlog",
        mode=Mode.EXEC,
        help="Show the event log.",
        since=FIRST,
        handler=look.eventlog,
        summary="A line for each event.",
    ),
    Command(
        syntax="show license eventlog <days>",
        mode=Mode.EXEC,
        help="Show the event log of the last days.",
        since=FIRST,
        handler=look.eventlog,
        arguments=ARGUMENTS,
        summary="A line for each event.",
    ),
    Command(
        syntax="show license history message",
        mode=Mode.EXEC,
        help="Show the last messages to the portal and imports, each with what became of it.",
        since=FIRST,
        handler=look.history,
        summary="Twelve headings.",
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
