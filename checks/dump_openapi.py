"""Write the API's description to ``spec/openapi/``; a test fails where it has drifted.

Run ``python -m checks.dump_openapi`` after a change of the API.
"""

import json
from pathlib import Path

from gauger.surfaces.http.app import api

FILE = Path(__file__).resolve().parent.parent / "spec" / "openapi" / "cssm.json"


def description() -> str:
    """Return the description of the portal's API as it stands in the file."""
    return json.dumps(api().openapi(), indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Write the file."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(description(), encoding="utf-8")
    print(f"{FILE} describes {len(json.loads(description())['paths'])} paths.")


if __name__ == "__main__":
    main()
