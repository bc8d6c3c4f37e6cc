"""`gauger inspect` on every file that a factory and a device really make, whole and damaged."""

import json
import random
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gauger.cli.main import root
from gauger.core.problems import TABLE, Problem
from gauger.instance.views import Selection, SelectionKind
from tests.instance.world import ESSENTIALS, World

POLICY = {
    "name": "Thirty days",
    "rules": {"perpetual": {"first_report": 30, "frequency": 30, "on_change": 0}},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a factory, a bundle, and what a device saved; tests only read it."""
    world = World(tmp_path_factory.mktemp("world"))
    policy = world.root / "policy.json"
    policy.write_text(json.dumps(POLICY))
    agent = world.open(bundle=world.bundle(trust_code=True, policy=policy))
    agent.set_count(ESSENTIALS, 5)
    agent.flush()
    world.clock.advance(900)
    agent.save_usage(Selection(kind=SelectionKind.ALL), world.root / "usage.xml")
    agent.save_trust_request(world.root / "request.xml")
    agent.stop()
    return world.root


def inspect(path: Path, *more: str | Path) -> Result:
    return CliRunner().invoke(root, ["inspect", str(path), *map(str, more)])


def trust(made: Path) -> list[str | Path]:
    factory = made / "factory"
    return ["--root-set", factory / "root", "--manufacturer", factory / "manufacturer"]


def explained(made: Path, name: str | Path) -> str:
    result = inspect(made / name, *trust(made))
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("usage.xml", ["Usage file, for the portal", "up to 5 in use", "GGR0001", "Upload it"]),
        ("request.xml", ["for the portal", "GGR0001", "Trust request"]),
        ("bundle/bundle.json", ["Device bundle", "GGR0001", "Catalyst 9800-CL"]),
        ("bundle/policy.json", ["Thirty days", "holds"]),
        ("bundle/trust-code.json", ["GGR0001", "holds", "factory"]),
        ("bundle/sudi.cert.pem", ["SUDI certificate", "a manufacturer that you trust"]),
        ("bundle/sudi.key.pem", ["Private key", "Keep it secret"]),
        ("factory/manufacturer/manufacturer.json", ["Manufacturer", "GGR", "--manufacturer"]),
        ("factory/manufacturer/ca.cert.pem", ["Certificate that certifies others"]),
        ("factory/signers/cssm/certificate.pem", ["Certificate"]),
        (str(Path("factory", "root", "root-set-1.json")), ["root set", "1"]),
        (
            "device/store.sqlite",
            ["Store of a product instance", "GGR0001", "1 open", "gauger fsck"],
        ),
    ],
)
def test_each_file_that_is_made_is_explained(
    made: Path, name: str | Path, words: list[str]
) -> None:
    told = explained(made, name).lower()
    for word in words:
        assert word.lower() in told


def test_a_private_key_is_never_printed(made: Path) -> None:
    key = (made / "bundle" / "sudi.key.pem").read_text().splitlines()[1]
    assert key not in explained(made, "bundle/sudi.key.pem")
    assert key not in inspect(made / "bundle").output


@pytest.mark.parametrize("folder", ["bundle", "factory/manufacturer", "factory"])
def test_a_folder_is_explained_file_by_file(made: Path, folder: str) -> None:
    told = inspect(made / folder, *trust(made)).output
    for path in (made / folder).rglob("*"):
        if path.is_file():
            assert path.relative_to(made / folder).as_posix() in told


@pytest.mark.parametrize("name", ["usage.xml", "bundle/trust-code.json", "bundle/sudi.cert.pem"])
def test_what_a_person_and_a_program_read_agrees(made: Path, name: str) -> None:
    text = explained(made, name)
    told = json.loads(inspect(made / name, "--json", *trust(made)).output)
    assert text.startswith(told["title"])
    assert told["problem"] is None
    for fact in told["facts"]:
        assert fact["text"] in text


def test_an_unknown_root_is_told_with_its_own_exit_code(made: Path, tmp_path: Path) -> None:
    other = World(tmp_path)
    result = inspect(made / "bundle" / "trust-code.json", "--root-set", other.factory / "root")
    assert result.exit_code == 3
    assert "NOT" in result.output


@pytest.mark.threat("F18")
@pytest.mark.parametrize("name", ["bundle/policy.json", "bundle/trust-code.json"])
def test_an_altered_document_never_passes(made: Path, tmp_path: Path, name: str) -> None:
    document = json.loads((made / name).read_text())
    document["body"] = document["body"].replace("1", "2", 1)
    (tmp_path / "altered.json").write_text(json.dumps(document))
    result = inspect(tmp_path / "altered.json", *trust(made))
    assert result.exit_code == 3
    assert "DOES NOT HOLD" in result.output


@pytest.mark.parametrize("name", ["usage.xml", "bundle/policy.json", "bundle/sudi.cert.pem"])
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_file_that_was_cut_off_is_told_or_refused_by_name(
    made: Path, tmp_path: Path, name: str, part: float
) -> None:
    content = (made / name).read_bytes()
    cut = tmp_path / "cut"
    cut.write_bytes(content[: int(len(content) * part)])
    result = inspect(cut, *trust(made))
    if isinstance(result.exception, Problem):
        assert result.exception.code in TABLE
    else:
        assert result.exit_code == 3, "a damaged file is not sound"


def test_no_damage_escapes_unnamed(made: Path, tmp_path: Path) -> None:
    chance = random.Random(20270115)  # noqa: S311 -- damage that is the same each time
    content = (made / "usage.xml").read_bytes()
    damaged = tmp_path / "damaged.xml"
    for _ in range(60):
        changed = bytearray(content)
        for _ in range(chance.choice((1, 3, 30))):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        damaged.write_bytes(bytes(changed))
        result = inspect(damaged, *trust(made))
        assert result.exception is None or isinstance(result.exception, (Problem, SystemExit))
        assert result.exit_code in {0, 1, 3}


def test_nothing_that_is_inspected_is_changed(made: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(made / "bundle", tmp_path / "bundle"))
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    inspect(copy)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty", "", "truncated"),
        ("own.toml", "name = 'x'", "profile-invalid"),
        ("wrong.toml", "= =", "profile-invalid"),
        ("broken.pem", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n", "malformed"),
    ],
)
def test_what_is_no_file_of_the_system_is_refused_by_name(
    tmp_path: Path, name: str, content: str, code: str
) -> None:
    (tmp_path / name).write_text(content)
    problem = inspect(tmp_path / name).exception
    assert isinstance(problem, Problem)
    assert problem.code == code
    assert problem.kind.next_step
