"""The way between a device and the portal of a simulated world, and what it does to messages."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol

from gauger.core.problems import Problem
from gauger.core.ways import Proxy
from gauger.simulator.faults import Killed
from gauger.simulator.plan import Act, What


class Far(Protocol):
    """The other end, and who watches what passes."""

    def sent(self, body: bytes) -> None:
        """Note the genuine bytes of a request."""

    def serve(self, body: bytes) -> bytes:
        """Answer a request.

        Raises:
            Problem: Where there is no answer.
        """

    def later(self, seconds: int, act: Callable[[], None]) -> None:
        """Do something after a while."""


@dataclass(slots=True)
class Wire:
    """One device's way to the portal; it fills the port `gauger.instance.ports.Transport`.

    Attributes:
        far: The other end.
        post: The newest answer to any device, as a careless relay would hold it.
        is_cut: Whether nothing passes.
        faults: What happens to the next requests, in order.
    """

    far: Far
    post: list[bytes]
    is_cut: bool = False
    faults: deque[Act] = field(default_factory=deque)
    _answers: deque[bytes] = field(default_factory=lambda: deque(maxlen=2))

    def exchange(
        self, url: str, request: bytes, *, proxy: Proxy | None = None, vrf: str | None = None
    ) -> bytes:
        """Carry a message there and back, or fail as networks do.

        Raises:
            Problem: ``comm-failed``, ``comm-timeout``, or why the portal does not answer.
            Killed: Where the device is killed meanwhile.
        """
        del url, proxy, vrf  # there is one portal, and one way to it
        if self.is_cut:
            raise Problem("comm-failed", "The simulated network is cut.")
        self.far.sent(request)
        answer = self._carried(request)
        self._answers.append(answer)
        self.post[:] = [answer]
        return answer

    def _carried(self, request: bytes) -> bytes:
        if not self.faults:
            return self.far.serve(request)
        act = self.faults.popleft()
        return _FATES[act.what](self, request, act)

    def unheard(self, request: bytes) -> None:
        """Deliver a request whose sender waits no more."""
        try:
            self.far.serve(request)
        except Problem:
            return

    def earlier(self) -> bytes | None:
        """Return the answer before the newest that came by this way."""
        return self._answers[0] if self._answers else None


def _lose_request(_wire: Wire, _request: bytes, _act: Act) -> bytes:
    raise Problem("comm-timeout", "The request was lost.")


def _refuse(_wire: Wire, _request: bytes, _act: Act) -> bytes:
    raise Problem("comm-failed", "A spiteful portal refuses a good request.")


def _delay(wire: Wire, request: bytes, act: Act) -> bytes:
    wire.far.later(act.value, lambda: wire.unheard(request))
    raise Problem("comm-timeout", "The request is still on its way.")


def _lose_answer(wire: Wire, request: bytes, _act: Act) -> bytes:
    wire.far.serve(request)
    raise Problem("comm-timeout", "The answer was lost.")


def _die(wire: Wire, request: bytes, _act: Act) -> bytes:
    wire.unheard(request)
    raise Killed


def _double(wire: Wire, request: bytes, _act: Act) -> bytes:
    wire.far.serve(request)
    return wire.far.serve(request)


def _bend_request(wire: Wire, request: bytes, act: Act) -> bytes:
    return wire.far.serve(_bent(request, act.value))


def _bend_answer(wire: Wire, request: bytes, act: Act) -> bytes:
    return _bent(wire.far.serve(request), act.value)


def _mix_up(wire: Wire, request: bytes, _act: Act) -> bytes:
    other = wire.post[0] if wire.post else None
    answer = wire.far.serve(request)
    return other or answer


def _repeat(wire: Wire, request: bytes, _act: Act) -> bytes:
    return wire.earlier() or wire.far.serve(request)


_FATES: Final[Mapping[What, Callable[[Wire, bytes, Act], bytes]]] = MappingProxyType(
    {
        What.LOSE_REQUEST: _lose_request,
        What.REFUSED: _refuse,
        What.LATE: _delay,
        What.LOSE_ANSWER: _lose_answer,
        What.DIE_ASKING: _die,
        What.TWICE: _double,
        What.BEND_REQUEST: _bend_request,
        What.BEND_ANSWER: _bend_answer,
        What.WRONG_ANSWER: _mix_up,
        What.OLD_ANSWER: _repeat,
    }
)

FATES: Final = frozenset(_FATES)
"""Acts that befall the next request of a device."""


def _bent(data: bytes, place: int) -> bytes:
    """Return bytes with one bit altered."""
    place, bit = place % len(data), place % 8
    return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]
