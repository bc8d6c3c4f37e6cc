"""The portal's settings: defaults, file, options, and refusals by name."""

from pathlib import Path

import pytest

from gauger.core.problems import Problem
from gauger.cssm.config import FILE_NAME, CssmConfig, describe, load_config, template


def test_without_a_file_every_setting_has_its_default(tmp_path: Path) -> None:
    assert load_config(tmp_path) == CssmConfig()


def test_a_file_sets_what_it_names_and_options_go_before_it(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("[server]\nport = 1\nanswer_seconds = 0\n", encoding="utf-8")
    config = load_config(tmp_path, {"server": {"port": 2}, "guarding": {"failures": 3}})
    assert config.server.port == 2
    assert config.server.answer_seconds == 0
    assert config.guarding.failures == 3
    assert config.limits == CssmConfig().limits


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[nowhere]\nx = 1", "no section [nowhere]"),
        ("server = 1", "no section [server]"),
        ("[server]\nprot = 1", "no setting 'prot'"),
        ("[server]\nport = 'x'", "whole number of TCP port"),
        ("[server]\nport = true", "whole number"),
        ("[server]\nport = -1", "at least 0"),
        ("[server]\nport = 65536", "at most 65535"),
        ("[server]\nhost = 5", "must be a text"),
        ("[server]\nanswer_seconds = inf", "at least 0"),
        ("[server]\nanswer_seconds = nan", "at least 0"),
        ("[server]\nanswer_seconds = 'x'", "must be a number of seconds"),
        ("[server", "cannot be read"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(Problem, match="invalid-argument") as caught:
        load_config(tmp_path)
    assert says in caught.value.detail


def test_every_setting_is_described() -> None:
    rows = list(describe())
    assert len({(row.section, row.name) for row in rows}) == len(rows)
    assert all(row.unit and row.meaning.endswith((".", "429", "503")) for row in rows)


def test_the_caps_are_those_of_the_specification() -> None:
    limits = CssmConfig().limits
    assert limits.report_bytes == 256 * 1024
    assert limits.upload_bytes == 2 * 1024**3
    assert limits.upload_entries == 400_000


def test_the_template_says_every_setting_and_changes_none(tmp_path: Path) -> None:
    text = template()
    assert all(f"# {row.name} = " in text for row in describe())
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    assert load_config(tmp_path) == CssmConfig()


def test_a_section_that_is_no_table_is_refused_even_where_an_option_sets_it(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("server = 1", encoding="utf-8")
    with pytest.raises(Problem, match="no section"):
        load_config(tmp_path, {"server": {"port": 2}})
