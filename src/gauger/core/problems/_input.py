"""Problems of documents and reports: their form, their place, whom they belong to."""

from gauger.core.problems._kind import Fault, ProblemKind, Retry

ROWS = (
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
        "Send less at once, for example the reports of some days: `license smart save usage "
        "days N file PATH`. The detail names the cap; that of a portal's uploads is "
        "`upload_bytes` in its settings.",
    ),
    ProblemKind(
        # Brackets within brackets end in the stack of whoever reads them.
        "too-deep",
        "The input is nested deeper than its cap",
        Fault.SENDER,
        Retry.NEVER,
        "Fetch the original; no document of this system is nested so deeply.",
    ),
    ProblemKind(
        # Readers differ in which one they take: what was checked would not be what is obeyed.
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
        # Programs write a lone surrogate each in its way, so no digest of it holds.
        "text-not-allowed",
        "A text holds a lone surrogate or is not UTF-8",
        Fault.SENDER,
        Retry.NEVER,
        "Fetch the original and carry it as a binary file.",
    ),
    ProblemKind(
        # Entities make gigabytes of a few lines, or read the files of whoever parses them.
        "xml-not-allowed",
        "The XML file declares a DTD or an entity",
        Fault.SENDER,
        Retry.NEVER,
        "Send the file as it was saved; files of this system have no DTD.",
    ),
    ProblemKind(
        # Apart from `malformed`: what was cut on the way is whole where it came from.
        "truncated",
        "The file ends before its content does",
        Fault.SENDER,
        Retry.NEVER,
        "Copy the file again from where it was saved and compare its size.",
    ),
    ProblemKind(
        # Of two documents glued together some readers take the first, others the last.
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
        "Usage files and trust requests go to the portal (`gauger cssm usage upload`), ACK, "
        "policy and code files to the product instance (`license smart import PATH`); `gauger"
        " inspect FILE` says what a file is.",
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
        "Use a feature or tag of the product: `gauger instance profiles` lists them. A portal"
        " keeps the usage of an unknown tag and flags it until an order with that tag is "
        "deposited: `gauger cssm order add`.",
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
        "Upload in the account that owns the product instance, or have the administrator of "
        "both accounts move it: `gauger cssm instance move`.",
    ),
    ProblemKind(
        # A replay and an old file brought twice look the same, so nobody is accused.
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
        "issued-in-future",
        "The document was issued more than one hour after this clock",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Set the clock of this machine (NTP is best) and import the file again.",
    ),
    ProblemKind(
        # The one refusal of a document that time alone lifts: the portal keeps it.
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
        "The product instance was restored or cloned. Look at the case with `gauger cssm case"
        " list`, decide it with `gauger cssm case decide`, and give a clone an identity of "
        "its own: `gauger factory mint`.",
    ),
    ProblemKind(
        "duplicate-identity",
        "Two stores report under one identity in turns",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Find the clone and give it an identity of its own: `gauger factory mint`.",
    ),
    ProblemKind(
        "back-dated",
        "The report adds usage to a period that is closed",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Look at the case with `gauger cssm case list` and decide it with `gauger cssm case "
        "decide`.",
    ),
    ProblemKind(
        "not-active",
        "Only the active member reports",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "Report from the active member.",
    ),
    ProblemKind(
        "policy-out-of-range",
        "The policy holds a number of days out of range",
        Fault.SENDER,
        Retry.NEVER,
        "Use 0 to 3650 days for each requirement; the policy that is held stays.",
    ),
)
