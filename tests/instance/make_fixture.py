"""Write the store of a device as this release writes it, to be opened by every later one.

Usage: python -m tests.instance.make_fixture tests/fixtures/device-RELEASE.tar.gz
"""

import sys
import tarfile
import tempfile
from pathlib import Path

from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.views import Scope, Selection, SelectionKind
from tests.instance.portal import Portal, serving
from tests.instance.world import World, go_smart, tag_of

KEPT = ("device", "clock.json", "ack.xml")


def main() -> None:
    """Let a device live, and pack its folder with the clock that it lived by."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        with serving(world) as portal:
            _live(world, portal)
        with tarfile.open(sys.argv[1], "w:gz") as archive:
            for name in KEPT:
                archive.add(world.root / name, arcname=name)


def _live(world: World, portal: Portal) -> None:
    """Report two licences, get a third authorized, save a report of it, and leave one open."""
    router = world.bundle(profile="example-router")
    agent = world.open(bundle=router, ca=world.root / "tls.pem")
    go_smart(agent, portal.url)
    agent.configure([ConfigChange(key=ConfigKey.HOSTNAME, value="edge-1")])
    agent.establish_trust("token", Scope.LOCAL, force=False)
    for index in (0, 1):
        agent.set_count(tag_of(agent, index), index + 2)
    agent.flush()
    world.clock.advance(86_400)
    agent.sync(Scope.ALL)
    agent.codes.request("add", "hseck9", None)
    world.clock.advance(3600)
    saved = world.root / "usage.xml"
    agent.save_usage(Selection(kind=SelectionKind.UNREPORTED), saved)
    (world.root / "ack.xml").write_bytes(portal.usage_file(saved))
    agent.stop()


if __name__ == "__main__":
    main()
