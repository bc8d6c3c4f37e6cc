"""Carry out what operators ask of authorization codes: request, save, give back.

It loads with the first order of its kind; many a product has no licence that needs a code.
"""

from collections.abc import Callable
from pathlib import Path

from gauger.core.documents.authorization_code import HeldCode
from gauger.core.documents.authorization_items import write_authorization_item
from gauger.core.documents.authorization_request import Mode
from gauger.core.documents.envelope import read_document
from gauger.core.problems import Problem
from gauger.instance.authorizing import held_code
from gauger.instance.engine import Engine
from gauger.instance.records import Paper
from gauger.instance.saving import Saving
from gauger.instance.views import CodeRequested


class AuthorizationOrders:
    """Orders to one engine; they fill the port `gauger.instance.ports.Codes`."""

    def __init__(self, engine: Engine, wake: Callable[[], None]) -> None:
        """Take the engine.

        Args:
            engine: Whose code.
            wake: Called when something is under way that the talking thread goes on with.
        """
        self._engine = engine
        self._wake = wake
        self._saving = Saving(engine.around, engine.memory, engine.portion)

    def request(self, mode: str, licence: str, count: int | None) -> CodeRequested:
        """Ask for a code; see `ports.Codes`."""
        engine = self._engine
        try:
            found = engine.around.profile.licence(licence)
        except Problem as problem:
            # So devices say it, and so operators' tools expect it.
            raise Problem("requested-item-not-found", problem.detail) from problem
        wanted = engine.authorizing.wanted(found, count)
        with engine.wire:
            engine.require_durable()
            # Durable before it leaves: only the identical bytes fetch the identical answer.
            engine.change(
                lambda draft: engine.authorizing.ask(draft, engine.holdings(), Mode(mode), [wanted])
            )
            try:
                engine.require_way()
            except Problem as problem:
                return CodeRequested(waits=problem.detail)
            return self._sent()

    def save(self, path: Path) -> None:
        """Write the waiting request to a file; see `ports.Codes`."""
        asked = self._engine.memory.singles.authorization.asked
        if asked is None:
            detail = "No authorization request waits to be saved."
            raise Problem("requested-item-not-found", detail)
        self._write(path, asked)

    def give_back(self, *, online: bool, path: Path | None) -> str:
        """Remove the code and tell the portal, or write the proof; see `ports.Codes`."""
        engine = self._engine
        with engine.wire:
            if online:
                # Before anything is removed: what could not be sent would be off for nothing.
                engine.require_way()
            # Asked again, it is the same proof: one that was lost on its way is made once only.
            if not self._is_removed():
                self._remove()
            record = engine.memory.singles.authorization
            self._require_anchored()
            if path is not None and record.returned is not None:
                self._write(path, record.returned)
            if online:
                self._sent()
            return record.return_code or ""

    def _is_removed(self) -> bool:
        singles = self._engine.memory.singles
        return self._held() is None and singles.authorization.returned is not None

    def _remove(self) -> None:
        engine = self._engine
        with engine.lock:
            engine.require_durable()
            engine.measure()
            if self._held() is not None:
                self._require_idle()
            try:
                engine.change(lambda draft: engine.authorizing.give_back(draft, engine.holdings()))
            finally:
                # As it is by now: what the disk did not take may be used on.
                engine.authorize()

    def _require_idle(self) -> None:
        engine = self._engine
        busy = engine.meter.withdraw()
        if busy:
            names = ", ".join(engine.around.profile.licence(tag).feature for tag in busy)
            # Else the portal would give to another device what this one still uses.
            raise Problem("licence-in-use", f"In use: {names}. The code stays.")

    def _require_anchored(self) -> None:
        """Let no proof leave while an older store could bring the code back unseen."""
        trouble = self._engine.memory.store.anchor_trouble
        if trouble is not None:
            detail = f"The code is removed; the proof waits for the key folder. {trouble.detail}"
            raise Problem(trouble.code, detail)

    def _held(self) -> HeldCode | None:
        engine = self._engine
        return held_code(engine.holdings(), engine.memory.singles)

    def _sent(self) -> CodeRequested:
        engine = self._engine
        engine.talking.ask_for_code()
        self._wake()
        answered = engine.talking.talk("authorization")
        if answered is not None and answered.problem is not None:
            raise answered.problem
        if engine.memory.singles.authorization_exchange is not None:
            return CodeRequested(waits="The portal is still at work.")
        return CodeRequested()

    def _write(self, path: Path, paper: Paper) -> None:
        installed = self._engine.holdings().authorization_digest
        item = write_authorization_item(read_document(paper.text), installed=installed)
        self._saving.write(path, (), authorization=item)
