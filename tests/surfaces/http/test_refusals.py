"""Every module of the API refuses by name what it cannot do, and changes nothing by it."""

import pytest

from gauger.core.documents.envelope import write_document
from gauger.core.problems import TABLE
from gauger.cssm.access import Role, Scope
from tests.support.builders import ELSEWHERE, NOW, OTHER_ACCOUNT, TAG, UDI, a_factory
from tests.surfaces.http.portal import EVERYTHING, Json, Web, at

SMART = Scope(smart_account="example.com")
VIRTUAL = Scope(smart_account="example.com", virtual_account="DEFAULT")
LINE = {"tag": TAG, "name": "Network Advantage", "quantity": 1}
DIGEST = "ab" * 32
RULE = {"first_report": 1, "frequency": 1, "on_change": 1}


def an_order(**changes: object) -> Json:
    return {"order_number": "SO-1", "lines": [{**LINE, **changes}]}


REFUSED: list[tuple[str, str, Json, str]] = [
    ("POST", "/accounts", {"domain": "x.example"}, "invalid-argument"),
    ("POST", "/accounts", {"domain": "x" * 300, "name": "x"}, "invalid-argument"),
    ("POST", "/accounts", {"domain": None, "name": "x"}, "invalid-argument"),
    ("PUT", f"{at()}/options", {}, "invalid-argument"),
    ("PUT", f"{at()}/options", {"count_unverified": 1}, "invalid-argument"),
    ("POST", f"{at()}/orders", {"order_number": "SO-1", "lines": []}, "invalid-argument"),
    ("POST", f"{at()}/orders", an_order(quantity=0), "invalid-argument"),
    ("POST", f"{at()}/orders", an_order(quantity=-1), "invalid-argument"),
    ("POST", f"{at()}/orders", an_order(quantity=1.5), "invalid-argument"),
    ("POST", f"{at()}/orders", an_order(quantity="1"), "invalid-argument"),
    ("POST", f"{at()}/orders", an_order(quantity=10**9 + 1), "invalid-argument"),
    ("POST", f"{at()}/orders", an_order(term="forever"), "invalid-argument"),
    ("POST", f"{at()}/orders", an_order(tag=""), "invalid-argument"),
    ("POST", f"{at()}/orders", an_order(start=-1), "invalid-argument"),
    ("POST", f"{at()}/orders", an_order(price=1), "unknown-field"),
    ("POST", f"{at()}/tokens", {"days": 1.0}, "invalid-argument"),
    ("POST", f"{at()}/tokens", {"export_controlled": "no"}, "invalid-argument"),
    ("POST", f"{at()}/tokens", {"description": "x" * 257}, "invalid-argument"),
    ("POST", f"{at()}/tokens/999/revoke", None, "not-found"),
    ("POST", f"{at()}/tokens/x/revoke", None, "invalid-argument"),
    ("PUT", f"{at()}/policy", {"name": "x", "rules": {"none": RULE}}, "invalid-argument"),
    ("PUT", f"{at()}/policy", {"name": "", "rules": {}}, "invalid-argument"),
    ("PUT", f"{at()}/policy", {"name": "x", "rules": {"export": {}}}, "invalid-argument"),
    ("POST", f"{at()}/cases/999/decide", {"accept": True}, "not-found"),
    ("POST", f"{at()}/cases/999/decide", {}, "invalid-argument"),
    ("POST", f"{at()}/gaps/close", {"udi": UDI.to_json(), "report": "x"}, "invalid-argument"),
    ("POST", f"{at()}/gaps/close", {"udi": UDI.to_json(), "report": DIGEST}, "not-found"),
    ("GET", f"{at()}/reports/{DIGEST}", None, "not-found"),
    ("GET", f"{at()}/reports/{DIGEST.upper()}", None, "invalid-argument"),
    ("GET", f"{at()}/answers/{DIGEST}", None, "not-found"),
    ("GET", f"{at()}/usage-files/none", None, "not-found"),
    ("GET", f"{at()}/usage-files/none/verdicts", None, "not-found"),
    ("GET", f"{at()}/usage-files/none/ack", None, "not-found"),
    ("GET", f"{at()}/instance", None, "invalid-argument"),
    ("POST", "/users", {"name": "x", "roles": ["King"]}, "invalid-argument"),
    ("POST", "/users", {"name": "x", "roles": ["Smart Account User"]}, "invalid-argument"),
    ("POST", f"{at()}/users", {"name": "x", "roles": ["Vendor Operator"]}, "invalid-argument"),
    ("POST", "/users/nobody/password", None, "not-found"),
    ("PUT", "/users/nobody/roles", {"roles": []}, "not-found"),
    ("PUT", "/clients/nothing/roles", {"roles": []}, "not-found"),
    ("DELETE", "/clients/nothing", None, "not-found"),
    ("POST", "/trust/root-sets", {"document": ""}, "invalid-argument"),
    ("POST", "/trust/root-sets", {"document": "{}"}, "malformed"),
    ("POST", "/trust/manufacturers", {"file": "nonsense"}, "malformed"),
    ("GET", "/ledger/inclusion", None, "invalid-argument"),
    ("POST", "/me/password", {"old": "a", "new": "b"}, "forbidden"),
]
NAMES = [f"{number} {method} {path}" for number, (method, path, *_) in enumerate(REFUSED)]


@pytest.mark.parametrize(("method", "path", "body", "code"), REFUSED, ids=NAMES)
def test_what_cannot_be_done_is_refused_by_name(
    shared_web: Web, method: str, path: str, *, body: Json, code: str
) -> None:
    answer = shared_web.call(method, path, body)
    problem = answer.json()
    assert (problem["code"], problem["status"]) == (code, answer.status_code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["next_step"] == TABLE[code].next_step
    assert problem["detail"]


def test_nothing_that_was_refused_is_there(shared_web: Web) -> None:
    for method, path, body, _ in REFUSED:
        assert shared_web.call(method, path, body).status_code >= 400
    for name in ("orders", "tokens", "cases", "gaps", "reports", "usage-files", "instances"):
        assert shared_web.get(f"{at()}/{name}")["items"] == []
    assert shared_web.get(f"{at()}/policies") == []
    assert len(shared_web.get("/accounts")["items"]) == 2


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/accounts"), ("DELETE", "/accounts"), ("PATCH", at()), ("POST", "/events")],
)
def test_a_method_that_a_path_does_not_take_is_told(
    shared_web: Web, method: str, path: str
) -> None:
    answer = shared_web.call(method, path, {})
    assert answer.status_code == 404
    assert f"does not take {method}" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/", "/accounts/", "/nothing", "/accounts/example.com/x"])
def test_a_path_that_is_none_is_told_where_smart_transport_is(shared_web: Web, path: str) -> None:
    problem = shared_web.call("GET", path).json()
    assert problem["code"] == "not-found"
    assert problem["diagnostics"]["licensing_path"] == "/licservice/license"


@pytest.mark.parametrize("header", ["", "Bearer", "Basic eDp5", "Bearer none", "bearer\tnone"])
def test_a_credential_that_is_none_is_refused(shared_web: Web, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    answer = shared_web.http.get("/api/v1/accounts", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_the_credential_is_looked_at_before_the_body(shared_web: Web) -> None:
    answer = shared_web.http.post("/api/v1/accounts", content=b"\xff not JSON")
    assert answer.json()["code"] == "unauthenticated"


def test_the_role_is_looked_at_before_the_body(shared_web: Web) -> None:
    viewer = shared_web.as_role(Role.SMART_VIEWER, SMART)
    headers = {"Authorization": f"Bearer {viewer}", "Content-Type": "application/json"}
    answer = shared_web.http.post("/api/v1/accounts", content=b"\xff", headers=headers)
    assert answer.json()["code"] == "forbidden"


@pytest.mark.requirement("SSM-3")
@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [
        (Role.OPERATOR, EVERYTHING, 200),
        (Role.SMART_ADMINISTRATOR, SMART, 403),
        (Role.SMART_VIEWER, SMART, 403),
        (Role.VIRTUAL_ADMINISTRATOR, VIRTUAL, 403),
    ],
)
def test_the_reports_of_all_accounts_are_the_operators(
    shared_web: Web, role: Role, scope: Scope, status: int
) -> None:
    token = shared_web.as_role(role, scope)
    assert shared_web.call("GET", "/reports", token=token).status_code == status


@pytest.mark.parametrize("name", ["root-sets", "manufacturers"])
def test_trust_is_shown_to_all_and_changed_by_the_operator(shared_web: Web, name: str) -> None:
    admin = shared_web.as_role(Role.SMART_ADMINISTRATOR, SMART)
    assert shared_web.call("GET", "/trust", token=admin).status_code == 200
    body = {"document": "x"} if name == "root-sets" else {"file": "x"}
    assert shared_web.call("POST", f"/trust/{name}", body, token=admin).status_code == 403


def test_the_root_set_that_follows_is_taken_in(web: Web) -> None:
    before = web.get("/trust")["root_sets"]
    following = web.bench.factory.following(signers=("portal", "second"))
    text = write_document(following.root_sets[-1])
    made = web.call("POST", "/trust/root-sets", {"document": text})
    assert made.status_code == 201
    numbers = [one["number"] for one in made.json()["root_sets"]]
    assert numbers == [*(one["number"] for one in before), len(before) + 1]
    assert made.json()["root_sets"][-1]["document"] == text
    assert web.get("/trust") == made.json()


def test_a_root_set_that_leaves_one_out_is_refused(web: Web) -> None:
    before = web.get("/trust")
    third = a_factory().following(signers=("portal",)).following(signers=("portal", "second"))
    text = write_document(third.root_sets[-1])
    answer = web.call("POST", "/trust/root-sets", {"document": text})
    assert answer.status_code in {400, 409}
    assert web.get("/trust") == before


def test_a_manufacturer_is_taken_in_once(web: Web) -> None:
    file = web.bench.factory.manufacturer.to_json()
    for _ in range(2):
        assert web.call("POST", "/trust/manufacturers", {"file": file}).status_code == 201
    assert len(web.get("/trust")["manufacturers"]) == 1


def test_who_asks_is_in_the_event_of_what_was_done(web: Web) -> None:
    admin = web.as_role(Role.SMART_ADMINISTRATOR, SMART)
    web.call("POST", f"{at()}/tokens", {}, token=admin)
    me = web.call("GET", "/me", token=admin).json()
    [event] = [one for one in web.get(f"{at()}/events")["items"] if one["kind"] == "token-issued"]
    assert event["by"] == f"client:{me['name']}"
    assert event["at"] == NOW


def test_a_move_to_where_one_may_not_manage_is_refused(shared_web: Web) -> None:
    one = shared_web.as_role(Role.VIRTUAL_ADMINISTRATOR, VIRTUAL)
    body = {"udi": UDI.to_json(), "to": OTHER_ACCOUNT.to_json()}
    answer = shared_web.call("POST", f"{at()}/instances/move", body, token=one)
    assert answer.json()["code"] == "not-found"
    assert str(OTHER_ACCOUNT) not in answer.json()["detail"]
    foreign = shared_web.call("POST", f"{at(ELSEWHERE)}/instances/move", body, token=one)
    assert foreign.json()["code"] == "not-found"
