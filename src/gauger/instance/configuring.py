"""Change the configuration: what runs now, what the next boot begins with, and who may log in.

It loads with the first line of configuration that is typed.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gauger.core.problems import Problem
from gauger.instance import events
from gauger.instance.config import (
    SUPPORTED_TRANSPORTS,
    ConfigChange,
    ConfigKey,
    Configuration,
)
from gauger.instance.engine import Engine
from gauger.instance.levels import offers
from gauger.instance.memory import Draft
from gauger.instance.setting_kinds import check_hash
from gauger.instance.settings import LEVELS, apply_change
from gauger.instance.surroundings import told_by
from gauger.instance.users import PRIVILEGES, LocalUsers

HASHED: Final = "9"
"""What stands before a password that is hashed already."""

PLAIN: Final = "0"
"""What stands before a password as people know it."""


class Configuring:
    """What changes the configuration of one product instance."""

    def __init__(self, engine: Engine, users: LocalUsers) -> None:
        """Take the store's engine and its users."""
        self._engine = engine
        self._users = users

    def apply(self, changes: Sequence[ConfigChange], *, save: bool) -> None:
        """Apply all lines or none; see `ports.Operations`."""
        # Before the lock: a slow hash takes a tenth of a second, and measuring must not wait for it.
        ready = [self._with_hash(change) for change in changes]
        touches_users = any(change.key is ConfigKey.USERNAME for change in ready)
        if save or touches_users:
            self._engine.require_durable()

        def act(draft: Draft) -> None:
            before = draft.singles.configuration
            # Gathered first: a line that is refused leaves none of those before it in force.
            running = self._applied(draft, ready)
            startup = running if save else draft.singles.startup
            draft.singles = replace(
                draft.singles, configuration=running, startup=startup, told=told_by(running)
            )
            self._tell_later(draft, before, running)

        if save or touches_users:
            self._engine.change(act)
        else:
            self._engine.attempt(act)

    def _applied(self, draft: Draft, changes: Sequence[ConfigChange]) -> Configuration:
        running = draft.singles.configuration
        for change in changes:
            if change.key is ConfigKey.USERNAME:
                self._set_user(draft, change)
                continue
            running = apply_change(running, change)
            self._require_level(change)
            draft.log(events.configured(self._wall(), change.key.value))
        return running

    def _require_level(self, change: ConfigChange) -> None:
        """Refuse a licence level that the product does not have.

        Not by the table of settings: that one is the same for all products.
        """
        known = LEVELS.get(change.key)
        profile = self._engine.around.profile
        if known is None or change.value is None or offers(profile, change.value):
            return
        every = [text for level, addons in known.items() for text in _forms(level, addons)]
        offered = ", ".join(text for text in every if offers(profile, text)) or "none"
        message = (
            f"{profile.name} has no level {change.value!r} of `{change.key.value}`; "
            f"it offers: {offered}."
        )
        raise Problem("not-supported", message)

    def _tell_later(self, draft: Draft, before: Configuration, running: Configuration) -> None:
        """Tell once of a transport that this release only knows by name."""
        kind = running.transport
        if kind is not before.transport and kind not in SUPPORTED_TRANSPORTS:
            draft.log(events.transport_later(self._wall(), kind.value))

    def save(self) -> None:
        """Make the next boot begin with what runs now; see `ports.Operations`."""
        self._engine.require_durable()

        def act(draft: Draft) -> None:
            running = draft.singles.configuration
            draft.singles = replace(draft.singles, startup=running)

        self._engine.change(act)

    def erase(self) -> None:
        """Make the next boot begin with the defaults; see `ports.Operations`."""
        self._engine.require_durable()

        def act(draft: Draft) -> None:
            draft.singles = replace(draft.singles, startup=None)
            draft.log(events.configured(self._wall(), "startup-config erased"))

        self._engine.change(act)

    def check_enable(self, password: str) -> None:
        """Check the password of `enable`; see `ports.Operations`."""
        kept = self._engine.memory.singles.configuration.enable_secret
        # Hashed also where none is set: the time must not tell.
        if not self._engine.around.passwords.matches(kept, password):
            raise Problem("unauthenticated", "The password is wrong.")

    def _with_hash(self, change: ConfigChange) -> ConfigChange:
        """Return a change with the hash in the place of the password that it brings."""
        if change.value is None or change.key not in {ConfigKey.USERNAME, ConfigKey.ENABLE_SECRET}:
            return change
        privilege, kind, secret = _parts(change)
        kept = self._hash_of(kind, secret)
        value = f"{privilege} {HASHED} {kept}" if change.key is ConfigKey.USERNAME else kept
        return replace(change, value=value)

    def _hash_of(self, kind: str, secret: str) -> str:
        if kind == HASHED:
            return check_hash(secret)
        return self._engine.around.passwords.hash(secret)

    def _set_user(self, draft: Draft, change: ConfigChange) -> None:
        name = change.member or ""
        if change.value is None:
            self._users.remove_in(draft, name)
            return
        privilege, _, kept = _parts(change)
        if privilege not in map(str, PRIVILEGES):
            raise Problem("invalid-argument", "The privilege is 1 (to look) or 15 (everything).")
        self._users.put_in(draft, name, kept, int(privilege))

    def _wall(self) -> int:
        return self._engine.around.clock.wall()


def _forms(level: str, addons: Sequence[str]) -> tuple[str, ...]:
    return (level, *(f"{level} addon {addon}" for addon in addons))


def _parts(change: ConfigChange) -> tuple[str, str, str]:
    """Return privilege, form and text of a secret: ``15 0 TEXT``, without privilege for `enable`."""
    value = change.value or ""
    if change.key is ConfigKey.ENABLE_SECRET:
        value = f"15 {value}"
    privilege, kind, secret = (*value.split(" ", 2), "", "")[:3]
    return privilege, kind, secret
