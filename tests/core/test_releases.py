"""Releases compare as people mean it, and the table says what each may do where."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.problems import Problem
from gauger.core.releases import (
    AVAILABILITY,
    EVERYWHERE,
    Feature,
    Release,
    Topology,
    first_release,
    has,
)

ORDERED = ("17.3.2", "17.3.2a", "17.3.3", "17.6.4", "17.7.1", "17.9.1", "17.10.1", "26.1.1")
RELEASES = st.builds(
    Release,
    st.lists(st.integers(0, 999_999), min_size=2, max_size=4).map(tuple),
    st.sampled_from(["", "a", "b"]),
)


def _throttles(release: str, topology: Topology) -> bool:
    return has(Feature.THROTTLING, Release.parse(release), topology)


def _asks_for_trust(release: str, topology: Topology) -> bool:
    return has(Feature.TRUST_REQUEST_IN_REPORT, Release.parse(release), topology)


@pytest.mark.requirement("CT-2/order")
def test_releases_are_in_order() -> None:
    parsed = [Release.parse(text) for text in ORDERED]
    assert all(first < second for first, second in pairwise(parsed))
    assert [str(release) for release in parsed] == list(ORDERED)


def test_a_rebuild_lies_between_two_releases() -> None:
    assert Release.parse("17.3.2") < Release.parse("17.3.2a") < Release.parse("17.3.3")


def test_leading_zeros_are_the_same_release() -> None:
    assert Release.parse("17.09.02") == Release.parse("17.9.2")
    assert Release.parse("17.9.2a").padded == "17.09.02a"


def test_a_server_level_is_a_release_of_its_own() -> None:
    level = Release.parse("8-202102")
    assert str(level) == "8-202102"
    assert level < Release.parse("8-202108")


@given(RELEASES)
def test_a_release_survives_writing_and_reading(release: Release) -> None:
    assert Release.parse(str(release)) == release


@pytest.mark.parametrize(
    "text",
    [
        "",
        "17",
        "17.3.2A",
        "17.3.2ab",
        "17..2",
        "v17.3",
        "17.3.2.1.1",
        "17.3.1234567",
        "\u0661\u0667.3",
    ],
)
def test_other_texts_are_refused_by_name(text: str) -> None:
    with pytest.raises(Problem) as refusal:
        Release.parse(text)
    assert refusal.value.code == "invalid-argument"


@pytest.mark.requirement("PI-8/table")
@pytest.mark.parametrize(
    ("topology", "first"),
    [
        (Topology.DIRECT, "17.7.1"),
        (Topology.CSLU_PUSH, "17.7.1"),
        (Topology.ONPREM_PUSH, "17.9.1"),
    ],
)
def test_throttling_begins_with_its_release(topology: Topology, first: str) -> None:
    older = {"17.7.1": "17.6.3", "17.9.1": "17.8.1"}[first]
    assert _throttles(first, topology)
    assert _throttles("26.1.1", topology)
    assert not _throttles(older, topology)
    assert first_release(Feature.THROTTLING, topology) == Release.parse(first)


@pytest.mark.requirement("PI-8/table")
@pytest.mark.parametrize("topology", [Topology.DIRECT, Topology.CSLU_PUSH, Topology.ONPREM_PUSH])
def test_older_trains_throttle_from_their_own_release_on(topology: Topology) -> None:
    older = ["17.6.3", "17.6.4", "17.6.7", "17.3.5", "17.3.6", "17.4.9"]
    assert [text for text in older if _throttles(text, topology)] == [
        "17.6.4",
        "17.6.7",
        "17.3.6",
    ]


@pytest.mark.requirement("PI-8/table")
@pytest.mark.parametrize(
    "topology",
    [Topology.CSLU_PULL, Topology.ONPREM_PULL, Topology.CONTROLLER, Topology.OFFLINE],
)
@pytest.mark.parametrize("release", ORDERED)
def test_who_is_asked_or_offline_is_never_throttled(topology: Topology, release: str) -> None:
    assert not _throttles(release, topology)


def test_the_unverified_row_is_told_apart() -> None:
    row = AVAILABILITY[Feature.THROTTLING, Topology.DIRECT]
    assert row.unverified == (Release.parse("17.3.6"),)
    assert row.within == (Release.parse("17.6.4"),)


@pytest.mark.requirement("PI-9/table")
@pytest.mark.parametrize("topology", list(Topology))
def test_trust_is_asked_for_with_reports_in_two_topologies_only(topology: Topology) -> None:
    asks = topology in {Topology.CSLU_PUSH, Topology.OFFLINE}
    assert _asks_for_trust("17.7.1", topology) is asks
    assert not _asks_for_trust("17.6.9", topology)


@pytest.mark.parametrize(
    ("topology", "below", "minimum"),
    [
        (Topology.CONTROLLER, "17.3.2", "17.3.2a"),
        (Topology.ONPREM_PUSH, "17.3.2a", "17.3.3"),
        (Topology.ONPREM_PULL, "17.3.2a", "17.3.3"),
        (Topology.DIRECT, "17.3.1", "17.3.2"),
    ],
)
def test_each_topology_has_its_minimum(topology: Topology, below: str, minimum: str) -> None:
    assert not has(Feature.SUPPORT, Release.parse(below), topology)
    assert has(Feature.SUPPORT, Release.parse(minimum), topology)


def test_some_features_depend_on_the_release_alone() -> None:
    assert not has(Feature.SHOW_RUM, Release.parse("17.6.4"))
    assert has(Feature.SHOW_RUM, Release.parse("17.7.1"), Topology.OFFLINE)
    assert first_release(Feature.VRF) == Release.parse("17.9.1")


def test_a_feature_of_topologies_has_no_answer_without_one() -> None:
    assert not has(Feature.THROTTLING, Release.parse("26.1.1"))
    assert first_release(Feature.THROTTLING) is None


def test_every_feature_is_in_one_table() -> None:
    of_topologies = {feature for feature, _ in AVAILABILITY}
    assert of_topologies | set(EVERYWHERE) == set(Feature)
    assert not of_topologies & set(EVERYWHERE)
