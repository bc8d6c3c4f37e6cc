"""Problems of signatures, keys, root sets, tokens and trust codes."""

from gauger.core.problems._kind import Fault, ProblemKind, Retry

ROWS = (
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
        "The report is listed apart; `gauger cssm virtual-account option` sets an account to "
        "count such reports, in totals that are shown apart.",
    ),
    ProblemKind(
        "algorithm-not-allowed",
        "The signature algorithm is not on the closed list",
        Fault.SENDER,
        Retry.NEVER,
        "Only ES256 is accepted; have the sender sign with it.",
    ),
    ProblemKind(
        # Ours to mend: a forger's key looks like one of a signer that we have not heard of yet.
        "unknown-key",
        "The signing key is not known or not trusted here",
        Fault.RECEIVER,
        Retry.AFTER_FIX,
        "Take in the newest root set, or the manufacturer that certifies the product "
        "instance, then present it again: `gauger cssm trust import FILE` on a portal, "
        "`license smart import PATH` on a product instance.",
    ),
    ProblemKind(
        # These bytes stay refused; the same body, signed anew by another key, is not.
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
        "Ask the portal for the same answer again, which it signs with its present signer: "
        "`license smart sync all`, or `gauger cssm usage ack` for a file.",
    ),
    ProblemKind(
        "key-reuse",
        "The key is already enrolled for another product instance",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "Make a new key on the product instance: two devices never share one.",
    ),
    ProblemKind(
        "no-account",
        "Nothing says to which account the product instance belongs",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Upload its file in the account that owns it, or register it with an ID token of that"
        " account: `license smart trust idtoken TOKEN local`.",
    ),
    ProblemKind(
        "stale-request",
        "The trust request is older than one already answered",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "Send a new trust request, or save one: `license smart save trust-request PATH`.",
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
        "root-lost",
        "The newest root set was lost with the store that held it",
        Fault.RECEIVER,
        Retry.AFTER_FIX,
        "Import the root set that is named with `gauger trust import`, those before it are not "
        "needed; a portal that is reached sends it along with its next ACK.",
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
        "Install the newest trust code: send a new trust request, or save one with `license "
        "smart save trust-request PATH`.",
    ),
    ProblemKind(
        "token-unknown",
        "The ID token is not known",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Copy the token again from the portal, whole and without blanks, or make a new one: "
        "`gauger cssm token new`.",
    ),
    ProblemKind(
        "token-expired",
        "The ID token has expired",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Make a new ID token and use it within its days: `gauger cssm token new`.",
    ),
    ProblemKind(
        "token-used-up",
        "The ID token has no uses left",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Make a new ID token with as many uses as there are product instances: `gauger cssm "
        "token new`.",
    ),
    ProblemKind(
        "token-revoked",
        "The ID token was revoked",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Make a new ID token: `gauger cssm token new`.",
    ),
    ProblemKind(
        "already-installed",
        "A trust code is already installed",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Nothing needs doing, unless it is to be replaced: `license smart trust idtoken TOKEN"
        " local force`.",
    ),
    ProblemKind(
        "factory-trust-not-allowed",
        "A factory trust code cannot be used for direct communication",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Make an ID token on the portal with `gauger cssm token new` and enter `license smart"
        " trust idtoken TOKEN local`.",
    ),
    ProblemKind(
        "trust-missing",
        "No trust code is installed that direct communication could use",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Make an ID token on the portal with `gauger cssm token new` and enter `license smart"
        " trust idtoken TOKEN local`.",
    ),
    ProblemKind(
        # What is dead stays dead, whoever brings it: an old backup, or an old file.
        "epoch-dead",
        "The authorization code was given back or replaced",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Ask for a new one on the product instance: `license smart authorization request add "
        "FEATURE local`.",
    ),
    ProblemKind(
        "authorizations-used-up",
        "The account has too few authorizations left",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Give back the code of a product instance that does not need it, or let the account give "
        "out more: `gauger cssm authorization set`; then send the same request again.",
    ),
    ProblemKind(
        "code-unknown",
        "The authorization code is not of this portal",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Ask on the product instance for all that it needs: `license smart authorization request "
        "replace FEATURE local`.",
    ),
    ProblemKind(
        "return-by-hand",
        "A return file of this release does not lead to its product instance",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Find the product instance in its Virtual Account and enter the return code that it showed:"
        " `gauger cssm authorization return`.",
    ),
    ProblemKind(
        "not-in-this-state",
        "The report's state does not allow this",
        Fault.RECEIVER,
        Retry.NEVER,
        "Look at the report with `show license rum id N detail`; nothing was changed.",
    ),
)
