"""Answers as a product instance takes them: one document, or an answer file."""

from pathlib import Path

from gauger.core.documents.answer_items import READERS
from gauger.core.documents.envelope import read_document
from gauger.core.documents.smart_transport import decode_response
from gauger.core.instance.answers import Pipe, Plan
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue
from gauger.instance.answer_file import AnswerFile, read_answer
from gauger.tools.conformance.desk import Desk, Says
from gauger.tools.conformance.reading import read_whole


def judge_document(desk: Desk, path: Path, kind: str) -> Says:
    """Judge one document that lies alone in its file."""
    document = read_document(read_whole(path))
    body = READERS[kind](document)
    effect = _effect(desk.take([document], Pipe.FILE))
    return {
        "type": body.TYPE,
        "digest": document.digest,
        "issuer": body.issuer,
        "udi": None if body.udi is None else body.udi.to_json(),
        "account": None if body.account is None else body.account.to_json(),
        "answers": body.answers,
        **effect,
    }


def judge_file(desk: Desk, path: Path) -> Says:
    """Judge an answer file, slice by slice as a product instance takes it."""
    return _joined([_effect(desk.take(part, Pipe.FILE)) for part in AnswerFile(path).slices()])


def judge_response(desk: Desk, path: Path) -> Says:
    """Judge a response of smart transport with the answer files in it."""
    # By the nonce an answer belongs to its request: a replayed response has another
    # (spec/smart-transport.md).
    nonce = desk.expected.nonce
    if nonce is None:
        raise Problem("invalid-argument", "A response is judged by --expect-nonce.")
    response = decode_response(read_whole(path), nonce=nonce)
    effects = []
    for item in response.acknowledgements:
        # Before its documents: the element is not signed, and one for another device is not even
        # opened.
        if desk.expected.udi not in (None, item.udi):
            detail = f"The answer is for {item.udi}; this is {desk.expected.udi}."
            raise Problem("wrong-subject", detail)
        documents = [document for document, _ in read_answer([item.smart_license])]
        effects.append(_effect(desk.take(documents, Pipe.ONLINE)))
    problem = None if response.problem is None else response.problem.code
    return {"status": response.status.value, "problem": problem, **_joined(effects)}


def _effect(plan: Plan) -> dict[str, list[JsonValue]]:
    return {
        "root_sets": [document.digest for document in plan.root_sets],
        "installed": [install.body.TYPE for install in plan.installs],
        "settled": [settled.digest for settled in plan.settled],
        "skipped": [{"type": one.type, "reason": one.reason.value} for one in plan.skipped],
        "notes": [note.value for note in sorted(plan.notes)],
    }


def _joined(effects: list[dict[str, list[JsonValue]]]) -> dict[str, JsonValue]:
    names = ("root_sets", "installed", "settled", "skipped", "notes")
    return {name: [one for effect in effects for one in effect[name]] for name in names}
