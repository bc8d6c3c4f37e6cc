"""A command group whose sub-commands are imported only when they are called."""

import importlib
from collections.abc import Mapping

import click


class LazyGroup(click.Group):
    """A group that knows its sub-commands by name and help line: start-up stays short."""

    def __init__(self, *, commands_at: Mapping[str, tuple[str, str]], **attributes: object) -> None:
        """Name the sub-commands.

        Args:
            commands_at: Name to (``module:attribute``, help line), in the order of the help.
            **attributes: As `click.Group` takes them.
        """
        super().__init__(**attributes)  # type: ignore[arg-type]  # click's own keywords, handed on as they came
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all sub-commands."""
        del ctx
        return list(self._commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one sub-command and return it."""
        del ctx
        # None, and click itself names what there is instead.
        if cmd_name not in self._commands_at:
            return None
        module, _, attribute = self._commands_at[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of sub-commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, row[1]) for name, row in self._commands_at.items()])
