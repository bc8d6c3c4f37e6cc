"""Exchanges with the portal: what is sent, when, and what its answers change.

One sending and one trust request may be under way. Their exact bytes are in the store before they
leave, so that after a crash or a lost answer the identical request fetches the identical answer.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from gauger.core.documents.envelope import Document
from gauger.core.documents.smart_transport import (
    MessageType,
    Request,
    Response,
    Status,
    UsageReport,
    WireProblem,
    encode_request,
)
from gauger.core.documents.verdict import Verdict
from gauger.core.instance import backoff, sending
from gauger.core.instance.answers import Pipe
from gauger.core.instance.report_life import Reason, ReportInput, ReportState, step
from gauger.core.instance.sending import Occasion
from gauger.core.problems import TABLE, Problem, Retry
from gauger.instance import authorizing, events, greeting, polling
from gauger.instance.answer_file import read_answer
from gauger.instance.choosing import Choosing
from gauger.instance.greeting import HELLO
from gauger.instance.holdings import Holdings
from gauger.instance.importing import Importing, Taken
from gauger.instance.memory import Draft, read_detail, report_row
from gauger.instance.polling import POLLS
from gauger.instance.ports import Store
from gauger.instance.records import Exchange, Poll
from gauger.instance.reporting import find_report
from gauger.instance.surroundings import Surroundings, told_name
from gauger.instance.trusting import Trusting
from gauger.instance.views import ImportResult

_POLL_SECONDS: Final = 300
_SOONEST_POLL: Final = 1
_GIVEN_UP: Final = frozenset({"trust", "authorization"})
"""Exchanges that a refusal ends which the same request would meet again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message about to leave.

    Attributes:
        kind: ``usage``, ``trust``, ``authorization``, ``polls`` or ``hello``: the exchange that it
            belongs to.
        body: Its exact bytes.
        nonce: What an answer echoes.
        is_poll: Whether it asks for the answer to an earlier message.
        poll_id: By what it asks; empty for another.
    """

    kind: str
    body: bytes
    nonce: str
    is_poll: bool
    poll_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What an answer brought.

    Attributes:
        result: What was installed and acknowledged.
        problem: Why the exchange did not succeed, or None.
        is_over: Whether the exchange is finished.
    """

    result: ImportResult
    problem: Problem | None = None
    is_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What exchanges are made with.

    Attributes:
        importing: Takes answers in.
        trusting: Makes trust requests.
        lived: Returns the seconds lived.
    """

    importing: Importing
    trusting: Trusting
    lived: Callable[[], int]


class Exchanging:
    """Makes messages, and takes answers and failures into a draft."""

    def __init__(self, around: Surroundings, store: Store, parts: Parts) -> None:
        """Take the collaborators."""
        self._around = around
        self._store = store
        self._importing = parts.importing
        self._trusting = parts.trusting
        self._lived = parts.lived
        self._choosing = Choosing(store)

    def prepare_usage(
        self, draft: Draft, occasion: Occasion, sent: Collection[int] = frozenset()
    ) -> bool:
        """Put a sending of reports under way, if there is anything to send.

        Args:
            draft: The change that it becomes part of; what it closes was stored before.
            occasion: Why.
            sent: Reports that went already on this occasion; each goes once.

        Returns:
            Whether there is one now that was not before.
        """
        # A second message beside one without an answer could carry a report twice, and lose one ACK.
        if draft.singles.usage_exchange is not None:
            return False
        lived = self._lived()
        chosen = self._choosing.choose(draft, occasion, sent, self._around.clock.wall())
        carried = chosen.items
        schedule = sending.after_message(draft.singles.schedule, lived, chosen.batch, occasion)
        # What did not fit follows soon, and not with the next interval, weeks later.
        if chosen.batch.more or chosen.is_cut:
            schedule = sending.after_ha_event(schedule, lived)
        draft.singles = replace(draft.singles, schedule=schedule)
        # An empty message tells nothing; a hello asks whether the portal went back meanwhile.
        if not carried:
            is_idle = occasion is Occasion.SCHEDULE and not chosen.batch.more
            if is_idle and greeting.is_worth_it(draft):
                greeting.ask(draft, is_due=True)
            return False
        hostname = told_name(draft.singles.configuration, self._around)
        exchange = self._usage_exchange(carried, occasion, hostname)
        draft.singles = replace(draft.singles, usage_exchange=exchange)
        for report_id in exchange.report_ids:
            self._step(draft, report_id, ReportInput.SENT)
        course = draft.singles.course
        # A portal that misses one all the same asks for it again with its next ACK.
        carried_ids = set(exchange.report_ids)
        course = replace(
            course,
            wanted=_without(course.wanted, carried_ids),
            unanswered=_without(course.unanswered, carried_ids),
        )
        draft.singles = replace(draft.singles, course=course)
        wall = self._around.clock.wall()
        draft.log(events.reports_sent(wall, exchange.report_ids))
        return True

    def prepare_trust(self, draft: Draft, token: str, document: str) -> None:
        """Put a trust request with an ID token under way; it replaces one that waits."""
        request = self._request(MessageType.TRUST_REQUEST)
        request = replace(request, id_token=token, trust_requests=(document,))
        exchange = Exchange(
            request=encode_request(request).decode("ascii"),
            nonce=request.nonce,
            made_at=self._lived(),
        )
        draft.singles = replace(draft.singles, trust_exchange=exchange)

    def prepare_authorization(self, draft: Draft) -> None:
        """Put what waits of authorization requests and returns under way.

        It goes once by itself: a portal that answers neither for good must not be asked for ever.
        """
        record = draft.singles.authorization
        request = replace(self._request(MessageType.AUTHORIZATION), authorizations=record.waiting)
        exchange = Exchange(
            request=encode_request(request).decode("ascii"),
            nonce=request.nonce,
            made_at=self._lived(),
        )
        draft.singles = replace(
            draft.singles,
            authorization=replace(record, tried=True),
            authorization_exchange=exchange,
        )

    def outgoing(self, draft: Draft, kind: str, holdings: Holdings) -> Outgoing | None:
        """Return the message of an exchange: its request, or a poll for the answer."""
        if kind == HELLO:
            # The head held goes along: it may be the portal that is behind.
            request = replace(self._request(MessageType.HELLO), head=holdings.head)
            body = encode_request(request)
            return Outgoing(kind=kind, body=body, nonce=request.nonce, is_poll=False)
        if kind == POLLS:
            poll = polling.due(draft.singles.course, self._lived())
            return None if poll is None else self._poll(kind, poll.poll_id)
        exchange = _exchange(draft, kind)
        if exchange is None:
            return None
        if exchange.poll_id is None:
            body = exchange.request.encode("ascii")
            return Outgoing(kind=kind, body=body, nonce=exchange.nonce, is_poll=False)
        return self._poll(kind, exchange.poll_id)

    def _poll(self, kind: str, poll_id: str) -> Outgoing:
        request = replace(self._request(MessageType.POLL), poll_id=poll_id)
        body, nonce = encode_request(request), request.nonce
        return Outgoing(kind=kind, body=body, nonce=nonce, is_poll=True, poll_id=poll_id)

    def answered(
        self, draft: Draft, outgoing: Outgoing, response: Response, holdings: Holdings
    ) -> Answered:
        """Take an answer of the portal.

        Args:
            draft: The change that it becomes part of.
            outgoing: What was sent.
            response: What came back.
            holdings: What is in force.
        """
        if outgoing.kind == HELLO:
            return self._greeted(draft, response, holdings)
        if outgoing.kind == POLLS:
            return self._polled(draft, outgoing, response, holdings)
        # Whatever it answers, the portal has it: what people read as sent has been sent.
        self._handed_over(draft, outgoing.kind)
        refusal = _refusal(response)
        # Signed answers beside a refusal count: the portal may have failed in the middle.
        if refusal is not None and not response.acknowledgements:
            return self._refused(draft, outgoing, refusal)
        try:
            taken = self._take(draft, holdings, response)
        except Problem as problem:
            return self._unusable(draft, problem)
        # Nothing but root sets was taken, so its unsigned words change nothing either.
        if taken.refusal is not None:
            wall = self._around.clock.wall()
            draft.log(events.install_failed(wall, "answer", taken.refusal))
            return self._unusable(draft, taken.refusal)
        # What is signed stands; the identical message fetches what the portal could not do yet.
        if refusal is not None and refusal.kind.retry is Retry.LATER:
            return replace(self._refused(draft, outgoing, refusal), result=taken.result)
        return self._answered(draft, outgoing, response, taken)

    def _answered(
        self, draft: Draft, outgoing: Outgoing, response: Response, taken: Taken
    ) -> Answered:
        """Go on after an answer; one document that was refused does not hold up the others."""
        self._succeeded(draft)
        refusal = _refusal(response)
        if refusal is not None:
            draft.log(events.communication_refused(self._around.clock.wall(), refusal))
        is_over = self._go_on(draft, outgoing.kind, response)
        problem = _verdict_problem(taken.verdict) or refusal
        return Answered(result=taken.result, problem=problem, is_over=is_over)

    def _polled(
        self, draft: Draft, outgoing: Outgoing, response: Response, holdings: Holdings
    ) -> Answered:
        """Take verdicts that were owed; what is still owed is asked for again later."""
        problem = _refusal(response)
        result = ImportResult()
        if problem is not None and problem.code == "poll-unknown":
            # A portal that was restored knows no polls of its other life; see `polling.forget`.
            polling.forget(draft, outgoing.poll_id)
            return Answered(result=result, problem=problem)
        try:
            taken = self._take(draft, holdings, response)
        except Problem as unreadable:
            problem = unreadable
        else:
            result, problem = taken.result, taken.refusal or problem
        if problem is not None:
            draft.log(events.communication_refused(self._around.clock.wall(), problem))
            self.failed(draft, problem)
            return Answered(result=result, problem=problem)
        self._succeeded(draft)
        if _is_to_come(response):
            check_at, check_wall = self._check_times(response)
            polling.ask_later(draft, outgoing.poll_id, check_at=check_at, check_wall=check_wall)
        else:
            polling.end(draft, outgoing.poll_id)
        return Answered(result=result, is_over=True)

    def _greeted(self, draft: Draft, response: Response, holdings: Holdings) -> Answered:
        """Take the answer to a hello: a head, or nothing from a portal of an earlier release."""
        problem = _refusal(response)
        try:
            if problem is None and response.head is not None:
                self._importing.learn(draft, holdings, response.head)
        except Problem as refusal:
            problem = refusal
        if problem is not None:
            draft.log(events.communication_refused(self._around.clock.wall(), problem))
            self.failed(draft, problem)
            return Answered(result=ImportResult(), problem=problem)
        self._succeeded(draft)
        greeting.ask(draft, is_due=False)
        return Answered(result=ImportResult(), is_over=True)

    def has_unsent(self, draft: Draft) -> bool:
        """Return whether a report waits to be sent for the first time."""
        return self._choosing.has_unsent(draft.singles.course)

    def drop_settled(self, draft: Draft) -> None:
        """Drop exchanges whose documents a file has answered meanwhile."""
        usage = draft.singles.usage_exchange
        # Its answer would settle nothing any more, and until it comes no report could be sent.
        # All of them: while one is still owed, its answer can only come by this exchange.
        if usage is not None and all(map(partial(self._is_settled, draft), usage.report_ids)):
            _put(draft, "usage", None)
        polling.drop_settled(draft, partial(self._is_settled, draft))
        # A file brought the answer: to ask on would use up the ID token for nothing.
        if draft.singles.trust.asked is None:
            _put(draft, "trust", None)
        if not draft.singles.authorization.waiting:
            _put(draft, "authorization", None)

    def _is_settled(self, draft: Draft, report_id: int) -> bool:
        row = find_report(draft, self._store, report_id)
        return row is None or read_detail(row).life.is_acknowledged

    def failed(self, draft: Draft, problem: Problem) -> None:
        """Take that no answer came: back off, and tell of it once."""
        random = self._around.entropy.random_bytes(backoff.ENTROPY)
        # A portal that is overloaded says for how long; it is not asked before.
        asked = backoff.asked_by(problem)
        state, told = backoff.failed(draft.singles.backoff, self._lived(), random, asked=asked)
        draft.singles = replace(draft.singles, backoff=state)
        if told is not None:
            draft.log(events.communication_failed(self._around.clock.wall(), problem))

    def _take(self, draft: Draft, holdings: Holdings, response: Response) -> Taken:
        documents = list(self._documents(response))
        # To a poll that came too early there is nothing to say, and nothing to refuse.
        if not documents:
            return Taken(result=ImportResult(), refusal=None)
        return self._importing.take(draft, holdings, documents, Pipe.ONLINE)

    def _documents(self, response: Response) -> Iterator[Document]:
        for item in response.acknowledgements:
            # A proxy or portal that mixes up two devices must not make this one install anything.
            if item.udi != self._around.udi:
                detail = f"The answer is for {item.udi}; this is {self._around.udi}."
                raise Problem("wrong-subject", detail)
            yield from (document for document, _ in read_answer([item.smart_license]))

    def _handed_over(self, draft: Draft, kind: str) -> None:
        exchange = _exchange(draft, kind)
        if exchange is None or exchange.handed_over:
            return
        # Once for all its repeats: what people read as the last push is when it arrived first.
        _put(draft, kind, replace(exchange, handed_over=True))
        if kind == "usage":
            wall = self._around.clock.wall()
            course = replace(draft.singles.course, last_push=wall)
            draft.singles = replace(draft.singles, course=course)

    def _refused(self, draft: Draft, outgoing: Outgoing, problem: Problem) -> Answered:
        """Take a refusal without a signature: it changes no report, it is a failed sending."""
        exchange = _exchange(draft, outgoing.kind)
        if outgoing.is_poll and exchange is not None and problem.code == "poll-unknown":
            # The portal was restored or has forgotten: the identical request brings it back.
            _put(draft, outgoing.kind, replace(exchange, poll_id=None))
            return Answered(result=ImportResult(), problem=problem)
        draft.log(events.communication_refused(self._around.clock.wall(), problem))
        # The same request would be refused the same way; a new one is for the operator to make.
        if outgoing.kind in _GIVEN_UP and problem.kind.retry is not Retry.LATER:
            _put(draft, outgoing.kind, None)
            self._give_up(draft, outgoing.kind)
            return Answered(result=ImportResult(), problem=problem, is_over=True)
        self.failed(draft, problem)
        return Answered(result=ImportResult(), problem=problem)

    def _unusable(self, draft: Draft, problem: Problem) -> Answered:
        """Take an answer that is refused here: it is a failed sending, whatever it is about."""
        # No word of the portal: an old or foreign answer that a relay lets slip in must not make
        # this device give up a request that the portal may have granted.
        draft.log(events.communication_refused(self._around.clock.wall(), problem))
        self.failed(draft, problem)
        return Answered(result=ImportResult(), problem=problem)

    def _give_up(self, draft: Draft, kind: str) -> None:
        if kind == "trust":
            self._trusting.give_up(draft)
        else:
            authorizing.give_up(draft)

    def _succeeded(self, draft: Draft) -> None:
        state, told = backoff.succeeded(draft.singles.backoff)
        draft.singles = replace(draft.singles, backoff=state)
        if told is not None:
            draft.log(events.communication_restored(self._around.clock.wall()))

    def _go_on(self, draft: Draft, kind: str, response: Response) -> bool:
        """Wait for the rest of the answer, or finish the exchange."""
        exchange = _exchange(draft, kind)
        if not _is_to_come(response) or exchange is None:
            self._note_unanswered(draft, exchange)
            _put(draft, kind, None)
            return True
        check_at, check_wall = self._check_times(response)
        # A portal may answer a poll without naming it again.
        poll_id = response.poll_id or exchange.poll_id
        # Judged, if not for good: it waits as a poll, and the next sending may begin.
        if poll_id is not None and self._is_judged(draft, exchange):
            owed = tuple(item for item in exchange.report_ids if not self._is_settled(draft, item))
            poll = Poll(poll_id=poll_id, report_ids=owed, check_at=check_at, check_wall=check_wall)
            polling.begin(draft, poll)
            _put(draft, kind, None)
            return True
        waiting = replace(exchange, poll_id=poll_id, check_at=check_at, check_wall=check_wall)
        _put(draft, kind, waiting)
        return False

    def _check_times(self, response: Response) -> tuple[int, int]:
        """Return when to ask next: in seconds lived, and by the wall clock."""
        interval = response.poll_interval
        # An interval of 0 must not make of this a request in a loop.
        pause = _POLL_SECONDS if interval is None else max(interval, _SOONEST_POLL)
        return self._lived() + pause, self._around.clock.wall() + pause

    def _is_judged(self, draft: Draft, exchange: Exchange) -> bool:
        """Tell whether each report of a sending has a signed answer, be it not the last one."""
        return bool(exchange.report_ids) and not self._silent(draft, exchange)

    def _silent(self, draft: Draft, exchange: Exchange) -> list[int]:
        """Return the reports of a sending that got no signed answer."""
        silent = []
        for report_id in exchange.report_ids:
            row = find_report(draft, self._store, report_id)
            if row is None:
                continue
            life = read_detail(row).life
            # A signed answer gives another reason: what is still just sent has none.
            if life.state is ReportState.PENDING and life.reason is Reason.SENT:
                silent.append(report_id)
        return silent

    def _note_unanswered(self, draft: Draft, exchange: Exchange | None) -> None:
        """Remember reports that the portal passed over: they are sent again, not forgotten."""
        if exchange is None or not exchange.report_ids:
            return
        course = draft.singles.course
        silent = self._silent(draft, exchange)
        unanswered = tuple(sorted({*course.unanswered, *silent}))
        draft.singles = replace(draft.singles, course=replace(course, unanswered=unanswered))

    def _usage_exchange(
        self, carried: list[tuple[int, str]], occasion: Occasion, hostname: str | None
    ) -> Exchange:
        around = self._around
        request = self._request(MessageType.REPORT_USAGE)
        usage = UsageReport(
            udi=around.udi,
            usage=tuple(item for _, item in carried),
            hostname=hostname,
            software_tag=around.profile.software_tag,
            timestamp=request.timestamp,
            nonce=around.nonce(),
        )
        return Exchange(
            request=encode_request(replace(request, reports=(usage,))).decode("ascii"),
            nonce=request.nonce,
            occasion=occasion,
            report_ids=tuple(report_id for report_id, _ in carried),
            made_at=self._lived(),
        )

    def _step(self, draft: Draft, report_id: int, happened: ReportInput) -> None:
        row = find_report(draft, self._store, report_id)
        if row is not None:
            detail = read_detail(row)
            changed = replace(detail, life=step(detail.life, happened))
            draft.put_report(report_row(row, changed))

    def _request(self, kind: MessageType) -> Request:
        return Request(
            type=kind,
            udi=self._around.udi,
            timestamp=self._around.clock.wall() * 1000,
            nonce=self._around.nonce(),
        )


def _is_to_come(response: Response) -> bool:
    """Tell whether more of an answer is to be asked for."""
    return response.status in {Status.OK_POLL, Status.OK_TRY_AGAIN} or (
        response.status is Status.OK and response.poll_id is not None
    )


def _refusal(response: Response) -> Problem | None:
    """Return what the portal refuses without a signature, or None."""
    if response.status is Status.FAILED or response.problem is not None:
        return peer_problem(response.problem)
    return None


def peer_problem(problem: WireProblem | None) -> Problem:
    """Return the portal's problem under its own name where that is known here."""
    if problem is None:
        # Not every portal speaks of problems; the published shape has only the status.
        return Problem("bad-answer", "The portal answered FAILED without saying why.")
    wait = problem.diagnostics.get("retry_after")
    # Retry and next step are then those known here, whatever the portal says.
    if problem.code in TABLE:
        return Problem(problem.code, problem.detail or problem.title, retry_after=wait)
    detail = f"The portal says {problem.code}: {problem.title}. {problem.detail}"
    told = f"{detail} {problem.next_step}".strip()
    return Problem("peer-refused", told, peer=problem.code, retry_after=wait)


def _without(report_ids: tuple[int, ...], gone: set[int]) -> tuple[int, ...]:
    return tuple(item for item in report_ids if item not in gone)


def _verdict_problem(verdict: Verdict | None) -> Problem | None:
    """Return a verdict on a request or return as the operator is told of it."""
    if verdict is None:
        return None
    known = verdict.code in TABLE
    detail = verdict.detail or f"The portal's verdict on the request is {verdict.verdict}."
    return Problem(verdict.code if known else "peer-refused", detail, verdict=verdict.verdict.value)


def _exchange(draft: Draft, kind: str) -> Exchange | None:
    singles = draft.singles
    by_kind = {
        "usage": singles.usage_exchange,
        "trust": singles.trust_exchange,
        "authorization": singles.authorization_exchange,
    }
    return by_kind[kind]


def _put(draft: Draft, kind: str, exchange: Exchange | None) -> None:
    singles = draft.singles
    match kind:
        case "usage":
            draft.singles = replace(singles, usage_exchange=exchange)
        case "trust":
            draft.singles = replace(singles, trust_exchange=exchange)
        case _:
            draft.singles = replace(singles, authorization_exchange=exchange)
