"""The power fails while a file is imported: the device is before it or after it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gauger.adapters.storage.instance_sqlite import InstanceStore
from gauger.instance.main import open_agent
from gauger.instance.ports import Batch
from gauger.tools.fsck_instance import check_instance
from tests.instance.world import ESSENTIALS, World
from tests.review.two_sides import Office, an_office


def copies_of(office: Office, answer: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Import an answer; return copies of the device's folder around each commit of it."""
    taken: list[Path] = []
    commit = InstanceStore.commit

    def crossing() -> None:
        copy = office.world.root / f"copy-{len(taken)}"
        shutil.copytree(office.world.root / "device", copy, ignore=_sockets)
        taken.append(copy)

    def watched(store: InstanceStore, batch: Batch) -> None:
        crossing()
        commit(store, batch)
        crossing()

    with monkeypatch.context() as patched:
        patched.setattr(InstanceStore, "commit", watched)
        office.agent.import_file(answer)
    return taken


def _sockets(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if (Path(folder) / name).is_socket()]


@pytest.mark.requirement("PI-4")
@pytest.mark.threat("B27", role="instance")
def test_whichever_commit_is_the_last_a_second_import_ends_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with an_office(world) as office:
        office.begin()
        office.agent.set_count(ESSENTIALS, 2)
        office.agent.flush()
        world.clock.advance(7200)
        answer = office.answer(office.agent)
        copies = copies_of(office, answer, monkeypatch)
        office.agent.stop()
        seen = []
        for copy in copies:
            assert check_instance(copy) == []
            agent = open_agent(replace(world.options(), data=copy))
            (trust,) = agent.status().trust
            acknowledged = [row.state for row in agent.report_rows()].count("ACK") == 1
            assert (agent.status().account is not None) == acknowledged
            assert (trust.installed_at is not None) == acknowledged
            seen.append(acknowledged)
            agent.import_file(answer)
            assert [row.state for row in agent.report_rows()].count("ACK") == 1
            agent.stop()
        assert (seen[0], seen[-1]) == (False, True)
