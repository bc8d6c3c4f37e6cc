"""The description of the API: on disk, complete, and served."""

import json

import pytest

from checks.dump_openapi import FILE, description
from gauger.cssm.access import Action
from gauger.surfaces.http.api.guard import ACTION
from tests.surfaces.http.portal import Web

OPERATIONS = [
    (path, method, operation)
    for path, operations in json.loads(description())["paths"].items()
    for method, operation in operations.items()
]


@pytest.mark.requirement("SSM-9/api")
def test_the_description_on_disk_is_that_of_the_program() -> None:
    assert FILE.read_text(encoding="utf-8") == description(), (
        "The API has changed: run python -m checks.dump_openapi and look at the difference."
    )


def test_every_operation_says_what_it_does_and_what_it_needs() -> None:
    for path, method, operation in OPERATIONS:
        assert operation["description"], (path, method)
        assert Action(operation[ACTION])
        assert "default" in operation["responses"]


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(names)) == len(names)


def test_the_description_is_served(shared_web: Web) -> None:
    served = shared_web.http.get("/api/v1/openapi.json")
    assert served.json() == json.loads(description())
    assert served.json()["security"] == [{"oauth2": []}]
