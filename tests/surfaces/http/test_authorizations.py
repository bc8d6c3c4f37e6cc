"""Authorization codes through the API: by file, online, by a person; and across accounts."""

import pytest

from gauger.core.documents.authorization_code import AuthorizationCode
from gauger.core.documents.authorization_items import write_authorization_item
from gauger.core.documents.authorization_return import AuthorizationReturn
from gauger.core.documents.envelope import Document, read_document, write_document
from gauger.core.documents.smart_license import Item, ItemKind, read_items, write_file
from gauger.core.documents.smart_transport import MessageType, Request, Status
from gauger.core.identity import Udi
from tests.support.authorizing import HSEC, Licensee, a_licensee
from tests.support.builders import ELSEWHERE, NOW, UDI
from tests.surfaces.http.portal import Json, Web, at, trust_request, usage_file

POOL = {"tag": HSEC, "name": "DNA_HSEC", "term": "perpetual", "quantity": 2}
NAMED = {"udi_pid": UDI.pid, "udi_serial_number": UDI.serial}


def auth_file(document: Document) -> bytes:
    """Return a file as a product instance saves it."""
    items = [
        Item(kind=ItemKind.AUTH_REQUEST, text=write_authorization_item(document)),
        Item(kind=ItemKind.SYSTEM_INFO, text="{}"),
    ]
    return b"".join(write_file(items))


def codes_in(content: bytes) -> list[AuthorizationCode]:
    return [
        AuthorizationCode.from_document(read_document(item.text))
        for item in read_items([content])
        if item.kind is ItemKind.AUTH_CODE
    ]


def upload(web: Web, document: Document) -> tuple[Json, bytes]:
    """Upload a request or return; give its verdict and the ACK file."""
    job = web.upload(auth_file(document))
    (row,) = web.verdicts(job)
    return row, web.call("GET", f"{at()}/usage-files/{job['job_id']}/ack").content


def online(document: Document, udi: Udi = UDI) -> Request:
    return Request(
        type=MessageType.AUTHORIZATION,
        udi=udi,
        timestamp=NOW * 1000,
        nonce="0c" * 16,
        authorizations=(write_document(document),),
    )


def pool(web: Web) -> Json:
    (row,) = web.get(f"{at()}/authorization-pools")["items"]
    return row


def listed(web: Web, **asked: str) -> list[Json]:
    found: list[Json] = web.get(f"{at()}/authorizations", **asked)["items"]
    return found


@pytest.mark.requirement("SSM-8/api")
@pytest.mark.requirement("T5/authorization")
def test_a_request_and_a_return_are_uploaded_like_usage(web: Web) -> None:
    web.call("PUT", f"{at()}/authorization-pool", POOL)
    licensee = a_licensee()
    row, content = upload(web, licensee.request((HSEC, 1)))
    assert (row["kind"], row["verdict"]) == ("authorization", "accepted")
    (code,) = codes_in(content)
    licensee.hold(code)
    assert (pool(web)["given"], pool(web)["left"]) == (1, 1)
    web.upload(usage_file([licensee.report()]))
    (one,) = listed(web, **NAMED)
    assert (one["state"], one["udi"], one["licences"][0]["count"]) == ("confirmed", NAMED, 1)

    returned = licensee.give_back()
    row, content = upload(web, returned)
    assert (row["verdict"], codes_in(content)) == ("accepted", [])
    (one,) = listed(web)
    assert one["return_code"] == AuthorizationReturn.from_document(returned).return_code
    assert (one["state"], pool(web)["left"]) == ("returned", 2)


@pytest.mark.requirement("SSM-8/online")
def test_a_device_asks_and_gives_back_by_smart_transport(web: Web) -> None:
    web.call("PUT", f"{at()}/authorization-pool", POOL)
    licensee = a_licensee()
    status, answer = web.smart(online(licensee.request((HSEC, 1))))
    assert (status, answer.status) == (200, Status.OK)
    (verdict,) = read_items([answer.acknowledgements[0].smart_license])
    assert "trust-missing" in verdict.text
    token = web.call("POST", f"{at()}/tokens", {}).json()["token"]
    web.smart(trust_request(token, licensee.device.trust_request(token=token)))
    status, answer = web.smart(online(licensee.request((HSEC, 2))))
    (code,) = codes_in(answer.acknowledgements[0].smart_license)
    licensee.hold(code)
    status, answer = web.smart(online(licensee.give_back()))
    assert (status, pool(web)["left"]) == (200, 2)


@pytest.mark.requirement("SSM-8/api")
def test_an_administrator_issues_a_code_and_carries_it(web: Web) -> None:
    web.call("PUT", f"{at()}/authorization-pool", POOL)
    web.upload(usage_file([Licensee().report()]))
    body = {"udi": NAMED, "mode": "replace", "licences": [{"tag": HSEC, "count": 2}]}
    answer = web.call("POST", f"{at()}/authorizations", body)
    assert answer.status_code == 201, answer.text
    file = web.call("GET", f"{at()}/authorization/file", query=NAMED)
    (code,) = codes_in(file.content)
    assert (code.udi, code.licences[0].count) == (UDI, 2)
    assert answer.json()["confirmation_code"] == listed(web)[0]["confirmation_code"]
    assert listed(web)[0]["by"].startswith("client:")


@pytest.mark.requirement("SSM-8/return")
def test_an_old_device_is_found_and_its_return_code_entered(web: Web) -> None:
    web.call("PUT", f"{at()}/authorization-pool", POOL)
    licensee = a_licensee(release="17.03.05")
    _, content = upload(web, licensee.request((HSEC, 1)))
    (code,) = codes_in(content)
    licensee.hold(code)
    returned = licensee.give_back()
    row, _ = upload(web, returned)
    assert (row["verdict"], row["code"]) == ("rejected", "return-by-hand")
    body = {"udi": NAMED, "return_code": "x"}
    assert web.call("POST", f"{at()}/authorizations/return", body).status_code == 404
    body["return_code"] = AuthorizationReturn.from_document(returned).return_code
    answer = web.call("POST", f"{at()}/authorizations/return", body)
    assert (answer.status_code, answer.json()["verdict"]) == (200, "accepted")
    assert pool(web)["left"] == 2


@pytest.mark.threat("F4", role="cssm")
@pytest.mark.parametrize("path", ["authorizations", "authorizations/return"])
def test_nobody_touches_a_device_of_another_account(web: Web, path: str) -> None:
    web.upload(usage_file([Licensee().report()]))
    bodies = {
        "authorizations": {"udi": NAMED, "licences": [{"tag": HSEC}]},
        "authorizations/return": {"udi": NAMED, "return_code": "x"},
    }
    assert web.call("POST", f"{at(ELSEWHERE)}/{path}", bodies[path]).status_code == 404
    file = web.call("GET", f"{at(ELSEWHERE)}/authorization/file", query=NAMED)
    assert file.status_code == 404


def test_what_a_pool_cannot_be_is_refused(web: Web) -> None:
    for wrong in ({"quantity": -1}, {"term": "ever"}, {"tag": ""}, {"more": 1}):
        answer = web.call("PUT", f"{at()}/authorization-pool", {**POOL, **wrong})
        assert answer.status_code == 400, answer.text
