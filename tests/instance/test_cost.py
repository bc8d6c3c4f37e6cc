"""What a product instance costs its product: counted, so that no busy machine fails a test."""

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bench.backlog import make_device
from gauger.instance.agent import Agent
from gauger.instance.views import Selection, SelectionKind
from gauger.surfaces.console.console import Console
from tests.cli.test_lean import NEVER_AT_START
from tests.instance.world import World

FEW, MANY = 10, 2000
# What sends, takes answers in, shows, and understands typed lines: none of it measures.
ON_DEMAND = {
    "click", "gauger.core.documents.smart_license", "gauger.core.documents.smart_transport",
    "gauger.core.instance.answers", "gauger.instance.exchanging", "gauger.instance.importing",
    "gauger.instance.orders", "gauger.instance.showing", "gauger.instance.talking",
    "gauger.instance.views", "gauger.surfaces.console.console", "gauger.surfaces.http",
}  # fmt: skip
RUN = """
import json, sys
from pathlib import Path
from gauger.instance.main import Options, open_agent
from gauger.surfaces.agent_socket import AgentServer
agent = open_agent(Options(data=Path(sys.argv[1]), clock_file=Path(sys.argv[2])))
with AgentServer(Path(sys.argv[1]), agent), agent:
    agent.set_count(agent.profile.licences[0].tag, 5)
    agent.flush()
    agent.tick()
    measuring = sorted(sys.modules)
    agent.status()
print(json.dumps([measuring, sorted(sys.modules)]))
"""


@dataclass
class Work:
    """What SQLite did: statements, and steps of its virtual machine, which grow with rows read."""

    statements: int = 0
    steps: int = 0

    def step(self) -> int:
        """Count one; 0 lets SQLite go on."""
        self.steps += 1
        return 0

    def statement(self, _: str) -> None:
        """Count a statement."""
        self.statements += 1


def watched(agent: Agent) -> Work:
    """Count from now on what an agent's store does."""
    work, connection = Work(), agent._store._connection  # type: ignore[attr-defined] # SQLite's own
    connection.set_progress_handler(work.step, 1)
    connection.set_trace_callback(work.statement)
    return work


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[int, World]:
    made = {}
    for reports in (FEW, MANY):
        world = World(tmp_path_factory.mktemp(f"with{reports}"))
        make_device(replace(world.options(), bundle=world.bundle()), reports)
        made[reports] = world
    return made


def sample_work(world: World) -> Work:
    """Return the work of a sample that is due, with a change in use to store."""
    agent = world.open()
    agent.tick()
    work = watched(agent)
    world.clock.advance(900)
    agent.set_count(agent.profile.licences[0].tag, 6)
    agent.tick()
    agent.stop()
    return work


def show_work(world: World) -> Work:
    agent = world.open()
    agent.tick()
    work = watched(agent)
    Console(agent).execute("show license all")
    agent.stop()
    return work


@pytest.mark.requirement("PI-2/cost")
def test_a_sample_does_the_same_work_whatever_waits_for_its_ack(worlds: dict[int, World]) -> None:
    few, many = (sample_work(worlds[reports]) for reports in (FEW, MANY))
    assert few.statements == many.statements
    # A level more of a B-tree is a few steps; a look at each report would be thousands.
    assert abs(many.steps - few.steps) < 100


@pytest.mark.requirement("PI-4/cost")
def test_to_look_at_a_device_reads_no_report_but_counts_them(worlds: dict[int, World]) -> None:
    few, many = (show_work(worlds[reports]) for reports in (FEW, MANY))
    assert few.statements == many.statements
    # The states are counted along an index: nothing is opened, nothing else grows.
    assert many.steps - few.steps < 12 * (MANY - FEW)


@pytest.mark.requirement("PI-4/cost")
def test_a_backlog_that_was_made_in_bulk_is_one_that_a_device_knows(tmp_path: Path) -> None:
    world = World(tmp_path)
    make_device(replace(world.options(), bundle=world.bundle()), 5)
    agent = world.open()
    assert agent.reports_summary().waiting == 5
    # Beside them, what was measured between the saving and the end of that boot.
    assert agent.save_usage(Selection(kind=SelectionKind.UNREPORTED), tmp_path / "saved") == 6
    agent.stop()


@pytest.mark.requirement("PI-11/cost")
def test_an_agent_loads_what_measures_and_the_rest_when_it_is_asked(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.device().stop()
    command = [sys.executable, "-c", RUN, str(tmp_path / "device"), str(world.clock.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    measuring, looked_at = map(set, json.loads(done.stdout))
    assert not measuring & (NEVER_AT_START | ON_DEMAND)
    assert "gauger.instance.showing" in looked_at
    assert not looked_at & NEVER_AT_START
