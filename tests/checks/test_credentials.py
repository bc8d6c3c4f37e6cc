"""No credential stands in the product: what proves who somebody is, is made at random."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks import hazards

SOURCE = Path(hazards.ROOT) / "src"
SECRET = re.compile(
    r"(^|[_.])(password|passwd|secret|credential|apikey|api_key|private_key)$", re.IGNORECASE
)
NAMES = frozenset(
    {"administrator.secret", "secret", "password", "client_secret", "client-secret"}
    | {"enable secret", "Password: "}
)
"""Texts that name a file, field or command that holds one, or ask for one, and are none."""
PEM = "PRIVATE KEY-----"


def credentials(text: str) -> Iterator[str]:
    """Yield each constant text that something named like a secret is given."""
    for node in ast.walk(ast.parse(text)):
        for name, value in _given(node):
            if (
                SECRET.search(name)
                and isinstance(value, ast.Constant)
                and isinstance(value.value, str | bytes)
                and value.value
                and value.value not in NAMES
            ):
                yield f"{name} = {value.value!r}"


def _given(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(node, ast.Assign):
        yield from ((ast.unparse(target), node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign):
        yield ast.unparse(node.target), node.value
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.arg, node.value
    elif isinstance(node, ast.arguments):
        given = [*node.posonlyargs, *node.args]
        yield from zip((one.arg for one in given[::-1]), node.defaults[::-1], strict=False)
        yield from zip((one.arg for one in node.kwonlyargs), node.kw_defaults, strict=True)


@pytest.mark.threat("F8", role="cssm")
@pytest.mark.threat("F8", role="instance")
def test_no_credential_stands_in_the_product() -> None:
    found = {
        f"{path.relative_to(SOURCE)}: {one}"
        for path in SOURCE.rglob("*.py")
        for one in credentials(path.read_text(encoding="utf-8"))
    }
    assert found == set()


@pytest.mark.threat("F8", role="cssm")
def test_no_private_key_lies_in_the_product() -> None:
    files = [path for path in SOURCE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    lying = [path for path in files if b"-----BEGIN " in path.read_bytes()]
    assert [path for path in lying if PEM.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    "text",
    [
        "PASSWORD = 'admin'",
        "login(client_secret='x')",
        "def f(*, password='x'): ...",
        "a.secret: str = 'x'",
    ],
)
def test_one_would_be_found(text: str) -> None:
    assert len(list(credentials(text))) == 1
