"""The library under load and at its edges: threads, nesting, ends, and an agent that goes away."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger import NotAuthorized, Problem, ProductInstance
from gauger.instance.main import profile_of
from gauger.library import Folders
from tests.instance.world import World

BASE, PLUS, EXPORT = "routing-base", "routing-plus", "hseck9"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle of a factory under real time: the library runs its own threads."""
    world = World(tmp_path_factory.mktemp("world"), real=True)
    return world.bundle(profile="example-router")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "product"


@pytest.fixture
def instance(data: Path, bundle: Path) -> Iterator[ProductInstance]:
    with ProductInstance.open(str(data), Folders(bundle=bundle)) as opened:
        yield opened


@pytest.fixture
def beside(instance: ProductInstance, data: Path) -> Iterator[ProductInstance]:
    """Return a second program's way to the same agent."""
    assert instance.agent is not None
    with ProductInstance.connect(str(data)) as connected:
        yield connected


def count(instance: ProductInstance, feature: str = BASE) -> int:
    assert instance.agent is not None
    return sum(view.count for view in instance.agent.usage() if view.feature == feature)


def refusal(instance: ProductInstance, tag: str, number: int) -> str:
    with pytest.raises(Problem) as refused:
        instance.set_count(tag, number)
    return refused.value.code


@pytest.mark.requirement("PI-11/library")
def test_uses_nest_and_add_up(instance: ProductInstance) -> None:
    with instance.use(BASE, 2):
        with instance.use(BASE, 3), instance.use(PLUS):
            assert (count(instance), count(instance, PLUS)) == (5, 1)
        assert (count(instance), count(instance, PLUS)) == (2, 0)
    assert count(instance) == 0


def test_one_use_may_be_entered_again_and_twice(instance: ProductInstance) -> None:
    use = instance.use(BASE, 2)
    with use, use:
        assert count(instance) == 4
    with use:
        assert count(instance) == 2
    assert count(instance) == 0


def test_a_count_that_is_set_stands_beside_what_is_in_use(instance: ProductInstance) -> None:
    instance.set_count(BASE, 10)
    with instance.use(BASE):
        assert count(instance) == 11
        instance.set_count(BASE, 1)
        assert count(instance) == 2
    instance.set_count(BASE, 0)
    assert count(instance) == 0


def test_a_use_ends_though_its_block_fails(
    instance: ProductInstance, beside: ProductInstance
) -> None:
    for way in (instance, beside):
        with pytest.raises(ZeroDivisionError), way.use(BASE, 4):
            raise ZeroDivisionError
        assert count(instance) == 0


def test_full_tags_and_short_names_mean_the_same(instance: ProductInstance, data: Path) -> None:
    tag = profile_of(data).licence(BASE).tag
    with instance.use(tag), instance.use(BASE):
        assert count(instance) == 2


@pytest.mark.requirement("PI-11/library")
@pytest.mark.parametrize("is_beside", [False, True])
def test_threads_count_without_losing_any(
    instance: ProductInstance, data: Path, *, is_beside: bool
) -> None:
    way = ProductInstance.connect(data) if is_beside else instance
    entered, leave = threading.Barrier(9), threading.Event()

    def work() -> None:
        for _ in range(20):
            with way.use(BASE):
                pass
        with way.use(BASE, 2):
            entered.wait(20)
            leave.wait(20)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    entered.wait(20)
    assert count(instance) == 16
    leave.set()
    for thread in threads:
        thread.join(20)
    assert count(instance) == 0
    if is_beside:
        way.close()


def test_what_cannot_be_counted_is_refused_by_name_in_both_ways(
    instance: ProductInstance, beside: ProductInstance
) -> None:
    for way in (instance, beside):
        assert refusal(way, "no-such-licence", 1) == "unknown-entitlement"
        assert refusal(way, BASE, -1) == "invalid-argument"
        assert refusal(way, BASE, 10**12) == "invalid-argument"
        with pytest.raises(Problem, match="invalid-argument"), way.use(BASE, 0):
            pass
        with pytest.raises(NotAuthorized):
            way.set_count(EXPORT, 1)
        way.set_count(EXPORT, 0)
    assert count(instance) == 0


def test_what_a_connected_program_holds_ends_with_it(instance: ProductInstance, data: Path) -> None:
    one, other = ProductInstance.connect(data), ProductInstance.connect(data)
    held, kept = one.use(BASE, 5), other.use(BASE, 1)
    held.__enter__()
    with kept:
        one.close()
        held.__exit__(None, None, None)
        ended = threading.Event()
        for _ in range(1000):
            if count(instance) == 1:
                ended.set()
                break
            ended.wait(0.02)
        assert ended.is_set()
    other.close()


def test_access_points_of_a_product_that_counts_none_by_them_are_refused(
    instance: ProductInstance, beside: ProductInstance
) -> None:
    for way in (instance, beside):
        for tell in (way.access_point_joined, way.access_point_left):
            with pytest.raises(Problem, match="not-supported"):
                tell("AP-1", "A1")
    assert count(instance) == 0
    with pytest.raises(Problem):
        instance.access_point_joined("", "")


@pytest.mark.requirement("PI-5")
def test_a_product_outlives_its_agent_and_enforced_licences_do_not(
    data: Path, bundle: Path, caplog: pytest.LogCaptureFixture
) -> None:
    instance = ProductInstance.open(data, Folders(bundle=bundle))
    beside = ProductInstance.connect(data)
    instance.close()
    with beside.use(BASE, 3):
        beside.set_count(BASE, 1)
    assert "Use is not counted" in caplog.text
    with pytest.raises(NotAuthorized, match="agent is gone"):
        beside.set_count(EXPORT, 1)
    with pytest.raises(Problem, match="comm-failed"):
        beside.flush()
    beside.close()
    with pytest.raises(Problem, match="comm-failed"):
        ProductInstance.connect(data)


def test_an_instance_can_be_opened_again_and_only_once_at_a_time(data: Path, bundle: Path) -> None:
    with ProductInstance.open(data, Folders(bundle=bundle)) as instance:
        instance.set_count(BASE, 4)
        with pytest.raises(Problem, match="store-locked"):
            ProductInstance.open(data)
        instance.flush()
        assert instance.agent is not None
        first = instance.agent.reports_summary().collecting
    with ProductInstance.open(data) as again:
        assert first == 1
        assert count(again) == 0, "what a program set ends with the program"
        assert again.agent is not None
        assert again.agent.usage()[0].first_use is not None


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="store-missing"):
        ProductInstance.open(tmp_path / "none")
    with pytest.raises(Problem, match="store-missing"):
        profile_of(tmp_path / "none")
    with pytest.raises(Problem, match="file-not-found"):
        ProductInstance.open(tmp_path / "new", Folders(bundle=tmp_path / "no-bundle"))
    assert not (tmp_path / "new").exists()


def test_keys_may_lie_elsewhere(data: Path, bundle: Path, tmp_path: Path) -> None:
    folders = Folders(bundle=bundle, keys=tmp_path / "keys")
    with ProductInstance.open(data, folders) as instance, instance.use(BASE):
        assert count(instance) == 1
    assert (tmp_path / "keys" / "store.key").exists()
    assert not (data / "keys").exists()
