"""Label by label against the text of real devices; what differs stands in the reference, with why.

The page is the list: a difference that it does not name fails, and one that is none any more too.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from gauger.core.identity import Udi
from gauger.core.profiles import Enforcement, Licence
from gauger.instance.tech_views import HandleView
from gauger.instance.views import AuthorizationView, TransportView, TrustView, UsageView
from gauger.surfaces.console.console import Console
from tests.support.material import shared_file
from tests.surfaces.console import scripted
from tests.surfaces.console.scripted import NOW, TECHNICAL, ScriptedAgent

pytestmark = pytest.mark.requirement("PI-10/layout")

PAGE: Final = Path(__file__).parents[3] / "docs" / "reference" / "show-output.md"
TIME: Final = re.compile(r"[A-Z][a-z]{2} \d{2} \d{2}:\d{2}:\d{2} \d{4} [A-Z]{3}")
RULE: Final = re.compile(r"=*|-*")
TERMINAL: Final = ("Load for five secs", "Time source is")
PRESENCE: Final = {
    "left out": (True, False),
    "only here": (False, True),
    "section left out": (True, False),
    "section elsewhere": (True, True),
}
"""Whether real devices and this system have a line, by what the page says of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A row of the page."""

    command: str
    line: str
    here: str


def differences() -> tuple[Difference, ...]:
    """Return the rows of the page."""
    rows = re.findall(r"(?m)^\| `([^`]+)` \| `([^`]+)` \| ([a-z ]+) \| \S.*\|$", PAGE.read_text())
    return tuple(Difference(command=row[0], line=row[1], here=row[2]) for row in rows)


def label(line: str) -> str:
    """Return what a line says whatever the state: its label, or all of it without times."""
    plain = TIME.sub("<time>", line.strip())
    return re.split(r":(?: |$)", plain, maxsplit=1)[0]


def real(name: str) -> list[str]:
    """Return the lines of a real output, without what the terminal put before them."""
    text = shared_file(f"samples/show/show-license-{name}.txt").read_text()
    return [line for line in text.splitlines() if not line.startswith(TERMINAL)]


def without(lines: list[str], rows: list[Difference], *, is_ours: bool) -> Iterator[str]:
    """Yield the labels of an output without what the page says of it."""

    def said(*kinds: str) -> set[str]:
        return {row.line for row in rows if row.here in kinds}

    gone = said("only here") if is_ours else said("left out")
    sections = said("section elsewhere", *(() if is_ours else ("section left out",)))
    cuts = set() if is_ours else said("cut off")
    skips = False
    for name in map(label, lines):
        # A section reaches to the next empty line.
        skips = bool(name) and (skips or name in sections)
        kept = _cut(name, cuts)
        if not (skips or kept in gone or RULE.fullmatch(kept)):
            yield kept


def _cut(name: str, cuts: set[str]) -> str:
    for cut in cuts:
        name = name.removesuffix(cut)
    return name


def members(*devices: tuple[str, str]) -> tuple[TrustView, ...]:
    """Return a set of devices, all of them trusted."""
    roles = ("Active", "Standby", "Member")
    return tuple(
        scripted.trust(role, Udi(pid, serial), NOW, "cssm")
        for role, (pid, serial) in zip(roles, devices, strict=False)
    )


def switches(
    agent_version: str, trust: tuple[TrustView, ...], *used: UsageView, release: str = "17.12.1"
) -> ScriptedAgent:
    """Return a switch, or a stack of several, with licences in use."""
    return ScriptedAgent(
        profile=scripted.product(release, agent_version),
        udi=trust[0].udi,
        state=replace(scripted.ACKNOWLEDGED, trust=trust),
        in_use=used,
        authorized=tuple(AuthorizationView(udi=view.udi, role=view.role) for view in trust),
    )


def everything() -> ScriptedAgent:
    """Return a stack of three switches."""
    trust = members(
        ("C9350-48T", "FOC2820Y07F"), ("C9350-48P", "FOC2823Y0QC"), ("C9350-24T", "FOC2823Y1LN")
    )
    used = scripted.usage("essentials", "Switching OS Essentials", 3)
    return switches("6.3.10/58086906e", trust, used, release="17.15.1")


def status() -> ScriptedAgent:
    """Return a stack of three switches that waits for a utility to find them."""
    trust = members(
        ("C9300-24UX", "FCW2303D16Y"), ("C9300-24U", "FHH2043P09E"), ("C9300-48T", "FCW2139L056")
    )
    agent = switches("5.3.10_rel/25", trust)
    agent.state = replace(agent.state, transport=scripted.FRESH.transport)
    return agent


def summary() -> ScriptedAgent:
    """Return a switch of a release before accounts are shown."""
    names = (
        ("network-advantage", "C9300-48 Network Advantage"),
        ("dna-advantage", "C9300-48 DNA Advantage"),
    )
    used = (scripted.usage(feature, name, 1) for feature, name in names)
    return switches("5.3.10_rel/25", members(("C9300-48", "FOC1")), *used, release="17.6.4")


def support() -> ScriptedAgent:
    """Return a pair of processors that report through a proxy."""
    names = ("network-advantage", "dna-advantage")
    # Each with a tag of its own, by which its handle is found.
    used = [replace(scripted.usage(name, name, 1), tag=name) for name in names]
    processor = ("C9407R", "FXS2119Q2U7")
    agent = switches("5.10.1_rel/5", members(processor, processor), *used)
    url = "https://smartreceiver.cisco.com/licservice/license"
    transport = TransportView(kind="smart", url=url, proxy="173.36.224.109:80")
    agent.state = replace(agent.state, transport=transport)
    agent.profile = replace(agent.profile, licences=(*agent.profile.licences, HSEC))
    handles = tuple(
        HandleView(tag=name, since=NOW, requested_at=NOW, open_id=2, previous_id=1)
        for name in names
    )
    agent.technical = replace(TECHNICAL, handles=handles)
    return agent


HSEC: Final = Licence(
    tag="regid.2021-05.com.cisco.C9K_HSEC,1.0_90fdf411-3823-45bd-bd8c-5a5d0e0e1ea2",
    feature="hseck9",
    name="C9K HSEC",
    description="Export controlled features",
    enforcement=Enforcement.EXPORT,
)
STATES: Final[Mapping[str, Callable[[], ScriptedAgent]]] = {
    "show license all": everything,
    "show license status": status,
    "show license summary": summary,
    "show license tech support": support,
}


@pytest.mark.parametrize("command", STATES)
def test_labels_and_their_order_are_those_of_real_devices(command: str) -> None:
    rows = [row for row in differences() if row.command == command]
    sample = real(command.removeprefix("show license ").replace(" ", "-"))
    printed = Console(STATES[command]()).execute(command).split("\n")
    theirs = list(without(sample, rows, is_ours=False))
    assert list(without(printed, rows, is_ours=True)) == theirs


@pytest.mark.parametrize("row", differences(), ids=lambda row: f"{row.command}: {row.line}")
def test_each_difference_is_one_still(row: Difference) -> None:
    sample = real(row.command.removeprefix("show license ").replace(" ", "-"))
    theirs = {label(line) for line in sample}
    ours = {label(line) for line in Console(STATES[row.command]()).execute(row.command).split("\n")}
    if row.here == "cut off":
        assert {name for name in theirs if name.endswith(row.line)}
        assert not {name for name in ours if name.endswith(row.line)}
    else:
        assert (row.line in theirs, row.line in ours) == PRESENCE[row.here]


def test_every_row_of_the_page_is_read() -> None:
    table = PAGE.read_text().partition("|---")[2].partition("\n\n")[0]
    assert len(differences()) == table.count("\n") > 0
