"""Who gets in: one client's connection from its first byte to its sessions."""

import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import asyncssh

from gauger.core.problems import Problem
from gauger.core.text import many_lines
from gauger.instance.ports import Operations
from gauger.instance.views import UserView
from gauger.surfaces.shell import Visitor
from gauger.surfaces.ssh.limits import Limits
from gauger.surfaces.ssh.pressure import Pressure
from gauger.surfaces.ssh.session import Channel, Session
from gauger.surfaces.ssh.works import Works

if TYPE_CHECKING:
    from gauger.surfaces.ssh.guard import Guard

_log = logging.getLogger(__name__)

NOBODY: Final = (
    "No user exists on this device, so nobody can log in. On its host:"
    " gauger instance user add NAME --privilege 15"
)
_CHECKING: Final = "a log-in that is being checked"
_NO_MORE: Final = asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE

_Result = TypeVar("_Result")


class House(Protocol):
    """What all doors share. All of it is called in the event loop."""

    agent: Operations
    limits: Limits
    pressure: Pressure
    works: Works

    def ask(self, question: Callable[[], _Result]) -> Awaitable[_Result]:
        """Ask the product instance in a thread: it hashes, and waits for its store."""

    async def pause(self, seconds: float) -> None:
        """Wait."""

    def has_room(self) -> bool:
        """Return whether one more session may begin."""

    def began(self, session: Session) -> None:
        """Count a session."""

    def ended(self, session: Session) -> None:
        """Count it no more."""


class Door(asyncssh.SSHServer):
    """One client's connection."""

    def __init__(self, house: House) -> None:
        """Open it."""
        self.guard: Guard | None = None
        self.sessions: set[Session] = set()
        self.visitor_name: str | None = None
        self.address = ""
        self._house = house
        self._connection: asyncssh.SSHServerConnection | None = None
        self._is_leaving = False
        self._failures = 0
        self._offers = 0
        self._busy_at = time.monotonic()

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Take the connection."""
        self._connection = conn
        # None where the client has left by now, as those do who only look for open ports.
        peer = conn.get_extra_info("peername")
        self.address = "unknown" if peer is None else str(peer[0])

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell what was a fault of ours: the library would drop the client and keep silent."""
        self._connection = None
        for session in self.sessions:
            session.end()
        if exc is not None and not isinstance(exc, asyncssh.Error | OSError):
            _log.error("an SSH connection failed", exc_info=exc)

    @property
    def has_left(self) -> bool:
        """Whether the client is gone."""
        return self._connection is None

    @property
    def is_stranger(self) -> bool:
        """Whether the client has yet to log in."""
        return self.visitor_name is None and not self._is_leaving and not self.has_left

    def disconnect(self, reason: str) -> None:
        """Send the client away."""
        if self._connection is not None:
            self._is_leaving = True
            self._connection.disconnect(asyncssh.DISC_BY_APPLICATION, reason)

    def cut_off(self) -> None:
        """Throw away what the client has not taken yet, and close its socket."""
        if self.guard is not None:
            self.guard.abort()

    def look(self, idle_seconds: int) -> None:
        """End who has been idle.

        Args:
            idle_seconds: Without a key, until a session ends; 0 for never.
        """
        now = time.monotonic()
        for session in self.sessions:
            # A single command ends by itself, and nobody types at it.
            may_idle = session.is_command or not idle_seconds
            if not may_idle and now - session.typed_at > idle_seconds:
                session.end()
        if self.sessions or self.visitor_name is None:
            self._busy_at = now
        elif now - self._busy_at > self._house.limits.grace:
            self.disconnect("No session was opened.")

    async def begin_auth(self, username: str) -> bool:  # noqa: ARG002 -- all names are one to it
        """Greet a name before anything is checked; it says nothing of who exists."""
        self._count_offer()
        with self._holding():
            users = await self._house.ask(self._house.agent.users.listed)
        if self._connection is None:
            return True
        if not users:
            self._connection.send_auth_banner(NOBODY + "\n")
            raise asyncssh.DisconnectError(_NO_MORE, NOBODY)
        if self._offers == 1:
            self._show_banner()
        return True

    def password_auth_supported(self) -> bool:
        """Offer passwords, also by questions (keyboard-interactive)."""
        return True

    def public_key_auth_supported(self) -> bool:
        """Offer public keys."""
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        """Check a password, after as long as earlier wrong ones of this address cost."""
        users = self._house.agent.users
        with self._holding():
            await self._house.pause(self._house.pressure.wait(self.address))
            is_right = await self._admits(lambda: users.check(username, password))
        if not is_right:
            self._fail()
        return is_right

    def kbdint_auth_supported(self) -> bool:
        """Offer to ask for the password (keyboard-interactive)."""
        return True

    def get_kbdint_challenge(
        self, username: str, lang: str, submethods: str
    ) -> asyncssh.auth.KbdIntChallenge:
        """Ask for it, word for word as devices do: scripts wait for the blank behind it."""
        del username, lang, submethods
        return "", "", "", [("Password: ", False)]

    async def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> bool:
        """Check the answer, as any password."""
        if len(responses) != 1:
            self._fail()
            return False
        return await self.validate_password(username, responses[0])

    async def change_password(self, username: str, old_password: str, new_password: str) -> bool:
        """Refuse, at the price of a wrong password: it would be a way to guess for nothing."""
        del username, old_password, new_password
        self._fail()
        return False

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Say whether a key is a user's; the library then wants a signature by it."""
        self._count_offer()
        users, line = self._house.agent.users, _line(key)
        with self._holding():
            # Agents offer all keys they hold, one after another: only one that fits is a log-in,
            # the others would stand in the event log as guesses.
            view = _find(await self._house.ask(users.listed), username)
            if view is None or line not in view.keys:
                return False
            return await self._admits(lambda: users.check_key(username, line))

    def auth_completed(self) -> None:
        """Note who has come in."""
        if self._connection is not None:
            self.visitor_name = str(self._connection.get_extra_info("username"))

    def session_requested(self) -> tuple[Channel, Awaitable[asyncssh.SSHServerSession[bytes]]]:
        """Open a session."""
        if self._connection is None:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "It has ended.")
        return Channel(self._connection), self._open()

    async def _open(self) -> asyncssh.SSHServerSession[bytes]:
        # Asked again for each session: a user may have been removed, or changed, meanwhile.
        users = await self._house.ask(self._house.agent.users.listed)
        view = _find(users, self.visitor_name)
        # A session of who has left meanwhile would never be told so, and keep its place for ever.
        if self._connection is None or self.guard is None:
            raise _refusal(asyncssh.OPEN_CONNECT_FAILED, "It has ended.")
        if view is None:
            raise _refusal(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "The user was removed.")
        limits = self._house.limits
        if len(self.sessions) >= limits.sessions_each or not self._house.has_room():
            raise _refusal(asyncssh.OPEN_RESOURCE_SHORTAGE, "Too many sessions are open.")
        visitor = Visitor(name=view.name, privilege=view.privilege, origin=self.address)
        session = Session(visitor, self._house.works, self.guard, limits=limits, ended=self._ended)
        self.sessions.add(session)
        self._house.began(session)
        return session

    def _ended(self, session: Session) -> None:
        self.sessions.discard(session)
        self._house.ended(session)

    async def _admits(self, check: Callable[[], int]) -> bool:
        try:
            await self._house.ask(check)
        except Problem as problem:
            if problem.code != "unauthenticated":
                _log.warning("a log-in over SSH could not be checked: %s", problem.detail)
            return False
        return True

    def _fail(self) -> None:
        """Count a wrong password, and send away whoever had enough of them.

        Raises:
            DisconnectError: Where it was the last.
        """
        self._failures += 1
        self._house.pressure.failed(self.address)
        if self._failures >= self._house.limits.attempts:
            raise asyncssh.DisconnectError(_NO_MORE, "Too many wrong passwords.")

    def _count_offer(self) -> None:
        """Count a name or a key.

        Raises:
            DisconnectError: Where there were too many: they cost little, but not nothing.
        """
        self._offers += 1
        if self._offers > self._house.limits.offers:
            raise asyncssh.DisconnectError(_NO_MORE, "Too many names or keys.")

    def _show_banner(self) -> None:
        # The message of the day comes behind the log-in, as on devices: the shell shows it.
        banner = self._house.agent.configuration().banner_login
        if banner and self._connection is not None:
            self._connection.send_auth_banner(many_lines(banner).rstrip("\n") + "\n")

    @contextlib.contextmanager
    def _holding(self) -> Iterator[None]:
        """Read nothing more of the client: the library would keep all it sends meanwhile."""
        if self.guard is None:
            yield
            return
        self.guard.hold(_CHECKING)
        try:
            yield
        finally:
            self.guard.let(_CHECKING)


def _line(key: asyncssh.SSHKey) -> str:
    """Return a public key as users have it: type and text, no comment."""
    words = key.export_public_key("openssh").decode("ascii").split()
    return " ".join(words[:2])


def _find(users: tuple[UserView, ...], name: str | None) -> UserView | None:
    return next((user for user in users if user.name == name), None)


def _refusal(code: int, reason: str) -> asyncssh.ChannelOpenError:
    return asyncssh.ChannelOpenError(code, reason)
