"""The story ends: a real device's file, the balance, and the proofs."""

from gauger.tools.demo.scene import ACCOUNT, Scene
from gauger.tools.explain_report import licence_name

_REAL = "samples/rum/iosxe-17.9.2-rum-1671840750.xml"


def tell(scene: Scene) -> None:
    """Tell the last part."""
    scene.chapter("A real device's file")
    scene.step("It is explained in words", lambda: _inspect(scene))
    scene.step("It is listed apart, its signature is not public", lambda: _upload(scene))
    scene.chapter("What the administrator sees")
    _balance(scene)
    scene.chapter("What anyone can prove")
    scene.step("An ACK proves itself, offline, with the root set alone", lambda: _receipt(scene))
    scene.step("Every store proves whole", lambda: _fsck(scene))


def _inspect(scene: Scene) -> str:
    if scene.shared is None or not (scene.shared / _REAL).exists():
        return "skipped: no such file here (GAUGER_SHARED names its folder)"
    said = scene.gauger("inspect", scene.shared / _REAL)
    scene.require("C9800-CL-K9" in said, said)
    return "PID:C9800-CL-K9, 3 measurements"


def _upload(scene: Scene) -> str:
    if scene.shared is None or not (scene.shared / _REAL).exists():
        return "skipped"
    arguments = ("cssm", "usage", "upload", scene.shared / _REAL, "--account", ACCOUNT, "--wait")
    result = scene.stage.run(*arguments, "--data", scene.stage.path("cssm"))
    said = result.output + result.error
    scene.require("signature-unverifiable" in said, said)
    return "verdict: signature-unverifiable, in no total"


def _balance(scene: Scene) -> None:
    rows = scene.cssm_items("balance", "--account", ACCOUNT)
    # What was never ordered has no name in the portal but its tag.
    names = [licence_name(str(row["name"] or row["tag"])) for row in rows]
    wide = max(map(len, ["licence", *names]))
    scene.step("Purchased, in use, balance", lambda: "use beyond it is told, never refused")
    scene.say(f"      {'licence':<{wide}}{'purchased':>11}{'in use':>8}{'balance':>9}")
    for name, row in zip(names, rows, strict=True):
        counts = f"{row['purchased']:>11}{row['in_use']:>8}{row['balance']:>9}"
        short = "  shortage" if row["shortage"] else ""
        scene.say(f"      {name:<{wide}}{counts}{short}")


def _receipt(scene: Scene) -> str:
    root = scene.stage.path("factory", "root", "root-set-3.json")
    file = scene.stage.path("ack-2.xml")
    clock = scene.stage.clock.path
    scene.gauger("verify-receipt", file, "--root-set", root, "--clock", clock)
    return "proven"


def _fsck(scene: Scene) -> str:
    for name in ("device-1", "device-2", "cssm"):
        # Stopped first: what was measured last is stored at the end.
        scene.stage.stop(name)
        scene.gauger("fsck", "--data", scene.stage.path(name))
    return "CSSM, both devices: clean"
