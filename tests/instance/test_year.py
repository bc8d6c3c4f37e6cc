"""A year without any ACK, and fifty thousand reports waiting: the next report costs the same.

Work is counted in steps of SQLite's virtual machine, not in seconds.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gauger.adapters.storage.instance_sqlite import InstanceStore
from gauger.core.identity import digest
from gauger.core.instance.report_life import Reason, ReportInput, ReportLife, ReportState
from gauger.core.instance.sending import Occasion
from gauger.instance.agent import Agent
from gauger.instance.memory import report_row
from gauger.instance.ports import Batch, StoredItem, StoredReport
from gauger.instance.records import ReportDetail
from tests.instance.portal import Portal, withhold
from tests.instance.test_schedule import interval, live, sendings, trusted
from tests.instance.world import DAY, World, tag_of

BACKLOG = 50_000
GRANULE = 10


class Steps:
    """Counts the steps that a store's SQL takes."""

    def __init__(self, agent: Agent) -> None:
        store = agent._store
        assert isinstance(store, InstanceStore)
        self._store = store

    @contextmanager
    def counted(self) -> Iterator[Callable[[], int]]:
        count = 0

        def more() -> int:
            nonlocal count
            count += GRANULE
            return 0

        self._store._connection.set_progress_handler(more, GRANULE)
        yield lambda: count
        self._store._connection.set_progress_handler(None, 0)


def a_day(world: World, agent: Agent) -> None:
    """Use three licences for a day and close their reports."""
    for index in (0, 2, 3):
        agent.set_count(tag_of(agent, index), world.clock.wall % 5 + 1)
    world.clock.advance(DAY)
    agent.tick()
    agent._engine.close_reports(ReportInput.CLOSE_TO_SAVE)


@pytest.mark.requirement("PI-7")
@pytest.mark.requirement("PI-4")
def test_a_report_costs_the_same_after_a_year_without_an_ack(world: World, device: Agent) -> None:
    steps, costs = Steps(device), []
    for _ in range(365):
        with steps.counted() as spent:
            a_day(world, device)
        costs.append(spent())
    assert device.reports_summary().available == 365 * 3 + 3
    first, last = sum(costs[5:35]), sum(costs[-30:])
    assert last <= first * 1.15


def backlog(store: InstanceStore, state: ReportState) -> None:
    """Fill a store with reports that wait."""
    life = ReportLife(state=state, reason=Reason.SENT)
    for start in range(1, BACKLOG, 5000):
        batch = Batch()
        for number in range(start, start + 5000):
            row = StoredReport(
                report_id=number, state=state.value, digest=digest(number.to_bytes(4, "big"))
            )
            detail = ReportDetail(tag="tag", closed_at=1, life=life)
            batch.reports[number] = report_row(row, detail)
            batch.items.append(StoredItem(report_id=number, kind="report", content=b"{}"))
        store.commit(batch)


@pytest.mark.parametrize("state", [ReportState.PENDING, ReportState.UNACKNOWLEDGED])
def test_fifty_thousand_waiting_reports_cost_the_next_one_nothing(
    world: World, device: Agent, state: ReportState
) -> None:
    steps = Steps(device)

    def spent_on_one() -> int:
        with steps.counted() as spent:
            a_day(world, device)
            if state is ReportState.PENDING:
                device._engine.talking.put_under_way(Occasion.WANTED)
        return spent()

    spent_on_one()
    empty = spent_on_one()
    backlog(steps._store, state)
    assert spent_on_one() <= empty * 1.25


def test_a_portal_that_is_gone_for_a_year_finds_everything_afterwards(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)
    interval(online, 1)
    portal.script += [withhold] * 100_000
    live(world, online, 360, step=4)
    portal.script.clear()
    live(world, online, 12, step=1)
    states = {row.state for row in online.report_rows()}
    assert states == {"ACK", "OPEN"}
    told = [item for report in portal.reports for item in report.payload.measurements]
    assert sum(item.end - item.start for item in told) == told[-1].end - told[0].start
    assert sendings(portal) < 2000
