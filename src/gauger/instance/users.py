"""Who may log in at a product instance: local users, in the sealed store.

There is none at first, and none is made by itself: a password that everybody knows would be
worse than no way in. Nothing here opens a surface; those that do ask `Users.check`.
"""

import base64
import binascii
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from gauger.core.ports import PasswordHashes
from gauger.core.problems import Problem
from gauger.instance import events
from gauger.instance.engine import Engine
from gauger.instance.memory import Draft
from gauger.instance.ports import LogEntry, Store
from gauger.instance.records import pack, unpack
from gauger.instance.views import UserSecretView, UserView

FAMILY: Final = "user"
PRIVILEGES: Final = (1, 15)
"""To look, and to do anything: the two levels that operators know."""

# All of them are read and digested for each anchor.
MOST_USERS: Final = 100
MOST_KEYS: Final = 16
KEY_TYPES: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
)

# No hyphen or dot first: such a name would pass for an option, or be hidden, elsewhere.
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_KEY_LINE: Final = 1024
_REPEAT_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRecord:
    """One user, as the store keeps it.

    Attributes:
        password: The argon2id hash.
        privilege: 1 or 15.
        keys: Public keys, each its type and its base64 text.
        changed_at: When any of it was changed, epoch seconds.
    """

    password: str
    privilege: int
    keys: tuple[str, ...] = ()
    changed_at: int = 0


class LocalUsers:
    """The users of one product instance; it fills the port `gauger.instance.ports.Users`."""

    def __init__(self, engine: Engine, passwords: PasswordHashes) -> None:
        """Take the store's engine and the slow hash."""
        self._engine = engine
        self._passwords = passwords
        self._refusals = 0
        self._last = "unknown"
        self._told: float | None = None

    def check(self, name: str, password: str) -> int:
        """Return the privilege of a user; see `ports.Users`."""
        record = self._find(name)
        # Hashed whether or not there is such a user: the time must not tell which names exist.
        kept = None if record is None else record.password
        if not self._passwords.matches(kept, password) or record is None:
            self._refused(name)
            raise Problem("unauthenticated", "Name or password is wrong.")
        return record.privilege

    def check_key(self, name: str, key: str) -> int:
        """Return the privilege of a user who proved to hold a key; see `ports.Users`."""
        record, wanted = self._find(name), _bare(key)
        if record is None or wanted is None or wanted not in record.keys:
            self._refused(name)
            raise Problem("unauthenticated", "The user has no such key.")
        return record.privilege

    def listed(self) -> tuple[UserView, ...]:
        """Return all users by name."""
        with self._engine.lock:
            found = self._engine.memory.store.records(FAMILY)
        return tuple(
            UserView(
                name=name,
                privilege=record.privilege,
                keys=record.keys,
                changed_at=record.changed_at,
            )
            for name, record in sorted((name, _read(data)) for name, data in found.items())
        )

    def add(self, name: str, password: str, privilege: int) -> None:
        """Make a user; see `ports.UserAccounts`."""
        _require_name(name)
        if privilege not in PRIVILEGES:
            raise Problem("invalid-argument", "The privilege is 1 (to look) or 15 (everything).")
        hashed = self._passwords.hash(password)
        wall = self._engine.around.clock.wall()

        def put() -> UserRecord:
            if self._find(name) is not None:
                raise Problem("conflict", f"There is a user {name}.")
            # Asked within the change: two who add at once cannot both be the hundredth.
            self._require_room(len(self.listed()))
            return UserRecord(password=hashed, privilege=privilege, changed_at=wall)

        self._change(name, put, events.user_added(wall, name, privilege))

    def put_in(self, draft: Draft, name: str, hashed: str, privilege: int) -> None:
        """Make a user, or give one another password and privilege, as part of a larger change.

        The keys of a user stay: `username` on a device says nothing of them.

        Raises:
            Problem: ``invalid-argument``; ``conflict`` where there are too many.
        """
        _require_name(name)
        wall, known = self._wall(), self._found_in(draft, name)
        if known is None:
            made = {key for key, data in draft.batch.records.items() if data is not None}
            names = {key[1] for key in made if key[0] == FAMILY}
            self._require_room(len(names.union(user.name for user in self.listed())))
            draft.log(events.user_added(wall, name, privilege))
        else:
            draft.log(events.user_changed(wall, name, "password"))
        record = known or UserRecord(password=hashed, privilege=privilege)
        changed = replace(record, password=hashed, privilege=privilege, changed_at=wall)
        draft.batch.records[FAMILY, name] = pack(changed)
        draft.batch.anchored = True

    def remove_in(self, draft: Draft, name: str) -> None:
        """Remove a user as part of a larger change.

        Raises:
            Problem: ``requested-item-not-found``.
        """
        if self._found_in(draft, name) is None:
            raise Problem("requested-item-not-found", f"There is no user {name!r}.")
        draft.batch.records[FAMILY, name] = None
        draft.batch.anchored = True
        draft.log(events.user_changed(self._wall(), name, "removed"))

    def _found_in(self, draft: Draft, name: str) -> UserRecord | None:
        # A line before may have made or removed the user.
        if (FAMILY, name) not in draft.batch.records:
            return self._find(name)
        data = draft.batch.records[FAMILY, name]
        return None if data is None else _read(data)

    def remove(self, name: str) -> None:
        """Remove a user; see `ports.UserAccounts`."""

        def remove() -> None:
            self._require(name)

        self._change(name, remove, events.user_changed(self._wall(), name, "removed"))

    def change_password(self, name: str, password: str) -> None:
        """Give a user another password; see `ports.UserAccounts`."""
        hashed = self._passwords.hash(password)
        self._alter(name, "password", lambda record: replace(record, password=hashed))

    def add_key(self, name: str, key: str) -> None:
        """Let a user log in with a key; see `ports.UserAccounts`."""
        wanted = _bare(key)
        if wanted is None:
            detail = f"A public key is one line, of one of the types {', '.join(KEY_TYPES)}."
            raise Problem("invalid-argument", detail)

        def alter(record: UserRecord) -> UserRecord:
            keys = tuple(dict.fromkeys((*record.keys, wanted)))
            if len(keys) > MOST_KEYS:
                raise Problem("conflict", f"The user has {MOST_KEYS} keys already.")
            return replace(record, keys=keys)

        self._alter(name, "key-added", alter)

    def remove_key(self, name: str, key: str) -> None:
        """Take a key from a user; see `ports.UserAccounts`."""
        wanted = _bare(key)

        def alter(record: UserRecord) -> UserRecord:
            if wanted not in record.keys:
                raise Problem("requested-item-not-found", f"The user {name} has no such key.")
            return replace(record, keys=tuple(held for held in record.keys if held != wanted))

        self._alter(name, "key-removed", alter)

    def _alter(self, name: str, what: str, alter: Callable[[UserRecord], UserRecord]) -> None:
        wall = self._wall()

        def altered() -> UserRecord:
            return replace(alter(self._require(name)), changed_at=wall)

        self._change(name, altered, events.user_changed(wall, name, what))

    def _change(self, name: str, make: Callable[[], UserRecord | None], told: LogEntry) -> None:
        """Write or remove one user and the event that says so, in one transaction."""
        # A user made in memory only would be gone at the next start, and nobody would know why.
        self._engine.require_durable()

        def act(draft: Draft) -> None:
            record = make()
            draft.batch.records[FAMILY, name] = None if record is None else pack(record)
            # The anchor holds what users there are: a store copied back brings none of them back.
            draft.batch.anchored = True
            draft.log(told)

        self._engine.change(act)

    def _find(self, name: str) -> UserRecord | None:
        if not _NAME.fullmatch(name):
            return None
        with self._engine.lock:
            data = self._engine.memory.store.record(FAMILY, name)
        return None if data is None else _read(data)

    def _require(self, name: str) -> UserRecord:
        record = self._find(name)
        if record is None:
            raise Problem("requested-item-not-found", f"There is no user {name}.")
        return record

    def tell_refusals(self, *, at_once: bool = False) -> None:
        """Write down the refusals that no line of the event log tells of yet.

        Args:
            at_once: Also within the minute, as at a stop: what is only counted ends with the process.
        """
        clock = self._engine.around.clock
        with self._engine.lock:
            now = clock.monotonic()
            is_early = self._told is not None and now - self._told < _REPEAT_SECONDS
            if not self._refusals or (is_early and not at_once):
                return
            self._told = now
            entry = events.login_refused(clock.wall(), self._last, self._refusals)
            # Who is refused is refused, also where a full disk takes no line about it: the count
            # then stays, and goes with the next one.
            with contextlib.suppress(Problem):
                self._engine.change(lambda draft: draft.log(entry))
                self._refusals = 0

    def _refused(self, name: str) -> None:
        """Count a refusal, told once a minute: guesses must not push all else out of the log."""
        # What was typed may be the password, in the wrong field: only a name that is one is told.
        known = name if self._find(name) is not None else "unknown"
        with self._engine.lock:
            self._refusals += 1
            self._last = known
        self.tell_refusals()

    def _require_room(self, count: int) -> None:
        if count >= MOST_USERS:
            raise Problem("conflict", f"There are {MOST_USERS} users already.")

    def _wall(self) -> int:
        return self._engine.around.clock.wall()


def stored_users(store: Store) -> "tuple[UserSecretView, ...]":
    """Return users by name with the hashes of their passwords, as the running configuration has."""
    return tuple(
        UserSecretView(name=name, privilege=record.privilege, secret=record.password)
        for name, record in sorted(
            (name, _read(data)) for name, data in store.records(FAMILY).items()
        )
    )


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        detail = "A user's name is 1 to 64 letters, digits, dots, hyphens and underscores."
        raise Problem("invalid-argument", detail)


def _read(data: bytes) -> UserRecord:
    return unpack(data, UserRecord)


def _bare(line: str) -> str | None:
    """Return type and text of a public key line, or None where it is none; the comment goes.

    Options before the type are refused: nobody here would obey them.
    """
    words = line.split()
    if len(line) > _KEY_LINE or len(line.splitlines()) != 1 or len(words) < 2:
        return None
    kind, text = words[0], words[1]
    try:
        blob = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # The blob names its type once more; one that says another would be read as that.
    named = len(kind).to_bytes(4, "big") + kind.encode()
    is_key = kind in KEY_TYPES and blob.startswith(named) and len(blob) > len(named) + 32
    # Without the comment, which may differ each time: keys are compared as text.
    return f"{kind} {text}" if is_key else None
