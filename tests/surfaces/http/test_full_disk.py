"""A portal whose disk is full: it takes no new work, answers what it can, and goes on by itself."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.builders import ACCOUNT, NOW, TAG, a_device
from tests.surfaces.http.portal import Web, at, usage_request


@contextmanager
def full_disk(web: Web) -> Iterator[None]:
    db = web.bench.authority._store._db  # type: ignore[attr-defined]  # the disk of this test
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {pages}")
    yield
    db.execute("PRAGMA max_page_count = 1000000")


@pytest.mark.threat("G3", role="cssm")
def test_new_work_is_refused_reads_and_health_are_answered_and_all_goes_on(web: Web) -> None:
    device = a_device(account=ACCOUNT)
    web.smart(usage_request(device, device.report([(NOW - 900, NOW, 1)])))
    refused = device.report([(NOW, NOW + 900, 2)])
    with full_disk(web):
        made = [web.call("POST", f"{at()}/tokens", {"description": "x" * 200}) for _ in range(40)][
            -1
        ]
        assert (made.status_code, made.json()["code"]) == (503, "store-full")
        assert int(made.headers["Retry-After"]) > 0
        status, answer = web.smart(usage_request(device, refused))
        assert status == 503
        assert answer.problem is not None
        assert answer.problem.code == "store-full"
        assert web.http.get("/healthz").status_code == 200
        assert web.totals() == {TAG: 1}
    status, answer = web.smart(usage_request(device, refused))
    assert (status, answer.problem) == (200, None)
    assert web.totals() == {TAG: 2}
