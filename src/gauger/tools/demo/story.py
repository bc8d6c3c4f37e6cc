"""The stories from end to end."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gauger.tools.demo import at_the_shell, beginnings, closing, direct, offline, refusals
from gauger.tools.demo.scene import Scene, StepFailed
from gauger.tools.demo.stage import Stage

STORIES: Final = {
    "main": (beginnings, direct, offline, refusals, closing),
    "shell": (at_the_shell,),
}
"""Their names, each with its parts."""


def tell(
    say: Callable[[str], None],
    *,
    keep: Path | None,
    shared: Path | None,
    width: int | None = None,
    name: str = "main",
) -> bool:
    """Tell a story with real processes.

    Args:
        say: Where the story goes, a line at a time.
        keep: Folder to leave for looking around; None for a temporary one.
        shared: Folder with files of real devices, or None.
        width: Columns of the terminal, or None where lines may be of any length.
        name: Which of `STORIES`.

    Returns:
        Whether every step ended as it should.
    """
    began = time.monotonic()
    with Stage(keep) as stage:
        scene = Scene(stage=stage, say=say, shared=shared, width=width)
        try:
            for part in STORIES[name]:
                part.tell(scene)
        # The processes end with the stage, whatever step it was.
        except StepFailed as failure:
            say(f"\nThe story ends here, at: {failure}.")
            return False
    seconds = time.monotonic() - began
    say(f"\nAll {scene.steps} steps ended as they should, in {seconds:.0f} s. Nothing is running.")
    return True
