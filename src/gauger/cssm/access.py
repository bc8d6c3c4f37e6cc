"""Who may do what: roles as published, the actions of the portal, and the rule between them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gauger.core.identity import AccountRef
from gauger.core.problems import Problem


class Role(StrEnum):
    """The published roles of accounts, and the vendor's own operator of the portal."""

    SMART_ADMINISTRATOR = "Smart Account Administrator"
    SMART_USER = "Smart Account User"
    SMART_VIEWER = "Smart Account Viewer"
    VIRTUAL_ADMINISTRATOR = "Virtual Account Administrator"
    VIRTUAL_USER = "Virtual Account User"
    VIRTUAL_VIEWER = "Virtual Account Viewer"
    OPERATOR = "Vendor Operator"


class Action(StrEnum):
    """What a route does, as far as permission is concerned."""

    SELF = "self"
    """Read one's own name and roles, change one's own password, read the public ledger."""
    LIST = "list"
    """List accounts; the answer holds only those in reach."""
    BROWSE = "browse"
    """List what lies within an account; the answer holds only what is in reach."""
    VIEW = "view"
    USE = "use"
    """Make and revoke ID tokens, upload usage."""
    MANAGE = "manage"
    """Policies, options, cases, moves of one Virtual Account."""
    MANAGE_PEOPLE = "manage-people"
    """Users, roles and API clients of an account."""
    DEPOSIT = "deposit"
    """Deposit an order."""
    VIEW_SMART = "view-smart"
    """What concerns a whole Smart Account."""
    MANAGE_SMART = "manage-smart"
    """Virtual Accounts and the policy of a whole Smart Account."""
    OPERATE = "operate"
    """Smart Accounts, vendor-wide policy and events."""


# BROWSE is not among them: what it lets see is decided by reach, not by role.
_SMART_VIEW: Final = frozenset({Action.SELF, Action.LIST, Action.VIEW, Action.VIEW_SMART})
_VIRTUAL_VIEW: Final = frozenset({Action.SELF, Action.LIST, Action.VIEW})
_ADMINISTER: Final = frozenset({Action.USE, Action.MANAGE, Action.MANAGE_PEOPLE})

PERMITTED: Final[Mapping[Role, frozenset[Action]]] = MappingProxyType(
    {
        Role.SMART_VIEWER: _SMART_VIEW,
        Role.SMART_USER: _SMART_VIEW | {Action.USE},
        Role.SMART_ADMINISTRATOR: _SMART_VIEW | _ADMINISTER | {Action.DEPOSIT, Action.MANAGE_SMART},
        Role.VIRTUAL_VIEWER: _VIRTUAL_VIEW,
        Role.VIRTUAL_USER: _VIRTUAL_VIEW | {Action.USE},
        Role.VIRTUAL_ADMINISTRATOR: _VIRTUAL_VIEW | _ADMINISTER,
        # All there are, those of later releases too: the vendor locks itself out of nothing.
        Role.OPERATOR: frozenset(Action),
    }
)
"""What each role may do within the account that it is granted for."""

WITHOUT_ROLE: Final = frozenset({Action.SELF, Action.LIST})
"""What whoever has proven who they are may do."""

_VIRTUAL_ROLES: Final = frozenset(
    {Role.VIRTUAL_ADMINISTRATOR, Role.VIRTUAL_USER, Role.VIRTUAL_VIEWER}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a route speaks of: everything, a Smart Account, or one Virtual Account of it."""

    smart_account: str | None = None
    virtual_account: str | None = None

    @classmethod
    def of(cls, account: AccountRef) -> "Scope":
        """Return the scope of one Virtual Account."""
        return cls(
            smart_account=account.smart_account,
            virtual_account=account.virtual_account,
        )

    def covers(self, other: "Scope") -> bool:
        """Whether the other scope lies within this one."""
        # No name is every name. So a scope made of a path must hold all the names of that path.
        return self.smart_account in (None, other.smart_account) and (
            self.virtual_account in (None, other.virtual_account)
        )

    def __str__(self) -> str:
        names = [name for name in (self.smart_account, self.virtual_account) if name is not None]
        return "/".join(names) or "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role and the account it is for.

    Raises:
        Problem: ``invalid-argument`` where role and account do not go together.
    """

    role: Role
    scope: Scope

    def __post_init__(self) -> None:
        # A viewer of everything or an operator of one site would be told as one thing and be
        # another.
        wanted = (self.role is not Role.OPERATOR, self.role in _VIRTUAL_ROLES)
        given = (self.scope.smart_account is not None, self.scope.virtual_account is not None)
        if wanted != given:
            kinds = {
                (False, False): "no account",
                (True, False): "a Smart Account and no Virtual Account",
                (True, True): "a Smart Account and a Virtual Account",
            }
            message = f"The role {self.role.value!r} is granted for {kinds[wanted]}."
            raise Problem("invalid-argument", message)

    def permits(self, action: Action, scope: Scope) -> bool:
        """Whether this grant alone permits the action in that scope."""
        return action in PERMITTED[self.role] and self.scope.covers(scope)


class CallerKind(StrEnum):
    """Whether a person or a program calls."""

    USER = "user"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, with the roles held at this request."""

    kind: CallerKind
    name: str
    grants: tuple[Grant, ...]

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.name}"

    def may(self, action: Action, scope: Scope) -> bool:
        """Whether any grant permits the action in that scope."""
        # Also behind a one-time password: whoever may do nothing else must be able to change it.
        if action in WITHOUT_ROLE:
            return True
        if action is Action.BROWSE:
            return self.reaches(scope)
        return any(grant.permits(action, scope) for grant in self.grants)

    def reaches(self, scope: Scope) -> bool:
        """Whether the caller has any role within which the scope lies, or which lies within it.

        A Smart Account is in reach of who holds a role for one of its Virtual Accounts; another
        Virtual Account of it is not.
        """
        return any(grant.scope.covers(scope) or scope.covers(grant.scope) for grant in self.grants)

    def authorise(self, action: Action, scope: Scope) -> None:
        """Refuse what no role of the caller permits.

        Raises:
            Problem: ``not-found`` where the account is out of the caller's reach, so that nobody
                learns which accounts exist; ``forbidden`` where only the role is missing.
        """
        if self.may(action, scope):
            return
        # That there is a portal is no secret: only accounts are hidden behind `not-found`.
        if scope != Scope() and not self.reaches(scope):
            raise Problem("not-found", f"There is no account {scope} in reach of {self.name}.")
        message = f"No role of {self.name} permits {action.value!r} for {scope}."
        raise Problem("forbidden", message)

    def may_grant(self, grant: Grant) -> bool:
        """Whether the caller may manage people there and do all that the role permits."""
        # Nobody makes somebody mightier than themselves, nor hands on what was not given to hand
        # on.
        wanted = PERMITTED[grant.role] | {Action.MANAGE_PEOPLE}
        return all(self.may(action, grant.scope) for action in wanted)

    def authorise_grants(self, grants: Iterable[Grant]) -> None:
        """Refuse the granting or taking away of roles that go beyond the caller's own.

        Raises:
            Problem: ``not-found`` or ``forbidden``, as `authorise` says.
        """
        for grant in grants:
            self.authorise(Action.MANAGE_PEOPLE, grant.scope)
            if not self.may_grant(grant):
                message = f"No role of {self.name} permits to grant {grant.role.value!r}."
                raise Problem("forbidden", message)
