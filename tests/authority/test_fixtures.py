"""Ledgers of earlier releases: they prove whole, open, and give the same answers."""

import json
import tarfile
from pathlib import Path

import pytest

from gauger.core.authority.outcomes import Verdict
from gauger.tools.fsck_ledger import examine_ledger
from tests.authority.make_fixture import ack_body
from tests.support.builders import NOW, TAG, Bench, ManualClock, a_factory, an_authority

FOLDER = Path(__file__).resolve().parents[1] / "fixtures"
LEDGERS = sorted(path.name for path in FOLDER.glob("ledger-*.tar.gz"))


def test_there_are_ledgers_to_open() -> None:
    assert LEDGERS


@pytest.mark.threat("G9", role="cssm")
@pytest.mark.parametrize("name", LEDGERS)
def test_a_ledger_of_an_earlier_release_goes_on(tmp_path: Path, name: str) -> None:
    with tarfile.open(FOLDER / name) as archive:
        archive.extractall(tmp_path, filter="fully_trusted")  # noqa: S202 -- our own archive
    story = json.loads((tmp_path / "story.json").read_text())
    path, factory, clock = tmp_path / "ledger.db", a_factory(), ManualClock(NOW + 900)
    assert examine_ledger(path).is_whole
    authority = an_authority(path, clock, factory)
    bench = Bench(path=path, authority=authority, clock=clock, factory=factory)
    authority.start()
    try:
        for item in story["items"]:
            outcome = bench.report(item)
            assert outcome.verdict is Verdict.SAME
            assert ack_body(bench, outcome.digest) == story["acks"][outcome.digest]
        assert list(bench.balance()[TAG]) == story["balance"]
    finally:
        authority.stop()
    assert examine_ledger(path).is_whole
