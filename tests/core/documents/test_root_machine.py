"""Whom a trust store believes, against a model that remembers one number."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gauger.core.documents.envelope import Document
from gauger.core.documents.root_set import ListedSigner, RootKey, RootSet
from gauger.core.documents.trust_store import TrustStore
from gauger.core.problems import Problem
from tests.core.documents.material import (
    NOW,
    Authority,
    key,
    root_set,
    signed_root,
    signer_certificate,
)
from tests.support.figures import Figures
from tests.support.machines import walk

SIGNERS = (11, 12, 13)
PAPERS = {
    number: Authority(number=number, chain=(signer_certificate(number),)).direct({})
    for number in SIGNERS
}


class Roots(RuleBasedStateMachine):
    """A vendor publishes root sets, rotates its keys, lists and revokes signers.

    A device meets any of them in any order, and forged ones beside them. The model is the number
    of the newest one that it reached step by step.
    """

    def __init__(self) -> None:
        super().__init__()
        self.published: list[tuple[RootSet, Document]] = []
        self.revoked: set[int] = set()
        self.keys = [1, 2, 3]
        self.add(signers=(11,))
        self.store = TrustStore().pin(self.published[0][1])
        self.held = 1

    def add(self, *, signers: tuple[int, ...], by: tuple[int, ...] = ()) -> None:
        made = self.a_set(signers=signers)
        self.published.append((made, signed_root(made, *(by or self.keys))))

    def a_set(self, *, signers: tuple[int, ...], number: int = 0, **changes: object) -> RootSet:
        earlier = self.published[-1][0].issued_at if self.published else NOW - 1000
        facts: dict[str, object] = {
            "number": number or len(self.published) + 1,
            "keys": tuple(RootKey.of(key(one).public_key) for one in self.keys),
            "signers": tuple(ListedSigner.of(signer_certificate(one)) for one in signers),
            "revoked": tuple(key(one).key_id for one in sorted(self.revoked)),
            "issued_at": earlier + 1,
        }
        return root_set(**(facts | changes))

    @rule(signers=st.sets(st.sampled_from(SIGNERS)), revoke=st.none() | st.sampled_from(SIGNERS))
    def publish(self, signers: set[int], revoke: int | None) -> None:
        if len(self.published) < 12:
            self.revoked |= set() if revoke is None else {revoke}
            self.add(signers=tuple(sorted(signers - self.revoked)))

    @rule(at=st.integers(0, 2))
    def rotate(self, at: int) -> None:
        """Exchange one root key: keys of both sets sign the set that says so."""
        if len(self.published) < 12:
            before = tuple(self.keys)
            self.keys[at] = 20 + len(self.published)
            signers = tuple(int(name) for name in SIGNERS if name not in self.revoked)
            self.add(signers=signers, by=tuple(dict.fromkeys((*before, *self.keys))))

    def offer(self, document: Document, expected: str | None) -> None:
        try:
            self.store = self.store.advance(document)
            said = None
        except Problem as problem:
            said = problem.code
        assert said == expected

    @rule(which=st.integers(0, 11))
    def meet(self, which: int) -> None:
        """Only the next one is taken, or the one that is held."""
        number = which % len(self.published) + 1
        expected = "stale-version" if number < self.held else None
        if number > self.held + 1:
            expected = "root-skipped"
        self.offer(self.published[number - 1][1], expected)
        self.held = max(self.held, number) if expected is None else self.held

    @rule(everything=st.permutations(range(12)))
    def meet_a_file(self, everything: list[int]) -> None:
        """All that there is, in rising order, brings the device to the newest."""
        del everything
        self.store = self.store.advance_all(document for _, document in self.published)
        self.held = len(self.published)

    @rule(signer=st.sampled_from(SIGNERS))
    def meet_a_fork(self, signer: int) -> None:
        """Another content under the number that is held, with all signatures in order."""
        fork = self.a_set(number=self.held, signers=(), epoch=9, issued_at=NOW + signer)
        self.offer(signed_root(fork, *self.keys), "version-conflict")

    @rule(by=st.sampled_from([(1,), (90, 91), (11, 12, 13), (1, 90)]))
    def meet_a_forgery(self, by: tuple[int, ...]) -> None:
        """Signed by one key too few, by strangers, or by signers of answers."""
        forged = self.a_set(number=self.held + 1, signers=(13,), revoked=())
        self.offer(signed_root(forged, *by), "root-threshold")

    @invariant()
    def agrees(self) -> None:
        held = self.published[self.held - 1][0]
        assert self.store.root_set == held
        listed = {one.key_id for one in held.signers}
        for number, paper in PAPERS.items():
            assert self.is_believed(paper) == (key(number).key_id in listed)

    def is_believed(self, paper: Document) -> bool:
        try:
            self.store.verify(paper, expected="policy", now=NOW)
        except Problem as problem:
            if problem.code not in {"unknown-key", "key-revoked"}:
                raise
            return False
        return True


@pytest.mark.nightly
@pytest.mark.threat("C1", role="core")
@pytest.mark.threat("C3", role="core")
@pytest.mark.threat("C4", role="core")
def test_a_store_believes_whom_the_newest_root_set_lists(figures: Figures) -> None:
    walk(Roots, figures, walks=60, steps=40)
