"""What a case is, and how it is written down."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gauger.core.documents.envelope import Document, write_document

NOW = 1_790_000_000

Content = bytes | str | Document | Mapping[str, object]
"""A file of a case: bytes, text, a document, or JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case.

    Attributes:
        name: Name of its folder, without the ending ``_fail``.
        kind: As what its files are read.
        files: Its files in the order in which they are given, by name.
        shows: One or two sentences: what is in it and what it shows.
        clause: Where the specification says so.
        code: Why the last file is refused, or None where all are accepted.
        threat: Id of the threat that it shows, or None.
        role: Whose threat that is.
        trust: Name of the trust folder.
        now: The reader's clock, epoch seconds.
        test_clock: Whether the reader takes documents of a test clock.
        expect: Who the reader is: options of the command without ``--expect-``.
        says: What the verdict must say, beside others.
    """

    name: str
    kind: str
    files: Mapping[str, Content]
    shows: str
    clause: str
    code: str | None = None
    threat: str | None = None
    role: str = "core"
    trust: str = "usual"
    now: int = NOW
    test_clock: bool = False
    expect: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    says: Mapping[str, object] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Name of the folder."""
        return self.name if self.code is None else f"{self.name}_fail"

    def written(self) -> dict[str, bytes]:
        """Return every file of the folder by name."""
        files = {name: as_bytes(content) for name, content in self.files.items()}
        return {
            "README.md": self._readme().encode(),
            "case.json": (json.dumps(self._json(), indent=1, sort_keys=True) + "\n").encode(),
            **files,
        }

    def _json(self) -> dict[str, object]:
        said = dict(self.says)
        named = {"verdict": said.pop("verdict")} if "verdict" in said else {}
        return {
            "format": 1,
            "kind": self.kind,
            "files": list(self.files),
            "trust": f"../../trust/{self.trust}",
            "now": self.now,
            "test_clock": self.test_clock,
            "expect": dict(self.expect),
            "verdict": {
                "accepted": self.code is None,
                "code": self.code,
                "file": len(self.files) - 1,
                "says": said,
                **named,
            },
            "clause": self.clause,
            "threat": None if self.threat is None else {"id": self.threat, "role": self.role},
        }

    def _readme(self) -> str:
        said = "It is accepted." if self.code is None else f"It is refused as `{self.code}`."
        threat = "" if self.threat is None else f" It shows threat {self.threat}."
        text = f"{self.shows} {said} The rule: {self.clause}.{threat}"
        return f"# {self.folder}\n\n{_wrapped(text)}\n"


def _wrapped(text: str) -> str:
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > 120:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])


def as_bytes(content: Content) -> bytes:
    """Return the bytes of a file."""
    if isinstance(content, Document):
        return write_document(content).encode()
    if isinstance(content, str):
        return content.encode()
    if isinstance(content, bytes):
        return content
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
