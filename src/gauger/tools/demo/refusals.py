"""What must be refused, is refused by name."""

from pathlib import Path

from gauger.tools.demo.scene import ACCOUNT, STRANGER, Scene

_DAY = 86_400


def tell(scene: Scene) -> None:
    """Tell the fourth part."""
    scene.chapter("What must not count, does not count")
    scene.step("The same file again", lambda: _replay(scene))
    scene.step("A file with one number changed", lambda: _tampered(scene))
    scene.step("A report uploaded to another account", lambda: _elsewhere(scene))
    scene.step("The ACK of one device imported by another", lambda: _wrong_device(scene))
    scene.step("An ID token two days later", lambda: _expired(scene))


def _replay(scene: Scene) -> str:
    usage, again = scene.stage.path("usage-2.xml"), scene.stage.path("ack-2-again.xml")
    said = scene.cssm("usage", "upload", usage, "--account", ACCOUNT, "--ack", again)
    scene.require("same" in said, f"Expected the verdict same:\n{said}")
    return "counted once: verdict same, with the earlier ACK"


def _tampered(scene: Scene) -> str:
    usage, forged = scene.stage.path("usage-2.xml"), scene.stage.path("forged.xml")
    text = usage.read_text()
    value = '\\"value\\":\\"1\\"'
    scene.require(value in text, "The file does not hold the number to change.")
    # A forger's wish: less usage. The length stays, so that nothing but the signature can tell.
    forged.write_text(text.replace(value, '\\"value\\":\\"0\\"'))
    return _verdict(scene, forged, ACCOUNT, "signature-invalid")


def _elsewhere(scene: Scene) -> str:
    return _verdict(scene, scene.stage.path("usage-2.xml"), STRANGER, "belongs-elsewhere")


def _verdict(scene: Scene, file: Path, account: str, code: str) -> str:
    """Upload a file and expect that its report is refused by name."""
    arguments = ("cssm", "usage", "upload", file, "--account", account, "--wait")
    result = scene.stage.run(*arguments, "--data", scene.stage.path("cssm"))
    said = result.output + result.error
    scene.require(code in said, f"Expected the refusal {code}:\n{said}")
    return f"refused: {code}"


def _wrong_device(scene: Scene) -> str:
    file = scene.stage.path("ack-2.xml")
    data = scene.stage.path("device-1")
    command = ("instance", "exec", "--data", data, f"license smart import {file}")
    return scene.refused("wrong-subject", *command)


def _expired(scene: Scene) -> str:
    # For all processes at once: the portal must see that the token is old, not the device be wrong
    # about it.
    scene.stage.clock.advance(2 * _DAY)
    data = scene.stage.path("device-1")
    line = f"license smart trust idtoken {scene.token} local force"
    return scene.refused("token-expired", "instance", "exec", "--data", data, line)
