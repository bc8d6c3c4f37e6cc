"""The main story, told with real processes."""

import subprocess
from pathlib import Path

import pytest

from gauger.tools.demo import story
from tests.support.material import shared_file

REAL = "samples/rum/iosxe-17.9.2-rum-1671840750.xml"


def running_below(folder: Path) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)  # noqa: S607 -- every system's own
    return [line for line in listed.stdout.splitlines() if str(folder) in line]


@pytest.mark.requirement("ST-1")
@pytest.mark.requirement("SSM-9/api")
@pytest.mark.threat("A1", role="cssm")
@pytest.mark.threat("B6", role="instance")
def test_the_story_ends_well_and_leaves_nothing_running(tmp_path: Path) -> None:
    real = shared_file(REAL)
    lines: list[str] = []
    folder = tmp_path / "stage"
    assert story.tell(lines.append, keep=folder, shared=real.parents[2]), "\n".join(lines)
    told = "\n".join(lines)
    assert "FAILED" not in told
    assert "skipped" not in told
    assert "the same ACK" in told
    assert running_below(folder) == []
