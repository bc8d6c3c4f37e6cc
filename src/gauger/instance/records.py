"""What a product instance remembers: plain values, one record of the store each.

Every value has a default, so that a store written before a field was added still reads.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import msgspec

from gauger.core.documents.rum_payload import Measurement
from gauger.core.identity import AccountRef, Digest
from gauger.core.instance.backoff import Backoff
from gauger.core.instance.report_life import ReportInput, ReportLife
from gauger.core.instance.sending import Occasion, Schedule
from gauger.core.instance.trust import Asked
from gauger.core.problems import Problem
from gauger.core.usage.sampling import Sampler
from gauger.instance.config import Configuration

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRecord:
    """How long the product instance has lived.

    Attributes:
        seconds: Seconds lived, over all boots.
        wall: Wall clock when this was stored; None for a new one.
        boot: Nonce of the boot that stored it, 32 hexadecimal digits.
    """

    seconds: int = 0
    wall: int | None = None
    boot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """Reports that the portal judges later.

    Attributes:
        poll_id: What the portal gave to ask for their verdicts by.
        report_ids: The reports.
        check_at: When to ask next, in seconds lived.
        check_wall: The same by the wall clock, for people.
    """

    poll_id: str
    report_ids: tuple[int, ...] = ()
    check_at: int = 0
    check_wall: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEpoch:
    """An epoch of a ledger that has acknowledged reports.

    Attributes:
        ledger: The ledger's id.
        number: The epoch's number.
        id: Its id.
    """

    ledger: str
    number: int
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AckPage:
    """The page that an ACK stands in.

    Attributes:
        epoch: Place of its epoch in `Course.epochs`.
        page: Its number.
    """

    epoch: int
    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How reporting has gone, in epoch seconds where it is a time.

    Attributes:
        next_id: Number of the next report; 0 before the first.
        first_use: When any licence was first used.
        last_ack: When the last ACK of a report was installed.
        changed_at: When use first changed since what is acknowledged.
        changed_later: When it changed again since; see `core.policy.deadlines.after_change`.
        last_push: When reports were last sent.
        last_file_write: When usage was last saved to a file.
        rejected: Reports that the portal rejected.
        wanted: Reports that the portal asked for again.
        unanswered: Reports that were sent and got no signed answer; they go with the next sending.
        polls: Verdicts that the portal owes, oldest first.
        warned: The deadline of which the operator was told last, and how many days before.
        blocked: Why direct communication is not possible, as told to the operator.
        former: Accounts that the product instance belonged to before.
        epochs: Epochs that pages of ACKs are of; only ever added to.
        surveyed: Id of the epoch by whose heads all ACKs were looked through last.
        unreadable: Reports that the store does not give back any more; each was told of once.
        greets: Whether the portal is to be asked for its newest head: nothing was there to report.
    """

    next_id: int = 0
    first_use: int | None = None
    last_ack: int | None = None
    changed_at: int | None = None
    changed_later: tuple[int, ...] = ()
    last_push: int | None = None
    last_file_write: int | None = None
    rejected: tuple[int, ...] = ()
    wanted: tuple[int, ...] = ()
    unanswered: tuple[int, ...] = ()
    polls: tuple[Poll, ...] = ()
    warned: tuple[int, int] | None = None
    blocked: str | None = None
    former: tuple[AccountRef, ...] = ()
    epochs: tuple[KnownEpoch, ...] = ()
    surveyed: str = ""
    unreadable: tuple[int, ...] = ()
    greets: bool = False

    @property
    def changes(self) -> tuple[int, ...]:
        """When use changed and no acknowledged report tells it."""
        return () if self.changed_at is None else (self.changed_at, *self.changed_later)

    def with_changes(self, changes: tuple[int, ...]) -> "Course":
        """Return this course with other changes that no acknowledged report tells."""
        return replace(self, changed_at=next(iter(changes), None), changed_later=changes[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What reports say of the product instance beside its usage, as its operator has set.

    Attributes:
        withholds_version: Whether the software version is left out.
        is_billed_by_use: Whether usage is marked as billed by use.
        labels: The operator's own labels by name.
    """

    withholds_version: bool = False
    is_billed_by_use: bool = False
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A report that is closed and not signed yet.

    Attributes:
        report_id: Its number.
        previous_id: The tag's report before; 0 for the first.
        measurements: What it tells.
        closed_at: When it was closed, epoch seconds.
        boot: Nonce of the boot that measured it.
        cause: Why it was closed.
        told: What was set when it was closed; None where an earlier release closed it.
    """

    report_id: int
    previous_id: int = 0
    measurements: tuple[Measurement, ...]
    closed_at: int
    boot: str
    cause: ReportInput
    told: Told | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRecord:
    """One entitlement tag.

    Attributes:
        sampler: Its measured use and open report.
        stated: Count set by the product, kept over a restart where the store says so.
        open_id: Number of the open report; 0 where there is none.
        previous_id: Number of the report before; 0 for the first.
        previous_digest: Digest of the last signed report of this incarnation.
        waiting: Reports that are closed and not signed yet, oldest first.
        first_use: When the licence was first used, epoch seconds.
        acked_id: Highest number of its reports that is acknowledged, 0 before the first; None
            where an earlier release began the record, which did not note it.
    """

    sampler: Sampler
    stated: int = 0
    open_id: int = 0
    previous_id: int = 0
    # Beside the number: the row before may have rotted, and the chain must go on.
    previous_digest: Digest | None = None
    waiting: tuple[Waiting, ...] = ()
    first_use: int | None = None
    acked_id: int | None = None

    def owes(self, lost: Collection[int]) -> bool:
        """Return whether no acknowledged report tells its last use yet.

        Args:
            lost: Reports that the store does not give back: no ACK of them can be noted.
        """
        if not self.sampler.is_idle:
            return True
        # Closed is not told: a restart closes reports, and they may lie here for months.
        known = self.acked_id is not None and self.previous_id not in lost
        return known and self.previous_id > (self.acked_id or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDetail:
    """What is known of a report beside state, digest and bytes.

    Attributes:
        tag: Entitlement tag.
        previous_id: The tag's report before; 0 for the first.
        next_id: The tag's report after; 0 where there is none yet.
        start: Begin of its first measurement, epoch seconds.
        end: End of its last measurement; 0 while it is open.
        closed_at: When it was closed; 0 while it is open.
        life: State, reason and flag.
        verdict: The portal's last word on it, for people.
        answered_at: When the portal issued its last word, epoch seconds.
        ack_page: The page that its ACK stands in; None where that was not noted.
    """

    tag: str
    previous_id: int = 0
    next_id: int = 0
    start: int = 0
    end: int = 0
    closed_at: int = 0
    life: ReportLife = field(default_factory=ReportLife)
    verdict: str | None = None
    answered_at: int | None = None
    ack_page: AckPage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request that is under way; a retry sends the same bytes.

    Attributes:
        request: The exact message.
        nonce: Its nonce, which an answer echoes.
        occasion: Why it was made; None for a trust request.
        report_ids: The reports that it carries.
        made_at: When it was made, in seconds lived.
        handed_over: Whether the portal was seen to have it.
        poll_id: What the portal gave to ask for the answer by.
        check_at: When to ask next, in seconds lived.
        check_wall: The same by the wall clock, for people.
    """

    # As it was encoded, not its parts: only the identical bytes fetch the identical answer, also
    # where a later release would encode them otherwise.
    request: str
    nonce: str
    occasion: Occasion | None = None
    report_ids: tuple[int, ...] = ()
    made_at: int = 0
    handed_over: bool = False
    poll_id: str | None = None
    check_at: int = 0
    check_wall: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRecord:
    """Trust beside the trust code itself.

    Attributes:
        counter: Trust requests made.
        asked: The request that waits for its answer.
        document: That request as a document.
        keys: Names of own licensing keys by key id.
        made: Digests of the last requests, oldest first.
        answered: Those of them that have their final answer.
        adopt: Whether the waiting request may move the product instance to another ledger.
    """

    counter: int = 0
    asked: Asked | None = None
    document: str | None = None
    # In the order in which they were made: the oldest are the first to be given up.
    keys: dict[Digest, str] = field(default_factory=dict)
    made: tuple[Digest, ...] = ()
    answered: tuple[Digest, ...] = ()
    adopt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A signed document of the product instance that waits for its answer.

    Attributes:
        digest: Digest of its body.
        text: Its exact written form.
    """

    digest: Digest
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRecord:
    """What was asked for and given back of authorization codes.

    Attributes:
        counter: Requests and returns made, together.
        asked: The request that waits for its answer.
        returned: The return that the portal has not acknowledged yet.
        requests: Digests of the last requests, oldest first.
        returns: Digests of the last returns, oldest first.
        answered: Those of either that have their final answer.
        return_code: Code of the last return, for people.
        tried: Whether what waits was sent by itself already; the operator may send it again.
        proof: The last return that the portal acknowledged.
        proof_page: Page of that ACK; None where it stands in none.
    """

    counter: int = 0
    asked: Paper | None = None
    returned: Paper | None = None
    requests: tuple[Digest, ...] = ()
    returns: tuple[Digest, ...] = ()
    answered: tuple[Digest, ...] = ()
    return_code: str | None = None
    tried: bool = False
    proof: Paper | None = None
    proof_page: AckPage | None = None

    @property
    def waiting(self) -> tuple[str, ...]:
        """What waits for its answer. The return first: it may make room for what is asked for."""
        return tuple(item.text for item in (self.returned, self.asked) if item is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFloor:
    """Which authorization codes are dead for good, whatever becomes of the stores.

    Attributes:
        mark: Highest authorization epoch that was ever installed or given back.
        licences: Tag and count of what the code of that epoch allows; none once it is given back.
    """

    mark: int
    licences: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDocument:
    """A document that is in force.

    Attributes:
        text: The document as received.
        installed_at: When it was installed, epoch seconds.
    """

    text: str
    installed_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RootFloor:
    """The newest root set that this product instance ever held, whatever became of its stores.

    Attributes:
        number: Its number.
        digest: Digest of its body.
    """

    number: int
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A line of the message history.

    Attributes:
        at: When it was sent or taken in, epoch seconds.
        what: What it was, for people.
        outcome: What became of it, for people.
        times: How often in a row it went the same way.
        last_at: When that was last, epoch seconds.
    """

    at: int
    what: str
    outcome: str = ""
    times: int = 1
    last_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Singles:
    """Everything of which there is one; each field but the running configuration is a record.

    Attributes:
        clock: How long the product instance has lived.
        course: How reporting has gone.
        schedule: When reports were and will be sent.
        backoff: How communication has gone lately.
        trust: Trust beside the trust code.
        configuration: What the operator has set: the running configuration. It ends with the boot.
        startup: The configuration that the next boot begins with; None where none was saved.
        usage_exchange: The sending that waits for its answer.
        trust_exchange: The trust request with an ID token that waits for its answer.
        root_floor: The newest root set ever held; it is anchored, so it outlives the store.
        authorization: What was asked for and given back of authorization codes.
        authorization_exchange: The request for a code, or the return, that waits for its answer.
        code_floor: Which authorization codes are dead; anchored as the root set is.
        told: What the running configuration has reports say. A record, though that one is none:
            the next boot closes what was measured under it, when it is lost already.
    """

    clock: ClockRecord = field(default_factory=ClockRecord)
    course: Course = field(default_factory=Course)
    schedule: Schedule = field(default_factory=lambda: Schedule(since=0))
    backoff: Backoff = field(default_factory=Backoff)
    # One record each, so that a step writes what it changed and not all of it.
    trust: TrustRecord = field(default_factory=TrustRecord)
    configuration: Configuration = field(default_factory=Configuration)
    startup: Configuration | None = None
    usage_exchange: Exchange | None = None
    trust_exchange: Exchange | None = None
    root_floor: RootFloor | None = None
    authorization: AuthorizationRecord = field(default_factory=AuthorizationRecord)
    authorization_exchange: Exchange | None = None
    code_floor: CodeFloor | None = None
    told: Told | None = None


PLACES: Final = {
    "startup": ("setting", "configuration"),
    "root_floor": ("floor", "root_floor"),
    "code_floor": ("floor", "code_floor"),
}
"""Family and name of single records; those of others are ``state`` and the field's own name."""

VOLATILE: Final = frozenset({"configuration"})
"""What is no record: it is made anew at each boot."""


def pack(value: object) -> bytes:
    """Return the form in which the store keeps a value."""
    # Without a version: fields are only ever added, each with a default.
    return msgspec.json.encode(value)


def unpack(data: bytes, kind: type[Value]) -> Value:
    """Read a value that `pack` wrote; fields of a newer release are passed over.

    Raises:
        Problem: ``store-damaged`` where it is none of that kind.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    # `Problem`: values such as a UDI judge themselves when they are made.
    except (msgspec.MsgspecError, Problem) as error:
        message = f"A record of the store is no {kind.__name__}: {error}."
        raise Problem("store-damaged", message) from error
