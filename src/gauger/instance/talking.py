"""Talk to the portal: send what is under way, take what comes back.

It loads with the first message. Between two of them lie days, and many a device never sends any.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from gauger.core.documents.smart_transport import decode_response
from gauger.core.instance.sending import Occasion
from gauger.core.problems import Problem
from gauger.instance import history
from gauger.instance.exchanging import Answered, Exchanging, Outgoing, Parts
from gauger.instance.history import Heading
from gauger.instance.importing import Importing
from gauger.instance.memory import Draft
from gauger.instance.records import Past
from gauger.instance.tallies import Tallies

if TYPE_CHECKING:
    from gauger.instance.engine import Engine


class Talking:
    """Exchanges of one engine, each step of them one transaction of its store.

    Attributes:
        importing: Takes answers in.
        exchanging: Makes messages, and takes answers and failures.
    """

    def __init__(self, engine: "Engine") -> None:
        """Take the engine whose state is told and changed."""
        self._engine = engine
        around, store = engine.around, engine.memory.store
        self.importing = Importing(around, store)
        parts = Parts(
            importing=self.importing, trusting=engine.trusting, lived=engine.measuring.lived
        )
        self.exchanging = Exchanging(around, store, parts)
        self.tallies = Tallies()

    def talk(self, kind: str) -> Answered | None:
        """Send the message of an exchange and take its answer; the caller holds ``wire``.

        Args:
            kind: ``usage``, ``trust``, ``authorization``, ``polls`` or ``hello``.

        Returns:
            What the answer brought; None where nothing was under way.

        Raises:
            Problem: Why no answer came; ``store-full`` or ``store-failed``.
        """
        engine = self._engine
        with engine.lock:
            url = engine.require_way()
            way = engine.memory.singles.configuration
            outgoing = self.exchanging.outgoing(engine.memory.draft(), kind, engine.holdings())
        if outgoing is None:
            return None
        try:
            # Without the lock: measuring goes on while the portal takes its time.
            data = engine.around.transport.exchange(
                url, outgoing.body, proxy=way.proxy, vrf=way.vrf
            )
            # By the nonce: an answer recorded earlier is none to this message.
            response = decode_response(data, nonce=outgoing.nonce)
        except Problem as problem:
            wall = engine.around.clock.wall()
            with engine.lock:
                self.tallies.failed(kind, problem, is_poll=outgoing.is_poll, at=wall)
            self.put_off(problem, outgoing)
            raise
        with engine.lock:
            wall, status = engine.around.clock.wall(), response.status.value
            self.tallies.answered(kind, is_poll=outgoing.is_poll, status=status, at=wall)
            draft = engine.memory.draft()
            # Before the answer is taken: it may end the exchange, and with it what was carried.
            sent = history.sent(draft, kind, is_poll=outgoing.is_poll)
            answered = self.exchanging.answered(draft, outgoing, response, engine.holdings())
            self._note(draft, sent, _outcome(answered))
            engine.memory.commit(draft)
            engine.rooting.show(engine.memory)
            engine.authorize()
            # After the commit: a trust code in the answer may have made the old key idle.
            engine.forget_keys()
        return answered

    def _note(self, draft: Draft, sent: tuple[Heading, str] | None, outcome: str) -> None:
        if sent is not None:
            heading, what = sent
            at = self._engine.around.clock.wall()
            history.note(draft, heading, Past(at=at, what=what, outcome=outcome))

    def put_off(self, problem: Problem, outgoing: Outgoing | None = None) -> None:
        """Wait longer before the next try, whatever it was that failed.

        That holds even where the disk does not take it: with a disk that is full for a week a
        device would else ask its portal every second of it.

        Args:
            problem: Why.
            outgoing: The message that got no answer, if it was one.
        """
        engine = self._engine
        with engine.lock:
            draft = engine.memory.draft()
            self.exchanging.failed(draft, problem)
            if outgoing is not None:
                sent = history.sent(draft, outgoing.kind, is_poll=outgoing.is_poll)
                self._note(draft, sent, f"{problem.code}: {problem.detail}")
            engine.memory.keep(draft)

    def ask_for_code(self) -> None:
        """Store a message with the authorization request and return that wait.

        Raises:
            Problem: ``store-full`` or ``store-failed``.
        """
        engine = self._engine
        with engine.lock:
            draft = engine.memory.draft()
            self.exchanging.prepare_authorization(draft)
            engine.memory.commit(draft)

    def put_under_way(self, occasion: Occasion, sent: Collection[int] = frozenset()) -> bool:
        """Store a sending of what is closed; return whether there was anything to send.

        Args:
            occasion: Why.
            sent: Reports that went already on this occasion.

        Raises:
            Problem: ``store-full`` or ``store-failed``.
        """
        engine = self._engine
        with engine.lock:
            draft = engine.memory.draft()
            # Also where none is begun: the schedule has moved on and must stay so.
            begun = self.exchanging.prepare_usage(draft, occasion, sent)
            engine.memory.commit(draft)
            return begun


def _outcome(answered: Answered) -> str:
    if answered.problem is not None:
        return f"{answered.problem.code}: {answered.problem.detail}"
    return "OK" if answered.is_over else "OK, the answer is to come"
