"""What is swept: a command, the folders that faults befall, and what must hold afterwards."""

import re
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from gauger.cli.main import EXIT_CODES, describe
from gauger.core.problems import TABLE, Problem
from sweep.forked import Child, Gate
from sweep.place import SECONDS, Place, Said

Breaches = Iterator[str]
Looks = Callable[[Place], Breaches]
"""Looks at a place from outside."""

_NAMED: Final = re.compile(r"^.* \((?P<code>[a-z0-9-]+)\)\.$", re.MULTILINE)
_NAMELESS: Final = "internal-error"


def name_of(said: Said) -> str | None:
    """Return the code of the problem that a command ended with; None where it named none."""
    codes = [match["code"] for match in _NAMED.finditer(said.text) if match["code"] in TABLE]
    # The last: a detail may quote another problem, the verdict ends the text.
    return codes[-1] if codes else None


def ended_well(said: Said, who: str) -> Breaches:
    """Tell whether a command neither succeeded nor was killed nor says by name why not."""
    if said.code is None:
        yield f"{who} did not end within {SECONDS:.0f} s: {said.text[-600:]}"
    # An internal error is named as well, but says that nobody thought of this.
    elif said.code > 0 and name_of(said) in {None, _NAMELESS}:
        yield f"{who} failed without a name: {said.text[-600:]}"
    # KILL is the sweep's own; any other signal is a crash.
    elif said.code < 0 and said.code != -signal.SIGKILL:
        yield f"{who} died of signal {-said.code}: {said.text[-600:]}"


@dataclass(kw_only=True)
class Scene(ABC):
    """A command and what is around it.

    Attributes:
        name: How it is called on the command line and in the table.
        command: Its words; ``{}`` stands for the folder of the trial.
        watched: Folders and files below it that faults befall.
        whole: Data folders, or files of ledgers, that `gauger fsck` proves afterwards.
        settled: Problems that say that it was done already.
        effect: Yields what is missing of its effect, once it was acknowledged.
        history: Yields what of the time before is missing or doubled.
    """

    name: str
    command: tuple[str, ...]
    watched: tuple[str, ...]
    whole: tuple[str, ...]
    settled: tuple[str, ...] = ()
    effect: Looks | None = None
    history: Looks | None = None
    told: Said = field(default_factory=lambda: Said(0, ""), repr=False)

    def folders(self, place: Place) -> list[Path]:
        """Return what faults befall."""
        return [place.path(name) for name in self.watched]

    @abstractmethod
    def begin(self, place: Place, gate: Gate) -> Child:
        """Bring the process that faults befall to where they begin; it waits there."""

    @abstractmethod
    def act(self, place: Place, child: Child) -> Breaches:
        """Let it go on to its end, and keep what it acknowledged in `told`."""

    @abstractmethod
    def look(self, place: Place) -> Breaches:
        """After a restart: the effect stands if it was acknowledged, and can be had if not."""

    def check(self, place: Place) -> Breaches:
        """Prove what the trial left: stores whole, effect and history there after a restart."""
        # Before anything starts: a restart mends, and would hide what was not whole.
        yield from self._proved(place, "before the restart")
        yield from self.look(place)
        yield from self._proved(place, "after the restart")

    def _proved(self, place: Place, when: str) -> Breaches:
        for name in self.whole:
            if not place.path(name).exists():
                continue
            said = place.run("fsck", "--data", f"{{}}/{name}")
            # A command that makes a store may have been cut off before there was one.
            if said.code and name_of(said) != "store-missing":
                yield f"fsck of {name} {when}: {said.text[-1500:]}"

    def repeated(self, place: Place) -> Breaches:
        """What was acknowledged is there; given again, it is there in any case, and only once."""
        # Before it is given again: afterwards nobody could tell whether it had been there.
        if self.told.code == 0 and self.effect is not None:
            yield from self.effect(place)
        yield from self.again(place)
        if self.effect is not None:
            yield from self.effect(place)
        if self.history is not None:
            yield from self.history(place)

    def again(self, place: Place) -> Breaches:
        """Give the command once more, after the restart."""
        yield from self.settles(place.run(*self.command))

    def settles(self, said: Said) -> Breaches:
        """Tell where a command that is given again says anything but that it was done."""
        # Given again it may find that it was done: that, and nothing else, it may say.
        if said.code and name_of(said) not in self.settled:
            yield f"given again after the restart: {said.text[-600:] or said.code}"


@dataclass(kw_only=True)
class HostScene(Scene):
    """A command that works on its folder in its own process, from its first system call."""

    def begin(self, place: Place, gate: Gate) -> Child:
        """Begin it."""
        return place.begin(*self.command, gate=gate)

    def act(self, place: Place, child: Child) -> Breaches:
        """Wait for its end."""
        self.told = place.ended(child)
        yield from ended_well(self.told, "the command")

    def look(self, place: Place) -> Breaches:
        """Look, give it again, look again."""
        yield from self.repeated(place)


@dataclass(kw_only=True)
class StartScene(HostScene):
    """A server from its first system call until it was asked to end."""

    def begin(self, place: Place, gate: Gate) -> Child:
        """Begin to serve."""
        return place.begin(*place.serving(), gate=gate)

    def act(self, place: Place, child: Child) -> Breaches:
        """Ask it to end once it answers."""
        # Not asked whether it came: a fault at the start ends it, and that too must end well.
        place.await_ready(child)
        self.told = place.stop(child)
        yield from ended_well(self.told, "the server")

    def look(self, place: Place) -> Breaches:
        """Serve again."""
        yield from _served(place, lambda: iter(()) if self.history is None else self.history(place))


@dataclass(kw_only=True)
class ServedScene(Scene):
    """A command that a portal carries out; faults befall the portal, from the request to its end."""

    def begin(self, place: Place, gate: Gate) -> Child:
        """Serve, and hold the command back."""
        self._gate = gate
        return place.serve()

    def act(self, place: Place, child: Child) -> Breaches:
        """Give the command, once more where it is refused, and let the portal end."""
        self.told = place.run(*self.command)
        yield from ended_well(self.told, "the command")
        if self.told.code and child.poll() is None:
            # A fault that passes must leave nothing behind: the same process takes up its work.
            self.told = place.run(*self.command)
            yield from ended_well(self.told, "the command, given again at once,")
        stopped = place.stop(child)
        yield from ended_well(stopped, "the portal")

    def look(self, place: Place) -> Breaches:
        """Serve again; look, give the command again, look again."""
        yield from _served(place, lambda: self.repeated(place))


def _served(place: Place, inside: Callable[[], Breaches]) -> Breaches:
    server = place.serve()
    if server.poll() is not None:
        yield f"the portal does not start again: {server.text[-1500:]}"
        return
    yield from inside()
    stopped = place.stop(server)
    if stopped.code:
        yield f"the portal does not end well after the restart: {stopped.text[-600:]}"


@dataclass(kw_only=True)
class PeerScene(HostScene):
    """A command of a product instance that speaks to a portal; faults befall the instance."""

    def begin(self, place: Place, gate: Gate) -> Child:
        """Serve the portal, then begin the command."""
        self._server = place.serve()
        return place.begin(*self.command, gate=gate)

    def look(self, place: Place) -> Breaches:
        """Look while the same portal serves on: it remembers what it acknowledged."""
        yield from self.repeated(place)
        stopped = place.stop(self._server)
        if stopped.code:
            yield f"the portal does not end well: {stopped.text[-600:]}"


@dataclass(kw_only=True)
class AgentScene(Scene):
    """A running agent that is told something and asked to end; faults befall the agent."""

    def begin(self, place: Place, gate: Gate) -> Child:  # noqa: ARG002 -- nothing waits at it
        """Run the agent until it answers on its socket."""
        socket = place.path(self.watched[0], "agent.sock")
        # The one of a killed agent would pass for this one's.
        socket.unlink(missing_ok=True)
        here = ("--data", f"{{}}/{self.watched[0]}", "--clock", "{}/clock.json")
        child = place.begin("instance", "run", *here)
        place.await_content(child, socket)
        return child

    def act(self, place: Place, child: Child) -> Breaches:
        """Give the command to it, then ask it to end."""
        self.told = place.run(*self.command)
        yield from ended_well(self.told, "the command")
        stopped = place.stop(child)
        yield from ended_well(stopped, "the agent")

    def look(self, place: Place) -> Breaches:
        """Look, give it again to no agent, look again."""
        yield from self.repeated(place)


@dataclass(kw_only=True)
class StepScene(HostScene):
    """A function of the composition root instead of a command line: a migration."""

    step: Callable[[Place], None]

    def begin(self, place: Place, gate: Gate) -> Child:
        """Begin it."""
        return place.fork(lambda: _named(self.step, place), gate=gate)

    def again(self, place: Place) -> Breaches:
        """Take the step once more."""
        said = place.ended(place.fork(lambda: _named(self.step, place)))
        if said.code:
            yield f"given again after the restart: {said.text[-600:]}"


def _named(step: Callable[[Place], None], place: Place) -> None:
    """Take a step as the command line does: a problem becomes text and an exit code."""
    try:
        step(place)
    except Problem as problem:
        click.echo(describe(problem))
        sys.exit(EXIT_CODES[problem.kind.fault])
