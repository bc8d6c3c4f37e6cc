"""Look up known advisories for the packages of the run-time lock file.

An advisory fails the audit. Where no index answers (a closed network), it says so and ends well:
an answer that nobody gave is not an advisory.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = "requirements/runtime.txt"


def advisories(report: str) -> list[str] | None:
    """Read the report of pip-audit.

    Args:
        report: Its JSON output.

    Returns:
        One line for each advisory; None where the text is no report.
    """
    try:
        data = json.loads(report)
    except ValueError:
        return None
    return [
        f"{package['name']} {package['version']}: {found['id']}, mended in "
        f"{', '.join(found['fix_versions']) or 'no version yet'}"
        for package in data["dependencies"]
        for found in package.get("vulns", [])
    ]


def main() -> None:
    """Audit the lock file; exit with 1 where an advisory is known."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--requirement",
        LOCK,
        "--require-hashes",
        "--disable-pip",
        "--format",
        "json",
        "--progress-spinner",
        "off",
        "--timeout",
        "20",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = advisories(done.stdout)
    if found is None:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        print(f"audit: NOT DONE, no index answered: {reason[0][:200]}")
        return
    print("\n".join([*found, f"audit: {len(found)} known advisories for {LOCK}"]))
    if found:
        sys.exit(1)


if __name__ == "__main__":
    main()
