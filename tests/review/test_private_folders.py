"""What a device keeps is its owner's to read."""

import stat

import pytest

from tests.instance.world import World


@pytest.mark.requirement("PI-4")
def test_a_devices_folder_is_closed_to_others(world: World) -> None:
    world.device().stop()
    mode = stat.S_IMODE((world.root / "device").stat().st_mode)
    assert mode == 0o700
