"""A fleet that registers at one moment: a bounded line, named refusals, and each once."""

from collections import Counter

import pytest

from gauger.authority.service import AuthoritySettings
from gauger.core.authority.commands import Pipe, ReceiveTrustRequest
from gauger.core.identity import digest
from gauger.core.problems import Problem
from tests.support.builders import NOW, Bench, a_device

FLEET = 600
LINE = 100
"""A sixth of the fleet may wait: the figure for 5,000 at once over HTTP is the benchmark's."""


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few commands wait at the portal of this test, and few share a page."""

    def settings(*, build_date: int) -> AuthoritySettings:
        return AuthoritySettings(build_date=build_date, waiting=LINE, largest_page=32)

    monkeypatch.setattr("tests.support.builders.AuthoritySettings", settings)


@pytest.mark.threat("F14", role="cssm")
@pytest.mark.usefixtures("narrow")
def test_a_storm_is_refused_by_name_and_served_in_turn(portal: Bench) -> None:
    token, before = portal.token(), portal.head().pages
    devices = [a_device(f"GGR{number:05}") for number in range(FLEET)]
    left = {
        device.udi: device.trust_request(token=token, key=f"licensing {device.udi}", made_at=NOW)
        for device in devices
    }
    refused: Counter[str] = Counter()
    while left:
        waiting = {
            udi: portal.authority.enqueue(
                ReceiveTrustRequest(
                    document=text, token_digest=digest(token.encode()), pipe=Pipe.SMART
                )
            )
            for udi, text in left.items()
        }
        for udi, future in waiting.items():
            problem = future.exception()
            if isinstance(problem, Problem):
                refused[problem.code] += 1
            else:
                del left[udi]

    assert set(refused) <= {"server-busy"}
    reader = portal.authority.reader()
    used = [row.kind for row in reader.events(limit=5000)].count("token-used")
    reader.close()
    assert used == FLEET
    # One signature serves a page: a storm must not cost one for each device.
    assert portal.head().pages - before <= FLEET // 3
