"""A trusted device that floods a real server: 429 for it, and only for it."""

from collections.abc import Iterator

import pytest

from gauger.authority.service import AuthoritySettings
from gauger.core.documents.smart_transport import Status
from tests.support.builders import ACCOUNT, ELSEWHERE, NOW, Device, a_device
from tests.surfaces.http.portal import Web, a_web, usage_request

LIMIT = 5


@pytest.fixture
def web(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """Run a portal that judges few documents of a device in a minute."""
    monkeypatch.setattr(
        "tests.support.builders.AuthoritySettings",
        lambda *, build_date: AuthoritySettings(
            build_date=build_date, device_documents=LIMIT, device_burst=LIMIT
        ),
    )
    with a_web(tmp_path_factory.mktemp("web")) as web:
        yield web


def sent(web: Web, device: Device, at: int = 0) -> tuple[int, str]:
    """Send one report; return the HTTP status and what is said of it."""
    span = (NOW + at, NOW + at + 1, 1)
    status, response = web.smart(usage_request(device, device.report((span,))))
    if response.problem is None:
        assert response.status is Status.OK
        return status, "answered"
    assert response.problem.retry == "later"
    assert int(response.problem.diagnostics["retry_after"]) > 0
    return status, response.problem.code


@pytest.mark.threat("A24", role="cssm")
def test_who_floods_gets_429_and_another_tenant_is_answered(web: Web) -> None:
    flooder = a_device(account=ACCOUNT)
    other = a_device("GGR0002", incarnation="33" * 16, account=ELSEWHERE)
    # Two beyond it: the answer to each is held back for a second.
    flood = [sent(web, flooder, at) for at in range(LIMIT + 2)]

    assert flood[:LIMIT] == [(200, "answered")] * LIMIT
    assert flood[LIMIT:] == [(429, "too-many-requests")] * 2
    assert sent(web, other) == (200, "answered")
    assert len(web.bench.verdicts()) == LIMIT
    audited = [one for one in web.bench.events("refusal") if "too-many-requests" in one.detail]
    assert len(audited) == 2
    web.bench.clock.now += 60
    assert sent(web, flooder, 99) == (200, "answered")
