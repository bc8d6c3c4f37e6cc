"""Sphinx extension: write the generated reference pages before the sources are read."""

import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]


def write_pages(app: Sphinx) -> None:
    """Write what is generated; a page whose text is as before keeps its time of change."""
    sys.path.insert(0, str(ROOT))
    from checks.docs_reference import pages  # noqa: PLC0415 - the path is set only just above

    folder = Path(app.srcdir) / "reference" / "generated"
    wanted = pages(ROOT)
    for old in folder.rglob("*.md"):
        if old.relative_to(folder).as_posix() not in wanted:
            old.unlink()
    for name, text in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension.

    Args:
        app: Sphinx.

    Returns:
        What Sphinx wants to know about an extension.
    """
    app.connect("builder-inited", write_pages, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
