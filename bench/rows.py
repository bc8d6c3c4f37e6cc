"""Figures with their aims, and the yardstick by which aims are scaled to a machine."""

import dataclasses
import time
from typing import Any, Final

from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.keys.file import generate_key
from gauger.core.documents import keyring

REFERENCE_VERIFY: Final = 75.0
"""Microseconds of one verification on the machine for which absolute aims were set."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure.

    Attributes:
        name: What was measured.
        value: What was found.
        unit: Its unit.
        aim: What is aimed at, on the reference machine; None where it is only reported.
        at_most: Whether the aim is an upper limit: of a time or a size, not of a rate.
        scales: Whether the aim is scaled by how fast this machine verifies.
        bound: What bounded it, as far as the run itself shows.
        factor: This machine's verify time to that of the reference, when it was measured.
    """

    name: str
    value: float
    unit: str
    aim: float | None = None
    at_most: bool = False
    scales: bool = True
    bound: str = ""
    factor: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """Return it as ``build/bench.json`` holds it."""
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "aim": None if self.aim_here is None else round(self.aim_here, 3),
            "met": self.met,
            "bound": self.bound,
        }

    @property
    def aim_here(self) -> float | None:
        """What is aimed at on this machine; None where there is no aim."""
        if self.aim is None or not self.scales:
            return self.aim
        return self.aim * self.factor if self.at_most else self.aim / self.factor

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None where there is none."""
        aim = self.aim_here
        if aim is None:
            return None
        return self.value <= aim if self.at_most else self.value >= aim


def verify_microseconds(seconds: float = 1.0) -> float:
    """Return how long this machine takes to verify one P-256 signature: the best of many runs."""
    key, message = generate_key(SystemEntropy()), b"x" * 1000
    value = keyring.sign(key, message)
    best, end = float("inf"), time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.perf_counter()
        for _ in range(50):
            keyring.verify(key.public_key, message, value)
        best = min(best, (time.perf_counter() - start) / 50)
    return best * 1e6


def show(rows: list[Row]) -> None:
    """Print the table."""
    width = max(len(row.name) for row in rows)
    print(f"\n{'':{width}}      value  unit        aim here   aim at 75 µs  met  bounded by")
    for row in rows:
        entry = row.to_json()
        both = (row.aim_here, row.aim)
        aims = [f"{x:10.2f}" if x is not None else f"{'-':>10}" for x in both]
        met = {None: "-", True: "yes", False: "no"}[entry["met"]]
        line = (
            f"{row.name:{width}} {row.value:10.2f}  {row.unit:10} {aims[0]}     {aims[1]}  {met:3}"
        )
        print(f"{line}  {row.bound}".rstrip())
