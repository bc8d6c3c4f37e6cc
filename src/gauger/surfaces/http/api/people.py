"""Users, API clients and roles: of everything, of a Smart Account, of a Virtual Account."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from gauger.cssm.access import Action, CallerKind, Grant, Role
from gauger.surfaces.http.api.guard import (
    SMART,
    VIRTUAL,
    CallerDep,
    PortalDep,
    ScopeDep,
    needs,
    router,
)
from gauger.surfaces.http.api.models import (
    Given,
    Name,
    Page,
    PagingDep,
    Taken,
    Words,
)

me = router("", "users and clients")

# Not strict: JSON has neither tuples nor roles, only lists and texts. There are seven roles.
Roles = Annotated[
    tuple[Annotated[Role, Field(strict=False)], ...], Field(max_length=8, strict=False)
]
# Bounded, since a slow hash is made of it; what a good one is, is decided where it is hashed.
Password = Annotated[str, Field(max_length=256)]


class NewUser(Taken):
    """A user to add, or a known one to give roles to."""

    name: Name
    roles: Roles


class NewClient(Taken):
    """An API client to add."""

    # No name to choose: its id is random, so nobody can take that of another.
    description: Words
    roles: Roles


class RoleSet(Taken):
    """The roles that someone holds from now on, for exactly the account of the path."""

    roles: Roles


class PasswordChange(Taken):
    """The old password proves who asks."""

    old: Password
    new: Password


class Secret(Given):
    """A secret that is shown this one time; null for a user that was known already."""

    name: str
    secret: str | None


class GrantGiven(Given):
    """A role and the account it is for."""

    role: Role
    smart_account: str | None
    virtual_account: str | None


class MemberGiven(Given):
    """A user or client with its roles within the account of the path."""

    kind: CallerKind
    name: str
    roles: list[GrantGiven]


@me.get("/me", openapi_extra=needs(Action.SELF))
def show_me(caller: CallerDep) -> MemberGiven:
    """Show who calls, with all roles."""
    return MemberGiven(kind=caller.kind, name=caller.name, roles=_roles(caller.grants))


# Nobody's name in it: whose password is changed follows from the token alone.
@me.post("/me/password", status_code=204, openapi_extra=needs(Action.SELF))
def change_password(body: PasswordChange, portal: PortalDep, caller: CallerDep) -> None:
    """Change one's own password; every session ends."""
    portal.people.change_password(caller, old=body.old, new=body.new)


def list_members(portal: PortalDep, scope: ScopeDep, paging: PagingDep) -> Page[MemberGiven]:
    """List who holds roles for the account or within it."""
    rows = portal.people.members(scope, after=paging.after, limit=paging.limit)
    found = [MemberGiven(kind=row.kind, name=row.name, roles=_roles(row.grants)) for row in rows]
    # With the kind: a user and a client may have one name, and a page may end between them.
    last = f"{rows[-1].kind}:{rows[-1].name}" if len(rows) == paging.limit else None
    return Page[MemberGiven](items=found, next=last)


def add_user(body: NewUser, portal: PortalDep, caller: CallerDep, scope: ScopeDep) -> Secret:
    """Add a user with roles for the account; a new one gets a one-time password."""
    made = portal.people.add_user(caller, body.name, scope=scope, roles=body.roles)
    return Secret.model_validate(made)


def reset_password(name: str, portal: PortalDep, caller: CallerDep) -> Secret:
    """Give a user a one-time password in place of a lost one."""
    # The path's account only opens the door. Whether the caller stands above all roles of that
    # user, also elsewhere, is asked behind it: a new password is a way to become them.
    return Secret.model_validate(portal.people.reset_password(caller, name))


def add_client(body: NewClient, portal: PortalDep, caller: CallerDep, scope: ScopeDep) -> Secret:
    """Add an API client with roles for the account; its secret is shown this one time."""
    made = portal.people.add_client(caller, body.description, scope=scope, roles=body.roles)
    return Secret.model_validate(made)


def remove_client(name: str, portal: PortalDep, caller: CallerDep) -> None:
    """Remove an API client; its sessions end at once."""
    # Likewise judged by all that it may do, wherever.
    portal.people.remove_client(caller, name)


def set_user_roles(
    name: str, body: RoleSet, portal: PortalDep, *, caller: CallerDep, scope: ScopeDep
) -> None:
    """Replace the roles that a user holds for exactly this account; effective at once."""
    portal.people.set_roles(caller, CallerKind.USER, name, scope=scope, roles=body.roles)


def set_client_roles(
    name: str, body: RoleSet, portal: PortalDep, *, caller: CallerDep, scope: ScopeDep
) -> None:
    """Replace the roles that a client holds for exactly this account; effective at once."""
    portal.people.set_roles(caller, CallerKind.CLIENT, name, scope=scope, roles=body.roles)


def _roles(grants: tuple[Grant, ...]) -> list[GrantGiven]:
    return [
        GrantGiven(
            role=one.role,
            smart_account=one.scope.smart_account,
            virtual_account=one.scope.virtual_account,
        )
        for one in grants
    ]


def _people_of(prefix: str, action: Action) -> APIRouter:
    """Return the same routes for one kind of account."""
    # Made thrice from one list: a route that only two of them had would be a way around a role.
    found = router(prefix, "users and clients")
    extra = needs(action)
    found.get("/members", openapi_extra=extra)(list_members)
    found.post("/users", status_code=201, openapi_extra=extra)(add_user)
    found.post("/users/{name}/password", openapi_extra=extra)(reset_password)
    found.put("/users/{name}/roles", status_code=204, openapi_extra=extra)(set_user_roles)
    found.post("/clients", status_code=201, openapi_extra=extra)(add_client)
    found.delete("/clients/{name}", status_code=204, openapi_extra=extra)(remove_client)
    found.put("/clients/{name}/roles", status_code=204, openapi_extra=extra)(set_client_roles)
    return found


top = _people_of("", Action.OPERATE)
smart = _people_of(SMART, Action.MANAGE_PEOPLE)
virtual = _people_of(VIRTUAL, Action.MANAGE_PEOPLE)
