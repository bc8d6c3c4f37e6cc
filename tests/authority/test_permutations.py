"""The order of arrival changes no total: batches in any order, and a dumb model beside it."""

import itertools
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, invariant, rule

from gauger.core.authority.commands import DecideDue, MoveInstance, Pipe, ReceiveReport
from gauger.core.authority.outcomes import ReportOutcome, Verdict
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.benches import PortalMachine
from tests.support.builders import (
    ACCOUNT,
    NOW,
    OTHER_ACCOUNT,
    OTHER_TAG,
    TAG,
    UDI,
    Bench,
    Device,
    a_device,
    a_portal,
)
from tests.support.figures import Figures
from tests.support.machines import walk
from tests.support.thoroughness import IS_NIGHTLY

SLOW = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def a_batch(serial: str = "GGR0001") -> list[str]:
    """Return six reports of one device: two licences, an overlap, a restart, a clash."""
    device = a_device(serial)
    items = [
        device.report(((NOW - 9000, NOW - 6000, 2),)),
        device.report(((NOW - 6000, NOW - 3000, 4),)),
        device.report(((NOW - 6000, NOW - 3000, 1),), tag=OTHER_TAG),
    ]
    clone = replace(device, last=dict(device.last))
    items.append(device.report(((NOW - 3000, NOW, 1),)))
    items.append(clone.report(((NOW - 3500, NOW, 7),)))
    items.append(a_device(serial, incarnation="88" * 16).report(((NOW - 7000, NOW - 5000, 3),)))
    return items


def commands_for(items: Iterable[str]) -> list[ReceiveReport]:
    return [ReceiveReport(item=item, pipe=Pipe.FILE, uploaded_to=ACCOUNT) for item in items]


def totals(portal: Bench, udi: Udi = UDI) -> object:
    reader = portal.authority.reader()
    row = reader.instance(udi)
    reader.close()
    assert row is not None
    usage = [(one.tag, one.in_use, one.observed_until, one.count_seconds) for one in row.usage]
    return usage, row.gaps, row.open_cases


def deliver(portal: Bench, items: Iterable[str]) -> None:
    for waiting in portal.authority.enqueue_all(commands_for(items)):
        waiting.result()


def ledger_after(items: Iterable[str]) -> object:
    with TemporaryDirectory() as folder, a_portal(Path(folder)) as portal:
        deliver(portal, items)
        assert examine_ledger(portal.path).is_whole
        with closing(sqlite3.connect(portal.path)) as db:
            verdicts = set(db.execute("SELECT digest, verdict FROM reports"))
        return totals(portal), portal.balance(), verdicts


def in_each_order(
    portal: Bench, orders: Sequence[tuple[int, ...]], *, first: int
) -> list[tuple[Udi, tuple[int, ...]]]:
    """Have a device for each order send its batch in that order, all of them together."""
    serials = [f"GGR2{first + at:03}" for at in range(len(orders))]
    batches = zip(map(a_batch, serials), orders, strict=True)
    deliver(portal, [items[at] for items, order in batches for at in order])
    return [(a_device(serial).udi, order) for serial, order in zip(serials, orders, strict=True)]


@pytest.mark.nightly
@pytest.mark.threat("A13", role="cssm")
def test_every_order_of_a_small_batch_gives_the_same_ledger(portal: Bench) -> None:
    """Have devices send the same six reports, each in another of the 720 orders."""
    for item in a_batch():
        portal.report(item)
    expected, balance = totals(portal), portal.balance()
    orders = list(itertools.permutations(range(6)))[:: 1 if IS_NIGHTLY else 4]
    for some in range(0, len(orders), 48):
        for udi, order in in_each_order(portal, orders[some:][:48], first=some):
            assert totals(portal, udi) == expected, order

    everywhere = {
        tag: (0, (1 + len(orders)) * in_use, 0) for tag, (_, in_use, _) in balance.items()
    }
    assert portal.balance() == everywhere
    assert examine_ledger(portal.path).is_whole


@pytest.mark.nightly
@pytest.mark.threat("A13", role="cssm")
def test_a_large_batch_at_random_gives_the_ledger_of_its_order() -> None:
    device, count = a_device(), 1000 if IS_NIGHTLY else 120
    items = [
        device.report(((NOW - 60 * (count - at), NOW - 60 * (count - at - 1), at % 3),))
        for at in range(count)
    ]
    expected = ledger_after(items)
    Random(13).shuffle(items)  # noqa: S311 -- an order, no secret

    assert ledger_after(items) == expected


@pytest.mark.threat("A13", role="cssm")
@given(st.randoms(use_true_random=False), st.integers(20, 40))
@SLOW
def test_any_order_of_a_long_chain_gives_the_same_ledger(shuffler: Random, length: int) -> None:
    device = a_device()
    items = [
        device.report(((NOW - 90 * (length - at), NOW - 90 * (length - at - 1), at % 3),))
        for at in range(length)
    ]
    expected = ledger_after(items)
    shuffler.shuffle(items)

    assert ledger_after(items) == expected


@dataclass
class Model:
    """What a child would write down: which reports count, and the highest count each second."""

    owner: AccountRef = ACCOUNT
    claims: dict[Digest, tuple[str, tuple[int, int, int]]] = field(default_factory=dict)
    deferred: dict[Digest, tuple[int, str, tuple[int, int, int]]] = field(default_factory=dict)

    def in_use(self, tag: str) -> int:
        claims = [claim for of, claim in self.claims.values() if of == tag]
        last = max((end for _, end, _ in claims), default=0)
        return max((count for _, end, count in claims if end == last), default=0)

    def area(self, tag: str) -> int:
        held: dict[int, int] = {}
        for of, (start, end, count) in self.claims.values():
            if of == tag:
                for at in range(start, end, 100):
                    held[at] = max(held.get(at, 0), count)
        return sum(held.values()) * 100


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A report on its way."""

    item: str
    digest: Digest
    tag: str
    claim: tuple[int, int, int]


class Ledger(PortalMachine):
    """Random honest and restored devices against the model."""

    sent = Bundle("sent")
    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.device: Device = a_device()
        self.model = Model()
        self.count = 0

    @rule(
        target=sent,
        tag=st.sampled_from([TAG, OTHER_TAG]),
        start=st.integers(-40, 60),
        length=st.integers(1, 20),
        count=st.integers(0, 5),
    )
    def report(self, tag: str, start: int, length: int, count: int) -> tuple[str, Digest]:
        claim = (NOW + 100 * start, NOW + 100 * (start + length), count)
        return self.deliver(self.sign(tag, claim))

    @rule(
        target=held,
        tag=st.sampled_from([TAG, OTHER_TAG]),
        start=st.integers(-40, 0),
        count=st.integers(0, 5),
    )
    def hold_back(self, tag: str, start: int, count: int) -> Signed:
        """Close a report that arrives later than others, or never."""
        return self.sign(tag, (NOW + 100 * start, NOW + 100 * (start + 5), count))

    @rule(target=sent, late=consumes(held))
    def arrive_late(self, late: Signed) -> tuple[str, Digest]:
        return self.deliver(late)

    def sign(self, tag: str, claim: tuple[int, int, int]) -> Signed:
        item = self.device.report((claim,), tag=tag)
        return Signed(item=item, digest=self.device.last[tag], tag=tag, claim=claim)

    def deliver(self, signed: Signed) -> tuple[str, Digest]:
        outcome = self.portal.report(signed.item, to=None if self.count else ACCOUNT)
        self.count += 1
        if outcome.verdict is Verdict.DEFERRED:
            assert outcome.until is not None
            self.model.deferred[signed.digest] = (outcome.until, signed.tag, signed.claim)
        else:
            assert outcome.verdict is Verdict.ACCEPTED
            self.model.claims[signed.digest] = (signed.tag, signed.claim)
        return signed.item, signed.digest

    @rule(sending=sent)
    def replay(self, sending: tuple[str, Digest]) -> None:
        outcome = self.portal.report(sending[0], to=None)
        assert isinstance(outcome, ReportOutcome)
        assert outcome.verdict is Verdict.SAME

    @rule(account=st.sampled_from([ACCOUNT, OTHER_ACCOUNT]))
    def move(self, account: AccountRef) -> None:
        if self.count:
            self.portal.authority.execute(MoveInstance(udi=UDI, to=account, by="admin"))
            self.model.owner = account

    @rule(seconds=st.integers(100, 4000))
    def wait(self, seconds: int) -> None:
        self.portal.clock.now += seconds
        self.portal.authority.execute(DecideDue())
        for digest, (until, tag, claim) in list(self.model.deferred.items()):
            if until <= self.portal.clock.now:
                self.model.claims[digest] = (tag, claim)
                del self.model.deferred[digest]

    @invariant()
    def agrees(self) -> None:
        if not self.count:
            return
        reader = self.portal.authority.reader()
        row = reader.instance(Udi(UDI.pid, UDI.serial))
        reader.close()
        assert row is not None
        found = {one.tag: (one.in_use, one.count_seconds) for one in row.usage}
        for tag in (TAG, OTHER_TAG):
            in_use, area = found.get(tag, (0, 0))
            assert (in_use, area) == (self.model.in_use(tag), self.model.area(tag))
            held = self.portal.balance(self.model.owner).get(tag, (0, 0, 0))
            assert held[1] == in_use

    def teardown(self) -> None:
        self.portal.authority.stop()
        assert examine_ledger(self.portal.path).is_whole
        super().teardown()


@pytest.mark.nightly
@pytest.mark.threat("A1", role="cssm")
@pytest.mark.threat("A12", role="cssm")
@pytest.mark.threat("A13", role="cssm")
@pytest.mark.threat("A16", role="cssm")
@pytest.mark.threat("F16", role="cssm")
def test_a_ledger_holds_what_a_child_would_write_down(figures: Figures) -> None:
    walk(Ledger, figures, walks=20, steps=25)
