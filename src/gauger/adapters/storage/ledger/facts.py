"""Loads what the ledger holds about the matter in hand."""

import sqlite3
from typing import Any, Final

from gauger.adapters.storage.ledger.connection import unpack
from gauger.adapters.storage.ledger.names import Names, account_named, split_udis, split_words
from gauger.adapters.storage.ledger.projector import Projector
from gauger.adapters.storage.ledger.requests import Requests, highest_counter, known_request
from gauger.adapters.storage.ledger.usage import ABSOLUTE, gain_before, overlaps
from gauger.core.authority.claims import Chain, Claims
from gauger.core.authority.facts import (
    MOST_RIVALS,
    InstanceFacts,
    KnownReport,
    Life,
    MemberFacts,
    ReportFacts,
    TokenFacts,
    TrustFacts,
)
from gauger.core.authority.judgement import RELEASABLE, SETTLED_AFTER
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.rows import ReportReceived, decode_row
from gauger.core.documents.trust_request import TrustRequest
from gauger.core.identity import AccountRef, Digest, Udi, digest

KNOWN_COLUMNS: Final = (
    'r.digest, r.verdict, r.code, r.detail, r.flags, a.domain, a.name, r.until, r."case",'
    " r.decided_by, r.pipes"
)
KNOWN_TABLES: Final = "reports r LEFT JOIN accounts a ON a.id = r.account"

_Row = tuple[Any, ...]


class Facts:
    """Loads facts about reports and trust requests from one connection."""

    def __init__(self, db: sqlite3.Connection, names: Names, projector: Projector) -> None:
        """Work on the connection that writes: what it wrote last, the projector knows."""
        self._db = db
        self._names = names
        self._usage_of = projector.usage
        self._lives = projector.lives

    def instance(self, udi: Udi) -> InstanceFacts | None:
        """Return what is known of a product instance, or None."""
        return self._numbered(udi)[1]

    def report(self, claims: Claims, now: int) -> ReportFacts:
        """Return what a report is judged against.

        Args:
            claims: What the report says.
            now: The authority's clock, epoch seconds.
        """
        named = claims.held.account
        account = None if named is None else self._names.account(named)
        number, instance, missed = self._numbered(claims.udi)
        tag_known = self._names.is_sold(claims.tag)
        # A device never seen has no history; a vendor's report has no chain to compare.
        if number is None or claims.chain is None:
            held = claims.chain is None or claims.chain.previous is None
            return ReportFacts(
                instance=instance,
                names_account=account is not None,
                tag_known=tag_known,
                previous_held=held,
            )
        rivals, lives = self._places(number, claims, claims.chain)
        known, before = self._held(number, claims.digest, claims.chain.previous)
        previous, previous_case = _previous(claims.chain.previous, before)
        wanted, gap_open = self._wanted(number, claims.digest) if missed else (False, False)
        settled, adds, overlapping = self._usage(number, claims, now)
        newer = self._newer_used_at(number, claims.generation, instance)
        # Signed with the old key after the new one was in use: a stolen key would look so.
        is_late = newer is not None and claims.chain.closed_at > newer
        return ReportFacts(
            instance=instance,
            names_account=account is not None,
            was_there=self._was_there(number, account, instance, named),
            known=known,
            rivals=rivals,
            previous_held=previous,
            previous_case=previous_case,
            follows_newer=newer is not None and self._follows_newer(number, claims, claims.chain),
            is_wanted=wanted,
            is_named=(is_late or adds) and self._is_named(number, claims, claims.chain),
            gap_open=gap_open,
            lives=lives,
            settled_until=settled,
            adds_to_settled=adds,
            overlaps=overlapping,
            tag_known=tag_known,
            newer_used_at=newer,
        )

    def known_report(self, udi: Udi, known: Digest, home: int = 0) -> KnownReport | None:
        """Return a report that is held, or None."""
        instance = self._names.instance(udi, home)
        return None if instance is None else self._known(instance, known)

    def trust(self, request: TrustRequest, known: Digest, token: Digest | None) -> TrustFacts:
        """Return what a trust request is judged against.

        Args:
            request: What it asks.
            known: Its digest.
            token: SHA-256 of the ID token that came with it, or None.
        """
        number, instance, _ = self._numbered(request.udi)
        return TrustFacts(
            instance=instance,
            known=known_request(self._db, Requests.TRUST, number, known),
            counter=highest_counter(self._db, Requests.TRUST, number, request.incarnation),
            token=None if token is None else self.token(token),
            key_holders=self._key_holders(request),
            members=tuple(map(self._member, request.members)),
        )

    def token(self, text_digest: Digest) -> TokenFacts | None:
        """Return an ID token by the digest of its text, or None."""
        row = self._db.execute(
            "SELECT t.id, a.domain, a.name, t.expires_at, t.uses, t.used, t.revoked"
            " FROM tokens t JOIN accounts a ON a.id = t.account WHERE t.digest = ?",
            (text_digest,),
        ).fetchone()
        return None if row is None else _token(row)

    def token_by_number(self, token: int) -> TokenFacts | None:
        """Return an ID token by its number, or None."""
        row = self._db.execute(
            "SELECT t.id, a.domain, a.name, t.expires_at, t.uses, t.used, t.revoked"
            " FROM tokens t JOIN accounts a ON a.id = t.account WHERE t.id = ?",
            (token,),
        ).fetchone()
        return None if row is None else _token(row)

    def _numbered(self, udi: Udi) -> tuple[int | None, InstanceFacts | None, int]:
        row = self._db.execute(
            "SELECT i.id, a.domain, a.name, i.provisional, i.verified, i.generation, i.members,"
            " i.root_number, i.late, i.purchase_due, i.missed, i.silent_since, i.authorization_due"
            " FROM instances i"
            " LEFT JOIN accounts a ON a.id = i.account"
            # Home 0: only the device that proved itself, never something that claims its name.
            " WHERE i.serial = ? AND i.pid = ? AND i.home = 0",
            (udi.serial, udi.pid),
        ).fetchone()
        if row is None:
            return None, None, 0
        number, domain, name, provisional, verified, generation, *rest = row
        members, root_number, late, purchase_due, missed, silent_since, due = rest
        instance = InstanceFacts(
            udi=udi,
            account=account_named(domain, name),
            provisional=bool(provisional),
            verified=bool(verified),
            generation=generation,
            members=split_udis(members),
            root_number=root_number,
            late=late,
            purchase_due=bool(purchase_due),
            silent_since=silent_since,
            authorization_due=bool(due),
        )
        return number, instance, missed

    def _was_there(
        self,
        number: int,
        account: int | None,
        instance: InstanceFacts | None,
        named: AccountRef | None,
    ) -> bool:
        # Asked only where it may matter: nearly every report names the present account.
        if account is None or instance is None or instance.account == named:
            return False
        query = "SELECT 1 FROM memberships WHERE instance = ? AND account = ?"
        return self._db.execute(query, (number, account)).fetchone() is not None

    def _known(self, instance: int, known: Digest) -> KnownReport | None:
        row = self._db.execute(
            f"SELECT {KNOWN_COLUMNS} FROM {KNOWN_TABLES} WHERE r.instance = ? AND r.digest = ?",  # noqa: S608 -- constants only
            (instance, known),
        ).fetchone()
        return None if row is None else known_report(row)

    def _places(
        self, number: int, claims: Claims, chain: Chain
    ) -> tuple[tuple[KnownReport, ...], tuple[Life, ...]]:
        """Return other reports at a place, and when this store and the newest ones lived."""
        own = self._lives.one(number, chain.incarnation)
        held = self._lives.of(number)
        if own is not None and chain.incarnation not in held:
            held = held | {chain.incarnation: own}
        lives = tuple(
            [
                Life(
                    incarnation=incarnation,
                    first_measured=row.first_measured,
                    last_measured=row.last_measured,
                    began=row.began,
                    head=row.head_page,
                )
                for incarnation, row in held.items()
            ]
        )
        # A store never seen has no reports, so nothing can stand at the place of this one.
        return () if own is None else self._rivals(number, own.id, claims, chain), lives

    def _held(
        self, instance: int, report: Digest, previous: Digest | None
    ) -> tuple[KnownReport | None, KnownReport | None]:
        """Return a report and the one before it, as far as they are held."""
        rows = self._db.execute(
            f"SELECT {KNOWN_COLUMNS} FROM {KNOWN_TABLES}"  # noqa: S608 -- constants only
            " WHERE r.instance = ? AND r.digest IN (?, ?)",
            (instance, report, previous),
        ).fetchall()
        held = {found.digest: found for found in map(known_report, rows)}
        return held.get(report), None if previous is None else held.get(previous)

    def _rivals(
        self, number: int, life: int, claims: Claims, chain: Chain
    ) -> tuple[KnownReport, ...]:
        rows = self._db.execute(
            f"SELECT {KNOWN_COLUMNS} FROM {KNOWN_TABLES} WHERE r.instance = ? AND r.life = ?"  # noqa: S608 -- constants only
            " AND r.tag = ? AND r.previous IS ? AND r.digest <> ?"
            # What was refused by itself may come again; what a person rejected holds its place.
            " AND (r.verdict <> 'rejected' OR r.decided_by IS NOT NULL)"
            # What is drawn into a case, then what leads to the open one.
            " ORDER BY r.decided_by IS NOT NULL, r.verdict = 'quarantined', r.id LIMIT ?",
            (
                number,
                life,
                self._names.tag(claims.tag),
                chain.previous,
                claims.digest,
                MOST_RIVALS + 1,
            ),
        ).fetchall()
        return tuple(map(known_report, rows))

    def _wanted(self, number: int, missing: Digest) -> tuple[bool, bool]:
        row = self._db.execute(
            "SELECT closed_at IS NULL FROM gaps WHERE instance = ? AND digest = ?",
            (number, missing),
        ).fetchone()
        return row is not None, row is not None and bool(row[0])

    def _usage(self, number: int, claims: Claims, now: int) -> tuple[int | None, bool, bool]:
        """Return what is settled, whether the report adds to it, and whether it overlaps."""
        tag = self._names.tag(claims.tag)
        timeline = self._usage_of.timelines(number, tag).get(ABSOLUTE)
        begins = claims.observed_from
        # The common case: the report goes on where the last one ended.
        if timeline is None or begins is None or begins >= timeline.observed_until:
            return None, False, False
        overlapping = overlaps(self._db, timeline.number, claims.absolute)
        settled = self._settled(number, tag, now)
        if settled is None or begins >= settled:
            return settled, False, overlapping
        return (
            settled,
            gain_before(self._db, timeline.number, claims.absolute, settled) > 0,
            overlapping,
        )

    def _settled(self, number: int, tag: int, now: int) -> int | None:
        row = self._db.execute(
            "SELECT settles FROM reports WHERE instance = ? AND tag = ? AND received_at <= ?"
            # By the time of receipt, which the device cannot choose; its own times may be back-
            # dated.
            " AND verdict = 'accepted' ORDER BY received_at DESC, id DESC LIMIT 1",
            (number, tag, now - SETTLED_AFTER),
        ).fetchone()
        return None if row is None else row[0]

    def _newer_used_at(
        self, number: int, generation: int | None, instance: InstanceFacts | None
    ) -> int | None:
        if generation is None or (instance is not None and instance.generation <= generation):
            return None  # the common case: it signed under the newest one
        row = self._db.execute(
            "SELECT min(first_used) FROM trust_codes WHERE instance = ? AND generation > ?",
            (number, generation),
        ).fetchone()
        return None if row[0] is None else int(row[0])

    def _follows_newer(self, number: int, claims: Claims, chain: Chain) -> bool:
        """Tell whether the previous report was signed under a newer trust code; asked seldom."""
        row = self._db.execute(
            "SELECT l.kind, l.body FROM reports r JOIN ledger l ON l.id = r.source"
            " WHERE r.instance = ? AND r.digest = ? AND r.verdict <> 'rejected'",
            (number, chain.previous),
        ).fetchone()
        if row is None:
            return False
        before = decode_row(row[0], unpack(row[1]))
        # From the row as it was written: the projection does not keep the generation.
        generation = before.generation if isinstance(before, ReportReceived) else None
        return (generation or 0) > (claims.generation or 0)

    def _is_named(self, number: int, claims: Claims, chain: Chain) -> bool:
        """Tell whether an accepted report of the same chain names the report as its previous."""
        row = self._db.execute(
            "SELECT 1 FROM reports r JOIN lives l ON l.id = r.life WHERE r.instance = ?1"
            " AND l.instance = ?1 AND l.incarnation = ?2 AND r.tag = ?3 AND r.previous = ?4"
            " AND r.verdict = 'accepted' LIMIT 1",
            (number, chain.incarnation, self._names.tag(claims.tag), claims.digest),
        ).fetchone()
        return row is not None

    def _key_holders(self, request: TrustRequest) -> tuple[Udi, ...]:
        rows = self._db.execute(
            "SELECT DISTINCT i.pid, i.serial FROM trust_codes c"
            " JOIN instances i ON i.id = c.instance WHERE c.key = ? LIMIT 64",
            (digest(request.public_key),),
        ).fetchall()
        # The device itself may ask again for the same key; another one holding it is a copy.
        return tuple(udi for udi in (Udi(*row) for row in rows) if udi != request.udi)

    def _member(self, udi: Udi) -> MemberFacts:
        instance = self.instance(udi)
        if instance is None:
            return MemberFacts(udi=udi)
        return MemberFacts(udi=udi, account=instance.account, generation=instance.generation)


def _previous(named: Digest | None, held: KnownReport | None) -> tuple[bool, int | None]:
    """Tell whether the previous report is held, and its case where it looked back-dated."""
    if named is None:
        return True, None
    # A report that was refused by itself is not held: it may come again, and is still missed.
    if held is None or (held.verdict is Verdict.REJECTED and held.decided_by is None):
        return False, None
    waits = held.verdict is Verdict.QUARANTINED and held.code in RELEASABLE
    return True, held.case if waits else None


def known_report(row: _Row) -> KnownReport:
    """Return the report of a row that holds ``KNOWN_COLUMNS``."""
    known, verdict, code, detail, flags, domain, name, until, case, decided_by, pipes = row
    return KnownReport(
        digest=Digest(known),
        verdict=Verdict(verdict),
        code=code,
        detail=detail,
        flags=split_words(flags),
        account=account_named(domain, name),
        until=until,
        case=case,
        decided_by=decided_by,
        pipes=split_words(pipes),
    )


def _token(row: _Row) -> TokenFacts:
    token, domain, name, expires_at, uses, used, revoked = row
    return TokenFacts(
        token=token,
        account=AccountRef(domain, name),
        expires_at=expires_at,
        uses=uses,
        used=used,
        revoked=bool(revoked),
    )
