"""How thorough this run is: a night goes through everything, a day through a part of each."""

import os
from typing import Final

IS_NIGHTLY: Final = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
"""Whether the run was asked to leave nothing out; see the profiles in ``tests/conftest.py``."""

NIGHT: Final = float(os.environ.get("NIGHT") or 1)
"""By how much a night is longer than the usual one."""
