"""The terminal of an operator, and what the handlers of a session may ask of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(slots=True, kw_only=True)
class Terminal:
    """How much a terminal shows at once.

    Attributes:
        rows: Lines of a page; 0 for no paging.
        columns: Characters of a line; 0 for no limit.
        history: How many lines are kept to be typed again.
    """

    rows: int = 24
    columns: int = 80
    history: int = 20


class ShellControl(Protocol):
    """What the handler of a command may do to the session it was typed in.

    Questions are put once the handler has returned and its text is printed; the last one counts.
    """

    @property
    def privilege(self) -> int:
        """What the operator may do at this moment: 1 to look, 15 for everything."""

    @privilege.setter
    def privilege(self, value: int) -> None: ...

    @property
    def terminal(self) -> Terminal:
        """The terminal; what is set there holds until the session ends."""

    @property
    def lines(self) -> Sequence[str]:
        """What was typed, oldest first."""

    @property
    def monitors(self) -> bool:
        """Whether system messages are shown as they come."""

    @monitors.setter
    def monitors(self, value: bool) -> None: ...

    def enable(self) -> None:
        """Go up to privileged EXEC, with a password where one is set."""

    def ask(self, prompt: str, then: Callable[[str], str], *, hidden: bool = False) -> None:
        """Ask for one line.

        Args:
            prompt: What is printed in front of it.
            then: Takes the answer and returns what is printed; it may ask again, and may refuse
                by a `Problem`. Never called where the operator gives up (Ctrl-C).
            hidden: Whether nothing of it is shown, as for a password.
        """

    def confirm(self, prompt: str, then: Callable[[], str]) -> None:
        """Ask for one key, as behind ``[confirm]``: Enter or ``y`` goes on, any other gives up.

        Args:
            prompt: What is printed; ``[confirm]`` is part of it.
            then: What is carried out then; it returns what is printed.
        """

    def read_text(self, until: str, then: Callable[[str], str]) -> None:
        """Take the lines that follow as a text, up to a character that ends it.

        Args:
            until: The character; what stands behind it in its line is dropped.
            then: Takes the text, its lines divided by line ends; it returns what is printed.
        """

    def end(self) -> None:
        """End the session."""
