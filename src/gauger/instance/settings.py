"""The settings of a product instance: one row each, how it is read and how it is written.

`show running-config` prints what differs from the defaults, and what it prints is read back to the
same configuration: both directions stand in one row, so that neither is forgotten.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from gauger.core.ways import LoggingHost, LogTransport
from gauger.instance.config import (
    DEFAULTS,
    MAXIMUM_INTERVAL_DAYS,
    ConfigChange,
    ConfigKey,
    Configuration,
    TransportKind,
    check_smart_url,
)
from gauger.instance.setting_kinds import (
    Setting,
    banner_row,
    check_hash,
    checked_label,
    checked_match,
    checked_number,
    count_row,
    flag_row,
    keyed_row,
    level_row,
    refusal,
    severity_row,
    text_row,
    timeout_row,
)

MOST_LOGGING_HOSTS: Final = 16
LEAST_BUFFER: Final = 4096
MOST_BUFFER: Final = 2_147_483

CUSTOMER_TAGS: Final = ("tag1", "tag2", "tag3", "tag4")
CUSTOMER_INFO: Final = ("city", "country", "id", "name", "postalcode", "state", "street")

BOOT_LEVELS: Final = MappingProxyType(
    {
        "network-advantage": ("dna-advantage", "dna-essentials"),
        "network-essentials": ("dna-essentials",),
        "network-premier": ("dna-premier",),
        "advantage": (),
        "essentials": (),
    }
)
"""Licence levels of switches and routers, each with its add-ons."""

AIR_LEVELS: Final = MappingProxyType(
    {
        "air-network-advantage": ("air-dna-advantage",),
        "air-network-essentials": ("air-dna-essentials",),
    }
)
"""Licence levels of wireless controllers, each with its add-ons."""

LEVELS: Final = MappingProxyType(
    {ConfigKey.BOOT_LEVEL: BOOT_LEVELS, ConfigKey.AIR_LEVEL: AIR_LEVELS}
)

# The rules of host names (RFC 1123); a blank or a `#` in one would end a script's prompt.
_HOSTNAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_HOST: Final = re.compile(r"[A-Za-z0-9_.:-]{1,253}")
_WORD: Final = re.compile(r"[A-Za-z0-9_.:-]{1,32}")


def apply_change(configuration: Configuration, change: ConfigChange) -> Configuration:
    """Return the configuration with one line applied.

    Raises:
        Problem: ``invalid-argument`` or ``not-a-licensing-url``.
    """
    return SETTINGS[change.key].set(configuration, change)


def written(configuration: Configuration, *keys: ConfigKey) -> list[str]:
    """Return the lines of some settings that differ from their defaults, in order."""
    return [line for key in keys for line in SETTINGS[key].write(configuration)]


def written_all(configuration: Configuration, *keys: ConfigKey) -> list[str]:
    """Return the lines of some settings, also of those that are as they were at first."""
    lines: list[str] = []
    for key in keys:
        setting = SETTINGS[key]
        lines += setting.write(configuration) or filter(None, [setting.default])
    return lines


def _set_transport(configuration: Configuration, change: ConfigChange) -> Configuration:
    if change.value is None:
        return replace(configuration, transport=DEFAULTS.transport)
    try:
        return replace(configuration, transport=TransportKind(change.value.lower()))
    except ValueError as error:
        known = ", ".join(sorted(TransportKind))
        raise refusal(f"The transport {change.value!r} is none of {known}.") from error


def _write_transport(configuration: Configuration) -> Iterable[str]:
    is_default = configuration.transport is DEFAULTS.transport
    return [] if is_default else [f"license smart transport {configuration.transport.value}"]


def _set_urls(configuration: Configuration, change: ConfigChange) -> Configuration:
    if change.value is not None:
        raise refusal("All URLs together can only be forgotten.")
    return replace(configuration, url_smart=None, url_cslu=None, url_utility=None, url_plain=None)


def _check_url(url: str) -> str:
    """Return the URL of a transport that is not offered yet, if it can be one."""
    scheme, _, rest = url.partition("://")
    # No password: it would be shown by every `show license`, and logged.
    host = rest.partition("/")[0]
    is_plain = url.isascii() and url.isprintable() and not set(url) & {" ", '"'}
    if scheme not in {"http", "https"} or not host or "@" in host or not is_plain:
        raise refusal(f"{url[:256]!r} is no URL that begins with http:// or https://.")
    return url


def _set_logging_host(configuration: Configuration, change: ConfigChange) -> Configuration:
    hosts = {item.host: item for item in configuration.logging_hosts}
    host = checked_match(change.member or "", "The host", _HOST)
    if change.value is None:
        hosts.pop(host, None)
    else:
        transport, _, port = change.value.partition(" ")
        try:
            kind = LogTransport(transport or "udp")
        except ValueError as error:
            raise refusal(f"Messages leave by udp, tcp or tls, not {transport!r}.") from error
        number = checked_number(port or str(PORTS[kind]), "The port", 1, 65_535)
        hosts[host] = LoggingHost(host=host, transport=kind, port=number)
    if len(hosts) > MOST_LOGGING_HOSTS:
        raise refusal(f"There are {MOST_LOGGING_HOSTS} hosts for messages already.")
    return replace(configuration, logging_hosts=tuple(hosts.values()))


PORTS: Final[Mapping[LogTransport, int]] = MappingProxyType(
    {LogTransport.UDP: 514, LogTransport.TCP: 601, LogTransport.TLS: 6514}
)
"""The port of each way to a remote log where none is named."""


def _write_logging_hosts(configuration: Configuration) -> Iterable[str]:
    for item in configuration.logging_hosts:
        way = f" transport {item.transport.value} port {item.port}"
        is_default = item == LoggingHost(host=item.host)
        yield f"logging host {item.host}{'' if is_default else way}"


def _set_buffer(configuration: Configuration, change: ConfigChange) -> Configuration:
    if change.value is None:
        return replace(configuration, logging_buffered=None)
    size = change.value or str(DEFAULTS.logging_buffered)
    number = checked_number(size, "The size", LEAST_BUFFER, MOST_BUFFER)
    return replace(configuration, logging_buffered=number)


def _write_buffer(configuration: Configuration) -> Iterable[str]:
    size = configuration.logging_buffered
    if size == DEFAULTS.logging_buffered:
        return []
    return ["no logging buffered" if size is None else f"logging buffered {size}"]


def _set_enable(configuration: Configuration, change: ConfigChange) -> Configuration:
    value = None if change.value is None else check_hash(change.value)
    return replace(configuration, enable_secret=value)


def _write_enable(configuration: Configuration) -> Iterable[str]:
    secret = configuration.enable_secret
    return [] if secret is None else [f"enable secret 9 {secret}"]


def _set_privacy(configuration: Configuration, change: ConfigChange) -> Configuration:
    is_on = change.value is not None
    return replace(configuration, privacy_hostname=is_on, privacy_version=is_on)


def _nothing(_: Configuration) -> Iterable[str]:
    return []


_SMART: Final = "license smart"
_URL: Final = f"{_SMART} url"

SETTINGS: Final[Mapping[ConfigKey, Setting]] = MappingProxyType(
    {
        ConfigKey.TRANSPORT: Setting(
            set=_set_transport,
            write=_write_transport,
            fields=("transport",),
            default=f"license smart transport {DEFAULTS.transport.value}",
        ),
        ConfigKey.URL: text_row("url_plain", _URL, _check_url),
        ConfigKey.URL_SMART: text_row("url_smart", f"{_URL} smart", check_smart_url),
        ConfigKey.URL_CSLU: text_row("url_cslu", f"{_URL} cslu", _check_url),
        ConfigKey.URL_UTILITY: text_row("url_utility", f"{_URL} utility", _check_url),
        ConfigKey.URL_ALL: Setting(set=_set_urls, write=_nothing, fields=()),
        ConfigKey.PROXY_ADDRESS: text_row(
            "proxy_address",
            f"{_SMART} proxy address",
            lambda value: checked_match(value, "The proxy", _HOST),
        ),
        ConfigKey.PROXY_PORT: count_row(
            "proxy_port", f"{_SMART} proxy port", "The proxy's port", (1, 65_535)
        ),
        ConfigKey.VRF: text_row(
            "vrf", f"{_SMART} vrf", lambda value: checked_match(value, "The VRF", _WORD)
        ),
        ConfigKey.USAGE_INTERVAL: count_row(
            "usage_interval",
            f"{_SMART} usage interval",
            "The usage interval (1 to 3650 days, or 0 for no reporting)",
            (0, MAXIMUM_INTERVAL_DAYS),
        ),
        ConfigKey.CUSTOMER_TAGS: keyed_row(
            "customer_tags", f"{_SMART} usage customer-tags", CUSTOMER_TAGS
        ),
        ConfigKey.CUSTOM_ID: text_row(
            "custom_id", f"{_SMART} custom_id", lambda value: checked_label(value, "The custom id")
        ),
        ConfigKey.PRIVACY_ALL: Setting(set=_set_privacy, write=_nothing, fields=()),
        ConfigKey.PRIVACY_HOSTNAME: flag_row("privacy_hostname", f"{_SMART} privacy hostname"),
        ConfigKey.PRIVACY_VERSION: flag_row("privacy_version", f"{_SMART} privacy version"),
        ConfigKey.SERVER_IDENTITY_CHECK: flag_row(
            "server_identity_check", f"{_SMART} server-identity-check"
        ),
        ConfigKey.UTILITY: flag_row("utility_enabled", f"{_SMART} utility"),
        ConfigKey.CUSTOMER_INFO: keyed_row(
            "customer_info", f"{_SMART} utility customer_info", CUSTOMER_INFO
        ),
        ConfigKey.RESERVATION: flag_row("reservation", f"{_SMART} reservation"),
        ConfigKey.BOOT_LEVEL: level_row("boot_level", "license boot level", BOOT_LEVELS),
        ConfigKey.AIR_LEVEL: level_row("air_level", "license air level", AIR_LEVELS),
        ConfigKey.HOSTNAME: text_row(
            "hostname", "hostname", lambda value: checked_match(value, "The host name", _HOSTNAME)
        ),
        ConfigKey.ENABLE_SECRET: Setting(
            set=_set_enable,
            write=_write_enable,
            fields=("enable_secret",),
            default="no enable secret",
        ),
        ConfigKey.LOGGING_HOST: Setting(
            set=_set_logging_host, write=_write_logging_hosts, fields=("logging_hosts",)
        ),
        ConfigKey.LOGGING_BUFFERED: Setting(
            set=_set_buffer,
            write=_write_buffer,
            fields=("logging_buffered",),
            default=f"logging buffered {DEFAULTS.logging_buffered}",
        ),
        ConfigKey.LOGGING_CONSOLE: severity_row("logging_console", "logging console"),
        ConfigKey.LOGGING_MONITOR: severity_row("logging_monitor", "logging monitor"),
        ConfigKey.LOGGING_TRAP: severity_row("logging_trap", "logging trap"),
        ConfigKey.TIMEOUT_CONSOLE: timeout_row("exec_timeout_console"),
        ConfigKey.TIMEOUT_VTY: timeout_row("exec_timeout_vty"),
        ConfigKey.SERVICE_INTERNAL: flag_row("service_internal", "service internal"),
        ConfigKey.BANNER_MOTD: banner_row("banner_motd", "motd"),
        ConfigKey.BANNER_LOGIN: banner_row("banner_login", "login"),
        ConfigKey.BANNER_EXEC: banner_row("banner_exec", "exec"),
    }
)
"""Every setting by its key, in no particular order."""
