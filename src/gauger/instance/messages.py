"""What a product instance tells: to terminals, to a buffer, and to remote logs.

Messages are taken in once what they tell is the present state (`memory.Memory`). Whoever takes
them in holds the engine's lock, so nobody is waited for here: terminals and remote logs have
threads of their own, and what they are too slow for is dropped and counted.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from gauger.core.instance.repeats import Repeats
from gauger.core.messages import SystemMessage, read_message
from gauger.core.ways import LoggingHost
from gauger.instance.config import DEFAULTS, Configuration
from gauger.instance.ports import Line, LogEntry
from gauger.outbox import Outbox

if TYPE_CHECKING:
    # Only type checkers need them here: a device that nobody looks at never loads a view.
    from gauger.core.ways import RemoteLogView
    from gauger.instance.views import LoggingView

_LOGGER: Final = logging.getLogger("gauger")

_TERMINAL_ROOM: Final = 200
"""Lines that wait for one terminal."""


class RemoteLogs(Protocol):
    """Sends messages to remote logs; no method waits for the network."""

    def configure(self, hosts: Sequence[LoggingHost], hostname: str | None) -> None:
        """Send to these from now on, by this name."""

    def send(self, message: SystemMessage) -> None:
        """Send a message to all of them."""

    def views(self) -> "tuple[RemoteLogView, ...]":
        """Return how it has gone with each of them."""

    def close(self) -> None:
        """Send what waits, if it leaves within a second, and end."""


class NoRemoteLogs:
    """Where nothing is ever sent: a simulator, or a store that is only looked at."""

    def configure(self, hosts: Sequence[LoggingHost], hostname: str | None) -> None:
        """Send to nobody."""

    def send(self, message: SystemMessage) -> None:
        """Send nothing."""

    def views(self) -> "tuple[RemoteLogView, ...]":
        """Return nobody."""
        return ()

    def close(self) -> None:
        """End nothing."""


class Messages:
    """The system messages of one process; every method is thread-safe and returns at once."""

    def __init__(self, remote: RemoteLogs | None = None) -> None:
        """Begin with an empty buffer.

        Args:
            remote: What sends to remote logs.
        """
        self._remote = NoRemoteLogs() if remote is None else remote
        self._lock = threading.Lock()
        self._terminals: list[_Terminal] = []
        self._configuration = DEFAULTS
        self._begin()

    def _begin(self) -> None:
        self._repeats = Repeats()
        self._buffer: deque[str] = deque()
        self._size = 0
        self._counts = dict.fromkeys(("console", "monitor", "buffer", "trap", "limited"), 0)
        # Of terminals that are gone: what they missed is still told.
        self._missed = 0

    def begin_boot(self) -> None:
        """Begin anew: as on any device, the buffer does not outlive a reload."""
        with self._lock:
            self._tell_all(list(self._repeats.rest()))
            self._begin()

    def configure(self, configuration: Configuration, hostname: str | None) -> None:
        """Go by the settings in force.

        Args:
            configuration: All of them.
            hostname: The name of this product instance; None where it is withheld.
        """
        with self._lock:
            # By identity: it is asked with each change of the state, and seldom differs.
            if configuration is self._configuration:
                return
            self._configuration = configuration
            self._remote.configure(configuration.logging_hosts, hostname)
            self._trim()

    def take(self, entries: Sequence[LogEntry], now: float, moment: int = 0) -> None:
        """Tell those of the entries that are system messages.

        Args:
            entries: What was written to the event log, in order.
            now: Monotonic seconds.
            moment: The wall clock, epoch milliseconds.
        """
        read = [read_message(entry.at, entry.name, entry.text, moment) for entry in entries]
        messages = [message for message in read if message is not None]
        with self._lock:
            self._tell_all(list(self._repeats.due(now)))
            for message in messages:
                if self._repeats.admit(message, now):
                    self._tell(message)
                else:
                    self._counts["limited"] += 1

    def finish(self) -> None:
        """Tell what was held back, and end the threads: the process ends."""
        with self._lock:
            self._tell_all(list(self._repeats.rest()))
            terminals, self._terminals = self._terminals, []
        for terminal in terminals:
            terminal.outbox.close()
        self._remote.close()

    def subscribe(self, receiver: Callable[[str], None], line: Line) -> Callable[[], None]:
        """Print messages at a terminal.

        Args:
            receiver: Takes each line, without a line end, in a thread of its own.
            line: Which kind of terminal it is.

        Returns:
            What ends it; may be called more than once.
        """
        terminal = _Terminal(receiver, line)
        with self._lock:
            self._terminals.append(terminal)
        threading.Thread(target=terminal.run, name="gauger-terminal", daemon=True).start()

        def end() -> None:
            terminal.outbox.close()
            # A session that ends prints nothing more.
            terminal.outbox.clear()
            with self._lock:
                if terminal in self._terminals:
                    self._terminals.remove(terminal)
                    self._missed += terminal.missed

        return end

    def clear(self) -> None:
        """Empty the buffer."""
        with self._lock:
            self._buffer.clear()
            self._size = 0

    def view(self) -> "LoggingView":
        """Return what `show logging` prints."""
        from gauger.instance.views import LoggingView  # noqa: PLC0415 -- as said above

        with self._lock:
            receivers = self._remote.views()
            lost = self._missed + sum(item.missed for item in self._terminals)
            counts, chosen = self._counts, self._configuration
            return LoggingView(
                console=chosen.logging_console,
                monitor=chosen.logging_monitor,
                trap=chosen.logging_trap,
                buffered=chosen.logging_buffered,
                to_console=counts["console"],
                to_monitor=counts["monitor"],
                to_buffer=counts["buffer"],
                to_trap=counts["trap"],
                limited=counts["limited"],
                dropped=lost + sum(item.dropped for item in receivers),
                receivers=receivers,
                lines=tuple(self._buffer),
            )

    def _tell_all(self, messages: Sequence[SystemMessage]) -> None:
        for message in messages:
            self._tell(message)

    def _tell(self, message: SystemMessage) -> None:
        chosen, severity, line = self._configuration, message.kind.severity, message.line
        self._keep(line)
        for terminal in self._terminals:
            is_console = terminal.line is Line.CONSOLE
            limit = chosen.logging_console if is_console else chosen.logging_monitor
            if limit is not None and severity <= limit:
                self._counts[terminal.line.value] += 1
                terminal.put(line)
        if chosen.logging_trap is not None and severity <= chosen.logging_trap:
            self._counts["trap"] += 1
            self._remote.send(message)

    def _keep(self, line: str) -> None:
        if self._configuration.logging_buffered is not None:
            self._counts["buffer"] += 1
            self._buffer.append(line)
            self._size += len(line) + 1
            self._trim()

    def _trim(self) -> None:
        room = self._configuration.logging_buffered or 0
        while self._buffer and self._size > room:
            self._size -= len(self._buffer.popleft()) + 1


class _Terminal:
    """A terminal that messages are printed at."""

    def __init__(self, receiver: Callable[[str], None], line: Line) -> None:
        self.line = line
        self.outbox: Outbox[str] = Outbox(_TERMINAL_ROOM)
        self.missed = 0
        self._receiver = receiver

    def put(self, line: str) -> None:
        """Leave a line; one that there is no room for is counted."""
        if not self.outbox.put(line) and not self.outbox.is_closed:
            self.missed += 1

    def run(self) -> None:
        """Print until it is ended."""
        while (line := self.outbox.first()) is not None:
            try:
                self._receiver(line)
            except Exception as error:
                # A session that broke off in the middle of a line: its end is its own affair, but
                # nothing may be kept for it any longer.
                _LOGGER.exception("A terminal takes no messages: %s.", type(error).__name__)
                self.outbox.close()
                self.outbox.clear()
                return
            self.outbox.drop(line)
