"""The SSH surface of a product instance: one event loop in a thread of its own."""

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Self, TypeVar

import asyncssh
from asyncssh.kex import get_kex_algs

from gauger.core.problems import Problem
from gauger.instance.ports import Operations
from gauger.surfaces.ssh import algorithms
from gauger.surfaces.ssh.door import Door
from gauger.surfaces.ssh.guard import Guard
from gauger.surfaces.ssh.limits import DEFAULTS, Limits
from gauger.surfaces.ssh.pressure import Pressure
from gauger.surfaces.ssh.session import Session
from gauger.surfaces.ssh.works import Works

_log = logging.getLogger(__name__)

# As many as passwords are hashed at once: further threads would only wait for those.
_ASKERS: Final = 2
_STOP_SECONDS: Final = 3.0
_LAST_WORDS: Final = 0.3
_STOP_ROUNDS: Final = 5

_Result = TypeVar("_Result")


class SshServer:
    """Serves the shell of one product instance to those who log in."""

    def __init__(
        self,
        agent: Operations,
        listener: socket.socket,
        host_key: bytes,
        works: Works,
        *,
        limits: Limits = DEFAULTS,
    ) -> None:
        """Prepare to serve.

        Args:
            agent: The product instance.
            listener: The socket that clients connect to; closed by `stop`.
            host_key: The key by which it proves itself, PEM.
            works: What sessions are made of.
            limits: What clients may take.
        """
        self.agent, self.limits, self.works = agent, limits, works
        self.pressure = Pressure(limits, time.monotonic)
        self._listener = listener
        self._key = asyncssh.import_private_key(host_key)
        self._loop = asyncio.new_event_loop()
        self._askers = ThreadPoolExecutor(_ASKERS, thread_name_prefix="ssh-login")
        self._thread = threading.Thread(target=self._run, name="ssh", daemon=True)
        self._stopping = asyncio.Event()
        self._doors: list[Door] = []
        self.sessions: set[Session] = set()
        self._options = self._made_options()
        # It tells what clients type, tokens too, and their names unescaped.
        logging.getLogger("asyncssh").setLevel(logging.WARNING)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that clients connect to."""
        host, port = self._listener.getsockname()[:2]
        return str(host), int(port)

    @property
    def fingerprint(self) -> str:
        """The host key's, as clients show it."""
        return self._key.get_fingerprint()

    def start(self) -> None:
        """Begin to serve."""
        self._listener.settimeout(0)
        self._thread.start()

    def stop(self) -> None:
        """End all sessions and serve no more; what a command is doing goes on to its end."""
        if self._thread.is_alive():
            sessions = list(self.sessions)
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(_STOP_SECONDS)
            end = time.monotonic() + _STOP_SECONDS
            for session in sessions:
                session.join(max(0.0, end - time.monotonic()))
        self._askers.shutdown(wait=False, cancel_futures=True)
        self._listener.close()

    def end_sessions(self, reason: str) -> None:
        """Send every client away, as a reload does; from any thread.

        Args:
            reason: Told to them.
        """
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._send_away_soon, reason)

    # What doors ask; see `gauger.surfaces.ssh.door.House`.

    def ask(self, question: Callable[[], _Result]) -> Awaitable[_Result]:
        """Ask the product instance in a thread."""
        return self._loop.run_in_executor(self._askers, question)

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def has_room(self) -> bool:
        """Return whether one more session may begin."""
        return len(self.sessions) < self.limits.sessions

    def began(self, session: Session) -> None:
        """Count a session."""
        self.sessions.add(session)

    def ended(self, session: Session) -> None:
        """Count it no more."""
        self.sessions.discard(session)

    # In the event loop.

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        server = await self._loop.create_server(self._guard, sock=self._listener)
        watch = self._loop.create_task(self._watching())
        await self._stopping.wait()
        watch.cancel()
        server.close()
        _send_away(tuple(self._doors), tuple(self.sessions), "The device stops.")
        for _ in range(_STOP_ROUNDS):
            # A socket is closed a round after its connection was told to end.
            await asyncio.sleep(0)
        for door in self._doors:
            door.cut_off()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)

    def _guard(self) -> Guard:
        connection = asyncssh.SSHServerConnection(self._loop, self._options)
        return Guard(connection, self.limits, self._arrived)

    def _arrived(self, guard: Guard) -> None:
        door = guard.connection.get_owner()
        if not isinstance(door, Door):
            return
        door.guard = guard
        self._doors = [one for one in self._doors if not one.has_left]
        self._doors.append(door)
        strangers = [one for one in self._doors if one.is_stranger]
        if len(strangers) > self.limits.strangers:
            _oldest_of_the_most(strangers).disconnect("Too many connect at once.")

    def _send_away_soon(self, reason: str) -> None:
        # A moment later: shells say their last word, and it has to get through. Only who is here
        # now: whoever comes back in that moment meets the device behind its reload.
        here, at_work = tuple(self._doors), tuple(self.sessions)
        self._loop.call_later(_LAST_WORDS, _send_away, here, at_work, reason)

    async def _watching(self) -> None:
        asked = time.monotonic()
        while True:
            await asyncio.sleep(self.limits.tick)
            for door in self._doors:
                door.look(self.agent.configuration().exec_timeout_vty)
            if time.monotonic() - asked > self.limits.users_tick and self.sessions:
                asked = time.monotonic()
                await self._end_changed()

    async def _end_changed(self) -> None:
        try:
            listed = await self.ask(self.agent.users.listed)
        except Problem as problem:
            # Asked again soon: who is idle must be ended all the same.
            _log.warning("users over SSH could not be looked up: %s", problem.detail)
            return
        privileges = {user.name: user.privilege for user in listed}
        for door in self._doors:
            if door.visitor_name is None:
                continue
            now = privileges.get(door.visitor_name)
            if now is None:
                door.disconnect("The user was removed.")
            elif any(session.visitor.privilege > now for session in door.sessions):
                # What was taken from a user must not go on in a session that is open.
                door.disconnect("The user may do less now.")

    def _made_options(self) -> asyncssh.SSHServerConnectionOptions:
        limits = self.limits
        return asyncssh.SSHServerConnectionOptions(
            server_factory=partial(Door, self),
            server_host_keys=[self._key],
            server_version="Gauger",
            # What the crypto library of this machine lacks is left out.
            kex_algs=[name for name in algorithms.KEY_EXCHANGE if name.encode() in get_kex_algs()],
            encryption_algs=algorithms.ENCRYPTION,
            mac_algs=algorithms.INTEGRITY,
            signature_algs=algorithms.SIGNATURES,
            # What is compressed small may be endless: no client needs it for a screen of text.
            compression_algs=None,
            encoding=None,
            gss_host=None,
            agent_forwarding=False,
            x11_forwarding=False,
            x509_trusted_certs=None,
            line_editor=False,
            login_timeout=limits.grace,
            keepalive_interval=limits.keepalive,
        )


def _oldest_of_the_most(strangers: list[Door]) -> Door:
    """Return whom to send away where too many connect: who logs in is gone from them in a second.

    The newest would be the wrong one: a flood that lasts would keep everybody else out.
    """
    counts = Counter(door.address for door in strangers)
    address = counts.most_common(1)[0][0]
    return next(door for door in strangers if door.address == address)


def _send_away(doors: Iterable[Door], sessions: Iterable[Session], reason: str) -> None:
    for door in doors:
        door.disconnect(reason)
    for session in sessions:
        session.end()
