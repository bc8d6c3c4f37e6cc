"""Dialogues with a shell: what is typed, and what the terminal shows of it."""

from dataclasses import dataclass, field

from gauger.surfaces.shell import Shell, Terminal, Visitor
from tests.surfaces.console.scripted import ScriptedAgent

LOCAL = Visitor(name=None, privilege=15, origin="console")
OPERATOR = Visitor(name="operator", privilege=15, origin="192.0.2.1")
MONITOR = Visitor(name="monitor", privilege=1, origin="192.0.2.1")


@dataclass(slots=True)
class Talk:
    """A session with everything that it wrote.

    Attributes:
        agent: The product instance.
        shell: The session, started.
        written: What it wrote and nobody has asked for yet.
    """

    agent: ScriptedAgent
    shell: Shell
    written: list[bytes] = field(default_factory=list)

    def type(self, *keys: str | bytes) -> str:
        """Type keys and return what the shell wrote since the last time."""
        for key in keys:
            self.shell.receive(key if isinstance(key, bytes) else key.encode())
        text = b"".join(self.written).decode()
        self.written.clear()
        return text

    def line(self, text: str) -> str:
        """Type a line and return what it printed, without its echo and the next prompt."""
        self.type()
        shown = self.type(f"{text}\r").partition("\r\n")[2]
        return shown.removesuffix(self.prompt).removesuffix("\r\n").replace("\r\n", "\n")

    @property
    def prompt(self) -> str:
        """The prompt that stands there."""
        return self.shell._editor.prompt


def talk(
    visitor: Visitor = OPERATOR,
    agent: ScriptedAgent | None = None,
    *,
    rows: int = 0,
    columns: int = 80,
) -> Talk:
    """Begin a session; what its beginning wrote waits to be read."""
    written: list[bytes] = []
    agent = agent or ScriptedAgent()
    shell = Shell(agent, visitor, Terminal(rows=rows, columns=columns), written.append)
    shell.start()
    return Talk(agent=agent, shell=shell, written=written)
