"""The API by use: accounts, tokens, orders, policies, product instances, balance, ledger."""

import base64
import json

import pytest

from gauger.authority import administration
from gauger.core.authority.commands import FindSilent, OpenVirtualAccount
from gauger.core.documents import keyring
from gauger.core.documents.envelope import read_document
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.smart_license import ItemKind, read_items
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import AccountRef
from gauger.core.policy.rules import Group, Rule
from gauger.core.problems import Problem
from gauger.cssm.access import Role, Scope
from tests.support.builders import (
    ACCOUNT,
    DAY,
    ELSEWHERE,
    NOW,
    OTHER_ACCOUNT,
    OTHER_TAG,
    TAG,
    UDI,
    a_device,
)
from tests.surfaces.http.portal import Json, Web, at, usage_file

ORDER = {
    "order_number": "SO-1",
    "lines": [{"tag": TAG, "name": "Network Advantage", "quantity": 3}],
}
SMART = Scope(smart_account="example.com")


def order(number: str, quantity: int, tag: str = TAG) -> dict[str, object]:
    line = {"tag": tag, "name": "Network Advantage", "quantity": quantity}
    return {"order_number": number, "lines": [line]}


@pytest.mark.requirement("SSM-3")
def test_a_smart_account_opens_with_a_default_virtual_account(web: Web) -> None:
    made = web.call("POST", "/accounts", {"domain": "new.example", "name": "New"})
    assert (made.status_code, made.json()["virtual_accounts"]) == (201, 1)
    lab = web.call("POST", "/accounts/new.example/virtual-accounts", {"name": "Lab 1"})
    assert lab.json()["account"] == {"smart_account": "new.example", "virtual_account": "Lab 1"}
    listed = web.get("/accounts/new.example/virtual-accounts")["items"]
    assert [one["account"]["virtual_account"] for one in listed] == ["DEFAULT", "Lab 1"]
    assert web.get("/accounts/new.example/virtual-accounts/Lab%201")["instances"] == 0


def test_an_account_of_old_with_a_slash_in_its_name_is_reached(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = AccountRef("example.com", "Lab 1/instances")
    opened = OpenVirtualAccount(account=account, description="", by="x")
    with pytest.raises(Problem, match="invalid-argument"):
        web.bench.authority.execute(opened)
    monkeypatch.setattr(administration, "_SLASH", "no name holds this")
    web.bench.authority.execute(opened)

    path = "/accounts/example.com/virtual-accounts/Lab%201%2Finstances"
    assert web.get(path)["account"]["virtual_account"] == "Lab 1/instances"
    assert web.call("POST", f"{path}/orders", ORDER).status_code == 201
    assert web.get(f"{path.replace('%2F', '%2f')}/balance")["items"][0]["purchased"] == 3
    role = web.as_role(Role.VIRTUAL_VIEWER, Scope.of(account))
    assert web.call("GET", f"{path}/instances", token=role).json()["items"] == []
    assert web.call("GET", path.replace("%2F", "/"), token=role).status_code == 404
    assert web.call("GET", f"{path}%2F", token=role).status_code == 404
    assert web.call("GET", path.replace("%2F", "%ED%B0%AF"), token=role).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/accounts", {"domain": "example.com", "name": ""}, 409, "conflict"),
        ("/accounts", {"domain": "not a domain", "name": ""}, 400, "invalid-argument"),
        ("/accounts/example.com/virtual-accounts", {"name": "DEFAULT"}, 409, "conflict"),
        ("/accounts/example.com/virtual-accounts", {"name": "a/b"}, 400, "invalid-argument"),
        ("/accounts/example.com/virtual-accounts", {"name": ""}, 400, "invalid-argument"),
    ],
)
def test_an_account_that_cannot_be_opened_is_refused_by_name(
    shared_web: Web, path: str, body: Json, *, status: int, code: str
) -> None:
    answer = shared_web.call("POST", path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.threat("F15", role="cssm")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/accounts", {"domain": "x.example", "name": "", "role": "Vendor Operator"}),
        (f"{at()}/tokens", {"account_id": 7}),
        (f"{at()}/orders", {**ORDER, "by": "someone else"}),
        (f"{at()}/orders", {**ORDER, "lines": [{**ORDER["lines"][0], "in_use": 0}]}),  # type: ignore[dict-item]  # values of several types
        ("/accounts/example.com/users", {"name": "x", "roles": [], "must_change": False}),
    ],
)
def test_a_field_that_is_not_known_is_refused(shared_web: Web, path: str, body: Json) -> None:
    answer = shared_web.call("POST", path, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown-field")


def test_a_query_that_is_not_known_is_refused(shared_web: Web) -> None:
    answer = shared_web.call("GET", "/accounts", query={"role": "x"})
    assert answer.json()["code"] == "unknown-field"
    assert "after, limit" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        (
            "application/json",
            '{"domain":"a.example","domain":"b.example","name":""}',
            "duplicate-key",
        ),
        ("application/json", '{"domain":NaN}', "number-not-allowed"),
        ("application/json", "", "malformed"),
        ("text/plain", "{}", "malformed"),
        ("application/json", '{"domain":7,"name":""}', "invalid-argument"),
        ("application/json", "[]", "invalid-argument"),
    ],
)
def test_a_body_that_is_not_strict_json_is_refused(
    shared_web: Web, kind: str, body: str, code: str
) -> None:
    headers = {"Authorization": f"Bearer {shared_web.operator}", "Content-Type": kind}
    answer = shared_web.http.post("/api/v1/accounts", content=body, headers=headers)
    assert answer.json()["code"] == code


@pytest.mark.requirement("SSM-5")
def test_an_id_token_is_shown_once_and_kept_by_digest(web: Web) -> None:
    made = web.call("POST", f"{at()}/tokens", {"days": 7, "uses": 2, "description": "lab"}).json()
    assert made["expires_at"] == NOW + 7 * DAY
    listed = web.get(f"{at()}/tokens")["items"]
    assert [(one["uses"], one["used"], one["state"]) for one in listed] == [(2, 0, "active")]
    assert made["token"] not in json.dumps(listed)
    assert made["token"].encode() not in web.bench.path.read_bytes()


@pytest.mark.requirement("SSM-5")
def test_a_token_lasts_thirty_days_where_none_are_named(web: Web) -> None:
    assert web.call("POST", f"{at()}/tokens", {}).json()["expires_at"] == NOW + 30 * DAY


@pytest.mark.requirement("SSM-5")
@pytest.mark.parametrize("body", [{"days": 0}, {"days": 366}, {"uses": 0}, {"uses": 101}])
def test_a_token_out_of_range_is_refused(shared_web: Web, body: Json) -> None:
    assert shared_web.call("POST", f"{at()}/tokens", body).json()["code"] == "invalid-argument"


@pytest.mark.requirement("SSM-5")
def test_a_viewer_makes_no_token(shared_web: Web) -> None:
    viewer = shared_web.as_role(Role.SMART_VIEWER, SMART)
    assert shared_web.call("POST", f"{at()}/tokens", {}, token=viewer).status_code == 403


@pytest.mark.threat("F3", role="cssm")
def test_a_token_is_revoked_only_in_its_account(web: Web) -> None:
    made = web.call("POST", f"{at()}/tokens", {}).json()
    elsewhere = web.call("POST", f"{at(ELSEWHERE)}/tokens/{made['token_id']}/revoke")
    assert elsewhere.status_code == 404
    assert web.call("POST", f"{at()}/tokens/{made['token_id']}/revoke").status_code == 204
    assert web.get(f"{at()}/tokens")["items"][0]["state"] == "revoked"


@pytest.mark.requirement("SSM-4/orders")
def test_orders_deposit_licences_and_use_beyond_them_is_a_shortage(web: Web) -> None:
    assert web.call("POST", f"{at()}/orders", order("SO-1", 3)).status_code == 201
    device = a_device()
    usage = [
        device.report([(NOW - 900, NOW, 5)]),
        device.report([(NOW - 900, NOW, 1)], tag=OTHER_TAG),
    ]
    assert web.upload(usage_file(usage))["state"] == "done"
    rows = {row["tag"]: row for row in web.get(f"{at()}/balance")["items"]}
    bought, not_bought = rows[TAG], rows[OTHER_TAG]
    assert (bought["purchased"], bought["in_use"], bought["balance"]) == (3, 5, -2)
    assert (bought["shortage"], not_bought["shortage"]) == (2, 1)
    assert bought["name"] == "Network Advantage"


def test_an_order_is_deposited_once(web: Web) -> None:
    web.call("POST", f"{at()}/orders", ORDER)
    again = web.call("POST", f"{at(OTHER_ACCOUNT)}/orders", ORDER)
    assert again.json()["code"] == "conflict"
    [listed] = web.get(f"{at()}/orders")["items"]
    assert (listed["order_number"], listed["lines"][0]["start"]) == ("SO-1", NOW)


def test_a_device_bought_with_an_order_belongs_to_its_account(web: Web) -> None:
    device = {"udi_pid": UDI.pid, "udi_serial_number": UDI.serial}
    web.call("POST", f"{at()}/orders", {**ORDER, "devices": [device]})
    [row] = web.get(f"{at()}/instances")["items"]
    assert (row["udi"], row["account"]) == (device, ACCOUNT.to_json())


@pytest.mark.requirement("SSM-7")
def test_a_custom_policy_is_served_as_a_signed_file(web: Web) -> None:
    rules = {"perpetual": {"first_report": 30, "frequency": 60, "on_change": 10}}
    made = web.call("PUT", f"{at()}/policy", {"name": "quick", "rules": rules})
    assert made.json()[0]["rules"]["perpetual"] == [30, 60, 10]
    answer = web.call("GET", f"{at()}/policy/file")
    [item] = read_items([answer.content])
    assert item.kind is ItemKind.POLICY
    document = read_document(item.text)
    policy = PolicyDocument.from_document(document)
    store = TrustStore(manufacturers=()).pin(web.bench.factory.root_sets[0])
    store.verify(document, expected="policy", now=NOW)
    assert policy.name == "quick"
    assert policy.rules[Group.PERPETUAL] == Rule(30, 60, 10)
    assert policy.account == ACCOUNT


@pytest.mark.requirement("SSM-7")
def test_a_policy_of_the_smart_account_or_of_all_serves_who_has_none(web: Web) -> None:
    rules = {"subscription": {"first_report": 9, "frequency": 9, "on_change": 9}}
    assert web.call("PUT", "/policy", {"name": "vendor", "rules": rules}).status_code == 204
    body = {"name": "company", "rules": rules, "ack_required": False}
    assert web.call("PUT", "/accounts/example.com/policy", body).status_code == 204
    assert web.get(f"{at()}/policies")[0]["name"] == "company"
    assert web.get(f"{at(ELSEWHERE)}/policies")[0]["name"] == "vendor"


def test_a_policy_out_of_range_is_refused(shared_web: Web) -> None:
    rules = {"perpetual": {"first_report": 3651, "frequency": 0, "on_change": 0}}
    answer = shared_web.call("PUT", f"{at()}/policy", {"name": "x", "rules": rules})
    assert answer.json()["code"] == "policy-out-of-range"


def test_product_instances_are_searched_shown_and_moved(web: Web) -> None:
    for serial in ("GGR0001", "GGR0002"):
        web.upload(usage_file([a_device(serial).report()]))
    found = web.get(f"{at()}/instances", search="GGR0002")["items"]
    assert [one["udi"]["udi_serial_number"] for one in found] == ["GGR0002"]
    udi = found[0]["udi"]
    shown = web.get(f"{at()}/instance", **udi)
    assert [one["tag"] for one in shown["usage"]] == [TAG]
    body = {"udi": udi, "to": OTHER_ACCOUNT.to_json()}
    moved = web.call("POST", f"{at()}/instances/move", body).json()
    assert (moved["origin"], moved["to"]) == (ACCOUNT.to_json(), OTHER_ACCOUNT.to_json())
    assert web.call("GET", f"{at()}/instance", query=udi).status_code == 404
    assert len(web.get("/instances")["items"]) == 2
    assert len(web.get("/accounts/example.com/instances")["items"]) == 2


def test_only_the_operator_moves_between_smart_accounts(web: Web) -> None:
    web.upload(usage_file([a_device().report()]))
    body = {"udi": UDI.to_json(), "to": ELSEWHERE.to_json()}
    both = web.token(
        (Role.SMART_ADMINISTRATOR, SMART),
        (Role.SMART_ADMINISTRATOR, Scope(smart_account="other.example")),
    )
    assert web.call("POST", f"{at()}/instances/move", body, token=both).status_code == 403
    admin = web.as_role(Role.SMART_ADMINISTRATOR, SMART)
    assert web.call("POST", f"{at()}/instances/move", body, token=admin).status_code == 404
    assert web.call("POST", f"{at()}/instances/move", body).status_code == 200


def test_a_report_is_listed_with_its_verdict_and_shown_to_its_last_field(web: Web) -> None:
    device = a_device()
    text = device.report()
    web.upload(usage_file([text]))
    [row] = web.get(f"{at()}/reports", verdict="accepted")["items"]
    assert (row["item"], row["report_id"], row["tag"]) == ("", 1000, TAG)
    assert web.get(f"{at()}/reports/{row['digest']}")["item"] == text
    assert web.get(f"{at()}/reports", verdict="rejected")["items"] == []
    of_device = web.get(f"{at()}/reports", **UDI.to_json())["items"]
    assert len(of_device) == 1
    half = web.call("GET", f"{at()}/reports", query={"udi_pid": "x"})
    assert half.json()["code"] == "invalid-argument"
    elsewhere = web.call("GET", f"{at(ELSEWHERE)}/reports/{row['digest']}")
    assert elsewhere.status_code == 404


def test_an_answer_is_downloaded_by_digest(web: Web) -> None:
    web.upload(usage_file([a_device().report()]))
    [row] = web.get(f"{at()}/reports")["items"]
    answer = web.call("GET", f"{at()}/answers/{row['digest']}")
    assert ItemKind.RUM_ACK in [item.kind for item in read_items([answer.content])]
    for account, digest in ((ELSEWHERE, row["digest"]), (ACCOUNT, "ab" * 32)):
        refused = web.call("GET", f"{at(account)}/answers/{digest}")
        # Whose it is must not show in the words either.
        assert refused.status_code == 404
        assert refused.json()["detail"].endswith(f"has no answer for {digest}.")


def test_a_quarantine_case_is_decided(web: Web) -> None:
    first = a_device()
    clone = a_device()
    clone.incarnation = first.incarnation
    one = first.report([(NOW - 900, NOW, 1)])
    two = clone.report([(NOW - 900, NOW, 2)])
    job = web.upload(usage_file([one, two]))
    assert [row["verdict"] for row in web.verdicts(job)][-1] == "quarantined"
    [case] = web.get(f"{at()}/cases", state="open")["items"]
    assert case["code"] == "repeated-place"
    decided = web.call("POST", f"{at()}/cases/{case['case']}/decide", {"accept": True}).json()
    assert decided["state"] == "accepted"
    again = web.call("POST", f"{at()}/cases/{case['case']}/decide", {"accept": True})
    assert again.status_code in {404, 409}
    foreign = web.call("POST", f"{at(ELSEWHERE)}/cases/{case['case']}/decide", {"accept": True})
    assert foreign.status_code == 404


def test_a_missing_report_is_listed_and_given_up(web: Web) -> None:
    device = a_device()
    device.report()
    web.upload(usage_file([device.report([(NOW - 900, NOW, 2)])]))
    [gap] = web.get(f"{at()}/gaps")["items"]
    body = {"udi": gap["udi"], "report": gap["report"]}
    assert web.call("POST", f"{at(OTHER_ACCOUNT)}/gaps/close", body).status_code == 404
    assert gap["alerted_at"] is None
    assert web.get("/gaps")["items"] == [gap]
    assert web.get("/gaps", overdue="true")["items"] == []
    assert web.call("POST", f"{at()}/gaps/close", body).status_code == 204
    assert web.get(f"{at()}/gaps")["items"] == []


@pytest.mark.threat("A22", role="cssm")
def test_silent_devices_are_a_list_of_their_account(web: Web) -> None:
    for serial in ("GGR0001", "GGR0002"):
        web.bench.report(a_device(serial).report())
    late = web.bench.clock.now = NOW + 91 * DAY
    web.bench.report(a_device("GGR0003").report(((late - 9, late, 1),)))
    web.bench.authority.execute(FindSilent())
    web.bench.clock.now = NOW  # when the sessions of this test were made

    for path in (f"{at()}/instances", "/accounts/example.com/instances", "/instances"):
        found = web.get(path, silent="true")["items"]
        assert [one["udi"]["udi_serial_number"] for one in found] == ["GGR0001", "GGR0002"]
        assert {one["silent_since"] for one in found} == {NOW + 91 * DAY}
        assert len(web.get(path)["items"]) == 3
    assert web.get(f"{at(OTHER_ACCOUNT)}/instances", silent="true")["items"] == []


def test_lists_come_page_by_page(web: Web) -> None:
    for number in range(5):
        web.call("POST", f"{at()}/tokens", {"description": str(number)})
    first = web.get(f"{at()}/tokens", limit=2)
    second = web.get(f"{at()}/tokens", limit=2, after=first["next"])
    third = web.get(f"{at()}/tokens", limit=2, after=second["next"])
    seen = [one["description"] for part in (first, second, third) for one in part["items"]]
    assert seen == ["0", "1", "2", "3", "4"]
    assert third["next"] is None


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 501}, {"after": -1}, {"after": "x"}])
def test_a_page_out_of_range_is_refused(shared_web: Web, query: dict[str, str | int]) -> None:
    answer = shared_web.call("GET", f"{at()}/tokens", query=dict(query))
    assert answer.json()["code"] == "invalid-argument"


def test_the_ledger_proves_itself(web: Web) -> None:
    earlier = web.get("/ledger/head")
    web.call("POST", f"{at()}/tokens", {})
    later = web.get("/ledger/head")
    certificate = base64.b64decode(later["chain"][0])
    assert later["pages"] > earlier["pages"]
    assert keyring.load_certificate(certificate).key_id == web.bench.factory.signer().key_id
    proof = web.get("/ledger/consistency", first=earlier["pages"], second=later["pages"])
    assert all(len(node) == 64 for node in proof["path"])
    assert web.get("/ledger/inclusion", page=0)["path"]
    assert web.get("/ledger/head", page=0)["pages"] >= 1
    assert web.call("GET", "/ledger/head", query={"page": 10_000}).status_code == 404


def test_an_account_switches_whether_vendor_reports_count(web: Web) -> None:
    made = web.call("PUT", f"{at()}/options", {"count_unverified": True}).json()
    assert made["count_unverified"] is True
    odd = web.call("PUT", f"{at()}/options", {"count_unverified": "yes"})
    assert odd.json()["code"] == "invalid-argument"


def test_events_of_an_account_are_its_own(web: Web) -> None:
    web.call("POST", f"{at()}/tokens", {})
    web.call("POST", f"{at(ELSEWHERE)}/tokens", {})
    kinds = [one["kind"] for one in web.get(f"{at()}/events")["items"]]
    assert kinds.count("token-issued") == 1
    inside = web.get("/accounts/example.com/events")["items"]
    assert {(one["account"] or {}).get("smart_account") for one in inside} <= {"example.com", None}


def test_people_are_managed_where_they_belong(web: Web) -> None:
    body = {"name": "ann@example.com", "roles": ["Virtual Account User"]}
    made = web.call("POST", f"{at()}/users", body)
    assert (made.status_code, bool(made.json()["secret"])) == (201, True)
    form = {"grant_type": "password", "username": "ann@example.com"}
    one_time = web.http.post("/oauth2/token", data={**form, "password": made.json()["secret"]})
    ann = one_time.json()["access_token"]
    assert web.call("GET", at(), token=ann).status_code == 404
    change = {"old": made.json()["secret"], "new": "a password of my own"}
    assert web.call("POST", "/me/password", change, token=ann).status_code == 204
    later = web.http.post("/oauth2/token", data={**form, "password": "a password of my own"})
    ann = later.json()["access_token"]
    assert web.call("GET", at(), token=ann).status_code == 200
    me = web.call("GET", "/me", token=ann).json()
    assert me["roles"] == [{"role": "Virtual Account User", **ACCOUNT.to_json()}]
    members = web.get("/accounts/example.com/members")["items"]
    assert [one["name"] for one in members] == ["ann@example.com"]
    reset = web.call("POST", f"{at()}/users/ann@example.com/password")
    assert reset.json()["secret"]
    assert web.call("GET", "/me", token=ann).status_code == 401


def test_a_client_is_removed(web: Web) -> None:
    body = {"description": "script", "roles": ["Virtual Account Viewer"]}
    made = web.call("POST", f"{at()}/clients", body).json()
    assert web.call("DELETE", f"{at()}/clients/{made['name']}").status_code == 204
    assert web.call("DELETE", f"{at()}/clients/{made['name']}").status_code == 404


def test_an_account_name_that_is_none_is_refused(shared_web: Web) -> None:
    answer = shared_web.call("GET", "/accounts/%20/virtual-accounts/x")
    assert answer.status_code in {400, 404}
