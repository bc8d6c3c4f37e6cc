"""Devices are served before the API's framework is loaded; the API is there when it is asked."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from gauger.surfaces.http import app
from tests.surfaces.http.portal import CONFIG, Web, a_web


def test_what_devices_need_does_not_load_the_framework_of_the_api() -> None:
    check = (
        "import sys, gauger.cssm.main, gauger.surfaces.http.front, gauger.surfaces.http.server;"
        "print([name for name in ('fastapi', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_first_request_waits_until_the_api_is_there(web: Web) -> None:
    assert web.http.get("/healthz").json() == {"status": "ok"}
    assert web.http.head("/healthz").status_code == 200
    assert web.http.post("/healthz").json()["code"] == "not-found"
    assert web.get("/accounts")["items"]


def test_an_api_that_cannot_be_built_fails_its_requests_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(app, "api", broken)
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    with a_web(tmp_path, CONFIG) as web:
        assert web.http.get("/api/v1/accounts").status_code == 500
        assert web.http.get("/healthz").status_code == 200


def test_a_server_looks_for_cycles_rarely_and_leaves_that_as_it_was(tmp_path: Path) -> None:
    before = gc.get_threshold()
    with a_web(tmp_path):
        assert gc.get_threshold()[0] >= 10_000
    assert gc.get_threshold() == before
