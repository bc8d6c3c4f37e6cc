"""What the documentation tells its reader to type, look up or follow is there."""

import ast
import itertools
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from gauger import Folders, ProductInstance, profiles
from gauger.adapters.clock import SystemClock
from gauger.adapters.entropy import SystemEntropy
from gauger.cli.main import root
from gauger.core.problems import TABLE, Problem
from gauger.surfaces.console import pipes
from gauger.surfaces.console.commands import COMMANDS
from gauger.surfaces.console.grammar import Mode
from gauger.surfaces.console.language import Grammar
from gauger.tools.factory import FactoryOrder, MintOrder, init_factory, mint
from gauger.tools.workshop import Workshop
from tests.support.material import ROOT

_GENERATED = ROOT / "docs" / "reference" / "generated"
_PAGES = tuple(
    page.relative_to(ROOT).as_posix()
    for page in sorted(
        [
            *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
            *(ROOT / "docs").rglob("*.md"),
            *(ROOT / "spec").rglob("*.md"),
        ]
    )
    if not page.is_relative_to(_GENERATED)
)
_BLOCK = re.compile(r"^( *)```console\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_OPERATORS = re.compile(r"[()<>|;&]+")
_CONSOLE = re.compile(r"(?:no )?license smart\b|show license\b")
_PLACEHOLDERS = {"N": "1", "REPORT": "1", "DAYS": "1"}
_NAMED = re.compile(
    r"(?<!from )\b(gauger(?: (?:cssm|demo|factory|fsck|inspect|instance|trust|verify-receipt))"
    r"(?: [a-z][a-z-]*| --[a-z-]+| [A-Z]+)*)"
)
_GRAMMARS = [Grammar(COMMANDS, mode) for mode in Mode]
_EXEC, _CONFIG, _ = _GRAMMARS


@dataclass(frozen=True, slots=True)
class Typed:
    """A command line of a page.

    Attributes:
        words: Its words, from ``gauger`` on.
        is_whole: Whether it stands there to be typed; else it is a mention, perhaps in part.
    """

    words: tuple[str, ...]
    is_whole: bool


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def _typed(page: str) -> Iterator[Typed]:
    """Find the command lines of a page: in blocks behind ``$``, and in the running text."""
    for _, block in _BLOCK.findall(_text(page)):
        for words in _split(block):
            yield Typed(words, is_whole=True)
    for mention in _INLINE.findall(_text(page)):
        if mention.startswith("gauger "):
            words = mention.partition("…")[0].split()
            for choice in itertools.product(*(word.split("|") for word in words)):
                yield Typed(choice, is_whole=False)


def _split(block: str) -> Iterator[tuple[str, ...]]:
    """Split what is typed in a block into commands of ours, as a shell would."""
    for typed in re.findall(r"^\s*\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE):
        lexer = shlex.shlex(typed.replace("\\\n", " "), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if not _OPERATORS.fullmatch(word):
                words.append(word)
                continue
            if words[:1] == ["gauger"]:
                yield tuple(words)
            words = []


def _found(typed: Typed) -> tuple[click.Command, click.Context, list[str]]:
    """Return the command that is typed, its context, and what stands behind its name."""
    command: click.Command = root
    context = click.Context(root, info_name="gauger")
    rest = list(typed.words[1:])
    while isinstance(command, click.Group) and rest:
        name = rest.pop(0)
        child = command.get_command(context, name)
        if child is None:
            raise click.UsageError(f"there is no {name!r}", context)
        command, context = child, click.Context(child, info_name=name, parent=context)
    return command, context, rest


def _check(typed: Typed) -> None:
    """Refuse a command line that the program would not understand."""
    command, context, rest = _found(typed)
    if isinstance(command, click.Group):
        if typed.is_whole:
            raise click.UsageError("it names no sub-command", context)
        return
    if not typed.is_whole:
        command.make_parser(context).parse_args(rest)
        return
    made = command.make_context(context.info_name, rest, parent=context.parent)
    if typed.words[:2] == ("gauger", "instance") and made.info_name in {"exec", "config"}:
        _check_lines(made.params["line"], is_exec=made.info_name == "exec")


def _check_lines(words: Sequence[str], *, is_exec: bool) -> None:
    if is_exec or not any(" " in word for word in words):
        words = [" ".join(words)]
    for line in words:
        command, _ = pipes.split(line)
        (_EXEC if is_exec else _CONFIG).parse(command)


@pytest.mark.parametrize("page", _PAGES)
def test_every_command_line_is_one_that_the_program_has(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a page calls `usage.xml` is not here: whether a path exists does not matter.
    monkeypatch.setattr(click.Path, "convert", lambda _self, value, _param, _ctx: value)
    refused = []
    for typed in _typed(page):
        try:
            _check(typed)
        except click.UsageError as error:
            refused.append(f"{' '.join(typed.words)}: {error.format_message()}")
        except Problem as problem:
            refused.append(f"{' '.join(typed.words)}: {problem.detail}")
    assert not refused, "\n".join(refused)


@pytest.mark.parametrize("page", [page for page in _PAGES if "console-commands" not in page])
def test_every_console_command_is_in_the_grammar(page: str) -> None:
    unknown = [
        mention
        for mention in _INLINE.findall(_text(page))
        if _CONSOLE.match(mention) and "…" not in mention and not _is_known(mention)
    ]
    assert not unknown


def _is_known(mention: str) -> bool:
    """Whether a line is a console command, or the beginning of one."""
    words = [_PLACEHOLDERS.get(word, word) for word in mention.partition("|")[0].split()]
    for grammar in _GRAMMARS:
        try:
            grammar.parse(" ".join(words))
        except Problem as problem:
            if "% Incomplete command." in problem.detail:
                return True
        else:
            return True
    return False


@pytest.mark.parametrize("page", _PAGES)
def test_every_relative_link_leads_to_a_file(page: str) -> None:
    folder = (ROOT / page).parent
    targets = {target.partition("#")[0] for target in _LINK.findall(_text(page))}
    inside = {one for one in targets if one and "://" not in one and not one.startswith("mailto:")}
    assert not [one for one in sorted(inside) if not (folder / one).exists()]


def test_every_command_line_that_a_message_names_is_one() -> None:
    refused = []
    for module, named in _named():
        words = named.split()
        # The value of the last option was cut off.
        words += ["X"] * words[-1].startswith("--")
        try:
            _check(Typed(tuple(words), is_whole=False))
        except click.UsageError as error:
            refused.append(f"{module}: {named}: {error.format_message()}")
    assert not refused, "\n".join(refused)


def _named() -> Iterator[tuple[str, str]]:
    """Find the command lines in the texts of the program, each with its module."""
    for module in sorted((ROOT / "src" / "gauger").rglob("*.py")):
        for text in _strings(ast.parse(module.read_text(encoding="utf-8"))):
            yield from ((module.name, named) for named in _NAMED.findall(text))


def _strings(tree: ast.AST) -> Iterator[str]:
    """Find the texts of a module; what is put into one is a word in capitals."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "X" for part in node.values]
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize(
    "line",
    [
        "gauger cssm token new --acount example.com/DEFAULT",
        "gauger cssm token new",
        "gauger instance exec --data D show licence status",
        "gauger instance config --data D 'license smart transport smart' 'license smart url'",
        "gauger instance",
        "gauger instrument",
    ],
)
def test_a_wrong_command_line_would_be_found(line: str) -> None:
    with pytest.raises((click.UsageError, Problem)):
        _check(Typed(tuple(shlex.split(line)), is_whole=True))


def test_every_page_of_the_specification_is_on_its_map() -> None:
    linked = set(_LINK.findall(_text("spec/README.md")))
    pages = {path.name for path in (ROOT / "spec").glob("*.md")} - {"README.md"}
    assert pages <= linked


def test_every_code_that_a_how_to_explains_is_a_problem() -> None:
    rows = [
        row
        for page in _PAGES
        for table in re.findall(r"^\| it says \| do \|\n(?:\|.*\n)+", _text(page), re.MULTILINE)
        for row in table.splitlines()[2:]
    ]
    codes = {code for row in rows for code in _INLINE.findall(row.split("|")[1])}
    assert codes
    assert codes <= TABLE.keys()


@pytest.mark.parametrize(
    "term",
    """
    UDI, SUDI, RUM report, ACK, verdict, SLAC, policy, trust code, trust request, root set, signer,
    account information, purchase information, page head, Smart Account, Virtual Account, ID token,
    product instance, entitlement tag, CSSM, CSLU, On-Prem, incarnation, epoch, gap, case, ledger,
    unenforced, enforced, export-controlled, device bundle, profile, usage file, balance, shortage
    """.replace("\n", " ").split(","),
)
def test_the_glossary_explains(term: str) -> None:
    assert re.search(rf"^{re.escape(term.strip())}$", _text("docs/glossary.md"), re.MULTILINE)


def test_the_glossary_explains_what_the_tutorial_introduces() -> None:
    introduced = {
        " ".join(term.lower().split())
        for term in re.findall(r"\*\*([^*]+)\*\*", _text("docs/tutorial.md"))
    }
    explained = {line.lower() for line in _text("docs/glossary.md").splitlines()}
    assert introduced - {"vendor", "administrator", "operator"} <= explained


@pytest.fixture
def programs() -> list[str]:
    """The programs of the page on embedding, in order."""
    page = _text("docs/howto/embed-the-library.md")
    return re.findall(r"```python\n(.*?)```", page, re.DOTALL)


def _bundle(folder: Path, profile: str) -> Path:
    workshop = Workshop(SystemClock(), SystemEntropy())
    init_factory(folder / "factory", FactoryOrder(), workshop)
    order = MintOrder(profile=profiles.builtin(profile))
    mint(folder / "factory", folder / "bundle", order, workshop=workshop, signer=None)
    return folder / "bundle"


@pytest.mark.requirement("PI-11/library")
def test_the_programs_on_embedding_run(
    programs: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    served: list[str] = []
    known: dict[str, object] = {
        "serve_customers": lambda: served.append("served"),
        "encrypt": lambda: served.append("encrypted"),
    }
    data, bundle = tmp_path / "data", _bundle(tmp_path, "example-router")
    own, connected, refused = (
        program.replace("/var/lib/product/licensing", str(data)).replace(
            "/factory/bundle", str(bundle)
        )
        for program in programs[:3]
    )
    exec(own, known)  # noqa: S102 -- the page's own program
    with ProductInstance.open(data) as instance:
        exec(connected, known)  # noqa: S102 -- as above
        exec(refused, known | {"instance": instance})  # noqa: S102 -- as above
    assert served == ["served", "served"]
    assert "authorization code" in caplog.text


@pytest.mark.requirement("PI-11/library")
def test_the_program_on_access_points_runs(programs: list[str], tmp_path: Path) -> None:
    folders = Folders(bundle=_bundle(tmp_path, "c9800-cl"))
    joined = programs[3].splitlines()[0]
    with ProductInstance.open(tmp_path / "data", folders) as instance:
        exec(joined, {"instance": instance})  # noqa: S102 -- the page's own program
        assert instance.agent is not None
        assert {view.count for view in instance.agent.usage()} == {1}
        exec(programs[3], {"instance": instance})  # noqa: S102 -- as above
        assert {view.count for view in instance.agent.usage()} == {0}
