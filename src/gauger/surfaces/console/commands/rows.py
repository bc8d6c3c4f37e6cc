"""How the families make their rows: what the rows of one have in common is said once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gauger.core.releases import Release
from gauger.surfaces.console.commands.arguments import ARGUMENTS, FIRST
from gauger.surfaces.console.grammar import Argument, Command, Mode
from gauger.surfaces.console.session import ConsoleCommand, Handler


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Makes rows; its fields are those of `Command` that they share.

    Attributes:
        mode: Where they are typed.
        arguments: Each argument of their syntaxes by its name.
        since: First release that has them.
        privilege: The least privilege that may type them; None for the custom of devices.
        needs_shell: Whether they mean something in a session only.
        waits: Whether they wait for the portal.
    """

    mode: Mode
    arguments: Mapping[str, Argument] = field(default_factory=lambda: ARGUMENTS)
    since: Release = FIRST
    privilege: int | None = None
    needs_shell: bool = False
    waits: bool = False

    def __call__(
        self, syntax: str, text: str, handler: Handler, summary: str = "Nothing."
    ) -> ConsoleCommand:
        """Make one.

        Args:
            syntax: What is typed, see `gauger.surfaces.console.grammar`.
            text: What it does, one line.
            handler: What carries it out.
            summary: What it prints on success, one line.
        """
        return Command(
            syntax=syntax,
            mode=self.mode,
            help=text,
            since=self.since,
            handler=handler,
            arguments=self.arguments,
            summary=summary,
            privilege=self.privilege,
            needs_shell=self.needs_shell,
            waits=self.waits,
        )
