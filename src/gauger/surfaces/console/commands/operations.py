"""Rows of the EXEC commands `license smart …`."""

from types import MappingProxyType
from typing import Final

from gauger.surfaces.console import operate
from gauger.surfaces.console.commands.arguments import ARGUMENTS, FIRST
from gauger.surfaces.console.grammar import Command, Mode
from gauger.surfaces.console.session import ConsoleCommand

COMMANDS: Final[tuple[ConsoleCommand, ...]] = (
    Command(
        syntax="license smart trust idtoken <token> {scope:local|all} [force:force]",
        mode=Mode.EXEC,
        help="Ask the portal for a trust code with an ID token; force replaces one.",
        since=FIRST,
        handler=operate.trust,
        arguments=ARGUMENTS,
    ),
    Command(
        syntax="license smart sync {scope:all|local}",
        mode=Mode.EXEC,
        help="Send every report without an ACK now, and fetch what is pending.",
        since=FIRST,
        handler=operate.sync,
        summary="Nothing when all was acknowledged, else a line that says what is open.",
    ),
    Command(
        syntax="license smart save usage {which:all|unreported} file <path>",
        mode=Mode.EXEC,
        help="Save all reports, or those without an ACK, to a file.",
        since=FIRST,
        handler=operate.save_usage,
        arguments=ARGUMENTS,
    ),
    Command(
        syntax="license smart save usage days <days> file <path>",
        mode=Mode.EXEC,
        help="Save the reports of the last days to a file.",
        since=FIRST,
        handler=operate.save_usage,
        arguments=ARGUMENTS,
    ),
    Command(
        syntax="license smart save usage rum-id <report> file <path>",
        mode=Mode.EXEC,
        help="Save one report to a file.",
        since=FIRST,
        handler=operate.save_usage,
        arguments=ARGUMENTS,
    ),
    Command(
        syntax="license smart save trust-request <path>",
        mode=Mode.EXEC,
        help="Save a trust request to a file of its own.",
        since=FIRST,
        handler=operate.save_trust_request,
        arguments=ARGUMENTS,
    ),
    Command(
        syntax="license smart import <path>",
        mode=Mode.EXEC,
        help="Install what a file of the portal brings: ACK, policy, trust code, account.",
        since=FIRST,
        handler=operate.import_file,
        arguments=ARGUMENTS,
        summary="`Import Data Successful`, and a line for each report with another verdict.",
    ),
)

WORDS: Final = MappingProxyType(
    {
        "license": "Smart Licensing.",
        "license smart": "Smart Licensing Using Policy.",
        "license smart save": "Save what the portal is to get by file.",
        "license smart save usage": "Save usage reports to a file.",
        "license smart save usage all": "Every report that is kept.",
        "license smart save usage unreported": "Every report that has no ACK.",
        "license smart save usage days": "The reports of the last days.",
        "license smart save usage rum-id": "One report, by its id.",
        "license smart sync all": "For every device of the set.",
        "license smart sync local": "For this device.",
        "license smart trust idtoken <token> all": "For every device of the set.",
        "license smart trust idtoken <token> local": "For this device.",
        "license smart trust idtoken <token> all force": "Replace a trust code that is installed.",
        "license smart trust idtoken <token> local force": "Replace a trust code that is installed.",
    }
)
