"""Usage files through the API: a verdict for each report, one ACK file, the same one again."""

import threading
from pathlib import Path

import pytest

from gauger.core.documents.acknowledgment import Acknowledgment
from gauger.core.documents.envelope import read_document
from gauger.core.documents.smart_license import Item, ItemKind, read_items, write_file
from tests.support.builders import ACCOUNT, ELSEWHERE, NOW, TAG, a_device, a_portal
from tests.support.material import shared_file
from tests.surfaces.http.portal import Json, Web, at, open_web, usage_file

SAMPLE = "samples/rum/iosxe-17.9.2-rum-1671840750.xml"


def ack_file(web: Web, job: Json) -> list[Item]:
    answer = web.call("GET", f"{at()}/usage-files/{job['job_id']}/ack")
    assert answer.status_code == 200, answer.text
    return list(read_items([answer.content]))


@pytest.mark.requirement("SSM-9/api")
@pytest.mark.requirement("T5/usage")
@pytest.mark.requirement("T5/trust")
def test_a_usage_file_gets_a_verdict_for_each_report_and_an_ack_file(web: Web) -> None:
    device = a_device()
    request = device.trust_request()
    reports = [device.report([(NOW - 900, NOW, 2)]) for _ in range(3)]
    job = web.upload(usage_file(reports, [request]))
    assert (job["state"], job["total"], job["items"]) == ("done", 4, 4)
    rows = web.verdicts(job)
    assert [(row["kind"], row["verdict"]) for row in rows] == [("report", "accepted")] * 3 + [
        ("trust-request", "accepted")
    ]
    kinds = [item.kind for item in ack_file(web, job)]
    assert kinds.count(ItemKind.RUM_ACK) == 4
    assert ItemKind.TRUST_CODE in kinds
    assert ItemKind.ACCOUNT_INFO in kinds


@pytest.mark.requirement("SSM-9/api")
def test_the_ack_file_has_the_order_that_a_device_reads(web: Web) -> None:
    device = a_device()
    job = web.upload(usage_file([device.report() for _ in range(3)], [device.trust_request()]))
    kinds = [item.kind for item in ack_file(web, job)]
    first = {kind: kinds.index(kind) for kind in kinds}
    last_ack = max(at for at, kind in enumerate(kinds) if kind is ItemKind.RUM_ACK)
    companions = [
        at for kind, at in first.items() if kind not in {ItemKind.RUM_ACK, ItemKind.ROOT_SET}
    ]
    assert all(last_ack < at for at in companions)
    assert all(
        at < first[ItemKind.RUM_ACK] for kind, at in first.items() if kind is ItemKind.ROOT_SET
    )


@pytest.mark.threat("D5", role="cssm")
@pytest.mark.requirement("SSM-9/api")
def test_the_same_file_twice_gives_the_same_ack_and_changes_no_total(web: Web) -> None:
    content = usage_file([a_device().report([(NOW - 900, NOW, 4)])])
    first, second = web.upload(content), web.upload(content)
    assert [row["verdict"] for row in web.verdicts(second)] == ["same"]
    assert first["digest"] == second["digest"]
    assert ack_file(web, first) == ack_file(web, second)
    assert web.totals() == {TAG: 4}


@pytest.mark.threat("D5", role="cssm")
def test_two_users_at_once_make_one_import(web: Web) -> None:
    content = usage_file([a_device().report([(NOW - 900, NOW, 4)]) for _ in range(1)])
    jobs: list[Json] = []
    threads = [threading.Thread(target=lambda: jobs.append(web.upload(content))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdicts = sorted(row["verdict"] for job in jobs for row in web.verdicts(job))
    assert verdicts == ["accepted", "same", "same", "same"]
    assert web.totals() == {TAG: 4}


@pytest.mark.threat("D8", role="cssm")
def test_one_tampered_report_spoils_nothing(web: Web) -> None:
    device = a_device()
    reports = [device.report([(NOW - 900, NOW, 1)]) for _ in range(40)]
    reports[20] = reports[20].replace('\\"value\\":\\"1\\"', '\\"value\\":\\"9\\"')
    job = web.upload(usage_file(reports))
    rows = web.verdicts(job)
    assert [row["verdict"] for row in rows].count("accepted") == 39
    assert (rows[20]["verdict"], rows[20]["code"]) == ("refused", "signature-invalid")
    acks = [item for item in ack_file(web, job) if item.kind is ItemKind.RUM_ACK]
    assert len(acks) == 39


@pytest.mark.threat("D9", role="cssm")
def test_an_ack_file_that_is_uploaded_is_sent_the_right_way(web: Web) -> None:
    done = web.upload(usage_file([a_device().report()]))
    content = web.call("GET", f"{at()}/usage-files/{done['job_id']}/ack").content
    job = web.upload(content)
    assert job["state"] == "failed"
    assert job["problem"]["code"] == "wrong-type"
    assert "for a product instance" in job["problem"]["detail"]


@pytest.mark.threat("D1", role="cssm")
def test_a_file_that_is_cut_changes_nothing(web: Web) -> None:
    content = usage_file([a_device().report()])
    job = web.upload(content[:-20])
    assert job["problem"]["code"] == "truncated"
    assert web.totals() == {}


def test_an_empty_upload_is_refused(web: Web) -> None:
    headers = {"Authorization": f"Bearer {web.operator}"}
    answer = web.http.post(f"/api/v1{at()}/usage-files", content=b"", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "truncated")


@pytest.mark.threat("F4", role="cssm")
def test_a_report_of_another_account_is_refused_there(web: Web) -> None:
    web.upload(usage_file([a_device().report()]))
    device = a_device()
    device.last[TAG] = "00" * 32  # type: ignore[assignment]  # a digest that no report has
    job_id = web.http.post(
        f"/api/v1{at(ELSEWHERE)}/usage-files",
        content=usage_file([device.report()]),
        headers={"Authorization": f"Bearer {web.operator}"},
    ).json()["job_id"]
    job = web.finished(ELSEWHERE, job_id)
    rows = web.get(f"{at(ELSEWHERE)}/usage-files/{job['job_id']}/verdicts")["items"]
    assert [row["code"] for row in rows] == ["belongs-elsewhere"]
    assert ACCOUNT.smart_account not in str(rows)


def test_a_deferred_report_has_its_final_answer_in_the_same_ack_file_later(web: Web) -> None:
    device = a_device()
    ahead = NOW + 7200
    job = web.upload(usage_file([device.report([(NOW - 900, NOW, 1)], closed_at=ahead)]))
    assert [row["verdict"] for row in web.verdicts(job)] == ["deferred"]
    before = ack_file(web, job)
    web.bench.clock.now = ahead + 1
    web.log_in_again()
    web.call("POST", f"{at()}/tokens", {})
    after = ack_file(web, job)
    documents = [read_document(item.text) for item in after if item.kind is ItemKind.RUM_ACK]
    assert before != after
    assert any(document.type == Acknowledgment.TYPE for document in documents)


def test_uploads_are_listed_and_paged(web: Web) -> None:
    made = [web.upload(usage_file([a_device().report()]))["job_id"] for _ in range(3)]
    first = web.get(f"{at()}/usage-files", limit=2)
    rest = web.get(f"{at()}/usage-files", limit=2, after=first["next"])
    seen = [one["job_id"] for part in (first, rest) for one in part["items"]]
    assert seen == list(reversed(made))
    assert web.call("GET", f"{at(ELSEWHERE)}/usage-files/{made[0]}").status_code == 404


def test_verdicts_come_page_by_page(web: Web) -> None:
    device = a_device()
    job = web.upload(usage_file([device.report() for _ in range(5)]))
    path = f"{at()}/usage-files/{job['job_id']}/verdicts"
    first = web.get(path, limit=3)
    rest = web.get(path, limit=3, after=first["next"])
    assert [one["position"] for part in (first, rest) for one in part["items"]] == [0, 1, 2, 3, 4]


def test_a_job_that_was_waiting_is_done_after_a_restart(tmp_path: Path) -> None:
    with a_portal(tmp_path) as bench:
        with open_web(bench) as web:
            web.portal.runner.stop()
            answer = web.http.post(
                f"/api/v1{at()}/usage-files",
                content=usage_file([a_device().report()]),
                headers={"Authorization": f"Bearer {web.operator}"},
            )
        bench.restart()
        with open_web(bench) as web:
            job = web.finished(ACCOUNT, answer.json()["job_id"])
            assert [row["verdict"] for row in web.verdicts(job)] == ["accepted"]


def test_a_real_products_file_is_listed_as_unverifiable_and_counted_only_where_wanted(
    web: Web,
) -> None:
    content = shared_file(SAMPLE).read_bytes()
    [row] = web.verdicts(web.upload(content))
    assert (row["verdict"], row["code"]) == ("signature-unverifiable", "signature-unverifiable")
    assert web.get(f"{at()}/balance")["items"] == []
    web.call("PUT", f"{at()}/options", {"count_unverified": True})
    web.upload(content)
    [counted] = web.get(f"{at()}/balance")["items"]
    assert (counted["in_use"], counted["unverified_in_use"] >= 0) == (0, True)


def test_an_authorization_request_of_the_vendors_kind_is_told_and_the_rest_judged(web: Web) -> None:
    items = [
        Item(kind=ItemKind.AUTH_REQUEST, text="[]"),
        Item(kind=ItemKind.RUM_REPORT, text=a_device().report()),
    ]
    rows = web.verdicts(web.upload(b"".join(write_file(items))))
    assert [row["verdict"] for row in rows] == ["refused", "accepted"]
