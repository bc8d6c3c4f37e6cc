"""In every state that a device can be in, what parsers read equals what the device knows."""

import pytest

from tests.interop.comparing import COMPARISONS, Looked
from tests.interop.parsers import Parsers
from tests.interop.states import states

pytestmark = [pytest.mark.interop, pytest.mark.requirement("BX-1/cli")]

EVERY = list(states())
PARTS = 6


def test_the_product_is_whole() -> None:
    assert len({name for name, _ in EVERY}) == len(EVERY) == 6 * 3 * 3 * 3 * 5 * 2


@pytest.mark.parametrize("number", range(PARTS))
def test_parsers_read_the_values_of_the_device(parsers: Parsers, number: int) -> None:
    looked = Looked(COMPARISONS)
    for name, agent in EVERY[number::PARTS]:
        looked.look(name, agent)
    looked.judge(parsers)
