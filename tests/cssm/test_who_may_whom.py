"""Who may add, change and remove whom: every administrator against every role."""

import pytest

from gauger.core.problems import Problem
from gauger.cssm.access import Caller, CallerKind, Role, Scope
from gauger.cssm.local import ADMINISTRATOR
from tests.cssm.parts import A1, A2, EVERYTHING, OPERATOR, A, B, Office, caller

SMART = caller((Role.SMART_ADMINISTRATOR, A), name="smart")
VIRTUAL = caller((Role.VIRTUAL_ADMINISTRATOR, A1), name="virtual")
USER = caller((Role.SMART_USER, A), name="user")
FOREIGN = caller((Role.SMART_ADMINISTRATOR, B), name="foreign")
SMART_ROLES = (Role.SMART_ADMINISTRATOR, Role.SMART_USER, Role.SMART_VIEWER)
VIRTUAL_ROLES = (Role.VIRTUAL_ADMINISTRATOR, Role.VIRTUAL_USER, Role.VIRTUAL_VIEWER)
CALLERS = {
    "operator": (OPERATOR, {EVERYTHING: "", A: "", A1: "", A2: ""}),
    "smart": (SMART, {EVERYTHING: "forbidden", A: "", A1: "", A2: ""}),
    "virtual": (VIRTUAL, {EVERYTHING: "forbidden", A: "forbidden", A1: "", A2: "not-found"}),
    "user": (USER, dict.fromkeys((EVERYTHING, A, A1, A2), "forbidden")),
    "foreign": (
        FOREIGN,
        {EVERYTHING: "forbidden", A: "not-found", A1: "not-found", A2: "not-found"},
    ),
}
WHERE = [
    (name, scope, role)
    for name in CALLERS
    for scope, roles in (
        (EVERYTHING, (Role.OPERATOR,)),
        (A, SMART_ROLES),
        (A1, VIRTUAL_ROLES),
        (A2, VIRTUAL_ROLES),
    )
    for role in roles
]
everyone = pytest.mark.parametrize(
    ("name", "scope", "role"), WHERE, ids=[f"{n}-{r.name}-{s}" for n, s, r in WHERE]
)


def outcome(code: str) -> "pytest.RaisesExc[Problem] | None":
    return pytest.raises(Problem, match=f"^{code}:") if code else None


@pytest.mark.requirement("SSM-3")
@everyone
def test_a_client_is_added_only_with_roles_that_one_may_grant(
    office: Office, name: str, scope: Scope, role: Role
) -> None:
    who, table = CALLERS[name]
    expected = outcome(table[scope])
    if expected is None:
        made = office.people.add_client(who, "script", scope=scope, roles=[role])
        held = office.store.grants(CallerKind.CLIENT, made.name)
        assert [(one.role, one.scope) for one in held] == [(role, scope)]
        return
    with expected:
        office.people.add_client(who, "script", scope=scope, roles=[role])
    assert office.people.members(EVERYTHING, after="", limit=10) == []
    assert office.authority.events == []


@everyone
def test_a_client_is_removed_only_by_who_may_grant_all_that_it_holds(
    office: Office, name: str, scope: Scope, role: Role
) -> None:
    who, table = CALLERS[name]
    made = office.people.add_client(OPERATOR, "script", scope=scope, roles=[role])
    if not table[scope]:
        office.people.remove_client(who, made.name)
        assert office.store.client(made.name) is None
        return
    with pytest.raises(Problem) as caught:
        office.people.remove_client(who, made.name)
    assert caught.value.code in {"forbidden", "not-found"}
    assert office.store.client(made.name) is not None


@pytest.mark.parametrize("who", [OPERATOR, SMART, VIRTUAL, FOREIGN], ids=str)
def test_the_hosts_own_client_is_nobodys_to_change(office: Office, who: Caller) -> None:
    office.people.reset_administrator("host")
    with pytest.raises(Problem, match="not-found"):
        office.people.remove_client(who, ADMINISTRATOR)
    with pytest.raises(Problem, match="not-found"):
        office.people.set_roles(who, CallerKind.CLIENT, ADMINISTRATOR, scope=EVERYTHING, roles=[])
    [grant] = office.store.grants(CallerKind.CLIENT, ADMINISTRATOR)
    assert grant.role is Role.OPERATOR


def test_roles_for_one_account_leave_those_for_others(office: Office) -> None:
    made = office.people.add_client(OPERATOR, "script", scope=A1, roles=[Role.VIRTUAL_USER])
    office.store.set_grants(CallerKind.CLIENT, made.name, scope=A2, grants=[])
    kind, name = CallerKind.CLIENT, made.name
    office.people.set_roles(OPERATOR, kind, name, scope=A, roles=[Role.SMART_VIEWER])
    office.people.set_roles(OPERATOR, kind, name, scope=A1, roles=[Role.VIRTUAL_VIEWER])
    held = {(one.role, one.scope) for one in office.store.grants(kind, name)}
    assert held == {(Role.SMART_VIEWER, A), (Role.VIRTUAL_VIEWER, A1)}


def test_what_was_done_is_told_with_who_did_it(office: Office) -> None:
    made = office.people.add_client(SMART, "script", scope=A, roles=[Role.SMART_USER])
    office.people.set_roles(SMART, CallerKind.CLIENT, made.name, scope=A, roles=[])
    added, changed = office.authority.events
    assert (added.kind, added.by) == ("client-added", "user:smart")
    assert added.detail == "Roles: Smart Account User of a.example."
    assert (changed.kind, changed.subject) == ("roles-changed", f"client:{made.name}")
    assert changed.detail == "Roles for a.example are now: none."


def test_someone_without_roles_is_in_nobodys_reach_but_the_operators(office: Office) -> None:
    office.people.add_user(OPERATOR, "ann", scope=A, roles=[])
    with pytest.raises(Problem, match="not-found"):
        office.people.reset_password(SMART, "ann")
    assert office.people.reset_password(OPERATOR, "ann").secret


def test_a_caller_sees_what_lies_within_reach_only(office: Office) -> None:
    for scope, role in ((A, Role.SMART_USER), (A1, Role.VIRTUAL_USER), (B, Role.SMART_USER)):
        office.people.add_client(OPERATOR, str(scope), scope=scope, roles=[role])
    counts = [len(office.people.members(one, after="", limit=10)) for one in (EVERYTHING, A, A1, B)]
    assert counts == [3, 2, 1, 1]
