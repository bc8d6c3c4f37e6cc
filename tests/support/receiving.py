"""Read from a socket until what is awaited has come."""

import socket
from collections.abc import Callable


def received(
    connection: socket.socket, is_whole: Callable[[bytes], bool], data: bytes = b""
) -> bytes:
    """Return what comes, added to what came before, once it is whole.

    Raises:
        ConnectionResetError: Where the other end closes before; whoever reads on gets nothing for
            ever, and keeps a processor busy with it.
    """
    while not is_whole(data):
        more = connection.recv(65536)
        if not more:
            raise ConnectionResetError
        data += more
    return data
