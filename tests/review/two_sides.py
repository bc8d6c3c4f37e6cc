"""A real device and a real authority that only files go between."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gauger.adapters.clock import FileClock
from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.storage.ledger_sqlite import SqliteLedger
from gauger.authority.service import Authority, AuthoritySettings
from gauger.core.authority.commands import (
    FoundLedger,
    OpenSmartAccount,
    OpenVirtualAccount,
    Pipe,
    ReceiveReport,
    ReceiveTrustRequest,
)
from gauger.core.authority.outcomes import AnswerBundle, ReportOutcome, TrustOutcome
from gauger.core.documents.smart_license import ItemKind, read_items
from gauger.cssm.commands.answers import write_answers
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.views import ImportResult, Selection, SelectionKind
from tests.instance.world import ACCOUNT, World

UNREPORTED = Selection(kind=SelectionKind.UNREPORTED)
ALL = Selection(kind=SelectionKind.ALL)


@dataclass
class Office:
    """An authority, and the desk at which files are handed in.

    Attributes:
        world: Whose factory it trusts, and by whose clock it works.
        authority: The authority, started.
    """

    world: World
    authority: Authority
    device: Agent | None = None

    @property
    def agent(self) -> Agent:
        """The device that was begun with."""
        assert self.device is not None
        return self.device

    def begin(self) -> None:
        """Start a device that only files reach."""
        self.device = self.world.device()
        self.device.configure([ConfigChange(key=ConfigKey.TRANSPORT, value="off")])

    def totals(self) -> tuple[int, int]:
        """Return how many reports of the device count, and its seconds of use."""
        reader = self.authority.reader()
        try:
            row = reader.instance(self.agent.udi)
            assert row is not None
            reports = [one for one in reader.reports(ACCOUNT) if one.verdict == "accepted"]
            return len(reports), sum(one.count_seconds for one in row.usage)
        finally:
            reader.close()

    def upload(self, path: Path) -> list[AnswerBundle]:
        """Have every document of a usage file judged; return the answers in order."""
        found: list[AnswerBundle] = []
        for item in read_items([path.read_bytes()]):
            if item.kind is ItemKind.RUM_REPORT:
                command = ReceiveReport(item=item.text, pipe=Pipe.FILE, uploaded_to=ACCOUNT)
                outcome = self.authority.execute(command)
                assert isinstance(outcome, ReportOutcome)
                assert outcome.answer is not None
                found.append(outcome.answer)
            if item.kind is ItemKind.TRUST_REQUEST:
                request = ReceiveTrustRequest(
                    document=item.text, token_digest=None, pipe=Pipe.FILE, uploaded_to=ACCOUNT
                )
                outcome = self.authority.execute(request)
                assert isinstance(outcome, TrustOutcome)
                found.append(outcome.answer)
        return found

    def answer(self, agent: Agent, selection: Selection = UNREPORTED) -> Path:
        """Carry a device's unreported usage here and return the answer file."""
        saved, answer = self.world.root / "usage.xml", self.world.root / "answer.xml"
        agent.save_usage(selection, saved)
        answer.write_bytes(b"".join(write_answers(self.upload(saved))))
        return answer

    def round_trip(self, agent: Agent) -> ImportResult:
        """Save, carry, upload, download, import."""
        return agent.import_file(self.answer(agent))


def _authority(world: World) -> Authority:
    return Authority(
        store=SqliteLedger(world.root / "ledger.db"),
        signer=world.signer("cssm"),
        clock=FileClock(world.clock.path),
        entropy=SystemEntropy(),
        settings=AuthoritySettings(),
    )


@contextmanager
def reopened(office: Office) -> Iterator[Office]:
    """Run another authority over the ledger that lies where the office's was."""
    authority = _authority(office.world)
    authority.start()
    try:
        yield Office(office.world, authority, office.device)
    finally:
        authority.stop()


@contextmanager
def an_office(world: World) -> Iterator[Office]:
    """Run an authority for the time of the block."""
    folder = world.factory / "root"
    root_sets = sorted(folder.glob("root-set-*.json"), key=lambda path: int(path.stem[9:]))
    authority = _authority(world)
    authority.start()
    try:
        authority.execute(
            FoundLedger(
                root_sets=tuple(path.read_text() for path in root_sets),
                manufacturers=((world.factory / "manufacturer/manufacturer.json").read_text(),),
                by="operator",
            )
        )
        domain = ACCOUNT.smart_account
        authority.execute(OpenSmartAccount(domain=domain, name="Example", by="operator"))
        authority.execute(OpenVirtualAccount(account=ACCOUNT, description="", by="operator"))
        yield Office(world, authority)
    finally:
        authority.stop()
