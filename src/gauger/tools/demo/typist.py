"""An operator at an SSH client: types at the device, and reads what it shows."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import asyncssh

from gauger.tools.demo.scene import StepFailed

NAME: Final = "operator"
_NOBODYS: Final = "any password at all"
_PATIENCE: Final = 20.0
_PROMPT: Final = re.compile(r"(?:^|[\r\n])(?P<prompt>[A-Za-z0-9.-]+(?:\(config[a-z-]*\))?[>#])\Z")
_CHUNK: Final = 65_536

_T = TypeVar("_T")


class Typist:
    """A client and its session; every wait has an end."""

    def __init__(self, port: int) -> None:
        """Sit down; nothing is connected yet.

        Args:
            port: Loopback port of the device.
        """
        self.prompt = ""
        self._port = port
        self._shown = ""
        # The story is told one step after another: the loop runs while a step waits, and no longer.
        self._runner = asyncio.Runner()
        self._client: asyncssh.SSHClientConnection | None = None
        self._session: asyncssh.SSHClientProcess[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.leave()
        finally:
            self._runner.close()

    def refused(self) -> str:
        """Try to log in where nobody may, and return what the device says to it.

        Raises:
            StepFailed: Where it lets in.
        """
        try:
            self._wait(self._connect(_NOBODYS))
        except (asyncssh.Error, OSError) as refusal:
            return str(refusal)
        raise StepFailed("The device lets in somebody whom nobody has named.")

    def log_in(self, password: str, fingerprint: str) -> str:
        """Log in, open a session, and return what is shown up to the first prompt.

        Args:
            password: The user's.
            fingerprint: Of the host key, as the device has printed it at its start.

        Raises:
            StepFailed: Where the device is another, or does not let in.
        """
        try:
            self._wait(self._connect(password))
            return self._wait(self._open(fingerprint))
        except (asyncssh.Error, OSError) as refusal:
            raise StepFailed(f"The device does not let in: {refusal}") from refusal

    def type(self, keys: str, *, until: str = "", until_seen: str = "") -> str:
        """Type, and return what is shown then.

        Args:
            keys: Characters; Enter is a carriage return.
            until: Text that stands at the end; a prompt where it is left out.
            until_seen: Text that must have come as well, before or behind that.

        Returns:
            What was shown, the echo included, without the prompt at its end.

        Raises:
            StepFailed: Where it does not come within 20 s.
        """
        self._opened.stdin.write(keys)
        is_end = _ends_with(until) if until else self._has_prompt
        return self._wait(self._read(lambda shown: until_seen in shown and is_end(shown)))

    def carry_out(self, line: str) -> str:
        """Type a line with Enter, and return what is printed below it."""
        _, _, answer = self.type(f"{line}\r").partition("\n")
        return answer

    def end_with(self, keys: str) -> None:
        """Type what ends the session, and wait until the device has ended it."""
        self._opened.stdin.write(keys)
        self._wait(self._opened.wait_closed())
        self.leave()

    def leave(self) -> None:
        """Close the connection, if there is one."""
        client, self._client, self._session = self._client, None, None
        if client is not None:
            client.close()
            self._wait(client.wait_closed())

    @property
    def _opened(self) -> "asyncssh.SSHClientProcess[str]":
        if self._session is None:
            raise StepFailed("No session is open.")
        return self._session

    async def _connect(self, password: str) -> None:
        self._client = await asyncssh.connect(
            "127.0.0.1",
            self._port,
            username=NAME,
            password=password,
            # By its fingerprint, below: the files of whoever sees the story are not touched, and
            # their keys and agents not offered.
            known_hosts=None,
            client_keys=None,
            agent_path=None,
            config=None,
        )

    async def _open(self, fingerprint: str) -> str:
        client = self._client
        key = None if client is None else client.get_server_host_key()
        if client is None or key is None or key.get_fingerprint() != fingerprint:
            raise StepFailed("The host key is not the one that the device printed.")
        self._session = await client.create_process(term_type="vt100", term_size=(200, 24))
        return await self._read(self._has_prompt)

    async def _read(self, is_whole: Callable[[str], bool]) -> str:
        self._shown = ""
        while not is_whole(self._shown):
            more = await self._opened.stdout.read(_CHUNK)
            if not more:
                raise StepFailed(f"The session ended behind:\n{self._shown}")
            self._shown += more
        return _plain(self._shown.removesuffix(self.prompt))

    def _has_prompt(self, shown: str) -> bool:
        found = _PROMPT.search(shown)
        if found:
            self.prompt = found["prompt"]
        return found is not None

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:  # what a coroutine sends concerns nobody
        try:
            return self._runner.run(asyncio.wait_for(work, _PATIENCE))
        except TimeoutError as error:
            message = f"Waited {_PATIENCE:.0f} s in vain, behind:\n{self._shown!r}"
            raise StepFailed(message) from error


def _ends_with(text: str) -> Callable[[str], bool]:
    return lambda shown: shown.endswith(text)


def _plain(shown: str) -> str:
    return shown.replace("\r\n", "\n").replace("\r", "")
