"""Answers that a trusted portal never gives to this device: refused by name, told, nothing moves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from gauger.core.documents.acknowledgment import AnsweredType
from gauger.core.documents.envelope import DirectSignature, Document, preimage
from gauger.core.documents.rum_report import RumReport, read_report
from gauger.core.documents.smart_license import read_items
from gauger.core.documents.trust_code import TrustCode, TrustOrigin
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.instance.answers import parse
from gauger.core.policy.rules import Group, Rule
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.views import Scope
from gauger.tools.fsck_instance import check_instance
from gauger.tools.trust import RootFolder
from tests.instance.portal import Portal, answer_file
from tests.instance.test_every_byte import saved
from tests.instance.test_rooting import root
from tests.instance.wired import kept, wired
from tests.instance.world import DAY, World, names

OTHER = Udi("C9800-CL-K9", "GGR0002")
BRANCH = AccountRef("example.com", "Branch")
MOST = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Case:
    """A device with an account, a policy and its second trust code; one report waits for its ACK.

    Attributes:
        portal: Whom it trusts: what it signs here is signed as well as any honest answer.
        codes: The trust code that was replaced, and the one in use.
        report: The report that waits.
    """

    world: World
    agent: Agent
    portal: Portal
    codes: list[Document]
    report: RumReport

    def give(self, *documents: Document) -> None:
        """Import a file with these documents."""
        path = self.world.root / "given.xml"
        path.write_bytes(answer_file(list(documents)))
        self.agent.import_file(path)

    def changed(self, document: Document, **changes: object) -> Document:
        """Have the portal sign a document with some of its fields changed."""
        return self.portal.sign(replace(parse(document).body, **changes))  # type: ignore[arg-type] # the dataclass checks names

    def ack(self, *companions: Document, **changes: object) -> Document:
        """Return an ACK of the report that waits."""
        self.portal.acknowledged.clear()
        report, listed = self.report, list(companions)
        good = self.portal.acknowledge(report.udi, report.digest, report.payload.report_id, listed)
        return self.changed(good, **changes) if changes else good

    def policy(self, days: int = 9, **changes: object) -> Document:
        """Return a policy, of a new version where none is given."""
        good = self.portal.policy_document({Group.PERPETUAL: Rule(9, 9, 9)}, "New")
        if not 0 <= days <= 3650:  # what no honest portal could even write
            body = good.body.replace(b'"frequency":9', f'"frequency":{days}'.encode())
            value = self.portal.signer.sign(preimage(good.type, good.version, body))
            block = DirectSignature(chain=self.portal.signer.chain, value=value)
            return replace(good, body=body, signature=block)
        return self.changed(good, **changes) if changes else good

    def code(self, **changes: object) -> Document:
        """Return a new trust code for the key in use."""
        return self.changed(self.codes[-1], order=self.portal.order(), **changes)


@contextmanager
def a_case(world: World) -> Iterator[Case]:
    with wired(world) as (agent, wire):
        codes = []
        for force in (False, True):
            agent.establish_trust("token", Scope.LOCAL, force=force)
            codes += [one for one in wire.portal.held if one.type == "trust-code"]
        (item,) = (
            one.text
            for one in read_items([saved(world, agent).read_bytes()])
            if one.kind == "RUMReport"
        )
        case = Case(
            world=world, agent=agent, portal=wire.portal, codes=codes, report=read_report(item)
        )
        case.give(case.policy())
        yield case


def factory_code(case: Case) -> Document:
    return case.code(generation=0, origin=TrustOrigin.FACTORY, incarnation=None)


Forge = Callable[[Case], tuple[Document, ...]]
ATTACKS: dict[str, list[tuple[Forge, str]]] = {
    "B2": [
        (lambda case: (case.ack(answers=Digest("0" * 64)),), "wrong-request"),
        (lambda case: (case.ack(answers_type=AnsweredType.TRUST_REQUEST),), "wrong-request"),
    ],
    "B3": [
        (lambda case: (case.ack(udi=OTHER),), "wrong-subject"),
        # Of two mixed answers not even the right one counts.
        (lambda case: (case.ack(), case.ack(udi=OTHER)), "wrong-subject"),
    ],
    "B4": [
        (lambda case: (case.ack(account=BRANCH),), "wrong-audience"),
        (lambda case: (case.ack(account=AccountRef("other.example", "DEFAULT")),),
         "wrong-audience"),
        (lambda case: (case.policy(account=BRANCH),), "wrong-audience"),
    ],
    "B7": [
        (lambda case: (case.ack(case.policy()), case.policy()), "wrong-bundle"),
        (lambda case: (case.ack(one := case.policy()), one, case.code()), "wrong-bundle"),
    ],
    "B8": [
        (lambda case: (replace(case.ack(), type="policy"),), "wrong-type"),
        (lambda case: (replace(case.ack(), type="trust-code"),), "wrong-type"),
        (lambda case: (replace(case.ack(), type="account-info"),), "wrong-type"),
        (lambda case: (replace(case.policy(), type="trust-code"),), "wrong-type"),
    ],
    "B9": [(lambda case: (case.policy(order=Order(1, 1, 0)),), "stale-version")],
    "B11": [
        (lambda case: (case.policy(-1),), "policy-out-of-range"),
        (lambda case: (case.policy(10**9),), "policy-out-of-range"),
        (lambda case: (case.ack(one := case.policy(3651)), one), "policy-out-of-range"),
    ],
    "B14": [
        (lambda case: (case.code(udi=OTHER),), "wrong-subject"),
        (lambda case: (case.ack(one := case.code(udi=OTHER)), one), "wrong-subject"),
    ],
    "B15": [
        (lambda case: (case.codes[0],), "stale-version"),
        (lambda case: (factory_code(case),), "stale-version"),
    ],
}  # fmt: skip
ROWS = [
    pytest.param(row, id=row, marks=pytest.mark.threat(row, role="instance")) for row in ATTACKS
]
TOLD = {
    "SMART_LIC-3-IMPORT_FAILED",
    "SMART_LIC-3-POLICY_INSTALL_FAILED",
    "SMART_LIC-3-TRUST_CODE_INSTALL_FAILED",
}


@pytest.mark.parametrize("row", ROWS)
def test_each_is_refused_by_name_and_told_and_changes_nothing(world: World, row: str) -> None:
    with a_case(world) as case, kept(world.root / "device") as store:
        before = (case.agent.status(), case.agent.report_rows(), store.read())
        for number, (forge, code) in enumerate(ATTACKS[row], start=1):
            given = forge(case)
            with pytest.raises(Problem) as caught:
                case.give(*given)

            assert caught.value.code == code, (number, caught.value.detail)
            assert (case.agent.status(), case.agent.report_rows(), store.read()) == before, number
            told = [one for one in case.agent.events() if one.name in TOLD]
            assert len(told) == number
            assert code in told[-1].text

        case.give(case.ack())
        assert case.agent.report_rows()[0].state == "ACK"
    assert check_instance(world.root / "device") == []


def in_force(agent: Agent) -> object:
    """Return all that an answer may set: versions, policy, account, trust, dates, reports."""
    status = agent.status()
    told = (status.policy, status.account, status.trust, status.reporting.last_ack)
    return told, agent.report_rows(), dict(agent._engine.memory.marks)


@pytest.mark.threat("B1", role="instance")
def test_an_old_answer_moves_nothing_back(world: World) -> None:
    with a_case(world) as case:
        old = (case.ack(one := case.policy(name="Old")), one)
        case.give(*old)
        world.clock.advance(DAY)
        case.give(case.policy(name="Newer"))
        before = in_force(case.agent)
        world.clock.advance(DAY)
        for replayed in (old, old[:1]):
            case.give(*replayed)
            assert in_force(case.agent) == before
        assert case.agent.status().policy.name == "Newer"


@pytest.mark.threat("B10", role="instance")
def test_a_stolen_signer_at_the_highest_version_is_overcome_by_a_new_root_epoch(
    world: World,
) -> None:
    with a_case(world) as case:
        thief = case.portal.signer
        case.give(case.policy(name="Stolen", order=Order(1, 1, MOST)))
        with pytest.raises(Problem, match="stale-version"):
            case.give(case.policy())
        RootFolder(root(world), world.workshop).revoke(thief.key_id)
        case.portal.signer = world.signer("successor")
        case.agent.import_trust(sorted(root(world).glob("root-set-*.json")))
        case.give(case.policy(name="Ours", order=Order(2, 1, 1)))

        case.portal.signer = thief
        with pytest.raises(Problem, match="key-revoked"):
            case.give(case.policy(order=Order(2, 1, MOST)))
        assert case.agent.status().policy.name == "Ours"


@pytest.mark.threat("B15", role="instance")
def test_a_trust_code_whose_key_was_revoked_is_refused(world: World) -> None:
    with a_case(world) as case, kept(world.root / "device") as store:
        RootFolder(root(world), world.workshop).revoke(
            TrustCode.from_document(case.codes[1]).key_id
        )
        case.agent.import_trust(sorted(root(world).glob("root-set-*.json")))
        before = store.read()
        for code in (case.codes[1], case.code()):
            with pytest.raises(Problem, match="key-revoked"):
                case.give(code)
        assert store.read() == before
        assert "SMART_LIC-3-TRUST_CODE_INSTALL_FAILED" in names(case.agent)
