"""The envelope of smart transport, and of everything else that speaks it (`spec/smart-transport.md`).

The envelope carries signed documents and is signed by nobody: what it says about them decides
nothing. Its shape follows what is published (`reportusage`, poll, acknowledgements).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypedDict

from gauger.core.documents.page import SignedHead
from gauger.core.documents.rum_report import ITEM_CAP
from gauger.core.fields import Fields, decode_base64, encode_base64
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.core.strict_json import Encode, JsonValue, decode, encode

MESSAGE_VERSION: Final = "1.3"
"""The published version of messages."""

LICENSING_PATH: Final = "/licservice/license"
"""Path of a smart transport licensing URL."""

MESSAGE_CAP: Final = 16 * 1024 * 1024
"""Most bytes of a request or response, unless a role configures another cap."""

_ACTION: Final = "acknowledgements"
_MOST_REPORTS: Final = 4096
_MOST_REQUESTS: Final = 64
_LONGEST_ID: Final = 128
_LONGEST_TOKEN: Final = 4096
_LONGEST_DOCUMENT: Final = 256 * 1024


class MessageType(StrEnum):
    """What a request asks."""

    HELLO = "hello"
    TRUST_REQUEST = "trust_request"
    REPORT_USAGE = "report_usage"
    AUTHORIZATION = "authorization_request"
    POLL = "poll"


class Status(StrEnum):
    """How a response answers."""

    OK = "OK"
    OK_POLL = "OK_POLL"
    OK_TRY_AGAIN = "OK_TRY_AGAIN"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReport:
    """The reports of one product instance.

    Attributes:
        udi: The product instance, as the sender says.
        usage: RUM report items, each the JSON text of an object with payload and signature.
        trust_requests: Trust-request documents as text.
        hostname: Its host name, or None.
        software_tag: Its software id, or None.
        timestamp: When it was put together, epoch milliseconds, or None.
        nonce: Its own nonce, or None.
        decoded: What the texts of ``usage`` say, where they came in a request; else empty.
    """

    udi: Udi
    usage: tuple[str, ...] = ()
    trust_requests: tuple[str, ...] = ()
    hostname: str | None = None
    software_tag: str | None = None
    timestamp: int | None = None
    nonce: str | None = None
    decoded: tuple[JsonValue, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request.

    Attributes:
        type: What it asks.
        udi: Who sends it.
        timestamp: When it was sent, epoch milliseconds.
        nonce: Echoed by the response.
        reports: For ``report_usage``.
        id_token: ID token text, for ``trust_request``.
        trust_requests: Trust-request documents as text, for ``trust_request``.
        authorizations: Authorization requests and returns as text, for ``authorization_request``.
        poll_id: For ``poll``.
        head: For ``hello``: the newest page head that the sender holds, or None.
    """

    type: MessageType
    udi: Udi
    timestamp: int
    nonce: str
    reports: tuple[UsageReport, ...] = ()
    id_token: str | None = None
    trust_requests: tuple[str, ...] = ()
    authorizations: tuple[str, ...] = ()
    poll_id: str | None = None
    head: SignedHead | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """The answers for one product instance.

    Attributes:
        udi: The product instance.
        software_tag: Its software id, or None.
        smart_license: The answer file (`smart_license.read_items`).
    """

    udi: Udi
    smart_license: bytes
    software_tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WireProblem:
    """A refusal as it came over the wire; its code need not be known here.

    Attributes:
        code: Stable name.
        title: One sentence.
        detail: What was refused and why.
        fault: ``sender``, ``receiver``, ``operator`` or ``network``.
        retry: ``never``, ``later`` or ``after-fix``.
        next_step: What to do.
        diagnostics: Further facts.
    """

    code: str
    title: str
    detail: str
    fault: str
    retry: str
    next_step: str
    diagnostics: Mapping[str, str]

    @classmethod
    def of(cls, problem: Problem) -> "WireProblem":
        """Return the wire form of a problem."""
        return cls(
            code=problem.code,
            title=problem.kind.title,
            detail=problem.detail,
            fault=problem.kind.fault.value,
            retry=problem.kind.retry.value,
            next_step=problem.kind.next_step,
            diagnostics=MappingProxyType(dict(problem.diagnostics)),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return {
            "code": self.code,
            "title": self.title,
            "detail": self.detail,
            "fault": self.fault,
            "retry": self.retry,
            "next_step": self.next_step,
            "diagnostics": dict(self.diagnostics),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response.

    Attributes:
        status: How it answers.
        type: What was asked.
        timestamp: When it was made, epoch milliseconds.
        nonce: That of the request.
        message: For people.
        message_code: Stable name of the message.
        correlation_id: Names the exchange in the log, or None.
        poll_id: What to poll with, or None.
        poll_interval: Seconds until polling makes sense, or None.
        acknowledgements: The answers; one item for each product instance.
        problem: Why it failed, or None.
        head: The newest page head of the ledger, in the answer to ``hello``; or None.
    """

    status: Status
    type: MessageType
    timestamp: int
    nonce: str
    message: str = ""
    message_code: str = ""
    correlation_id: str | None = None
    poll_id: str | None = None
    poll_interval: int | None = None
    acknowledgements: tuple[Acknowledgement, ...] = ()
    problem: WireProblem | None = None
    head: SignedHead | None = None


def encode_request(request: Request) -> bytes:
    """Return the exact bytes of a request; a retry sends the same ones."""
    return encode(
        {
            "message_version": MESSAGE_VERSION,
            "type": request.type.value,
            "timestamp": request.timestamp,
            "nonce": request.nonce,
            "sudi": request.udi.to_json(),
            "data": _WRITERS[request.type](request),
        }
    ).encode("ascii")


def decode_request(data: bytes, *, cap: int = MESSAGE_CAP, write: Encode = encode) -> Request:
    """Read a request; nothing that it carries is verified.

    Args:
        data: The body as received.
        cap: Most bytes that are looked at.
        write: Gives the texts of the reports.

    Returns:
        The request.

    Raises:
        Problem: ``upgrade-needed`` for a major version that is not known, ``malformed``, or of
            strict decoding.
    """
    what = "the request"
    fields = Fields(decode(data, what=what, cap=cap), what)
    version = fields.text("message_version", limit=16)
    # A minor version only adds; a major one may change what a field means.
    if version.partition(".")[0] != MESSAGE_VERSION.partition(".")[0]:
        detail = f"The request has message version {version}; {MESSAGE_VERSION} is known here."
        raise Problem("upgrade-needed", detail)
    kind = MessageType(fields.choice("type", tuple(MessageType)))
    return Request(
        type=kind,
        udi=fields.udi("sudi"),
        timestamp=fields.integer("timestamp", least=0),
        nonce=fields.text("nonce", limit=_LONGEST_ID),
        **_READERS[kind](fields.optional_child("data") or _NOTHING, write),
    )


class _Content(TypedDict, total=False):
    """What a request asks with; the fields are those of `Request`."""

    reports: tuple[UsageReport, ...]
    id_token: str | None
    trust_requests: tuple[str, ...]
    authorizations: tuple[str, ...]
    poll_id: str | None
    head: SignedHead | None


def encode_response(response: Response, write: Encode = encode) -> bytes:
    """Return the bytes of a response; ``write`` gives its text."""
    content: dict[str, JsonValue] = {
        "status": response.status.value,
        "type": response.type.value,
        "timestamp": response.timestamp,
        "nonce": response.nonce,
        "message": response.message,
        "message_code": response.message_code,
        "correlation_id": response.correlation_id,
        "poll_id": response.poll_id,
        "poll_interval": response.poll_interval,
        "action": _ACTION,
        "data": {
            "acknowledgements": [
                {
                    "sudi": item.udi.to_json(),
                    "software_tag_identifier": item.software_tag,
                    "smart_license": encode_base64(item.smart_license),
                }
                for item in response.acknowledgements
            ],
            **_head_json(response.head),
        },
        "problem": None if response.problem is None else response.problem.to_json(),
    }
    return write(content).encode("ascii")


def decode_response(data: bytes, *, nonce: str, cap: int = MESSAGE_CAP) -> Response:
    """Read a response to an own request.

    Args:
        data: The body as received.
        nonce: That of the request; a response to another request is refused.
        cap: Most bytes that are looked at.

    Returns:
        The response.

    Raises:
        Problem: ``bad-answer`` where it is none of this protocol or of another request.
    """
    try:
        response = _read_response(data, cap)
    except Problem as problem:
        detail = f"The answer cannot be read. {problem.detail}"
        raise Problem("bad-answer", detail, cause=problem.code) from problem
    # A recorded answer to an earlier request would tell the device that the new one arrived.
    if response.nonce != nonce:
        raise Problem("bad-answer", "The answer is to another request: its nonce differs.")
    return response


def _read_response(data: bytes, cap: int) -> Response:
    what = "the response"
    fields = Fields(decode(data, what=what, cap=cap), what)
    content = fields.optional_child("data") or _NOTHING
    problem = fields.optional_child("problem")
    return Response(
        status=Status(fields.choice("status", tuple(Status))),
        type=MessageType(fields.choice("type", tuple(MessageType))),
        timestamp=fields.integer("timestamp", least=0),
        nonce=fields.text("nonce", limit=_LONGEST_ID),
        message=fields.optional_text("message", limit=4096) or "",
        message_code=fields.optional_text("message_code") or "",
        correlation_id=fields.optional_text("correlation_id", limit=_LONGEST_ID),
        poll_id=_read_poll_id(fields) if "poll_id" in fields else None,
        poll_interval=fields.optional_integer("poll_interval", least=0, most=86_400),
        acknowledgements=tuple(
            _read_acknowledgement(item)
            for item in content.items("acknowledgements", limit=_MOST_REPORTS)
        ),
        problem=None if problem is None else _read_problem(problem),
        head=_read_signed_head(content),
    )


def _read_acknowledgement(fields: Fields) -> Acknowledgement:
    # The documents in it are verified one by one; the envelope around them proves nothing.
    text = fields.text("smart_license", limit=MESSAGE_CAP)
    return Acknowledgement(
        udi=fields.udi("sudi"),
        software_tag=fields.optional_text("software_tag_identifier", limit=512),
        smart_license=decode_base64(text, "`smart_license` of the response"),
    )


def _read_problem(fields: Fields) -> WireProblem:
    return WireProblem(
        code=fields.text("code", limit=64),
        title=fields.optional_text("title") or "",
        detail=fields.optional_text("detail", limit=4096) or "",
        fault=fields.optional_text("fault", limit=16) or "",
        retry=fields.optional_text("retry", limit=16) or "",
        next_step=fields.optional_text("next_step") or "",
        diagnostics=_read_diagnostics(fields.optional_child("diagnostics")),
    )


def _read_diagnostics(fields: Fields | None) -> Mapping[str, str]:
    if fields is None:
        return MappingProxyType({})
    return MappingProxyType({name: fields.text(name, least=0) for name in fields.names()})


def _read_poll_id(fields: Fields) -> str:
    # Published poll ids are beyond 2^53: we write text, and take the number that others write.
    return fields.text_or_number("poll_id", limit=_LONGEST_ID)


def _write_hello(request: Request) -> dict[str, JsonValue]:
    return _head_json(request.head)


def _read_hello(data: Fields, _: Encode) -> _Content:
    return {"head": _read_signed_head(data)}


def _head_json(head: SignedHead | None) -> dict[str, JsonValue]:
    return {} if head is None else {"head": head.to_json()}


def _read_signed_head(data: Fields) -> SignedHead | None:
    fields = data.optional_child("head")
    return None if fields is None else SignedHead.from_fields(fields)


def _write_trust_request(request: Request) -> dict[str, JsonValue]:
    return {"id_token": request.id_token, "trust_requests": request.trust_requests}


def _read_trust_request(data: Fields, _: Encode) -> _Content:
    token = data.optional_text("id_token", limit=_LONGEST_TOKEN)
    return {"id_token": token, "trust_requests": _read_trust_requests(data)}


def _read_trust_requests(fields: Fields) -> tuple[str, ...]:
    return fields.texts("trust_requests", limit=_MOST_REQUESTS, length=_LONGEST_DOCUMENT)


def _write_authorizations(request: Request) -> dict[str, JsonValue]:
    return {"authorization_requests": request.authorizations}


def _read_authorizations(data: Fields, _: Encode) -> _Content:
    texts = data.texts("authorization_requests", limit=_MOST_REQUESTS, length=_LONGEST_DOCUMENT)
    return {"authorizations": texts}


def _write_poll(request: Request) -> dict[str, JsonValue]:
    return {"poll_id": request.poll_id, "action": _ACTION}


def _read_poll(data: Fields, _: Encode) -> _Content:
    return {"poll_id": _read_poll_id(data)}


def _write_usage(request: Request) -> dict[str, JsonValue]:
    return {"reports": [_report_json(report) for report in request.reports]}


def _report_json(report: UsageReport) -> dict[str, JsonValue]:
    return {
        "sudi": report.udi.to_json(),
        "hostname": report.hostname,
        "software_tag_identifier": report.software_tag,
        "timestamp": report.timestamp,
        "nonce": report.nonce,
        "trust_requests": report.trust_requests,
        "usage": [_usage_json(item) for item in report.usage],
    }


def _usage_json(item: str) -> JsonValue:
    # An object in the envelope and no text, as published; the signed payload inside stays a text.
    return decode(item, what="the RUM report", cap=ITEM_CAP)


def _read_usage(data: Fields, write: Encode) -> _Content:
    items = data.items("reports", limit=_MOST_REPORTS)
    return {"reports": tuple([_read_report(item, write) for item in items])}


def _read_report(fields: Fields, write: Encode) -> UsageReport:
    decoded = fields.values("usage", limit=_MOST_REPORTS)
    return UsageReport(
        udi=fields.udi("sudi"),
        # Written again: the item around the signed payload need not be the sender's bytes.
        usage=tuple(map(write, decoded)),
        decoded=decoded,
        trust_requests=_read_trust_requests(fields),
        hostname=fields.optional_text("hostname", limit=255),
        software_tag=fields.optional_text("software_tag_identifier", limit=512),
        timestamp=fields.optional_integer("timestamp", least=0),
        nonce=fields.optional_text("nonce", limit=_LONGEST_ID),
    )


_NOTHING: Final = Fields({}, "`data`, which is absent")

_WRITERS: Final[Mapping[MessageType, Callable[[Request], dict[str, JsonValue]]]] = MappingProxyType(
    {
        MessageType.HELLO: _write_hello,
        MessageType.TRUST_REQUEST: _write_trust_request,
        MessageType.AUTHORIZATION: _write_authorizations,
        MessageType.REPORT_USAGE: _write_usage,
        MessageType.POLL: _write_poll,
    }
)
_READERS: Final[Mapping[MessageType, Callable[[Fields, Encode], _Content]]] = MappingProxyType(
    {
        MessageType.HELLO: _read_hello,
        MessageType.TRUST_REQUEST: _read_trust_request,
        MessageType.AUTHORIZATION: _read_authorizations,
        MessageType.REPORT_USAGE: _read_usage,
        MessageType.POLL: _read_poll,
    }
)
