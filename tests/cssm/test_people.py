"""Users, API clients and roles, and what each change leaves in the event log."""

import pytest

from gauger.core.problems import Problem
from gauger.cssm.access import CallerKind, Role
from gauger.cssm.local import ADMINISTRATOR
from tests.cssm.parts import A1, A2, EVERYTHING, OPERATOR, A, B, Office, caller

ADMIN = caller((Role.SMART_ADMINISTRATOR, A), name="admin")
VA_ADMIN = caller((Role.VIRTUAL_ADMINISTRATOR, A1), name="va-admin")


def refused(code: str) -> pytest.RaisesExc[Problem]:
    return pytest.raises(Problem, match=f"^{code}:")


def add(office: Office, name: str, role: Role = Role.SMART_USER) -> str:
    scope = A1 if role.name.startswith("VIRTUAL") else A
    made = office.people.add_user(OPERATOR, name, scope=scope, roles=[role])
    assert made.secret is not None
    return made.secret


def log_in(office: Office, name: str, secret: str) -> str:
    return office.sessions.open(CallerKind.USER, name, secret, address="192.0.2.1").text


@pytest.mark.requirement("SSM-3")
def test_a_new_user_gets_a_one_time_password_that_must_be_changed(office: Office) -> None:
    secret = add(office, "ann")
    session = office.sessions.caller(log_in(office, "ann", secret))
    assert session.grants == ()
    office.people.change_password(session, old=secret, new="a password of my own")
    changed = office.sessions.caller(log_in(office, "ann", "a password of my own"))
    assert [grant.role for grant in changed.grants] == [Role.SMART_USER]
    kinds = [event.kind for event in office.authority.events]
    assert kinds == ["user-added", "user-password-changed"]


@pytest.mark.threat("F9", role="cssm")
def test_no_secret_reaches_the_event_log(office: Office) -> None:
    secret = add(office, "ann")
    client = office.people.add_client(OPERATOR, "script", scope=A, roles=[Role.SMART_USER])
    admin = office.people.reset_administrator("host")
    written = repr(office.authority.commands)
    assert all(one and one not in written for one in (secret, client.secret, admin.secret))


@pytest.mark.threat("F7", role="cssm")
def test_a_password_is_changed_only_by_who_knows_the_old_one(office: Office) -> None:
    secret = add(office, "ann")
    session = office.sessions.caller(log_in(office, "ann", secret))
    with refused("forbidden"):
        office.people.change_password(session, old="not it at all", new="a password of my own")
    with refused("invalid-argument"):
        office.people.change_password(session, old=secret, new=secret)
    with refused("invalid-argument"):
        office.people.change_password(session, old=secret, new="short")


@pytest.mark.threat("F1", role="cssm")
def test_a_stolen_session_is_not_enough_to_try_passwords_with(office: Office) -> None:
    secret = add(office, "ann")
    session = office.sessions.caller(log_in(office, "ann", secret))
    for _ in range(10):
        with refused("forbidden"):
            office.people.change_password(session, old="a guess", new="a password of my own")
    with refused("too-many-requests"):
        office.people.change_password(session, old=secret, new="a password of my own")
    office.clock.go_on(60)
    office.people.change_password(session, old=secret, new="a password of my own")


@pytest.mark.parametrize("name", ["", "a/b", " ann", "ann ", "a\nb", "x" * 129])
def test_a_name_by_which_nobody_could_be_found_is_refused(office: Office, name: str) -> None:
    with refused("invalid-argument"):
        office.people.add_user(OPERATOR, name, scope=A, roles=[Role.SMART_USER])


def test_a_new_password_ends_every_session(office: Office) -> None:
    secret = add(office, "ann")
    token = log_in(office, "ann", secret)
    office.people.change_password(
        office.sessions.caller(token), old=secret, new="a password of my own"
    )
    with refused("unauthenticated"):
        office.sessions.caller(token)


@pytest.mark.threat("F13", role="cssm")
def test_a_role_taken_away_is_gone_at_the_next_request(office: Office) -> None:
    made = office.people.add_client(ADMIN, "script", scope=A1, roles=[Role.VIRTUAL_USER])
    assert made.secret
    token = office.sessions.open(CallerKind.CLIENT, made.name, made.secret, address="x").text
    assert office.sessions.caller(token).grants
    office.people.set_roles(ADMIN, CallerKind.CLIENT, made.name, scope=A1, roles=[])
    assert office.sessions.caller(token).grants == ()


def test_a_known_user_gets_further_roles_and_no_new_password(office: Office) -> None:
    add(office, "ann")
    made = office.people.add_user(OPERATOR, "ann", scope=A, roles=[Role.SMART_VIEWER])
    assert made.secret is None
    roles = {grant.role for grant in office.store.grants(CallerKind.USER, "ann")}
    assert roles == {Role.SMART_USER, Role.SMART_VIEWER}


def test_nobody_gives_roles_beyond_their_own(office: Office) -> None:
    add(office, "ann")
    with refused("forbidden"):
        office.people.add_user(VA_ADMIN, "bob", scope=A, roles=[Role.SMART_VIEWER])
    with refused("not-found"):
        office.people.add_user(VA_ADMIN, "bob", scope=A2, roles=[Role.VIRTUAL_VIEWER])
    with refused("forbidden"):
        office.people.add_client(ADMIN, "x", scope=EVERYTHING, roles=[Role.OPERATOR])
    assert office.store.user("bob") is None


def test_nobody_gets_power_over_someone_who_may_do_more(office: Office) -> None:
    add(office, "ann", Role.SMART_ADMINISTRATOR)
    with refused("forbidden"):
        office.people.reset_password(VA_ADMIN, "ann")
    stranger = caller((Role.SMART_ADMINISTRATOR, B))
    with refused("not-found"):
        office.people.reset_password(stranger, "ann")
    with refused("not-found"):
        office.people.set_roles(stranger, CallerKind.USER, "ann", scope=B, roles=[])
    with refused("not-found"):
        office.people.reset_password(ADMIN, "nobody")


def test_a_lost_password_is_replaced_by_a_one_time_one(office: Office) -> None:
    add(office, "ann")
    made = office.people.reset_password(ADMIN, "ann")
    assert made.secret
    assert office.sessions.caller(log_in(office, "ann", made.secret)).grants == ()


def test_a_removed_client_is_gone_at_once(office: Office) -> None:
    made = office.people.add_client(ADMIN, "script", scope=A, roles=[Role.SMART_USER])
    assert made.secret
    token = office.sessions.open(CallerKind.CLIENT, made.name, made.secret, address="x").text
    office.people.remove_client(ADMIN, made.name)
    with refused("unauthenticated"):
        office.sessions.caller(token)
    with refused("not-found"):
        office.people.remove_client(ADMIN, made.name)


def test_an_api_client_has_no_password(office: Office) -> None:
    made = office.people.reset_administrator("host")
    token = office.sessions.open(
        CallerKind.CLIENT, ADMINISTRATOR, made.secret or "", address="x"
    ).text
    with refused("forbidden"):
        office.people.change_password(office.sessions.caller(token), old="x", new="y" * 12)


def test_the_administrator_is_made_anew_on_the_host_only(office: Office) -> None:
    first = office.people.reset_administrator("host")
    second = office.people.reset_administrator("host")
    assert first.secret != second.secret
    with refused("unauthenticated"):
        office.sessions.open(CallerKind.CLIENT, ADMINISTRATOR, first.secret or "", address="x")
    with refused("not-found"):
        office.people.remove_client(OPERATOR, ADMINISTRATOR)
    with refused("not-found"):
        office.people.set_roles(
            OPERATOR, CallerKind.CLIENT, ADMINISTRATOR, scope=EVERYTHING, roles=[]
        )


@pytest.mark.parametrize("name", ["", " ann", "a\nb", "x" * 129])
def test_an_odd_name_is_refused(office: Office, name: str) -> None:
    with refused("invalid-argument"):
        office.people.add_user(OPERATOR, name, scope=A, roles=[])


def test_members_are_listed_by_kind_and_name(office: Office) -> None:
    for name in ("cid", "ann", "bob"):
        add(office, name, Role.VIRTUAL_USER)
    add(office, "dan", Role.SMART_USER)
    first = office.people.members(A, after="", limit=2)
    assert [one.name for one in first] == ["ann", "bob"]
    rest = office.people.members(A, after=f"{first[-1].kind}:{first[-1].name}", limit=9)
    assert [one.name for one in rest] == ["cid", "dan"]
    assert [one.name for one in office.people.members(A1, after="", limit=9)] == [
        "ann",
        "bob",
        "cid",
    ]
    assert office.people.members(B, after="", limit=9) == []
