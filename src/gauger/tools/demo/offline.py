"""A device behind an air gap: files out, files in, and later no token is needed."""

from gauger.tools.demo.beginnings import run_device
from gauger.tools.demo.direct import point_at
from gauger.tools.demo.scene import ACCOUNT, Scene, line_of

_DEVICE = "device-2"


def tell(scene: Scene) -> None:
    """Tell the third part."""
    scene.chapter("A second device has no connection: files carry everything")
    scene.step("It starts, with its factory trust code", lambda: _start(scene))
    scene.step("The factory code is no good for direct communication", lambda: _direct(scene))
    scene.step("It uses a licence and saves its usage", lambda: _save(scene))
    scene.step("The file is carried to CSSM and uploaded", lambda: _upload(scene))
    scene.step("The ACK file is carried back and imported", lambda: _import(scene))
    scene.step("Switched to smart, it reports without any token", lambda: _switch(scene))


def _start(scene: Scene) -> str:
    run_device(scene, "2")
    return _trust(scene)


def _trust(scene: Scene) -> str:
    status = scene.execute(_DEVICE, "show license status")
    return "factory code" if "Trust Code Type: Factory" in status else "trust code of the portal"


def _direct(scene: Scene) -> str:
    point_at(scene, _DEVICE, scene.portal_port)
    data = scene.stage.path(_DEVICE)
    command = ("instance", "exec", "--data", data, "license smart sync all")
    return scene.refused("factory-trust-not-allowed", *command)


def _save(scene: Scene) -> str:
    # An air gap in earnest: it has no way left by which it could report by itself.
    scene.configure(_DEVICE, "license smart transport off")
    data = scene.stage.path(_DEVICE)
    scene.gauger("instance", "use", "--data", data, "air-network-advantage", "1")
    scene.stage.clock.advance(900)
    file = scene.stage.path("usage-2.xml")
    scene.execute(_DEVICE, f"license smart save usage unreported file {file}")
    text = file.read_text()
    asks = "smartLicenseTrustRequest" in text
    scene.require(asks, "The saved file does not ask for a trust code.")
    return f"{text.count('<RUMReport>')} RUM report and a trust request, in one file"


def _upload(scene: Scene) -> str:
    usage, ack = scene.stage.path("usage-2.xml"), scene.stage.path("ack-2.xml")
    scene.cssm("usage", "upload", usage, "--account", ACCOUNT, "--ack", ack)
    scene.require("smartLicenseTrustCode" in ack.read_text(), "The ACK file has no trust code.")
    return "a verdict for each report; the ACK file brings a trust code"


def _import(scene: Scene) -> str:
    said = scene.execute(_DEVICE, f"license smart import {scene.stage.path('ack-2.xml')}").strip()
    scene.require("Import Data Successful" in said, said)
    now = _trust(scene)
    scene.require(now != "factory code", "The factory code is still there.")
    return f"{said.splitlines()[0]}; factory code overwritten"


def _switch(scene: Scene) -> str:
    point_at(scene, _DEVICE, scene.portal_port)
    scene.stage.clock.advance(3_600)
    scene.execute(_DEVICE, "license smart sync all")
    status = scene.execute(_DEVICE, "show license status")
    return f"last ACK received {line_of(status, 'Last ACK received:')}"
