"""The way up from user EXEC to privileged EXEC."""

import logging
import time
from typing import Final

from gauger.core.problems import Problem
from gauger.core.text import one_line
from gauger.instance.ports import Operations
from gauger.surfaces.console.modes import PRIVILEGED
from gauger.surfaces.console.terminal import ShellControl
from gauger.surfaces.shell.visitor import Visitor

ATTEMPTS: Final = 3
"""How often a password is asked for."""

HASTY: Final = 0.25
SLOWEST: Final = 5.0
"""Seconds that each wrong password of a session adds to the wait behind it, and at most."""

# Word for word: what logs in for a script waits for it.
_PASSWORD: Final = "Password: "  # noqa: S105 -- a question, not an answer

_log = logging.getLogger(__name__)
_pause = time.sleep


class Enabling:
    """Asks one session for the password, and slows its guesses down."""

    def __init__(self, agent: Operations, visitor: Visitor, shell: ShellControl) -> None:
        """Begin with no wrong password.

        Args:
            agent: The product instance.
            visitor: Who asks.
            shell: Their session.
        """
        self._agent, self._visitor, self._shell = agent, visitor, shell
        self._attempts, self._wrong = ATTEMPTS, 0

    def begin(self) -> None:
        """Go up, with a password where one is set.

        Raises:
            Problem: ``invalid-command`` where none is set and the visitor may only look.
        """
        if self._shell.privilege == PRIVILEGED:
            return
        if self._agent.configuration().enable_secret is not None:
            self._attempts = ATTEMPTS
            self._shell.ask(_PASSWORD, self._answered, hidden=True)
            return
        if self._visitor.privilege != PRIVILEGED:
            raise Problem("invalid-command", "No password set")
        self._shell.privilege = PRIVILEGED

    def _answered(self, password: str) -> str:
        try:
            self._agent.check_enable(password)
        except Problem as problem:
            if problem.code != "unauthenticated":
                raise
            return self._refused()
        self._shell.privilege = PRIVILEGED
        return ""

    def _refused(self) -> str:
        self._attempts -= 1
        self._wrong += 1
        # The attack stopped: whoever may only look guesses as fast as passwords are hashed.
        _pause(min(SLOWEST, HASTY * self._wrong))
        if self._attempts:
            self._shell.ask(_PASSWORD, self._answered, hidden=True)
            return ""
        who = one_line(self._visitor.name or "console")
        _log.warning("enable was refused to %s from %s", who, self._visitor.origin)
        return "% Bad secrets\n"
