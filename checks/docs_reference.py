"""Reference pages that are generated from the program, so that they cannot drift from it.

Problem codes come from the problem table, the command reference from the click commands, the
configuration keys from the settings themselves, the format pages from ``spec/``. The Sphinx
extension ``docs/_ext/generated_reference.py`` writes them at every build.
"""

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import click

ROOT = Path(__file__).resolve().parent.parent


def cell(text: str) -> str:
    """Write a text as one cell of a Markdown table."""
    return " ".join(text.replace("|", r"\|").split())


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table.

    Args:
        head: Titles of the columns.
        rows: Cells by row.

    Returns:
        The table, with a line end after each row.
    """
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell(text) for text in line)} |\n" for line in lines)


def module_or_none(name: str) -> ModuleType | None:
    """Import a module of the project if it is there; its own failing imports are not hidden.

    Args:
        name: The module.

    Returns:
        The module; None where no such module exists.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            return None
        raise


def problem_page() -> str:
    """Write the page of problem codes.

    Returns:
        Markdown: a table of all codes with HTTP status and exit code.
    """
    problems = importlib.import_module("gauger.core.problems")
    http = module_or_none("gauger.surfaces.http.problems")
    root = module_or_none("gauger.cli.main")
    statuses: Mapping[str, int] = http.STATUS if http else {}
    exits: Mapping[object, int] = root.EXIT_CODES if root else {}
    rows = [
        (
            f"`{code}`",
            kind.title,
            kind.fault,
            kind.retry,
            str(statuses.get(code, "")),
            str(exits.get(kind.fault, "")),
            kind.next_step,
        )
        for code, kind in sorted(problems.TABLE.items())
    ]
    head = ("Code", "What is wrong", "Fault", "Retry", "HTTP", "Exit", "What to do")
    return (
        "# Problem codes\n\n"
        "Every refusal has one of these codes, the same in every protocol. *Fault* says where the\n"
        "cause lies, *Retry* whether the same request may succeed another time.\n\n"
        f"{table(head, rows)}"
    )


def commands_of(
    command: click.Command, path: tuple[str, ...], context: click.Context | None = None
) -> Iterator[tuple[tuple[str, ...], click.Context]]:
    """Walk a command and all below it.

    Args:
        command: Where to begin.
        path: Its name, with those above it.
        context: The context of the command above.

    Yields:
        Names from the root on, and the command's context. A sub-command whose module is not there
        is left out.
    """
    here = click.Context(command, info_name=path[-1], parent=context)
    yield path, here
    if not isinstance(command, click.Group):
        return
    for name in command.list_commands(here):
        try:
            child = command.get_command(here, name)
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith("gauger.cli."):
                raise
            continue
        if child is not None and not child.hidden:
            yield from commands_of(child, (*path, name), here)


def command_section(path: Sequence[str], context: click.Context) -> str:
    """Write the section of one command.

    Args:
        path: Its names from the root on.
        context: Its context.

    Returns:
        Markdown: heading, help, usage, parameters.
    """
    command = context.command
    rows: list[tuple[str, str]] = []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in parameter.opts:
            rows.append((f"`{record[0]}`", record[1]))
    usage = command.get_usage(context).removeprefix("Usage: ")
    text = (command.help or command.short_help or "").replace("\b", "").strip()
    level = "#" * min(len(path) + 1, 4)
    parts = [f"{level} {' '.join(path)}", text, f"```text\n{usage}\n```"]
    if rows:
        parts.append(table(("Option", "Meaning"), rows))
    return "\n\n".join(part for part in parts if part)


def cli_page() -> str:
    """Write the command reference.

    Returns:
        Markdown: one section for each command.
    """
    main = importlib.import_module("gauger.cli.main")
    root: click.Command = main.root
    sections = [command_section(path, context) for path, context in commands_of(root, ("gauger",))]
    exits = [(str(code), f"{fault} at fault") for fault, code in main.EXIT_CODES.items()]
    codes = table(("Exit code", "Meaning"), [("0", "success"), ("1", "any other error"), *exits])
    return "\n\n".join(["# Commands", codes, *sections]) + "\n"


def cssm_settings() -> str:
    """Write the settings of the portal, or nothing where it is not there."""
    config = module_or_none("gauger.cssm.config")
    if config is None:
        return ""
    rows = [
        (f"`[{one.section}] {one.name}`", f"`{one.default}`", one.unit, one.meaning)
        for one in config.describe()
    ]
    head = ("Setting", "Default", "Unit", "Meaning")
    return f"## CSSM\n\nIn `{config.FILE_NAME}` of the data folder.\n\n{table(head, rows)}"


def instance_settings() -> str:
    """Write the configuration lines of a product instance, or nothing where it is not there."""
    config = module_or_none("gauger.instance.config")
    if config is None:
        return ""
    settings = importlib.import_module("gauger.instance.settings")
    meanings = dict(attributes_of(config.Configuration.__doc__ or ""))
    rows = []
    for key, setting in settings.SETTINGS.items():
        # A line such as `privacy all` stands for several others, and has no field of its own.
        for field in setting.fields[:1]:
            value = getattr(config.DEFAULTS, field)
            default = "" if value in (None, "", ()) else f"`{value}`"
            rows.append((f"`{key.line}`", default, meanings[field]))
    head = ("Line", "Default", "Meaning")
    intro = "Lines of `configure terminal`; `no` before a line restores its default."
    return f"## Product instance\n\n{intro}\n\n{table(head, rows)}"


def attributes_of(docstring: str) -> Iterator[tuple[str, str]]:
    """Read the section ``Attributes`` of a docstring.

    Args:
        docstring: As written.

    Yields:
        Name and description of each attribute, Markdown in the place of double backticks.
    """
    section = docstring.partition("Attributes:")[2]
    for match in re.finditer(r"^ {8}(\w+): (.+(?:\n {12,}.+)*)", section, re.MULTILINE):
        yield match[1], match[2].replace("``", "`")


def configuration_page() -> str:
    """Write the page of configuration keys.

    Returns:
        Markdown: a section for each role that has settings.
    """
    sections = [part for part in (instance_settings(), cssm_settings()) if part]
    return "\n\n".join(["# Configuration", *sections]) + "\n"


def spec_pages(folder: Path) -> dict[str, str]:
    """Take in the pages of the specification, their links to other files turned into plain text.

    Args:
        folder: The folder ``spec/``.

    Returns:
        Text by path below ``spec/``; empty where there is no specification.
    """
    pages = sorted(folder.rglob("*.md"))
    return {
        path.relative_to(folder).as_posix(): plain_links(path.read_text(encoding="utf-8"))
        for path in pages
    }


def plain_links(text: str) -> str:
    """Turn links to anything but a page beside it, a heading or the web into plain text."""

    def keep(match: re.Match[str]) -> str:
        target = match[2].partition("#")[0]
        beside = target.endswith(".md") and "../" not in target
        return match[0] if beside or not target or "://" in target else match[1]

    return re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)", keep, text)


def formats_page(names: Iterable[str]) -> str:
    """Write the page that leads to the specification's pages.

    Args:
        names: Their paths below ``spec/``.

    Returns:
        Markdown with a table of contents, where there is anything to list.
    """
    entries = [f"spec/{name.removesuffix('.md')}" for name in sorted(names)]
    intro = "# File and message formats\n\nThe specification, `spec/` of the project.\n"
    return f"{intro}\n```{{toctree}}\n{chr(10).join(entries)}\n```\n" if entries else intro


def pages(root: Path = ROOT) -> dict[str, str]:
    """Write every generated page.

    Args:
        root: The project's folder.

    Returns:
        Text by path below ``docs/reference/generated/``.
    """
    spec = spec_pages(root / "spec")
    found = {
        "problems.md": problem_page(),
        "cli.md": cli_page(),
        "configuration.md": configuration_page(),
        "formats.md": formats_page(spec),
    }
    return found | {f"spec/{name}": text for name, text in spec.items()}
