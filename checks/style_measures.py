"""What can be measured of Python source without running it: sizes, complexity, names, comments.

A line of code is a line that holds code: no blank line, no comment, no docstring.
"""

import ast
import dataclasses
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BRANCHES = (
    ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.IfExp, ast.comprehension,
    ast.match_case, ast.Assert,
)  # fmt: skip
BLOCKS = (
    ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar,
    ast.Match,
)  # fmt: skip
NOT_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER, tokenize.ENCODING,
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment and where it stands."""

    line: int
    text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FunctionFigures:
    """The figures of one function or method.

    Attributes:
        name: Its name, with those of the classes and functions around it.
        line: Where it begins.
        size: Lines of code.
        complexity: Cyclomatic complexity, nested functions apart.
        nesting: Depth of blocks within blocks.
        positional: Parameters that may be given by position, without self or cls.
        parameters: All parameters, without self or cls.
        unannotated: Parameters without annotation; ``return`` for a missing result type.
        is_stub: Whether nothing is done in it.
    """

    name: str
    line: int
    size: int
    complexity: int
    nesting: int
    positional: int
    parameters: int
    unannotated: tuple[str, ...]
    is_stub: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BroadExcept:
    """A handler that catches everything, and whether what it caught is lost."""

    line: int
    swallows: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModuleFigures:
    """The figures of one file.

    Attributes:
        path: The file, relative to the project's folder.
        size: Lines of code.
        comments: Its comments.
        functions: Its functions and methods.
        broad_excepts: Its handlers of everything.
        public: How many public names it has, itself included.
        undocumented: Those without a docstring, as ``line name``.
        any_lines: Lines that name ``Any``.
    """

    path: str
    size: int
    comments: tuple[Comment, ...]
    functions: tuple[FunctionFigures, ...]
    broad_excepts: tuple[BroadExcept, ...]
    public: int
    undocumented: tuple[str, ...]
    any_lines: tuple[int, ...]


def code_lines(source: str, tree: ast.Module) -> set[int]:
    """Return the numbers of the lines that hold code.

    Args:
        source: The file's text.
        tree: Its syntax.

    Returns:
        Line numbers, from 1.
    """
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NOT_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, *FUNCTIONS)) and _docstring(node):
            first = node.body[0]
            lines.difference_update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return lines


def _docstring(node: ast.Module | ast.ClassDef | FunctionNode) -> str | None:
    """Return the docstring as written."""
    return ast.get_docstring(node, clean=False)


def complexity(function: ast.AST) -> int:
    """Return the cyclomatic complexity of a function; nested functions do not count."""
    total, waiting = 1, list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            continue
        total += isinstance(node, BRANCHES)
        total += len(node.values) - 1 if isinstance(node, ast.BoolOp) else 0
        waiting.extend(ast.iter_child_nodes(node))
    return total


def nesting(node: ast.AST) -> int:
    """Return the deepest run of blocks within blocks; an elif is no level of its own."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, nesting(child) + (isinstance(child, BLOCKS) and not is_elif))
    return deepest


def is_stub(function: FunctionNode) -> bool:
    """Tell whether nothing is done in a function: pass, dots, or NotImplementedError."""
    body = function.body[1:] if _docstring(function) is not None else function.body
    return bool(body) and all(_does_nothing(statement) for statement in body)


def _does_nothing(statement: ast.stmt) -> bool:
    """Tell whether a statement is pass, dots, or raises NotImplementedError."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return statement.value.value is Ellipsis
    if isinstance(statement, ast.Raise) and statement.exc is not None:
        return "NotImplemented" in ast.dump(statement.exc)
    return isinstance(statement, ast.Pass)


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler catches everything."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {kind.id for kind in kinds if isinstance(kind, ast.Name)}
    return handler.type is None or bool(names & {"Exception", "BaseException"})


def swallows(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler neither raises nor uses what it caught."""
    if any(isinstance(node, ast.Raise) for node in ast.walk(handler)):
        return False
    used = {node.id for node in ast.walk(handler) if isinstance(node, ast.Name)}
    return handler.name is None or handler.name not in used


def comments_of(source: str) -> tuple[Comment, ...]:
    """Return every comment of a file; text in strings is none."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return tuple(
        Comment(line=token.start[0], text=token.string)
        for token in tokens
        if token.type == tokenize.COMMENT
    )


def _definitions(
    node: ast.AST, outer: tuple[ast.AST, ...] = ()
) -> Iterator[tuple[ast.ClassDef | FunctionNode, tuple[ast.AST, ...]]]:
    """Walk all classes and functions, each with the definitions around it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.ClassDef, *FUNCTIONS)):
            yield child, outer
            yield from _definitions(child, (*outer, child))
        else:
            yield from _definitions(child, outer)


def _dotted(node: ast.ClassDef | FunctionNode, outer: Sequence[ast.AST]) -> str:
    """Name a definition with those around it."""
    around = [each.name for each in outer if isinstance(each, (ast.ClassDef, *FUNCTIONS))]
    return ".".join([*around, node.name])


def _is_declaration(function: FunctionNode, outer: Sequence[ast.AST]) -> bool:
    """Tell whether a function only declares: a Protocol's member, or one under a decorator."""
    holder = outer[-1] if outer else None
    in_protocol = isinstance(holder, ast.ClassDef) and any(
        re.search(r"\bProtocol\b", ast.unparse(base)) for base in holder.bases
    )
    return in_protocol or bool(function.decorator_list)


def _function_figures(
    function: FunctionNode, outer: Sequence[ast.AST], lines: set[int]
) -> FunctionFigures:
    """Measure one function."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    if positional and positional[0].arg in {"self", "cls"}:
        del positional[0]
    extra = [given for given in (arguments.vararg, arguments.kwarg) if given is not None]
    named = [*positional, *arguments.kwonlyargs]
    missing = [given.arg for given in [*named, *extra] if given.annotation is None]
    if function.returns is None:
        missing.append("return")
    span = range(function.lineno, (function.end_lineno or function.lineno) + 1)
    return FunctionFigures(
        name=_dotted(function, outer),
        line=function.lineno,
        size=sum(1 for number in span if number in lines),
        complexity=complexity(function),
        nesting=nesting(function),
        positional=len(positional),
        parameters=len(named),
        unannotated=tuple(missing),
        is_stub=is_stub(function) and not _is_declaration(function, outer),
    )


def _is_public(node: ast.ClassDef | FunctionNode, outer: Sequence[ast.AST]) -> bool:
    """Tell whether others may use a definition: no leading underscore on it or around it."""
    if any(isinstance(each, FUNCTIONS) for each in outer):
        return False
    return not any(part.startswith("_") for part in _dotted(node, outer).split("."))


def measure(path: str, source: str) -> ModuleFigures:
    """Measure one file.

    Args:
        path: The file, relative to the project's folder; only named in the result.
        source: Its text.

    Returns:
        Its figures.

    Raises:
        SyntaxError: The text is no Python.
    """
    tree = ast.parse(source)
    lines = code_lines(source, tree)
    definitions = list(_definitions(tree))
    public = [(node, outer) for node, outer in definitions if _is_public(node, outer)]
    bare = [f"{n.lineno} {_dotted(n, o)}" for n, o in public if not _docstring(n)]
    if lines and not _docstring(tree):
        bare.insert(0, "1 the module")
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    return ModuleFigures(
        path=path,
        size=len(lines),
        comments=comments_of(source),
        functions=tuple(
            _function_figures(node, outer, lines)
            for node, outer in definitions
            if isinstance(node, FUNCTIONS)
        ),
        broad_excepts=tuple(
            BroadExcept(line=handler.lineno, swallows=swallows(handler))
            for handler in handlers
            if is_broad(handler)
        ),
        public=len(public) + 1,
        undocumented=tuple(bare),
        any_lines=tuple(
            node.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and node.id == "Any"
        ),
    )


def measure_tree(root: Path, folder: str) -> list[ModuleFigures]:
    """Measure every Python file below a folder.

    Args:
        root: The project's folder.
        folder: The folder to measure, relative to it.

    Returns:
        Figures of each file, by path.
    """
    return [
        measure(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted((root / folder).rglob("*.py"))
    ]
