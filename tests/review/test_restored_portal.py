"""A portal that was set back to a backup gets from its devices all that it lost."""

import pytest

from gauger.adapters.storage.ledger_backup import backup, restore
from tests.instance.world import ESSENTIALS, World
from tests.review.two_sides import Office, reopened

ROUNDS = 6


def _round(office: Office, agent_count: int) -> None:
    """Let a device use a licence for an hour, and carry its file there and back."""
    agent, clock = office.agent, office.world.clock
    agent.set_count(ESSENTIALS, agent_count)
    agent.flush()
    clock.advance(3_600)
    office.round_trip(agent)


@pytest.mark.threat("G10", role="cssm")
@pytest.mark.threat("G10", role="instance")
def test_the_whole_chain_comes_back_link_by_link(world: World, office: Office) -> None:
    office.begin()
    _round(office, 1)
    backup(world.root / "ledger.db", world.root / "copy.db")
    for count in range(2, ROUNDS):
        _round(office, count)
    before = office.totals()
    office.authority.stop()
    (world.root / "ledger.db").rename(world.root / "lost.db")
    restore(world.root / "copy.db", world.root / "ledger.db")
    with reopened(office) as again:
        for _ in range(ROUNDS):
            _round(again, 1)
        reader = again.authority.reader()
        assert list(reader.gaps()) == []
        reader.close()
        reports, seconds = again.totals()
        assert reports == before[0] + ROUNDS
        assert seconds > before[1]
