"""Remote logs whose sender is loaded once one is configured: most devices never name any."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gauger.core.messages import SystemMessage
from gauger.core.ways import LoggingHost

if TYPE_CHECKING:
    from gauger.adapters.syslog import SyslogSender
    from gauger.core.ways import RemoteLogView


class DeferredSyslog:
    """Fills the port `RemoteLogs` by `SyslogSender`, once there is anybody to send to."""

    def __init__(self, ca: Callable[[], Path | None], *, only_loopback: bool = False) -> None:
        """Take what TLS is checked by.

        Args:
            ca: Returns the PEM file of the only authorities that are trusted; None trusts the
                system's. Asked with each connection: it may come to be after the start.
            only_loopback: Whether it talks to this machine only, as under a test clock.
        """
        self._ca = ca
        self._only_loopback = only_loopback
        self._lock = threading.Lock()
        self._sender: SyslogSender | None = None

    def configure(self, hosts: Sequence[LoggingHost], hostname: str | None) -> None:
        """Send to these from now on, by this name."""
        with self._lock:
            if self._sender is None and not hosts:
                return
            if self._sender is None:
                from gauger.adapters.syslog import SyslogSender  # noqa: PLC0415 -- what is deferred

                self._sender = SyslogSender(self._ca, only_loopback=self._only_loopback)
            self._sender.configure(hosts, hostname)

    def send(self, message: SystemMessage) -> None:
        """Send a message to all of them."""
        if self._sender is not None:
            self._sender.send(message)

    def views(self) -> "tuple[RemoteLogView, ...]":
        """Return how it has gone with each of them."""
        return () if self._sender is None else self._sender.views()

    def close(self) -> None:
        """Send what waits, if it leaves within a second, and end."""
        if self._sender is not None:
            self._sender.close()
