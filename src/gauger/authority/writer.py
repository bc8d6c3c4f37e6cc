"""The one writer: decides waiting commands into one page, commits it, signs it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeVar

from gauger.authority import (
    administration,
    authorization_desk,
    authorizations,
    cases,
    founding,
    reports,
    silence,
    trust_requests,
)
from gauger.authority.answers import plan_again
from gauger.authority.authorizations import VerifiedAuthorization
from gauger.authority.books import AuthoritySettings, Books, Draft, Unit
from gauger.authority.decision import Decision, plain
from gauger.authority.epochs import heed, heed_shown, show_head
from gauger.authority.pager import Pager
from gauger.authority.ports.store import RESTORED, LedgerStore
from gauger.authority.preparing import Prepared, prepare
from gauger.authority.reports import UnverifiableReport, VerifiedReport
from gauger.authority.shelf import Shelf
from gauger.authority.trust_requests import VerifiedRequest
from gauger.core.authority import commands
from gauger.core.authority.outcomes import AnswerBundle, AnswerOutcome, Done, Outcome
from gauger.core.authority.rows import RefusalRecorded
from gauger.core.documents.envelope import (
    Document,
    PageSignature,
    read_document,
    write_document,
)
from gauger.core.documents.page import Page
from gauger.core.documents.root_chain import Standing, follow
from gauger.core.documents.trust_store import TrustStore, expiry_time
from gauger.core.identity import Digest
from gauger.core.ports import Clock, Entropy, Signer
from gauger.core.problems import Problem

# What can end the stop must pass while everything else is stopped.
_UNSIGNED_ALLOWED: Final = (commands.ImportRootSet, commands.ImportManufacturer)

Result = Callable[[], Outcome] | Problem
"""The outcome of a command, or why it was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
# What never changes; everything else may be read anew after a failure.
class _Means:
    store: LedgerStore
    signer: Signer
    clock: Clock
    entropy: Entropy
    settings: AuthoritySettings


class Writer:
    """Owns the store; used by one thread at a time."""

    def __init__(
        self,
        *,
        store: LedgerStore,
        signer: Signer,
        clock: Clock,
        entropy: Entropy,
        settings: AuthoritySettings,
    ) -> None:
        """Put the parts together; `open` reads the store."""
        self._means = _Means(
            store=store, signer=signer, clock=clock, entropy=entropy, settings=settings
        )
        self._shelf = Shelf(store.pages, settings.build_date)
        # Empty until `_load`: nothing may be built on a tree that was not read.
        self._pager = Pager(signer, entropy)
        self._books: Books | None = None
        self._unsigned: int | None = None
        self._next_due: int | None = None
        self._stale = False
        self.trust = founding.empty_trust(clock)
        """What is trusted; replaced as a whole, so any thread may read it."""

    @property
    def ledger(self) -> str | None:
        """The ledger's id; None before it is founded."""
        return None if self._books is None else self._books.ledger

    def unsaved(self) -> tuple[int, bytes] | None:
        """Return page and signature of the head whose signature is not stored yet."""
        return self._shelf.unsaved

    def is_current(self, bundle: AnswerBundle) -> bool:
        """Tell whether whoever signed an answer is believed today."""
        for document in bundle.acknowledgments + bundle.companions:
            # Root sets are signed by the root keys: no end of a signer touches them.
            if not isinstance(document.signature, PageSignature) or self.ledger is None:
                continue
            try:
                self._believe(document.signature.chain, self.trust, self.ledger)
            except Problem:
                return False
        return True

    def _believe(self, chain: tuple[bytes, ...], trust: TrustStore, ledger: str) -> None:
        settings, clock = self._means.settings, self._means.clock
        now = expiry_time(settings.build_date, trust.root_set, clock.wall())
        trust.require_signer(chain, ledger=ledger, now=now)

    def open(self, root_sets: Sequence[commands.ImportRootSet] = ()) -> None:
        """Read the store, and bring its last page to a signature.

        Args:
            root_sets: Root sets, of which the newer ones are taken in before anything is signed:
                where the key of the last signer is lost, nobody else could sign for their coming.

        Raises:
            Problem: Of the store and of the root sets; ``unknown-key``, ``key-revoked`` or
                ``signer-expired``.
        """
        # Also where nothing is founded yet: then there are no books, and the writer waits for
        # them.
        self._load()
        if self._books is None:
            return
        trust, steps = follow(self.trust, [read_document(one.document) for one in root_sets])
        # Before the first signature: a page of a signer whom no device believes is there for ever.
        self._believe(self._means.signer.chain, trust, self._books.ledger)
        # The one that is held, and older ones, which come along with every folder, are no news.
        taken = [write_document(one.document) for one in steps if one.standing is Standing.TAKEN]
        if taken:
            self._begin_under(taken, root_sets[0].by)
        self._sign_last()
        # After the last page is signed: the new epoch's head closes over a signed past.
        mark = self._means.store.mark(RESTORED)
        if mark is not None:
            self._open_after_restore(mark)

    def _load(self) -> None:
        """Read what is known of the ledger; after a failure nothing in memory is believed."""
        store = self._means.store
        # A new one: the old may hold documents of a page that never came to be.
        self._shelf = Shelf(store.pages, self._means.settings.build_date)
        self._books = founding.load_books(store, self._means.clock)
        if self._books is not None:
            self._pager.load(store.pages)
            self.trust = self._books.trust
            # Only the last can lack it: the next transaction stores the signature of the one
            # before.
            last = store.pages.head(self._books.page - 1)
            is_signed = last is None or last.signature is not None
            self._unsigned = None if is_signed else self._books.page - 1
        # Kept in memory: it is asked for four times a second.
        self._next_due = store.lookups.next_due()

    def _sign_last(self) -> None:
        """Sign a head that was committed and not signed: the same bytes, or a new page."""
        page, pages = self._unsigned, self._means.store.pages
        # Signed in this process already; it only waits for the next transaction.
        if page is None or self._shelf.unsaved is not None:
            return
        head = pages.head(page)
        if head is None:
            raise Problem("store-damaged", f"Page {page} has no head.")
        if head.signer == self._means.signer.key_id:
            # The same bytes as before the crash: some device may have them already, and two heads of
            # one page are a fork.
            self._shelf.unsaved = (page, self._pager.sign(head.body))
            return
        # The key was replaced in between and the head names the old one: its leaves move on.
        self._unsigned = None
        self._commit_alone(lambda unit: founding.renew_page(unit, page))

    def _begin_under(self, root_sets: Sequence[str], by: str) -> None:
        """Take in root sets in one page with what a head left behind that cannot be signed now."""
        page = self._unsigned
        head = None if page is None else self._means.store.pages.head(page)
        if head is None or head.signer == self._means.signer.key_id:
            self._sign_last()
            page = None
        else:
            self._unsigned = None

        def decide(unit: Unit) -> None:
            # Before the answers move on: no page may be of a signer that none listed so far.
            administration.follow_root_sets(unit, root_sets, by)
            if page is not None:
                founding.renew_page(unit, page)

        self._commit_alone(decide)

    def _open_after_restore(self, mark: str) -> None:
        entropy = self._means.entropy
        self._commit_alone(lambda unit: founding.restored(unit, entropy, mark))

    def _commit_alone(self, decide: Callable[[Unit], None]) -> None:
        # Not by way of `write`: that would sign the last page first, which is what cannot be done.
        with self._page() as unit:
            decide(unit)
            page = self._pager.write(unit)
        self._finish(unit, page)

    def has_due(self) -> bool:
        """Tell whether a deferred report's time has come."""
        # The wall clock, since devices mean that one; `Rounds` guards against its jumps.
        return self._next_due is not None and self._next_due <= self._means.clock.wall()

    def flush(self) -> None:
        """Store the last signature while nothing else is to do."""
        if self._shelf.unsaved is None:
            return
        # An empty page: its transaction stores the signature as it begins.
        with self._page():
            pass
        self._saved()

    def close(self) -> None:
        """Store the last signature and close the store.

        Raises:
            Problem: Of the store; the signature is made again at the next start.
        """
        try:
            self.flush()
        finally:
            # Also where the signature cannot be stored: the next start makes it again.
            self._means.store.close()

    def write(self, prepared: Sequence[Prepared]) -> list[Result]:
        """Decide commands into one page.

        Args:
            prepared: The commands, in order.

        Returns:
            For each of them its outcome, or why it was refused.

        Raises:
            Problem: Of the store: then nothing of this page happened. Of the signer: then it
                stands, and is signed before the next one.
        """
        if self._stale:
            unsaved = self._shelf.unsaved
            # What the failed page drew, numbers and epochs, exists in memory only.
            self._load()
            # A transaction that was reported as failed may be durable all the same.
            if unsaved is not None and unsaved[0] == self._unsigned:
                self._shelf.unsaved = unsaved
            self._stale = False
        if self._books is not None:
            # Where the signer failed after a commit, that page comes first: heads are signed in order.
            self._sign_last()
        with self._page() as unit:
            decided = self._decide_all(unit, prepared)
            # No rows, no page: the same report sent again costs neither a head nor a signature.
            page = None if unit.is_empty else self._pager.write(unit)
        resolve = self._finish(unit, page)
        # Made by the caller: a document that is missing fails its own command, not the page.
        return [item if isinstance(item, Problem) else _later(item, resolve) for item in decided]

    @contextmanager
    def _page(self) -> Iterator[Unit]:
        """Begin a transaction and a unit of work in it, the last signature stored first.

        Where it fails, what is in memory may be ahead of the store: it is read anew.
        """
        store, clock = self._means.store, self._means.clock
        try:
            with store.transaction():
                unsaved = self._shelf.unsaved
                if unsaved is not None:
                    # Joins the next commit: one wait for the disk instead of two. Should it be lost, the
                    # signature is made anew from the head.
                    store.pages.write_signature(*unsaved)
                yield Unit(
                    now=clock.wall(),
                    # Of a ledger not yet founded: drawn anew each time until a founding is
                    # committed.
                    books=self._books or founding.new_books(self._means.entropy, clock),
                    store=store,
                    shelf=self._shelf,
                    settings=self._means.settings,
                    test_clock=clock.is_test,
                )
        except BaseException:
            # `BaseException`: an interrupt in the middle leaves books and store just as far apart.
            self._stale = True
            raise

    def _saved(self) -> None:
        self._shelf.unsaved = None
        self._unsigned = None

    def _finish(self, unit: Unit, page: Page | None) -> Callable[[Digest], Document]:
        """Sign a committed page and return what finds documents."""
        # The transaction is durable, and with it the signature of the page before.
        self._saved()
        if page is None:
            return self._resolver({})
        # Until all of this is done, what is in memory is behind the store.
        self._stale = True
        # Only now: other threads must not verify under a root set that may be rolled back.
        self._books, self.trust = unit.books, unit.books.trust
        self._next_due = self._means.store.lookups.next_due()
        number = unit.books.page
        self._pager.committed(unit.books)
        # Signed after the commit and not before: what is signed may leave, and must be durable.
        self._unsigned = number
        value = self._pager.sign(page.body)
        # Readers find it here until the next transaction; a crash loses it, and it is made again.
        self._shelf.unsaved = (number, value)
        documents = self._pager.documents(unit, page, value)
        for made, document in documents.items():
            self._shelf.put(made, document)
        self._stale = False
        return self._resolver(documents)

    def _resolver(self, documents: dict[Digest, Document]) -> Callable[[Digest], Document]:
        def resolve(wanted: Digest) -> Document:
            # This page first: a body that was kept current has a newer signature there.
            found = documents.get(wanted) or self._shelf.get(wanted)
            if found is None:
                raise Problem("store-damaged", f"The document {wanted} is not in the ledger.")
            return found

        return resolve

    def _decide_all(self, unit: Unit, prepared: Sequence[Prepared]) -> list[Decision | Problem]:
        # Once a page: under one signer all of it is believed or none.
        stopped = self._why_stopped()
        # Nothing is opened while nothing is acknowledged: devices would not believe the head. They
        # show the lost one again with the report that they keep. Nor before the founding: no row
        # stands before that of a ledger's beginning.
        for item in prepared if stopped is None and self._books is not None else ():
            self._heed(unit, item)
        # In a second pass: an epoch that the last of them opens is that of the first one's answer
        # too.
        return [self._decide(unit, item, stopped) for item in prepared]

    def _heed(self, unit: Unit, item: Prepared) -> None:
        # A trust code in doubt may be the work of a thief; it is cleared when the report is
        # decided, and until then nothing is opened at its word.
        if isinstance(item.content, VerifiedReport) and item.content.signer.doubt is None:
            claims = item.content.claims
            heed(unit, claims.udi, claims.held.head, self._means.entropy)
        elif isinstance(item.command, commands.ShowHead):
            heed_shown(unit, item.command.head, self._means.entropy)

    def _decide(self, unit: Unit, item: Prepared, stopped: Problem | None) -> Decision | Problem:
        """Decide one command; what only concerns it does not end the page for the others.

        Raises:
            Problem: Of the store, where something of the command may be written already.
        """
        # As a problem and not decided: the device keeps its report and sends it later.
        if stopped is not None and not isinstance(item.command, _UNSIGNED_ALLOWED):
            return stopped
        # In the same page as its founding a command may stand before it: it would be a row of a
        # ledger that has not begun. After it, the first root set is pinned.
        if unit.books.trust.root_set is None and not isinstance(item.command, commands.FoundLedger):
            return Problem("store-missing", "The ledger is not founded yet.")
        try:
            decision = decide(unit, self._verified_now(unit, item))
            # A ledger under a signer that its own root set does not list could never answer anybody.
            if isinstance(item.command, commands.FoundLedger):
                self._believe_founded(unit)
        except Problem as problem:
            # Some rows of the command may be written: nothing of this page may be committed then.
            if unit.is_taking or problem.code in _STORE_PROBLEMS:
                raise
            return problem
        # Before the next is decided, which may be the same report, or want the same token.
        unit.take(decision.draft)
        return decision

    def _believe_founded(self, unit: Unit) -> None:
        books = unit.books
        try:
            self._believe(self._means.signer.chain, books.trust, books.ledger)
        except Problem:
            # Nothing was founded: what follows in this page must not be taken for what comes after.
            books.trust = founding.empty_trust(self._means.clock)
            raise

    def _why_stopped(self) -> Problem | None:
        """Return why nothing is acknowledged: under a signer that nobody would believe."""
        if self._books is None:
            return None
        try:
            self._believe(self._means.signer.chain, self.trust, self._books.ledger)
        except Problem as problem:
            return Problem("acknowledging-stopped", problem.detail, cause=problem.code)
        return None

    def _verified_now(self, unit: Unit, item: Prepared) -> Prepared:
        """Verify again what was verified under trust that has changed since."""
        # By identity: trust is replaced as a whole, and equal is not worth a comparison.
        if item.content is None or item.trust is unit.books.trust:
            return item
        build_date = self._means.settings.build_date
        return prepare(item.command, unit.books.trust, unit.now, build_date)


# Not answered to one command: the next one would meet the same full disk.
_STORE_PROBLEMS: Final = frozenset({"store-full", "store-failed"})
"""What ends a page whenever it happens; damage only ends it where something was written."""


def _later(decision: Decision, resolve: Callable[[Digest], Document]) -> Callable[[], Outcome]:
    return lambda: decision.finish(resolve)


def decide(unit: Unit, item: Prepared) -> Decision:
    """Decide one command.

    Raises:
        Problem: Where it is refused without a signed answer.
    """
    # By content first: a document is decided only in the form in which it was verified.
    match item.content:
        case VerifiedReport():
            return reports.receive(unit, item.content)
        case UnverifiableReport():
            return reports.store_apart(unit, item.content)
        case VerifiedRequest():
            return trust_requests.receive(unit, item.content)
        case VerifiedAuthorization():
            return authorizations.receive(unit, item.content)
        case None:
            pass
    return _DECIDERS[type(item.command)](unit, item.command)


_Command = TypeVar("_Command")
_Decider = Callable[[Unit, commands.Command], Decision]


def _for(
    kind: type[_Command], decider: Callable[[Unit, _Command], Decision]
) -> tuple[type, _Decider]:
    def decide_command(unit: Unit, command: commands.Command) -> Decision:
        if not isinstance(command, kind):
            # Cannot happen by the table below; it satisfies the type checker without a cast.
            raise TypeError(type(command).__name__)
        return decider(unit, command)

    return kind, decide_command


def _renew(unit: Unit, command: commands.RenewAnswer) -> Decision:
    """Give an answer again; what its signer no longer vouches for becomes a leaf of this page."""
    udi = unit.store.lookups.answered_udi(command.answers)
    # An answer that there never was: only its digest was asked for.
    if udi is None:
        raise Problem("not-found", f"There is no answer to {command.answers}.")
    draft = Draft(unit)
    plan = plan_again(draft, udi, command.answers)
    return Decision(draft=draft, finish=lambda resolve: AnswerOutcome(answer=plan.resolve(resolve)))


def _record_refusal(unit: Unit, command: commands.RecordRefusal) -> Decision:
    draft = Draft(unit)
    # Counted in memory, which a restart forgets, and here: the higher one is nearer to the truth.
    known = unit.store.lookups.refusals(command.digest, command.code)
    draft.add(
        RefusalRecorded(
            at=draft.now,
            digest=command.digest,
            code=command.code,
            detail=command.detail,
            pipe=command.pipe.value,
            path=command.path,
            account=administration.existing(unit, command.account),
            by=command.by,
            # Never lower than before: a row that counts down would read like a mistake.
            count=max(known + 1, command.count),
        )
    )
    return plain(draft, Done())


_DECIDERS: Final[Mapping[type, _Decider]] = MappingProxyType(
    dict(
        (
            _for(commands.OpenSmartAccount, administration.open_smart_account),
            _for(commands.OpenVirtualAccount, administration.open_virtual_account),
            _for(commands.SetAccountOption, administration.set_option),
            _for(commands.IssueToken, administration.issue_token),
            _for(commands.RevokeToken, administration.revoke_token),
            _for(commands.DepositOrder, administration.deposit_order),
            _for(commands.AssignPolicy, administration.assign_policy),
            _for(commands.FetchPolicy, administration.fetch_policy),
            _for(commands.RecordEvent, administration.record_event),
            _for(commands.RecordUnlisted, administration.record_unlisted),
            _for(commands.ImportRootSet, administration.import_root_set),
            _for(commands.ImportManufacturer, administration.import_manufacturer),
            _for(commands.FoundLedger, founding.found),
            _for(commands.MoveInstance, cases.move_instance),
            _for(commands.DecideCase, cases.decide_case),
            _for(commands.DecideDue, cases.decide_due),
            _for(commands.FindSilent, silence.find_silent),
            _for(commands.CloseGap, cases.close_gap),
            _for(commands.SetAuthorizations, authorization_desk.set_authorizations),
            _for(commands.IssueAuthorization, authorization_desk.issue_authorization),
            _for(commands.FetchAuthorization, authorization_desk.fetch_authorization),
            _for(commands.ReturnByHand, authorization_desk.return_by_hand),
            _for(commands.RenewAnswer, _renew),
            _for(commands.RecordRefusal, _record_refusal),
            _for(commands.ShowHead, show_head),
        )
    )
)
