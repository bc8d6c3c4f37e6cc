"""A transport that is loaded when something is first sent: most starts of a device send nothing."""

import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from gauger.core.problems import Problem

if TYPE_CHECKING:
    from gauger.adapters.transport.smart import SmartTransport
    from gauger.core.ways import Proxy

# By its form, not by resolving it: where a name leads can change before it is used.
_NEAR: Final = re.compile(r"localhost|::1|127(\.\d{1,3}){3}", re.ASCII)


class DeferredTransport:
    """Smart transport whose network and TLS libraries are imported on first use."""

    def __init__(self, ca: Path | None, *, only_loopback: bool = False) -> None:
        """Take the authorities; the file is read on first use.

        Args:
            ca: PEM file of the only authorities that are trusted; None trusts the system's.
            only_loopback: Whether it talks to this machine only, as under a test clock.
        """
        self._ca = ca
        self._only_loopback = only_loopback
        self._lock = threading.Lock()
        self._transport: SmartTransport | None = None

    def exchange(
        self, url: str, request: bytes, *, proxy: "Proxy | None" = None, vrf: str | None = None
    ) -> bytes:
        """Send one message and return the message that came back; see `SmartTransport.exchange`.

        Raises:
            Problem: ``invalid-argument`` where a test's device is to talk to another machine; as
                `SmartTransport`, its constructor included.
        """
        if self._only_loopback:
            _require_loopback(urlsplit(url).hostname or "")
            if proxy is not None:
                # It resolves the name by itself, and would carry invented times anywhere.
                _require_loopback(proxy.host)
        return self._loaded().exchange(url, request, proxy=proxy, vrf=vrf)

    def _loaded(self) -> "SmartTransport":
        with self._lock:
            if self._transport is None:
                from gauger.adapters.transport.smart import (  # noqa: PLC0415 -- what is deferred
                    SmartTransport,
                )

                self._transport = SmartTransport(ca=self._ca)
            return self._transport


def is_near(host: str) -> bool:
    """Return whether a host is named as this machine."""
    return _NEAR.fullmatch(host) is not None


def _require_loopback(host: str) -> None:
    """Keep invented times away from a portal that somebody works with.

    It would refuse what is marked `test_clock`; but each refusal is a row of its ledger.
    """
    if not is_near(host):
        raise Problem("invalid-argument", f"A test clock is for loopback only, not for {host}.")
