"""Rows of the configuration of licensing."""

from types import MappingProxyType
from typing import Final

from gauger.instance.config import ConfigKey
from gauger.surfaces.console import configure
from gauger.surfaces.console.commands.arguments import ARGUMENTS, FIRST
from gauger.surfaces.console.grammar import Command, Mode
from gauger.surfaces.console.session import ConsoleCommand

COMMANDS: Final[tuple[ConsoleCommand, ...]] = (
    Command(
        syntax="license smart transport {kind:automatic|callhome|cslu|off|smart}",
        mode=Mode.CONFIG,
        help="Choose how reports leave; smart and off are offered now.",
        since=FIRST,
        handler=configure.setting(ConfigKey.TRANSPORT, "kind"),
    ),
    Command(
        syntax="no license smart transport",
        mode=Mode.CONFIG,
        help="Return to the transport of a fresh product instance.",
        since=FIRST,
        handler=configure.default(ConfigKey.TRANSPORT),
    ),
    Command(
        syntax="license smart url smart <url>",
        mode=Mode.CONFIG,
        help="Set the licensing URL of the portal for smart transport.",
        since=FIRST,
        handler=configure.setting(ConfigKey.URL_SMART, "url"),
        arguments=ARGUMENTS,
    ),
    Command(
        syntax="license smart url default",
        mode=Mode.CONFIG,
        help="Forget the licensing URL that was set.",
        since=FIRST,
        handler=configure.default(ConfigKey.URL_SMART),
    ),
    Command(
        # Refused by name: "invalid input" would send an operator after a typing error.
        syntax="license smart url {kind:cslu|utility} <url>",
        mode=Mode.CONFIG,
        help="Set the URL of another transport; not offered yet.",
        since=FIRST,
        handler=configure.not_offered,
        arguments=ARGUMENTS,
        summary="A refusal that says so.",
    ),
    Command(
        syntax="no license smart url",
        mode=Mode.CONFIG,
        help="Forget the licensing URL that was set.",
        since=FIRST,
        handler=configure.default(ConfigKey.URL_SMART),
    ),
    Command(
        syntax="no license smart url smart",
        mode=Mode.CONFIG,
        help="Forget the licensing URL that was set.",
        since=FIRST,
        handler=configure.default(ConfigKey.URL_SMART),
    ),
    Command(
        # Devices take the value behind `no` as well, and configurations that are pasted have it.
        syntax="no license smart url smart <url>",
        mode=Mode.CONFIG,
        help="Forget the licensing URL that was set.",
        since=FIRST,
        handler=configure.default(ConfigKey.URL_SMART),
        arguments=ARGUMENTS,
    ),
    Command(
        syntax="license smart usage interval <interval>",
        mode=Mode.CONFIG,
        help="Set how often reports are sent; the policy's interval wins where it is shorter.",
        since=FIRST,
        handler=configure.setting(ConfigKey.USAGE_INTERVAL, "interval"),
        arguments=ARGUMENTS,
    ),
    Command(
        syntax="no license smart usage interval",
        mode=Mode.CONFIG,
        help="Leave the interval to the policy, at most 30 days.",
        since=FIRST,
        handler=configure.default(ConfigKey.USAGE_INTERVAL),
    ),
    Command(
        syntax="no license smart usage interval <interval>",
        mode=Mode.CONFIG,
        help="Leave the interval to the policy, at most 30 days.",
        since=FIRST,
        handler=configure.default(ConfigKey.USAGE_INTERVAL),
        arguments=ARGUMENTS,
    ),
)

WORDS: Final = MappingProxyType(
    {
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
