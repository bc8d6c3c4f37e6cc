"""A transport that is loaded when something is first sent: most starts of a device send nothing."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gauger.adapters.transport.smart import SmartTransport


class DeferredTransport:
    """Smart transport whose network and TLS libraries are imported on first use."""

    def __init__(self, ca: Path | None) -> None:
        """Take the authorities; the file is read on first use.

        Args:
            ca: PEM file of the only authorities that are trusted; None trusts the system's.
        """
        self._ca = ca
        self._lock = threading.Lock()
        self._transport: SmartTransport | None = None

    def exchange(self, url: str, request: bytes) -> bytes:
        """Send one message and return the message that came back; see `SmartTransport.exchange`.

        Raises:
            Problem: As `SmartTransport`, its constructor included.
        """
        return self._loaded().exchange(url, request)

    def _loaded(self) -> "SmartTransport":
        with self._lock:
            if self._transport is None:
                from gauger.adapters.transport.smart import (  # noqa: PLC0415 -- what is deferred
                    SmartTransport,
                )

                self._transport = SmartTransport(ca=self._ca)
            return self._transport
