"""What it costs to look at a device that holds many reports."""

import time

import pytest

from gauger.core.instance.report_life import ReportLife, ReportState
from gauger.instance.agent import Agent
from gauger.instance.ports import Batch, StoredReport
from gauger.instance.records import ReportDetail, pack
from gauger.surfaces.console.console import Console
from tests.instance.world import tag_of

REPORTS = 1_000
MOST_SECONDS = 0.05


def _fill(agent: Agent) -> None:
    life = ReportLife(state=ReportState.ACKNOWLEDGED)
    detail = pack(ReportDetail(tag=tag_of(agent), start=1, end=2, closed_at=3, life=life))
    # Straight into the store: to measure a thousand reports would take minutes.
    rows = [
        StoredReport(report_id=number, state=life.state.value, detail=detail)
        for number in range(1, REPORTS + 1)
    ]
    agent._store.commit(Batch(reports={row.report_id: row for row in rows}))


@pytest.mark.requirement("PI-10/cost")
def test_all_of_a_device_with_a_thousand_reports_is_printed_at_once(device: Agent) -> None:
    _fill(device)
    console = Console(device)
    assert f"Total: {REPORTS}," in console.execute("show license all")
    spent = []
    for _ in range(5):
        # Of the processor, not by the clock on the wall: other tests run beside this one.
        begin = time.process_time()
        console.execute("show license all")
        spent.append(time.process_time() - begin)
    assert min(spent) <= MOST_SECONDS
