"""A product instance whose reports nobody acknowledged for years: its store, made in bulk."""

import hashlib
from dataclasses import replace
from typing import Final

from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.storage.instance_open import StorePaths, open_instance_store
from gauger.core.identity import digest
from gauger.instance.main import Options, open_agent
from gauger.instance.ports import Batch, StoredItem
from gauger.instance.views import Selection, SelectionKind

_AT_ONCE: Final = 2000


def make_device(options: Options, reports: int) -> None:
    """Begin a device that holds reports without an ACK, all saved to a file before.

    One of them is measured, signed and saved as any; the others are copies of it with lower
    numbers and digests of their own. Nothing that is measured here reads into them.

    Args:
        options: Where it lives; a device bundle among it.
        reports: How many, at least 1.
    """
    agent = open_agent(options)
    try:
        agent.set_count(agent.profile.licences[0].tag, 5)
        agent.flush()
        file = options.data / "usage.tar"
        agent.save_usage(Selection(kind=SelectionKind.UNREPORTED), file)
        file.unlink()
    finally:
        agent.stop()
    _multiply(StorePaths(data=options.data, keys=options.keys_folder), reports - 1)


def _multiply(paths: StorePaths, copies: int) -> None:
    store = open_instance_store(paths, SystemEntropy())
    try:
        (model,) = store.reports(["unacknowledged"])
        content = store.item(model.report_id, "report")
        for first in range(1, copies + 1, _AT_ONCE):
            batch = Batch()
            for number in range(first, min(first + _AT_ONCE, copies + 1)):
                report_id = model.report_id - number
                own = digest(hashlib.sha256(report_id.to_bytes(8, "big")).digest())
                batch.reports[report_id] = replace(model, report_id=report_id, digest=own)
                item = StoredItem(report_id=report_id, kind="report", content=content)
                batch.items.append(item)
            store.commit(batch)
    finally:
        store.close()
