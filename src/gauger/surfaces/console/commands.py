"""The table of commands: what an operator can type, in one place.

Adding a command is adding a row. The language, the refusals and the reference page come from it.
"""

from types import MappingProxyType
from typing import Final

from gauger.core.releases import Feature, Release, first_release
from gauger.instance.config import MAXIMUM_INTERVAL_DAYS, ConfigKey
from gauger.surfaces.console import configure, look, operate
from gauger.surfaces.console.grammar import Argument, Command, Kind, Mode
from gauger.surfaces.console.session import ConsoleCommand

_FIRST: Final = Release.parse("17.3.2")
# From the table of releases, so that the two cannot come apart.
_RUM: Final = first_release(Feature.SHOW_RUM) or _FIRST

_ARGUMENTS: Final = MappingProxyType(
    {
        # Who has the token can register devices: no refusal repeats what stood in its place.
        "token": Argument(
            kind=Kind.TEXT, help="ID token from the portal.", maximum=512, is_secret=True
        ),
        "path": Argument(
            kind=Kind.PATH, help="File; a relative path begins where the command was typed."
        ),
        "days": Argument(kind=Kind.NUMBER, help="Days back from now.", maximum=3650),
        # As far as integers go (spec/strict-json.md, 5): a greater number fits into no row of the store.
        "report": Argument(kind=Kind.NUMBER, help="Id of a report.", maximum=2**63 - 1),
        "url": Argument(kind=Kind.TEXT, help="URL."),
        "interval": Argument(
            kind=Kind.NUMBER,
            help="Days between scheduled sendings; 0 sends nothing by itself.",
            minimum=0,
            maximum=MAXIMUM_INTERVAL_DAYS,
        ),
    }
)

_SHOWS: Final[tuple[ConsoleCommand, ...]] = (
    Command(
        syntax="show license status",
        mode=Mode.EXEC,
        help="Show account, transport, policy, reporting in times, and trust.",
        since=_FIRST,
        handler=look.status,
        summary="The status, one section after another.",
    ),
    Command(
        syntax="show license summary",
        mode=Mode.EXEC,
        help="Show a line for each licence that is or was in use.",
        since=_FIRST,
        handler=look.summary,
        summary="A table.",
    ),
    Command(
        syntax="show license usage",
        mode=Mode.EXEC,
        help="Show a block for each licence that is or was in use.",
        since=_FIRST,
        handler=look.usage,
        summary="Blocks.",
    ),
    Command(
        syntax="show license udi",
        mode=Mode.EXEC,
        help="Show the product id and serial number.",
        since=_FIRST,
        handler=look.udi,
        summary="One line, and a list in a set of several devices.",
    ),
    Command(
        syntax="show license all",
        mode=Mode.EXEC,
        help="Show status, usage, product, authorizations and reports on one page.",
        since=_FIRST,
        handler=look.everything,
        summary="One page.",
    ),
    Command(
        syntax="show license rum id all",
        mode=Mode.EXEC,
        help="Show a line for each report with its state.",
        since=_RUM,
        handler=look.rum_all,
        summary="A table.",
    ),
    Command(
        syntax="show license rum id <report> detail",
        mode=Mode.EXEC,
        help="Show one report.",
        since=_RUM,
        handler=look.rum_detail,
        arguments=_ARGUMENTS,
        summary="A block.",
    ),
    Command(
        syntax="show license eventlog",
        mode=Mode.EXEC,
        help="Show the event log.",
        since=_FIRST,
        handler=look.eventlog,
        summary="A line for each event.",
    ),
    Command(
        syntax="show license eventlog <days>",
        mode=Mode.EXEC,
        help="Show the event log of the last days.",
        since=_FIRST,
        handler=look.eventlog,
        arguments=_ARGUMENTS,
        summary="A line for each event.",
    ),
    Command(
        syntax="show license history message",
        mode=Mode.EXEC,
        help="Show the message history; none is kept yet.",
        since=_FIRST,
        handler=look.history,
        summary="Twelve headings.",
    ),
)

_OPERATIONS: Final[tuple[ConsoleCommand, ...]] = (
    Command(
        syntax="license smart trust idtoken <token> {scope:local|all} [force:force]",
        mode=Mode.EXEC,
        help="Ask the portal for a trust code with an ID token; force replaces one.",
        since=_FIRST,
        handler=operate.trust,
        arguments=_ARGUMENTS,
    ),
    Command(
        syntax="license smart sync {scope:all|local}",
        mode=Mode.EXEC,
        help="Send every report without an ACK now, and fetch what is pending.",
        since=_FIRST,
        handler=operate.sync,
        summary="Nothing when all was acknowledged, else a line that says what is open.",
    ),
    Command(
        syntax="license smart save usage {which:all|unreported} file <path>",
        mode=Mode.EXEC,
        help="Save all reports, or those without an ACK, to a file.",
        since=_FIRST,
        handler=operate.save_usage,
        arguments=_ARGUMENTS,
    ),
    Command(
        syntax="license smart save usage days <days> file <path>",
        mode=Mode.EXEC,
        help="Save the reports of the last days to a file.",
        since=_FIRST,
        handler=operate.save_usage,
        arguments=_ARGUMENTS,
    ),
    Command(
        syntax="license smart save usage rum-id <report> file <path>",
        mode=Mode.EXEC,
        help="Save one report to a file.",
        since=_FIRST,
        handler=operate.save_usage,
        arguments=_ARGUMENTS,
    ),
    Command(
        syntax="license smart save trust-request <path>",
        mode=Mode.EXEC,
        help="Save a trust request to a file of its own.",
        since=_FIRST,
        handler=operate.save_trust_request,
        arguments=_ARGUMENTS,
    ),
    Command(
        syntax="license smart import <path>",
        mode=Mode.EXEC,
        help="Install what a file of the portal brings: ACK, policy, trust code, account.",
        since=_FIRST,
        handler=operate.import_file,
        arguments=_ARGUMENTS,
        summary="`Import Data Successful`, and a line for each report with another verdict.",
    ),
)

_CONFIGURATION: Final[tuple[ConsoleCommand, ...]] = (
    Command(
        syntax="license smart transport {kind:automatic|callhome|cslu|off|smart}",
        mode=Mode.CONFIG,
        help="Choose how reports leave; smart and off are offered now.",
        since=_FIRST,
        handler=configure.setting(ConfigKey.TRANSPORT, "kind"),
    ),
    Command(
        syntax="no license smart transport",
        mode=Mode.CONFIG,
        help="Return to the transport of a fresh product instance.",
        since=_FIRST,
        handler=configure.default(ConfigKey.TRANSPORT),
    ),
    Command(
        syntax="license smart url smart <url>",
        mode=Mode.CONFIG,
        help="Set the licensing URL of the portal for smart transport.",
        since=_FIRST,
        handler=configure.setting(ConfigKey.URL_SMART, "url"),
        arguments=_ARGUMENTS,
    ),
    Command(
        syntax="license smart url default",
        mode=Mode.CONFIG,
        help="Forget the licensing URL that was set.",
        since=_FIRST,
        handler=configure.default(ConfigKey.URL_SMART),
    ),
    Command(
        # Refused by name: "invalid input" would send an operator after a typing error.
        syntax="license smart url {kind:cslu|utility} <url>",
        mode=Mode.CONFIG,
        help="Set the URL of another transport; not offered yet.",
        since=_FIRST,
        handler=configure.not_offered,
        arguments=_ARGUMENTS,
        summary="A refusal that says so.",
    ),
    Command(
        syntax="no license smart url",
        mode=Mode.CONFIG,
        help="Forget the licensing URL that was set.",
        since=_FIRST,
        handler=configure.default(ConfigKey.URL_SMART),
    ),
    Command(
        syntax="no license smart url smart",
        mode=Mode.CONFIG,
        help="Forget the licensing URL that was set.",
        since=_FIRST,
        handler=configure.default(ConfigKey.URL_SMART),
    ),
    Command(
        # Devices take the value behind `no` as well, and configurations that are pasted have it.
        syntax="no license smart url smart <url>",
        mode=Mode.CONFIG,
        help="Forget the licensing URL that was set.",
        since=_FIRST,
        handler=configure.default(ConfigKey.URL_SMART),
        arguments=_ARGUMENTS,
    ),
    Command(
        syntax="license smart usage interval <interval>",
        mode=Mode.CONFIG,
        help="Set how often reports are sent; the policy's interval wins where it is shorter.",
        since=_FIRST,
        handler=configure.setting(ConfigKey.USAGE_INTERVAL, "interval"),
        arguments=_ARGUMENTS,
    ),
    Command(
        syntax="no license smart usage interval",
        mode=Mode.CONFIG,
        help="Leave the interval to the policy, at most 30 days.",
        since=_FIRST,
        handler=configure.default(ConfigKey.USAGE_INTERVAL),
    ),
    Command(
        syntax="no license smart usage interval <interval>",
        mode=Mode.CONFIG,
        help="Leave the interval to the policy, at most 30 days.",
        since=_FIRST,
        handler=configure.default(ConfigKey.USAGE_INTERVAL),
        arguments=_ARGUMENTS,
    ),
)

COMMANDS: Final[tuple[ConsoleCommand, ...]] = (*_SHOWS, *_OPERATIONS, *_CONFIGURATION)
"""Every command of the console."""

WORDS: Final = MappingProxyType(
    {
        "show": "Show what this product instance knows; changes nothing.",
        "show license": "Licences, reports and trust.",
        "show license history": "What was exchanged with the portal.",
        "show license rum": "Usage reports (RUM reports).",
        "show license rum id": "All of them by id, or one.",
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
        "license smart transport": "How reports leave.",
        "license smart transport automatic": "Not offered yet.",
        "license smart transport callhome": "Not offered yet.",
        "license smart transport cslu": "By way of a CSLU; not offered yet.",
        "license smart transport off": "Not at all by themselves: by files.",
        "license smart transport smart": "Straight to the portal.",
        "license smart url": "Where reports go.",
        "license smart url cslu": "URL of a CSLU; not offered yet.",
        "license smart url utility": "URL for utility reporting; not offered yet.",
        "license smart usage": "When reports are sent.",
        "no": "Return a setting to its default.",
        "no license": "Smart Licensing.",
        "no license smart": "Smart Licensing Using Policy.",
    }
)
"""What the keywords mean that a question mark lists, by the syntax up to them.

A keyword that leads to one command only is explained by that command's own line.
"""
