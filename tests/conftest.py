"""Settings of all tests."""

import os
from typing import Final

import pytest
from hypothesis import settings

pytest_plugins = ["tests.support.evidence_plugin", "tests.support.figures"]

# A shared machine is slow at times: what a test shows does not hang on its speed. `default` draws
# anew at each run; in CI the draws are fixed, so that a red run there can be repeated. `nightly`
# draws far more, and goes through every bit where the others take one of each byte.
settings.register_profile("default", deadline=None, max_examples=40)
settings.register_profile("ci", deadline=None, max_examples=40, derandomize=True, print_blob=True)
settings.register_profile("nightly", deadline=None, max_examples=2000)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "default")
)

_COVERAGE: Final = "COVERAGE_PROCESS_CONFIG"
_MEASURED: Final = os.environ.get(_COVERAGE)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Measure the processes that a test starts, but for those of acceptance tests.

    They start hundreds, and being measured takes each of them as long as its work. What runs in
    them is shown line by line by the tests beside the parts.
    """
    if _MEASURED is not None and item.nodeid.startswith("tests/acceptance/"):
        os.environ.pop(_COVERAGE, None)
    elif _MEASURED is not None:
        os.environ[_COVERAGE] = _MEASURED
