"""`gauger cssm`: run and administer the central portal."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import click

from gauger.cli.lazy import LazyGroup

COMMANDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "init": ("gauger.cli.cssm.host:init", "Make a portal's data folder."),
        "serve": ("gauger.cli.cssm.serve:serve", "Serve a portal until it is stopped."),
        "admin": ("gauger.cli.cssm.host:admin", "Recover the administrator's access, on the host."),
        "backup": ("gauger.cli.cssm.host:backup", "Copy a portal's ledger while it works."),
        "restore": (
            "gauger.cli.cssm.host:restore",
            "Make a portal from a backup; opens a new epoch.",
        ),
        "run-example": ("gauger.cli.cssm.example:run_example", "Serve a portal with example data."),
        "account": ("gauger.cli.cssm.accounts:account", "Smart Accounts."),
        "virtual-account": (
            "gauger.cli.cssm.accounts:virtual_account",
            "Virtual Accounts and their options.",
        ),
        "order": ("gauger.cli.cssm.accounts:order", "Orders that deposit licences."),
        "balance": ("gauger.cli.cssm.accounts:balance", "Purchased, in use and balance."),
        "token": ("gauger.cli.cssm.tokens:token", "ID tokens."),
        "policy": ("gauger.cli.cssm.policies:policy", "Reporting policies."),
        "authorization": (
            "gauger.cli.cssm.authorizations:authorization",
            "Authorization codes (SLAC): pools, codes, returns.",
        ),
        "instance": ("gauger.cli.cssm.instances:instance", "Product instances."),
        "report": ("gauger.cli.cssm.reports:report", "Reports and their verdicts."),
        "case": ("gauger.cli.cssm.reports:case", "Quarantine cases."),
        "gap": ("gauger.cli.cssm.reports:gap", "Missing reports."),
        "usage": ("gauger.cli.cssm.usage:usage", "Usage files: upload, verdicts, ACK file."),
        "event": ("gauger.cli.cssm.events:event", "The event log."),
        "ledger": ("gauger.cli.cssm.events:ledger", "Heads and proofs of the ledger."),
        "trust": ("gauger.cli.cssm.trust:trust", "Root sets and manufacturers."),
        "user": ("gauger.cli.cssm.people:user", "Users and their roles."),
        "client": ("gauger.cli.cssm.people:client", "API clients and their roles."),
    }
)
"""Sub-command to (module:attribute, help line)."""


@click.group(cls=LazyGroup, commands_at=COMMANDS)
def cssm() -> None:
    """Run and administer the central portal."""
