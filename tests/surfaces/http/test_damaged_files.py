"""Files that gateways, editors and attackers damaged, uploaded to a whole portal."""

import time
from collections.abc import Callable

import pytest

from gauger.core.documents.smart_license import read_items
from tests.support.builders import ACCOUNT, ELSEWHERE, NOW, TAG, a_device
from tests.surfaces.http.portal import Web, at, usage_file

Damage = Callable[[bytes], bytes]


def kinds(web: Web) -> list[str]:
    return [row["kind"] for row in web.get(f"{at()}/events")["items"]]


BROKEN: list[tuple[str, str, Damage]] = [
    ("D4", "bytes behind it", lambda content: content + b"x"),
    ("D4", "two glued together", lambda content: content + content),
    ("D4", "an archive behind it", lambda content: content + b"PK\x03\x04" + bytes(64)),
    ("D10", "a byte lost inside", lambda content: content.replace(b"</", b"<", 1)),
    ("E5", "a DTD", lambda content: b"<!DOCTYPE a>" + content),
    ("E5", "an external entity",
     lambda content: b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + content),
    ("E5", "an entity bomb",
     lambda content: b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]>' + content),
]  # fmt: skip


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(damage, id=f"{row} {what}", marks=pytest.mark.threat(row, role="cssm"))
        for row, what, damage in BROKEN
    ],
)
def test_a_file_that_is_not_whole_counts_nothing_and_is_audited(web: Web, damage: Damage) -> None:
    job = web.upload(damage(usage_file([a_device().report([(NOW - 900, NOW, 4)])])))

    assert job["state"] == "failed"
    assert job["problem"]["code"]
    assert job["problem"]["detail"]
    assert web.totals() == {}
    until = time.monotonic() + 20
    while "file-refused" not in kinds(web) and time.monotonic() < until:
        time.sleep(0.02)
    assert {"file-uploaded", "file-refused"} <= set(kinds(web))


@pytest.mark.threat("D10", role="cssm")
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content + b"\r\n",
    ],
    ids=["byte order mark", "CRLF", "an empty line"],
)
def test_what_a_gateway_does_to_a_file_is_undone(web: Web, damage: Damage) -> None:
    content = usage_file([a_device().report([(NOW - 900, NOW, 4)])])
    job = web.upload(damage(content))

    assert [row["verdict"] for row in web.verdicts(job)] == ["accepted"]
    assert web.totals() == {TAG: 4}
    assert list(read_items([content]))


@pytest.mark.threat("D7", role="cssm")
def test_a_file_of_another_tenant_is_refused_here_and_audited(web: Web) -> None:
    device = a_device(account=ACCOUNT)
    web.upload(usage_file([device.report([(NOW - 900, NOW, 4)])]))
    job = web.upload(usage_file([device.report([(NOW, NOW + 9, 5)])]), ELSEWHERE)
    (verdict,) = web.get(f"{at(ELSEWHERE)}/usage-files/{job['job_id']}/verdicts")["items"]

    assert verdict["code"] == "belongs-elsewhere"
    assert web.get(f"{at(ELSEWHERE)}/balance")["items"] == []
    assert web.totals() == {TAG: 4}
    events = web.get(f"{at(ELSEWHERE)}/events")["items"]
    assert any("belongs-elsewhere" in row["detail"] for row in events)


@pytest.mark.threat("A23", role="cssm")
def test_more_reports_than_one_a_day_are_taken_and_count_once(web: Web) -> None:
    device = a_device()
    items = [device.report([(NOW - 900 + n, NOW - 899 + n, 3)]) for n in range(8)]
    verdicts = [
        row["verdict"] for item in items for row in web.verdicts(web.upload(usage_file([item])))
    ]

    assert verdicts == ["accepted"] * 8
    (instance,) = web.get(f"{at()}/instances")["items"]
    udi = instance["udi"]
    (usage,) = web.get(f"{at()}/instance", **udi)["usage"]
    assert usage["count_seconds"] == 8 * 3
