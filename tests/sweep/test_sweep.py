"""The sweep itself runs: one command at every call, further faults and outages at a few."""

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from sweep import __main__ as command
from sweep.place import Place
from tests.support.material import ROOT, needs_program


def sweep(*arguments: str) -> str:
    """Sweep, and return what it printed; a breach fails the test with its story."""
    needs_program("strace", "strace")
    command = [sys.executable, "-m", "sweep", "--jobs", "1", *arguments]
    environ = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.threat("G1", role="instance")
@pytest.mark.requirement("PI-4")
def test_a_running_agent_is_killed_at_every_call() -> None:
    told = sweep("--only", "instance run, use, stop", "--faults", "KILL")
    assert " 0 breaches" in told


@pytest.mark.threat("G2", role="instance")
@pytest.mark.threat("G3", role="instance")
def test_calls_of_an_instance_fail() -> None:
    told = sweep("--only", "instance use", "--points", "3", "--faults", "EIO", "ENOSPC")
    assert " 0 breaches" in told


@pytest.mark.threat("G1", role="cssm")
@pytest.mark.threat("G2", role="cssm")
@pytest.mark.threat("G3", role="cssm")
def test_calls_of_a_portal_fail_while_it_acknowledges() -> None:
    told = sweep("--only", "cssm report exchange", "--points", "2")
    assert " 0 breaches" in told


@pytest.mark.threat("G4", role="instance")
@pytest.mark.threat("G4", role="cssm")
def test_the_power_goes_and_writes_are_lost() -> None:
    told = sweep("--only", "power loss", "--points", "4")
    assert told.count("12 disks, 0 breaches") == 2


@pytest.mark.threat("G9", role="cssm")
@pytest.mark.threat("G9", role="instance")
@pytest.mark.parametrize("name", ["cssm migrations", "instance store of"])
def test_a_start_on_a_store_of_an_earlier_release_is_cut_off(name: str) -> None:
    told = sweep("--only", name, "--points", "4", "--faults", "KILL")
    assert " 0 breaches" in told


def test_a_worker_takes_no_place_of_its_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def furnish(place: Place) -> None:
        place.keep()

    monkeypatch.setattr(command, "furnish", furnish)
    monkeypatch.setattr("sweep.codes.furnish_codes", furnish)
    monkeypatch.setattr("sweep.instances.unpack", furnish)
    own = command.place_of(str(tmp_path))
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        first, second = (pool.submit(command.place_of, str(tmp_path)) for _ in range(2))
        assert first.result().root == second.result().root != own.root
