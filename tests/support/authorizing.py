"""A product instance that asks for authorization codes and gives them back, signing for real."""

from dataclasses import dataclass, field, replace

from gauger.core.authority.commands import (
    IssueAuthorization,
    Pipe,
    ReceiveAuthorization,
    ReturnByHand,
    SetAuthorizations,
)
from gauger.core.authority.outcomes import AuthorizationOutcome, CodeOutcome
from gauger.core.documents.authorization_code import (
    AuthorizationCode,
    AuthorizationOrigin,
    AuthorizedLicence,
    HeldCode,
)
from gauger.core.documents.authorization_items import write_authorization_item
from gauger.core.documents.authorization_request import (
    AuthorizationRequest,
    Mode,
    WantedLicence,
    sign_authorization_request,
)
from gauger.core.documents.authorization_return import (
    AuthorizationReturn,
    make_return_code,
    sign_authorization_return,
)
from gauger.core.documents.envelope import Document, write_document
from gauger.core.documents.rum_payload import encode_payload
from gauger.core.documents.sudi_signed import sign_with_sudi
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, Udi, digest
from gauger.core.ports import Signer
from tests.support.builders import (
    ACCOUNT,
    FACTORY_LEDGER,
    NOW,
    TAG,
    UDI,
    Bench,
    Device,
    a_device,
    a_factory,
)

HSEC = "regid.2019-03.com.cisco.DNA_HSEC,1.0_509c41ab-05a8-431f-95fe-ec28086e8844"
OTHER_TAG = "regid.2020-01.com.example.ENFORCED,1.0_00000000-0000-4000-8000-000000000000"


@dataclass(kw_only=True)
class Licensee:
    """What a product instance knows of its authorization codes.

    Attributes:
        device: Who signs.
        counter: Of its next request or return.
        held: The code that is installed, or None.
        mark: The highest authorization epoch that was installed or given back, or None.
        release: Its software release.
    """

    device: Device = field(default_factory=a_device)
    counter: int = 0
    held: HeldCode | None = None
    mark: int | None = None
    release: str | None = "17.12.01"

    @property
    def udi(self) -> Udi:
        return self.device.udi

    def request(self, *wanted: tuple[str, int], mode: Mode = Mode.ADD) -> Document:
        """Return the next signed request."""
        self.counter += 1
        request = AuthorizationRequest(
            issued_at=NOW,
            udi=self.udi,
            incarnation=self.device.incarnation,
            counter=self.counter,
            nonce=f"{self.counter:032x}",
            made_at=NOW,
            software_version=self.release,
            mode=mode,
            licences=tuple(WantedLicence(tag=tag, count=count) for tag, count in wanted),
            held=self.held,
            mark=self.mark,
        )
        return sign_authorization_request(request, self.device.sudi)

    def give_back(self) -> Document:
        """Remove the code that is installed and return the signed proof."""
        assert self.held is not None
        assert self.mark is not None
        self.counter += 1
        nonce = f"{self.counter:032x}"
        returned = AuthorizationReturn(
            issued_at=NOW,
            udi=self.udi,
            incarnation=self.device.incarnation,
            counter=self.counter,
            nonce=nonce,
            # Whatever is closed at NOW is closed after it.
            made_at=NOW - 1,
            software_version=self.release,
            removed=self.held,
            return_code=make_return_code(self.held.code, nonce),
            mark=self.mark,
        )
        self.held = None
        return sign_authorization_return(returned, self.device.sudi)

    def install(self, outcome: AuthorizationOutcome | CodeOutcome) -> AuthorizationCode:
        """Install the code of an answer."""
        code = code_in(outcome)
        assert self.mark is None or code.epoch > self.mark
        self.hold(code)
        return code

    def hold(self, code: AuthorizationCode) -> None:
        """Have a code installed."""
        self.held, self.mark = HeldCode(code=code.code, epoch=code.epoch), code.epoch

    def leave_the_factory_with(self, document: Document) -> None:
        """Have a code of the factory installed, which is shown with its exact text."""
        code = AuthorizationCode.from_document(document)
        text = write_document(document)
        self.held = HeldCode(code=code.code, epoch=code.epoch, document=text)
        self.mark = code.epoch

    def report(self, closed_at: int = NOW) -> str:
        """Return the next report, which shows the code that is installed."""
        payload = self.device.payload(((NOW - 900, NOW, 1),), closed_at=closed_at)
        assert payload.meta is not None
        # A report names the code and does not carry its text.
        held = None if self.held is None else replace(self.held, document=None)
        shown = replace(payload, meta=replace(payload.meta, authorization=held))
        self.device.last[TAG] = digest(encode_payload(shown))
        self.device.report_id += 1
        return self.device.sign(shown)


def factory_code(
    *licences: tuple[str, int],
    udi: Udi = UDI,
    issuer: str = FACTORY_LEDGER,
    origin: AuthorizationOrigin = AuthorizationOrigin.FACTORY,
    signer: Signer | None = None,
) -> Document:
    """Return the authorization code that a product instance leaves the factory with."""
    body = AuthorizationCode(
        issued_at=NOW - 500,
        issuer=issuer,
        account=ACCOUNT,
        udi=udi,
        order=Order(1, 1, 1),
        code="fc" * 16,
        epoch=0 if origin is AuthorizationOrigin.FACTORY else 1,
        origin=origin,
        licences=tuple(
            AuthorizedLicence(tag=tag, name="DNA_HSEC", count=count, term="perpetual")
            for tag, count in licences
        ),
    )
    # Directly, as whoever holds a signer's key signs: a factory has no pages.
    return sign_with_sudi(body, signer or a_factory().signer())


def code_in(outcome: AuthorizationOutcome | CodeOutcome) -> AuthorizationCode:
    """Return the authorization code of an answer."""
    (found,) = [one for one in outcome.answer.companions if one.type == AuthorizationCode.TYPE]
    return AuthorizationCode.from_document(found)


def a_licensee(serial: str = "GGR0001", *, release: str | None = "17.12.01") -> Licensee:
    """Return a product instance that holds no code."""
    return Licensee(device=a_device(serial), release=release)


def deposit(portal: Bench, quantity: int = 2, *, tag: str = HSEC, to: AccountRef = ACCOUNT) -> None:
    """Give an account authorizations to give out."""
    name = "DNA_HSEC" if tag == HSEC else "ENFORCED"
    portal.authority.execute(
        SetAuthorizations(
            account=to, tag=tag, name=name, term="perpetual", quantity=quantity, by="admin"
        )
    )


def ask(
    portal: Bench,
    document: Document,
    *,
    pipe: Pipe = Pipe.FILE,
    to: AccountRef | None = ACCOUNT,
) -> AuthorizationOutcome:
    """Have an authorization request or return judged, in the form that its pipe carries."""
    is_file = pipe is Pipe.FILE
    text = write_authorization_item(document) if is_file else write_document(document)
    outcome = portal.authority.execute(
        ReceiveAuthorization(document=text, pipe=pipe, uploaded_to=to if is_file else None)
    )
    assert isinstance(outcome, AuthorizationOutcome)
    return outcome


def issue(portal: Bench, udi: Udi, *licences: tuple[str, int], mode: str = "add") -> CodeOutcome:
    """Have a person issue a code."""
    outcome = portal.authority.execute(
        IssueAuthorization(udi=udi, mode=mode, licences=licences, by="ann")
    )
    assert isinstance(outcome, CodeOutcome)
    return outcome


def return_by_hand(portal: Bench, udi: Udi, return_code: str) -> AuthorizationOutcome:
    """Have a person enter a return code."""
    outcome = portal.authority.execute(ReturnByHand(udi=udi, return_code=return_code, by="ann"))
    assert isinstance(outcome, AuthorizationOutcome)
    return outcome
