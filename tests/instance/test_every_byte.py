"""No byte of what comes from a portal can be altered: refused, it changes nothing on the device."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from gauger.core.documents.envelope import Document, read_document
from gauger.core.documents.rum_report import read_report
from gauger.core.documents.smart_license import TO_INSTANCE, read_items
from gauger.core.documents.smart_transport import decode_request, decode_response, encode_response
from gauger.core.policy.rules import Group, Rule
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.views import Scope, Selection, SelectionKind
from tests.instance.portal import Portal, answer_file, honest, withhold
from tests.instance.test_authorization import EXPORT
from tests.instance.test_schedule import trusted
from tests.instance.wired import a_wire, kept, wired
from tests.instance.world import ESSENTIALS, World
from tests.support.figures import Figures
from tests.support.mutations import BITS, altered


def documents_in(file: bytes) -> list[Document]:
    items = list(read_items([file]))
    return [read_document(item.text) for item in items if item.kind in TO_INSTANCE]


def documents_answered(data: bytes, nonce: str) -> list[Document]:
    response = decode_response(data, nonce=nonce)
    files = [item.smart_license for item in response.acknowledgements]
    return [document for file in files for document in documents_in(file)]


def answer_to(portal: Portal, usage: Path) -> bytes:
    """Return the file that acknowledges a saved report and brings a policy along."""
    (item,) = (one.text for one in read_items([usage.read_bytes()]) if one.kind == "RUMReport")
    report, policy = read_report(item), portal.policy_document({Group.PERPETUAL: Rule(9, 9, 9)})
    number = report.payload.report_id
    return answer_file([portal.acknowledge(report.udi, report.digest, number, [policy]), policy])


def saved(world: World, agent: Agent) -> Path:
    agent.set_count(ESSENTIALS, 5)
    agent.flush()
    world.clock.advance(900)
    path = world.root / "usage.xml"
    agent.save_usage(Selection(kind=SelectionKind.ALL), path)
    return path


@dataclass(kw_only=True)
class Trial:
    """Hands altered bytes to a device and looks at its store.

    Attributes:
        read: Returns the documents that bytes hold.
        take: Hands bytes to the device; returns whether it took them.
        look: Returns what the device keeps.
        good: The documents that were sent.
        figures: Where the trials are counted.
    """

    read: Callable[[bytes], list[Document]]
    take: Callable[[bytes], bool]
    look: Callable[[], object]
    good: list[Document]
    figures: Figures
    same: int = 0

    def says_nothing_else(self, data: bytes) -> bool:
        """Tell whether bytes hold documents that were sent, and each to the byte as signed."""
        try:
            found = self.read(data)
        except Problem:
            return False
        return all(document in self.good for document in found)

    def run(self, data: bytes, seed: str) -> None:
        """Try everything on a device that has not taken the good bytes yet, then those."""
        before, trials = self.look(), 0
        for one in altered(data, seed):
            trials += 1
            if self.says_nothing_else(one.data):
                self.same += 1  # what nobody signs: it holds no news, so nothing is tried with it
                continue
            assert not self.take(one.data), one.where
            assert self.look() == before, one.where
        assert self.take(data)
        assert self.look() != before
        self.figures.add("altered bytes of outer files and messages tried", trials)
        self.figures.add("altered bytes outside of what is signed", self.same)


@pytest.mark.nightly
@pytest.mark.threat("B5", role="instance")
@pytest.mark.threat("D1", role="instance")
def test_no_altered_byte_of_an_answer_file_is_installed(world: World, figures: Figures) -> None:
    with wired(world) as (agent, wire), kept(world.root / "device") as store:
        good, path = answer_to(wire.portal, saved(world, agent)), world.root / "ack.xml"

        def take(data: bytes) -> bool:
            path.write_bytes(data)
            with contextlib.suppress(Problem):
                agent.import_file(path)
                return True
            return False

        sent = documents_in(good)
        trial = Trial(read=documents_in, take=take, look=store.read, good=sent, figures=figures)
        trial.run(good, "answer file")
        # The names of elements, the declaration above them, a line end: XML that nobody signs.
        assert trial.same < 120 * BITS


@pytest.mark.nightly
@pytest.mark.threat("B20", role="instance")
@pytest.mark.threat("D1", role="instance")
def test_no_altered_byte_of_an_authorization_is_installed(world: World, figures: Figures) -> None:
    agent, path = world.device("example-router"), world.root / "code.xml"
    agent.configure([ConfigChange(key=ConfigKey.TRANSPORT, value="off")])
    agent.codes.request("add", EXPORT, None)
    agent.codes.save(path)
    good = a_wire(world).portal.usage_file(path)

    def take(data: bytes) -> bool:
        path.write_bytes(data)
        with contextlib.suppress(Problem):
            agent.import_file(path)
            return True
        return False

    with kept(world.root / "device") as store:
        sent = documents_in(good)
        trial = Trial(read=documents_in, take=take, look=store.read, good=sent, figures=figures)
        trial.run(good, "authorization")
        assert trial.same < 120 * BITS
    assert [one.feature for one in agent.authorizations()[0].licences] == [EXPORT]
    agent.stop()


@pytest.mark.nightly
@pytest.mark.threat("B5", role="instance")
@pytest.mark.threat("D1", role="instance")
def test_no_altered_byte_of_a_response_is_installed(world: World, figures: Figures) -> None:
    with wired(world) as (agent, wire), kept(world.root / "device", without="'state'") as store:
        trusted(agent)
        wire.portal.script.append(withhold)
        with pytest.raises(Problem):
            agent.sync(Scope.ALL)
        request = decode_request(wire.portal.seen[-1].body)
        good = encode_response(honest(wire.portal, request))

        def take(data: bytes) -> bool:
            wire.reply = data
            with contextlib.suppress(Problem):
                answered = agent._engine.talking.talk("usage")
                return answered is not None and answered.problem is None
            return False

        def look() -> object:
            singles = agent._engine.memory.singles
            told = (singles.course.last_ack, singles.course.changed_at, singles.course.rejected)
            return store.read(), told, singles.trust

        read = partial(documents_answered, nonce=request.nonce)
        trial = Trial(read=read, take=take, look=look, good=read(good), figures=figures)
        trial.run(good, "response")
        assert trial.same < 700 * BITS
