"""What a device installs, against a model that holds one number and content of each type."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gauger.core.documents.envelope import Document
from gauger.core.identity import Digest, Udi, digest
from gauger.core.instance.answers import Pipe
from gauger.core.instance.install import decide
from tests.core.documents.material import NOW
from tests.core.instance.answering import (
    REPORT,
    SETTLED,
    THEIRS,
    account_info,
    ack,
    after,
    policy,
    purchase_info,
)
from tests.support.figures import Figures
from tests.support.machines import walk

MAKE: Mapping[str, Callable[..., Document]] = {
    "policy": policy,
    "account-info": account_info,
    "purchase-info": purchase_info,
}
kinds = st.sampled_from(sorted(MAKE))
versions = st.integers(1, 6)
contents = st.integers(0, 1)


def a_document(kind: str, version: int, content: int) -> Document:
    """Return one of the two documents that call themselves by a version."""
    return MAKE[kind](version, issued_at=NOW - content)


class Installs(RuleBasedStateMachine):
    """Documents of every version come alone and beside ACKs, old ones, new ones and doubles.

    The model keeps of each type the highest version, with its content, and the one in force.
    """

    def __init__(self) -> None:
        super().__init__()
        self.holding = SETTLED
        self.model: dict[str, tuple[int, Digest]] = {}
        self.is_acknowledged = False

    def expected(self, document: Document, kind: str, version: int, *, alone: bool) -> str:
        """Return ``installed``, ``passed``, or the code of a refusal."""
        held = self.model.get(kind)
        if held is None or version > held[0]:
            return "installed"
        if version == held[0]:
            return "passed" if held[1] == document.digest else "version-conflict"
        return "stale-version" if alone else "passed"

    def take(self, documents: list[Document], pipe: Pipe) -> str | None:
        """Carry out a plan; a refused one is none."""
        before = self.holding
        plan = decide(before, documents, pipe)
        if plan.refusal is not None:
            assert not plan.installs
            assert plan.marks == before.marks
            return plan.refusal.code
        self.holding = after(plan, before)
        return None

    @rule(kind=kinds, version=versions, content=contents, pipe=st.sampled_from(Pipe))
    def alone(self, kind: str, version: int, content: int, pipe: Pipe) -> None:
        document = a_document(kind, version, content)
        expected = self.expected(document, kind, version, alone=True)
        code = self.take([document], pipe)
        assert code == (None if expected in {"installed", "passed"} else expected)
        if expected == "installed":
            self.model[kind] = version, document.digest

    @rule(
        wanted=st.dictionaries(kinds, st.tuples(versions, contents), min_size=1),
        is_backwards=st.booleans(),
    )
    def beside_an_ack(self, wanted: dict[str, tuple[int, int]], *, is_backwards: bool) -> None:
        """All of an answer is taken, or nothing of it."""
        documents = {kind: a_document(kind, *which) for kind, which in wanted.items()}
        expected = {
            kind: self.expected(documents[kind], kind, wanted[kind][0], alone=False)
            for kind in wanted
        }
        file = [ack(REPORT, *documents.values()), *documents.values()]
        code = self.take(file[::-1] if is_backwards else file, Pipe.FILE)
        refusals = set(expected.values()) - {"installed", "passed"}
        assert (code in refusals) if refusals else (code is None)
        if code is None:
            self.is_acknowledged = True
            for kind, what in expected.items():
                if what == "installed":
                    self.model[kind] = wanted[kind][0], documents[kind].digest

    @rule(kind=kinds, version=versions)
    def unlisted(self, kind: str, version: int) -> None:
        """A document that no ACK of the file names is of another answer."""
        stray = a_document(kind, version + 10, 0)
        assert self.take([ack(), stray], Pipe.FILE) == "wrong-bundle"

    @rule(kind=st.sampled_from(["account-info", "purchase-info"]), version=versions)
    def of_another_device(self, kind: str, version: int) -> None:
        other = MAKE[kind](version + 10, udi=Udi("C9800-CL-K9", "GGR0099"))
        assert self.take([other], Pipe.FILE) == "wrong-subject"

    @rule(version=versions)
    def of_another_account(self, version: int) -> None:
        assert self.take([policy(version + 10, account=THEIRS)], Pipe.ONLINE) == "wrong-audience"

    @rule(content=st.binary(max_size=3))
    def ack_of_a_stranger(self, content: bytes) -> None:
        assert self.take([ack(digest(b"stranger" + content))], Pipe.FILE) == "wrong-request"

    @invariant()
    def agrees(self) -> None:
        held = self.holding.held
        for kind, (version, in_force) in self.model.items():
            assert in_force in held, (kind, version)
        newest = {in_force for _, in_force in self.model.values()}
        assert newest <= held
        assert self.holding.known[REPORT].is_acknowledged == self.is_acknowledged


@pytest.mark.nightly
@pytest.mark.threat("B1", role="core")
@pytest.mark.threat("B7", role="core")
@pytest.mark.threat("B9", role="core")
@pytest.mark.threat("D6", role="core")
def test_what_is_in_force_only_ever_rises(figures: Figures) -> None:
    walk(Installs, figures, walks=100, steps=50)
