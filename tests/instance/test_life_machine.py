"""A device and its portal against a model of sets: which reports there are, and which are settled."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gauger.core.problems import Problem
from gauger.instance import importing
from gauger.instance.agent import Agent
from gauger.instance.views import Scope, Selection, SelectionKind
from tests.instance.portal import Answering, refuse, say, withhold
from tests.instance.test_schedule import trusted
from tests.instance.wired import URL, Wire, a_wire, join
from tests.instance.world import DAY, ESSENTIALS, START, World, go_smart
from tests.support.figures import Figures
from tests.support.machines import walk

ALL = Selection(kind=SelectionKind.ALL)
SETTLED = {"ACK", "PURGED"}
FAULTS: dict[str, Answering] = {
    "the answer is lost": withhold,
    "a good request is refused": refuse("server-busy"),
    "something else answers": say(b"<html>"),
}


class Factory:
    """One factory for all walks: to found one takes as long as a walk."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.bundle = self.world.bundle()
        self.count = 0

    def device(self) -> tuple[Agent, Wire, str]:
        """Return a new device with a store of its own, wired to a new portal."""
        self.count += 1
        # Every walk in the same year: through a night of them the signer's certificate would expire.
        self.world.clock.reboot(START - self.world.clock.wall)
        name = f"device-{self.count}"
        agent, wire = self.world.open(name, self.bundle), a_wire(self.world)
        join(agent, wire)
        go_smart(agent, URL)
        return agent, wire, name


class Life(RuleBasedStateMachine):
    """Reports are closed, saved, sent, lost on the way, acknowledged, and purged; power goes.

    The model holds the reports that the portal has taken, those whose ACK reached the device, and
    ACK files that lie about. It knows nothing of states.
    """

    factory: Factory

    @initialize()
    def begin(self) -> None:
        self.agent, self.wire, self.name = self.factory.device()
        self.portal = self.wire.portal
        trusted(self.agent)
        self.acknowledged: set[int] = set()
        self.seen: set[int] = set()
        self.files: list[tuple[bytes, set[int]]] = []

    @property
    def world(self) -> World:
        return self.factory.world

    def numbers(self) -> dict[int, str]:
        """Return the state of every report that is closed."""
        rows = self.agent.report_rows()
        return {row.report_id: row.state for row in rows if row.state != "OPEN"}

    @rule(count=st.integers(0, 5))
    def use(self, count: int) -> None:
        self.agent.set_count(ESSENTIALS, count)
        self.agent.flush()

    @rule(seconds=st.sampled_from([1, 60, 900, 40_000, DAY]))
    def wait(self, seconds: int) -> None:
        self.world.clock.advance(seconds)

    @rule()
    def save(self) -> None:
        """Carry usage to the portal by hand; the answer lies about until somebody imports it."""
        path = self.world.root / "usage.xml"
        try:
            self.agent.save_usage(ALL, path)
        except Problem as problem:
            if problem.code != "requested-item-not-found":
                raise
            return
        answers = self.portal.usage_file(path)
        there = {number for number, state in self.numbers().items() if state != "PURGED"}
        self.files.append((answers, there))

    @precondition(lambda self: self.files)
    @rule(which=st.integers(0, 20))
    def carry_back(self, which: int) -> None:
        """Import any ACK file, the newest or one of long ago, any number of times."""
        content, told = self.files[which % len(self.files)]
        path = self.world.root / "ack.xml"
        path.write_bytes(content)
        self.agent.import_file(path)
        self.acknowledged |= told

    @rule()
    def sync(self) -> None:
        self.agent.sync(Scope.ALL)
        self.acknowledged |= set(self.numbers())

    @rule(fault=st.sampled_from(sorted(FAULTS)))
    def sync_in_vain(self, fault: str) -> None:
        self.portal.script.append(FAULTS[fault])
        try:
            self.agent.sync(Scope.ALL)
        except Problem:
            return
        assert self.portal.script, "what failed was told as done"
        self.portal.script.clear()
        self.acknowledged |= set(self.numbers())

    @rule()
    def tick(self) -> None:
        """Let the device do what is due by itself; whatever it sends, it is answered."""
        self.agent.tick()
        self.acknowledged |= {n for n, s in self.numbers().items() if s in SETTLED}

    @rule(off=st.sampled_from([0, 1, 5000]))
    def reload(self, off: int) -> None:
        self.agent.stop()
        self.world.clock.reboot(off)
        self.agent = self.world.open(self.name)
        join(self.agent, self.wire)

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "agent"):
            return
        numbers = self.numbers()
        assert self.seen <= numbers.keys()  # no report vanishes
        self.seen = set(numbers)
        settled = {number for number, state in numbers.items() if state in SETTLED}
        assert settled == self.acknowledged & numbers.keys()
        assert len(self.portal.reports) == len({one.digest for one in self.portal.reports})
        kept = {one.payload.report_id for one in self.portal.reports}
        assert settled <= kept  # nothing is settled that the portal does not hold

    def teardown(self) -> None:
        if not hasattr(self, "agent"):
            return
        self.portal.script.clear()
        self.agent.sync(Scope.ALL)
        numbers = self.numbers()
        assert set(numbers.values()) <= SETTLED
        told = {one.payload.report_id for one in self.portal.reports}
        assert told == numbers.keys()  # each report arrived, and none that there is not
        previous = {one.payload.meta.previous for one in self.portal.reports if one.payload.meta}
        known = {None, *(one.digest for one in self.portal.reports)}
        assert previous <= known
        self.agent.stop()


@pytest.mark.nightly
@pytest.mark.threat("B1", role="instance")
@pytest.mark.threat("B6", role="instance")
@pytest.mark.threat("E14", role="instance")
def test_a_report_is_settled_when_its_ack_has_come_and_never_before(
    figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "KEPT", 3)
    monkeypatch.setattr(importing, "RETENTION", DAY)
    with TemporaryDirectory() as folder:
        machine = type("Life", (Life,), {"factory": Factory(Path(folder))})
        walk(machine, figures, walks=20, steps=30)
