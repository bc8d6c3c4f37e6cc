"""Gauger, an open implementation of Smart Licensing Using Policy.

A product embeds it in a few lines::

    from gauger import Folders, ProductInstance

    folders = Folders(bundle=Path("/factory/bundle"))
    with ProductInstance.open("/var/lib/product/licensing", folders) as instance:
        with instance.use("network-advantage"):
            ...

Importing this package is cheap: what the names below need is loaded when they are first used.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gauger.core.problems import Problem
    from gauger.instance.meter import NotAuthorized
    from gauger.library import Folders, ProductInstance

__all__ = ["Folders", "NotAuthorized", "Problem", "ProductInstance"]

_WHERE = {
    "Folders": "gauger.library",
    "NotAuthorized": "gauger.instance.meter",
    "Problem": "gauger.core.problems",
    "ProductInstance": "gauger.library",
}


def __getattr__(name: str) -> object:
    """Load a public name on first use."""
    # As any module: `hasattr` and debuggers ask for names that are not there.
    if name not in _WHERE:
        message = f"module 'gauger' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(_WHERE[name]), name)
