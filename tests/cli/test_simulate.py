"""`gauger simulate` as somebody types it."""

import json
import logging

import pytest
from click.testing import CliRunner

from gauger.cli.simulate import simulate
from gauger.core.problems import Problem
from gauger.instance.agent import Agent

SHORT = ["--seed", "3", "--instances", "2", "--days", "4"]


@pytest.mark.requirement("BX-3")
def test_it_says_what_held_and_how_fast() -> None:
    done = CliRunner().invoke(simulate, [*SHORT, "--seeds", "2", "--story"])
    assert done.exit_code == 0
    assert "seed 3: every promise held" in done.output
    assert "2 seeds, 16 device-days" in done.output
    assert "device-days per CPU-second" in done.output
    assert "day   0" in done.output


def test_programs_get_one_object_for_each_seed() -> None:
    done = CliRunner().invoke(simulate, [*SHORT, "--json"])
    found = json.loads(done.output)
    assert found["seed"] == 3
    assert found["breach"] is None
    assert "story" not in found


def test_a_broken_promise_ends_with_the_shortest_story(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise Problem("internal-error", "Broken on purpose.")

    monkeypatch.setattr(Agent, "set_count", refuse)
    done = CliRunner().invoke(simulate, SHORT)
    assert done.exit_code == 1
    shown = done.output.partition("The shortest story of seed 3")[2]
    assert "uses licences" in shown
    assert len(shown.splitlines()) <= 5


def test_a_night_is_told_briefly_and_ends_with_its_budget() -> None:
    many = ["--instances", "1", "--days", "1", "--seeds", "1000", "--brief", "--budget", "1"]
    done = CliRunner().invoke(simulate, many)
    assert done.exit_code == 0
    assert "every promise held" not in done.output
    seeds = int(done.output.splitlines()[-1].split()[0])
    assert 1 <= seeds < 1000


def test_what_is_logged_afterwards_is_heard() -> None:
    before = logging.getLogger("gauger").level
    CliRunner().invoke(simulate, SHORT)
    assert logging.getLogger("gauger").level == before
