"""Every route by every role, in own and foreign accounts, made from the table of routes."""

import re
from collections.abc import Iterator

import pytest

from gauger.cssm.access import PERMITTED, WITHOUT_ROLE, Action, Role, Scope
from gauger.surfaces.http.api.guard import GuardedRoute
from gauger.surfaces.http.app import api
from tests.surfaces.http.portal import EVERYTHING, Web

OWN = {"smart_account": "example.com", "virtual_account": "DEFAULT"}
SAMPLES = {"token_id": "999", "case": "999", "digest": "ab" * 32, "job_id": "none", "name": "none"}
SMART = Scope(smart_account="example.com")
VIRTUAL = Scope(smart_account="example.com", virtual_account="DEFAULT")
FOREIGN = Scope(smart_account="other.example")
SIBLING = Scope(smart_account="example.com", virtual_account="Branch")


def scope_of(role: Role) -> Scope:
    if role is Role.OPERATOR:
        return EVERYTHING
    return VIRTUAL if role.name.startswith("VIRTUAL") else SMART


def routes() -> Iterator[tuple[str, GuardedRoute]]:
    for route in api().routes:
        if isinstance(route, GuardedRoute):
            for method in sorted(route.methods or ()):
                yield method, route


ROUTES = list(routes())
NAMES = [f"{method} {route.path}" for method, route in ROUTES]
every_route = pytest.mark.parametrize(("method", "route"), ROUTES, ids=NAMES)


def routes_with(part: str) -> pytest.MarkDecorator:
    """Return the routes whose path names something."""
    found = [pytest.param(m, r, id=f"{m} {r.path}") for m, r in ROUTES if part in r.path]
    return pytest.mark.parametrize(("method", "route"), found)


def path(route: GuardedRoute) -> str:
    known = OWN | SAMPLES
    filled = re.sub(r"\{(\w+)\}", lambda found: known[found[1]], route.path)
    return filled.removeprefix("/api/v1")


def test_there_are_routes_and_nothing_else_below_the_api() -> None:
    below = [r for r in api().routes if getattr(r, "path", "").startswith("/api/v1/")]
    others = [r for r in below if not isinstance(r, GuardedRoute)]
    assert len(ROUTES) > 50
    assert [getattr(r, "path", "") for r in others] == ["/api/v1/openapi.json"]


@pytest.mark.threat("F6", role="cssm")
@every_route
def test_without_a_session_nothing_is_answered(
    shared_web: Web, method: str, route: GuardedRoute
) -> None:
    answer = shared_web.call(method, path(route), {"any": "body"}, token="")
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
    assert "Bearer" in answer.headers["WWW-Authenticate"]


@pytest.mark.threat("F4", role="cssm")
@every_route
def test_a_role_permits_what_the_table_says(
    shared_web: Web, method: str, route: GuardedRoute
) -> None:
    for role in Role:
        token = shared_web.as_role(role, scope_of(role))
        answer = shared_web.call(method, path(route), token=token)
        permitted = PERMITTED[role] | WITHOUT_ROLE | {Action.BROWSE}
        may = route.action in permitted and _covers(role, route)
        assert (answer.status_code == 403) == (not may), f"{role}: {answer.text}"
        assert may or answer.json()["code"] == "forbidden"
        assert answer.status_code < 500


def _covers(role: Role, route: GuardedRoute) -> bool:
    if route.action in WITHOUT_ROLE | {Action.BROWSE}:
        return True
    if "{virtual_account}" in route.path:
        return True
    if "{smart_account}" in route.path:
        return not role.name.startswith("VIRTUAL")
    return role is Role.OPERATOR


@pytest.mark.threat("F4", role="cssm")
@pytest.mark.threat("F5", role="cssm")
@routes_with("{smart_account}")
def test_a_foreign_account_is_not_found_and_no_word_tells_of_it(
    shared_web: Web, method: str, route: GuardedRoute
) -> None:
    stranger = shared_web.as_role(Role.SMART_ADMINISTRATOR, FOREIGN)
    foreign = shared_web.call(method, path(route), token=stranger)
    nowhere = shared_web.call(method, path(route).replace("example.com", "no.such"), token=stranger)
    assert foreign.status_code == nowhere.status_code == 404
    assert foreign.text.replace("example.com", "no.such") == nowhere.text


@pytest.mark.threat("F4", role="cssm")
@routes_with("{virtual_account}")
def test_a_sibling_virtual_account_is_not_found_either(
    shared_web: Web, method: str, route: GuardedRoute
) -> None:
    sibling = shared_web.as_role(Role.VIRTUAL_ADMINISTRATOR, SIBLING)
    assert shared_web.call(method, path(route), token=sibling).status_code == 404


@pytest.mark.threat("F4", role="cssm")
def test_every_refusal_is_in_the_event_log(web: Web) -> None:
    viewer = web.as_role(Role.SMART_VIEWER, SMART)
    for _ in range(3):
        web.call("POST", "/accounts/example.com/virtual-accounts", {"name": "x"}, token=viewer)
    web.call("GET", "/accounts/other.example", token=viewer)
    web.portal.means.audit.flush()
    events = web.get("/events", newest_first=True, limit=20)["items"]
    told = [f"{one['kind']} {one['subject']}: {one['detail'][:12]}" for one in events]
    route = "/api/v1/accounts/{smart_account}"
    assert f"refused-not-found GET {route}: There is no " in told
    assert f"refused-forbidden POST {route}/virtual-accounts: 2 more times" in told


@pytest.mark.threat("F13", role="cssm")
def test_a_role_taken_away_is_gone_at_the_next_request(web: Web) -> None:
    made = web.call(
        "POST",
        "/accounts/example.com/clients",
        {"description": "x", "roles": ["Smart Account User"]},
    ).json()
    form = {
        "grant_type": "client_credentials",
        "client_id": made["name"],
        "client_secret": made["secret"],
    }
    token = web.http.post("/oauth2/token", data=form).json()["access_token"]
    assert web.call("GET", "/accounts/example.com/events", token=token).status_code == 200
    gone = web.call("PUT", f"/accounts/example.com/clients/{made['name']}/roles", {"roles": []})
    assert gone.status_code == 204
    assert web.call("GET", "/accounts/example.com/events", token=token).status_code == 404


def test_lists_hold_only_what_is_in_reach(web: Web) -> None:
    user = web.as_role(Role.VIRTUAL_USER, VIRTUAL)
    accounts = web.call("GET", "/accounts", token=user).json()["items"]
    assert [one["domain"] for one in accounts] == ["example.com"]
    inside = web.call("GET", "/accounts/example.com/virtual-accounts", token=user).json()["items"]
    assert [one["account"]["virtual_account"] for one in inside] == ["DEFAULT"]
    everyone = web.get("/accounts")["items"]
    assert [one["domain"] for one in everyone] == ["example.com", "other.example"]


@pytest.mark.threat("F5", role="cssm")
def test_a_page_of_virtual_accounts_does_not_end_with_the_name_of_a_sibling(web: Web) -> None:
    web.call("POST", "/accounts/example.com/virtual-accounts", {"name": "A secret project"})
    user = web.as_role(Role.VIRTUAL_USER, VIRTUAL)
    path = "/accounts/example.com/virtual-accounts"
    first = web.call("GET", path, token=user, query={"limit": 1}).json()
    assert [one["account"]["virtual_account"] for one in first["items"]] == ["DEFAULT"]
    assert first["next"] == "DEFAULT"
    rest = web.call("GET", path, token=user, query={"limit": 1, "after": "DEFAULT"}).json()
    assert rest == {"items": [], "next": None}
