"""ntc-templates, a strict parser of another school, reads `show license status` in every state."""

from typing import Any

import pytest
from ntc_templates.parse import (  # type: ignore[import-untyped]  # it carries no types
    parse_output,
)

from gauger.surfaces.console.console import Console
from gauger.surfaces.console.text import moment
from tests.interop.states import State, states

EVERY = list(states())


def _parse(state: State) -> dict[str, Any]:
    text = Console(state.agent()).execute("show license status")
    rows = parse_output(platform="cisco_ios", command="show license status", data=text)
    assert len(rows) == 1
    row: dict[str, Any] = rows[0]
    return row


def _check(row: dict[str, Any], state: State) -> None:
    status = state.status
    account = status.account
    kinds = {"smart": "Smart", "off": "Transport Off", "cslu": "cslu"}
    assert row["sl_enabled"] == "ENABLED"
    assert row["transport_type"] == kinds[status.transport.kind]
    assert row["url"] == (status.transport.url or "")
    assert row["smart_acct"] == ("<none>" if account is None else account.account.smart_account)
    assert row["virt_acct"] == ("<none>" if account is None else account.account.virtual_account)
    assert row["last_ack_received"] == moment(status.reporting.last_ack)
    assert row["next_ack_deadline"] == moment(status.reporting.next_ack_deadline)
    assert row["next_rpt_push"] == moment(status.reporting.next_push)
    assert row["last_rpt_file_write"] == moment(status.reporting.last_file_write)


@pytest.mark.requirement("BX-1/cli")
@pytest.mark.parametrize("number", range(0, len(EVERY), 48))
def test_the_values_read_are_those_of_the_device(number: int) -> None:
    for state in EVERY[number : number + 48]:
        _check(_parse(state), state)
