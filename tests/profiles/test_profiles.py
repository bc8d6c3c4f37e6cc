"""The profiles that come with the project cover every product of the source's tables."""

from pathlib import Path

import pytest

from gauger import profiles
from gauger.core.problems import Problem
from gauger.core.profiles import Counting, Enforcement, Origin
from gauger.core.releases import Feature, Topology
from tests.support.material import ROOT

PRODUCTS = {
    "c9800-40": "C9800-40-K9",
    "c9800-80": "C9800-80-K9",
    "c9800-cl": "C9800-CL-K9",
    "c9800-embedded": "C9300-24UX",
    "c9800-l": "C9800-L-F-K9",
    "ewc-ap": "C9120AXI-EWC-B",
}
REAL_SOFTWARE = "regid.2018-05.com.cisco.WLC_9500C,1.0_85665885-b865-4e32-8184-5510412fcb54"


@pytest.mark.requirement("PI-1")
@pytest.mark.parametrize(("name", "pid"), PRODUCTS.items())
def test_every_product_of_the_source_is_there_and_unenforced(name: str, pid: str) -> None:
    profile = profiles.builtin(name)
    assert profile.name == name
    assert profile.pids[0] == pid
    assert {item.enforcement for item in profile.licences} == {Enforcement.UNENFORCED}
    assert profile.counted_by(Counting.ACCESS_POINTS)
    assert set(profile.topologies) == set(Topology)


@pytest.mark.requirement("PI-1")
def test_one_example_has_an_enforced_and_an_export_controlled_licence() -> None:
    groups = {item.feature: item.group for item in profiles.builtin("example-router").licences}
    assert set(groups.values()) == {"perpetual", "subscription", "enforced", "export"}
    assert groups["hseck9"] == "export"


@pytest.mark.requirement("PI-1")
def test_there_is_no_other_profile() -> None:
    assert profiles.names() == tuple(sorted([*PRODUCTS, "example-router"]))


def test_identifiers_seen_in_real_reports_are_used() -> None:
    profile = profiles.builtin("c9800-cl")
    assert profile.software_tag == REAL_SOFTWARE
    assert profile.software_tag_origin is Origin.PUBLISHED
    assert profile.licence("air-network-advantage").tag.startswith("regid.2018-06.com.cisco.")


@pytest.mark.parametrize("name", [*PRODUCTS, "example-router"])
def test_own_identifiers_are_marked_and_never_look_published(name: str) -> None:
    profile = profiles.builtin(name)
    marked = [(item.tag, item.origin) for item in profile.licences]
    for tag, origin in [*marked, (profile.software_tag, profile.software_tag_origin)]:
        assert (".com.cisco." in tag) is (origin is Origin.PUBLISHED)


@pytest.mark.parametrize("name", [*PRODUCTS, "example-router"])
def test_every_release_may_report_in_its_topologies(name: str) -> None:
    profile = profiles.builtin(name)
    assert all(profile.allows(Feature.SUPPORT, topology) for topology in profile.topologies)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Problem, match="c9800-cl") as refusal:
        profiles.find("c9900")
    assert refusal.value.code == "requested-item-not-found"


@pytest.mark.requirement("PI-1/own-profile")
def test_a_file_adds_a_product(tmp_path: Path) -> None:
    text = (Path(profiles.__file__).parent / "example-router.toml").read_text()
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace("EXAMPLE-ROUTER", "MY-BOX-1").replace("example-router", "my-box"))
    assert profiles.find(str(mine)).pids == ("MY-BOX-1",)


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"name = \nx = 1\n", "profile-invalid", "line 1"),
        (b'name = "a"\nname = "b"\n', "profile-invalid", "line 2"),
        (b"\xff\xfe", "profile-invalid", "not UTF-8"),
        (b"name = " + b"9" * 5000, "profile-invalid", "4300 digits"),
        (b"name = " + b"[" * 20_000, "profile-invalid", "not TOML"),
        (b"#" * (profiles.MAXIMUM_BYTES + 1), "too-large", "262144"),
    ],
)
def test_a_file_that_is_none_is_refused(
    tmp_path: Path, content: bytes, code: str, said: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(Problem, match=said) as refusal:
        profiles.from_file(path)
    assert refusal.value.code == code


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"mine\.toml") as refusal:
        profiles.find(str(tmp_path / "mine.toml"))
    assert refusal.value.code == "file-not-found"


@pytest.mark.requirement("PI-1/own-profile")
def test_the_example_of_the_documentation_is_a_profile() -> None:
    page = (ROOT / "docs" / "reference" / "product-profiles.md").read_text()
    example = page.split("```toml\n")[1].split("```")[0]
    assert profiles.parse(example, source="mine.toml").name == "my-box"
    wrong = example.replace('"perpetual"', '"forever"')
    with pytest.raises(Problem) as refusal:
        profiles.parse(wrong, source="mine.toml")
    assert refusal.value.detail in page
