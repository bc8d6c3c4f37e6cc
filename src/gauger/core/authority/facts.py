"""What the ledger holds about the matter in hand, loaded before a decision is made."""

from dataclasses import dataclass
from typing import Final

from gauger.core.authority.outcomes import Verdict
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.policy.rules import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFacts:
    """A product instance that the ledger knows.

    Attributes:
        udi: Which one.
        account: Whose it is; null where nobody's yet.
        provisional: Whether the account rests on no more than an upload.
        verified: Whether any document of it ever verified.
        generation: Newest generation of a trust code issued here; 0 where none was.
        members: Members of its high-availability set, as its newest report named them.
        root_number: Number of the root set that it last said to hold.
        late: How many final answers go along with its next answer.
        purchase_due: Whether purchase information goes along with its next answer.
        silent_since: When people were told that it does not report; null where it does.
        authorization_due: Whether a code was issued that it has not shown installed yet.
    """

    udi: Udi
    account: AccountRef | None = None
    provisional: bool = False
    verified: bool = True
    generation: int = 0
    members: tuple[Udi, ...] = ()
    root_number: int = 1
    # A count at hand, so that nearly every report spares a look-up.
    late: int = 0
    purchase_due: bool = False
    silent_since: int | None = None
    authorization_due: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownReport:
    """A report that the ledger holds.

    Attributes:
        digest: Digest of its signed bytes.
        verdict: As it stands now.
        code: Problem code, where there is one.
        detail: The reason.
        flags: What was noted.
        account: The account that it counts for.
        until: When it is decided, for a deferred one.
        case: Its quarantine case, or null.
        decided_by: Who decided its case, or null.
        pipes: The ways that it came.
    """

    digest: Digest
    verdict: Verdict
    code: str | None = None
    detail: str = ""
    flags: tuple[str, ...] = ()
    account: AccountRef | None = None
    until: int | None = None
    case: int | None = None
    decided_by: str | None = None
    pipes: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether its answer stands when it comes again: a rejected one is judged anew.

        What a person rejected stays so; otherwise sending it again would undo the decision.
        """
        # A deferred one too: sending it again must not hurry the clock.
        return self.verdict is not Verdict.REJECTED or self.decided_by is not None


MOST_RIVALS: Final = 16
"""Other reports at one place that a judgement names, those that it draws in first."""

MOST_LIVES: Final = 64
"""Incarnations that a report is compared with, the newest, besides its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """When an incarnation of a store was alive, by its own clock and by the ledger's pages.

    Attributes:
        incarnation: Its id.
        first_measured: Where its oldest measurement starts; null where no clock was ever set.
        last_measured: Where its newest measurement ends; null likewise.
        began: The page of its first report: it was alive before that page.
        head: The newest page of this ledger that a report of it held a head of: it was alive
            after that page. Null where none held one.
    """

    incarnation: str
    first_measured: int | None
    last_measured: int | None
    # Pages, not times: no clock that is lost or wrong can change in which page it came.
    began: int
    head: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """What a report is judged against.

    Attributes:
        instance: Its product instance; null where never seen.
        names_account: Whether the account that the report names exists in this ledger.
        was_there: Whether its product instance once belonged to the account that it names.
        known: The report itself, where it is held.
        rivals: Other reports at its place of the chain: those that are not decided first, and of
            them those that count. One more than `MOST_RIVALS` at most: more would tell no more.
        previous_held: Whether the report that it names as its previous one is held.
        previous_case: Case of that report where a successor's word releases it, or null.
        follows_newer: Whether that report was signed under a newer trust code than this one.
        is_wanted: Whether a verified successor named it.
        is_named: Whether an accepted report names it as its previous one; loaded where it counts.
        gap_open: Whether it is still asked for.
        lives: Incarnations of its product instance, the newest `MOST_LIVES`, its own included where
            known.
        settled_until: Usage of the licence up to here was accepted long ago; null where none.
        adds_to_settled: Whether the report would add usage before that.
        overlaps: Whether it claims time that is claimed already.
        tag_known: Whether the catalogue or an order has its entitlement tag.
        newer_used_at: When a newer trust code than the one that signed was first used, or null.
    """

    instance: InstanceFacts | None = None
    names_account: bool = False
    was_there: bool = False
    known: KnownReport | None = None
    # Without what the authority rejected by itself: that does not take a place.
    rivals: tuple[KnownReport, ...] = ()
    # True also where it names none: the first of a chain leaves no gap.
    previous_held: bool = True
    previous_case: int | None = None
    follows_newer: bool = False
    is_wanted: bool = False
    is_named: bool = False
    gap_open: bool = False
    # Of verified reports only: whoever cannot sign makes no clone.
    lives: tuple[Life, ...] = ()
    settled_until: int | None = None
    # Reckoned beforehand by the store, which has the merged usage at hand.
    adds_to_settled: bool = False
    overlaps: bool = False
    # Of orders only; the catalogue is a setting and no fact of the ledger.
    tag_known: bool = True
    newer_used_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """An ID token.

    Attributes:
        token: Its number.
        account: Where product instances register with it.
        expires_at: First second at which it is refused.
        uses: How often it may be used; null where unlimited.
        used: How often it was.
        revoked: Whether it was ended.
    """

    token: int
    account: AccountRef
    # Exclusive: at this second it is refused.
    expires_at: int
    uses: int | None
    used: int
    revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRequest:
    """A trust request that the ledger holds."""

    digest: Digest
    verdict: Verdict
    code: str | None = None
    detail: str = ""
    flags: tuple[str, ...] = ()
    account: AccountRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFacts:
    """A further member that a trust request names.

    Attributes:
        udi: Which one.
        account: Whose it is, or null.
        generation: Newest generation of its trust code; 0 where it has none.
    """

    udi: Udi
    account: AccountRef | None = None
    generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustFacts:
    """What a trust request is judged against.

    Attributes:
        instance: Its product instance; null where never seen.
        known: The request itself, where it is held.
        counter: Highest counter accepted from its incarnation, or null.
        token: The ID token that came with it; null where none came or it is not known.
        key_holders: Other product instances for which the key is enrolled.
        members: What is known of the further members, in the order of the request.
    """

    instance: InstanceFacts | None = None
    known: KnownRequest | None = None
    counter: int | None = None
    token: TokenFacts | None = None
    # Without the sender: a device may ask again for the key that it has.
    key_holders: tuple[Udi, ...] = ()
    members: tuple[MemberFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A versioned document that was issued.

    Attributes:
        order: Its order.
        digest: SHA-256 of its body.
        account: The account that it is for.
    """

    order: Order
    digest: Digest
    account: AccountRef


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFacts:
    """The policy that is in force for an account.

    Attributes:
        assignment: Number of its assignment; 0 for the built-in default.
        policy: Its name and rules.
        issued: The newest document that was made for the account, from whatever assignment.
        issued_from: Number of the assignment that document was made from.
        assigned_at: When the assignment was made, epoch seconds; 0 for the built-in default.
    """

    assignment: int
    policy: Policy
    issued: Issued | None = None
    # By number: two assignments may bear the same name and other rules.
    issued_from: int | None = None
    assigned_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """A report as it came, with what stands about it now.

    Attributes:
        udi: Its product instance.
        item: The exact text of the item.
        received_at: When it came, epoch seconds.
        report: What stands about it.
        generation: Of the trust code that signed it, or null.
        report_id: The published number.
    """

    udi: Udi
    item: str
    received_at: int
    report: KnownReport
    # As verified when it came: the item is not verified a second time.
    generation: int | None
    report_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapFacts:
    """A report that is missed.

    Attributes:
        udi: Whose it is.
        account: The account of that product instance, or null.
        report: Digest of the report.
        named_by: Digest of the report that names it.
        since: When it was first missed, epoch seconds.
    """

    udi: Udi
    account: AccountRef | None
    report: Digest
    named_by: Digest
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """A quarantine case.

    Attributes:
        case: Its number.
        code: Why.
        udi: Whose reports.
        account: Whose product instance that is, or null.
        is_open: Whether it waits for a decision.
        reports: Digests of its reports that are still quarantined.
    """

    case: int
    code: str
    udi: Udi
    account: AccountRef | None
    is_open: bool
    reports: tuple[Digest, ...]
