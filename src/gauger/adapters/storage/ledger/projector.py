"""Brings the projections up to date with a row: the same code when it is written and replayed."""

import json
import sqlite3
from collections.abc import Callable
from typing import Final, TypeVar

from gauger.adapters.storage.ledger.lives import Lives
from gauger.adapters.storage.ledger.names import Names
from gauger.adapters.storage.ledger.project_authorizations import AuthorizationProjector
from gauger.adapters.storage.ledger.project_devices import DeviceProjector
from gauger.adapters.storage.ledger.usage import Usage
from gauger.core.authority import authorization_rows as codes
from gauger.core.authority import rows
from gauger.core.authority.events import Event, describe
from gauger.core.authority.row import Row
from gauger.core.identity import Udi

_Row = TypeVar("_Row", bound=Row)
_Handler = Callable[[Row, int], None]


class Projector:
    """Applies rows, one after another, to the projections of one connection."""

    def __init__(self, db: sqlite3.Connection, names: Names) -> None:
        """Work on a connection."""
        self._db = db
        self._names = names
        self.usage = Usage(db)
        self.lives = Lives(db)
        devices = DeviceProjector(db, names, self.usage, self.lives)
        self.forget: Final = devices.forget
        authorizations = AuthorizationProjector(db, names)
        self._handlers: Final[dict[str, _Handler]] = dict(
            (
                _on(rows.LedgerOpened, self._ledger),
                _on(rows.EpochOpened, self._epoch),
                _on(rows.HeadAbandoned, self._abandoned),
                _on(rows.RootSetTaken, self._root_set),
                _on(rows.ManufacturerTaken, self._manufacturer),
                _on(rows.SmartAccountOpened, self._smart_account),
                _on(rows.VirtualAccountOpened, self._virtual_account),
                _on(rows.AccountOptionSet, self._option),
                _on(rows.TokenIssued, self._token),
                _on(rows.TokenRevoked, self._token_revoked),
                _on(rows.TokenUsed, self._token_used),
                _on(rows.OrderDeposited, self._order),
                _on(rows.PolicyAssigned, self._policy),
                _on(rows.PolicyIssued, self._policy_document),
                _on(rows.RefusalRecorded, self._refusal),
                _on(rows.InstanceDocumentIssued, devices.document),
                _on(rows.InstanceAssigned, devices.assign),
                _on(rows.ReportReceived, devices.report),
                _on(rows.ReportSeen, devices.seen),
                _on(rows.ReportDecided, devices.decide),
                _on(rows.CaseOpened, devices.open_case),
                _on(rows.CaseClosed, devices.close_case),
                _on(rows.GapOpened, devices.open_gap),
                _on(rows.GapClosed, devices.close_gap),
                _on(rows.GapOverdue, devices.alert_gap),
                _on(rows.InstanceSilent, devices.silent),
                _on(rows.InstanceHeard, devices.heard),
                _on(rows.TrustRequestReceived, devices.trust_request),
                _on(rows.TrustCodeIssued, devices.trust_code),
                _on(codes.AuthorizationsSet, authorizations.pool),
                _on(codes.AuthorizationReceived, authorizations.received),
                _on(codes.AuthorizationIssued, authorizations.issued),
                _on(codes.AuthorizationAdopted, authorizations.adopted),
                _on(codes.AuthorizationConfirmed, authorizations.confirmed),
                _on(codes.AuthorizationReturned, authorizations.returned),
                _on(codes.AuthorizationMisused, authorizations.misused),
            )
        )

    def apply(self, row: Row, source: int) -> None:
        """Bring the projections up to date with one row.

        Args:
            row: The row.
            source: Its id in the ledger.
        """
        # Some rows are only history: they stand in the ledger and change no projection.
        handler = self._handlers.get(row.KIND)
        if handler is not None:
            handler(row, source)
        # From the row and nothing else, so that a replay writes the same event log.
        event = describe(row)
        if event is not None:
            self._event(event, row.at, source)

    def _event(self, event: Event, at: int, source: int) -> None:
        account = None if event.account is None else self._names.account(event.account)
        self._db.execute(
            "INSERT INTO events (source, at, kind, domain, account, subject, detail, by)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (source, at, event.kind, event.domain, account, event.subject, event.detail, event.by),
        )

    def _state(self, name: str, value: str | int) -> None:
        self._db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))

    def _ledger(self, row: rows.LedgerOpened, _: int) -> None:
        self._state("ledger", row.ledger)

    def _epoch(self, row: rows.EpochOpened, _: int) -> None:
        self._state("epoch", row.number)
        self._state("epoch-id", row.epoch)
        for head in row.abandons:
            # -1: this row names no page; what a device shows of it later brings the number.
            self._db.execute("INSERT OR IGNORE INTO abandoned VALUES (?, -1)", (head,))

    def _abandoned(self, row: rows.HeadAbandoned, _: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO abandoned VALUES (?, ?)", (row.head, row.page))

    def _root_set(self, row: rows.RootSetTaken, _: int) -> None:
        values = (row.number, row.epoch, row.document)
        # No REPLACE: a second root set of one number is a fork, and the store refuses it.
        self._db.execute("INSERT INTO root_sets VALUES (?, ?, ?)", values)

    def _manufacturer(self, row: rows.ManufacturerTaken, _: int) -> None:
        values = (row.name, row.file, row.at)
        self._db.execute("INSERT OR REPLACE INTO manufacturers VALUES (?, ?, ?)", values)

    def _smart_account(self, row: rows.SmartAccountOpened, _: int) -> None:
        values = (row.domain, row.name, row.at)
        self._db.execute(
            "INSERT INTO smart_accounts (domain, name, opened_at) VALUES (?, ?, ?)", values
        )

    def _virtual_account(self, row: rows.VirtualAccountOpened, _: int) -> None:
        account = row.account
        self._db.execute(
            "INSERT INTO accounts (domain, name, description, opened_at) VALUES (?, ?, ?, ?)",
            (account.smart_account, account.virtual_account, row.description, row.at),
        )
        self._db.execute(
            "UPDATE smart_accounts SET virtual_accounts = virtual_accounts + 1 WHERE domain = ?",
            (account.smart_account,),
        )

    def _option(self, row: rows.AccountOptionSet, _: int) -> None:
        self._db.execute(
            "UPDATE accounts SET count_unverified = ? WHERE id = ?",
            (row.value, self._names.require_account(row.account)),
        )

    def _token(self, row: rows.TokenIssued, _: int) -> None:
        self._db.execute(
            "INSERT INTO tokens (id, digest, account, hint, description, issued_at, expires_at,"
            " uses, export_controlled, by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.token,
                row.digest,
                self._names.require_account(row.account),
                row.hint,
                row.description,
                row.at,
                row.expires_at,
                row.uses,
                row.export_controlled,
                row.by,
            ),
        )

    def _token_revoked(self, row: rows.TokenRevoked, _: int) -> None:
        self._db.execute("UPDATE tokens SET revoked = 1 WHERE id = ?", (row.token,))

    def _token_used(self, row: rows.TokenUsed, _: int) -> None:
        self._db.execute("UPDATE tokens SET used = used + 1 WHERE id = ?", (row.token,))

    def _order(self, row: rows.OrderDeposited, _: int) -> None:
        account = self._names.require_account(row.account)
        cursor = self._db.execute(
            "INSERT INTO orders (account, number, deposited_at, by) VALUES (?, ?, ?, ?)",
            (account, row.number, row.at, row.by),
        )
        order = int(cursor.lastrowid or 0)
        for line in row.lines:
            tag = self._names.name_tag(line.tag, line.name)
            self._db.execute(
                'INSERT INTO order_lines (deposit, account, tag, name, quantity, term, start, "end")'
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    order,
                    account,
                    tag,
                    line.name,
                    line.quantity,
                    line.term,
                    line.start,
                    line.end,
                ),
            )
        self._order_devices(order, row.devices, row.at)

    def _order_devices(self, order: int, devices: tuple[Udi, ...], at: int) -> None:
        numbers = [self._names.make_instance(udi, at) for udi in devices]
        self._db.executemany(
            "INSERT OR IGNORE INTO order_devices VALUES (?, ?)",
            [(order, number) for number in numbers],
        )

    def _policy(self, row: rows.PolicyAssigned, _: int) -> None:
        scope = policy_scope(row.smart_account, row.virtual_account)
        self._db.execute(
            "INSERT OR REPLACE INTO policies VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                scope,
                row.assignment,
                row.name,
                row.ack_required,
                json.dumps(row.rules),
                row.at,
                row.by,
            ),
        )
        self._db.execute(
            "INSERT INTO state VALUES ('assignment', ?)"
            " ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
            (row.assignment,),
        )

    def _policy_document(self, row: rows.PolicyIssued, _: int) -> None:
        order = row.order
        self._db.execute(
            "INSERT OR REPLACE INTO policy_documents VALUES (?, ?, ?, ?, ?, ?)",
            (
                self._names.require_account(row.account),
                row.assignment,
                order.root_epoch,
                order.ledger_epoch,
                order.version,
                row.document,
            ),
        )
        raise_version(self._db, order.version)

    def _refusal(self, row: rows.RefusalRecorded, _: int) -> None:
        self._db.execute(
            "INSERT INTO refusals VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            # The row says how often in all, so a replay of the same row adds nothing.
            " SET count = excluded.count, last_at = excluded.last_at",
            (row.digest, row.code, row.count, row.at, row.at),
        )


def raise_version(db: sqlite3.Connection, version: int) -> None:
    """Note the highest version that a document of this ledger has."""
    db.execute(
        # Never down: a version that is given out twice is a conflict on every device that saw both.
        "INSERT INTO state VALUES ('version', ?)"
        " ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
        (version,),
    )


def policy_scope(smart_account: str | None, virtual_account: str | None) -> str:
    """Return the key of a policy's scope: '' for all, a domain, or domain/name."""
    if smart_account is None:
        return ""
    # A domain holds no slash, so no two scopes share a key.
    return smart_account if virtual_account is None else f"{smart_account}/{virtual_account}"


def _on(kind: type[_Row], handler: Callable[[_Row, int], None]) -> tuple[str, _Handler]:
    def handle(row: Row, source: int) -> None:
        # The type checker's proof; a row is found by the kind that its class states.
        if isinstance(row, kind):
            handler(row, source)

    return kind.KIND, handle
