"""What people read in the event log, and what they must not read there."""

from dataclasses import replace

import pytest

from gauger.core.authority import rows
from gauger.core.authority.events import Event, describe
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.row import Row
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, digest
from tests.adapters.storage.ledger.book import OWNED, REPORT, TOKEN
from tests.core.authority.example_rows import EXAMPLES
from tests.support.builders import ACCOUNT, NOW, OTHER_ACCOUNT, TAG, UDI

SILENT = {"policy-issued", "instance-document", "report-seen", "gap-opened", "trust-code"}


def told(row: Row) -> Event:
    event = describe(row)
    assert event is not None
    return event


@pytest.mark.threat("F18", role="cssm")
@pytest.mark.parametrize("row", EXAMPLES, ids=[row.KIND for row in EXAMPLES])
def test_what_somebody_did_is_told_with_who_did_it(row: Row) -> None:
    event = told(row)

    assert event.by == getattr(row, "by", None)
    assert event.detail.endswith(".")


@pytest.mark.threat("F9", role="cssm")
@pytest.mark.parametrize("row", EXAMPLES, ids=[row.KIND for row in EXAMPLES])
def test_documents_items_and_token_digests_stay_out_of_the_log(row: Row) -> None:
    shown = repr(told(row))

    assert "SECRET" not in shown
    assert TOKEN.digest not in shown


@pytest.mark.parametrize("kind", sorted(SILENT))
def test_what_is_no_ones_act_is_no_event(kind: str) -> None:
    silent: dict[str, Row] = {
        row.KIND: row
        for row in (
            rows.PolicyIssued(
                at=NOW, account=ACCOUNT, assignment=1, order=Order(1, 1, 1), document=digest(b"")
            ),
            rows.InstanceDocumentIssued(
                at=NOW,
                udi=UDI,
                type="account-info",
                account=ACCOUNT,
                order=Order(1, 1, 1),
                document=digest(b""),
            ),
            rows.ReportSeen(at=NOW, udi=UDI, digest=digest(b""), pipe="api", path=""),
            rows.GapOpened(at=NOW, udi=UDI, report=digest(b"a"), named_by=digest(b"b")),
            rows.TrustCodeIssued(
                at=NOW,
                udi=UDI,
                generation=1,
                key=digest(b""),
                incarnation="11" * 16,
                document=digest(b""),
            ),
        )
    }

    assert describe(silent[kind]) is None


@pytest.mark.parametrize(
    ("verdict", "flags", "is_told"),
    [
        (Verdict.ACCEPTED, (), False),
        (Verdict.ACCEPTED, ("overlap", "unknown-entitlement"), False),
        (Verdict.ACCEPTED, ("gap",), True),
        (Verdict.ACCEPTED, ("store-replaced", "overlap"), True),
        (Verdict.ACCEPTED, ("duplicate-identity",), True),
        (Verdict.QUARANTINED, (), True),
        (Verdict.REJECTED, (), True),
        (Verdict.UNVERIFIABLE, (), True),
    ],
)
def test_an_ordinary_report_is_no_event_and_an_alarming_one_is(
    verdict: Verdict, flags: tuple[str, ...], *, is_told: bool
) -> None:
    event = describe(replace(REPORT, verdict=verdict, flags=flags))

    assert (event is not None) is is_told
    if event is not None:
        assert event.kind == f"report-{verdict}"
        assert TAG in event.detail
        assert "overlap" not in event.detail


@pytest.mark.threat("F5", role="cssm")
def test_a_new_owner_does_not_read_where_its_device_came_from() -> None:
    event = told(replace(OWNED, origin=OTHER_ACCOUNT, cause="move", by="vendor"))

    assert event.account == ACCOUNT
    assert OTHER_ACCOUNT.virtual_account not in event.detail


@pytest.mark.parametrize(
    ("provisional", "words"), [(False, " belongs to "), (True, " provisionally belongs to ")]
)
def test_ownership_that_rests_on_an_upload_is_told_apart(*, provisional: bool, words: str) -> None:
    assert words in told(replace(OWNED, provisional=provisional)).detail


@pytest.mark.parametrize(("uses", "words"), [(None, "for any number of uses"), (3, "for 3 uses")])
def test_a_token_is_told_by_number_hint_and_uses(uses: int | None, words: str) -> None:
    event = told(replace(TOKEN, uses=uses))

    assert (event.subject, event.account, event.domain) == ("1", ACCOUNT, "example.com")
    assert words in event.detail
    assert "…oken" in event.detail


@pytest.mark.parametrize(("by", "words"), [(None, "came."), ("ann", "was given up.")])
def test_a_gap_that_was_filled_is_told_from_one_given_up(by: str | None, words: str) -> None:
    event = told(rows.GapClosed(at=NOW, udi=UDI, report=digest(b"lost"), by=by))

    assert event.detail.endswith(words)
    assert event.subject == str(UDI)


def test_an_epoch_tells_why_and_what_it_abandons() -> None:
    row = rows.EpochOpened(
        at=NOW, number=3, epoch="cd" * 16, reason="restored", abandons=(digest(b"h"),)
    )

    assert told(row).detail == f"Epoch 3 begins: restored. Abandoned heads: {digest(b'h')}."
    assert told(replace(row, abandons=())).detail == "Epoch 3 begins: restored."


@pytest.mark.parametrize(
    ("smart", "virtual", "account", "domain"),
    [
        (None, None, None, None),
        ("example.com", None, None, "example.com"),
        ("example.com", "DEFAULT", ACCOUNT, "example.com"),
    ],
)
def test_a_policy_is_told_to_whom_it_binds(
    smart: str | None, virtual: str | None, account: AccountRef | None, domain: str | None
) -> None:
    row = rows.PolicyAssigned(
        at=NOW,
        assignment=1,
        smart_account=smart,
        virtual_account=virtual,
        name="strict",
        ack_required=True,
        rules=(),
        by="ann",
    )
    event = told(row)

    assert (event.account, event.domain, event.by) == (account, domain, "ann")
    assert "'strict'" in event.detail


@pytest.mark.parametrize("account", [None, ACCOUNT])
def test_an_event_from_outside_is_told_as_it_came(account: AccountRef | None) -> None:
    row = rows.EventRecorded(
        at=NOW, kind="user-added", subject="ann", detail="Ann came.", by="bob", account=account
    )

    assert told(row) == Event(
        kind="user-added",
        account=account,
        domain=None if account is None else "example.com",
        subject="ann",
        detail="Ann came.",
        by="bob",
    )


@pytest.mark.parametrize(("value", "word"), [(True, "on"), (False, "off")])
def test_an_option_is_told_as_it_was_switched(*, value: bool, word: str) -> None:
    row = rows.AccountOptionSet(
        at=NOW, account=ACCOUNT, option="count-unverified", value=value, by="ann"
    )

    assert told(row).detail == f"count-unverified was switched {word}."
