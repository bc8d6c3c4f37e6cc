"""Root sets that a portal does not follow: one is skipped, or too few keys have signed."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gauger.core.authority.commands import ImportRootSet
from gauger.core.documents import keyring
from gauger.core.documents.envelope import Document, ThresholdSignature, write_document
from gauger.core.problems import Problem
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.builders import Bench, a_device, a_factory, a_key


def skipping() -> Document:
    return a_factory().following(signers=("portal",)).following(signers=("portal",)).root_sets[-1]


def by_a_thief() -> Document:
    """Sign the next root set with a key that no root set lists."""
    newest = a_factory().following(signers=("thief",)).root_sets[-1]
    value = keyring.sign(a_key("thief"), newest.preimage)
    stolen = ThresholdSignature(signatures=((a_key("thief").key_id, value),))
    return replace(newest, signature=stolen)


def by_one_twice() -> Document:
    """Count one signature that does not hold in the name of the root key."""
    newest = a_factory().following(signers=("thief",)).root_sets[-1]
    value = keyring.sign(a_key("thief"), newest.preimage)
    forged = ThresholdSignature(signatures=((a_key("root").key_id, value),))
    return replace(newest, signature=forged)


@pytest.mark.parametrize(
    ("made", "codes"),
    [
        pytest.param(
            skipping, {"root-skipped"}, id="skipped", marks=pytest.mark.threat("C3", role="cssm")
        ),
        pytest.param(
            by_a_thief,
            {"root-threshold", "unknown-key"},
            id="stolen",
            marks=pytest.mark.threat("C4", role="cssm"),
        ),
        pytest.param(
            by_one_twice,
            {"root-threshold", "signature-invalid"},
            id="forged",
            marks=pytest.mark.threat("C4", role="cssm"),
        ),
    ],
)
def test_it_is_refused_and_what_is_trusted_stays(
    portal: Bench, made: Callable[[], Document], codes: set[str]
) -> None:
    before = portal.authority.trust
    with pytest.raises(Problem) as caught:
        portal.authority.execute(ImportRootSet(document=write_document(made()), by="operator"))

    assert caught.value.code in codes
    assert portal.authority.trust is before
    assert portal.report(a_device().report()).answer is not None
    assert examine_ledger(portal.path).is_whole


@pytest.mark.threat("D6", role="cssm")
def test_an_older_one_over_a_newer_is_refused_and_lowers_nothing(portal: Bench) -> None:
    newest = a_factory().following(signers=("portal",)).following(signers=("portal", "second"))
    for text in newest.texts[1:]:
        portal.authority.execute(ImportRootSet(document=text, by="operator"))
    before = portal.authority.trust
    for text in newest.texts[:2]:
        with pytest.raises(Problem) as caught:
            portal.authority.execute(ImportRootSet(document=text, by="operator"))
        assert caught.value.code == "stale-version"

    assert portal.authority.trust is before
    assert len(portal.events("root-set")) == 3
    assert examine_ledger(portal.path).is_whole
