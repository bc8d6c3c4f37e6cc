"""Each promise is broken on purpose, and the checks find it: they can fail."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.problems import Problem
from gauger.instance import events
from gauger.instance.agent import Agent
from gauger.simulator.claims import Claim, area
from gauger.simulator.device import Device
from gauger.simulator.plan import DAY, PORTAL, Act, What
from gauger.simulator.portal import PortalSite
from gauger.simulator.promises import Promises
from gauger.simulator.simulate import Course, Simulator, Terms
from gauger.simulator.world import World

USE = Act(1000, 0, What.USE, 3)
SYNC = Act(2 * DAY, 0, What.SYNC)
LATER = Act(4 * DAY, 0, What.SYNC)


def live(machine: Simulator, *acts: Act, days: int = 6) -> Course:
    return machine.run(Terms(seed=1, instances=1, days=days), acts)


def spoil(monkeypatch: pytest.MonkeyPatch, statement: str, *, after: int) -> None:
    """Have somebody write to the portal's file behind its back, once, at a time."""
    check, done = World.check, list[bool]()

    def meddle(self: World) -> None:
        if self.time.now >= after and not done and self.promises.accepted:
            done.append(True)
            with sqlite3.connect(self.portal.ledger) as db:
                db.execute(statement)
            db.close()
            self.recount()
        check(self)

    monkeypatch.setattr(World, "check", meddle)


def test_a_calm_life_breaks_no_promise(machine: Simulator) -> None:
    course = live(machine, USE, SYNC, LATER)
    assert course.breach is None
    assert course.reports >= 2


def test_trouble_of_every_kind_breaks_no_promise(machine: Simulator) -> None:
    portals = {What.POLICY, What.BACK_UP, What.RESTORE, What.SLOW, What.ENTITLE}
    kinds = [act for act in What if act not in portals]
    trouble = [Act((2 * day + 2) * DAY, 0, what, 9000) for day, what in enumerate(kinds)]
    # Somebody works on it, and somebody asks, right after each blow.
    use = [Act(act.at + 60, 0, What.USE, day % 9) for day, act in enumerate(trouble)]
    asked = [Act(act.at + 120 + 3600 * hour, 0, What.SYNC) for act in trouble for hour in (0, 12)]
    portal = [Act(30 * DAY, PORTAL, What.FULL, DAY), Act(30 * DAY + 60, PORTAL, What.CRASH, 60)]
    acts = sorted([Act(0, PORTAL, What.POLICY, 3), *trouble, *use, *asked, *portal])
    course = live(machine, *acts, days=2 * len(kinds) + 4)
    assert course.breach is None
    assert course.reports > len(kinds)


@pytest.mark.parametrize(
    ("promise", "statement"),
    [
        ("P1", "DELETE FROM reports"),
        ("P2", "UPDATE timelines SET count_seconds = count_seconds + 1"),
        (
            "P2",
            "UPDATE reports SET verdict = 'quarantined' WHERE id = (SELECT min(id) FROM reports)",
        ),
        ("P3", "UPDATE instances SET serial = 'NOBODY'"),
        ("P4", "UPDATE instances SET generation = 0"),
    ],
)
def test_a_ledger_that_lies_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch, promise: str, statement: str
) -> None:
    spoil(monkeypatch, statement, after=3 * DAY)
    breach = live(machine, USE, SYNC, LATER).breach
    assert breach is not None
    assert breach.startswith(promise)


def test_a_report_that_no_device_signed_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(World, "sent", lambda _self, _body: None)
    breach = live(machine, USE, SYNC).breach
    assert breach is not None
    assert breach.startswith("P3")


def older_root(ours: dict[str, Any], by: int) -> None:
    ours["root_number"] -= by


def older_policy(ours: dict[str, Any], by: int) -> None:
    ours["root_number"] += by  # one that rises hides no other that falls
    ours["policy_version"]["version"] -= by


def older_head(ours: dict[str, Any], by: int) -> None:
    head = json.loads(ours["head"]["head"])
    head["page"] -= 1000 * by
    ours["head"]["head"] = json.dumps(head)


@pytest.mark.parametrize("aged", [older_root, older_policy, older_head])
def test_a_device_whose_memory_goes_back_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch, aged: Callable[[dict[str, Any], int], None]
) -> None:
    sent, seen = Promises.sent, list[bool]()

    def older(self: Promises, items: list[dict[str, Any]]) -> None:
        for item in items:
            payload = json.loads(item["payload"])
            if payload["meta"]["gauger"]["policy_version"]:
                aged(payload["meta"]["gauger"], len(seen))
                seen.append(True)
            sent(self, [{"payload": json.dumps(payload)}])

    monkeypatch.setattr(Promises, "sent", older)
    monkeypatch.setattr(Promises, "check", lambda *_: None)
    policy, last = Act(0, PORTAL, What.POLICY, 30), Act(5 * DAY, 0, What.SYNC)
    breach = live(machine, policy, USE, SYNC, LATER, last).breach
    assert breach is not None
    assert breach.startswith("P4")


def test_a_portal_that_is_secretly_put_back_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(World, "portal_restored", World.portal_back)
    acts = (Act(DAY, PORTAL, What.BACK_UP), USE, SYNC, Act(3 * DAY, PORTAL, What.RESTORE))
    breach = live(machine, *acts).breach
    assert breach is not None
    assert breach.startswith("P4")


def test_usage_that_nobody_claims_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = World.used

    def more(self: World, device: Device, tag: str, count: int) -> None:
        used(self, device, tag, count * 2)

    monkeypatch.setattr(World, "used", more)
    breach = live(machine, USE, SYNC, Act(3 * DAY, 0, What.CRASH, 600)).breach
    assert breach is not None
    assert breach.startswith("P1")


def test_usage_that_never_was_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = World.used

    def less(self: World, device: Device, tag: str, count: int) -> None:
        used(self, device, tag, count // 2)

    monkeypatch.setattr(World, "used", less)
    breach = live(machine, USE, SYNC).breach
    assert breach is not None
    assert breach.startswith("P11")


@pytest.mark.parametrize("promise", ["P6", "P7", "P9"])
def test_a_device_that_fails_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch, promise: str
) -> None:
    def refuse(*_: object) -> None:
        raise Problem("internal-error", "Broken on purpose.")

    boots = Device.start

    def boot_once(self: Device) -> Agent:
        return boots(self) if not self.boots else refuse(self)  # type: ignore[func-returns-value,return-value]  # it raises

    broken = {
        "P6": lambda: monkeypatch.setattr(Device, "start", boot_once),
        "P7": lambda: monkeypatch.setattr(Agent, "sync", refuse),
        "P9": lambda: monkeypatch.setattr(Agent, "set_count", refuse),
    }
    broken[promise]()
    breach = live(machine, USE, Act(2000, 0, What.CRASH, 60), SYNC).breach
    assert breach is not None
    assert breach.startswith(promise)


def test_a_portal_that_forgets_what_it_acknowledged_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, first = PortalSite.start, list[bool]()

    def start_empty(self: PortalSite) -> None:
        if first:
            with sqlite3.connect(self.ledger) as db:
                db.execute("DELETE FROM reports")
            db.close()
        first.append(True)
        start(self)

    monkeypatch.setattr(PortalSite, "start", start_empty)
    breach = live(machine, USE, SYNC, Act(3 * DAY, PORTAL, What.CRASH, 60)).breach
    assert breach is not None
    assert breach.startswith("P1")


def test_a_device_that_hides_being_overdue_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.instance.alarms.events.reporting_overdue", silent)
    acts = (USE, SYNC, Act(3 * DAY, 0, What.CUT, 400 * DAY))
    breach = live(machine, *acts, days=130).breach
    assert breach is not None
    assert breach.startswith("P13")


QUIET = (Act(0, PORTAL, What.POLICY, 5), USE, SYNC, Act(3 * DAY, 0, What.CUT, 400 * DAY))


def test_a_portal_that_hides_who_is_silent_is_found_out(
    machine: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert live(machine, *QUIET, days=20).breach is None
    monkeypatch.setattr("gauger.authority.rounds.SWEEP_EVERY", 1 << 40)
    breach = live(machine, *QUIET, days=20).breach
    assert breach is not None
    assert breach.startswith("P13")
    assert "the portal tells nobody" in breach


def silent(at: int, days: int) -> object:
    """Say something else instead."""
    return events.message(at, "6-SILENT", f"{days}")


@pytest.mark.requirement("BX-3")
def test_a_failing_story_is_made_short(machine: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    start = PortalSite.start

    def forget(self: PortalSite) -> None:
        if self.ledger.exists():
            with sqlite3.connect(self.ledger) as db:
                db.execute("DELETE FROM reports")
            db.close()
        start(self)

    monkeypatch.setattr(PortalSite, "start", forget)
    terms = next(
        Terms(seed=seed, instances=2, days=12)
        for seed in range(50)
        if machine.run(Terms(seed=seed, instances=2, days=12)).breach
    )
    acts = machine.shorten(terms)
    assert len(acts) <= 3
    assert machine.run(terms, acts).breach is not None
    assert all(act.told().startswith("day ") for act in acts)


claims = st.lists(
    st.tuples(
        st.sampled_from(["", "boot"]), st.integers(0, 30), st.integers(1, 12), st.integers(0, 9)
    ).map(lambda one: (one[0], one[1], one[1] + one[2], one[3])),
    max_size=12,
)


@given(claims)
def test_the_model_adds_up_like_a_child_does(found: list[Claim]) -> None:
    seconds = {
        (origin, second): 0 for origin, start, end, _ in found for second in range(start, end)
    }
    for origin, start, end, count in found:
        for second in range(start, end):
            seconds[origin, second] = max(seconds[origin, second], count)
    assert area(found) == sum(seconds.values())
