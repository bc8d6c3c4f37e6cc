"""What is swept of a product instance, and how its history is looked at from outside."""

import tarfile
from pathlib import Path
from typing import Final

from gauger.instance.main import Options, last_known, open_agent
from sweep.place import ACCOUNT, DNA, ESSENTIALS, Place
from sweep.scene import AgentScene, Breaches, HostScene, Looks, PeerScene, Scene, StepScene

FIXTURES: Final = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
CLOCK: Final = ("--clock", "{}/clock.json")
SYNC: Final = "license smart sync all"


def at(name: str) -> tuple[str, ...]:
    """Return the options that name a device of the trial."""
    return ("--data", f"{{}}/{name}", *CLOCK)


def showing(place: Place, name: str, line: str) -> str:
    """Return what a line shows of a device."""
    return place.run("instance", "exec", *at(name), line).text


def states(place: Place, name: str) -> dict[str, str]:
    """Return the states of a device's reports by number."""
    lines = showing(place, name, "show license rum id all").splitlines()
    rows = [line.split() for line in lines if line[:1].isdigit()]
    return {row[0]: row[1] for row in rows}


def uses(name: str, feature: str, count: int) -> Looks:
    """Look whether a device counts a licence."""

    def look(place: Place) -> Breaches:
        text = showing(place, name, "show license summary")
        rows = [line.split() for line in text.splitlines() if feature in line]
        if not any(str(count) in row for row in rows):
            yield f"the device does not count {count} of {feature}: {text}"

    return look


def shows(name: str, line: str, word: str) -> Looks:
    """Look whether what a line shows of a device holds a word."""

    def look(place: Place) -> Breaches:
        text = showing(place, name, line)
        if word not in text:
            yield f"{line} of {name} does not show {word!r}: {text[-600:]}"

    return look


def prints(words: tuple[str, ...], word: str) -> Looks:
    """Look whether what a command prints holds a word, once."""

    def look(place: Place) -> Breaches:
        text = place.run(*words).text
        # Once: given twice around a fault, it must not be there twice.
        if text.count(word) != 1:
            yield f"{' '.join(words)} shows {word!r} {text.count(word)} times: {text[-600:]}"

    return look


def keeps_acknowledged(name: str) -> Looks:
    """Look whether the reports that were acknowledged before are so still."""

    def look(place: Place) -> Breaches:
        here = states(place, name)
        for number in ("1800000000", "1800000001", "1800000002"):
            if here.get(number) != "ACK":
                yield f"report {number} was acknowledged and is {here.get(number)}"

    return look


def all_acknowledged(name: str) -> Looks:
    """Look whether every closed report of a device is acknowledged."""

    def look(place: Place) -> Breaches:
        here = states(place, name)
        odd = {number: state for number, state in here.items() if state not in {"ACK", "OPEN"}}
        # No reports at all would look like all acknowledged.
        if odd or not here:
            yield f"reports of {name} are not acknowledged: {odd}"

    return look


def agree(name: str) -> Looks:
    """Look whether device and portal know of the same acknowledged reports, each once.

    The portal's ledger is the independent record of what it acknowledged.
    """

    def look(place: Place) -> Breaches:
        # Once more first: a report may wait for a sending that the fault cut off.
        place.run("instance", "exec", *at(name), SYNC)
        yield from all_acknowledged(name)(place)
        listed = place.run(
            "cssm", "report", "list", "--account", ACCOUNT, "--data", "{}/cssm", "--json"
        )
        if listed.code:
            yield f"the portal does not list its reports: {listed.text[-600:]}"
            return
        rows = [row for row in listed.json if row["udi"]["udi_serial_number"] == SERIALS[name]]
        known = [str(row["report_id"]) for row in rows]
        held = {number for number, state in states(place, name).items() if state == "ACK"}
        if len(known) != len(set(known)):
            yield f"the portal counts a report twice: {sorted(known)}"
        if set(known) != held:
            yield f"acknowledged by the portal {sorted(known)}, held as such {sorted(held)}"
        odd = [row["verdict"] for row in rows if row["verdict"] != "accepted"]
        if odd:
            yield f"honest reports were judged {odd}"

    return look


SERIALS: Final = {"device": "GGR0000", "offline": "GGR0001", "young": "GGR0002"}


def configured(place: Place) -> Breaches:
    """Look whether the setting is stored: the next agent works by it."""
    with last_known(Options(data=place.path("device"), clock_file=place.path("clock.json"))) as it:
        if it.configuration().usage_interval != 21:
            yield "the setting is not stored"


def _saved(place: Place) -> Breaches:
    said = place.run("inspect", "{}/saved.xml")
    if said.code:
        yield f"the saved file is not whole: {said.text[-600:]}"


def _open_fixture(place: Place) -> None:
    """Open the store of an earlier release as its next start does."""
    agent = open_agent(
        Options(data=place.path("old", "device"), clock_file=place.path("old", "clock.json"))
    )
    agent.stop()


def unpack(place: Place) -> None:
    """Lay the stores of earlier releases into the folder that every trial begins with."""
    place.renew()
    for path in sorted(FIXTURES.glob("*-0.1.tar.gz")):
        with tarfile.open(path) as archive:
            archive.extractall(place.path("old"), filter="fully_trusted")  # noqa: S202 -- our own
    place.keep()


def shows_trust(name: str, number: int) -> Looks:
    """Look whether a device holds a root set."""

    def look(place: Place) -> Breaches:
        text = place.run("trust", "show", "--data", f"{{}}/{name}", *CLOCK).text
        if f"Root set {number}," not in text:
            yield f"root set {number} is not held: {text[-600:]}"

    return look


_DEVICE: Final = at("device")
_EXECUTE: Final = ("instance", "exec", *_DEVICE)
_OWN: Final = ("device",)
_KEEPS: Final = keeps_acknowledged("device")

SCENES: Final[tuple[Scene, ...]] = (
    HostScene(
        name="instance init",
        command=("instance", "init", *at("fresh"), "--bundle", "{}/bundle-fresh"),
        watched=("fresh",),
        whole=("fresh",),
        settled=("store-exists",),
        effect=shows("fresh", "show license udi", "GGR0003"),
    ),
    HostScene(
        name="instance use",
        command=("instance", "use", *_DEVICE, ESSENTIALS, "7"),
        effect=uses("device", ESSENTIALS, 7),
        watched=_OWN,
        whole=_OWN,
        history=_KEEPS,
    ),
    AgentScene(
        name="instance run, use, stop",
        command=("instance", "use", *_DEVICE, DNA, "9"),
        effect=uses("device", DNA, 9),
        watched=_OWN,
        whole=_OWN,
        history=_KEEPS,
    ),
    HostScene(
        name="instance config",
        command=("instance", "config", *_DEVICE, "license smart usage interval 21"),
        effect=configured,
        watched=_OWN,
        whole=_OWN,
        history=_KEEPS,
    ),
    HostScene(
        name="instance user add",
        command=(
            *("instance", "user", "add", *_DEVICE, "--privilege", "1"),
            *("--password-file", "{}/password", "anna"),
        ),
        settled=("conflict",),
        effect=prints(("instance", "user", "list", *_DEVICE), "anna"),
        watched=_OWN,
        whole=_OWN,
        history=_KEEPS,
    ),
    HostScene(
        name="instance trust import",
        command=("trust", "import", *_DEVICE, "{}/factory/root"),
        effect=shows_trust("device", 5),
        watched=_OWN,
        whole=_OWN,
        history=_KEEPS,
    ),
    HostScene(
        name="instance save usage",
        command=(*_EXECUTE, "license smart save usage all file {}/saved.xml"),
        # With the name under which it is written before it is whole.
        watched=("device", "saved.xml", ".saved.xml"),
        whole=("device",),
        effect=_saved,
        history=keeps_acknowledged("device"),
    ),
    HostScene(
        name="instance import",
        command=("instance", "exec", *at("offline"), "license smart import {}/ack.xml"),
        watched=("offline",),
        whole=("offline",),
        effect=shows("offline", "show license rum id all", "ACK"),
    ),
    PeerScene(
        name="instance trust idtoken",
        command=("instance", "exec", *at("young"), "license smart trust idtoken {token} local"),
        watched=("young",),
        whole=("young", "cssm"),
        settled=("already-installed",),
        effect=shows("young", "show license all", "INSTALLED on"),
        history=agree("young"),
    ),
    PeerScene(
        name="instance sync",
        command=(*_EXECUTE, SYNC),
        watched=("device",),
        whole=("device", "cssm"),
        effect=all_acknowledged("device"),
        history=agree("device"),
    ),
    StepScene(
        name="instance store of 0.1",
        command=(),
        step=_open_fixture,
        watched=("old/device",),
        whole=("old/device",),
    ),
)
"""Every command of a product instance that changes state."""
