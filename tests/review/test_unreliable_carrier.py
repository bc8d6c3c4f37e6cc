"""Files that a careless carrier delivers out of order, twice, or not at all: both sides agree."""

import random
from pathlib import Path

import pytest

from gauger.cssm.commands.answers import write_answers
from gauger.instance.views import Selection, SelectionKind
from gauger.tools.fsck_instance import check_instance
from gauger.tools.fsck_ledger import examine_ledger
from tests.instance.world import ESSENTIALS, World
from tests.review.two_sides import ALL, Office

DROPPED = 0.3


def carried(files: list[Path], chance: random.Random) -> list[Path]:
    """Return what arrives: shuffled, three in ten lost, some twice."""
    kept = [file for file in files if chance.random() >= DROPPED]
    arrived = kept + [file for file in kept if chance.random() < 0.5]
    chance.shuffle(arrived)
    return arrived


@pytest.mark.threat("E14", role="instance")
@pytest.mark.threat("E14", role="cssm")
@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_carrier_does_both_sides_converge(
    world: World, office: Office, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 -- no secret: it repeats the story of a seed
    office.begin()
    agent, usages, answers = office.agent, list[Path](), list[Path]()
    for day in range(5):
        agent.set_count(ESSENTIALS, day + 1)
        agent.flush()
        world.clock.advance(86_400)
        usage = world.root / f"usage-{day}.xml"
        agent.save_usage(Selection(kind=SelectionKind.UNREPORTED), usage)
        usages.append(usage)
        for number, arrived in enumerate(carried(usages, chance)):
            answer = world.root / f"answer-{day}-{number}.xml"
            answer.write_bytes(b"".join(write_answers(office.upload(arrived))))
            answers.append(answer)
        for arrived in carried(answers, chance):
            agent.import_file(arrived)
    agent.import_file(office.answer(agent, ALL))

    rows = agent.report_rows()
    accepted, seconds = office.totals()
    assert {row.state for row in rows} <= {"ACK", "OPEN"}
    assert accepted == sum(row.state == "ACK" for row in rows)
    # The second in which a file is saved belongs to its report: that of the first day, at one.
    assert seconds == 86_400 * (1 + 2 + 3 + 4 + 5) + 1
    assert examine_ledger(world.root / "ledger.db").is_whole
    assert check_instance(world.root / "device") == []
