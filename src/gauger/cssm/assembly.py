"""How the parts of a portal go together, whatever adapters stand behind them."""

from dataclasses import dataclass
from typing import Protocol

from gauger.authority.readers import Readers
from gauger.core.ports import Clock, Entropy, PasswordHashes
from gauger.cssm.audit import Audit
from gauger.cssm.commands.exchange import Exchange
from gauger.cssm.commands.people import People
from gauger.cssm.commands.sessions import Sessions
from gauger.cssm.commands.uploads import Uploads
from gauger.cssm.commands.working import JobRunner
from gauger.cssm.config import CssmConfig
from gauger.cssm.means import Means
from gauger.cssm.portal import Portal
from gauger.cssm.ports import (
    AuthorityPort,
    JobStore,
    PeopleStore,
    PollStore,
    TrustFiles,
    UploadFiles,
)
from gauger.cssm.throttle import Throttle


class Store(PeopleStore, JobStore, PollStore, Protocol):
    """The portal's own tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a portal stands on.

    Attributes:
        clock: Wall and monotonic time.
        entropy: Randomness of secrets and ids.
        authority: Decides, keeps and signs.
        store: The portal's own tables.
        files: Uploaded files.
        trust_files: The folder that shows whom the portal trusts.
        passwords: Slow hashes.
    """

    clock: Clock
    entropy: Entropy
    authority: AuthorityPort
    store: Store
    files: UploadFiles
    trust_files: TrustFiles
    passwords: PasswordHashes


def assemble(outside: Outside, config: CssmConfig) -> Portal:
    """Put a portal together; `Portal.start` begins its work."""
    clock, guarding = outside.clock, config.guarding
    means = Means(
        clock=clock,
        entropy=outside.entropy,
        authority=outside.authority,
        readers=Readers(outside.authority),
        audit=Audit(outside.authority, clock, repeat_seconds=guarding.repeat_seconds),
        throttle=Throttle(clock, failures=guarding.failures, window=guarding.failure_seconds),
    )
    store, limits = outside.store, config.limits
    passwords = outside.passwords
    runner = JobRunner(store, outside.files, means=means, limits=limits)
    return Portal(
        config=config,
        means=means,
        sessions=Sessions(store, means, passwords, seconds=guarding.access_token_seconds),
        people=People(store, means, passwords),
        uploads=Uploads(store, outside.files, runner, means=means, limits=limits),
        runner=runner,
        exchange=Exchange(store, means, config.server),
        trust_files=outside.trust_files,
    )
