"""Accounts, people, orders, ID tokens and policies, by the portal's API and its commands."""

import base64
import json
from collections import Counter

import pytest

from gauger.core.documents.envelope import read_document
from gauger.core.documents.smart_license import ItemKind, read_items
from gauger.core.fields import decode_base64
from tests.acceptance.crowd import all_at_once, requests_with
from tests.acceptance.site import (
    DAY,
    DNA,
    ESSENTIALS,
    HOUR,
    Account,
    Json,
    RefusedError,
    Site,
    items,
    refused,
)


def code_of(refusal: pytest.ExceptionInfo[RefusedError]) -> tuple[int, str]:
    return refusal.value.status, refusal.value.problem["code"]


def verdict_in(answer: Json) -> str:
    """Return what a signed answer says: its type, or the code of a verdict."""
    (acknowledged,) = answer["data"]["acknowledgements"]
    content = decode_base64(acknowledged["smart_license"], "the answer")
    (said,) = (one for one in read_items([content]) if one.kind is ItemKind.RUM_ACK)
    body = json.loads(read_document(said.text).body)
    return str(body.get("code") or body["type"])


@pytest.mark.requirement("SSM-3")
def test_assets_users_and_roles_lie_within_their_accounts(site: Site) -> None:
    east = site.account()
    west = site.account("West", domain=east.ref.smart_account)
    device = site.trusted(east)
    east.order(device, {ESSENTIALS: 2})
    user = east.acting_as("Virtual Account User")
    assert [row["udi"] for row in user.rows("/instances")] == [device.udi.to_json()]
    assert len(user.rows("/orders")) == len(user.rows("/tokens")) == 1
    assert user.token(uses=1)
    seen = user.portal.call("GET", "/accounts").json()["items"]
    assert [row["domain"] for row in seen] == [east.ref.smart_account]
    with pytest.raises(RefusedError) as elsewhere:
        Account(user.portal, west.ref).rows("/instances")
    assert code_of(elsewhere) == (404, "not-found")
    with pytest.raises(RefusedError) as beyond:
        user.order(device, {ESSENTIALS: 2})
    assert code_of(beyond) == (403, "forbidden")
    assert not west.rows("/instances")
    assert not west.rows("/orders")


@pytest.mark.requirement("SSM-3")
def test_a_viewer_of_the_smart_account_sees_all_of_it_and_changes_nothing(site: Site) -> None:
    east = site.account()
    west = site.account("West", domain=east.ref.smart_account)
    viewer = east.acting_as("Smart Account Viewer")
    for account in (east, west):
        own = Account(viewer.portal, account.ref)
        assert own.rows("/balance") == []
        with pytest.raises(RefusedError) as beyond:
            own.token()
        assert code_of(beyond) == (403, "forbidden")


@pytest.mark.requirement("SSM-3")
def test_a_device_belongs_to_one_account_and_nobody_else_learns_more(
    site: Site, account: Account
) -> None:
    device = site.device()
    account.order(device, {ESSENTIALS: 2}, bought_with=True)
    device.go_offline()
    device.use(ESSENTIALS)
    site.clock.advance(HOUR)
    saved, stranger = device.save(), site.account()
    upload = stranger.upload(saved)
    assert set(upload.words) == {"belongs-elsewhere"}
    assert account.ref.smart_account not in json.dumps(upload.verdicts)
    assert not stranger.rows("/instances")
    assert set(account.upload(saved).words) == {"accepted"}


@pytest.mark.requirement("SSM-4/orders")
def test_use_beyond_what_was_bought_is_a_shortage_and_refuses_nothing(
    site: Site, account: Account
) -> None:
    device = site.trusted(account)
    account.order(device, {ESSENTIALS: 2})
    device.use(ESSENTIALS, 5)
    device.use(DNA, 1)
    site.clock.advance(HOUR)
    assert not device.sync()
    assert set(device.states()) == {"ACK", "OPEN"}
    assert account.balance("DNA_NWSTACK_E") == (2, 5, -3)
    assert account.balance("AIR-DNA-E") == (0, 1, -1)
    account.order(device, {ESSENTIALS: 4})
    assert account.balance("DNA_NWSTACK_E") == (6, 5, 1)


@pytest.mark.requirement("SSM-4/orders")
def test_a_subscription_counts_within_its_term_only(site: Site, account: Account) -> None:
    device = site.device()
    account.order(device, {DNA: 3}, days=30)
    assert account.balance("AIR-DNA-E") == (3, 0, 3)
    site.clock.advance(30 * DAY)
    assert account.balance("AIR-DNA-E") == (0, 0, 0)


@pytest.mark.requirement("SSM-5")
def test_a_token_ends_with_its_days(site: Site, account: Account) -> None:
    device = site.device()
    device.go_direct()
    token = account.token(days=1)
    site.clock.advance(DAY + 1)
    with refused("token-expired", "new ID token"):
        device.trust(token)
    assert account.rows("/tokens")[0]["state"] == "expired"
    device.trust(account.token(days=1))


@pytest.mark.requirement("SSM-5")
def test_a_token_ends_with_its_uses_or_when_it_is_revoked(site: Site, account: Account) -> None:
    token = account.token(uses=1)
    site.device_with(token)
    second = site.device()
    second.go_direct()
    with refused("token-used-up"):
        second.trust(token)
    other = account.token()
    listed = account.rows("/tokens")[-1]
    account.portal.call("POST", f"{account.path}/tokens/{listed['token_id']}/revoke")
    with refused("token-revoked"):
        second.trust(other)
    assert [row["state"] for row in account.rows("/tokens")] == ["used-up", "revoked"]


@pytest.mark.requirement("SSM-5")
def test_of_100_parallel_uses_of_the_last_use_exactly_one_wins(
    site: Site, account: Account
) -> None:
    token = account.token(uses=3)
    for one in requests_with(site, token, 2):
        assert site.portal.smart(one)[1]["status"] == "OK"
    answers = all_at_once(site, list(requests_with(site, token, 100)))
    assert Counter(map(verdict_in, answers)) == {"ack": 1, "token-used-up": 99}
    (listed,) = account.rows("/tokens")
    assert (listed["used"], listed["uses"], listed["state"]) == (3, 3, "used-up")
    assert len(account.rows("/instances")) == 3


@pytest.mark.requirement("SSM-5")
def test_a_token_is_long_and_nowhere_kept_as_it_is(site: Site, account: Account) -> None:
    token = account.token()
    assert len(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))) >= 16
    folder = site.portal.data
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert account.ref.smart_account.encode() in kept
    assert token.encode() not in kept


@pytest.mark.requirement("SSM-6/policy")
@pytest.mark.requirement("SSM-6/trust")
@pytest.mark.requirement("SSM-6/account")
def test_each_ack_carries_what_the_device_lacks_and_proves_itself(
    site: Site, account: Account
) -> None:
    device = site.device()
    device.go_offline()
    account.order(device, {ESSENTIALS: 2}, bought_with=True)
    account.policy("Monthly", perpetual=(30, 30, 30))
    kinds = []
    for _ in range(2):
        device.use(ESSENTIALS, 2)
        site.clock.advance(HOUR)
        ack = account.ack(account.upload(device.save()), site.new_path("ack", ".xml"))
        kinds.append([item.kind for item in items(ack)])
        proof = site.stage.run(
            "verify-receipt", ack, "--root-set", site.root_set, *site.clock_option
        )
        assert proof.code == 0, proof.error
        device.load(ack)
    companions = {ItemKind.POLICY, ItemKind.TRUST_CODE, ItemKind.ACCOUNT_INFO}
    assert set(kinds[0]) == companions | {ItemKind.RUM_ACK, ItemKind.PURCHASE_INFO}
    assert kinds[1] == [ItemKind.RUM_ACK]
    assert device.field("Policy name") == "Monthly"


@pytest.mark.requirement("SSM-7")
def test_the_default_policy_applies_until_an_account_has_its_own(
    site: Site, account: Account
) -> None:
    device = site.trusted(account)
    device.use(DNA)
    site.clock.advance(HOUR)
    device.sync()
    assert "Reporting frequency (days): 90 (CISCO default)" in device.status
    account.policy("Own", subscription=(20, 40, 10))
    site.clock.advance(HOUR)
    device.use(DNA, 2)
    device.sync()
    assert device.field("Policy name") == "Own"
    assert "Reporting frequency (days): 40 (Customer Policy)" in device.status
    assert len(device.events("POLICY_INSTALL_SUCCESS")) == 1


@pytest.mark.requirement("SSM-7")
def test_a_virtual_account_s_policy_goes_before_that_of_its_smart_account(site: Site) -> None:
    east = site.account()
    west = site.account("West", domain=east.ref.smart_account)
    rules = {"perpetual": {"first_report": 9, "frequency": 8, "on_change": 7}}
    body = {"name": "Of all", "rules": rules}
    east.portal.call("PUT", f"/accounts/{east.ref.smart_account}/policy", json=body)
    west.policy("Of the west", perpetual=(1, 2, 3))
    assert [account.get("/policies")[0]["name"] for account in (east, west)] == [
        "Of all",
        "Of the west",
    ]


@pytest.mark.requirement("SSM-7")
def test_a_policy_is_downloaded_as_a_file_and_imported_on_the_device(
    site: Site, account: Account
) -> None:
    device = site.device()
    account.policy("By file", perpetual=(11, 12, 13))
    path = site.new_path("policy", ".xml")
    path.write_bytes(account.file("/policy/file"))
    assert device.load(path) == "Import Data Successful"
    assert device.field("Policy name") == "By file"
    assert "First report requirement (days): 11 (Customer Policy)" in device.status
    account.policy("Newer", perpetual=(21, 22, 23))
    newer = site.new_path("policy", ".xml")
    newer.write_bytes(account.file("/policy/file"))
    device.load(newer)
    with refused("stale-version"):
        device.load(path)
    assert device.field("Policy name") == "Newer"


@pytest.mark.requirement("SSM-9/api")
def test_a_usage_file_is_uploaded_by_command_with_verdicts_and_ack_file(
    site: Site, account: Account
) -> None:
    device = site.device()
    device.go_offline()
    device.use(ESSENTIALS)
    site.clock.advance(HOUR)
    saved, ack = device.save(), site.new_path("ack", ".xml")
    words = ("cssm", "usage", "upload", saved, "--account", str(account.ref), "--ack", ack)
    typed = site.stage.run(*words, "--data", site.portal.data, "--json")
    assert typed.code == 0, typed.error
    done = json.loads(typed.output)
    assert (done["state"], done["items"], done["total"]) == ("done", 2, 2)
    assert [one["verdict"] for one in done["verdicts"]] == ["accepted", "accepted"]
    assert device.load(ack) == "Import Data Successful"
    assert account.rows("/usage-files")[0]["job_id"] == done["job_id"]
