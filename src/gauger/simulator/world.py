"""A simulated world: devices, portal, wires and people, and the one queue of what comes next."""

import hashlib
import heapq
import itertools
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gauger.authority.ports import LedgerReader
from gauger.core.authority.commands import AssignPolicy, IssueToken
from gauger.core.identity import Udi, digest
from gauger.core.policy.rules import Group, Rule, validate
from gauger.core.problems import Problem
from gauger.core.usage.sampling import SAMPLE
from gauger.instance.agent import Agent
from gauger.instance.views import Scope, Selection, SelectionKind
from gauger.simulator.breach import Breach
from gauger.simulator.device import Device
from gauger.simulator.faults import Killed
from gauger.simulator.lent import (
    Foundry,
    SeededEntropy,
    VirtualClock,
    VirtualTime,
    account_of,
)
from gauger.simulator.plan import DAY
from gauger.simulator.portal import OPERATOR, PortalSite
from gauger.simulator.promises import Promises
from gauger.simulator.readings import Asked, answers_of, read_request, read_saved
from gauger.simulator.wire import Wire

ASLEEP: Final = 1 << 62
_UNREPORTED: Final = Selection(kind=SelectionKind.UNREPORTED)
_OFFLINE_EVERY: Final = 4


@dataclass(slots=True)
class World:
    """Everything that one simulation holds.

    Attributes:
        folder: Where the disks are.
        foundry: Where the devices come from.
        seed: What all chance comes from.
        time: The time.
        sample: Seconds from one look of a device at its usage to the next; the product's own are
            900, a simulation of years looks less often.
        uploads: Files about authorization codes that were uploaded, and by which device.
        answers: Their answers.
    """

    folder: Path
    foundry: Foundry
    seed: int
    sample: int
    time: VirtualTime = field(default_factory=VirtualTime)
    promises: Promises = field(default_factory=Promises)
    devices: list[Device] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    wakes: list[int] = field(default_factory=list)
    stored: list[int] = field(default_factory=list)
    policies: list[tuple[int, int]] = field(default_factory=list)
    retired: set[int] = field(default_factory=set)
    uploads: list[tuple[int, bytes]] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    events: int = 0
    trace: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    story: list[str] = field(default_factory=list)
    _queue: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)
    _post: list[bytes] = field(default_factory=list)
    portal: PortalSite = field(init=False)

    def __post_init__(self) -> None:
        """Set the portal up."""
        self.portal = PortalSite(
            folder=self.folder,
            foundry=self.foundry,
            clock=VirtualClock(self.time),
            entropy=SeededEntropy(f"{self.seed}/portal"),
        )

    def begin(self, instances: int) -> None:
        """Found the portal, and switch the devices on: three of four online, one by files."""
        self.portal.found()
        for number in range(instances):
            wire = Wire(self, self._post)
            device = Device(
                name=f"device {number + 1}",
                bundle=self.foundry.bundles[number],
                folder=self.folder / f"device-{number + 1}",
                clock=VirtualClock(self.time),
                entropy=SeededEntropy(f"{self.seed}/{number}"),
                transport=wire,
            )
            self.add(device, wire)
            self.promises.known.add(str(device.bundle.udi))
            agent = device.start()
            if self.is_online(number):
                device.go_smart()
                self._trust(number, agent)

    def add(self, device: Device, wire: Wire) -> None:
        """Take one more machine in."""
        self.devices.append(device)
        self.wires.append(wire)
        self.wakes.append(self.time.now)
        self.stored.append(self.time.now)

    @staticmethod
    def is_online(number: int) -> bool:
        """Tell whether a device reports by itself."""
        return number % _OFFLINE_EVERY != _OFFLINE_EVERY - 1

    def _trust(self, number: int, agent: Agent) -> None:
        token = f"token-{self.seed}-{number}"
        self.portal.execute(
            IssueToken(
                account=account_of(number),
                token_digest=digest(token.encode()),
                hint=token[-4:],
                days=365,
                uses=1,
                export_controlled=False,
                description="",
                by=OPERATOR,
            )
        )
        agent.establish_trust(token, Scope.LOCAL, force=False)

    # The far end of every wire.

    def sent(self, body: bytes) -> None:
        """Note the genuine bytes of a request."""
        self._sent(read_request(body))

    def _sent(self, asked: Asked) -> None:
        self.promises.sent(asked.reports)
        self.promises.codes.sent(asked.papers)

    def serve(self, body: bytes) -> bytes:
        """Have the portal answer, and note what it promises by that."""
        try:
            answer = self.portal.serve(body)
        except Killed:
            # The portal's process died, the device's goes on: it hears nothing.
            self.portal_died()
            raise Problem("comm-timeout", "The portal fell silent.") from None
        for one in answers_of(answer):
            self.promises.answered(one)
        return answer

    def portal_died(self, seconds: int = 600) -> None:
        """End the portal's process and start it again after a while."""
        self.portal.kill()
        self.later(seconds, self.portal_back)

    def portal_back(self) -> None:
        """Start the portal's process again and check that nothing is gone.

        Raises:
            Breach: P6 where it does not start, P1 where something is gone.
        """
        if self.portal.is_up:
            return
        try:
            self.portal.start()
        except Problem as problem:
            if not self.portal.trouble.full:
                raise Breach("P6", f"The portal does not start: {problem}.") from problem
            self.portal_died()
            return
        except Killed:
            self.portal_died()
            return
        self._look(self.promises.recount)

    def check(self) -> None:
        """Check the promises after an event.

        Raises:
            Breach: Where one is broken.
        """
        self.events += 1
        # Only what the portal was asked can have changed the ledger since the last event.
        if self.portal.was_asked and self.portal.is_up:
            self._look(self.promises.check)
            self.portal.was_asked = False

    def _look(self, check: Callable[[LedgerReader, int], None]) -> None:
        with self.portal.lend() as reader:
            check(reader, self.time.now)

    def recount(self) -> None:
        """Check the whole ledger anew."""
        self._look(self.promises.recount)

    def agree(self, udis: Collection[str]) -> None:
        """Check that devices that have told everything and the ledger say the same of codes.

        Raises:
            Breach: P1 where they do not.
        """
        codes = self.promises.codes
        with self.portal.lend() as reader:
            for number, device in enumerate(self.devices):
                if device.agent is not None and str(device.bundle.udi) in udis:
                    told, udi = self.is_online(number), device.bundle.udi
                    codes.settled(device.name, udi, reader, is_online=told)

    def portal_restored(self) -> None:
        """Start a portal that was restored from a backup.

        Raises:
            Breach: P6 where it does not start; P1 where more is gone than came since the backup.
        """
        self.promises.forget()
        self.portal_back()

    def close(self) -> None:
        """End every process."""
        for device in self.devices:
            device.kill()
        self.portal.kill()

    # Time.

    def later(self, seconds: int, act: Callable[[], None]) -> None:
        """Do something after a while."""
        heapq.heappush(self._queue, (self.time.now + seconds, next(self._order), act))

    def run(self, until: int) -> None:
        """Let everything happen that is due before a time.

        Raises:
            Breach: Where a promise is broken.
        """
        while True:
            number = min(range(len(self.wakes)), key=self.wakes.__getitem__, default=None)
            wake = ASLEEP if number is None else self.wakes[number]
            queued = self._queue[0][0] if self._queue else ASLEEP
            if min(wake, queued) >= until:
                self.time.now = until
                return
            self.time.now = max(self.time.now, min(wake, queued))
            if queued <= wake:
                heapq.heappop(self._queue)[2]()
            elif number is not None:
                self.tick(number)
            self.check()

    def tell(self, text: str) -> None:
        """Add a line to the trace that the same seed always gives."""
        line = f"{self.time.now} {text}"
        self.story.append(line)
        self.trace.update(line.encode() + b"\n")

    # Devices.

    def tick(self, number: int) -> None:
        """Let a device do what is due, and reckon when it wakes next."""
        self.on(number, lambda agent: agent.tick())

    def on(self, number: int, act: Callable[[Agent], object], *, stores: bool = True) -> str:
        """Do something on a device that runs; a named problem is an outcome as good as any.

        Args:
            number: Which device.
            act: What to do.
            stores: Whether it stores what was used, where it succeeds.

        Returns:
            What came of it.

        Raises:
            Breach: P7 where it ends in anything else.
        """
        device = self.devices[number]
        if device.agent is None:
            return "down"
        outcome = "done"
        try:
            act(device.agent)
            if stores and not device.trouble.full:
                self.stored[number] = self.time.now
        except Killed:
            self.device_died(number, 600)
            outcome = "killed"
        except Problem as problem:
            outcome = problem.code
            if outcome == "internal-error":
                raise Breach("P7", f"{device.name}: {problem}") from problem
        except Breach:
            raise
        except Exception as error:
            raise Breach("P7", f"{device.name}: {type(error).__name__}: {error}") from error
        self.tell(f"{device.name} {outcome}")
        self.look(number)
        self._plan_wake(number)
        return outcome

    def look(self, number: int) -> None:
        """Look at which authorization code a device shows.

        Raises:
            Breach: Where it should not be there.
        """
        device = self.devices[number]
        if device.agent is not None:
            (shown,) = device.agent.authorizations()
            installed = None if shown.installed_at is None else shown.confirmation_code
            self.promises.codes.looked(device.name, device.bundle.udi, installed)

    def _plan_wake(self, number: int) -> None:
        agent = self.devices[number].agent
        if agent is None:
            self.wakes[number] = ASLEEP
            return
        # A device that is cut off tries again every few hours, all in vain: one try a sample shows
        # as much. Once the wire is whole it tries when it would have.
        contact = None if self.wires[number].is_cut else agent.next_contact()
        pause = self.sample if contact is None else min(self.sample, max(1, contact))
        self.wakes[number] = self.time.now + pause

    def mended(self, number: int) -> None:
        """Make the way of a device whole again."""
        self.wires[number].is_cut = False
        self._plan_wake(number)

    def device_died(self, number: int, seconds: int) -> None:
        """End a device's process where it stands and start it again after a while."""
        device = self.devices[number]
        if device.agent is not None:
            unstored = self.time.now - self.stored[number] + SAMPLE
            self.promises.lost(device.name, device.bundle.udi, unstored)
        device.kill()
        self.promises.codes.died(device.name)
        self.wakes[number] = ASLEEP
        self.idle(number)
        self.later(seconds, lambda: self.device_back(number))

    def device_back(self, number: int) -> None:
        """Start a device again.

        Raises:
            Breach: P6 where it does not start.
        """
        device = self.devices[number]
        if device.agent is not None or number in self.retired:
            return
        self.promises.edge(device.bundle.udi)
        try:
            device.start()
        except Killed:
            self.device_died(number, 600)
            return
        except Problem as problem:
            if not device.trouble.full:
                raise Breach("P6", f"{device.name} does not start: {problem}.") from problem
            self.device_died(number, DAY)
            return
        self.tell(f"{device.name} is up")
        self.look(number)
        self._plan_wake(number)

    def retire(self, number: int) -> None:
        """Switch a device off for ever."""
        self.idle(number)
        self.retired.add(number)
        self.devices[number].kill()
        self.promises.codes.gone(self.devices[number].name)
        self.wakes[number] = ASLEEP

    def idle(self, number: int) -> None:
        """Note that nothing is in use on a device that is down."""
        device = self.devices[number]
        for licence in device.bundle.profile.licences:
            self.used(device, licence.tag, 0)

    def use(self, number: int, count: int) -> None:
        """Let a device use licences.

        Raises:
            Breach: P9 where it is kept from it.
        """
        device = self.devices[number]
        if device.agent is None:
            return
        licence = device.bundle.profile.licences[count % 2]
        try:
            device.agent.set_count(licence.tag, count)
        except Problem as problem:
            raise Breach("P9", f"{device.name} may not use {licence.tag}: {problem}.") from problem
        self.used(device, licence.tag, count)
        self.tick(number)

    def used(self, device: Device, tag: str, count: int) -> None:
        """Note what a device really uses from now on."""
        udi: Udi = device.bundle.udi
        self.promises.used(device.name, udi, tag, now=self.time.now, level=count)

    def carry(self, number: int) -> str:
        """Save a device's usage, have it judged, and import the answer; return what came of it."""
        saved, answer = self.folder / "usage.xml", self.folder / "answer.xml"

        def exchange(agent: Agent) -> None:
            agent.save_usage(_UNREPORTED, saved)
            content = saved.read_bytes()
            answer.write_bytes(self.judged(number, content))
            agent.import_file(answer)

        return self.on(number, exchange)

    def judged(self, number: int, content: bytes) -> bytes:
        """Have the portal judge what a device saved; return its answer file.

        Raises:
            Problem: Where there is no answer.
        """
        self._sent(read_saved(content))
        try:
            answered = self.portal.judge_file(content, account_of(number))
        except Killed:
            self.portal_died()
            raise Problem("comm-timeout", "The portal fell silent.") from None
        self.promises.answered(answered)
        return answered

    def policy(self, days: int) -> None:
        """Assign a policy of so many days between reports to everyone."""
        self.policies.append((self.portal.clock.wall(), days))
        rule = Rule(days, days, days)
        policy = validate(
            name=f"Every {days} days", ack_required=True, rules=dict.fromkeys(Group, rule)
        )
        command = AssignPolicy(smart_account=None, virtual_account=None, policy=policy, by=OPERATOR)
        try:
            self.portal.execute(command)
        except Killed:
            self.portal_died()
        except Problem as problem:
            self.tell(f"policy {problem.code}")
