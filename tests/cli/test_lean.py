"""What the command leaves out of its process, and what each way into it loads."""

import json
import os
import subprocess
import sys

import pytest

from gauger.cli.lean import without

# Of the portal's web stack, of TLS and HTTP, of passwords: none of it measures a licence.
NEVER_AT_START = {
    "anyio", "argon2", "asyncio", "asyncssh", "fastapi", "httpcore", "httpx", "pydantic", "pydantic_core",
    "rich", "ssl", "starlette", "uvicorn",
}  # fmt: skip
CRYPTO_AND_STORE = {"cryptography", "msgspec", "sqlite3"}


def loaded_by(code: str) -> set[str]:
    """Return the modules that a fresh Python has loaded after some code."""
    tail = "\nimport json, sys; sys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"
    # What measures coverage would load modules of its own.
    own = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    done = subprocess.run(
        [sys.executable, "-c", code + tail], capture_output=True, text=True, check=True, env=own
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.requirement("PI-11/cost")
def test_a_program_that_imports_the_library_pays_nothing_before_it_uses_it() -> None:
    loaded = loaded_by("import gauger")
    assert not loaded & (NEVER_AT_START | CRYPTO_AND_STORE | {"click", "dataclasses", "logging"})
    assert {name for name in loaded if name.startswith("gauger")} == {"gauger"}


@pytest.mark.requirement("PI-11/cost")
def test_the_names_of_the_library_load_neither_keys_nor_store() -> None:
    code = "from gauger import Folders, NotAuthorized, Problem, ProductInstance"
    loaded = loaded_by(code)
    assert not loaded & (NEVER_AT_START | CRYPTO_AND_STORE)
    assert not loaded & {"gauger.instance.agent", "gauger.instance.engine", "gauger.instance.main"}


def test_help_loads_neither_the_store_nor_the_crypto_library() -> None:
    show = "import sys; sys.argv = ['gauger', '--help']; from gauger.cli.main import main\n"
    loaded = loaded_by(show + "try:\n    main()\nexcept SystemExit:\n    pass")
    assert not loaded & (NEVER_AT_START | CRYPTO_AND_STORE | {"logging", "socket"})
    assert not {name for name in loaded if name.startswith(("gauger.instance", "gauger.cssm"))}


def test_a_module_that_is_left_out_is_missing_within_the_block_only() -> None:
    code = (
        "from gauger.cli.lean import without\n"
        "with without('colorsys'):\n"
        "    try:\n        import colorsys\n    except ImportError:\n        pass\n"
        "    else:\n        raise SystemExit('it was there')\n"
        "import colorsys"
    )
    assert "colorsys" in loaded_by(code)


def test_a_module_that_is_loaded_already_stays() -> None:
    with without("json"):
        assert sys.modules["json"] is json
    assert sys.modules["json"] is json
