"""What a report costs that only exhausts its reader: refused before anything of it is verified."""

import time
import tracemalloc
from collections.abc import Iterator, Mapping
from statistics import median
from types import MappingProxyType
from typing import Final

from bench.rows import Row
from gauger.core.documents.rum_report import ITEM_CAP, read_report
from gauger.core.problems import Problem

_ROOM: Final = ITEM_CAP - 64
_TIMES: Final = 9
# More brackets would be refused for their number, and none of them be nested.
_DEEP: Final = ("[" * 100_000).ljust(_ROOM)

# As large as an item may be, each: what is larger is refused by its size alone.
HOSTILE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "nested arrays": '{"payload":' + _DEEP,
        "nested objects": '{"payload":' + '{"a":' * (_ROOM // 5),
        "a long number": '{"payload":' + "9" * _ROOM + "}",
        "many values, then one not allowed": '{"payload":[' + "1," * (_ROOM // 2) + "NaN]}",
        "many keys, then one twice": '{"payload":{'
        + ",".join(f'"{number:06}":0' for number in range(_ROOM // 12))
        + ',"000000":0}}',
        "many escapes, then a lone surrogate": '{"payload":"'
        + "\\u0061" * (_ROOM // 6 - 2)
        + '\\ud800"}',
        "a payload of nested arrays": '{"payload":"' + _DEEP + '"}',
    }
)


def rows() -> Iterator[Row]:
    """Yield the slowest refusal and the hungriest."""
    took = {name: _milliseconds(text) for name, text in HOSTILE.items()}
    peaks = {name: _peak(text) for name, text in HOSTILE.items()}
    slowest, hungriest = max(took, key=took.__getitem__), max(peaks, key=peaks.__getitem__)
    yield Row(
        name="a hostile report of 256 kB, until it is refused",
        value=took[slowest],
        unit="CPU-ms",
        aim=50,
        at_most=True,
        bound=slowest,
    )
    yield Row(
        name="memory for a hostile report of 256 kB",
        value=peaks[hungriest],
        unit="MB",
        aim=20,
        at_most=True,
        scales=False,
        bound=hungriest,
    )


def _refuse(text: str) -> None:
    try:
        read_report(text)
    except Problem:
        return
    raise AssertionError("a hostile report was read")


def _milliseconds(text: str) -> float:
    """Return the processor's time that it usually takes."""
    taken = []
    for _ in range(_TIMES):
        begun = time.process_time()
        _refuse(text)
        taken.append(time.process_time() - begun)
    return median(taken) * 1000


def _peak(text: str) -> float:
    tracemalloc.start()
    try:
        _refuse(text)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
