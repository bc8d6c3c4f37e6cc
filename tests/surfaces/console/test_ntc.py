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


def _expected(state: State) -> dict[str, str]:
    status, reporting = state.status, state.status.reporting
    account = ("<none>", "<none>")
    if status.account is not None:
        names = status.account.account
        account = (names.smart_account, names.virtual_account)
    kinds = {"smart": "Smart", "off": "Transport Off", "cslu": "cslu"}
    return {
        "sl_enabled": "ENABLED",
        "transport_type": kinds[status.transport.kind],
        "url": status.transport.url or "",
        "smart_acct": account[0],
        "virt_acct": account[1],
        "last_ack_received": moment(reporting.last_ack),
        "next_ack_deadline": moment(reporting.next_ack_deadline),
        "next_rpt_push": moment(reporting.next_push),
        "last_rpt_file_write": moment(reporting.last_file_write),
    }


@pytest.mark.requirement("BX-1/cli")
@pytest.mark.parametrize("number", range(0, len(EVERY), 48))
def test_the_values_read_are_those_of_the_device(number: int) -> None:
    for state in EVERY[number : number + 48]:
        expected = _expected(state)
        row = _parse(state)
        assert {key: row[key] for key in expected} == expected
