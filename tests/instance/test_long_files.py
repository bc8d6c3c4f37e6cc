"""A long order on a file: whoever uses licences meanwhile never waits for all of it."""

import threading
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType

import pytest

from gauger.core.documents.envelope import Document
from gauger.core.documents.smart_license import Item, write_file
from gauger.core.problems import Problem
from gauger.instance import answer_file, orders, saving
from gauger.instance.agent import Agent
from gauger.instance.ports import StoredItem
from gauger.instance.views import Selection, SelectionKind
from gauger.tools.fsck_instance import check_instance
from tests.instance.portal import Portal
from tests.instance.test_answers import large_file
from tests.instance.world import World, tag_of

ALL = Selection(kind=SelectionKind.ALL)
PATIENCE = 10.0


class Counted:
    """The engine's lock, which counts how often it is taken, and what is done in each hold."""

    def __init__(self, agent: Agent) -> None:
        self._inner = agent._engine.lock
        self._depth = 0
        self.holds: list[int] = []
        setattr(agent._engine, "lock", self)  # noqa: B010 -- a lock of another class, on purpose

    def __enter__(self) -> bool:
        self._inner.acquire()
        self._depth += 1
        if self._depth == 1:
            self.holds.append(0)
        return True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        self._inner.release()

    def count(self, number: int) -> None:
        """Note that so much was done in the present hold."""
        assert self._depth
        self.holds[-1] += number


def sliced(monkeypatch: pytest.MonkeyPatch, items: int) -> None:
    monkeypatch.setattr(answer_file, "SLICE_ITEMS", items)
    monkeypatch.setattr(saving, "_PAGE", items)
    monkeypatch.setattr(saving, "_READ_AT_ONCE", items)
    monkeypatch.setattr(orders, "_MARKED_AT_ONCE", items)


def visited(
    monkeypatch: pytest.MonkeyPatch, *, slices: Callable[[int], None], items: Callable[[], None]
) -> None:
    """Call back where a long order lets go: before each slice (by pass), before each report."""
    read, passes = answer_file.AnswerFile.slices, iter(range(9))

    def slicing(file: answer_file.AnswerFile) -> Iterator[list[Document]]:
        number = next(passes)
        slices(number)
        for documents in read(file):
            slices(number)
            yield documents

    def writing(found: Iterable[Item]) -> Iterator[bytes]:
        def each() -> Iterator[Item]:
            for item in found:
                items()
                yield item

        return write_file(each())

    monkeypatch.setattr(answer_file.AnswerFile, "slices", slicing)
    monkeypatch.setattr(saving, "write_file", writing)


def nothing(*_: object) -> None:
    """Do nothing."""


@pytest.mark.requirement("PI-2")
def test_another_thread_gets_in_between_two_parts(
    world: World, portal: Portal, device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    ack = large_file(world, portal, device)
    visits: list[threading.Thread] = []

    def visit(*_: object) -> None:
        visitor = threading.Thread(target=device.flush)
        device.set_count(tag_of(device), len(visits) + 3)
        visitor.start()
        visitor.join(PATIENCE)
        assert not visitor.is_alive(), "the order holds the lock while it reads or writes"
        visits.append(visitor)

    sliced(monkeypatch, 2)
    visited(monkeypatch, slices=visit, items=visit)
    saved = device.save_usage(ALL, world.root / "usage.xml")
    assert len(visits) > saved > 10
    assert len(device.import_file(ack).acknowledged) == 11
    assert len(visits) > saved + 12
    assert check_instance(world.root / "device") == []


@pytest.mark.requirement("PI-2")
def test_a_change_is_durable_with_the_next_part(
    world: World, portal: Portal, device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    ack, memory, told = large_file(world, portal, device), device._engine.memory, [3]

    def visit(*_: object) -> None:
        # The order itself measures at the end of each part: it relies on no fairness of a lock.
        level = memory.tags[tag_of(device)].sampler.level
        assert memory.is_saved
        assert told[-1] - level <= 1
        told.append(told[-1] + 1)
        device.set_count(tag_of(device), told[-1])

    device.set_count(tag_of(device), 3)
    device.flush()
    sliced(monkeypatch, 1)
    visited(monkeypatch, slices=visit, items=nothing)
    device.import_file(ack)
    assert len(told) > 20
    assert memory.tags[tag_of(device)].sampler.level == told[-1]


def test_what_is_done_in_one_hold_is_bounded(
    world: World, portal: Portal, device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    ack, store = large_file(world, portal, device), device._store
    take = device._engine.talking.importing.take
    reports, item, report = store.reports, store.item, store.report
    lock = Counted(device)
    sliced(monkeypatch, 3)

    def counted(read: Callable[..., object], size: Callable[..., int]) -> Callable[..., object]:
        def act(*given: object, **named: object) -> object:
            lock.count(size(*given, **named))
            return read(*given, **named)

        return act

    monkeypatch.setattr(store, "reports", counted(reports, lambda *_, **named: named["limit"]))
    monkeypatch.setattr(store, "item", counted(item, lambda *_: 1))
    monkeypatch.setattr(store, "report", counted(report, lambda *_: 1))
    assert device.save_usage(ALL, world.root / "usage.xml") > 10
    assert max(lock.holds) <= 3
    monkeypatch.undo()
    sliced(monkeypatch, 3)
    lock.holds.clear()
    documents = counted(take, lambda *given: len(given[2]))
    monkeypatch.setattr(device._engine.talking.importing, "take", documents)
    assert len(device.import_file(ack).acknowledged) == 11
    assert max(lock.holds) <= 3
    assert len(lock.holds) >= 2 * 5


def test_two_orders_on_files_follow_one_another(
    world: World, portal: Portal, device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    ack = large_file(world, portal, device)
    second: list[threading.Thread] = []

    def visit(number: int) -> None:
        if number == 1 and not second:
            second.append(threading.Thread(target=device.save_usage, args=(ALL, ack)))
            second[0].start()

    visited(monkeypatch, slices=visit, items=nothing)
    assert len(device.import_file(ack).acknowledged) == 11
    second[0].join(PATIENCE)
    assert b"RUMReport" in ack.read_bytes(), "it was written once the import was over"


def without_ack(text: str, number: int) -> str:
    """Leave out the ACK of one report; the one of the trust request is the last of all."""
    start, end = "<smartLicenseRumAck>", "</smartLicenseRumAck>"
    parts = text.split(start)
    assert end in parts[number + 1]
    return start.join([*parts[: number + 1], *parts[number + 2 :]])


@pytest.mark.threat("D12", role="instance")
@pytest.mark.parametrize("left_out", [10, 0])
def test_a_file_exchanged_after_it_was_judged_is_refused(
    world: World,
    portal: Portal,
    device: Agent,
    monkeypatch: pytest.MonkeyPatch,
    *,
    left_out: int,
) -> None:
    ack = large_file(world, portal, device)
    judged = ack.read_text()

    def exchange(number: int) -> None:
        if number == 1:
            ack.write_text(without_ack(judged, left_out))

    sliced(monkeypatch, 1)
    with monkeypatch.context() as patched:
        visited(patched, slices=exchange, items=nothing)
        with pytest.raises(Problem, match="file-changed"):
            device.import_file(ack)
    assert [row.state for row in device.report_rows()].count("ACK") == left_out
    ack.write_text(judged)
    assert len(device.import_file(ack).acknowledged) == 11 - left_out
    assert check_instance(world.root / "device") == []


def test_a_report_that_went_meanwhile_is_left_out(
    world: World, portal: Portal, device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    large_file(world, portal, device)
    gone = [row.report_id for row in device.report_rows()][4:5]

    def forget() -> None:
        if gone:
            dropped = StoredItem(report_id=gone.pop(), kind="report", content=None)
            device._engine.change(lambda draft: draft.put_item(dropped))

    sliced(monkeypatch, 2)
    visited(monkeypatch, slices=nothing, items=forget)
    held = sum(1 for row in device.report_rows() if row.state != "OPEN")
    assert device.save_usage(ALL, world.root / "usage.xml") == held - 1
    assert not gone


def test_a_disk_that_fails_leaves_no_half_file(
    world: World, portal: Portal, device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    large_file(world, portal, device)

    def refuse(*_: object) -> bytes:
        raise Problem("store-failed", "The disk does not answer.")

    path = world.root / "new" / "usage.xml"
    path.parent.mkdir()
    with monkeypatch.context() as patched:
        patched.setattr(device._store, "item", refuse)
        with pytest.raises(Problem, match="store-failed"):
            device.save_usage(ALL, path)
    assert list(path.parent.iterdir()) == []
