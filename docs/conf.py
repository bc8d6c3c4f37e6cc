"""Sphinx configuration; `make docs` builds, and a warning is an error."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "Gauger"
author = "the Gauger authors"
copyright = author

extensions = ["generated_reference", "myst_parser"]
exclude_patterns = ["_build", "_ext", "Thumbs.db"]
myst_enable_extensions = ["deflist", "fieldlist"]
myst_heading_anchors = 4
nitpicky = True

html_theme = "furo"
html_title = "Gauger"
# The reader's browser asks nobody else for anything.
html_use_opensearch = ""
html_show_sphinx = False
