"""Users, API clients and their roles; whoever changes them is checked and audited."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gauger.core.ports import PasswordHashes
from gauger.core.problems import Problem
from gauger.cssm.access import Action, Caller, CallerKind, Grant, Role, Scope
from gauger.cssm.local import ADMINISTRATOR
from gauger.cssm.means import Means
from gauger.cssm.ports import Client, Member, PeopleStore, User
from gauger.cssm.secrets import new_id, new_secret, secret_digest

_NAME: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSecret:
    """A secret that is shown this one time.

    Attributes:
        name: Whose it is: a user's name or a client's id.
        secret: Its text; null for a user that had a password already.
    """

    name: str
    secret: str | None


class People:
    """Use cases on users, clients and roles."""

    def __init__(self, store: PeopleStore, means: Means, passwords: PasswordHashes) -> None:
        """Put the parts together."""
        self._store = store
        self._audit = means.audit
        self._clock = means.clock
        self._throttle = means.throttle
        self._entropy = means.entropy
        self._passwords = passwords

    def add_user(
        self, caller: Caller, name: str, *, scope: Scope, roles: Iterable[Role]
    ) -> NewSecret:
        """Add a user with roles in a scope, or give a known user these roles.

        Returns:
            The one-time password of a new user, who must change it at the first log-in.

        Raises:
            Problem: ``invalid-argument``, ``forbidden`` or ``not-found``.
        """
        grants = tuple(Grant(role=role, scope=scope) for role in roles)
        caller.authorise_grants(grants)
        _check_name(name)
        # One person works for several accounts: the password is theirs, and stays.
        if self._store.user(name) is not None:
            # Of this scope only: roles elsewhere are neither read nor changed by an administrator
            # of this one.
            kept = [one for one in self._store.grants(CallerKind.USER, name) if one.scope == scope]
            self._set_grants(caller, CallerKind.USER, name, scope=scope, grants=(*kept, *grants))
            return NewSecret(name=name, secret=None)
        password = new_secret(self._entropy)
        hashed = self._passwords.hash(password)
        now = self._clock.wall()
        user = User(name=name, password=hashed, must_change=True, created_at=now)
        self._store.add_user(user, grants)
        self._changed("user-added", name, f"Roles: {_text(grants)}.", caller=caller)
        return NewSecret(name=name, secret=password)

    def reset_password(self, caller: Caller, name: str) -> NewSecret:
        """Give a user a one-time password in place of a lost one.

        Only who may grant everything that the user may do can do this, otherwise it would be a
        way to become them.

        Raises:
            Problem: ``not-found`` or ``forbidden``.
        """
        known = self._store.user(name) is not None
        self._authorise_over(caller, CallerKind.USER, name, known=known)
        password = new_secret(self._entropy)
        self._store.set_password(name, self._passwords.hash(password), must_change=True)
        self._changed("user-password-reset", name, "A one-time password was made.", caller=caller)
        return NewSecret(name=name, secret=password)

    def change_password(self, caller: Caller, *, old: str, new: str) -> None:
        """Change one's own password; every session of it ends.

        Raises:
            Problem: ``forbidden`` where the old one is wrong or the caller is no user;
                ``invalid-argument`` for a new one that is not acceptable;
                ``too-many-requests`` after wrong old ones.
        """
        user = self._store.user(caller.name) if caller.kind is CallerKind.USER else None
        if user is None:
            raise Problem("forbidden", "An API client has no password.")
        # By name, not by address: with a session that was stolen nobody may try passwords.
        with self._throttle.guess(str(caller), secret_digest(old)) as guess:
            if not self._passwords.matches(user.password, old):
                guess.wrong()
                raise Problem("forbidden", "The old password is wrong.")
        if old == new:
            raise Problem("invalid-argument", "The new password is the old one.")
        self._store.set_password(user.name, self._passwords.hash(new), must_change=False)
        self._changed("user-password-changed", user.name, "By its owner.", caller=caller)

    def add_client(
        self, caller: Caller, description: str, *, scope: Scope, roles: Iterable[Role]
    ) -> NewSecret:
        """Add an API client with roles in a scope.

        Returns:
            Its id and its secret, which is shown this one time.

        Raises:
            Problem: ``invalid-argument``, ``forbidden`` or ``not-found``.
        """
        grants = tuple(Grant(role=role, scope=scope) for role in roles)
        caller.authorise_grants(grants)
        made = NewSecret(name=new_id(self._entropy), secret=new_secret(self._entropy))
        self._insert_client(made, description, grants)
        self._changed("client-added", made.name, f"Roles: {_text(grants)}.", caller=caller)
        return made

    def remove_client(self, caller: Caller, client_id: str) -> None:
        """Remove an API client; its sessions end at once.

        Raises:
            Problem: ``not-found``; ``forbidden`` where it holds roles beyond the caller's own.
        """
        # The host's own client is not there for whoever comes through the network.
        known = self._store.client(client_id) is not None and client_id != ADMINISTRATOR
        self._authorise_over(caller, CallerKind.CLIENT, client_id, known=known)
        self._store.remove_client(client_id)
        self._changed("client-removed", client_id, "Its sessions ended.", caller=caller)

    def set_roles(
        self, caller: Caller, kind: CallerKind, name: str, *, scope: Scope, roles: Iterable[Role]
    ) -> None:
        """Replace the roles that someone holds for exactly one scope; effective at once.

        Raises:
            Problem: ``not-found`` where the caller reaches no such person or program; ``forbidden``
                where a role given or taken goes beyond the caller's own.
        """
        held = self._store.grants(kind, name)
        # Somebody without any role is nobody's here: `add_user` gives a user the first.
        if name == ADMINISTRATOR or not any(caller.reaches(one.scope) for one in held):
            raise _no_such(kind, name)
        here = [one for one in held if one.scope == scope]
        grants = tuple(Grant(role=role, scope=scope) for role in roles)
        # What is taken away counts like what is given: nobody demotes those above.
        caller.authorise_grants([*here, *grants])
        # Once more for empty lists, which the line before has no word on.
        caller.authorise(Action.MANAGE_PEOPLE, scope)
        self._set_grants(caller, kind, name, scope=scope, grants=grants)

    def members(self, scope: Scope, *, after: str, limit: int) -> Sequence[Member]:
        """List who holds roles for a scope or within it."""
        return self._store.members(scope, after=after, limit=limit)

    def reset_administrator(self, by: str) -> NewSecret:
        """Make a new secret for the host's own client, or the client itself; the old one ends."""
        made = NewSecret(name=ADMINISTRATOR, secret=new_secret(self._entropy))
        secret = made.secret or ""
        if self._store.client(ADMINISTRATOR) is None:
            self._insert_client(
                made, "The portal's host", (Grant(role=Role.OPERATOR, scope=Scope()),)
            )
        else:
            self._store.set_client_secret(ADMINISTRATOR, secret_digest(secret))
        self._audit.change("administrator-reset", ADMINISTRATOR, "A new secret was made.", by=by)
        return made

    def _authorise_over(self, caller: Caller, kind: CallerKind, name: str, *, known: bool) -> None:
        """Refuse power over someone who may do more than the caller.

        Raises:
            Problem: ``not-found`` where the caller reaches no such person or program, without a
                word on other accounts; ``forbidden`` where some of their roles are out of reach.
        """
        held = self._store.grants(kind, name)
        everywhere = caller.may(Action.OPERATE, Scope())
        if not known or not (everywhere or any(caller.reaches(one.scope) for one in held)):
            raise _no_such(kind, name)
        if not all(caller.may_grant(one) for one in held):
            raise Problem("forbidden", f"{name} holds roles beyond those that you may grant.")

    def _insert_client(self, made: NewSecret, description: str, grants: tuple[Grant, ...]) -> None:
        client = Client(
            client_id=made.name,
            secret=secret_digest(made.secret or ""),
            description=description,
            created_at=self._clock.wall(),
        )
        self._store.add_client(client, grants)

    def _set_grants(
        self,
        caller: Caller,
        kind: CallerKind,
        name: str,
        *,
        scope: Scope,
        grants: tuple[Grant, ...],
    ) -> None:
        self._store.set_grants(kind, name, scope=scope, grants=grants)
        detail = f"Roles for {scope} are now: {_text(grants) or 'none'}."
        self._changed("roles-changed", f"{kind.value}:{name}", detail, caller=caller)

    def _changed(self, kind: str, subject: str, detail: str, *, caller: Caller) -> None:
        self._audit.change(kind, subject, detail, by=str(caller))


def _no_such(kind: CallerKind, name: str) -> Problem:
    return Problem("not-found", f"There is no {kind.value} {name[:64]!r} in your reach.")


def _check_name(name: str) -> None:
    # What looks like another's name in a list would get that other's roles by mistake.
    is_plain = name.isprintable() and name.strip() == name
    # No slash: a name stands in the path of the routes that give it roles and a new password.
    if not 1 <= len(name) <= _NAME or not is_plain or "/" in name:
        form = f"1 to {_NAME} printable characters, no slash, and no blank at its ends"
        message = f"A user's name has {form}."
        raise Problem("invalid-argument", message)


def _text(grants: Iterable[Grant]) -> str:
    return ", ".join(sorted({f"{one.role.value} of {one.scope}" for one in grants}))
