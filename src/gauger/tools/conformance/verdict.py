"""The one verdict of `gauger verify`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gauger.adapters.keys.trust_folder import read_trust
from gauger.core.documents.answer_items import READERS
from gauger.core.documents.authorization_items import TYPES
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue
from gauger.instance.surroundings import BUILD_DATE
from gauger.tools.conformance import answers, trust
from gauger.tools.conformance.desk import Desk, Expectations, Says
from gauger.tools.conformance.opinion import Opinion, refused
from gauger.tools.conformance.portal import Portal
from gauger.tools.workshop import Workshop

Judge = Callable[[Desk, Path], Callable[[Path], Opinion]]
"""Makes the reader of one kind from what it trusts and its trust folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What came out.

    Attributes:
        kind: As what the files were read.
        file: Number of the file that the verdict is on, from 0.
        opinion: The verdict.
    """

    kind: str
    file: int
    opinion: Opinion

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form of `spec/conformance.md`."""
        said = self.opinion
        return {
            "accepted": said.accepted,
            "code": said.code,
            "detail": said.detail,
            "kind": self.kind,
            "file": self.file,
            "verdict": said.verdict,
            "says": dict(said.says),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked.

    Attributes:
        kind: As what the files are read: one of `KINDS`.
        trust: Trust folder.
        files: The files, in the order in which they are put before one reader.
        now: The reader's clock in epoch seconds, or None for this machine's.
        accepts_test_clock: Whether documents of a test clock are taken.
        expected: Who the reader is.
    """

    kind: str
    trust: Path
    files: Sequence[Path]
    now: int | None = None
    accepts_test_clock: bool = False
    expected: Expectations = field(default_factory=Expectations)


def rule(question: Question) -> Ruling:
    """Put files before one reader and return its verdict on the first that it refuses, or the last.

    Args:
        question: The files, and what they are judged by.

    Returns:
        The verdict.

    Raises:
        Problem: Where the trust folder does not hold, or a file is not there: no verdict then.
    """
    judge = KINDS[question.kind](_desk(question), question.trust)
    ruling = None
    for number, path in enumerate(question.files):
        ruling = Ruling(kind=question.kind, file=number, opinion=_opinion(judge, path))
        # What follows would be judged by a reader that should not have come so far.
        if not ruling.opinion.accepted:
            break
    if ruling is None:
        raise Problem("invalid-argument", "No file is named.")
    return ruling


def _desk(question: Question) -> Desk:
    store = read_trust(question.trust).store(accepts_test_clock=question.accepts_test_clock)
    if question.now is None:
        return Desk(store, Workshop.open().now(), BUILD_DATE, question.expected)
    # A suite says what time it is; no build date of a reader may bend its verdicts.
    return Desk(store, question.now, 0, question.expected)


def _opinion(judge: Callable[[Path], Opinion], path: Path) -> Opinion:
    try:
        return judge(path)
    except Problem as problem:
        # A file that is missing is the suite's fault, and must not pass for a refusal.
        if problem.code in _NO_VERDICT:
            raise
        return refused(problem)


_NO_VERDICT: Final = frozenset({"file-not-found", "invalid-argument"})


def _saying(judge: Callable[[Desk, Path], Says]) -> Judge:
    def of(desk: Desk, _trust: Path) -> Callable[[Path], Opinion]:
        return lambda path: _good(judge(desk, path))

    return of


def _good(says: Says) -> Opinion:
    return Opinion(verdict="accepted", code=None, detail="", says=says)


def _receipts(desk: Desk, root_sets: Path) -> Callable[[Path], Opinion]:
    examiner = trust.examiner(desk, root_sets)
    return lambda path: _good(trust.judge_receipt(examiner, path))


def _authorization(kind: str) -> Judge:
    return lambda desk, _: partial(Portal(desk).authorization, kind=kind)


KINDS: Final[Mapping[str, Judge]] = MappingProxyType(
    {
        # One portal for all files of a question: the second may be a replay of the first.
        "rum-report": lambda desk, _: Portal(desk).report,
        "trust-request": lambda desk, _: Portal(desk).request,
        **{kind: _authorization(kind) for kind in TYPES},
        **{kind: _saying(partial(answers.judge_document, kind=kind)) for kind in READERS},
        "root-set": _saying(trust.judge_root_set),
        "page-head": _saying(trust.judge_head),
        "ledger-proof": _saying(trust.judge_proof),
        "receipt": _receipts,
        "sudi": _saying(trust.judge_sudi),
        "usage-file": lambda desk, _: _files(Portal(desk).usage),
        "answer-file": _saying(answers.judge_file),
        "smart-transport-request": lambda desk, _: _files(Portal(desk).message),
        "smart-transport-response": _saying(answers.judge_response),
    }
)
"""Every kind that can be judged (`spec/conformance.md`)."""


def _files(judge: Callable[[Path], Says]) -> Callable[[Path], Opinion]:
    return lambda path: _good(judge(path))
