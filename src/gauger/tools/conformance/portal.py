"""Documents of a product instance as a portal judges them that has seen nothing but these files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gauger.authority.authorizations import VerifiedAuthorization
from gauger.authority.preparing import prepare
from gauger.authority.reports import UnverifiableReport, VerifiedReport, require_unverifiable
from gauger.authority.trust_requests import VerifiedRequest
from gauger.core.authority.claims import Claims
from gauger.core.authority.commands import (
    Command,
    Pipe,
    ReceiveAuthorization,
    ReceiveReport,
    ReceiveTrustRequest,
)
from gauger.core.authority.facts import (
    InstanceFacts,
    KnownReport,
    KnownRequest,
    ReportFacts,
    TokenFacts,
    TrustFacts,
)
from gauger.core.authority.judgement import Circumstances, judge
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.trust import Presented, judge_trust
from gauger.core.documents.authorization_items import read_authorization_item
from gauger.core.documents.smart_license import TO_PORTAL, Caps, Item, ItemKind, read_items
from gauger.core.documents.smart_transport import decode_request
from gauger.core.documents.trust_request import TrustRequest
from gauger.core.identity import AccountRef, Digest, Udi, digest
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue
from gauger.tools.conformance.authorizations import AuthorizationBook
from gauger.tools.conformance.desk import Desk, Says
from gauger.tools.conformance.opinion import Opinion, opinion, refused
from gauger.tools.conformance.reading import read_whole
from gauger.tools.receipt_usage import read_chunks

_CAPS: Final = Caps(total=2 * 1024**3)
# `.example` is nobody's (RFC 2606): no real document is for this account by accident.
_HOME: Final = AccountRef("conformance.example", "DEFAULT")
_NEVER: Final = 2**62


@dataclass(slots=True)
class Portal:
    """A ledger in memory: what the earlier files brought, as facts for the judgement.

    Attributes:
        desk: The clock, and what is trusted.
    """

    desk: Desk
    _reports: list[Claims] = field(default_factory=list)
    _requests: dict[Digest, VerifiedRequest] = field(default_factory=dict)
    _authorizations: AuthorizationBook = field(default_factory=AuthorizationBook)

    def report(self, path: Path) -> Opinion:
        """Judge the file of one RUM report."""
        return self._opinion(self._report(_text(read_whole(path)), Pipe.FILE))

    def request(self, path: Path) -> Opinion:
        """Judge the file of one trust request."""
        token = self.desk.expected.token_digest
        return self._opinion(self._request(_text(read_whole(path)), token, Pipe.FILE))

    def authorization(self, path: Path, kind: str) -> Opinion:
        """Judge the file of one authorization request or return, whichever is expected.

        Raises:
            Problem: ``wrong-type`` where it is the other one.
        """
        text = _text(read_whole(path))
        # One element carries both: a reader that asks for a removal must not get a wish.
        found = read_authorization_item(text).type
        if found != kind:
            raise Problem("wrong-type", f"It is of type {found}; {kind} is expected.")
        return self._opinion(self._authorization(text, Pipe.FILE))

    def usage(self, path: Path) -> Says:
        """Judge each item of a usage file; one that is refused hinders no other."""
        # What is read counts only when the end was reached.
        items = list(read_items(read_chunks(path), caps=_CAPS, wanted=TO_PORTAL))
        return {"items": [item for one in items for item in self._usage_item(one)]}

    def message(self, path: Path) -> Says:
        """Judge a request of smart transport and each document in it."""
        request = decode_request(read_whole(path))
        token = None if request.id_token is None else digest(request.id_token.encode())
        commands: list[Command] = [
            self._request(text, token, Pipe.SMART) for text in request.trust_requests
        ]
        commands += (self._authorization(text, Pipe.SMART) for text in request.authorizations)
        for report in request.reports:
            # A message of reports carries no ID token (spec/smart-transport.md).
            commands += (self._request(text, None, Pipe.SMART) for text in report.trust_requests)
            commands += (self._report(text, Pipe.SMART) for text in report.usage)
        return {"type": request.type.value, "items": list(self._each(commands))}

    def _usage_item(self, item: Item) -> Iterator[JsonValue]:
        commands: list[Command] = []
        if item.kind is ItemKind.RUM_REPORT:
            commands.append(self._report(item.text, Pipe.FILE))
        elif item.kind is ItemKind.TRUST_REQUEST:
            token = self.desk.expected.token_digest
            commands.append(self._request(item.text, token, Pipe.FILE))
        elif item.kind is ItemKind.AUTH_REQUEST:
            commands.append(self._authorization(item.text, Pipe.FILE))
        yield from self._each(commands)

    def _each(self, commands: Iterable[Command]) -> Iterator[JsonValue]:
        for command in commands:
            try:
                yield self._opinion(command).to_json()
            except Problem as problem:
                yield refused(problem).to_json()

    def _report(self, text: str, pipe: Pipe) -> ReceiveReport:
        # Handed in for an account, as a person does it: a device of nobody has one then.
        return ReceiveReport(item=text, pipe=pipe, uploaded_to=self._home)

    def _request(self, text: str, token: Digest | None, pipe: Pipe) -> ReceiveTrustRequest:
        return ReceiveTrustRequest(
            document=text, token_digest=token, pipe=pipe, uploaded_to=self._home
        )

    def _authorization(self, text: str, pipe: Pipe) -> ReceiveAuthorization:
        return ReceiveAuthorization(document=text, pipe=pipe, uploaded_to=self._home)

    @property
    def _home(self) -> AccountRef:
        """The account of whoever hands the files in."""
        return self.desk.expected.account or _HOME

    def _opinion(self, command: Command) -> Opinion:
        desk = self.desk
        content = prepare(command, desk.trust, desk.now, desk.build_date).content
        if isinstance(content, VerifiedReport):
            if content.signer.doubt is not None:
                # A ledger believes a trust code that it issued itself; this one issued none.
                raise content.signer.doubt
            self._require_sender(content.claims.udi)
            return self._judge_report(content.claims)
        if isinstance(content, VerifiedRequest):
            self._require_sender(content.request.udi)
            return self._judge_request(content)
        if isinstance(content, VerifiedAuthorization):
            udi = content.request.udi
            self._require_sender(udi)
            return self._authorizations.judge(content, self._instance(udi))
        if isinstance(content, UnverifiableReport):
            # A device that a manufacturer here declares signs in our way: the vendor's kind would
            # be a way round.
            require_unverifiable(content.claims.udi, None, desk.trust)
            raise Problem(Verdict.UNVERIFIABLE.value, content.detail)
        raise TypeError("only documents of product instances are put before a portal here")

    def _require_sender(self, udi: Udi) -> None:
        if self.desk.expected.udi not in (None, udi):
            detail = f"It is of {udi}; one of {self.desk.expected.udi} is expected."
            raise Problem("wrong-subject", detail)

    def _judge_report(self, claims: Claims) -> Opinion:
        given = Circumstances(
            now=self.desk.now, build_date=self.desk.build_date, uploaded_to=self._home
        )
        judgement = judge(claims, self._facts(claims), given)
        if judgement.verdict is Verdict.ACCEPTED:
            self._reports.append(claims)
        says: dict[str, JsonValue] = {
            "udi": claims.udi.to_json(),
            "digest": claims.digest,
            "report_id": claims.report_id,
            "entitlement_tag": claims.tag,
            "signer": claims.signer,
            "flags": list(judgement.flags),
            "until": judgement.until,
            "measurements": [[item.start, item.end, item.count] for item in claims.absolute],
        }
        return opinion(judgement.verdict, judgement.code, judgement.detail, says)

    def _facts(self, claims: Claims) -> ReportFacts:
        """Return what the earlier files say about the place of a report."""
        chain, own = claims.chain, [one for one in self._reports if one.udi == claims.udi]
        previous = None if chain is None else chain.previous
        before = [one for one in own if one.digest == previous]
        return ReportFacts(
            instance=InstanceFacts(udi=claims.udi, account=self._home) if own else None,
            names_account=claims.held.account == self._home,
            # By digest before anything else: the same report twice is one report.
            known=next((_known(one) for one in own if one.digest == claims.digest), None),
            rivals=tuple(_known(one) for one in own if _is_rival(one, claims)),
            previous_held=previous is None or bool(before),
            follows_newer=any((one.generation or 0) > (claims.generation or 0) for one in before),
        )

    def _judge_request(self, verified: VerifiedRequest) -> Opinion:
        command, request = verified.command, verified.request
        given = Presented(
            now=self.desk.now,
            pipe=command.pipe,
            token_digest=command.token_digest,
            uploaded_to=command.uploaded_to,
        )
        judgement = judge_trust(request, self._trust_facts(verified), given)
        if judgement.verdict is Verdict.ACCEPTED:
            self._requests[verified.digest] = verified
        says: dict[str, JsonValue] = {
            "udi": request.udi.to_json(),
            "digest": verified.digest,
            "counter": request.counter,
            "flags": list(judgement.flags),
        }
        return opinion(judgement.verdict, judgement.code, judgement.detail, says)

    def _instance(self, udi: Udi) -> InstanceFacts | None:
        """Return what the trust requests of a product instance tell of it."""
        if not any(one.request.udi == udi for one in self._requests.values()):
            return None
        return InstanceFacts(udi=udi, account=self._home, generation=1, members=(udi,))

    def _trust_facts(self, verified: VerifiedRequest) -> TrustFacts:
        request = verified.request
        earlier = [one.request for one in self._requests.values()]
        # A counter counts within one store: a device that lost its store begins again.
        counters = [one.counter for one in earlier if one.incarnation == request.incarnation]
        known = None
        if verified.digest in self._requests:
            known = KnownRequest(digest=verified.digest, verdict=Verdict.ACCEPTED)
        # A suite has no tokens of a portal: each one that is shown is good, for ever and for this
        # account.
        token = TokenFacts(
            token=1, account=self._home, expires_at=_NEVER, uses=None, used=0, revoked=False
        )
        return TrustFacts(
            instance=self._instance(request.udi),
            known=known,
            counter=max(counters, default=None),
            token=token,
            key_holders=tuple(one.udi for one in earlier if _takes_key(one, request)),
        )


def _known(claims: Claims) -> KnownReport:
    return KnownReport(digest=claims.digest, verdict=Verdict.ACCEPTED)


def _is_rival(held: Claims, claims: Claims) -> bool:
    """Tell whether two reports claim one place of a chain (`spec/authority.md`)."""
    if held.chain is None or claims.chain is None or held.digest == claims.digest:
        return False
    mine, other = claims.chain, held.chain
    same_chain = (mine.incarnation, claims.tag) == (other.incarnation, held.tag)
    # Two successors of one report: a store was copied back, or two run at once.
    return same_chain and mine.previous == other.previous


def _takes_key(earlier: TrustRequest, request: TrustRequest) -> bool:
    # Two devices with one key could sign for each other.
    return earlier.public_key == request.public_key and earlier.udi != request.udi


def _text(data: bytes) -> str:
    """Return what a file holds as the text that a pipe would hand on.

    Raises:
        Problem: ``text-not-allowed``.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem("text-not-allowed", "The file is not UTF-8.") from error
