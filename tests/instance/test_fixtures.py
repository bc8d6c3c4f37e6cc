"""Stores of earlier releases: they prove whole, open, and go on."""

import tarfile
from pathlib import Path

import pytest

from gauger.instance.main import Options, open_agent
from gauger.tools.fsck_instance import check_instance

FOLDER = Path(__file__).resolve().parents[1] / "fixtures"
STORES = sorted(path.name for path in FOLDER.glob("device-*.tar.gz"))


def test_there_are_stores_to_open() -> None:
    assert STORES


@pytest.mark.requirement("PI-4")
@pytest.mark.threat("G9", role="instance")
@pytest.mark.parametrize("name", STORES)
def test_a_store_of_an_earlier_release_goes_on(tmp_path: Path, name: str) -> None:
    with tarfile.open(FOLDER / name) as archive:
        archive.extractall(tmp_path, filter="fully_trusted")  # noqa: S202 -- our own archive
    data = tmp_path / "device"
    assert check_instance(data) == []
    agent = open_agent(Options(data=data, clock_file=tmp_path / "clock.json"))
    assert [row.state for row in agent.report_rows()].count("ACK") == 2
    assert len(agent.import_file(tmp_path / "ack.xml").acknowledged) == 2
    assert agent.status().account is not None
    agent.stop()
    assert check_instance(data) == []
