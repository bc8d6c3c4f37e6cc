"""Allow-lists of imports, which import-linter has no contract for.

The core stays pure because it cannot reach anything impure: it may import a short list of the
standard library and itself, and the crypto library in one module. Adapters know the core and the
ports that they fill, never the roles that use them.
"""

import ast
import dataclasses
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Types, values, arithmetic and bytes: nothing here reads a clock, a file, a socket or randomness.
PURE = frozenset({
    "abc", "base64", "binascii", "bisect", "collections", "dataclasses", "datetime", "enum",
    "functools", "hashlib", "heapq", "hmac", "itertools", "json", "math", "re", "struct", "types",
    "typing",
})  # fmt: skip
# Impure corners of modules that are otherwise pure.
IMPURE_CALLS = frozenset({
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now",
    "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "hashlib.file_digest",
})  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What the modules of a package may import.

    Attributes:
        package: The package, with all below it.
        allowed: Modules that may be imported, with all below them; ``*`` stands for one name.
        own_tree: Whether only imports of the project itself are judged.
        forbidden_calls: Dotted names that may not be called.
    """

    package: str
    allowed: frozenset[str]
    own_tree: bool = False
    forbidden_calls: frozenset[str] = frozenset()


# The first rule whose package holds the module is the one that counts: exceptions stand first.
RULES = (
    Rule(
        package="gauger.core.documents.keyring",
        allowed=PURE | {"gauger.core", "cryptography", "warnings"},
        forbidden_calls=IMPURE_CALLS,
    ),
    Rule(
        package="gauger.core.documents",
        allowed=PURE | {"gauger.core", "xml.parsers.expat"},
        forbidden_calls=IMPURE_CALLS,
    ),
    Rule(package="gauger.core", allowed=PURE | {"gauger.core"}, forbidden_calls=IMPURE_CALLS),
    Rule(
        package="gauger.adapters",
        allowed=frozenset({"gauger.core", "gauger.adapters", "gauger.outbox", "gauger.*.ports"}),
        own_tree=True,
    ),
)


def module_name(path: Path, source: Path) -> str:
    """Return the dotted name of a module.

    Args:
        path: The module's file.
        source: The folder that is on the import path.

    Returns:
        For example ``gauger.core.identity``; a package without its ``__init__``.
    """
    parts = list(path.relative_to(source).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def rule_for(module: str, rules: Iterable[Rule] = RULES) -> Rule | None:
    """Return the rule that a module is under, if any."""
    return next((rule for rule in rules if _holds(rule.package, module)), None)


def _holds(package: str, module: str) -> bool:
    """Tell whether a module is the package or lies below it; ``*`` matches one name."""
    wanted, given = package.split("."), module.split(".")
    if len(given) < len(wanted):
        return False
    return all(a in {"*", b} for a, b in zip(wanted, given, strict=False))


def imports_of(tree: ast.Module, module: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """Find what a module imports, inside functions too.

    Args:
        tree: The module's syntax.
        module: Its dotted name, for relative imports.
        is_package: Whether it is a package's ``__init__``.

    Yields:
        Line and dotted name; ``from a import b`` gives ``a.b``.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module, is_package=is_package)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def _absolute(node: ast.ImportFrom, module: str, *, is_package: bool) -> str:
    """Resolve the module that an import names, a relative one too."""
    if node.level == 0:
        return node.module or ""
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + is_package]
    return ".".join([*kept, node.module] if node.module else kept)


def calls_of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Find what a module calls by a plain dotted name.

    Args:
        tree: The module's syntax.

    Yields:
        Line and dotted name.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.lineno, ast.unparse(node.func)


def violations(path: Path, source: Path, rules: Iterable[Rule] = RULES) -> list[str]:
    """Judge one module.

    Args:
        path: The module's file.
        source: The folder that is on the import path.
        rules: The allow-lists.

    Returns:
        One line for each import or call that is not allowed.
    """
    module = module_name(path, source)
    rule = rule_for(module, rules)
    if rule is None:
        return []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = []
    for line, name in imports_of(tree, module, is_package=path.stem == "__init__"):
        foreign = rule.own_tree and not name.startswith("gauger.")
        if not foreign and not any(_holds(allowed, name) for allowed in rule.allowed):
            found.append(
                f"{path.relative_to(source.parent)}:{line}: {module} may not import {name}"
            )
    found += [
        f"{path.relative_to(source.parent)}:{line}: {module} may not call {name}()"
        for line, name in calls_of(tree)
        if name in rule.forbidden_calls
    ]
    return found


def main() -> None:
    """Judge every module below ``src``; exit with 1 where one breaks a rule."""
    source = ROOT / "src"
    found = [line for path in sorted(source.rglob("*.py")) for line in violations(path, source)]
    for line in found:
        print(line)
    if found:
        sys.exit(1)
    print("import rules: the core is pure, adapters see only the core and ports")


if __name__ == "__main__":
    main()
