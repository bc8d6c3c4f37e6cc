"""`gauger inspect` calls no report good that a portal would refuse, and names the same reason."""

from pathlib import Path

import pytest

from gauger.core.documents.rum_report import write_item
from gauger.core.documents.trust_store import TrustStore
from gauger.core.problems import Problem
from gauger.tools.explain_report import Yardstick
from gauger.tools.finding import Seal, render
from gauger.tools.inspect import inspect_path
from tests.authority.test_hostile_reports import ATTACKS, block, honest
from tests.support.builders import NOW, a_device, a_factory

GOOD = {Seal.HOLDS, Seal.UNALTERED}
ROWS = [pytest.param(row, id=row, marks=pytest.mark.threat(row, role="tools")) for row in ATTACKS]


def trusting() -> Yardstick:
    factory = a_factory()
    trust = TrustStore(manufacturers=(factory.manufacturer,)).pin(factory.root_sets[0])
    return Yardstick(trust=trust, now=NOW)


def look(path: Path, item: str) -> tuple[Seal | None, str]:
    """Return how the signature of a report stands, and all that is said; or why it is refused."""
    path.write_text(item)
    try:
        finding = inspect_path(path, trusting())
    except Problem as problem:
        return None, problem.code
    return finding.seal, render(finding)


@pytest.mark.parametrize("row", ROWS)
def test_no_hostile_report_is_said_to_hold(tmp_path: Path, row: str) -> None:
    device = a_device()
    for number, (forge, code) in enumerate(ATTACKS[row]):
        seal, said = look(tmp_path / "item.json", forge(device))

        assert seal not in GOOD, number
        # Who cannot verify a vendor's kind says so; that a device of ours never signs so, a portal.
        assert code in said or seal is Seal.UNVERIFIABLE, (number, said)


def test_an_honest_one_holds(tmp_path: Path) -> None:
    device = a_device()
    signed = honest(device)

    seal, _ = look(tmp_path / "item.json", write_item(signed, block(device, signed)))
    assert seal is Seal.HOLDS
