"""Ways out of a product instance besides that to its portal: a proxy before it, and remote logs."""

from dataclasses import dataclass
from enum import StrEnum


class LogTransport(StrEnum):
    """How messages reach a remote log."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingHost:
    """Where system messages are sent.

    Attributes:
        host: Name or address.
        transport: How.
        port: Its port.
    """

    host: str
    transport: LogTransport = LogTransport.UDP
    port: int = 514


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """What stands between the product instance and its portal: an HTTP proxy, by CONNECT.

    Attributes:
        host: Name or address.
        port: Its port.
    """

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteLogView:
    """A remote log, and how it has gone with it since the boot.

    Attributes:
        host: Name or address.
        transport: ``udp``, ``tcp`` or ``tls``.
        port: Its port.
        is_up: Whether the last message left, or none was tried yet.
        sent: Messages that left.
        waiting: Messages that wait.
        dropped: Messages that were given up.
        trouble: Why the last try failed; empty where it did not.
    """

    host: str
    transport: str
    port: int
    is_up: bool = True
    sent: int = 0
    waiting: int = 0
    dropped: int = 0
    trouble: str = ""
