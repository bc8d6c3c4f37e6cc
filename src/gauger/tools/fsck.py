"""`gauger fsck`: recognises the stores of a data folder and proves each of them whole."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gauger.adapters.storage.instance_open import ASIDE_NAME, StorePaths
from gauger.core.problems import TABLE, Problem
from gauger.tools.fsck_findings import Examination, Fault
from gauger.tools.fsck_instance import check_instance
from gauger.tools.fsck_ledger import examine_ledger
from gauger.tools.fsck_portal import check_portal

LEDGERS: Final = ("cssm.sqlite", "ledger.db")
"""Names that a ledger's file has in a data folder."""

_UNFINISHED: Final = (".part", ".new", ".begun")


def examine(data: Path, keys: Path | None = None) -> tuple[Examination, ...]:
    """Examine every store of a data folder.

    Args:
        data: The data folder of a portal or product instance, or the file of a ledger.
        keys: The key folder of a product instance, where it is not the default one.

    Returns:
        One examination for each store that was found.

    Raises:
        Problem: ``store-missing`` where there is none; ``store-newer``.
    """
    # A backup is one file without its folder: it is examined like the ledger that it was taken of.
    ledgers = [data] if data.is_file() else [data / name for name in LEDGERS]
    found = [examine_ledger(path) for path in ledgers if path.is_file()]
    if data.is_dir() and found:
        check_portal(data, found[0].path, found[0])
    instance = StorePaths(data=data, keys=keys or data / "keys").store
    if instance.is_file():
        found.append(_examine_instance(data, keys, instance))
    if data.is_dir() and found:
        # Notes: what a power loss leaves is no damage, and fsck must not fail for ever after one.
        found[0].notes.extend(_leftovers(data))
    if not found:
        raise Problem("store-missing", f"{data} holds no store of this system.")
    return tuple(found)


def _leftovers(data: Path) -> Iterator[str]:
    """Tell what a writer left that was cut off, and what lies aside; neither is a fault."""
    for folder in (data, data / "uploads"):
        for path in sorted(folder.glob("*")):
            if path.name.endswith(_UNFINISHED):
                yield f"{path} was not finished; remove it while nothing runs here."
    for path in sorted((data / ASIDE_NAME).glob("*")):
        yield f"{path} is an earlier store that could not be believed; keep it for an inquiry."


def _examine_instance(data: Path, keys: Path | None, store: Path) -> Examination:
    examination = Examination(path=store, kind="The product instance's store")
    for finding in check_instance(data, keys):
        fault = Fault(
            where=finding.where,
            what=finding.detail,
            since=finding.since,
            next_step=TABLE[finding.code].next_step,
        )
        examination.add(fault)
    return examination
