"""The API under inputs that nobody thought of, made from its own description."""

import os
import subprocess
import sys

import pytest

from tests.support.builders import a_device
from tests.surfaces.http.portal import Web, at, usage_file

_CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,negative_data_rejection"
)
# The same functions serve users, clients and members of every kind of account.
_TWINS = r"/accounts/.*/(users|clients|members)|/(events|instances)$"


def run(command: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the fuzzer once."""
    return subprocess.run(
        command, capture_output=True, text=True, timeout=540, check=False, env=environ
    )


@pytest.mark.threat("F10", role="cssm")
@pytest.mark.threat("F15", role="cssm")
def test_every_boundary_of_every_field_gets_an_answer_of_the_description(web: Web) -> None:
    web.call("POST", f"{at()}/tokens", {})
    web.upload(usage_file([a_device().report()]))
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{web.url}/api/v1/openapi.json"]
    options = ["--phases", "coverage", "--generation-deterministic", "--checks", _CHECKS]
    # Threads that make syntax trees at one time confuse CPython 3.11 (its issue 106905).
    options += ["--workers", "1", "--exclude-path-regex", _TWINS]
    header = ["--header", f"Authorization: Bearer {web.operator}", "--no-color"]
    # Its own lines are nobody's to measure; looking at each of them takes as long as the work.
    environ = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    done = run([*command, *options, *header], environ)
    assert done.returncode == 0, done.stdout[-6000:]
    assert web.http.get("/healthz").status_code == 200
