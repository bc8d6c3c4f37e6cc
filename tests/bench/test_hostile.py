"""What is measured of hostile reports: as large as an item may be, and refused for what they are."""

import pytest

from bench import hostile
from gauger.core.documents.rum_report import ITEM_CAP, read_report
from gauger.core.problems import Problem


@pytest.mark.threat("A10", role="cssm")
@pytest.mark.parametrize("name", hostile.HOSTILE)
def test_each_is_as_large_as_an_item_may_be_and_not_refused_for_its_size(name: str) -> None:
    text = hostile.HOSTILE[name]
    with pytest.raises(Problem) as caught:
        read_report(text)

    assert ITEM_CAP * 0.9 < len(text) <= ITEM_CAP
    assert caught.value.code != "too-large"


@pytest.mark.threat("A10", role="cssm")
def test_the_hungriest_stays_below_twenty_megabytes() -> None:
    took, memory = hostile.rows()

    assert (took.unit, took.aim) == ("CPU-ms", 50)
    assert memory.met, memory.bound
