"""Rows of `show license …`."""

from types import MappingProxyType
from typing import Final

from gauger.surfaces.console import look
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
        syntax="show license rum id all",
        mode=Mode.EXEC,
        help="Show a line for each report with its state.",
        since=RUM,
        handler=look.rum_all,
        summary="A table.",
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
        "show license rum id": "All of them by id, or one.",
    }
)
