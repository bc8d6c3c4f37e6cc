"""A profile is judged key by key, and a refusal names file, key and what is allowed."""

from typing import Any

import pytest

from gauger.core.problems import Problem
from gauger.core.profiles import MAXIMUM_LICENCES, Counting, Origin, Profile, read_profile
from gauger.core.releases import Feature, Release, Topology

TAG = "regid.2026-11.com.example.BASE,1.0_0fa496d3-0ff2-5834-b92f-c42c9f2bb6ae"
Table = dict[str, Any]


def _table() -> Table:
    return {
        "name": "example",
        "title": "An example",
        "pids": ["EX-1", "EX-2"],
        "software_tag": TAG,
        "release": "17.9.4",
        "agent_version": "5.8.12_gauger/1",
        "topologies": ["direct", "offline"],
        "licences": [
            {
                "feature": "base",
                "tag": TAG,
                "name": "Base",
                "description": "The base",
                "term": "perpetual",
                "enforcement": "unenforced",
            }
        ],
    }


def _licence(**changes: object) -> Table:
    return {**_table()["licences"][0], **changes}


def _refusal(table: Table) -> str:
    with pytest.raises(Problem) as refusal:
        read_profile(table, source="mine.toml")
    assert refusal.value.code == "profile-invalid"
    assert refusal.value.detail.startswith("mine.toml: ")
    return refusal.value.detail


def _read(*licences: Table) -> Profile:
    return read_profile({**_table(), "licences": list(licences)}, source="mine.toml")


def test_a_profile_is_read_with_its_defaults() -> None:
    profile = read_profile(_table(), source="mine.toml")
    assert profile.pids == ("EX-1", "EX-2")
    assert profile.release == Release.parse("17.9.4")
    assert profile.agent_level == (5, 8, 12)
    assert profile.software_tag_origin is Origin.OWN
    assert profile.licences[0].counts is Counting.PRODUCT
    assert profile.licences[0].version == "1.0"


def test_a_profile_survives_its_json_form() -> None:
    profile = read_profile(_table(), source="mine.toml")
    assert read_profile(profile.to_json(), source="bundle.json") == profile


@pytest.mark.parametrize(
    ("term", "enforcement", "group"),
    [
        ("perpetual", "unenforced", "perpetual"),
        ("subscription", "unenforced", "subscription"),
        ("perpetual", "enforced", "enforced"),
        ("subscription", "export", "export"),
    ],
)
def test_a_licence_is_in_one_policy_group(term: str, enforcement: str, group: str) -> None:
    profile = _read(_licence(term=term, enforcement=enforcement))
    assert profile.licences[0].group == group


def test_a_topology_that_the_profile_does_not_list_is_not_allowed() -> None:
    profile = read_profile(_table(), source="mine.toml")
    assert profile.allows(Feature.THROTTLING, Topology.DIRECT)
    assert not profile.allows(Feature.THROTTLING, Topology.CSLU_PUSH)
    assert profile.allows(Feature.SHOW_RUM)


def test_a_licence_is_found_by_tag_and_by_feature() -> None:
    profile = read_profile(_table(), source="mine.toml")
    assert profile.licence(TAG) is profile.licence("base")
    assert profile.counted_by(Counting.PRODUCT) == profile.licences
    assert profile.counted_by(Counting.ACCESS_POINTS) == ()


def test_an_unknown_licence_is_refused_with_those_that_exist() -> None:
    with pytest.raises(Problem, match="it has base") as refusal:
        read_profile(_table(), source="mine.toml").licence("plus")
    assert refusal.value.code == "unknown-entitlement"


def test_a_feature_of_two_licences_is_refused_with_their_tags() -> None:
    other = TAG.replace("BASE", "OTHER")
    profile = _read(_licence(), _licence(tag=other, name="Other"))
    with pytest.raises(Problem, match="OTHER") as refusal:
        profile.licence("base")
    assert refusal.value.code == "invalid-argument"


@pytest.mark.parametrize("key", ["name", "title", "pids", "release", "topologies", "licences"])
def test_a_missing_key_is_named(key: str) -> None:
    table = _table()
    del table[key]
    assert f"{key} is missing" in _refusal(table)


@pytest.mark.parametrize("key", ["tag", "feature", "name", "description", "term", "enforcement"])
def test_a_missing_key_of_a_licence_is_named(key: str) -> None:
    table = _table()
    del table["licences"][0][key]
    assert f"licences[1].{key} is missing" in _refusal(table)


def test_an_unknown_key_is_refused_with_the_known_ones() -> None:
    assert "licenses is not known; allowed are name, title" in _refusal(_table() | {"licenses": []})


WRONG = [
    ("name", "Upper Case", "lower-case letters"),
    ("title", "\x1b[2J", "printable ASCII"),
    ("pids", ["two words"], "letters, digits"),
    ("pids", [1], "letters, digits"),
    ("pids", [], "at least one"),
    ("pids", "EX-1", "must be a list"),
    ("pids", ["EX-1", "EX-1"], "twice"),
    ("software_tag", "BASE", "regid."),
    ("software_tag_origin", "stolen", "one of published, own"),
    ("release", 17.9, "in quotes"),
    ("release", "seventeen", "such as 17.9.4"),
    ("agent_version", "5.8", "three numbers"),
    ("topologies", ["direct", "carrier-pigeon"], "one of direct, cslu-push"),
    ("licences", [], "at least one"),
    ("licences", ["base"], "licences[1] must be a table"),
]


@pytest.mark.requirement("PI-1/own-profile")
@pytest.mark.parametrize(("key", "value", "allowed"), WRONG)
def test_a_wrong_value_is_refused_with_what_is_allowed(
    key: str, value: object, allowed: str
) -> None:
    detail = _refusal(_table() | {key: value})
    assert key in detail
    assert allowed in detail


@pytest.mark.parametrize("value", [16**5000, [16**5000]], ids=["alone", "in a list"])
def test_a_number_too_long_to_be_written_is_refused_without_it(value: object) -> None:
    assert "name is a number of thousands of digits" in _refusal(_table() | {"name": value})


@pytest.mark.requirement("PI-1/own-profile")
@pytest.mark.threat("E16", role="instance")
@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("tag", TAG + "; reload", "regid."),
        ("tag", TAG.replace("com", "$(id)"), "regid."),
        ("feature", "base|include", "letters, digits"),
        ("name", "Base\x1b]0;owned\x07", "printable ASCII"),
        ("term", "forever", "one of perpetual, subscription"),
        ("enforcement", None, "one of unenforced, enforced, export"),
        ("counts", "clients", "one of product, access-points"),
    ],
)
def test_a_wrong_value_of_a_licence_is_refused(key: str, value: object, allowed: str) -> None:
    table = _table()
    table["licences"] = [_licence(**{key: value})]
    detail = _refusal(table)
    assert f"licences[1].{key}" in detail
    assert allowed in detail


@pytest.mark.parametrize("key", ["tag", "name"])
def test_two_licences_differ_in_tag_and_name(key: str) -> None:
    other = _licence(tag=TAG.replace("BASE", "OTHER"), name="Other")
    other[key] = _table()["licences"][0][key]
    table = _table()
    table["licences"].append(other)
    assert f"licences[2].{key}" in _refusal(table)


def test_licences_are_counted_before_they_are_read() -> None:
    table = _table() | {"licences": [_licence()] * (MAXIMUM_LICENCES + 1)}
    assert "at most 64" in _refusal(table)
