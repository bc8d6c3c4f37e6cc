"""Refusals of what could not be verified: each is recorded, a flood of repeats is not."""

import threading
from collections import OrderedDict
from typing import Final

from gauger.core.authority.commands import ReceiveReport, ReceiveTrustRequest, RecordRefusal
from gauger.core.identity import Digest, digest
from gauger.core.problems import Problem

_REMEMBERED: Final = 10_000


class Refusals:
    """Counts refusals by digest and code; thread-safe."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._counts: OrderedDict[tuple[Digest, str], int] = OrderedDict()

    def note(
        self, command: ReceiveReport | ReceiveTrustRequest, problem: Problem
    ) -> RecordRefusal | None:
        """Count a refusal.

        Returns:
            What to record: the 1st, 10th, 100th … of its kind; None for those between.
        """
        text = command.item if isinstance(command, ReceiveReport) else command.document
        refused = digest(text.encode("utf-8", "surrogatepass"))
        with self._lock:
            count = self._counts.pop((refused, problem.code), 0) + 1
            self._counts[refused, problem.code] = count
            if len(self._counts) > _REMEMBERED:
                self._counts.popitem(last=False)
        if str(count).strip("0") != "1":
            return None
        return RecordRefusal(
            digest=refused,
            code=problem.code,
            detail=problem.detail,
            pipe=command.pipe,
            path=command.path,
            account=command.uploaded_to,
            by=command.by,
            count=count,
        )
