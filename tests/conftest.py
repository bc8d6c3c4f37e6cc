"""Settings of all tests."""

import os

from hypothesis import settings

pytest_plugins = ["tests.support.evidence_plugin"]

# A shared machine is slow at times: what a test shows does not hang on its speed. `default` draws
# anew at each run; in CI the draws are fixed, so that a red run there can be repeated. `nightly`
# draws far more, and goes through every bit where the others take one of each byte.
settings.register_profile("default", deadline=None, max_examples=40)
settings.register_profile("ci", deadline=None, max_examples=40, derandomize=True, print_blob=True)
settings.register_profile("nightly", deadline=None, max_examples=2000)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "default")
)
