"""The agent within a program of one's own; it loads when the first product instance is opened.

Apart from the library: a program that speaks to a running agent needs neither store nor keys, and
one that only imports the library should not wait for them.
"""

import logging
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Self

from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.main import Options, open_agent
from gauger.surfaces.agent_socket import AgentServer

_LOGGER = logging.getLogger("gauger")


class Within:
    """The agent in this program; operators reach it by its socket."""

    def __init__(self, agent: Agent, data: Path) -> None:
        """Start the agent and its socket.

        Args:
            agent: The agent; this ends it, also where the start fails.
            data: Its data folder.
        """
        self.agent = agent
        with ExitStack() as stack:
            stack.enter_context(agent)
            try:
                stack.enter_context(AgentServer(data, agent))
            except Problem as problem:
                # Without a socket operators cannot look in; the product goes on.
                _LOGGER.warning("No socket for operators: %s", problem.detail)
            # Only now: whatever else fails above ends the agent, or its lock would stay taken.
            self._stack = stack.pop_all()

    @classmethod
    def open(cls, options: Options) -> Self:
        """Open the agent of a folder, and run it.

        Raises:
            Problem: As `gauger.instance.main.open_agent`.
        """
        return cls(open_agent(options), options.data)

    def use(self, tag: str, count: int) -> AbstractContextManager[None]:
        """Count in memory."""
        return self.agent.use(tag, count)

    def set_count(self, tag: str, count: int) -> None:
        """Set in memory."""
        self.agent.set_count(tag, count)

    def access_point(self, udi: Udi, *, joined: bool) -> None:
        """Count in memory."""
        (self.agent.join_access_point if joined else self.agent.leave_access_point)(udi)

    def flush(self) -> None:
        """Make every change durable."""
        self.agent.flush()

    def close(self) -> None:
        """End the socket, then the agent."""
        self._stack.close()
