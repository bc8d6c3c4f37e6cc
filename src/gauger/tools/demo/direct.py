"""A device uses licences, reports directly, and a portal that dies loses nothing."""

from gauger.core.documents.smart_transport import LICENSING_PATH
from gauger.tools.demo.beginnings import run_device, serve
from gauger.tools.demo.scene import ACCOUNT, Scene, line_of
from gauger.tools.demo.withholding_proxy import WithholdingProxy

_USED = (("air-network-advantage", 2), ("air-dna-advantage", 3), ("air-dna-essentials", 1))
_WITHHELD_SECONDS = 20
_DEVICE = "device-1"


def tell(scene: Scene) -> None:
    """Tell the second part."""
    with WithholdingProxy(scene.portal_port) as proxy:
        scene.device_port = proxy.port
        scene.chapter("An operator uses licences; nothing asks for permission")
        scene.step("The device starts", lambda: run_device(scene, "1"))
        scene.step("It uses three licences, one more than was bought", lambda: _use(scene))
        scene.step("Usage is recorded from first use", lambda: _recorded(scene))
        scene.chapter("It reports directly, over smart transport")
        scene.step("Transport and URL are configured", lambda: _transport(scene))
        scene.step("Trust is established with the ID token", lambda: _trust(scene))
        scene.step("Usage is reported and acknowledged", lambda: _sync(scene))
        scene.step("The ACK brought the account's policy", lambda: _status(scene))
        scene.chapter("CSSM dies between its commit and its answer")
        scene.step("A report is committed; its answer never arrives", lambda: _lose(scene, proxy))
        scene.step("CSSM, killed with SIGKILL, starts again", lambda: serve(scene))
        scene.step("The device asks again and gets the same ACK", lambda: _again(scene))
    # The proxy has ended: from now on the device talks to the portal itself.
    point_at(scene, _DEVICE, scene.portal_port)


def _use(scene: Scene) -> str:
    data = scene.stage.path(_DEVICE)
    for tag, count in _USED:
        scene.gauger("instance", "use", "--data", data, tag, str(count))
    return ", ".join(f"{count} x {tag}" for tag, count in _USED)


def _recorded(scene: Scene) -> str:
    summary = scene.execute(_DEVICE, "show license summary")
    in_use = summary.count(" IN USE")
    scene.require(in_use == len(_USED), f"Not all licences are in use:\n{summary}")
    return f"{in_use} licences IN USE, no licensing step before"


def point_at(scene: Scene, device: str, port: int) -> None:
    """Configure a device for smart transport to a loopback port."""
    url = f"https://localhost:{port}{LICENSING_PATH}"
    scene.configure(device, "license smart transport smart", f"license smart url smart {url}")


def _transport(scene: Scene) -> str:
    point_at(scene, _DEVICE, scene.device_port)
    return "smart, through a loopback proxy"


def _trust(scene: Scene) -> str:
    scene.execute(_DEVICE, f"license smart trust idtoken {scene.token} local")
    installed = "Trust Code Installed: "
    scene.wait_for(installed, lambda: _shown(scene))
    when = line_of(_shown(scene), installed)
    scene.require(when != "<none>", "No trust code was installed.")
    return f"trust code installed {when}"


def _shown(scene: Scene) -> str:
    return scene.execute(_DEVICE, "show license status")


def _sync(scene: Scene) -> str:
    scene.stage.clock.advance(3_600)
    scene.execute(_DEVICE, "license smart sync all")
    scene.wait_for("     ACK ", lambda: _reports(scene))
    return f"{_reports(scene).count(' ACK ')} RUM reports acknowledged"


def _reports(scene: Scene) -> str:
    return scene.execute(_DEVICE, "show license rum id all")


def _status(scene: Scene) -> str:
    status = _shown(scene)
    name = line_of(status, "Policy name:")
    scene.require(name == "Branch policy", f"Another policy is in use:\n{status}")
    deadline = line_of(status, "Next ACK deadline:")
    return f"{name}; next ACK deadline {deadline}"


def _lose(scene: Scene, proxy: WithholdingProxy) -> str:
    scene.stage.clock.advance(3_600)
    data = scene.stage.path(_DEVICE)
    scene.gauger("instance", "use", "--data", data, "air-network-advantage", "4")
    scene.stage.clock.advance(900)
    proxy.hold_answers()
    command = ("instance", "exec", "--data", data, "license smart sync all")
    syncing = scene.stage.background(*command)
    is_lost = proxy.wait_until_withheld(_WITHHELD_SECONDS)
    # While its answer is held back, and after its commit: the worst moment that there is.
    scene.stage.kill("cssm")
    proxy.release()
    said = syncing()
    scene.require(is_lost, f"No answer came that could be withheld. The device said:\n{said}")
    scene.require("(comm-" in said, f"The device did not notice the loss:\n{said}")
    return "the device says: comm-failed, and keeps its reports"


def _again(scene: Scene) -> str:
    before, lost = _ledger(scene), _newest_ack(scene)
    scene.execute(_DEVICE, "license smart sync all")
    scene.require("PENDING" not in _reports(scene), "A report still waits for its ACK.")
    after, given = _ledger(scene), _newest_ack(scene)
    scene.require(before == after, f"The ledger changed:\n{before}\n{after}")
    scene.require(lost == given, "The ACK is not the one that was lost.")
    reports, totals = after
    return f"{len(reports)} reports before and after, totals unchanged ({totals})"


def _ledger(scene: Scene) -> tuple[list[tuple[object, object, object]], str]:
    rows = scene.cssm_items("report", "list", "--account", ACCOUNT)
    reports = [(row["digest"], row["verdict"], row["page"]) for row in rows]
    balance = scene.cssm_items("balance", "--account", ACCOUNT)
    return reports, ", ".join(f"{row['in_use']} in use" for row in balance)


def _newest_ack(scene: Scene) -> str:
    """Return the ACK of the newest report, as CSSM would give it again."""
    file = scene.stage.path("ack-again.xml")
    newest = scene.cssm_items("report", "list", "--account", ACCOUNT)[-1]
    scene.cssm("report", "ack", str(newest["digest"]), "--account", ACCOUNT, "--out", file)
    return file.read_text()
