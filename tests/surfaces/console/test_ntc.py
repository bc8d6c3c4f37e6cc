"""ntc-templates, a strict parser of another school, reads `show license status`.

`make interop` has it read every state there is; here it reads some of them, at every run.
"""

import pytest
from ntc_templates.parse import (  # type: ignore[import-untyped]  # it carries no types
    parse_output,
)

from gauger.surfaces.console.console import Console
from tests.interop import reading
from tests.interop.states import StagedAgent, states

SOME = list(states())[::29]


@pytest.mark.requirement("BX-1/cli")
@pytest.mark.parametrize(("name", "agent"), SOME, ids=[name for name, _ in SOME])
def test_the_values_read_are_those_of_the_device(name: str, agent: StagedAgent) -> None:
    text = Console(agent).execute("show license status")
    rows = parse_output(platform="cisco_ios", command="show license status", data=text)
    assert [reading.ntc(row) for row in rows] == [reading.ntc_of(agent.state)], name
