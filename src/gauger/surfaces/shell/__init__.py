"""The shell of a product instance: bytes of a terminal in, bytes out, whatever carries them."""

from gauger.surfaces.console.terminal import Terminal
from gauger.surfaces.shell.shell import Shell
from gauger.surfaces.shell.visitor import Visitor

__all__ = ["Shell", "Terminal", "Visitor"]
