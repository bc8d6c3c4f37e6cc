"""`gauger instance run --ssh`: the shell of a running agent, for those who log in."""

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gauger.cli.serving import tell
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.main import Options, flash_folder, ssh_host_key

_BACKLOG: Final = 64
_HERE: Final = "127.0.0.1"
"""Where it listens if no host is named: it is met from outside only once somebody says so."""


def listen(address: str, *, is_test: bool) -> socket.socket:
    """Take the address that an operator named.

    Args:
        address: ``HOST:PORT``; without a host it is this machine's own.
        is_test: Whether the device is under a test clock.

    Raises:
        Problem: ``invalid-argument`` where it is no address, or one that cannot be taken.
    """
    host, port = _parsed(address)
    if is_test and not _is_loopback(host):
        message = f"A test clock is for loopback only, not for {host}."
        raise Problem("invalid-argument", message)
    try:
        # Looked up here and not while binding, where a name that is none would leave a socket open.
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, place = found[0]
        return socket.create_server(place[:2], family=family, backlog=_BACKLOG)
    except (OSError, ValueError) as error:
        # The second is of a host that no name service is even asked for.
        why = error.strerror if isinstance(error, OSError) else error
        message = f"{host!r} port {port} cannot be listened on: {why}. Choose another with --ssh."
        raise Problem("invalid-argument", message) from error


@contextmanager
def shell_over(listener: socket.socket, agent: Agent, options: Options) -> Iterator[None]:
    """Serve the shell for the time of a block, and say where.

    Args:
        listener: The socket that clients connect to.
        agent: The product instance.
        options: Where it lives.
    """
    try:
        key, flash = ssh_host_key(options), flash_folder(options)
    except Problem as problem:
        # A device measures, also where its disk takes no key; who wants in is told why not.
        tell(f"SSH stays shut: {problem.detail}")
        listener.close()
        yield
        return
    # Twenty megabytes: only here is it needed.
    from gauger.surfaces.ssh.device import DeviceWorks  # noqa: PLC0415 - as said above
    from gauger.surfaces.ssh.server import SshServer  # noqa: PLC0415 - as said above

    with SshServer(agent, listener, key, DeviceWorks(agent, flash)) as server:
        forget = agent.on_reload(lambda: server.end_sessions("The device reloads."))
        _greet(server.address, server.fingerprint, has_users=bool(agent.users.listed()))
        yield
        forget()


def _greet(address: tuple[str, int], fingerprint: str, *, has_users: bool) -> None:
    host, port = address
    tell(f"SSH: ssh -p {port} USER@{host}, host key {fingerprint}")
    if not has_users:
        tell("  Nobody can log in yet: gauger instance user add NAME --privilege 15")
    if not _is_loopback(host):
        tell("  Other machines reach it.")


def _parsed(text: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``, ``[ADDRESS]:PORT`` or a port alone."""
    host, _, port = text.rpartition(":")
    # Digits of other scripts are digits for `isdigit`, and no operator typed them.
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        message = (
            f"{text[:128]!r} is not HOST:PORT, such as 127.0.0.1:2222; port 0 takes a free one."
        )
        raise Problem("invalid-argument", message)
    return host.removeprefix("[").removesuffix("]") or _HERE, int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        # No other name: who answers for it may change its mind.
        return host == "localhost"
