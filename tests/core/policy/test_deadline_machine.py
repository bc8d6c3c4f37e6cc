"""Deadlines against a model that goes from day to day and asks whether something is overdue."""

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gauger.core.policy.deadlines import (
    DAY,
    after_ack,
    after_change,
    next_ack_deadline,
    push_interval,
)
from gauger.core.policy.rules import DEFAULT, Group, Policy, Rule, validate
from tests.support.figures import Figures
from tests.support.machines import walk

START = 20_000 * DAY
HORIZON = 400
"""Days: no requirement of these policies is longer."""

requirement = st.integers(0, 12)
rules = st.builds(Rule, requirement, requirement, requirement)
policies = st.just(DEFAULT) | st.builds(
    lambda named, required: validate(name="any", ack_required=required, rules=named),
    st.fixed_dictionaries(dict.fromkeys(Group, rules)),
    st.booleans() | st.just(value=True),
)
groups = st.frozensets(st.sampled_from(Group))


@dataclass
class Report:
    """A report: up to when it tells the use, and when its ACK came."""

    covers: int
    acked: int | None = None


class Deadlines(RuleBasedStateMachine):
    """Use changes, reports are closed and acknowledged late or never, policies come.

    The model keeps everything that ever happened. On each day it asks of every requirement of
    every group whether that day is the one on which the patience of it ends.
    """

    @initialize(policy=policies, used=groups)
    def begin(self, policy: Policy, used: frozenset[Group]) -> None:
        self.policy, self.groups, self.now = policy, used, START
        self.first_use: int | None = None
        self.last_ack: int | None = None
        self.changes: tuple[int, ...] = ()
        self.reports: list[Report] = []
        self.changed: list[int] = []

    @rule(used=groups)
    def use(self, used: frozenset[Group]) -> None:
        self.groups = used
        self.first_use = self.now if self.first_use is None else self.first_use
        self.changes = after_change(self.changes, self.now)
        self.changed.append(self.now)
        # At most one change a day: of more the first and the last are kept, by design.
        self.now += DAY

    @rule(days=st.integers(1, 9))
    def wait(self, days: int) -> None:
        self.now += days * DAY

    @rule()
    def report(self) -> None:
        self.reports.append(Report(covers=self.now))
        self.now += DAY

    @rule(which=st.integers(0, 50))
    def acknowledge(self, which: int) -> None:
        if self.reports:
            report = self.reports[which % len(self.reports)]
            report.acked = self.last_ack = self.now
            self.changes = after_ack(self.changes, report.covers)

    @rule(policy=policies)
    def install(self, policy: Policy) -> None:
        self.policy = policy

    def clocks(self) -> Iterable[tuple[int | None, str]]:
        """Yield the beginning of each clock, where it runs, and the requirement that it is for."""
        told = [report.covers for report in self.reports if report.acked is not None]
        untold = [at for at in self.changed if all(at > covers for covers in told)]
        yield None if told else self.first_use, "first_report"
        yield self.last_ack, "frequency"
        yield untold[0] if told and untold else None, "on_change"

    def patience(self) -> Iterable[int]:
        """Yield the day, counted from the start, on which the patience of each group ends."""
        for since, requirement in self.clocks():
            for group in self.groups:
                days: int = getattr(self.policy.groups[group], requirement)
                if since is not None and days:
                    yield since // DAY + days

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "policy"):
            return
        ends = set(self.patience()) if self.policy.ack_required else set()
        days = range(START // DAY, self.now // DAY + HORIZON)
        expected = next((day for day in days if day in ends), None)
        found = next_ack_deadline(
            self.policy, self.groups, self.first_use, last_ack=self.last_ack, changes=self.changes
        )
        assert (None if found is None else found // DAY) == expected

    @invariant()
    def a_push_comes_in_time(self) -> None:
        """Who pushes at the interval is never late for the frequency, whatever was configured."""
        if not hasattr(self, "policy"):
            return
        for configured in (None, 1, 365):
            days = push_interval(self.policy, self.groups, configured)
            asked = [self.policy.groups[group].frequency for group in self.groups]
            for frequency in filter(None, asked):
                assert 1 <= days <= frequency


@pytest.mark.nightly
@pytest.mark.requirement("PI-7")
@pytest.mark.threat("A22", role="core")
def test_a_deadline_is_the_day_on_which_the_first_patience_ends(figures: Figures) -> None:
    walk(Deadlines, figures, walks=100, steps=50)
