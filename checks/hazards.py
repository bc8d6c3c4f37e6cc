"""Find what no line of the product may do: unpickle, evaluate text, start a shell, assert.

Ruff knows most of these too, but a comment beside a line switches a rule off there. This check
reads the syntax tree and has no such comment: what it finds is taken out.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parent.parent

MODULES: Final = frozenset({"pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle"})
"""Modules that make objects of bytes: whoever writes the bytes runs code."""

CALLS: Final = frozenset(
    {
        "eval",
        "exec",
        "compile",
        "__import__",
        "yaml.load",
        "yaml.load_all",
        "yaml.unsafe_load",
        "yaml.full_load",
        "os.system",
        "os.popen",
        "tempfile.mktemp",
        "random.seed",
        "ssl._create_unverified_context",
    }
)
"""Calls that evaluate text, start a shell, or weaken what is relied on."""


def hazards(text: str) -> Iterator[tuple[int, str]]:
    """Find hazards in a module.

    Args:
        text: Its source.

    Yields:
        The line and what stands there.
    """
    tree = ast.parse(text)
    names = dict(_names(tree))
    for node in ast.walk(tree):
        found = _hazard(node, names)
        if found is not None:
            yield getattr(node, "lineno", 0), found


def _names(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield what each imported name stands for: ``from os import system as s`` hides nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                yield (
                    (one.asname or one.name.partition(".")[0]),
                    (one.name if one.asname else one.name.partition(".")[0]),
                )
        elif isinstance(node, ast.ImportFrom):
            for one in node.names:
                yield (one.asname or one.name), f"{node.module}.{one.name}"


def _hazard(node: ast.AST, names: dict[str, str]) -> str | None:
    if isinstance(node, ast.Assert):
        # Left out by `python -O`: what it guards would be guarded no more.
        return "assert"
    if isinstance(node, ast.Import | ast.ImportFrom):
        return _module(node)
    if isinstance(node, ast.Call):
        return _call(node, names)
    return None


def _module(node: ast.Import | ast.ImportFrom) -> str | None:
    imported = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    imported += [one.name for one in node.names] if isinstance(node, ast.Import) else []
    found = sorted(MODULES.intersection(one.partition(".")[0] for one in imported))
    return f"import {found[0]}" if found else None


def _call(node: ast.Call, names: dict[str, str]) -> str | None:
    head, _, rest = ast.unparse(node.func).partition(".")
    called = names.get(head, head) + (f".{rest}" if rest else "")
    if called.removeprefix("builtins.") in CALLS:
        return called
    for word in node.keywords:
        if word.arg == "shell" and not _is_false(word.value):
            return "shell=True"
    return None


def _is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


def scan(folder: Path) -> list[str]:
    """Find the hazards of every module below a folder, as lines ``path:line what``."""
    return [
        f"{path.relative_to(folder)}:{line} {what}"
        for path in sorted(folder.rglob("*.py"))
        for line, what in hazards(path.read_text(encoding="utf-8"))
    ]


def main() -> None:
    """Scan the product; exit with 1 where anything is found."""
    found = scan(ROOT / "src")
    if found:
        sys.exit("\n".join(["hazards: these lines must go", *found]))
    print("hazards: none")


if __name__ == "__main__":
    main()
