"""Rows of the EXEC commands `license smart …`."""

from types import MappingProxyType
from typing import Final

from gauger.surfaces.console import operate
from gauger.surfaces.console.commands.arguments import ARGUMENTS, FIRST, RUM
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
        summary="`Import Data Successful`, a line for each report with another verdict, and the "
        "confirmation code where an authorization code took another's place.",
    ),
    Command(
        syntax="license smart authorization request {mode:add|replace} <feature> {scope:all|local}",
        mode=Mode.EXEC,
        help="Ask the portal for an authorization code for a licence.",
        since=FIRST,
        handler=operate.authorization_request,
        arguments=ARGUMENTS,
        summary="Nothing when the code is installed, else a line that says what it waits for.",
    ),
    Command(
        syntax=(
            "license smart authorization request {mode:add|replace} <feature> {scope:all|local} "
            "<count>"
        ),
        mode=Mode.EXEC,
        help="Ask the portal for an authorization code for so many of a licence.",
        since=FIRST,
        handler=operate.authorization_request,
        arguments=ARGUMENTS,
        summary="Nothing when the code is installed, else a line that says what it waits for.",
    ),
    Command(
        syntax="license smart authorization request save <path>",
        mode=Mode.EXEC,
        help="Save the authorization request that waits to a file.",
        since=FIRST,
        handler=operate.save_authorization_request,
        arguments=ARGUMENTS,
    ),
    Command(
        syntax="license smart authorization return {scope:all|local} {way:offline|online}",
        mode=Mode.EXEC,
        help="Remove the authorization code for good and prove it to the portal.",
        since=FIRST,
        handler=operate.authorization_return,
        summary="The return code.",
    ),
    Command(
        syntax="license smart authorization return {scope:all|local} {way:offline} <path>",
        mode=Mode.EXEC,
        help="Remove the authorization code for good and save the proof to a file.",
        since=FIRST,
        handler=operate.authorization_return,
        arguments=ARGUMENTS,
        summary="The return code.",
    ),
    Command(
        syntax="license smart clear eventlog",
        mode=Mode.EXEC,
        help="Empty the event log; one entry says so.",
        since=FIRST,
        handler=operate.clear_eventlog,
    ),
    Command(
        syntax="license smart factory reset",
        mode=Mode.EXEC,
        help="Forget policy, trust code and account; reports and authorization codes stay.",
        since=FIRST,
        handler=operate.factory_reset,
        summary="A warning that a reload completes it.",
    ),
    Command(
        syntax="test license smart rum show <report>",
        mode=Mode.EXEC,
        help="Print a report as it was signed; needs `service internal`.",
        since=RUM,
        handler=operate.rum_show,
        arguments=ARGUMENTS,
        summary="One line of JSON.",
    ),
    Command(
        syntax="test license smart rum-report id <report>",
        mode=Mode.EXEC,
        help="Print a report as it was signed; needs `service internal`.",
        since=FIRST,
        handler=operate.rum_show,
        arguments=ARGUMENTS,
        summary="One line of JSON.",
    ),
)

WORDS: Final = MappingProxyType(
    {
        "license": "Smart Licensing.",
        "license smart": "Smart Licensing Using Policy.",
        "license smart authorization": "Authorization codes (SLAC).",
        "license smart authorization request": "Ask for a code.",
        "license smart authorization request add": "Beside what is authorized.",
        "license smart authorization request replace": "In place of what is authorized.",
        "license smart authorization return": "Give the code back.",
        "license smart authorization return all": "For every device of the set.",
        "license smart authorization return local": "For this device.",
        "license smart authorization return all offline": "By a file, or to be typed.",
        "license smart authorization return all online": "By the transport, now.",
        "license smart authorization return local offline": "By a file, or to be typed.",
        "license smart authorization return local online": "By the transport, now.",
        "license smart authorization request add <feature> all": "For every device of the set.",
        "license smart authorization request add <feature> local": "For this device.",
        "license smart authorization request replace <feature> all": "For every device of the set.",
        "license smart authorization request replace <feature> local": "For this device.",
        "test": "Support's own commands.",
        "test license": "Smart Licensing.",
        "test license smart": "Smart Licensing Using Policy.",
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
