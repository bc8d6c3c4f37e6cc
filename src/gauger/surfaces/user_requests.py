"""Requests about users, the same through an agent's socket and on an own store."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from gauger.core.problems import Problem
from gauger.instance.ports import UserAccounts

Values = Mapping[str, object]


def carry_out(users: UserAccounts, request: Values) -> str:
    """Carry out one request and return what a person reads.

    Args:
        users: The users.
        request: ``action`` and what it takes: ``name``, ``password``, ``privilege``, ``key``.

    Raises:
        Problem: ``invalid-argument``, or why it is refused.
    """
    action = _ACTIONS.get(_text(request, "action"))
    if action is None:
        raise Problem("invalid-argument", f"The action is none of {', '.join(_ACTIONS)}.")
    return action(users, request)


def _list(users: UserAccounts, _: Values) -> str:
    rows = [
        f"{user.name:<24} privilege {user.privilege:<3} {len(user.keys)} keys"
        f"   changed {datetime.fromtimestamp(user.changed_at, UTC):%Y-%m-%d %H:%M:%S} UTC"
        for user in users.listed()
    ]
    return "\n".join(rows) or "No user exists: nobody can log in."


def _add(users: UserAccounts, request: Values) -> str:
    name, privilege = _text(request, "name"), request.get("privilege")
    # `true` is an int to Python, and would be privilege 1.
    if not isinstance(privilege, int) or isinstance(privilege, bool):
        raise Problem("invalid-argument", "`privilege` must be a number.")
    users.add(name, _text(request, "password"), privilege)
    return f"The user {name} has privilege {privilege}."


def _remove(users: UserAccounts, request: Values) -> str:
    users.remove(_text(request, "name"))
    return f"The user {_text(request, 'name')} is removed."


def _password(users: UserAccounts, request: Values) -> str:
    users.change_password(_text(request, "name"), _text(request, "password"))
    # Neither this nor any refusal says what was typed.
    return f"The password of {_text(request, 'name')} is changed."


def _add_key(users: UserAccounts, request: Values) -> str:
    users.add_key(_text(request, "name"), _text(request, "key"))
    return f"The user {_text(request, 'name')} may log in with this key."


def _remove_key(users: UserAccounts, request: Values) -> str:
    users.remove_key(_text(request, "name"), _text(request, "key"))
    return f"The user {_text(request, 'name')} may no longer log in with this key."


def _text(request: Values, key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str):
        raise Problem("invalid-argument", f"`{key}` must be a text.")
    return value


_ACTIONS: Final[Mapping[str, Callable[[UserAccounts, Values], str]]] = MappingProxyType(
    {
        "list": _list,
        "add": _add,
        "remove": _remove,
        "passwd": _password,
        "key-add": _add_key,
        "key-remove": _remove_key,
    }
)
