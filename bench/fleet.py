"""Devices that sign for real, and everything that they will send, signed beforehand."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPConnection
from multiprocessing import get_context
from typing import Any, Final, TypeVar

from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.keys.file import FileSigner, generate_key
from gauger.core.documents import keyring
from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.envelope import PageSignature, read_document, write_document
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.rum_payload import (
    GaugerMeta,
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
from gauger.core.documents.smart_license import read_items
from gauger.core.documents.smart_transport import (
    LICENSING_PATH,
    MessageType,
    Request,
    Status,
    UsageReport,
    decode_response,
    encode_request,
)
from gauger.core.documents.trust_code import TrustCode
from gauger.core.documents.trust_request import TrustRequest, sign_trust_request
from gauger.core.identity import AccountRef, Digest, Udi, digest

PID: Final = "C9800-CL-K9"
TAG: Final = "regid.2018-06.com.cisco.DNA_NWStack,1.0_e7244e71-3ad5-4608-8bf0-d12f67c80896"
SOFTWARE: Final = "regid.2019-06.com.cisco.C9800-CL,1.0_00000000-0000-4000-8000-000000000000"
_Made = TypeVar("_Made")
_SAMPLE: Final = 900  # seconds, as product instances measure
_HISTORY: Final = 60 * 86_400  # seconds; every report lies in the past, none overlaps another


@dataclass(kw_only=True)
class Device:
    """A product instance with a trust code, whose reports form one chain.

    Attributes:
        udi: Who it is.
        sudi: Its SUDI key.
        key: Its licensing key.
        began: When it first measured, epoch seconds.
    """

    udi: Udi
    sudi: FileSigner
    key: FileSigner
    began: int
    _incarnation: str
    _reports: int = 0
    _previous: Digest | None = None
    _trust_code: str | None = None
    _head: HeldHead | None = field(default=None, repr=False)
    _account: AccountRef | None = None
    _root_number: int = 1

    @classmethod
    def made(cls, issuer: keyring.Issuer, serial: str, terms: keyring.Terms) -> "Device":
        """Make a device as a factory does."""
        entropy, udi = SystemEntropy(), Udi(PID, serial)
        key = generate_key(entropy)
        certificate = keyring.build_sudi(issuer, udi, key.public_key, terms)
        return cls(
            udi=udi,
            sudi=FileSigner(key, (certificate,)),
            key=FileSigner(generate_key(entropy)),
            began=int(time.time()) - _HISTORY,
            _incarnation=entropy.random_bytes(16).hex(),
        )

    def trust_request(self, token: str) -> Request:
        """Return a request for a trust code with an ID token."""
        now = int(time.time())
        wanted = TrustRequest(
            issued_at=now,
            udi=self.udi,
            incarnation=self._incarnation,
            counter=1,
            public_key=self.key.public_key,
            made_at=now,
            nonce=self._incarnation,
            token_digest=digest(token.encode()),
        )
        text = write_document(sign_trust_request(wanted, sudi=self.sudi, key=self.key))
        return self._request(MessageType.TRUST_REQUEST, id_token=token, trust_requests=(text,))

    def establish_trust(self, portal: HTTPConnection, token: str) -> None:
        """Ask the portal for a trust code with an ID token, and install it."""
        request = self.trust_request(token)
        portal.request(
            "POST", LICENSING_PATH, encode_request(request), {"Content-Type": "application/json"}
        )
        answer = decode_response(portal.getresponse().read(), nonce=request.nonce)
        if answer.status is not Status.OK:
            raise RuntimeError(f"{self.udi} got no trust code: {answer.message}")
        self._install(answer.acknowledgements[0].smart_license)

    def _install(self, file: bytes) -> None:
        for item in read_items([file]):
            document = read_document(item.text)
            if document.type == TrustCode.TYPE:
                self._trust_code = item.text
            elif document.type == AccountInfo.TYPE:
                self._account = AccountInfo.from_document(document).account
            elif document.type == RootSet.TYPE:
                self._root_number = RootSet.from_document(document).number
            if isinstance(document.signature, PageSignature):
                page = document.signature
                self._head = HeldHead(head=page.head, chain=page.chain, value=page.value)

    def report(self) -> str:
        """Return the item of the next report of the chain."""
        start = self.began + self._reports * _SAMPLE
        self._reports += 1
        payload = Payload(
            udi=self.udi,
            report_id=1000 + self._reports,
            software_tag=SOFTWARE,
            entitlement_tag=TAG,
            software_version="17.12.01",
            measurements=(
                Measurement(
                    start=start,
                    end=start + _SAMPLE,
                    count=1 + self._reports % 5,
                    log_time=start + _SAMPLE,
                    samples=1,
                    sample_interval=_SAMPLE,
                ),
            ),
            meta=GaugerMeta(
                incarnation=self._incarnation,
                boot=self._incarnation,
                previous=self._previous,
                closed_at=start + _SAMPLE,
                head=self._head,
                root_number=self._root_number,
                account=self._account,
            ),
        )
        signed = encode_payload(payload)
        self._previous = digest(signed)
        return write_item(signed, self._signature(signed))

    def _signature(self, signed: bytes) -> ReportSignature:
        return ReportSignature(
            udi=self.udi,
            signing_type=SigningType.TRUST,
            key=SOFTWARE,
            value=self.key.sign(report_preimage(signed)),
            chain=self.sudi.chain,
            trust_code=self._trust_code,
        )

    def _request(self, kind: MessageType, **content: object) -> Request:
        return Request(
            type=kind,
            udi=self.udi,
            timestamp=int(time.time() * 1000),
            nonce=SystemEntropy().random_bytes(16).hex(),
            **content,  # type: ignore[arg-type]  # fields of the request, by name
        )

    def usage_request(self, reports: tuple[UsageReport, ...]) -> bytes:
        """Return the body of a request that carries reports."""
        return encode_request(self._request(MessageType.REPORT_USAGE, reports=reports))


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The devices of one measurement, each bound to one connection.

    Attributes:
        devices: All of them.
        connections: Over how many connections they report.
    """

    devices: tuple[Device, ...]
    connections: int

    @cached_property
    def public_keys(self) -> dict[str, bytes]:
        """Public licensing key by serial number."""
        return {device.udi.serial: device.key.public_key for device in self.devices}

    def bodies(self, requests: int, *, reports: int = 1) -> list[list[bytes]]:
        """Sign what will be sent, on all processors.

        Args:
            requests: How many requests over each connection.
            reports: How many reports in each request, of all devices of the connection in turn.

        Returns:
            Bodies by connection, in the order in which they must be sent. The devices here know
            nothing of it: a fleet is asked once.
        """
        given = [(number, requests, reports) for number in range(self.connections)]
        return _on_all_processors(self, _bodies_of, given)

    def items(self, each: int) -> Iterator[str]:
        """Yield reports as a usage file holds them: of every device so many; asked once."""
        given = [(number, each) for number in range(len(self.devices))]
        for own in _on_all_processors(self, _items_of, given):
            yield from own


_FLEETS: Final[list[Fleet]] = []  # of a process that signs


def _on_all_processors(
    fleet: Fleet, work: Callable[[Any], _Made], given: Sequence[object]
) -> list[_Made]:
    if threading.active_count() > 1:
        # Another thread may hold a lock at this moment, of SQLite for one: a forked process would
        # wait for it for ever.
        _FLEETS[:] = [fleet]
        return [work(one) for one in given]
    # Forked: the devices hold keys, which are not to be written anywhere.
    with ProcessPoolExecutor(
        os.cpu_count(), get_context("fork"), initializer=_begin, initargs=(fleet,)
    ) as pool:
        return list(pool.map(work, given, chunksize=1))


def _begin(fleet: Fleet) -> None:
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    _FLEETS[:] = [fleet]


def _bodies_of(given: tuple[int, int, int]) -> list[bytes]:
    (fleet,), (number, requests, reports) = _FLEETS, given
    return list(_requests(fleet.devices[number :: fleet.connections], requests, reports))


def _items_of(given: tuple[int, int]) -> list[str]:
    (fleet,), (number, each) = _FLEETS, given
    return [fleet.devices[number].report() for _ in range(each)]


def _requests(own: Sequence[Device], requests: int, reports: int) -> Iterator[bytes]:
    shares = [reports // len(own) + (n < reports % len(own)) for n in range(len(own))]
    for turn in range(requests):
        if reports == 1:
            device = own[turn % len(own)]
            usage = UsageReport(udi=device.udi, usage=(device.report(),))
            yield device.usage_request((usage,))
            continue
        yield own[0].usage_request(
            tuple(
                UsageReport(udi=device.udi, usage=tuple(device.report() for _ in range(share)))
                for device, share in zip(own, shares, strict=True)
            )
        )
