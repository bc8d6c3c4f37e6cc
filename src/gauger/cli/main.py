"""The root of the `gauger` command: sub-commands are imported only when they are called."""

import os
import resource
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import click

from gauger.cli.lazy import LazyGroup
from gauger.core.problems import Fault, Problem
from gauger.core.text import many_lines

COMMANDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "cssm": ("gauger.cli.cssm:cssm", "Run and administer the central portal."),
        "demo": ("gauger.cli.demo:demo", "Tell a story with real processes."),
        "factory": ("gauger.cli.factory:factory", "Make a manufacturer and mint devices."),
        "fsck": ("gauger.cli.fsck:fsck", "Prove a store whole."),
        "inspect": ("gauger.cli.inspect:inspect", "Explain any file of the system."),
        "instance": ("gauger.cli.instance:instance", "Run and operate a product instance."),
        "simulate": ("gauger.cli.simulate:simulate", "Live through years of a fleet in minutes."),
        "trust": ("gauger.cli.trust:trust", "Work on a licensing root."),
        "verify": ("gauger.cli.verify:verify", "Judge a document, for conformance suites."),
        "verify-receipt": ("gauger.cli.verify_receipt:verify_receipt", "Prove an ACK offline."),
    }
)
"""Sub-command to (module:attribute, help line)."""

DEBUG: Final = "GAUGER_DEBUG"
"""Environment variable that lets a fault of ours show its trace."""

EXIT_CODES: Final[Mapping[Fault, int]] = MappingProxyType(
    {Fault.OPERATOR: 2, Fault.SENDER: 3, Fault.RECEIVER: 4, Fault.NETWORK: 5}
)
"""Exit code for each fault; 0 is success, 1 an error that has no name."""


@click.group(
    cls=LazyGroup, commands_at=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="gauger")
def root() -> None:
    """Smart Licensing Using Policy, complete and open."""


def describe(problem: Problem) -> str:
    """Return the text that a person reads for a problem: what, why, what to do."""
    return f"{problem.kind.title} ({problem.code}).\n{many_lines(problem.detail)}\nNext: {problem.kind.next_step}"


def main() -> None:
    """Run the command line; a problem becomes text on standard error and an exit code."""
    # The memory of these processes holds private keys and secrets: no crash writes it to a disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        root()
    except Problem as problem:
        # Never on standard output: behind a pipe a refusal would be read as the answer.
        click.echo(describe(problem), err=True)
        # By whose fault, not by its name: a script needs to know whether to try again, and names
        # are many.
        sys.exit(EXIT_CODES[problem.kind.fault])
    except Exception as error:
        # The one edge of this process: a fault of ours is named too, and its trace is for us only.
        if os.environ.get(DEBUG):
            raise
        detail = f"{type(error).__name__}: {error} (set {DEBUG}=1 for the trace)"
        click.echo(describe(Problem("internal-error", detail)), err=True)
        sys.exit(1)
