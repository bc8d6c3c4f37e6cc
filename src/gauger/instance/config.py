"""What an operator sets on a product instance; `gauger.instance.settings` reads and writes it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from gauger.core.problems import Problem
from gauger.core.ways import LoggingHost, Proxy

# Not that of `core.documents.smart_transport`, which loads with the first message only.
SMART_PATH: Final = "/licservice/license"
"""The path of every smart transport licensing URL (spec/smart-transport.md)."""

MAXIMUM_INTERVAL_DAYS: Final = 3650

PROXY_PORT: Final = 80
"""The port of a proxy where none is named."""


class TransportKind(StrEnum):
    """How reports leave the product instance."""

    AUTOMATIC = "automatic"
    CALLHOME = "callhome"
    CSLU = "cslu"
    OFF = "off"
    SMART = "smart"


FLASH: Final = "flash"
"""The folder below a product instance's data that its operators know as their disk, ``flash:``."""

# The others are configured as on any device; what would use them says that they come later.
SUPPORTED_TRANSPORTS: Final = frozenset({TransportKind.SMART, TransportKind.OFF})


class ConfigKey(StrEnum):
    """One setting, named as in the command; those of licensing without ``license smart``."""

    TRANSPORT = "transport"
    URL = "url"
    URL_SMART = "url smart"
    URL_CSLU = "url cslu"
    URL_UTILITY = "url utility"
    URL_ALL = "url default"
    PROXY_ADDRESS = "proxy address"
    PROXY_PORT = "proxy port"
    VRF = "vrf"
    USAGE_INTERVAL = "usage interval"
    CUSTOMER_TAGS = "usage customer-tags"
    CUSTOM_ID = "custom_id"
    PRIVACY_ALL = "privacy all"
    PRIVACY_HOSTNAME = "privacy hostname"
    PRIVACY_VERSION = "privacy version"
    SERVER_IDENTITY_CHECK = "server-identity-check"
    UTILITY = "utility"
    CUSTOMER_INFO = "utility customer_info"
    RESERVATION = "reservation"
    BOOT_LEVEL = "license boot level"
    AIR_LEVEL = "license air level"
    HOSTNAME = "hostname"
    ENABLE_SECRET = "enable secret"  # noqa: S105 -- the name of a setting, not its value
    LOGGING_HOST = "logging host"
    LOGGING_BUFFERED = "logging buffered"
    LOGGING_CONSOLE = "logging console"
    LOGGING_MONITOR = "logging monitor"
    LOGGING_TRAP = "logging trap"
    TIMEOUT_CONSOLE = "line console exec-timeout"
    TIMEOUT_VTY = "line vty exec-timeout"
    SERVICE_INTERNAL = "service internal"
    BANNER_MOTD = "banner motd"
    BANNER_LOGIN = "banner login"
    BANNER_EXEC = "banner exec"
    # Kept with the users and not in the configuration: it takes effect at once and for good.
    USERNAME = "username"

    @property
    def line(self) -> str:
        """How its line begins, as it is typed."""
        return self.value if self in _BESIDE_LICENSING else f"license smart {self.value}"


_BESIDE_LICENSING: Final = frozenset(list(ConfigKey)[list(ConfigKey).index(ConfigKey.BOOT_LEVEL) :])
"""The settings that devices have whether or not they are licensed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigChange:
    """One line of configuration.

    Attributes:
        key: What is set.
        value: Its text, or None for the `no` form, which restores the default.
        member: Which one, where there are several: a customer tag, a host, a user.
    """

    key: ConfigKey
    value: str | None
    member: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """All settings of a product instance.

    A store keeps it as it is, so fields are only ever added, each with its default.

    Attributes:
        transport: How reports leave; a fresh product instance has ``cslu``.
        url_smart: The smart transport licensing URL, or None while none is set.
        url_cslu: The URL of a CSLU.
        url_utility: The URL for utility reporting.
        url_plain: The URL of call home.
        proxy_address: Host of the proxy on the way to the portal, or None for none.
        proxy_port: Its port, 1 to 65535; None for 80.
        vrf: Name of the VRF that licensing speaks in, or None for the global one.
        usage_interval: Days between scheduled sendings, 0 for none; None leaves it to the policy.
        customer_tags: Tags that travel with reports, each ``tag1`` to ``tag4`` and its value, by tag.
        custom_id: What the operator calls this product instance; it travels with reports.
        privacy_hostname: Whether the host name is withheld from messages and files.
        privacy_version: Whether the software version is withheld.
        server_identity_check: Whether the portal's certificate must name it. It always must.
        utility_enabled: Whether usage is reported for utility billing.
        customer_info: Who is billed: each a part of an address and its value, by part.
        reservation: Whether licences are reserved.
        hostname: The name that prompts show and reports carry; None for that of the machine.
        enable_secret: Hash of the password of `enable`, or None without one.
        logging_hosts: Where system messages are sent, by host.
        logging_buffered: Bytes of messages kept for `show logging`; None for none.
        logging_console: Highest severity, 0 to 7, printed at the local console; None for none.
        logging_monitor: Highest severity printed where `terminal monitor` is on; None for none.
        logging_trap: Highest severity sent to remote logs; None for none.
        exec_timeout_console: Seconds without a key until the local console ends; 0 for never.
        exec_timeout_vty: The same for sessions over the network.
        boot_level: The licence level that counts after the next reload, with its add-on.
        air_level: The same of a wireless controller.
        service_internal: Whether commands for support are open.
        banner_motd: What is shown before a log-in; empty for nothing. Lines end with a newline.
        banner_login: What is shown behind it.
        banner_exec: What is shown after a log-in.
    """

    transport: TransportKind = TransportKind.CSLU
    url_smart: str | None = None
    url_cslu: str | None = None
    url_utility: str | None = None
    url_plain: str | None = None
    proxy_address: str | None = None
    proxy_port: int | None = None
    vrf: str | None = None
    usage_interval: int | None = None
    customer_tags: tuple[tuple[str, str], ...] = ()
    custom_id: str | None = None
    privacy_hostname: bool = False
    privacy_version: bool = False
    server_identity_check: bool = True
    utility_enabled: bool = False
    customer_info: tuple[tuple[str, str], ...] = ()
    reservation: bool = False
    hostname: str | None = None
    enable_secret: str | None = None
    logging_hosts: tuple[LoggingHost, ...] = ()
    logging_buffered: int | None = 4096
    logging_console: int | None = 7
    logging_monitor: int | None = 7
    logging_trap: int | None = 6
    exec_timeout_console: int = 600
    exec_timeout_vty: int = 600
    boot_level: str | None = None
    air_level: str | None = None
    service_internal: bool = False
    banner_motd: str = ""
    banner_login: str = ""
    banner_exec: str = ""

    @property
    def proxy(self) -> Proxy | None:
        """The proxy on the way to the portal; a port alone is none."""
        if self.proxy_address is None:
            return None
        return Proxy(host=self.proxy_address, port=self.proxy_port or PROXY_PORT)


DEFAULTS: Final = Configuration()


def check_smart_url(url: str) -> str:
    """Return the URL if it can be a smart transport licensing URL.

    Raises:
        Problem: ``not-a-licensing-url``; the detail names the right one for that host.
    """
    if any(character.isspace() or not character.isprintable() for character in url):
        raise Problem("not-a-licensing-url", f"The URL {url!r} holds blanks or control characters.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Problem("not-a-licensing-url", f"{url!r} is not a URL: {error}.") from error
    right = licensing_url(host, port)
    whole = (parts.scheme, parts.path, parts.query, parts.fragment) == ("https", SMART_PATH, "", "")
    # A password in the URL would be shown by every `show license`, and logged.
    if not host or not whole or "@" in parts.netloc:
        message = f"{url!r} is not a smart transport licensing URL; the right one is {right}"
        raise Problem("not-a-licensing-url", message, right=right)
    return url


def licensing_url(host: str | None, port: int | None) -> str:
    """Return the smart transport licensing URL of a host."""
    name = f"[{host}]" if host and ":" in host else host or "HOST"
    suffix = f":{port}" if port is not None else ""
    return f"https://{name}{suffix}{SMART_PATH}"
