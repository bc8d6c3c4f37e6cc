"""`gauger cssm`: run and administer the central portal."""

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import click

_HERE: Final = __name__

COMMANDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "init": ("host:init", "Make a portal's data folder."),
        "serve": ("serve:serve", "Serve a portal until it is stopped."),
        "admin": ("host:admin", "Recover the administrator's access, on the host."),
        "backup": ("host:backup", "Copy a portal's ledger while it works."),
        "restore": ("host:restore", "Make a portal from a backup; opens a new epoch."),
        "run-example": ("example:run_example", "Serve a portal with example data."),
        "account": ("accounts:account", "Smart Accounts."),
        "virtual-account": ("accounts:virtual_account", "Virtual Accounts and their options."),
        "order": ("accounts:order", "Orders that deposit licences."),
        "balance": ("accounts:balance", "Purchased, in use and balance."),
        "token": ("tokens:token", "ID tokens."),
        "policy": ("policies:policy", "Reporting policies."),
        "instance": ("instances:instance", "Product instances."),
        "report": ("reports:report", "Reports and their verdicts."),
        "case": ("reports:case", "Quarantine cases."),
        "gap": ("reports:gap", "Missing reports."),
        "usage": ("usage:usage", "Usage files: upload, verdicts, ACK file."),
        "event": ("events:event", "The event log."),
        "ledger": ("events:ledger", "Heads and proofs of the ledger."),
        "trust": ("trust:trust", "Root sets and manufacturers."),
        "user": ("people:user", "Users and their roles."),
        "client": ("people:client", "API clients and their roles."),
    }
)
"""Sub-command to (module:attribute, help line)."""


class _LazyGroup(click.Group):
    """A group whose sub-commands are imported on first use: start-up stays short."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all sub-commands."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one sub-command and return it."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(f"{_HERE}.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of sub-commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, row[1]) for name, row in COMMANDS.items()])


@click.group(cls=_LazyGroup)
def cssm() -> None:
    """Run and administer the central portal."""
