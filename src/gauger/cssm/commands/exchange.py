"""Smart transport's use cases: documents go to the authority, answers come at once or by poll."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Final

from gauger.core.authority.commands import Pipe
from gauger.core.authority.outcomes import AnswerBundle, Outcome, ReportOutcome, TrustOutcome
from gauger.core.documents.smart_license import ItemKind
from gauger.core.documents.smart_transport import (
    Acknowledgement,
    Request,
    Response,
    Status,
    WireProblem,
)
from gauger.core.documents.verdict import Ruling, Verdict
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue
from gauger.cssm.commands import polls
from gauger.cssm.commands.answers import answer_bytes
from gauger.cssm.commands.judging import Sender, command_of, refusal_of, settle
from gauger.cssm.config import ServerSettings
from gauger.cssm.means import Means
from gauger.cssm.ports import PollStore
from gauger.cssm.secrets import new_id, secret_digest
from gauger.cssm.throttle import Guess

_CASE_SECONDS: Final = 3600  # between two polls for what a person decides
_MOST_SECONDS: Final = 86_400
_UNDER_WAY: Final = 2000  # polls whose outcomes are held in memory; others come from the ledger
_GUESSES: Final = frozenset({"token-unknown", "token-expired", "token-revoked"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One document of a request."""

    kind: ItemKind
    text: str = field(repr=False)
    decoded: JsonValue = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A request whose documents are with the authority.

    Attributes:
        request: What was asked.
        sent: The documents, in order.
        waiting: Their outcomes to come.
        tags: Software tag by product instance, given back with the answers.
    """

    request: Request
    sent: tuple[Sent, ...]
    waiting: tuple[Future[Outcome], ...]
    tags: Mapping[Udi, str | None]

    @property
    def is_done(self) -> bool:
        """Whether every outcome is there."""
        return all(one.done() for one in self.waiting)

    def without_documents(self) -> "Work":
        """Return what a poll needs: large requests must not stay in memory until they are asked for."""
        request = replace(
            self.request, reports=(), trust_requests=(), authorizations=(), id_token=None
        )
        return replace(self, request=request, sent=())


class Exchange:
    """Serves smart transport requests; only what touches a store blocks."""

    def __init__(self, store: PollStore, means: Means, settings: ServerSettings) -> None:
        """Put the parts together."""
        self._store = store
        self._means = means
        self._settings = settings
        self._under_way: OrderedDict[str, Work] = OrderedDict()

    def begin(self, request: Request, address: str) -> Work:
        """Hand the documents of a request to the authority; does not wait.

        Args:
            request: A ``report_usage`` or ``trust_request``.
            address: Where it comes from; wrong ID tokens are limited by it.

        Raises:
            Problem: ``too-many-requests`` after wrong ID tokens; ``malformed`` where there is
                no document in the request.
        """
        sender = Sender(pipe=Pipe.SMART, path=address)
        if request.id_token is not None:
            # As a digest: the text of a token must reach neither the ledger nor a log.
            sender = replace(sender, token_digest=secret_digest(request.id_token))
        sent = tuple(_documents(request))
        if not sent:
            raise Problem("malformed", f"The {request.type} request holds no document.")
        return Work(
            request=request,
            sent=sent,
            waiting=tuple(self._submit(sent, sender)),
            # Echoed only, and verified by nobody: nothing is decided by it.
            tags={report.udi: report.software_tag for report in request.reports},
        )

    def greet(self, request: Request) -> Response:
        """Answer a hello by the newest head of the ledger; it is public.

        Raises:
            Problem: Of the store or the authority.
        """
        head = self._means.authority.newest_head(request.head)
        return replace(self.response(request, Status.OK), head=head)

    def answer(self, work: Work, *, status: Status = Status.OK) -> Response:
        """Return the answer to a request whose outcomes are all there.

        Raises:
            Problem: Where no document got a signed answer: that of the first.
        """
        settled = [settle(one) for one in work.waiting]
        refused = [problem for one in settled if (problem := refusal_of(one)) is not None]
        answers = _answers(settled)
        # Where one document is good, its answer goes out; the rest is named beside it.
        if refused and not answers:
            raise refused[0]
        acknowledgements = _acknowledgements(answers, work.tags)
        answered = self.response(work.request, status, acknowledgements=acknowledgements)
        if not refused:
            return answered
        message = f"{len(refused)} of {len(work.waiting)} documents were refused."
        named = WireProblem.of(refused[0])
        return replace(answered, message=message, message_code=named.code, problem=named)

    def postpone(self, work: Work) -> Response:
        """Give a poll id for a request whose outcomes take longer."""
        poll_id = new_id(self._means.entropy)
        texts = [(one.kind, one.text) for one in work.sent]
        # Stored before it is given out: after a restart the device would else poll for what nobody
        # knows.
        self._store.add_poll(poll_id, polls.remember(texts), now=self._means.clock.wall())
        self._under_way[poll_id] = work.without_documents()
        # The oldest go: their answers come from the ledger, only slower.
        while len(self._under_way) > _UNDER_WAY:
            self._under_way.popitem(last=False)
        return self._ask_to_poll(work.request, poll_id)

    def poll(self, request: Request) -> Response:
        """Answer a poll: from the work under way, or from the ledger after a restart.

        The poll id stays good: an answer that was lost on the way is given again.

        Raises:
            Problem: ``poll-unknown``, also where a stop came before all was kept; or that of the
                documents, as `answer` says.
        """
        poll_id = request.poll_id or ""
        work = self._under_way.get(poll_id)
        if work is None:
            return self._answer_from_ledger(request, poll_id)
        if not work.is_done:
            return self._ask_to_poll(request, poll_id)
        answered = self.answer(work, status=Status.COMPLETE)
        # To this poll and not to the request before: a device compares the nonce.
        answered = replace(answered, type=request.type, nonce=request.nonce)
        return self.promise(answers_of(work), answered)

    def is_owing(self, work: Work) -> bool:
        """Tell whether a verdict of a request comes later: `promise` a poll for it then."""
        return any(_owed(answer) is not None for answer in answers_of(work))

    def promise(self, answers: Sequence[AnswerBundle], answered: Response) -> Response:
        """Give a poll id for those verdicts of an answer that come later, if any do."""
        owed = [one for one in answers if _owed(one) is not None]
        if not owed:
            return answered
        poll_id, now = new_id(self._means.entropy), self._means.clock.wall()
        text = polls.remember_owed(one.answers for one in owed)
        self._store.add_poll(poll_id, text, now=now)
        return self._still_owing(answered, poll_id, owed)

    def _still_owing(
        self, answered: Response, poll_id: str, owed: Sequence[AnswerBundle]
    ) -> Response:
        now = self._means.clock.wall()
        soonest = min(_seconds_to(until, now) for until in map(_owed, owed))
        # At most a day: a verdict may come early, when a person decides.
        interval = max(self._settings.poll_interval, min(soonest, _MOST_SECONDS))
        return replace(answered, status=Status.OK, poll_id=poll_id, poll_interval=interval)

    def response(
        self,
        request: Request,
        status: Status,
        *,
        message: str = "",
        acknowledgements: tuple[Acknowledgement, ...] = (),
    ) -> Response:
        """Return a response to a request."""
        return Response(
            status=status,
            type=request.type,
            timestamp=self._means.clock.wall() * 1000,
            nonce=request.nonce,
            message=message,
            correlation_id=new_id(self._means.entropy),
            acknowledgements=acknowledgements,
        )

    def refuse(self, request: Request, problem: Problem) -> Response:
        """Return the response that names a problem."""
        refused = self.response(request, Status.FAILED, message=problem.detail)
        return replace(refused, message_code=problem.code, problem=WireProblem.of(problem))

    def _ask_to_poll(self, request: Request, poll_id: str) -> Response:
        asked = self.response(request, Status.OK_POLL)
        return replace(asked, poll_id=poll_id, poll_interval=self._settings.poll_interval)

    def _answer_from_ledger(self, request: Request, poll_id: str) -> Response:
        remembered = self._store.poll(poll_id)
        if remembered is None:
            raise Problem("poll-unknown", f"There is no poll {poll_id[:64]!r}.")
        answers = [self._means.authority.answer_for(one) for one in polls.recall(remembered)]
        found = [one for one in answers if one is not None]
        if len(found) < len(answers) or not found:
            # To poll on would be in vain: only the identical request brings what was lost.
            message = "The portal stopped before it kept every document: send them again."
            raise Problem("poll-unknown", message)
        owed = [one for one in found if _owed(one) is not None]
        # What is owed was told by its verdict already; to tell it again would be no news.
        told = [one for one in found if one not in owed] if polls.is_owed(remembered) else found
        acknowledgements = _acknowledgements(told, {})
        answered = self.response(request, Status.COMPLETE, acknowledgements=acknowledgements)
        if owed and polls.is_owed(remembered):
            return self._still_owing(answered, poll_id, owed)
        return self.promise(found, answered)

    def _submit(self, sent: Sequence[Sent], sender: Sender) -> list[Future[Outcome]]:
        commands = [command_of(one.kind, one.text, sender, decoded=one.decoded) for one in sent]
        enqueue_all = self._means.authority.enqueue_all
        token = sender.token_digest
        if token is None:
            return enqueue_all(commands)
        # Before it is looked up: whoever guessed wrong too often gets no answer to the next guess.
        guess = self._means.throttle.guess(sender.path, token, outcomes=len(commands))
        submitted = enqueue_all(commands)
        # When it is known, not here: the authority may answer long after this request ended.
        for waiting in submitted:
            waiting.add_done_callback(lambda done: _note(done, guess))
        return submitted


def _note(done: Future[Outcome], guess: Guess) -> None:
    """Count a wrong ID token against its address, once."""
    with guess:
        if settle(done).code in _GUESSES:
            guess.wrong()


def answers_of(work: Work) -> list[AnswerBundle]:
    """Return the signed answers to a request whose outcomes are all there."""
    return _answers(map(settle, work.waiting))


def _answers(settled: Iterable[ReportOutcome | TrustOutcome | Problem]) -> list[AnswerBundle]:
    return [one.answer for one in settled if not isinstance(one, Problem) and one.answer]


def _seconds_to(until: int | None, now: int) -> int:
    """Return in how many seconds to ask again for a verdict that is due at a time, or some day."""
    if not until:
        return _CASE_SECONDS
    # What is overdue waits for a disk that is full, say: every device that is owed something would
    # knock each few seconds all day. So each pause is as long as all before it together.
    return until - now if until > now else min(now - until, _CASE_SECONDS)


def _owed(answer: AnswerBundle) -> int | None:
    """Return when the final verdict on a document is due, 0 for some day; None where it is there."""
    first = next(iter(answer.acknowledgments), None)
    if first is None or first.type != Verdict.TYPE:
        return None
    said = Verdict.from_document(first)
    return None if said.verdict is Ruling.REJECTED else said.until or 0


def _documents(request: Request) -> Iterator[Sent]:
    for text in request.trust_requests:
        yield Sent(kind=ItemKind.TRUST_REQUEST, text=text)
    for text in request.authorizations:
        yield Sent(kind=ItemKind.AUTH_REQUEST, text=text)
    for report in request.reports:
        for text in report.trust_requests:
            yield Sent(kind=ItemKind.TRUST_REQUEST, text=text)
        for text, decoded in zip_longest(report.usage, report.decoded):
            yield Sent(kind=ItemKind.RUM_REPORT, text=text, decoded=decoded)


def _acknowledgements(
    answers: Sequence[AnswerBundle], tags: Mapping[Udi, str | None]
) -> tuple[Acknowledgement, ...]:
    """Return one item for each product instance, in the order of the first answers."""
    # By whom the ledger says each is for; what the request says of its sender is not signed.
    by_udi: dict[Udi, list[AnswerBundle]] = {}
    for one in answers:
        by_udi.setdefault(one.udi, []).append(one)
    return tuple(
        Acknowledgement(udi=udi, smart_license=answer_bytes(own), software_tag=tags.get(udi))
        for udi, own in by_udi.items()
    )
