"""What is swept of a product instance's settings and boots."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.main import Options, last_known, open_agent
from sweep.instances import at, keeps_acknowledged, prints, shows, uses
from sweep.place import ESSENTIALS, Place
from sweep.scene import Breaches, HostScene, Scene, StepScene

_DEVICE: Final = at("device")
_OWN: Final = ("device",)
_KEEPS: Final = keeps_acknowledged("device")
_NAME: Final = "edge-7"
_LINES: Final = (
    f"hostname {_NAME}",
    "logging host 192.0.2.9",
    "license smart privacy hostname",
    "license smart usage customer-tags tag1 lab",
)


@contextmanager
def _running(place: Place) -> Iterator[Agent]:
    options = Options(data=place.path("device"), clock_file=place.path("clock.json"))
    agent = open_agent(options)
    try:
        yield agent
    finally:
        agent.stop()


def _save(place: Place) -> None:
    """Change the running configuration and keep it, as `write memory` of a session does."""
    with _running(place) as agent:
        change = ConfigChange(key=ConfigKey.HOSTNAME, value=_NAME)
        agent.configure([change], save=False)
        agent.save_configuration()


def _reload(place: Place) -> None:
    """Use something, leave a setting unsaved, and begin anew."""
    with _running(place) as agent:
        agent.configure([ConfigChange(key=ConfigKey.HOSTNAME, value=_NAME)], save=False)
        agent.set_count(ESSENTIALS, 5)
        agent.reload()


def _saved(place: Place) -> Breaches:
    options = Options(data=place.path("device"), clock_file=place.path("clock.json"))
    with last_known(options) as it:
        if it.configuration().hostname != _NAME:
            yield "what was saved is not what the next boot begins with"


def _unsaved_is_gone(place: Place) -> Breaches:
    options = Options(data=place.path("device"), clock_file=place.path("clock.json"))
    with last_known(options) as it:
        if it.configuration().hostname == _NAME:
            yield "what was never saved came through a reload"


def _configured(place: Place) -> Breaches:
    for line in _LINES:
        yield from shows("device", "show startup-config", line)(place)


SCENES: Final[tuple[Scene, ...]] = (
    HostScene(
        name="instance configuration lines",
        command=("instance", "config", *_DEVICE, *_LINES),
        effect=_configured,
        watched=_OWN,
        whole=_OWN,
        history=_KEEPS,
    ),
    HostScene(
        name="instance username",
        command=(
            *("instance", "config", *_DEVICE),
            "username carla privilege 1 secret a-secret-of-some-words",
        ),
        effect=prints(("instance", "user", "list", *_DEVICE), "carla"),
        watched=_OWN,
        whole=_OWN,
        history=_KEEPS,
    ),
    HostScene(
        name="instance write memory",
        command=("instance", "exec", *_DEVICE, "write memory"),
        effect=shows("device", "show startup-config", "license smart transport smart"),
        watched=_OWN,
        whole=_OWN,
        history=_KEEPS,
    ),
    HostScene(
        name="instance copy running-config",
        command=("instance", "exec", *_DEVICE, "copy running-config startup-config"),
        effect=shows("device", "show startup-config", "license smart transport smart"),
        watched=_OWN,
        whole=_OWN,
        history=_KEEPS,
    ),
    StepScene(
        name="instance save configuration",
        command=(),
        step=_save,
        effect=_saved,
        watched=_OWN,
        whole=_OWN,
        history=_KEEPS,
    ),
    StepScene(
        name="instance reload",
        command=(),
        step=_reload,
        effect=_unsaved_is_gone,
        watched=_OWN,
        whole=_OWN,
        history=_KEEPS,
    ),
    HostScene(
        name="instance reload by a line",
        command=("instance", "exec", *_DEVICE, "reload"),
        effect=uses("device", ESSENTIALS, 2),
        watched=_OWN,
        whole=_OWN,
        history=_KEEPS,
    ),
    HostScene(
        name="instance factory reset",
        command=("instance", "exec", *_DEVICE, "license smart factory reset"),
        effect=shows("device", "show license status", "Trust Code Installed: <none>"),
        watched=_OWN,
        whole=_OWN,
        history=_KEEPS,
    ),
    HostScene(
        name="instance clear eventlog",
        command=("instance", "exec", *_DEVICE, "license smart clear eventlog"),
        watched=_OWN,
        whole=_OWN,
        history=_KEEPS,
    ),
)
"""Every command that changes settings of a product instance, or begins a boot."""
