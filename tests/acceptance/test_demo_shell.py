"""The story at the shell, told with real processes and a real client."""

from pathlib import Path

import pytest

from gauger.tools.demo import story
from tests.acceptance.test_demo import running_below


@pytest.mark.requirement("PI-3/ssh")
@pytest.mark.requirement("PI-5")
def test_the_story_at_the_shell_ends_well_and_leaves_nothing_running(tmp_path: Path) -> None:
    lines: list[str] = []
    folder = tmp_path / "stage"
    assert story.tell(lines.append, keep=folder, shared=None, name="shell"), "\n".join(lines)
    told = "\n".join(lines)
    assert "No user exists on this device" in told
    assert "% Invalid input detected at '^' marker." in told
    assert "AUTHORIZATION_INSTALL_SUCCESS" in told
    assert "FAILED" not in told
    assert running_below(folder) == []
