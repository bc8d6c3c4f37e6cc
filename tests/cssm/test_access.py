"""Roles, scopes and the rule between them."""

import pytest

from gauger.core.problems import Problem
from gauger.cssm.access import PERMITTED, Action, Caller, CallerKind, Grant, Role, Scope
from tests.cssm.parts import A1, A2, EVERYTHING, OPERATOR, A, B, caller


def refused(caller: Caller, action: Action, scope: Scope) -> str:
    with pytest.raises(Problem) as caught:
        caller.authorise(action, scope)
    return caught.value.code


def test_every_role_and_every_action_is_in_the_table() -> None:
    assert set(PERMITTED) == set(Role)
    assert set().union(*PERMITTED.values()) == set(Action)


def test_the_operator_may_do_everything_everywhere() -> None:
    for action in Action:
        OPERATOR.authorise(action, A1)
        OPERATOR.authorise(action, EVERYTHING)


@pytest.mark.parametrize("role", [Role.SMART_VIEWER, Role.VIRTUAL_VIEWER])
def test_a_viewer_changes_nothing(role: Role) -> None:
    scope = A if role is Role.SMART_VIEWER else A1
    for action in Action:
        may = action in {Action.SELF, Action.LIST, Action.BROWSE, Action.VIEW, Action.VIEW_SMART}
        assert caller((role, scope)).may(action, scope) <= may


def test_a_role_for_a_smart_account_reaches_its_virtual_accounts() -> None:
    user = caller((Role.SMART_USER, A))
    user.authorise(Action.USE, A1)
    assert refused(user, Action.MANAGE, A1) == "forbidden"


def test_a_role_for_a_virtual_account_reaches_no_other_one() -> None:
    user = caller((Role.VIRTUAL_ADMINISTRATOR, A1))
    user.authorise(Action.MANAGE, A1)
    user.authorise(Action.BROWSE, A)
    assert refused(user, Action.VIEW, A2) == "not-found"
    assert refused(user, Action.VIEW_SMART, A) == "forbidden"


@pytest.mark.threat("F4", role="cssm")
def test_a_foreign_account_looks_as_if_it_were_not_there() -> None:
    user = caller((Role.SMART_ADMINISTRATOR, A))
    for action in (Action.BROWSE, Action.VIEW, Action.MANAGE_SMART):
        assert refused(user, action, B) == "not-found"
    assert refused(user, Action.OPERATE, EVERYTHING) == "forbidden"


def test_who_has_no_role_may_look_at_nothing_but_themselves() -> None:
    nobody = Caller(kind=CallerKind.USER, name="nobody", grants=())
    nobody.authorise(Action.SELF, EVERYTHING)
    nobody.authorise(Action.LIST, EVERYTHING)
    assert refused(nobody, Action.BROWSE, A) == "not-found"


@pytest.mark.parametrize(
    ("role", "scope", "says"),
    [
        (Role.OPERATOR, A, "no account"),
        (Role.SMART_USER, EVERYTHING, "a Smart Account and no"),
        (Role.SMART_USER, A1, "a Smart Account and no"),
        (Role.VIRTUAL_USER, A, "and a Virtual Account"),
    ],
)
def test_a_role_is_granted_for_what_it_is_for(role: Role, scope: Scope, says: str) -> None:
    with pytest.raises(Problem, match=says):
        Grant(role=role, scope=scope)


def test_nobody_grants_more_than_they_have() -> None:
    admin = caller((Role.VIRTUAL_ADMINISTRATOR, A1))
    admin.authorise_grants([Grant(role=Role.VIRTUAL_USER, scope=A1)])
    with pytest.raises(Problem, match="forbidden"):
        admin.authorise_grants([Grant(role=Role.SMART_VIEWER, scope=A)])
    with pytest.raises(Problem, match="not-found"):
        admin.authorise_grants([Grant(role=Role.VIRTUAL_USER, scope=A2)])


def test_scopes_read_as_people_write_them() -> None:
    assert [str(one) for one in (EVERYTHING, A, A1)] == ["everything", "a.example", "a.example/one"]
