"""Problems of commands, connections, stores and access."""

from gauger.core.problems._kind import Fault, ProblemKind, Retry

ROWS = (
    ProblemKind(
        "not-a-licensing-url",
        "The URL is not a smart transport licensing URL",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Enter the portal's URL in configuration mode, or with `gauger instance config`: "
        "`license smart url smart https://HOST/licservice/license`.",
    ),
    ProblemKind(
        "transport-off",
        "The transport is off",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Enter `license smart transport smart` in configuration mode, or with `gauger instance "
        "config`; or use files: "
        "`license smart save usage unreported file PATH`.",
    ),
    ProblemKind(
        "transport-later",
        "The transport comes with a later release",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Enter `license smart transport smart` in configuration mode, or with `gauger instance "
        "config`; or use files: "
        "`license smart save usage unreported file PATH`.",
    ),
    ProblemKind(
        "not-supported",
        "This is not supported here",
        Fault.OPERATOR,
        Retry.NEVER,
        "Do as the detail says; a newer release may support more.",
    ),
    ProblemKind(
        "comm-failed",
        "The peer could not be reached",
        Fault.NETWORK,
        Retry.LATER,
        "Check the address, the route, and that the peer runs. A running agent tries again by"
        " itself; a command that was typed is typed again.",
    ),
    ProblemKind(
        "vrf-unavailable",
        "Nothing can be sent in the configured VRF",
        Fault.OPERATOR,
        Retry.LATER,
        "Check with `ip link show NAME` that the VRF is a device of this machine, or send without: "
        "`no license smart vrf`. A running agent tries again by itself.",
    ),
    ProblemKind(
        "comm-timeout",
        "The peer did not answer in time",
        Fault.NETWORK,
        Retry.LATER,
        "Check the route and the load of the peer. A running agent tries again by itself; a "
        "command that was typed is typed again.",
    ),
    ProblemKind(
        # Apart from comm-failed, whose advice would send an operator to the portal: it is the
        # proxy that answered, and devices have no line for the password that it may want.
        "proxy-refused",
        "The proxy refused the way to the peer",
        Fault.NETWORK,
        Retry.LATER,
        "Let the proxy pass CONNECT to the host and port of the URL, for this device without a "
        "password; or enter another with `license smart proxy address HOST` and `license smart "
        "proxy port PORT`.",
    ),
    ProblemKind(
        "tls-failed",
        "The secure connection could not be made",
        Fault.NETWORK,
        Retry.AFTER_FIX,
        "Check that the name in the URL stands in the peer's certificate and that its issuer "
        "is trusted here: `gauger instance run --ca FILE` takes the issuer's certificate.",
    ),
    ProblemKind(
        # A captive portal's page goes away by itself, so the same message is sent again.
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
        # Not LATER: told to try again, a device would poll in vain (spec/smart-transport.md, 2).
        "poll-unknown",
        "The poll id is not known",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "A product instance sends the same request again by itself, and an answer already "
        "given is given again; another client sends its reports again.",
    ),
    ProblemKind(
        "invalid-command",
        "The command is not known",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "See what may stand there with a question mark: `show license ?`, or `?` alone; in a "
        "shell it stands in quotes.",
    ),
    ProblemKind(
        "invalid-argument",
        "An argument is not acceptable",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Correct what the detail names; a question mark at its place, or `--help` behind a command "
        "of `gauger`, says what may stand there.",
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
        "file-changed",
        "The file was exchanged while it was taken in",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Import it again when nothing writes to it any more; what was taken stays, and is passed "
        "over.",
    ),
    ProblemKind(
        "requested-item-not-found",
        "The requested item was not found (error 143)",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Check what was named. What there is, the `show` and `list` commands tell: reports `show "
        "license rum id all`, users `gauger instance user list`, and so on.",
    ),
    ProblemKind(
        "profile-invalid",
        "The product profile is not valid",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Correct what the detail names and check the file: `gauger instance profiles "
        "--profile FILE`.",
    ),
    ProblemKind(
        "bundle-invalid",
        "The device bundle is not complete or not consistent",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Mint the bundle again into a new folder: `gauger factory mint`.",
    ),
    ProblemKind(
        "authorization-not-installed",
        "No authorization code is installed (error 144)",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "See what is installed: `show license authorization`.",
    ),
    ProblemKind(
        "licence-in-use",
        "A licence is in use that needs the authorization code",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Stop what uses it, see `show license usage`, and enter the command again.",
    ),
    ProblemKind(
        "not-authorized",
        "The licence is enforced and no authorization code is installed",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "An enforced or export-controlled licence needs an authorization code (SLAC): the "
        "portal's signed permission for this one product instance. Ask for one: `license smart "
        "authorization request add FEATURE local`; `gauger instance profiles` tells which "
        "licences are unenforced.",
    ),
    ProblemKind(
        "store-locked",
        "Another process writes to this store",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Stop the other process and try again. Where it is an agent, `gauger instance exec`, "
        "`gauger instance config` and `gauger instance use` speak to it by themselves.",
    ),
    ProblemKind(
        "store-missing",
        "There is no store in this folder",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Check the folder that --data names. `gauger instance init --data DIR --bundle "
        "BUNDLE` begins one for a product instance, `gauger cssm init` for a portal.",
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
        "store-unknown",
        "The store is not of a form that this release knows",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Use the release that wrote it. What was written before release 0.1 cannot be carried over: "
        "keep it aside and begin anew; product instances are asked again for what they still hold.",
    ),
    ProblemKind(
        "store-damaged",
        "The store does not prove whole",
        Fault.RECEIVER,
        Retry.AFTER_FIX,
        "See what is wrong: `gauger fsck --data DIR`. A portal is made again from its newest "
        "backup with `gauger cssm restore` and asks for what is missing; a product instance "
        "begins a new store by itself at `gauger instance run`.",
    ),
    ProblemKind(
        "store-rolled-back",
        "The store is older than its anchor",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "A product instance begins a new store by itself at `gauger instance run` and tells "
        "the portal; nothing is lost that was acknowledged.",
    ),
    ProblemKind(
        "store-full",
        "The disk is full",
        Fault.OPERATOR,
        Retry.LATER,
        "Free some space. What runs goes on by itself; a command that was typed is typed again.",
    ),
    ProblemKind(
        "store-failed",
        "The store could not be read or written",
        Fault.RECEIVER,
        Retry.LATER,
        "Check the disk, the system log, and that the user who runs this may write there; then try "
        "again.",
    ),
    ProblemKind(
        "key-exposed",
        "A key file or folder can be read by others",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Keep it from others: `chmod 600` for the file, `chmod 700` for its folder, `chown` to the "
        "user who runs this.",
    ),
    ProblemKind(
        "key-missing",
        "A key is not where it should be",
        Fault.OPERATOR,
        Retry.AFTER_FIX,
        "Put the file back where the detail names it. For a lost administrator's secret of a "
        "portal, `gauger cssm admin reset` makes a new one on its host.",
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
        # One refusal for a wrong name and a wrong secret: neither may be guessed apart.
        "unauthenticated",
        "The request carries no valid credential",
        Fault.SENDER,
        Retry.AFTER_FIX,
        "Check the name, and the password, key or secret. On a product instance, "
        "`gauger instance user list` shows who may log in and `gauger instance user passwd` sets a "
        "new password. At a portal a program sends the access token that it gets at /oauth2/token, "
        "and `gauger cssm admin reset` makes a new administrator's secret on the portal's host.",
    ),
    ProblemKind(
        "forbidden",
        "This caller may not do this",
        Fault.SENDER,
        Retry.NEVER,
        "Ask an administrator of the account for the role that allows it; on a machine, be "
        "the user whose agent or files these are.",
    ),
    ProblemKind(
        # The same for what is missing and what is another's: names cannot be found out by asking.
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
        # What failed stands in the log only: a trace tells a stranger how to go on.
        "internal-error",
        "Something failed that should not",
        Fault.RECEIVER,
        Retry.LATER,
        "Try again; if it fails again, report it to the vendor with what the log of the "
        "process says.",
    ),
)
