"""The story begins: a factory, a portal, an account with its order, policy and ID token."""

from gauger.tools.demo.scene import ACCOUNT, STRANGER, Scene
from gauger.tools.demo.stage import free_port

NETWORK_ADVANTAGE = "regid.2018-06.com.cisco.DNA_NWStack,1.0_e7244e71-3ad5-4608-8bf0-d12f67c80896"
DNA_ADVANTAGE = "regid.2017-08.com.cisco.AIR-DNA-A,1.0_b6308627-3ab0-4a11-a3d9-586911a0d790"
_PIDS = {"c9800-cl": "C9800-CL-K9", "example-router": "EXAMPLE-ROUTER"}
BOUGHT = ((NETWORK_ADVANTAGE, "Network stack", 5), (DNA_ADVANTAGE, "DNA advantage", 2))


def tell(scene: Scene) -> None:
    """Tell the first part."""
    scene.chapter("A vendor makes devices")
    scene.step("A manufacturer and a licensing root are made", lambda: make_factory(scene))
    scene.step("It lists a signer for CSSM and one for the factory", lambda: list_signers(scene))
    scene.step("A device leaves the factory", lambda: mint(scene, "1"))
    scene.step("A second one, with a factory trust code", lambda: _mint_trusted(scene))
    scene.chapter("The vendor runs the central portal, a customer gets an account")
    scene.step("CSSM is set up", lambda: initialise(scene))
    scene.step("CSSM answers on loopback, over TLS", lambda: serve(scene))
    scene.step("Two Smart Accounts are opened", lambda: _accounts(scene))
    scene.step("An order deposits licences", lambda: _order(scene))
    scene.step("The account gets a policy of its own", lambda: set_policy(scene))
    scene.step("An administrator hands out an ID token", lambda: hand_out_token(scene))


def serve(scene: Scene) -> str:
    """Start CSSM on its port, and wait until it answers."""
    stage = scene.stage
    # The same port after a restart: the devices were configured with it.
    scene.portal_port = scene.portal_port or free_port()
    ready = stage.path("cssm.ready")
    # One of the portal that was killed would say that the new one answers.
    ready.unlink(missing_ok=True)
    port = str(scene.portal_port)
    data = stage.path("cssm")
    arguments = ("cssm", "serve", "--data", data, "--port", port, "--ready-file", ready)
    stage.start("cssm", *arguments, "--clock", stage.clock.path, ready=ready)
    return ready.read_text().strip()


def run_device(scene: Scene, number: str, *more: str) -> str:
    """Start a device's agent with further options, and wait until it answers."""
    stage = scene.stage
    data = stage.path(f"device-{number}")
    certificate = stage.path("cssm", "tls", "certificate.pem")
    bundle = stage.path(f"bundle-{number}")
    arguments = ("instance", "run", "--data", data, "--bundle", bundle, "--ca", certificate)
    timed = ("--clock", str(stage.clock.path), *more)
    stage.start(f"device-{number}", *arguments, *timed, ready=data / "agent.sock")
    return f"agent of GGR000{number} runs"


def make_factory(scene: Scene) -> str:
    """Make a manufacturer and a licensing root."""
    scene.gauger("factory", "init", "--out", scene.stage.path("factory"), *_clock(scene))
    return "2 of 3 root keys must sign"


def list_signers(scene: Scene) -> str:
    """Have the root list who may sign."""
    factory = scene.stage.path("factory")
    for name in ("cssm", "factory"):
        out = factory / "signers" / name
        scene.gauger(
            "trust", "issue-signer", "--root", factory / "root", "--out", out, *_clock(scene)
        )
    return "root set 3"


def mint(scene: Scene, number: str, *more: str, profile: str = "c9800-cl") -> str:
    """Have a device leave the factory."""
    stage = scene.stage
    scene.gauger(
        *("factory", "mint", "--factory", stage.path("factory"), "--profile", profile),
        *("--serial", f"GGR000{number}", "--out", stage.path(f"bundle-{number}")),
        *more,
        *_clock(scene),
    )
    return f"PID:{_PIDS[profile]},SN:GGR000{number}"


def _mint_trusted(scene: Scene) -> str:
    signer = scene.stage.path("factory", "signers", "factory")
    return mint(scene, "2", "--account", ACCOUNT, "--trust-code", "--signer", str(signer))


def initialise(scene: Scene) -> str:
    """Set up CSSM."""
    factory = scene.stage.path("factory")
    scene.gauger(
        *("cssm", "init", "--data", scene.stage.path("cssm"), "--root", factory / "root"),
        *("--signer", factory / "signers" / "cssm", "--manufacturer", factory / "manufacturer"),
        *_clock(scene),
    )
    return "one-time secret in a file of mode 0600, no default password"


def _accounts(scene: Scene) -> str:
    for account in (ACCOUNT, STRANGER):
        scene.cssm("account", "add", account.partition("/")[0])
    return f"{ACCOUNT}, {STRANGER}"


def _order(scene: Scene) -> str:
    lines = [part for tag, name, n in BOUGHT for part in ("--line", f"{tag}={name}={n}")]
    scene.cssm("order", "add", "--account", ACCOUNT, "--number", "O-1001", *lines)
    return ", ".join(f"{n} x {name}" for _, name, n in BOUGHT)


def set_policy(scene: Scene) -> str:
    """Give the account a policy."""
    rules = ("--perpetual", "30/60/60", "--subscription", "30/30/30")
    scene.cssm("policy", "set", "--account", ACCOUNT, "--name", "Branch policy", *rules)
    return "first report after 30 days, then every 30 or 60"


def hand_out_token(scene: Scene) -> str:
    """Have CSSM make an ID token."""
    arguments = ("token", "new", "--account", ACCOUNT, "--days", "1", "--uses", "5", "--quiet")
    scene.token = scene.cssm(*arguments).strip()
    return "good for 1 day and 5 uses; shown once, kept as a digest"


def _clock(scene: Scene) -> tuple[str, str]:
    return ("--clock", str(scene.stage.clock.path))
