"""Rows of the EXEC commands `license smart …`."""

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from gauger.surfaces.console import operate
from gauger.surfaces.console.commands.arguments import RUM
from gauger.surfaces.console.commands.rows import Rows
from gauger.surfaces.console.grammar import Mode
from gauger.surfaces.console.session import ConsoleCommand

_row: Final = Rows(mode=Mode.EXEC)
_waiting: Final = replace(_row, waits=True)
_rum: Final = replace(_row, since=RUM)

COMMANDS: Final[tuple[ConsoleCommand, ...]] = (
    _waiting(
        "license smart trust idtoken <token> {scope:local|all} [force:force]",
        "Ask the portal for a trust code with an ID token; force replaces one.",
        operate.trust,
    ),
    _waiting(
        "license smart sync {scope:all|local}",
        "Send every report without an ACK now, and fetch what is pending.",
        operate.sync,
        "Nothing when all was acknowledged, else a line that says what is open.",
    ),
    _row(
        "license smart save usage {which:all|unreported} file <path>",
        "Save all reports, or those without an ACK, to a file.",
        operate.save_usage,
    ),
    _row(
        "license smart save usage days <days> file <path>",
        "Save the reports of the last days to a file.",
        operate.save_usage,
    ),
    _row(
        "license smart save usage rum-id <report> file <path>",
        "Save one report to a file.",
        operate.save_usage,
    ),
    _row(
        "license smart save trust-request <path>",
        "Save a trust request to a file of its own.",
        operate.save_trust_request,
    ),
    _row(
        "license smart import <path>",
        "Install what a file of the portal brings: ACK, policy, trust code, account.",
        operate.import_file,
        (
            "`Import Data Successful`, a line for each report with another verdict, and the "
            "confirmation code where an authorization code took another's place."
        ),
    ),
    _waiting(
        "license smart authorization request {mode:add|replace} <feature> {scope:all|local}",
        "Ask the portal for an authorization code for a licence.",
        operate.authorization_request,
        "Nothing when the code is installed, else a line that says what it waits for.",
    ),
    _waiting(
        (
            "license smart authorization request {mode:add|replace} <feature> {scope:all|local} "
            "<count>"
        ),
        "Ask the portal for an authorization code for so many of a licence.",
        operate.authorization_request,
        "Nothing when the code is installed, else a line that says what it waits for.",
    ),
    _row(
        "license smart authorization request save <path>",
        "Save the authorization request that waits to a file.",
        operate.save_authorization_request,
    ),
    _waiting(
        "license smart authorization return {scope:all|local} {way:offline|online}",
        "Remove the authorization code for good and prove it to the portal.",
        operate.authorization_return,
        "The return code.",
    ),
    _waiting(
        "license smart authorization return {scope:all|local} {way:offline} <path>",
        "Remove the authorization code for good and save the proof to a file.",
        operate.authorization_return,
        "The return code.",
    ),
    _row(
        "license smart clear eventlog",
        "Empty the event log; one entry says so.",
        operate.clear_eventlog,
    ),
    _row(
        "license smart factory reset",
        "Forget policy, trust code and account; reports and authorization codes stay.",
        operate.factory_reset,
        "A warning that a reload completes it.",
    ),
    _rum(
        "test license smart rum show <report>",
        "Print a report as it was signed; needs `service internal`.",
        operate.rum_show,
        "One line of JSON.",
    ),
    _row(
        "test license smart rum-report id <report>",
        "Print a report as it was signed; needs `service internal`.",
        operate.rum_show,
        "One line of JSON.",
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
