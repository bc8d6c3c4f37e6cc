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
        aim: What is aimed at, scaled to this machine; None where it is only reported.
        at_most: Whether the aim is an upper limit: of a time or a size, not of a rate.
        scales: Whether the aim was scaled by the verify speed of the run.
        bound: What bounded it, as far as the run itself shows.
    """

    name: str
    value: float
    unit: str
    aim: float | None = None
    at_most: bool = False
    scales: bool = True
    bound: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as ``build/bench.json`` holds it."""
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "aim": None if self.aim is None else round(self.aim, 3),
            "met": self.met,
            "bound": self.bound,
        }

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None where there is none."""
        if self.aim is None:
            return None
        return self.value <= self.aim if self.at_most else self.value >= self.aim


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


def show(rows: list[Row], verify: float) -> None:
    """Print the table."""
    width = max(len(row.name) for row in rows)
    print(f"\n{'':{width}}      value  unit        aim here   aim at 75 µs  met  bounded by")
    for row in rows:
        entry = row.to_json()
        raw = row.aim
        if row.scales and raw is not None:
            factor = REFERENCE_VERIFY / verify
            raw = raw * factor if row.at_most else raw / factor
        aims = [f"{x:10.2f}" if x is not None else f"{'-':>10}" for x in (row.aim, raw)]
        met = {None: "-", True: "yes", False: "no"}[entry["met"]]
        line = (
            f"{row.name:{width}} {row.value:10.2f}  {row.unit:10} {aims[0]}     {aims[1]}  {met:3}"
        )
        print(f"{line}  {row.bound}".rstrip())
