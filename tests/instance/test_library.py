"""The library: a product embeds the agent, or speaks to one that runs beside it."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import gauger
from gauger import NotAuthorized, Problem, ProductInstance
from gauger.library import Folders
from gauger.surfaces.agent_client import connect
from tests.instance.world import World

PATIENCE = 60.0


def eventually(done: Callable[[], bool]) -> None:
    """Wait for what another thread does within a second, on a busy machine too."""
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end
        threading.Event().wait(0.02)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A factory under real time: the library runs its own threads here."""
    return World(tmp_path, real=True)


@pytest.fixture
def folders(world: World) -> Folders:
    return Folders(bundle=world.bundle(profile="example-router"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "product"


@pytest.fixture
def instance(data: Path, folders: Folders) -> Iterator[ProductInstance]:
    with ProductInstance.open(data, folders) as opened:
        yield opened


def count(instance: ProductInstance, feature: str) -> int:
    assert instance.agent is not None
    return sum(view.count for view in instance.agent.usage() if view.feature == feature)


@pytest.mark.requirement("PI-11/library")
def test_a_product_uses_a_licence_in_two_lines(instance: ProductInstance) -> None:
    with instance.use("routing-base", 2):
        assert count(instance, "routing-base") == 2
    assert count(instance, "routing-base") == 0


@pytest.mark.requirement("PI-11/library")
def test_counts_are_durable_within_a_second_without_being_asked(
    instance: ProductInstance, data: Path
) -> None:
    instance.set_count("routing-plus", 7)
    client = connect(data)
    assert client is not None
    with client:
        eventually(lambda: "Count: 7" in client.execute("show license usage", data))
    agent = instance.agent
    assert agent is not None
    eventually(lambda: agent.reports_summary().collecting == 1)


@pytest.mark.requirement("PI-5")
def test_enforced_licences_fail_closed_and_others_never(instance: ProductInstance) -> None:
    with pytest.raises(NotAuthorized):
        instance.use("hseck9")
    with instance.use("routing-base"):
        instance.flush()


@pytest.mark.requirement("PI-11/library")
def test_another_program_counts_through_the_socket(instance: ProductInstance, data: Path) -> None:
    with ProductInstance.connect(data) as beside:
        assert beside.agent is None
        with beside.use("routing-base", 3):
            assert count(instance, "routing-base") == 3
        beside.set_count("routing-plus", 4)
        beside.flush()
        assert count(instance, "routing-base") == 0
        assert count(instance, "routing-plus") == 4
        with pytest.raises(NotAuthorized), beside.use("hseck9"):
            pass
        with pytest.raises(Problem, match="unknown-entitlement"):
            beside.set_count("nothing", 1)


def test_use_goes_on_where_the_agent_is_gone(data: Path, folders: Folders) -> None:
    instance = ProductInstance.open(data, folders)
    beside = ProductInstance.connect(data)
    held = beside.use("routing-base")
    with held:
        instance.close()
    with beside.use("routing-base"):
        beside.set_count("routing-plus", 1)
        beside.access_point_joined("AP", "1")
    with pytest.raises(NotAuthorized), beside.use("hseck9"):
        pass
    with pytest.raises(Problem, match="comm-failed"):
        beside.flush()
    beside.close()


def test_where_no_agent_runs_it_is_said(data: Path) -> None:
    with pytest.raises(Problem, match="comm-failed"):
        ProductInstance.connect(data)


def test_wireless_profiles_count_access_points(world: World, data: Path) -> None:
    with ProductInstance.open(data, Folders(bundle=world.bundle())) as instance:
        instance.access_point_joined("AIR-AP2802I-E-K9", "FDW1")
        instance.access_point_joined("AIR-AP2802I-E-K9", "FDW2")
        instance.access_point_left("AIR-AP2802I-E-K9", "FDW1")
        assert count(instance, "air-network-advantage") == 1


def test_without_a_socket_the_product_goes_on(
    data: Path, folders: Folders, caplog: pytest.LogCaptureFixture
) -> None:
    (data / "agent.sock").mkdir(parents=True)
    (data / "agent.sock" / "in-the-way").touch()
    with ProductInstance.open(data, folders) as instance, instance.use("routing-base"):
        assert "No socket for operators" in caplog.text


def test_threads_end_with_the_instance(data: Path, folders: Folders) -> None:
    ProductInstance.open(data, folders).close()
    names = {thread.name for thread in threading.enumerate()}
    assert not {"gauger-measure", "gauger-report"} & names


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); import gauger;"
        "heavy = {'cryptography', 'httpcore', 'msgspec', 'sqlite3'} & (set(sys.modules) - before);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert result.returncode == 0, result.stderr


def test_public_names_are_listed_and_others_are_refused() -> None:
    assert all(getattr(gauger, name) for name in gauger.__all__)
    with pytest.raises(AttributeError, match="Nothing"):
        gauger.Nothing  # noqa: B018 -- the access is what is tested


@pytest.mark.requirement("PI-5")
def test_a_call_is_a_few_steps(instance: ProductInstance) -> None:
    use, calls = instance.use("routing-base"), 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    # In seconds it would be a fact of this machine; what is called is a fact of the code.
    sys.setprofile(count)
    for _ in range(1000):
        with use:
            pass
    sys.setprofile(None)
    assert calls / 2000 <= 15


def test_who_speaks_to_a_running_agent_loads_none(data: Path, instance: ProductInstance) -> None:
    code = (
        "import sys; from gauger import ProductInstance\n"
        "with ProductInstance.connect(sys.argv[1]) as other, other.use('routing-base'):\n"
        "    heavy = {'gauger.adapters.storage.instance_open', 'gauger.instance.engine'}\n"
        "    print(sorted(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert count(instance, "routing-base") == 0


def test_what_fails_at_the_start_leaves_no_lock_behind(
    data: Path, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    with monkeypatch.context() as patched:
        patched.setattr("gauger.within.AgentServer", fail)
        with pytest.raises(RuntimeError):
            ProductInstance.open(data, folders)
    with ProductInstance.open(data, folders) as instance, instance.use("routing-base"):
        assert count(instance, "routing-base") == 1
