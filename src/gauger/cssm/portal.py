"""The portal as its surfaces see it: the parts of one process, put together by `assembly`."""

from dataclasses import dataclass

from gauger.cssm.commands.exchange import Exchange
from gauger.cssm.commands.people import People
from gauger.cssm.commands.sessions import Sessions
from gauger.cssm.commands.uploads import Uploads
from gauger.cssm.commands.working import JobRunner
from gauger.cssm.config import CssmConfig
from gauger.cssm.means import Means


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
    """

    config: CssmConfig
    means: Means
    sessions: Sessions
    people: People
    uploads: Uploads
    runner: JobRunner
    exchange: Exchange

    def start(self) -> None:
        """Begin the work that goes on beside requests."""
        self.runner.start()

    def stop(self) -> None:
        """End it, and write down what was only counted so far."""
        self.runner.stop()
        self.means.audit.flush()
        self.means.readers.close()
