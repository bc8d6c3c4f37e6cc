"""No line of the product unpickles, evaluates text, starts a shell, or asserts."""

from pathlib import Path

import pytest

from checks import hazards

ROOT = Path(hazards.ROOT)


@pytest.mark.threat("J3")
def test_the_product_has_none() -> None:
    assert hazards.scan(ROOT / "src") == []
    assert len(list((ROOT / "src").rglob("*.py"))) > 200


@pytest.mark.threat("J3")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import pickle", "import pickle"),
        ("from pickle import loads as read", "import pickle"),
        ("import marshal as m", "import marshal"),
        ("eval('1')", "eval"),
        ("import builtins\nbuiltins.eval('1')", "builtins.eval"),
        ("exec(text)", "exec"),
        ("import yaml\nyaml.load(text)", "yaml.load"),
        ("import yaml as y\ny.load(text, y.Loader)", "yaml.load"),
        ("from yaml import load as read\nread(text)", "yaml.load"),
        ("import os\nos.system('ls')", "os.system"),
        ("from os import popen as p\np('ls')", "os.popen"),
        ("import subprocess\nsubprocess.run('ls', shell=True)", "shell=True"),
        ("run('ls', shell=flag)", "shell=True"),
        ("def f(x):\n    assert x.is_admin", "assert"),
    ],
)
def test_each_is_found_however_it_is_written(text: str, found: str) -> None:
    assert [what for _, what in hazards.hazards(text)] == [found]


@pytest.mark.parametrize(
    "text",
    [
        "import yaml\nyaml.safe_load(text)",
        "import re\nre.compile('a')",
        "run(['ls'], shell=False)",
        "db.execute('SELECT 1')",
        "from json import load\nload(file)",
    ],
)
def test_what_is_harmless_is_left_alone(text: str) -> None:
    assert list(hazards.hazards(text)) == []


@pytest.mark.threat("J3")
def test_one_line_ends_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "bad.py").write_text("x = 1\neval('x')\n")
    monkeypatch.setattr(hazards, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match=r"bad\.py:2 eval"):
        hazards.main()
