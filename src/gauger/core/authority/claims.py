"""What the authority takes out of a report: nothing but what was signed."""

from dataclasses import dataclass

from gauger.core.documents.authorization_code import HeldCode
from gauger.core.documents.rum_payload import METRIC, GaugerMeta, HeldHead, Measurement, Payload
from gauger.core.documents.rum_report import ReportSigner, RumReport
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.usage.intervals import Segment

# Compared in lower case: the published form writes `Active`.
ACTIVE = "active"
"""Role of the member of a high-availability set that reports, in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Where a report of ours stands among the others of its product instance.

    Attributes:
        incarnation: Id of the device's store.
        boot: Boot nonce.
        previous: Digest of the report before it in the chain of its licence, or null.
        closed_at: When it was closed, epoch seconds.
    """

    incarnation: str
    boot: str
    previous: Digest | None
    closed_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the product instance said that it holds.

    Attributes:
        root_number: Number of its root set.
        policy: Order of its policy, or null for the default.
        account: Account information, or null.
        head: The newest page head, or null.
        authorization: The authorization code that is installed, or null.
    """

    # The lowest: who says nothing is sent every root set.
    root_number: int = 1
    policy: Order | None = None
    account: AccountRef | None = None
    head: HeldHead | None = None
    authorization: HeldCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """A report as the authority judges it.

    Attributes:
        digest: SHA-256 of the signed bytes.
        udi: Whose usage it is.
        tag: Entitlement tag.
        report_id: The published number.
        software_version: As reported, or null.
        absolute: Usage in epoch seconds.
        relative: Usage in seconds of one boot whose clock was never set.
        members: Further members of its high-availability set.
        is_active: False where the set names the sender with another role than active.
        chain: Its place; null for a vendor's, whose chains cannot be checked.
        held: What the sender holds.
        signer: Kind of its signature.
        generation: Generation of the trust code that signed; null for the SUDI key.
        key: Key id of that trust code's key, or null.
    """

    digest: Digest
    udi: Udi
    tag: str
    report_id: int
    software_version: str | None
    absolute: tuple[Segment, ...]
    relative: tuple[Segment, ...]
    members: tuple[Udi, ...]
    is_active: bool
    chain: Chain | None
    held: Held
    signer: str
    generation: int | None = None
    key: Digest | None = None

    @property
    def observed_until(self) -> int | None:
        """End of the newest measurement in epoch seconds; null where no clock was set."""
        # Absolute ones only: seconds of a boot cannot be compared with a calendar.
        return max((item.end for item in self.absolute), default=None)

    @property
    def observed_from(self) -> int | None:
        """Start of the oldest measurement in epoch seconds; null where no clock was set."""
        return min((item.start for item in self.absolute), default=None)


def read_claims(report: RumReport, signer: ReportSigner | None) -> Claims:
    """Take the claims out of a report.

    Args:
        report: The report.
        signer: Who signed it, verified; null where that cannot be verified.

    Returns:
        The claims. Measurements of no length and of other metrics are left out: only a vendor's
        report has them, and they claim nothing.
    """
    payload = report.payload
    # None also for the SUDI key, which has no generation.
    code = None if signer is None else signer.trust_code
    usable = [item for item in payload.measurements if _is_usage(item)]
    return Claims(
        digest=report.digest,
        udi=payload.udi,
        tag=payload.entitlement_tag,
        report_id=payload.report_id,
        software_version=payload.software_version,
        absolute=tuple(map(_segment, (item for item in usable if not item.relative))),
        relative=tuple(map(_segment, (item for item in usable if item.relative))),
        # Without itself: a device speaks for itself by its signature alone.
        members=tuple(item.udi for item in payload.ha if item.udi != payload.udi),
        is_active=_is_active(payload),
        # Only from inside of the signed payload.
        chain=None if payload.meta is None else _chain(payload.meta),
        held=Held() if payload.meta is None else _held(payload.meta),
        signer=report.signature.signing_type,
        generation=None if code is None else code.generation,
        key=None if code is None else code.key_id,
    )


def _is_usage(item: Measurement) -> bool:
    return item.metric == METRIC and item.end > item.start


def _segment(item: Measurement) -> Segment:
    return Segment(item.start, item.end, item.count)


def _is_active(payload: Payload) -> bool:
    # No role named is a device outside of any set, or a set that does not list its sender.
    roles = [item.role.lower() for item in payload.ha if item.udi == payload.udi]
    return not roles or ACTIVE in roles


def _chain(meta: GaugerMeta) -> Chain:
    return Chain(
        incarnation=meta.incarnation,
        boot=meta.boot,
        previous=meta.previous,
        closed_at=meta.closed_at,
    )


def _held(meta: GaugerMeta) -> Held:
    return Held(
        root_number=meta.root_number,
        policy=meta.policy_order,
        account=meta.account,
        head=meta.head,
        authorization=meta.authorization,
    )
