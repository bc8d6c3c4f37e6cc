"""What a device knows at one moment, and how what a parser read of it is compared with that."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from gauger.core.identity import Udi
from gauger.core.profiles import Profile
from gauger.instance.ports import Operations
from gauger.instance.views import (
    AuthorizationView,
    EventView,
    ReportRow,
    ReportsSummaryView,
    StatusView,
    UsageView,
)
from tests.interop import reading
from tests.interop.parsers import GENIE, NTC, Parsers, ask

Parsed = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a product instance knows of itself at one moment."""

    profile: Profile
    udi: Udi
    status: StatusView
    usage: tuple[UsageView, ...]
    reports: ReportsSummaryView
    rows: tuple[ReportRow, ...]
    authorizations: tuple[AuthorizationView, ...]
    events: tuple[EventView, ...]

    @classmethod
    def of(cls, agent: Operations) -> "Known":
        """Ask the product instance itself."""
        return cls(
            profile=agent.profile,
            udi=agent.udi,
            status=agent.status(),
            usage=agent.usage(),
            reports=agent.reports_summary(),
            rows=agent.report_rows(),
            authorizations=agent.authorizations(),
            events=agent.events(2),
        )


Comparison = Callable[[Parsed, Known], None]


def status(parsed: Parsed, known: Known) -> None:
    """Compare `show license status`."""
    assert reading.Status.read(parsed) == reading.Status.of(known.status, is_all=False)


def status_by_ntc(parsed: Parsed, known: Known) -> None:
    """Compare `show license status` as ntc-templates reads it."""
    assert [reading.ntc(row) for row in parsed] == [reading.ntc_of(known.status)]


def everything(parsed: Parsed, known: Known) -> None:
    """Compare `show license all`."""
    top = parsed["smart_licensing_status"]
    assert reading.Status.read(top) == reading.Status.of(known.status, is_all=True)
    blocks = _in_use(parsed, known.authorizations)
    assert reading.licences(blocks) == reading.licences_of(known.usage)
    assert parsed["product_information"] == {"udi": _udi(known)}
    assert parsed["agent_version"] == {"smart_agent_for_licensing": known.profile.agent_version}
    codes = parsed["license_authorizations"]
    assert codes["purchased_licenses"] == "No Purchase Information Available"
    read = reading.authorization(codes, has_usage=bool(known.usage))
    assert read == reading.authorization_of(known.authorizations[0], known.usage)
    assert reading.reports(parsed["usage_report_summary"]) == known.reports


def technical(parsed: Parsed, known: Known) -> None:
    """Compare `show license tech support`."""
    top = reading.for_support(parsed["smart_licensing_status"])
    expected = reading.Status.of(known.status, is_all=True)
    whole = reading.Transport.whole(known.status.transport)
    assert reading.Status.read(top) == replace(expected, transport=whole)
    assert parsed["product_information"] == {"udi": _udi(known)}
    assert parsed["agent_version"] == {"smart_agent_for_licensing": known.profile.agent_version}
    read = {words[1:] for words in reading.handles(parsed["license_usage"]["handle"])}
    if known.usage:
        assert read == {words[1:] for words in reading.licences_of(known.usage)}
    else:
        # Where nothing was used, what the product could use is told.
        assert {count for _, count, *_ in read} == {0}


def _in_use(parsed: Parsed, codes: Sequence[AuthorizationView]) -> dict[str, Parsed]:
    """Return the licences in use; Genie leaves the headings of authorized ones among them."""
    blocks = dict(parsed.get("license_usage", {}).get("license_name", {}))
    headings = [f"{item.feature} ({item.name}):" for code in codes for item in code.licences]
    return {name: block for name, block in blocks.items() if block or name not in headings}


def usage(parsed: Parsed, known: Known) -> None:
    """Compare `show license usage`."""
    assert parsed["license_authorization"] == {"status": "Not Applicable"}
    blocks = parsed.get("license_name", {})
    assert reading.licences(blocks) == reading.licences_of(known.usage)


def summary(parsed: Parsed, known: Known) -> None:
    """Compare `show license summary`."""
    rows = parsed.get("license_usage", {})
    assert reading.rows(rows) == reading.rows_of(known.usage)
    assert reading.account(parsed["account_information"]) == known.status.account


def udi(parsed: Parsed, known: Known) -> None:
    """Compare `show license udi`."""
    assert parsed == {"udi_details": _udi(known)}


def rum_all(parsed: Parsed, known: Known) -> None:
    """Compare `show license rum id all`; the keys are numbers that JSON made texts of."""
    assert parsed["smart_license_usage_reports"] == {
        str(row.report_id): {"state": row.state, "flag": row.flag, "feature_name": row.feature}
        for row in known.rows
    }


def eventlog(parsed: Parsed, known: Known) -> None:
    """Compare `show license eventlog 2` by the names of its events."""
    names = [line["log_message"].partition(" ")[0] for line in parsed["event_log"]]
    assert names == [event.name for event in known.events]


def _udi(known: Known) -> dict[str, str]:
    return {"pid": known.udi.pid, "sn": known.udi.serial}


COMPARISONS: Final[Mapping[tuple[str, str], Comparison]] = MappingProxyType(
    {
        ("show license status", GENIE): status,
        ("show license status", NTC): status_by_ntc,
        ("show license all", GENIE): everything,
        ("show license tech support", GENIE): technical,
        ("show license usage", GENIE): usage,
        ("show license summary", GENIE): summary,
    }
)
"""Commands that tell of a device's state, whatever it is."""

MORE: Final[Mapping[tuple[str, str], Comparison]] = MappingProxyType(
    {
        ("show license udi", GENIE): udi,
        ("show license rum id all", GENIE): rum_all,
        ("show license eventlog 2", GENIE): eventlog,
    }
)
"""Commands that tell of it where there are reports and events."""


class Looked:
    """Devices that were looked at, until one round of the parsers judges them all."""

    def __init__(self, commands: Mapping[tuple[str, str], Comparison]) -> None:
        """Take the commands that every device is asked."""
        self._commands = commands
        self._seen: list[tuple[str, Known, list[Any]]] = []

    def look(self, name: str, agent: Operations) -> None:
        """Note what a device knows, and what it prints."""
        asked = [ask(agent, command, tool) for command, tool in self._commands]
        self._seen.append((name, Known.of(agent), asked))

    def __len__(self) -> int:
        return len(self._seen)

    def judge(self, parsers: Parsers) -> None:
        """Have everything parsed and compared; the first difference names the state."""
        every = iter(parsers.all([request for *_, asked in self._seen for request in asked]))
        for name, known, _ in self._seen:
            for (command, tool), compare in self._commands.items():
                try:
                    compare(next(every), known)
                except Exception as error:
                    error.add_note(f"{command} read by {tool} in the state: {name}")
                    raise
