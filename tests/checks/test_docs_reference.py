"""The generated reference pages hold what the program holds."""

from pathlib import Path

import click
import pytest

from checks import docs_reference
from gauger.core.problems import TABLE


def test_every_problem_code_is_on_its_page() -> None:
    page = docs_reference.problem_page()
    assert all(f"| `{code}` |" in page for code in TABLE)


def test_a_cell_stays_in_its_row() -> None:
    assert docs_reference.table(("a",), [("x | y\nz",)]) == "| a |\n| --- |\n| x \\| y z |\n"


def test_commands_are_walked_with_their_options() -> None:
    @click.group(help="Root.")
    def root() -> None:
        pass

    @root.command(help="Leaf.")
    @click.option("--data", help="The folder.")
    def leaf(data: str) -> None:
        del data

    found = list(docs_reference.commands_of(root, ("tool",)))
    assert [path for path, _ in found] == [("tool",), ("tool", "leaf")]
    section = docs_reference.command_section(*found[1])
    assert section.startswith("### tool leaf\n\nLeaf.\n\n```text\ntool leaf [OPTIONS]\n```")
    assert "| `--data TEXT` | The folder. |" in section


def test_an_absent_module_is_told_from_a_broken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert docs_reference.module_or_none("gauger.no_such_role.config") is None
    (tmp_path / "broken_settings.py").write_text("import no_such_library\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        docs_reference.module_or_none("broken_settings")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("[page](usage.md)", "[page](usage.md)"),
        ("[page](usage.md#total)", "[page](usage.md#total)"),
        ("[here](#total)", "[here](#total)"),
        ("[rfc](https://www.rfc-editor.org/rfc/rfc9162)", None),
        ("[schema](schemas/ack.json)", "schema"),
        ("[docs](../docs/index.md)", "docs"),
    ],
)
def test_links_out_of_the_specification_become_text(text: str, plain: str | None) -> None:
    assert docs_reference.plain_links(text) == (plain or text)


def test_pages_of_the_specification_are_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for page in ("problem_page", "cli_page", "configuration_page"):
        monkeypatch.setattr(docs_reference, page, str)  # made of the program; shown elsewhere
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "usage.md").write_text("# Usage\n", encoding="utf-8")
    pages = docs_reference.pages(tmp_path)
    assert pages["spec/usage.md"] == "# Usage\n"
    assert "\nspec/usage\n" in pages["formats.md"]


def test_attributes_are_read_from_a_docstring() -> None:
    text = "Settings.\n\n    Attributes:\n        url: The ``URL``,\n            or none.\n        n: A number.\n"
    assert [
        (name, " ".join(value.split())) for name, value in docs_reference.attributes_of(text)
    ] == [
        ("url", "The `URL`, or none."),
        ("n", "A number."),
    ]
