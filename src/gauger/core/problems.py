"""Every refusal of the system: what happened, who is at fault, whether to retry, what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Fault(StrEnum):
    """Where the cause of a problem lies."""

    SENDER = "sender"
    RECEIVER = "receiver"
    OPERATOR = "operator"
    NETWORK = "network"


class Retry(StrEnum):
    """Whether the same request may succeed another time."""

    NEVER = "never"
    LATER = "later"
    AFTER_FIX = "after-fix"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One row of the problem table.

    Attributes:
        code: Stable name, the same in every protocol.
        title: One sentence that says what is wrong.
        fault: Where the cause lies.
        retry: Whether to try again.
        next_step: What the person who reads it does next.
    """

    code: str
    title: str
    fault: Fault
    retry: Retry
    next_step: str


_ROWS = (
    ProblemKind(
        "malformed",
        "The input is not in the form that its kind requires",
        Fault.SENDER,
        Retry.NEVER,
        "Send it again exactly as the product instance or portal wrote it; if it was edited "
        "or converted on the way, fetch the original.",
    ),
    ProblemKind(
        "too-large",
        "The input is larger than its cap",
        Fault.SENDER,
        Retry.NEVER,
        "Split it, or raise the cap in the configuration of the receiver.",
    ),
    ProblemKind(
        "too-deep",
        "The input is nested deeper than its cap",
        Fault.SENDER,
        Retry.NEVER,
        "Fetch the original; no document of this system is nested so deeply.",
    ),
    ProblemKind(
        "duplicate-key",
        "A JSON object holds the same key twice",
        Fault.SENDER,
        Retry.NEVER,
        "Fetch the original; something on the way rewrote the document.",
    ),
    ProblemKind(
        "number-not-allowed",
        "A JSON number is not finite or is out of range",
        Fault.SENDER,
        Retry.NEVER,
        "Fetch the original; something on the way rewrote the document.",
    ),
    ProblemKind(
        "text-not-allowed",
        "A text holds a lone surrogate or is not UTF-8",
        Fault.SENDER,
        Retry.NEVER,
        "Fetch the original and carry it as a binary file.",
    ),
    ProblemKind(
        "xml-not-allowed",
        "The XML file declares a DTD or an entity",
        Fault.SENDER,
        Retry.NEVER,
        "Send the file as it was saved; files of this system have no DTD.",
    ),
    ProblemKind(
        "truncated",
        "The file ends before its content does",
        Fault.SENDER,
        Retry.NEVER,
        "Copy the file again from where it was saved and compare its size.",
    ),
    ProblemKind(
        "trailing-data",
        "Something follows the end of the document",
        Fault.SENDER,
        Retry.NEVER,
        "Send one document or file at a time, as it was saved.",
    ),
    ProblemKind(
        "wrong-type",
        "The document is of another type than is expected here",
        Fault.SENDER,
        Retry.NEVER,
        "Usage files and trust requests go to the portal; ACK, policy and code files go to "
        "the product instance.",
    ),
    ProblemKind(
        "upgrade-needed",
        "The document needs a newer release to be understood",
        Fault.RECEIVER,
        Retry.AFTER_FIX,
        "Upgrade this software, then present the same file again; nothing was changed.",
    ),
    ProblemKind(
        "unknown-field",
        "The request holds a field that is not known",
        Fault.SENDER,
        Retry.NEVER,
        "Remove the field; the API reference lists those that are known.",
    ),
    ProblemKind(
        "unknown-entitlement",
        "The entitlement tag is not in the catalogue",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Check the tag, or deposit an order for it; the usage is kept either way.",
    ),
    ProblemKind(
        "signature-missing",
        "The document carries no signature",
        Fault.SENDER,
        Retry.NEVER,
        "Send the document as it was saved, with its signature.",
    ),
    ProblemKind(
        "signature-invalid",
        "The signature does not match the bytes",
        Fault.SENDER,
        Retry.NEVER,
        "The bytes were altered after signing, often by a proxy, an editor or a mail gateway:"
        " fetch the original and carry it unchanged.",
    ),
    ProblemKind(
        "signature-unverifiable",
        "The signature's algorithm is not public",
        Fault.SENDER,
        Retry.NEVER,
        "The report is listed apart; an account can be set to count such reports, in totals "
        "that are shown apart.",
    ),
    ProblemKind(
        "algorithm-not-allowed",
        "The signature algorithm is not on the closed list",
        Fault.SENDER,
        Retry.NEVER,
        "Only ES256 is accepted; have the sender sign with it.",
    ),
    ProblemKind(
        "unknown-key",
        "The signing key is not known or not trusted here",
        Fault.RECEIVER,
        Retry.AFTER_FIX,
        "Import the newest root set, or the manufacturer that certifies the product instance,"
        " then present it again.",
    ),
    ProblemKind(
        "key-revoked",
        "The signing key has been revoked",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "Have the document signed again by a signer of the newest root set; a product "
        "instance needs a new trust code.",
    ),
    ProblemKind(
        "signer-expired",
        "The signer's certificate has expired",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "Ask the portal for the same answer again: it signs it with its present signer.",
    ),
    ProblemKind(
        "key-reuse",
        "The key is already enrolled for another product instance",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "Make a new key on the product instance: two devices never share one.",
    ),
    ProblemKind(
        "wrong-subject",
        "The document belongs to another product instance",
        Fault.SENDER,
        Retry.NEVER,
        "Compare the UDI in the file with `show license udi` and bring the file of this "
        "product instance.",
    ),
    ProblemKind(
        "wrong-audience",
        "The document belongs to another account",
        Fault.SENDER,
        Retry.NEVER,
        "Bring the file from the account that owns this product instance.",
    ),
    ProblemKind(
        "wrong-request",
        "The answer is for something that was not asked here",
        Fault.SENDER,
        Retry.NEVER,
        "Bring the ACK of a report that this product instance saved or sent.",
    ),
    ProblemKind(
        "wrong-bundle",
        "The file mixes parts of different answers",
        Fault.SENDER,
        Retry.NEVER,
        "Download the ACK file again and import it whole.",
    ),
    ProblemKind(
        "belongs-elsewhere",
        "The product instance belongs to another account",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Upload in the account that owns the product instance, or have its owner move it.",
    ),
    ProblemKind(
        "no-account",
        "Nothing says to which account the product instance belongs",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Upload its file in the account that owns it, or register it with an ID token of that "
        "account.",
    ),
    ProblemKind(
        "stale-version",
        "The document is older than the one that is held",
        Fault.SENDER,
        Retry.NEVER,
        "Nothing needs doing: what is held is newer. To go back, have the portal issue the "
        "older content under a new version.",
    ),
    ProblemKind(
        "version-conflict",
        "The version is held with other content",
        Fault.SENDER,
        Retry.NEVER,
        "Keep both files and report it to the vendor: one version must never have two contents.",
    ),
    ProblemKind(
        "stale-request",
        "The trust request is older than one already answered",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "Save or send a new trust request.",
    ),
    ProblemKind(
        "root-threshold",
        "Too few root keys have signed the root set",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "Have the missing root keys sign it, then import it again.",
    ),
    ProblemKind(
        "root-skipped",
        "A root set in between is missing",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "Import the root sets in order, each one following the one that is held.",
    ),
    ProblemKind(
        "root-expired",
        "The root set has expired",
        Fault.RECEIVER,
        Retry.AFTER_FIX,
        "Import a newer root set; it comes with any ACK, or as a file.",
    ),
    ProblemKind(
        "test-clock",
        "The document was signed under a test clock",
        Fault.SENDER,
        Retry.NEVER,
        "Use documents of a process that runs on real time; test documents are for test "
        "systems only.",
    ),
    ProblemKind(
        "clock-skew",
        "The clocks differ by more than one hour",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Set the clock of the product instance (NTP is best) and try again.",
    ),
    ProblemKind(
        "issued-in-future",
        "The document was issued more than one hour after this clock",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Set the clock of this machine and import the file again.",
    ),
    ProblemKind(
        "not-yet",
        "The report ends in the receiver's future",
        Fault.SENDER,
        Retry.LATER,
        "Nothing needs doing: it is kept and decided by itself when its time has come.",
    ),
    ProblemKind(
        "repeated-place",
        "Two reports claim the same place of one chain",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "The product instance was restored or cloned: decide the case in the portal, and give"
        " a clone an identity of its own.",
    ),
    ProblemKind(
        "duplicate-identity",
        "Two stores report under one identity in turns",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Find the clone and give it an identity of its own.",
    ),
    ProblemKind(
        "back-dated",
        "The report adds usage to a period that is closed",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Decide the case in the portal.",
    ),
    ProblemKind(
        "not-active",
        "Only the active member reports",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "Report from the active member.",
    ),
    ProblemKind(
        "not-permitted",
        "The sender may not ask this for that product instance",
        Fault.SENDER,
        Retry.NEVER,
        "Ask from the product instance itself or from the active member of its set.",
    ),
    ProblemKind(
        "superseded-key",
        "The trust code of the signing key has been replaced",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "Install the newest trust code: save or send a new trust request.",
    ),
    ProblemKind(
        "token-unknown",
        "The ID token is not known",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Copy the token again from the portal, whole and without blanks.",
    ),
    ProblemKind(
        "token-expired",
        "The ID token has expired",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Make a new ID token in the portal and use it within its days.",
    ),
    ProblemKind(
        "token-used-up",
        "The ID token has no uses left",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Make a new ID token in the portal, with as many uses as there are product instances.",
    ),
    ProblemKind(
        "token-revoked",
        "The ID token was revoked",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Make a new ID token in the portal.",
    ),
    ProblemKind(
        "already-installed",
        "A trust code is already installed",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Add the keyword `force` to replace it.",
    ),
    ProblemKind(
        "factory-trust-not-allowed",
        "A factory trust code cannot be used for direct communication",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Make an ID token in the portal and enter `license smart trust idtoken TOKEN local`.",
    ),
    ProblemKind(
        "trust-missing",
        "No trust code is installed that direct communication could use",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Make an ID token in the portal and enter `license smart trust idtoken TOKEN local`.",
    ),
    ProblemKind(
        "not-in-this-state",
        "The report's state does not allow this",
        Fault.RECEIVER,
        Retry.NEVER,
        "Look at the report with `show license rum id N detail`; nothing was changed.",
    ),
    ProblemKind(
        "policy-out-of-range",
        "The policy holds a number of days out of range",
        Fault.SENDER,
        Retry.NEVER,
        "Use 0 to 3650 days for each requirement; the policy that is held stays.",
    ),
    ProblemKind(
        "not-a-licensing-url",
        "The URL is not a smart transport licensing URL",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Configure `license smart url smart https://HOST/licservice/license`.",
    ),
    ProblemKind(
        "transport-off",
        "The transport is off",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Enter `license smart transport smart` in configuration mode, or use files: `license "
        "smart save usage unreported file PATH`.",
    ),
    ProblemKind(
        "not-supported",
        "The release does not support this",
        Fault.OPERATOR,
        Retry.NEVER,
        "Upgrade the product instance, or choose a topology that its release supports.",
    ),
    ProblemKind(
        "comm-failed",
        "The peer could not be reached",
        Fault.NETWORK,
        Retry.LATER,
        "Check the URL, the route, and that the peer runs; it is tried again by itself.",
    ),
    ProblemKind(
        "comm-timeout",
        "The peer did not answer in time",
        Fault.NETWORK,
        Retry.LATER,
        "Check the route and the load of the peer; it is tried again by itself.",
    ),
    ProblemKind(
        "tls-failed",
        "The secure connection could not be made",
        Fault.NETWORK,
        Retry.AFTER_FIX,
        "Check that the name in the URL stands in the peer's certificate and that its issuer "
        "is trusted here.",
    ),
    ProblemKind(
        "bad-answer",
        "The peer's answer is not one of this protocol",
        Fault.NETWORK,
        Retry.LATER,
        "Check that the URL leads to a licensing server and not to a web page or proxy.",
    ),
    ProblemKind(
        "peer-refused",
        "The peer refused the request",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "Read the peer's reason and do what it says.",
    ),
    ProblemKind(
        "poll-unknown",
        "The poll id is not known",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "Send the reports again; an answer already given is given again.",
    ),
    ProblemKind(
        "invalid-command",
        "The command is not known",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Check the spelling; the command reference lists all commands.",
    ),
    ProblemKind(
        "invalid-argument",
        "An argument is not acceptable",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Correct the argument; the help of the command says what is accepted.",
    ),
    ProblemKind(
        "file-not-found",
        "The file cannot be opened",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Check the path and its permissions.",
    ),
    ProblemKind(
        "file-not-written",
        "The file cannot be written",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Check the folder, its permissions and the free space.",
    ),
    ProblemKind(
        "requested-item-not-found",
        "The requested item was not found",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Check the name or number with the matching `show` command.",
    ),
    ProblemKind(
        "profile-invalid",
        "The product profile is not valid",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Correct the named line; the reference page on product profiles lists every key.",
    ),
    ProblemKind(
        "bundle-invalid",
        "The device bundle is not complete or not consistent",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Mint the bundle again.",
    ),
    ProblemKind(
        "not-authorized",
        "The licence is enforced and no authorization code is installed",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Request and install an authorization code (SLAC) for it.",
    ),
    ProblemKind(
        "store-locked",
        "Another process writes to this store",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Stop the other process, or let it do the work: it listens on the store's socket.",
    ),
    ProblemKind(
        "store-missing",
        "There is no store in this folder",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Check the --data folder, or initialise it first.",
    ),
    ProblemKind(
        "store-exists",
        "There is a store in this folder already",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Choose an empty folder, or use the store that is there.",
    ),
    ProblemKind(
        "store-newer",
        "The store was written by a newer release",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Use the release that wrote it, or a newer one.",
    ),
    ProblemKind(
        "store-damaged",
        "The store does not prove whole",
        Fault.RECEIVER,
        Retry.AFTER_FIX,
        "Run `gauger fsck`; restore the newest backup; missing reports are asked for again.",
    ),
    ProblemKind(
        "store-rolled-back",
        "The store is older than its anchor",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "A new incarnation has been started by itself; nothing is lost that was acknowledged.",
    ),
    ProblemKind(
        "store-full",
        "The disk is full",
        Fault.OPERATOR,
        Retry.LATER,
        "Free some space; work goes on by itself.",
    ),
    ProblemKind(
        "store-failed",
        "The store could not be read or written",
        Fault.RECEIVER,
        Retry.LATER,
        "Check the disk and the system log, then try again.",
    ),
    ProblemKind(
        "key-exposed",
        "A key file or folder can be read by others",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Set the file to mode 0600 and the folder to 0700.",
    ),
    ProblemKind(
        "key-missing",
        "A key is not where it should be",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Put the key back, or start over with a new one as the guide says.",
    ),
    ProblemKind(
        "key-store-failed",
        "The key store failed",
        Fault.RECEIVER,
        Retry.LATER,
        "Check the key folder or module; nothing was signed.",
    ),
    ProblemKind(
        "entropy-failed",
        "The system's random source failed",
        Fault.RECEIVER,
        Retry.LATER,
        "Check the operating system; nothing was signed or issued.",
    ),
    ProblemKind(
        "unauthenticated",
        "The request carries no valid credential",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "Get an access token at /oauth2/token with your client id and secret.",
    ),
    ProblemKind(
        "forbidden",
        "The role does not allow this",
        Fault.SENDER,
        Retry.NEVER,
        "Ask an administrator of the account for the role that allows it.",
    ),
    ProblemKind(
        "not-found",
        "There is no such thing in reach of this caller",
        Fault.SENDER,
        Retry.NEVER,
        "Check the name; what belongs to another account is not shown.",
    ),
    ProblemKind(
        "conflict",
        "It exists already",
        Fault.SENDER,
        Retry.NEVER,
        "Use the one that exists, or choose another name.",
    ),
    ProblemKind(
        "too-many-requests",
        "Too many requests",
        Fault.SENDER,
        Retry.LATER,
        "Wait for the time in Retry-After and send it again.",
    ),
    ProblemKind(
        "server-busy",
        "The server cannot take more work now",
        Fault.RECEIVER,
        Retry.LATER,
        "Send it again later; nothing was changed.",
    ),
    ProblemKind(
        "acknowledging-stopped",
        "The portal has stopped acknowledging",
        Fault.RECEIVER,
        Retry.LATER,
        "The portal's operator is told; the same request is answered when it goes on.",
    ),
    ProblemKind(
        "internal-error",
        "Something failed that should not",
        Fault.RECEIVER,
        Retry.LATER,
        "Send it again; if it fails again, report the id to the vendor.",
    ),
)

TABLE: Mapping[str, ProblemKind] = MappingProxyType({kind.code: kind for kind in _ROWS})
"""Every problem by its code."""


class Problem(Exception):  # noqa: N818 -- the name of the thing in every protocol, as RFC 9457 has it
    """A refusal with a name.

    Attributes:
        kind: The row of the problem table.
        detail: What was refused and why, in this case.
        diagnostics: Further facts, never a secret.
    """

    def __init__(self, code: str, detail: str, **diagnostics: str | int | None) -> None:
        """Name a refusal.

        Args:
            code: A code of the table.
            detail: One or two sentences: what was refused, and why.
            **diagnostics: Facts for the log and the reader, never a secret.

        Raises:
            KeyError: Where the table has no such code.
        """
        self.kind = TABLE[code]
        self.detail = detail
        self.diagnostics = {k: str(v) for k, v in diagnostics.items() if v is not None}
        super().__init__(detail)

    @property
    def code(self) -> str:
        """The stable name of the problem."""
        return self.kind.code

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.code, self.detail, self.diagnostics))

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"

    def to_json(self) -> dict[str, object]:
        """Return the form in which a problem crosses a wire."""
        return {
            "code": self.kind.code,
            "title": self.kind.title,
            "detail": self.detail,
            "fault": self.kind.fault.value,
            "retry": self.kind.retry.value,
            "next_step": self.kind.next_step,
            "diagnostics": self.diagnostics,
        }


def _rebuild(code: str, detail: str, diagnostics: dict[str, str]) -> Problem:
    return Problem(code, detail, **diagnostics)
