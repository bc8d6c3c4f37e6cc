"""Smart transport against a real server: at once, by poll, after a restart, refused by name."""

import threading
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.concurrency import run_in_threadpool

from gauger.core.authority.commands import DecideDue
from gauger.core.documents.acknowledgment import Acknowledgment
from gauger.core.documents.envelope import read_document
from gauger.core.documents.rum_payload import HaMember
from gauger.core.documents.smart_license import Item, ItemKind, read_items
from gauger.core.documents.smart_transport import (
    LICENSING_PATH,
    MessageType,
    Response,
    Status,
    encode_request,
)
from gauger.cssm.config import CssmConfig, Guarding
from tests.support.builders import ACCOUNT, DAY, ELSEWHERE, NOW, UDI, Device, a_device, a_portal
from tests.surfaces.http.portal import (
    Web,
    a_web,
    always_poll,
    at,
    open_web,
    poll_request,
    trust_request,
    usage_request,
)


def items(response: Response) -> list[Item]:
    [answer] = response.acknowledgements
    return list(read_items([answer.smart_license]))


def ack(response: Response) -> Acknowledgment:
    [found] = [item for item in items(response) if item.kind is ItemKind.RUM_ACK]
    return Acknowledgment.from_document(read_document(found.text))


def trusted(web: Web, device: Device) -> None:
    """Let a device establish trust with an ID token, so that it belongs to the account."""
    made = web.call("POST", f"{at()}/tokens", {}).json()
    status, response = web.smart(
        trust_request(made["token"], device.trust_request(token=made["token"]))
    )
    assert (status, response.status) == (200, Status.OK)


@pytest.mark.requirement("T2-smart")
@pytest.mark.requirement("SSM-6/policy")
@pytest.mark.requirement("SSM-6/trust")
@pytest.mark.requirement("SSM-6/account")
def test_trust_by_token_then_usage_is_acknowledged_at_once(web: Web) -> None:
    device = a_device()
    web.call("PUT", f"{at()}/policy", {"name": "quick", "rules": {}})
    made = web.call("POST", f"{at()}/tokens", {"uses": 1}).json()
    document = device.trust_request(token=made["token"])
    _, established = web.smart(trust_request(made["token"], document))
    kinds = [item.kind for item in items(established)]
    assert {ItemKind.TRUST_CODE, ItemKind.POLICY, ItemKind.ACCOUNT_INFO} <= set(kinds)
    status, response = web.smart(usage_request(device, device.report()))
    assert (status, response.status, response.nonce) == (200, Status.OK, "0d" * 16)
    assert response.acknowledgements[0].udi == UDI
    assert response.acknowledgements[0].software_tag == "tag"
    assert ack(response).account == ACCOUNT


@pytest.mark.requirement("T2-smart")
def test_a_lost_ack_is_given_again_with_the_same_body(web: Web) -> None:
    device = a_device()
    trusted(web, device)
    request = usage_request(device, device.report())
    first, second = web.smart(request)[1], web.smart(request)[1]
    assert ack(first).encode() == ack(second).encode()


def test_a_request_is_answered_by_poll_where_that_is_set(tmp_path: Path) -> None:
    with a_web(tmp_path, always_poll()) as web:
        device = a_device()
        made = web.call("POST", f"{at()}/tokens", {}).json()
        request = trust_request(made["token"], device.trust_request(token=made["token"]))
        status, asked = web.smart(request)
        assert (status, asked.status, asked.poll_interval) == (202, Status.OK_POLL, 5)
        answers = [polled(web, asked.poll_id) for _ in range(2)]
        assert [one.status for one in answers] == [Status.COMPLETE] * 2
        assert items(answers[0]) == items(answers[1])
        assert answers[0].nonce == "0f" * 16


def polled(web: Web, poll_id: str | None) -> Response:
    """Poll until there is an answer."""
    for _ in range(1000):
        response = web.smart(poll_request(poll_id))[1]
        if response.status is not Status.OK_POLL:
            return response
    raise AssertionError("the poll did not end")


@pytest.mark.requirement("SSM-6/trust")
def test_a_poll_is_answered_after_a_restart(tmp_path: Path) -> None:
    with a_portal(tmp_path) as bench:
        device = a_device()
        with open_web(bench, always_poll()) as web:
            made = web.call("POST", f"{at()}/tokens", {}).json()
            token = made["token"]
            asked = web.smart(trust_request(token, device.trust_request(token=token)))[1]
            before = polled(web, asked.poll_id)
        bench.restart()
        with open_web(bench, always_poll()) as web:
            after = polled(web, asked.poll_id)
            assert after.status is Status.COMPLETE
            assert ack(after).encode() == ack(before).encode()


def test_what_was_not_kept_before_a_restart_is_asked_for_again(tmp_path: Path) -> None:
    with a_web(tmp_path, always_poll()) as web:
        web.store.add_poll("ab" * 16, "cd" * 32, now=web.bench.clock.now)
        _, response = web.smart(poll_request("ab" * 16))
        # A device answers that with its identical request; told to try again, it would poll on.
        assert response.problem is not None
        assert (response.status, response.problem.code) == (Status.FAILED, "poll-unknown")


def decisions(response: Response) -> list[str]:
    """Return what an answer says: each ACK or verdict by its type."""
    found = [item for one in response.acknowledgements for item in read_items([one.smart_license])]
    return [read_document(one.text).type for one in found if one.kind is ItemKind.RUM_ACK]


@pytest.mark.requirement("T2-smart")
@pytest.mark.threat("H2", role="cssm")
@pytest.mark.parametrize("config", [CssmConfig(), always_poll()], ids=["at-once", "by-poll"])
def test_what_is_decided_later_is_polled_for(tmp_path: Path, config: CssmConfig) -> None:
    with a_web(tmp_path, config) as web:
        device = a_device(account=ACCOUNT)
        clock = web.bench.clock
        end = clock.now + 7200
        _, judged = web.smart(usage_request(device, device.report(((end - 900, end, 1),))))
        if judged.status is Status.OK_POLL:
            judged = fetched(web, judged)
        assert (judged.status, judged.poll_interval) == (Status.OK, 3600)
        assert decisions(judged) == ["verdict"]

        waiting = fetched(web, judged)
        assert (waiting.status, waiting.poll_id) == (Status.OK, judged.poll_id)
        assert waiting.acknowledgements == ()

        clock.now = end
        web.bench.authority.execute(DecideDue())
        final = fetched(web, judged)
        assert (final.status, final.poll_id) == (Status.COMPLETE, None)
        assert decisions(final) == ["ack"]


@pytest.mark.parametrize(("overdue", "pause"), [(0, 5), (900, 900), (40_000, 3600)])
def test_what_is_overdue_is_asked_for_less_and_less(web: Web, overdue: int, pause: int) -> None:
    device = a_device(account=ACCOUNT)
    clock = web.bench.clock
    end = clock.now + 7200
    _, judged = web.smart(usage_request(device, device.report(((end - 900, end, 1),))))
    assert judged.poll_interval is not None
    clock.now += judged.poll_interval + overdue
    waiting = fetched(web, judged)
    assert (waiting.poll_id, waiting.poll_interval) == (judged.poll_id, pause)


def fetched(web: Web, earlier: Response) -> Response:
    """Ask for what an answer promised."""
    assert earlier.poll_id is not None
    return web.smart(poll_request(earlier.poll_id))[1]


def test_a_rejection_is_final(web: Web) -> None:
    device = a_device(account=ACCOUNT, ha=(HaMember(role="Standby", udi=UDI),))
    _, judged = web.smart(usage_request(device, device.report()))
    assert (judged.poll_id, decisions(judged)) == (None, ["verdict"])


def test_an_unknown_poll_is_refused_by_name(web: Web) -> None:
    status, response = web.smart(poll_request("nothing"))
    assert status == 404
    assert response.problem
    assert (response.status, response.problem.code) == (Status.FAILED, "poll-unknown")
    assert response.problem.next_step


def test_hello_is_answered(web: Web) -> None:
    request = replace(poll_request(None), type=MessageType.HELLO, poll_id=None)
    assert web.smart(request)[1].status is Status.OK


@pytest.mark.threat("F1", role="cssm")
def test_ten_wrong_id_tokens_and_the_address_waits(tmp_path: Path) -> None:
    with a_web(tmp_path, CssmConfig(guarding=Guarding(failures=10))) as web:
        device = a_device()
        codes = []
        for number in range(11):
            wrong = f"wrong {number}"
            _, response = web.smart(trust_request(wrong, device.trust_request(token=wrong)))
            codes.append(response.problem.code if response.problem else "answered")
        assert codes == ["answered"] * 10 + ["too-many-requests"]
        web.bench.clock.now += 61
        good = web.call("POST", f"{at()}/tokens", {}).json()["token"]
        request = trust_request(good, device.trust_request(token=good, made_at=web.bench.clock.now))
        assert web.smart(request)[0] == 200


@pytest.mark.threat("A24", role="cssm")
def test_one_device_that_floods_gets_429_late_and_others_are_served(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    flooder, other = a_device(), a_device("GGR0002", incarnation="33" * 16)
    items = [flooder.report(((NOW + n, NOW + n + 1, 1),)) for n in range(121)]
    for begin in range(0, 120, 60):
        assert web.smart(usage_request(flooder, *items[begin : begin + 60]))[0] == 200
    held: list[float] = []

    async def hold(seconds: float) -> None:
        held.append(seconds)
        # While this refusal is held back, the report of another is judged.
        answer = await run_in_threadpool(web.smart, usage_request(other, other.report()))
        assert answer[0] == 200

    monkeypatch.setattr("gauger.surfaces.http.smart_transport._hold", hold)
    content = encode_request(usage_request(flooder, items[120]))
    with httpx.Client(base_url=web.url, trust_env=False, timeout=30) as http:
        refused = http.post(
            LICENSING_PATH, content=content, headers={"Content-Type": "application/json"}
        )
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "12")
    assert held == [1.0]
    web.bench.clock.now += 12
    assert web.smart(usage_request(flooder, items[120]))[0] == 200


@pytest.mark.threat("F2", role="cssm")
@pytest.mark.requirement("SSM-5")
def test_an_expired_or_revoked_token_is_refused_by_name(web: Web) -> None:
    device = a_device()
    made = [web.call("POST", f"{at()}/tokens", {"days": 1}).json() for _ in range(2)]
    web.call("POST", f"{at()}/tokens/{made[0]['token_id']}/revoke")
    assert refusal(web, device, made[0]["token"]) == "token-revoked"
    web.bench.clock.now += DAY
    assert refusal(web, device, made[1]["token"]) == "token-expired"


@pytest.mark.threat("F2", role="cssm")
def test_of_many_uses_of_the_last_use_exactly_one_wins(web: Web) -> None:
    token = web.call("POST", f"{at()}/tokens", {"uses": 1}).json()["token"]
    devices = [a_device(f"GGR{number:04}") for number in range(100, 124)]
    codes: list[str] = []
    threads = [
        threading.Thread(target=lambda one=one: codes.append(refusal(web, one, token)))
        for one in devices
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(codes)) == ["", "token-used-up"]
    assert codes.count("") == 1
    assert web.get(f"{at()}/tokens")["items"][0]["used"] == 1


@pytest.mark.threat("F3", role="cssm")
def test_a_token_registers_in_its_own_account_only(web: Web) -> None:
    device = a_device()
    token = web.call("POST", f"{at(ELSEWHERE)}/tokens", {}).json()["token"]
    assert refusal(web, device, token) == ""
    assert web.get(f"{at(ELSEWHERE)}/instances")["items"][0]["udi"] == UDI.to_json()
    assert web.get(f"{at()}/instances")["items"] == []


def refusal(web: Web, device: Device, token: str) -> str:
    """Return the code of the signed verdict on a trust request; empty where it is an ACK."""
    document = device.trust_request(token=token, made_at=web.bench.clock.now)
    answered = web.smart(trust_request(token, document))[1]
    [answer] = [read_document(one.text) for one in items(answered) if one.kind is ItemKind.RUM_ACK]
    code = answer.body.partition(b'"code":"')[2].partition(b'"')[0].decode()
    return "" if answer.type == Acknowledgment.TYPE else code


def test_one_bad_report_in_a_request_spoils_nothing(web: Web) -> None:
    device = a_device()
    trusted(web, device)
    good = device.report()
    bad = device.report().replace('"value":"', '"value":"A', 1)
    status, response = web.smart(usage_request(device, good, bad))
    assert (status, response.status) == (200, Status.OK)
    assert response.message == "1 of 2 documents were refused."
    assert response.problem
    assert ack(response).udi == UDI


def test_a_request_whose_documents_are_all_refused_fails_by_name(web: Web) -> None:
    status, response = web.smart(usage_request(a_device(), "{}"))
    assert status == 400
    assert response.status is Status.FAILED
    assert response.problem
    assert response.problem.code == "malformed"


def test_an_empty_request_is_refused(web: Web) -> None:
    status, response = web.smart(usage_request(a_device()))
    assert (status, response.status) == (400, Status.FAILED)


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("text/plain", b"{}", "malformed"),
        ("application/json", b"{", "truncated"),
        ("application/json", b'{"type":"hello","type":"poll"}', "duplicate-key"),
        ("application/json", b'{"message_version":"9.0"}', "upgrade-needed"),
    ],
)
def test_what_is_no_request_is_refused_as_a_problem(
    shared_web: Web, kind: str, body: bytes, code: str
) -> None:
    answer = shared_web.http.post(
        "/licservice/license", content=body, headers={"Content-Type": kind}
    )
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == code


@pytest.mark.parametrize("path", ["/", "/licservice/license/", "/its/service"])
def test_a_wrong_url_is_told_the_right_one(shared_web: Web, path: str) -> None:
    answer = shared_web.http.post(path, content=b"{}")
    assert answer.status_code == 404
    assert answer.json()["diagnostics"]["licensing_path"] == "/licservice/license"
    assert "/licservice/license" in answer.json()["detail"]


def test_a_large_request_is_answered_too(web: Web) -> None:
    device = a_device()
    trusted(web, device)
    reports = [device.report() for _ in range(60)]
    status, response = web.smart(usage_request(device, *reports))
    assert (status, len([one for one in items(response) if one.kind is ItemKind.RUM_ACK])) == (
        200,
        60,
    )


def test_health_is_told_to_anyone(shared_web: Web) -> None:
    assert shared_web.http.get("/healthz").json() == {"status": "ok"}
    assert shared_web.http.get("/licservice/license").status_code == 404
