"""The story at the shell: an operator at an SSH client, a device, and a portal behind it."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gauger.core.documents.smart_transport import LICENSING_PATH
from gauger.tools.demo import beginnings
from gauger.tools.demo.scene import ACCOUNT, Scene
from gauger.tools.demo.stage import free_port
from gauger.tools.demo.typist import NAME, Typist

_NUMBER: Final = "1"
_DEVICE: Final = f"device-{_NUMBER}"
_PROFILE: Final = "example-router"
_FEATURE: Final = "hseck9"
_TAG: Final = "regid.2021-05.com.cisco.C9K_HSEC,1.0_90fdf411-3823-45bd-bd8c-5a5d0e0e1ea2"
_PLAIN: Final = "routing-base"
_HOST: Final = "edge-1"
_UNSAVED: Final = 'license smart usage customer-tags tag1 "Floor 3"'


def tell(scene: Scene) -> None:
    """Tell it."""
    scene.chapter("A portal, and a device that is reached over SSH")
    scene.step("An account may give out one export authorization", lambda: _portal(scene))
    port = free_port()
    scene.step(f"$ gauger instance run --ssh :{port}", lambda: _run(scene, port))
    with Typist(port) as typist:
        desk = Desk(scene, typist)
        for part in (_come_in, _look, _configure, _report, _authorize, _reload):
            part(desk)


@dataclass(slots=True)
class Desk:
    """Where the operator sits."""

    scene: Scene
    typist: Typist
    password: str = secrets.token_urlsafe(12)

    def types(self, line: str, expected: str = "", *, shown: str = "", told: str = "done") -> str:
        """Type a line, and hold its answer to what is expected.

        Args:
            line: What is typed.
            expected: Text that the answer holds; without one it must be empty.
            shown: What the story shows in its place, where it holds a secret.
            told: What the story says of an empty answer.

        Returns:
            The answer.
        """
        answer = ""

        def act() -> str:
            nonlocal answer
            answer = self.typist.carry_out(line)
            is_well = expected in answer if expected else not answer.strip()
            self.scene.require(is_well, f"Expected {expected or 'nothing'!r}:\n{answer}")
            return _line_with(expected, answer) if expected else told

        self.scene.step(f"{self.typist.prompt}{shown or line}", act)
        return answer

    def at_the_host(self, arguments: str, act: Callable[[], str]) -> None:
        """Tell a step that is no line of the shell."""
        self.scene.step(f"$ {arguments}", act)


def _portal(scene: Scene) -> str:
    beginnings.make_factory(scene)
    beginnings.list_signers(scene)
    beginnings.mint(scene, _NUMBER, profile=_PROFILE)
    beginnings.initialise(scene)
    beginnings.serve(scene)
    scene.cssm("account", "add", ACCOUNT.partition("/")[0])
    beginnings.set_policy(scene)
    beginnings.hand_out_token(scene)
    scene.cssm("authorization", "set", "--account", ACCOUNT, "--name", _FEATURE, _TAG, "1")
    return f"{ACCOUNT}: 1 x {_FEATURE}"


def _run(scene: Scene, port: int) -> str:
    beginnings.run_device(scene, _NUMBER, "--ssh", f":{port}")
    scene.wait_for("host key ", lambda: _log(scene).read_text())
    return f"host key {_fingerprint(scene)}"


def _log(scene: Scene) -> Path:
    return scene.stage.path(f"{_DEVICE}.log")


def _fingerprint(scene: Scene) -> str:
    found = re.search(r"host key (\S+)", _log(scene).read_text())
    scene.require(found, "The device printed no host key.")
    return found[1] if found else ""


def _come_in(desk: Desk) -> None:
    desk.scene.chapter("Nobody comes in before somebody is named")
    desk.at_the_host(f"ssh {NAME}@127.0.0.1", lambda: _refused(desk))
    desk.at_the_host(f"gauger instance user add {NAME} --privilege 15", lambda: _add_user(desk))
    desk.at_the_host(f"ssh {NAME}@127.0.0.1", lambda: _log_in(desk))


def _refused(desk: Desk) -> str:
    said = desk.typist.refused()
    desk.scene.require("No user exists" in said, f"Refused without the hint:\n{said}")
    return said.partition(",")[0]


def _add_user(desk: Desk) -> str:
    scene = desk.scene
    file = scene.stage.path("password")
    file.write_text(f"{desk.password}\n")
    data = scene.stage.path(_DEVICE)
    options = ("--privilege", "15", "--password-file", file, "--data", data)
    scene.gauger("instance", "user", "add", NAME, *options)
    return "made; there is no default password"


def _log_in(desk: Desk) -> str:
    desk.typist.log_in(desk.password, _fingerprint(desk.scene))
    desk.scene.require(desk.typist.prompt.endswith("#"), "Privilege 15 does not begin at #.")
    return f"the same host key; {desk.typist.prompt}"


def _look(desk: Desk) -> None:
    desk.scene.chapter("The shell that you know")
    desk.scene.step(f"{desk.typist.prompt}show license ?", lambda: _help(desk))
    desk.types("sh lic udi", "SN:GGR0001")
    desk.scene.step(f"{desk.typist.prompt}show license statsu", lambda: _marked(desk))
    desk.types("terminal length 0")


def _help(desk: Desk) -> str:
    line = "show license "
    # No Enter: the list comes with the key, and the line is there again behind it.
    shown = desk.typist.type(f"{line}?", until=f"{desk.typist.prompt}{line}")
    words = re.findall(r"^  ([a-z]+) ", shown, re.MULTILINE)
    missing = {"all", "authorization", "status", "summary", "usage"} - set(words)
    desk.scene.require(not missing, f"The list has no {missing}:\n{shown}")
    # Ctrl-C forgets the line that is there again.
    desk.typist.type("\x03")
    return f"without Enter: {', '.join(words[:4])} … ({len(words)} words)"


def _marked(desk: Desk) -> str:
    wrong = "show license statsu"
    marker, _, said = desk.typist.carry_out(wrong).partition("\n")
    # The marker stands below the line as it was typed, prompt and all.
    prompt = desk.typist.prompt
    found = f"{prompt}{wrong}"[: marker.index("^") + 1] if "^" in marker else ""
    desk.scene.require(found == f"{prompt}show license stats", f"{marker!r} marks another place.")
    expected = "% Invalid input detected at '^' marker."
    desk.scene.require(expected in said, f"Expected {expected}\n{said}")
    return f"{expected} Under the first wrong letter"


def _configure(desk: Desk) -> None:
    desk.scene.chapter("It is configured as any device is")
    url = f"https://localhost:{desk.scene.portal_port}{LICENSING_PATH}"
    desk.types("configure terminal", "End with CNTL/Z")
    desk.types(f"hostname {_HOST}")
    desk.types("license smart transport smart")
    desk.types(f"license smart url smart {url}")
    desk.types("end")
    desk.types("show running-config | include license", f"license smart url smart {url}")


def _report(desk: Desk) -> None:
    desk.scene.chapter("Usage is reported and acknowledged")
    line = "license smart trust idtoken {} local"
    desk.types(line.format(desk.scene.token), shown=line.format("TOKEN"))
    desk.types("show license status | include Trust Code", "UTC")
    desk.at_the_host(f"gauger instance use {_PLAIN} 2", lambda: _use(desk, _PLAIN, "2"))
    desk.scene.stage.clock.advance(3_600)
    desk.types("license smart sync all")
    desk.types("show license summary | include base", "IN USE")
    desk.types("show license status | include Policy name", "Branch policy")
    desk.types("show license status | include Next ACK", " UTC")
    desk.types("write memory", "[OK]")


def _use(desk: Desk, feature: str, count: str) -> str:
    data = desk.scene.stage.path(_DEVICE)
    desk.scene.gauger("instance", "use", "--data", data, feature, count)
    return "recorded"


def _authorize(desk: Desk) -> None:
    desk.scene.chapter("A licence that is off without an authorization code")
    scene = desk.scene
    desk.types("terminal monitor")
    using = f"gauger instance use {_FEATURE}"
    data = scene.stage.path(_DEVICE)
    command = ("instance", "use", "--data", data, _FEATURE, "1")
    desk.at_the_host(f"{using} 1", lambda: scene.refused("not-authorized", *command))
    line = f"license smart authorization request add {_FEATURE} local"
    desk.scene.step(f"{desk.typist.prompt}{line}", lambda: _installed(desk, line))
    desk.at_the_host(f"{using} 1", lambda: _use(desk, _FEATURE, "1"))
    desk.types("terminal no monitor")
    desk.types("show license authorization", "SMART AUTHORIZATION INSTALLED")
    desk.at_the_host(f"{using} 0", lambda: _use(desk, _FEATURE, "0"))
    desk.types("license smart authorization return local online", "Return code: ")
    desk.at_the_host("gauger cssm authorization left", lambda: _left(desk))


def _installed(desk: Desk, line: str) -> str:
    """Ask for a code; that it is there, the terminal tells by itself."""
    # The last of the two: a message may come behind the prompt, and must not be taken for an
    # answer to the next line.
    shown = desk.typist.type(f"{line}\r", until_seen="%SMART_LIC-6-EXPORT_CONTROLLED: ")
    message = "%SMART_LIC-6-AUTHORIZATION_INSTALL_SUCCESS"
    desk.scene.require(message in shown, f"The terminal was not told:\n{shown}")
    return _line_with(message, shown)


def _left(desk: Desk) -> str:
    (row,) = desk.scene.cssm_items("authorization", "left", "--account", ACCOUNT)
    desk.scene.require(row["left"] == 1, f"It was not credited: {row}")
    return f"1 x {_FEATURE}, as before"


def _reload(desk: Desk) -> None:
    desk.scene.chapter("What was not kept is gone, what was used is not")
    desk.types("configure terminal", "End with CNTL/Z")
    desk.types(_UNSAVED)
    desk.types("end")
    desk.types("show running-config | include customer", _UNSAVED)
    desk.scene.step(f"{desk.typist.prompt}reload", lambda: _restart(desk))
    desk.at_the_host(f"ssh {NAME}@127.0.0.1", lambda: _log_in(desk))
    desk.types("terminal length 0")
    kept = desk.types("show running-config | include license", "license smart transport smart")
    desk.scene.require("customer-tags" not in kept, f"It was not lost:\n{kept}")
    desk.types("show running-config | include customer", told="nothing: it is gone")
    desk.types("show license summary | include base", "IN USE")


def _restart(desk: Desk) -> str:
    desk.typist.type("reload\r", until="Save? [yes/no]: ")
    desk.typist.type("no\r", until="[confirm]")
    desk.typist.end_with("\r")
    return "Save? no; confirmed; the session is ended"


def _line_with(text: str, shown: str) -> str:
    """Return the line that holds a text."""
    return next((" ".join(line.split()) for line in shown.splitlines() if text in line), "")
