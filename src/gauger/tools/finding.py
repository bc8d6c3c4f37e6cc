"""What `gauger inspect` found, as a value and as text for people."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue
from gauger.core.text import one_line


class Seal(StrEnum):
    """How a signature stands."""

    HOLDS = "holds"
    UNALTERED = "unaltered"
    UNTRUSTED = "untrusted"
    FAILS = "fails"
    UNVERIFIABLE = "unverifiable"
    UNSIGNED = "unsigned"


_SEAL_TEXTS = {
    Seal.HOLDS: "holds",
    Seal.UNALTERED: "fits the key that came with it; whether that key is to be trusted was not "
    "checked",
    Seal.UNTRUSTED: "fits the key that came with it, BUT THAT KEY IS NOT TRUSTED here",
    Seal.FAILS: "DOES NOT HOLD",
    Seal.UNVERIFIABLE: "cannot be checked by anyone but the vendor",
    Seal.UNSIGNED: "none; nothing protects this part",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        title: What it is.
        facts: Label and text, in the order to read them.
        seal: How its signature stands, or None where it carries none by its nature.
        seal_detail: Who signed, or why it does not hold.
        problem: Why it could not be read, or None.
        next_steps: What to do with it.
        parts: What is inside.
    """

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    seal: Seal | None = None
    seal_detail: str = ""
    problem: Problem | None = None
    next_steps: tuple[str, ...] = ()
    parts: tuple["Finding", ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether everything could be read and no signature fails or is of a distrusted key."""
        # What merely was not checked is no fault: without a root set nothing could ever be sound.
        if self.problem is not None or self.seal in {Seal.FAILS, Seal.UNTRUSTED}:
            return False
        return all(part.is_sound for part in self.parts)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form for programs."""
        signature = None if self.seal is None else {"state": self.seal, "detail": self.seal_detail}
        problem = self.problem
        return {
            "title": self.title,
            "facts": [{"label": label, "text": text} for label, text in self.facts],
            "signature": signature,
            "problem": None
            if problem is None
            else {"code": problem.code, "detail": problem.detail},
            "next_steps": self.next_steps,
            "parts": [part.to_json() for part in self.parts],
        }


def render(finding: Finding) -> str:
    """Return the text that a person reads."""
    # A hostile file must not paint on the terminal of whoever inspects it.
    return "\n".join(one_line(line) for line in _lines(finding, 0)) + "\n"


def _lines(finding: Finding, level: int) -> Iterator[str]:
    margin = "  " * level
    yield f"{margin}{finding.title}"
    facts = list(finding.facts)
    if finding.seal is not None:
        detail = f": {finding.seal_detail}" if finding.seal_detail else ""
        facts.append(("Signature", _SEAL_TEXTS[finding.seal] + detail))
    if finding.problem is not None:
        facts.append(("Problem", f"{finding.problem.kind.title} ({finding.problem.code})"))
        facts.append(("", finding.problem.detail))
        facts.append(("Next", finding.problem.kind.next_step))
    facts.extend(("Next", step) for step in finding.next_steps)
    width = max((len(label) for label, _ in facts), default=0)
    for label, text in facts:
        yield f"{margin}  {label:<{width}}  {text}"
    for part in finding.parts:
        yield ""
        yield from _lines(part, level + 1)


def date_text(seconds: int) -> str:
    """Return a time in words, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def counted(count: int, one: str, many: str) -> str:
    """Return a number with the word that goes with it."""
    return f"{count} {one if count == 1 else many}"


def unknown(looks_like: str) -> Finding:
    """Return the finding of a file that is none of this system.

    Args:
        looks_like: What it is instead, as far as its first bytes tell.
    """
    detail = "Nothing of this system writes or reads such a file."
    return Finding(
        title="Not a file of this system",
        facts=(("Looks like", looks_like),),
        problem=Problem("wrong-type", detail),
    )
