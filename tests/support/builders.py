"""Honest things with defaults: a factory, devices that sign for real, a portal on real SQLite."""

import functools
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from gauger.adapters.keys.file import FileSigner
from gauger.adapters.storage.ledger_sqlite import SqliteLedger
from gauger.authority.service import Authority, AuthoritySettings
from gauger.authority.views import EventRow, HeadRow
from gauger.core.authority.commands import (
    FoundLedger,
    ImportRootSet,
    IssueToken,
    OpenSmartAccount,
    OpenVirtualAccount,
    Option,
    Pipe,
    ReceiveReport,
    ReceiveTrustRequest,
    SetAccountOption,
)
from gauger.core.authority.outcomes import ReportOutcome, TokenOutcome, TrustOutcome
from gauger.core.documents import keyring
from gauger.core.documents.envelope import (
    Document,
    PageSignature,
    ThresholdSignature,
    preimage,
    write_document,
)
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.root_set import ListedSigner, RootKey, RootSet
from gauger.core.documents.rum_payload import (
    GaugerMeta,
    HaMember,
    HeldHead,
    Measurement,
    Payload,
    encode_payload,
)
from gauger.core.documents.rum_report import (
    ReportSignature,
    SigningType,
    report_preimage,
    write_item,
)
from gauger.core.documents.trust_code import TrustCode
from gauger.core.documents.trust_request import TrustRequest, sign_trust_request
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, Digest, Udi, digest

NOW = 1_790_000_000
DAY = 86_400
TAG = "regid.2018-06.com.example.NETWORK_ADVANTAGE,1.0_00000000-0000-4000-8000-000000000001"
OTHER_TAG = "regid.2018-06.com.example.DNA_ADVANTAGE,1.0_00000000-0000-4000-8000-000000000002"
SOFTWARE = "regid.2018-05.com.example.WLC,1.0_00000000-0000-4000-8000-000000000009"
ACCOUNT = AccountRef("example.com", "DEFAULT")
OTHER_ACCOUNT = AccountRef("example.com", "Branch")
ELSEWHERE = AccountRef("other.example", "DEFAULT")
UDI = Udi("C9800-CL-K9", "GGR0001")
FACTORY_LEDGER = "fa" * 16
BOUND = {"bound": "ab" * 16}
"""Signers that may sign for one ledger only, which is no portal's of these tests."""
_TERMS = keyring.Terms(serial_number=7, not_before=NOW - 1000, not_after=NOW + 10 * 365 * DAY)


class ManualClock:
    """A clock that stands still until a test moves it."""

    is_test = False

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def wall(self) -> int:
        return self.now

    def monotonic(self) -> float:
        return float(self.now)


class CountedEntropy:
    """Bytes that repeat from run to run and never within one."""

    def __init__(self, seed: str = "") -> None:
        self._seed = seed
        self._count = itertools.count()

    def random_bytes(self, count: int) -> bytes:
        block = hashlib.shake_256(f"{self._seed}/{next(self._count)}".encode())
        return block.digest(count)


@functools.cache
def a_key(name: str) -> keyring.PrivateKey:
    """Return the fixed key of a name."""
    return keyring.PrivateKey.from_seed(hashlib.sha512(name.encode()).digest()[:40])


@dataclass(frozen=True, kw_only=True)
class Factory:
    """A root, its signers, and a manufacturer.

    Attributes:
        root_sets: Every root set, in order.
        signers: Names of the signers that the newest one lists.
        manufacturer: What certifies devices.
        maker: The manufacturer's key and certificate.
    """

    root_sets: tuple[Document, ...]
    signers: tuple[str, ...]
    manufacturer: Manufacturer
    maker: keyring.Issuer

    def signer(self, name: str = "portal") -> FileSigner:
        return FileSigner(a_key(name), (signer_certificate(name),))

    def following(
        self, *, signers: tuple[str, ...], revoked: tuple[str, ...] = (), epoch: int = 1
    ) -> "Factory":
        """Return this factory after one more root set."""
        number = len(self.root_sets) + 1
        newest = _root_set(number, signers=signers, revoked=revoked, epoch=epoch)
        return replace(self, root_sets=(*self.root_sets, newest), signers=signers)

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(map(write_document, self.root_sets))


@functools.cache
def signer_certificate(name: str) -> bytes:
    """Return the certificate of a signer; that of ``short`` ends an hour before its root set."""
    terms = _TERMS
    if name == "short":
        terms = replace(_TERMS, not_after=_TERMS.not_after - 3600)
    return keyring.build_signer(a_key(name), name, terms)


def _root_set(
    number: int,
    *,
    signers: tuple[str, ...] = ("portal",),
    revoked: tuple[str, ...] = (),
    epoch: int = 1,
) -> Document:
    body = RootSet(
        issued_at=NOW - 100 + number,
        number=number,
        epoch=epoch,
        expires_at=NOW + 10 * 365 * DAY,
        threshold=1,
        keys=(RootKey.of(a_key("root").public_key),),
        signers=tuple(
            ListedSigner.of(signer_certificate(name), ledger=BOUND.get(name)) for name in signers
        ),
        revoked=tuple(a_key(name).key_id for name in revoked),
    ).encode()
    value = keyring.sign(a_key("root"), preimage(RootSet.TYPE, RootSet.VERSION, body))
    signature = ThresholdSignature(signatures=((a_key("root").key_id, value),))
    return Document(type=RootSet.TYPE, version=RootSet.VERSION, body=body, signature=signature)


@functools.cache
def a_factory() -> Factory:
    """Return a factory with one root set, a signer ``portal`` and a manufacturer."""
    certificate = keyring.load_certificate(
        keyring.build_authority(a_key("maker"), "Example Manufacturer CA", _TERMS)
    )
    return Factory(
        root_sets=(_root_set(1),),
        signers=("portal",),
        maker=keyring.Issuer(key=a_key("maker"), certificate=certificate),
        manufacturer=Manufacturer(
            name="Example Manufacturer",
            certificate=certificate,
            pids=frozenset({"C9800-CL-K9", "C9300-24T"}),
            serial_prefixes=("GGR",),
            ledger=FACTORY_LEDGER,
        ),
    )


@functools.cache
def _sudi(udi: Udi, key: str) -> bytes:
    return keyring.build_sudi(a_factory().maker, udi, a_key(key).public_key, _TERMS)


@dataclass(kw_only=True)
class Device:
    """A product instance that signs for real and keeps its chains.

    Attributes:
        udi: Who it is.
        incarnation: Id of its store.
        boot: Boot nonce.
        last: Digest of the newest report of each licence.
        report_id: Number of its next report.
        account: Account information held.
        head: Newest head held.
        policy: Order of the policy held.
        root_number: Number of the root set held.
        trust_code: Text of the trust code that its reports are signed under, and the key's name.
        counter: Counter of its next trust request.
    """

    udi: Udi = UDI
    incarnation: str = "11" * 16
    boot: str = "22" * 16
    last: dict[str, Digest] = field(default_factory=dict)
    report_id: int = 1000
    account: AccountRef | None = None
    head: HeldHead | None = None
    policy: Order | None = None
    root_number: int = 1
    trust_code: tuple[str, str] | None = None
    counter: int = 0
    ha: tuple[HaMember, ...] = ()

    @property
    def sudi_key(self) -> str:
        return f"sudi {self.udi}"

    @property
    def sudi(self) -> FileSigner:
        return FileSigner(a_key(self.sudi_key), (_sudi(self.udi, self.sudi_key),))

    def payload(
        self,
        usage: Sequence[tuple[int, int, int]],
        *,
        tag: str = TAG,
        closed_at: int | None = None,
        relative: bool = False,
    ) -> Payload:
        """Return the content of the next report of a licence: (start, end, count) each."""
        end = max(item[1] for item in usage)
        return Payload(
            udi=self.udi,
            report_id=self.report_id,
            software_tag=SOFTWARE,
            entitlement_tag=tag,
            software_version="17.12.01",
            ha=self.ha,
            measurements=tuple(
                Measurement(
                    start=start,
                    end=stop,
                    count=count,
                    log_time=stop,
                    samples=1,
                    sample_interval=stop - start,
                    relative=relative,
                )
                for start, stop, count in usage
            ),
            meta=GaugerMeta(
                incarnation=self.incarnation,
                boot=self.boot,
                previous=self.last.get(tag),
                closed_at=end if closed_at is None else closed_at,
                head=self.head,
                root_number=self.root_number,
                policy_order=self.policy,
                account=self.account,
            ),
        )

    def report(
        self,
        usage: Sequence[tuple[int, int, int]] = ((NOW - 900, NOW, 1),),
        *,
        tag: str = TAG,
        closed_at: int | None = None,
        relative: bool = False,
    ) -> str:
        """Return the item of the next report of a licence, and go on from it."""
        payload = self.payload(usage, tag=tag, closed_at=closed_at, relative=relative)
        item = self.sign(payload)
        self.last[tag] = digest(encode_payload(payload))
        self.report_id += 1
        return item

    def sign(self, payload: Payload) -> str:
        """Return the item of a payload, signed under the trust code or by the SUDI key."""
        signed = encode_payload(payload)
        name = self.sudi_key if self.trust_code is None else self.trust_code[1]
        signature = ReportSignature(
            udi=self.udi,
            signing_type=SigningType.SUDI if self.trust_code is None else SigningType.TRUST,
            key=SOFTWARE,
            value=keyring.sign(a_key(name), report_preimage(signed)),
            chain=self.sudi.chain,
            trust_code=None if self.trust_code is None else self.trust_code[0],
        )
        return write_item(signed, signature)

    def trust_request(
        self,
        *,
        token: str | None = None,
        key: str = "licensing 1",
        made_at: int = NOW,
        members: tuple[Udi, ...] = (),
    ) -> str:
        """Return the text of the next trust request."""
        self.counter += 1
        request = TrustRequest(
            issued_at=made_at,
            udi=self.udi,
            members=members,
            incarnation=self.incarnation,
            counter=self.counter,
            public_key=a_key(key).public_key,
            made_at=made_at,
            nonce=f"{self.counter:032x}",
            token_digest=None if token is None else digest(token.encode()),
        )
        return write_document(
            sign_trust_request(request, sudi=self.sudi, key=FileSigner(a_key(key)))
        )

    def install(self, outcome: TrustOutcome | ReportOutcome, key: str = "licensing 1") -> None:
        """Take in what an answer brings, as a device would."""
        answer = outcome.answer
        if answer is None:
            return
        for document in answer.companions:
            if (
                document.type == TrustCode.TYPE
                and TrustCode.from_document(document).udi == self.udi
            ):
                self.trust_code = (write_document(document), key)
        signature = answer.acknowledgments[0].signature
        if isinstance(signature, PageSignature):
            self.head = HeldHead(head=signature.head, chain=signature.chain, value=signature.value)


def a_device(
    serial: str = "GGR0001",
    *,
    incarnation: str = "11" * 16,
    account: AccountRef | None = None,
    ha: tuple[HaMember, ...] = (),
) -> Device:
    """Return a device of the example manufacturer."""
    udi = Udi("C9800-CL-K9", serial)
    return Device(udi=udi, incarnation=incarnation, account=account, ha=ha)


@dataclass(kw_only=True)
class Bench:
    """A portal's authority on real SQLite, founded, with three accounts.

    Attributes:
        path: The ledger's file.
        authority: The authority, started.
        clock: Its clock.
        factory: Its trust.
    """

    path: Path
    authority: Authority
    clock: ManualClock
    factory: Factory

    def report(
        self,
        item: str,
        *,
        to: AccountRef | None = ACCOUNT,
        pipe: Pipe = Pipe.FILE,
    ) -> ReportOutcome:
        """Have a report judged."""
        outcome = self.authority.execute(ReceiveReport(item=item, pipe=pipe, uploaded_to=to))
        assert isinstance(outcome, ReportOutcome)
        return outcome

    def trust(
        self,
        document: str,
        *,
        token: str | None = None,
        to: AccountRef | None = None,
        pipe: Pipe = Pipe.SMART,
    ) -> TrustOutcome:
        """Have a trust request judged."""
        outcome = self.authority.execute(
            ReceiveTrustRequest(
                document=document,
                token_digest=None if token is None else digest(token.encode()),
                pipe=pipe,
                uploaded_to=to,
            )
        )
        assert isinstance(outcome, TrustOutcome)
        return outcome

    def token(
        self,
        text: str = "token-1",
        *,
        account: AccountRef = ACCOUNT,
        days: int = 30,
        uses: int | None = None,
    ) -> str:
        """Have an ID token made and return its text."""
        outcome = self.authority.execute(
            IssueToken(
                account=account,
                token_digest=digest(text.encode()),
                hint=text[-4:],
                days=days,
                uses=uses,
                export_controlled=False,
                description="",
                by="admin",
            )
        )
        assert isinstance(outcome, TokenOutcome)
        return text

    def head(self) -> HeadRow:
        """Return the head of the newest page."""
        reader = self.authority.reader()
        try:
            found = reader.head()
            assert found is not None
            return found
        finally:
            reader.close()

    def events(self, kind: str) -> list[EventRow]:
        """Return the events of a kind, of all accounts and of none."""
        reader = self.authority.reader()
        try:
            return [row for row in reader.events() if row.kind == kind]
        finally:
            reader.close()

    def verdicts(self) -> list[tuple[str, str]]:
        """Return digest and verdict of each report of the first account."""
        reader = self.authority.reader()
        try:
            return [(row.digest, row.verdict) for row in reader.reports(ACCOUNT)]
        finally:
            reader.close()

    def balance(self, account: AccountRef = ACCOUNT) -> dict[str, tuple[int, int, int]]:
        """Return purchased, in use and unverified in use by tag."""
        reader = self.authority.reader()
        try:
            rows = reader.balance(account, now=self.clock.now)
            return {row.tag: (row.purchased, row.in_use, row.unverified_in_use) for row in rows}
        finally:
            reader.close()

    def switch(self, account: AccountRef = ACCOUNT, *, count_unverified: bool) -> None:
        """Switch an account's option."""
        option = Option.COUNT_UNVERIFIED
        command = SetAccountOption(
            account=account, option=option, value=count_unverified, by="admin"
        )
        self.authority.execute(command)

    def replace_signer(self, *, revoked: tuple[str, ...] = ()) -> None:
        """Let a root set list another signer only, and go on under that."""
        self.factory = self.factory.following(signers=("second",), revoked=revoked, epoch=2)
        self.authority.execute(ImportRootSet(document=self.factory.texts[-1], by="operator"))
        self.restart(self.factory.signer("second"))

    def restart(self, signer: FileSigner | None = None) -> None:
        """Stop the authority and start another on the same file."""
        self.authority.stop()
        self.authority = an_authority(self.path, self.clock, self.factory, signer)
        self.authority.start()


def an_authority(
    path: Path, clock: ManualClock, factory: Factory, signer: FileSigner | None = None
) -> Authority:
    """Return an authority that was not started yet."""
    return Authority(
        store=SqliteLedger(path),
        signer=signer or factory.signer(),
        clock=clock,
        entropy=CountedEntropy(f"{path}{clock.now}"),
        settings=AuthoritySettings(build_date=NOW - 10 * DAY),
    )


@contextmanager
def a_portal(folder: Path, factory: Factory | None = None) -> Iterator[Bench]:
    """Run a portal's authority for the time of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    clock, factory = ManualClock(), factory or a_factory()
    path = folder / "ledger.db"
    bench = Bench(
        path=path, authority=an_authority(path, clock, factory), clock=clock, factory=factory
    )
    bench.authority.start()
    try:
        _found(bench)
        yield bench
    finally:
        bench.authority.stop()


def _found(bench: Bench) -> None:
    run = bench.authority.execute
    run(
        FoundLedger(
            root_sets=bench.factory.texts,
            manufacturers=(bench.factory.manufacturer.to_json(),),
            by="operator",
        )
    )
    for domain in ("example.com", "other.example"):
        run(OpenSmartAccount(domain=domain, name=domain.title(), by="operator"))
    for account in (ACCOUNT, OTHER_ACCOUNT, ELSEWHERE):
        run(OpenVirtualAccount(account=account, description="", by="operator"))
