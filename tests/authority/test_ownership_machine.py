"""Whose a product instance is and where its usage counts, against a model with one owner each."""

from contextlib import closing
from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, rule

from gauger.core.authority.commands import MoveInstance, Pipe
from gauger.core.authority.outcomes import Verdict
from gauger.core.identity import AccountRef
from tests.support.benches import PortalMachine
from tests.support.builders import (
    ACCOUNT,
    ELSEWHERE,
    OTHER_ACCOUNT,
    TAG,
    Device,
    a_device,
)
from tests.support.figures import Figures
from tests.support.machines import walk

ACCOUNTS = (ACCOUNT, OTHER_ACCOUNT, ELSEWHERE)
SAMPLE = 900
any_account = st.sampled_from(ACCOUNTS)


@dataclass
class Known:
    """What a child would write down of a product instance."""

    device: Device
    owner: AccountRef | None = None
    is_provisional: bool = False
    homes: set[AccountRef] = field(default_factory=set)
    counted: dict[int, int] = field(default_factory=dict)

    def own(self, account: AccountRef, *, is_provisional: bool) -> None:
        self.owner, self.is_provisional = account, is_provisional
        self.homes.add(account)

    def refusal(self, named: AccountRef | None, to: AccountRef | None) -> str | None:
        """Say why a report is refused; one that is not may change the owner."""
        owner, is_provisional = self.owner, self.is_provisional
        if owner is None:
            owner, is_provisional = named or to, named is None
        elif named is not None and is_provisional:
            owner, is_provisional = named, False
        elif named is not None and named not in {owner, *self.homes}:
            return "belongs-elsewhere"
        if owner is None:
            return "no-account"
        if to not in {None, owner}:
            return "belongs-elsewhere"
        self.own(owner, is_provisional=is_provisional)
        return None


@dataclass(frozen=True)
class Sent:
    """A report that lies about, and may be sent again by anybody."""

    of: Known
    item: str
    named: AccountRef | None
    ended_at: int
    count: int


class Owners(PortalMachine):
    """Devices name accounts, people upload for them, operators move them."""

    known = Bundle("known")
    reports = Bundle("reports")

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Known] = []

    @rule(target=known)
    def appear(self) -> Known:
        one = Known(a_device(f"GGR{len(self.all):04d}"))
        self.all.append(one)
        return one

    @rule(target=reports, one=known, named=st.none() | any_account, count=st.integers(0, 5))
    def close(self, one: Known, named: AccountRef | None, count: int) -> Sent:
        """Let a device close a report; nobody has sent it yet."""
        self.portal.clock.now += SAMPLE
        end = self.portal.clock.now
        one.device.account = named
        item = one.device.report([(end - SAMPLE, end, count)])
        return Sent(one, item, named, end, count)

    @rule(sent=reports, to=st.none() | any_account, times=st.integers(1, 2))
    def send(self, sent: Sent, to: AccountRef | None, times: int) -> None:
        """Let the device send it, or somebody upload it in an account, once or twice."""
        one = sent.of
        for _ in range(times):
            refusal = one.refusal(sent.named, to)
            came = self.portal.report(sent.item, to=to, pipe=Pipe.FILE if to else Pipe.SMART)
            if refusal is not None:
                assert (came.verdict, came.code) == (Verdict.REJECTED, refusal)
                continue
            is_new = sent.ended_at not in one.counted
            assert came.verdict is (Verdict.ACCEPTED if is_new else Verdict.SAME)
            one.counted[sent.ended_at] = sent.count

    @rule(one=known, to=any_account)
    def move(self, one: Known, to: AccountRef) -> None:
        with closing(self.portal.authority.reader()) as reader:
            if reader.instance(one.device.udi) is None:
                return
        self.portal.authority.execute(MoveInstance(udi=one.device.udi, to=to, by="operator"))
        one.own(to, is_provisional=False)

    @invariant()
    def everybody_is_where_they_belong(self) -> None:
        with closing(self.portal.authority.reader()) as reader:
            for one in self.all:
                row = reader.instance(one.device.udi)
                told = (None, False) if row is None else (row.account, row.provisional)
                assert told == (one.owner, one.is_provisional)
            for account in ACCOUNTS:
                own = [one for one in self.all if one.owner == account]
                listed = {row.udi for row in reader.instances(account)}
                assert listed == {one.device.udi for one in own}
                accepted = reader.reports(account, verdict=Verdict.ACCEPTED.value)
                assert len(accepted) == sum(len(one.counted) for one in own)

    @invariant()
    def usage_counts_once_and_at_its_owner(self) -> None:
        for account in ACCOUNTS:
            own = [one.counted for one in self.all if one.owner == account and one.counted]
            newest = sum(counted[max(counted)] for counted in own)
            assert self.portal.balance(account).get(TAG, (0, 0, 0))[1] == newest


@pytest.mark.nightly
@pytest.mark.requirement("SSM-10")
def test_usage_counts_in_one_account(figures: Figures) -> None:
    walk(Owners, figures, walks=12, steps=25)
