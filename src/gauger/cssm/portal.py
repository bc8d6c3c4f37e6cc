"""The portal as its surfaces see it: the parts of one process, put together by `assembly`."""

import logging
from dataclasses import dataclass
from typing import Final

from gauger.core.problems import Problem
from gauger.cssm.commands.exchange import Exchange
from gauger.cssm.commands.people import People
from gauger.cssm.commands.sessions import Sessions
from gauger.cssm.commands.uploads import Uploads
from gauger.cssm.commands.working import JobRunner
from gauger.cssm.config import CssmConfig
from gauger.cssm.means import Means
from gauger.cssm.ports import TrustFiles

_LOGGER: Final = logging.getLogger("gauger")


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """Everything that a request may need.

    Attributes:
        config: Settings.
        means: Time, randomness, authority, readers, audit, and the limit on guesses.
        sessions: Log-in and access tokens.
        people: Users, API clients, roles.
        uploads: Usage files and their jobs.
        runner: Works through uploaded files.
        exchange: Smart transport.
        trust_files: The folder that shows whom the portal trusts.
    """

    config: CssmConfig
    means: Means
    sessions: Sessions
    people: People
    uploads: Uploads
    runner: JobRunner
    exchange: Exchange
    trust_files: TrustFiles

    def show_trust(self) -> None:
        """Have ``DATA/trust`` show what the ledger holds; nothing is ever read from there.

        A folder that cannot be written stops neither a start nor an import: what counts is in
        the ledger by now, and the next start tries again.
        """
        with self.means.readers.lend() as reader:
            held = reader.trust()
        try:
            self.trust_files.show(held.root_sets, [one.file for one in held.manufacturers])
        except Problem as problem:
            _LOGGER.warning("DATA/trust does not show what is trusted: %s", problem.detail)

    def start(self) -> None:
        """Begin the work that goes on beside requests."""
        self.runner.start()

    def stop(self) -> None:
        """End it, and write down what was only counted so far."""
        # First who still makes events, then the events, last what they are read with.
        self.runner.stop()
        self.means.audit.flush()
        self.means.readers.close()
