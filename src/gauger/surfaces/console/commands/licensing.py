"""Rows of the configuration of licensing."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from gauger.core.releases import Release
from gauger.instance.config import ConfigKey
from gauger.instance.setting_kinds import MAXIMUM_LABEL
from gauger.instance.settings import AIR_LEVELS, BOOT_LEVELS, CUSTOMER_INFO, CUSTOMER_TAGS
from gauger.surfaces.console import configure
from gauger.surfaces.console.commands.arguments import ARGUMENTS
from gauger.surfaces.console.commands.rows import Rows
from gauger.surfaces.console.grammar import Argument, Kind, Mode
from gauger.surfaces.console.session import ConsoleCommand

_VRF: Final = Release.parse("17.9.1")

_ARGUMENTS: Final = MappingProxyType(
    {
        **ARGUMENTS,
        "host": Argument(kind=Kind.TEXT, help="Name or address of the proxy.", maximum=253),
        "port": Argument(kind=Kind.NUMBER, help="Port of the proxy.", maximum=65_535),
        "vrf": Argument(kind=Kind.TEXT, help="Name of the VRF.", maximum=32),
        "value": Argument(
            kind=Kind.TEXT, help="Text, in quotes where it holds blanks.", maximum=MAXIMUM_LABEL
        ),
        "rest": Argument(kind=Kind.LINE, help="What was set; it is not compared."),
    }
)


_row: Final = Rows(mode=Mode.CONFIG, arguments=_ARGUMENTS)
_vrf: Final = replace(_row, since=_VRF)


def _no(syntax: str, text: str, key: ConfigKey, row: Rows = _row) -> list[ConsoleCommand]:
    """Return the `no` form, alone and with the value that was set behind it.

    Devices take any value there, and configurations that are pasted have it.
    """
    handler = configure.default(key)
    return [
        row(f"no {syntax}", text, handler),
        row(f"no {syntax} <rest>", text, handler),
    ]


def _member(
    syntax: str, text: str, key: ConfigKey, members: tuple[str, ...]
) -> list[ConsoleCommand]:
    """Return the rows of a setting that is made once for each member."""
    place = f"{syntax} {{member:{'|'.join(members)}}}"
    forget = configure.default(key, "member")
    return [
        _row(f"{place} <value>", text, configure.setting(key, "value", "member")),
        _row(f"no {place}", "Forget one of them.", forget),
        _row(f"no {place} <rest>", "Forget one of them.", forget),
        _row(f"no {syntax}", "Forget all of them.", configure.default(key)),
    ]


def _switch(syntax: str, text: str, key: ConfigKey) -> list[ConsoleCommand]:
    return [
        _row(syntax, text, configure.switched_on(key)),
        _row(f"no {syntax}", "Return to the default.", configure.default(key)),
    ]


def _levels(
    word: str, key: ConfigKey, levels: Mapping[str, tuple[str, ...]]
) -> list[ConsoleCommand]:
    """Return the rows of a licence level; level and add-on are one value of the setting."""
    text, handler = (
        "Choose the licences that are in use from the next reload on, once it is saved.",
        configure.level(key),
    )
    rows = []
    for level, addons in levels.items():
        place = f"license {word} level {{level:{level}}}"
        rows.append(_row(place, text, handler))
        if addons:
            rows.append(_row(f"{place} addon {{addon:{'|'.join(addons)}}}", text, handler))
    return [*rows, *_no(f"license {word} level", "Return to the level of the product.", key)]


_TRANSPORT: Final = "license smart transport"
_URL: Final = "license smart url"
_FORGET_URL: Final = "Forget the URL that was set."
_INTERVAL: Final = "Leave the interval to the policy, at most 30 days."
_OPEN: Final = "Send it again."

COMMANDS: Final[tuple[ConsoleCommand, ...]] = (
    _row(
        f"{_TRANSPORT} {{kind:automatic|callhome|cslu|off|smart}}",
        "Choose how reports leave; what is neither smart nor off comes with a later release.",
        configure.transport,
        "Nothing; a line that says so for what comes with a later release.",
    ),
    *_no(_TRANSPORT, "Return to the transport of a fresh product instance.", ConfigKey.TRANSPORT),
    _row(
        f"{_URL} smart <url>",
        "Set the licensing URL of the portal for smart transport.",
        configure.setting(ConfigKey.URL_SMART, "url"),
    ),
    _row(
        f"{_URL} cslu <url>",
        "Set the URL of a CSLU, or of an on-premises portal.",
        configure.setting(ConfigKey.URL_CSLU, "url"),
    ),
    _row(
        f"{_URL} utility <url>",
        "Set the URL for utility reporting.",
        configure.setting(ConfigKey.URL_UTILITY, "url"),
    ),
    _row(f"{_URL} default", "Forget every URL that was set.", configure.default(ConfigKey.URL_ALL)),
    _row(f"{_URL} <url>", "Set the URL of call home.", configure.setting(ConfigKey.URL, "url")),
    _row(f"no {_URL}", "Forget every URL that was set.", configure.default(ConfigKey.URL_ALL)),
    *_no(f"{_URL} smart", _FORGET_URL, ConfigKey.URL_SMART),
    *_no(f"{_URL} cslu", _FORGET_URL, ConfigKey.URL_CSLU),
    *_no(f"{_URL} utility", _FORGET_URL, ConfigKey.URL_UTILITY),
    _row(f"no {_URL} <url>", _FORGET_URL, configure.default(ConfigKey.URL)),
    _row(
        "license smart proxy address <host>",
        "Reach the portal through a proxy, by HTTP CONNECT.",
        configure.setting(ConfigKey.PROXY_ADDRESS, "host"),
    ),
    _row(
        "license smart proxy port <port>",
        "Set the port of the proxy; without it, 80.",
        configure.setting(ConfigKey.PROXY_PORT, "port"),
    ),
    *_no("license smart proxy address", "Reach the portal directly.", ConfigKey.PROXY_ADDRESS),
    *_no("license smart proxy port", "Return to port 80.", ConfigKey.PROXY_PORT),
    _vrf(
        "license smart vrf <vrf>",
        "Reach the portal, and the proxy, in a VRF: the network device of that name.",
        configure.setting(ConfigKey.VRF, "vrf"),
    ),
    *_no("license smart vrf", "Reach the portal outside of any VRF.", ConfigKey.VRF, _vrf),
    _row(
        "license smart usage interval <interval>",
        "Set how often reports are sent; the policy's interval wins where it is shorter.",
        configure.setting(ConfigKey.USAGE_INTERVAL, "interval"),
    ),
    *_no("license smart usage interval", _INTERVAL, ConfigKey.USAGE_INTERVAL),
    *_member(
        "license smart usage customer-tags",
        "Set a tag that travels with reports.",
        ConfigKey.CUSTOMER_TAGS,
        CUSTOMER_TAGS,
    ),
    _row(
        "license smart custom_id <value>",
        "Set an id of your own that travels with reports.",
        configure.setting(ConfigKey.CUSTOM_ID, "value"),
    ),
    *_no("license smart custom_id", "Forget the id.", ConfigKey.CUSTOM_ID),
    _row(
        "license smart privacy all",
        "Withhold host name and software version.",
        configure.switched_on(ConfigKey.PRIVACY_ALL),
    ),
    _row(
        "license smart privacy hostname",
        "Withhold the host name from messages and files.",
        configure.switched_on(ConfigKey.PRIVACY_HOSTNAME),
    ),
    _row(
        "license smart privacy version",
        "Withhold the software version from reports.",
        configure.switched_on(ConfigKey.PRIVACY_VERSION),
    ),
    _row("no license smart privacy", _OPEN, configure.default(ConfigKey.PRIVACY_ALL)),
    _row("no license smart privacy all", _OPEN, configure.default(ConfigKey.PRIVACY_ALL)),
    _row("no license smart privacy hostname", _OPEN, configure.default(ConfigKey.PRIVACY_HOSTNAME)),
    _row("no license smart privacy version", _OPEN, configure.default(ConfigKey.PRIVACY_VERSION)),
    _row(
        "license smart server-identity-check",
        "Check that the portal's certificate names it; that is always checked.",
        configure.switched_on(ConfigKey.SERVER_IDENTITY_CHECK),
    ),
    _row(
        "no license smart server-identity-check",
        "Kept and shown; the certificate is checked all the same.",
        configure.unchecked,
        "A line that says so.",
    ),
    *_switch(
        "license smart utility", "Mark usage as billed by a utility contract.", ConfigKey.UTILITY
    ),
    *_member(
        "license smart utility customer_info",
        "Say who is billed; it travels with reports while utility is on.",
        ConfigKey.CUSTOMER_INFO,
        CUSTOMER_INFO,
    ),
    *_switch(
        "license smart reservation",
        "Mark licences as reserved; no reservation is exchanged here.",
        ConfigKey.RESERVATION,
    ),
    _row(
        "license smart enable",
        "Nothing: licensing is always on, as on devices.",
        configure.nothing,
    ),
    *_levels("boot", ConfigKey.BOOT_LEVEL, BOOT_LEVELS),
    *_levels("air", ConfigKey.AIR_LEVEL, AIR_LEVELS),
)

WORDS: Final = MappingProxyType(
    {
        "license": "Smart Licensing.",
        "license air": "Licence level of a wireless controller.",
        "license boot": "Licence level of a switch or router.",
        "license smart": "Smart Licensing Using Policy.",
        "license smart privacy": "What is withheld from reports.",
        "license smart proxy": "How the portal is reached through a proxy.",
        "license smart transport": "How reports leave.",
        "license smart transport automatic": "As the URLs suggest; comes with a later release.",
        "license smart transport callhome": "By call home; comes with a later release.",
        "license smart transport cslu": "By way of a CSLU; comes with a later release.",
        "license smart transport off": "Not at all by themselves: by files.",
        "license smart transport smart": "Straight to the portal.",
        "license smart url": "Where reports go.",
        "license smart usage": "What is sent, and when.",
        "license smart usage customer-tags": "Tags that travel with reports.",
        "license smart utility": "Billing by a utility contract.",
        "license smart utility customer_info": "Who is billed.",
        "no": "Return a setting to its default.",
        "no license": "Smart Licensing.",
        "no license air": "Licence level of a wireless controller.",
        "no license boot": "Licence level of a switch or router.",
        "no license smart": "Smart Licensing Using Policy.",
        "no license smart privacy": "Withhold nothing.",
        "no license smart proxy": "Reach the portal directly.",
        "no license smart url": "Forget URLs.",
        "no license smart usage": "What is sent, and when.",
        "no license smart usage customer-tags": "Forget tags.",
        "no license smart utility": "No billing by a utility contract.",
        "no license smart utility customer_info": "Forget who is billed.",
    }
)
