"""What the projections of accounts, tokens, orders, policies and trust hold follows from rows."""

from dataclasses import replace

import pytest

from gauger.core.authority import rows
from gauger.core.documents.versions import Order
from gauger.core.identity import digest
from gauger.core.policy.rules import DEFAULT, Group, Rule
from gauger.core.problems import Problem
from tests.adapters.storage.ledger.book import ORDER, OTHER_UDI, TOKEN, Book, named, owned
from tests.support.builders import ACCOUNT, ELSEWHERE, NOW, OTHER_ACCOUNT, OTHER_TAG, TAG, UDI

POLICY = rows.PolicyAssigned(
    at=NOW,
    assignment=1,
    smart_account=None,
    virtual_account=None,
    name="all",
    ack_required=True,
    rules=tuple((group.value, 30, 60, 90) for group in Group),
    by="vendor",
)
LINE = rows.Purchase(tag=TAG, name="Advantage", quantity=3, term="perpetual", start=NOW, end=None)
DEPOSIT = rows.OrderDeposited(
    at=NOW, account=ACCOUNT, number="O-1", lines=(LINE,), devices=(UDI, UDI), by="admin"
)


def test_opening_virtual_accounts_counts_them_in_their_smart_account(book: Book) -> None:
    with book.reader() as reader:
        found = {row.domain: row.virtual_accounts for row in reader.smart_accounts()}
        one = reader.virtual_account(ACCOUNT)

    assert found == {"example.com": 2, "other.example": 1}
    assert one is not None
    assert (one.description, one.opened_at, one.instances, one.count_unverified) == (
        "d",
        NOW,
        0,
        False,
    )


def test_an_account_is_found_by_both_parts_of_its_name(book: Book) -> None:
    with book.reader() as reader:
        assert reader.virtual_account(replace(ACCOUNT, virtual_account="Nowhere")) is None
        assert [row.account for row in reader.virtual_accounts("other.example")] == [ELSEWHERE]


def test_the_option_of_one_account_is_switched_in_no_other(book: Book) -> None:
    book.put(
        rows.AccountOptionSet(
            at=NOW, account=ACCOUNT, option="count-unverified", value=True, by="admin"
        )
    )

    with book.reader() as reader:
        found = [row.count_unverified for row in reader.virtual_accounts("example.com")]
    assert found == [False, True]  # Branch, DEFAULT


@pytest.mark.parametrize(
    ("then", "now", "state"),
    [
        ((), NOW + 99, "active"),
        ((), NOW + 100, "expired"),
        (("used",), NOW, "active"),
        (("used", "used"), NOW, "used-up"),
        (("used", "used", "revoked"), NOW + 100, "revoked"),
    ],
)
def test_a_token_is_listed_in_the_state_of_the_moment(
    book: Book, then: tuple[str, ...], now: int, state: str
) -> None:
    changes: dict[str, rows.TokenUsed | rows.TokenRevoked] = {
        "used": rows.TokenUsed(at=NOW, token=1, account=ACCOUNT, udi=UDI),
        "revoked": rows.TokenRevoked(at=NOW, token=1, account=ACCOUNT, by="admin"),
    }
    book.put(TOKEN, *(changes[word] for word in then))

    with book.reader() as reader:
        (row,) = reader.tokens(ACCOUNT, now=now)
    assert (row.state, row.used, row.uses) == (state, then.count("used"), 2)
    assert (row.hint, row.description, row.export_controlled) == ("oken", "lab", True)


def test_a_token_is_found_by_digest_and_number_with_what_is_left_of_it(book: Book) -> None:
    book.put(TOKEN, rows.TokenUsed(at=NOW, token=1, account=ACCOUNT, udi=UDI))
    facts = book.ledger.facts.token(TOKEN.digest)

    assert facts is not None
    assert facts == book.ledger.facts.token_by_number(1)
    assert (facts.account, facts.used, facts.revoked) == (ACCOUNT, 1, False)
    assert book.ledger.facts.token(named("no token")) is None
    assert book.ledger.facts.token_by_number(2) is None
    assert book.ledger.lookups.highest("token") == 1


def test_the_same_token_text_is_never_known_twice(book: Book) -> None:
    book.put(TOKEN)

    with pytest.raises(Problem) as caught:
        book.put(replace(TOKEN, token=2))
    assert caught.value.code == "store-failed"
    assert book.ledger.lookups.highest("token") == 1


def test_an_order_names_its_lines_and_each_of_its_devices_once(book: Book) -> None:
    book.put(DEPOSIT)

    with book.reader() as reader:
        (order,) = reader.orders(ACCOUNT)
        assert reader.orders(OTHER_ACCOUNT) == []
    assert (order.order_number, order.deposited_at, order.devices) == ("O-1", NOW, (UDI,))
    assert [(line.tag, line.quantity, line.end) for line in order.lines] == [(TAG, 3, None)]
    assert book.ledger.lookups.order_exists("O-1")
    assert not book.ledger.lookups.order_exists("O-2")


def test_purchases_of_a_device_are_those_of_its_orders_oldest_first(book: Book) -> None:
    second = replace(LINE, tag=OTHER_TAG, quantity=5, end=NOW + 9)
    book.put(DEPOSIT, replace(DEPOSIT, number="O-2", lines=(second,), devices=(OTHER_UDI, UDI)))

    assert book.ledger.lookups.purchases(UDI) == (LINE, second)
    assert book.ledger.lookups.purchases(OTHER_UDI) == (second,)


def test_a_licence_counts_as_known_from_the_order_that_names_it(book: Book) -> None:
    names = book.ledger._names
    assert not names.is_sold(TAG)
    book.put(DEPOSIT)

    assert names.is_sold(TAG)
    assert not names.is_sold(OTHER_TAG)


def test_a_purchase_counts_in_its_term_only_and_in_its_account_only(book: Book) -> None:
    lines = (replace(LINE, end=NOW + 10), replace(LINE, start=NOW + 10, quantity=4))
    book.put(replace(DEPOSIT, lines=lines, devices=()))

    with book.reader() as reader:
        found = [
            [row.purchased for row in reader.balance(ACCOUNT, now=NOW + wait)]
            for wait in (-1, 0, 9, 10)
        ]
        assert reader.balance(OTHER_ACCOUNT, now=NOW) == []
    assert found == [[0], [3], [3], [4]]


def test_the_nearest_policy_is_in_force_and_all_are_listed_nearest_first(book: Book) -> None:
    lookups = book.ledger.lookups
    assert lookups.policy(ACCOUNT).policy == DEFAULT
    book.put(POLICY)
    book.put(replace(POLICY, assignment=2, smart_account="example.com", name="smart"))
    nearest = replace(
        POLICY, assignment=3, smart_account="example.com", virtual_account="DEFAULT", name="own"
    )
    book.put(nearest)

    in_force = [lookups.policy(account) for account in (ACCOUNT, OTHER_ACCOUNT, ELSEWHERE)]
    assert [(facts.assignment, facts.policy.name) for facts in in_force] == [
        (3, "own"),
        (2, "smart"),
        (1, "all"),
    ]
    assert in_force[0].policy.groups[Group.EXPORT] == Rule(30, 60, 90)
    with book.reader() as reader:
        listed = [row.name for row in reader.policies(ACCOUNT)]
        for_all = [row.name for row in reader.policies(None)]
    assert (listed, for_all) == (["own", "smart", "all"], ["all"])
    assert lookups.state("assignment") == 3


def test_a_policy_replaces_the_earlier_one_of_its_scope(book: Book) -> None:
    book.put(POLICY, replace(POLICY, assignment=2, name="newer", ack_required=False))

    with book.reader() as reader:
        (row,) = reader.policies(None)
    assert (row.name, row.ack_required, row.smart_account, row.version) == (
        "newer",
        False,
        None,
        None,
    )


def test_a_policy_document_is_remembered_with_where_it_came_from(book: Book) -> None:
    issued = rows.PolicyIssued(
        at=NOW, account=ACCOUNT, assignment=1, order=Order(1, 2, 7), document=named("policy")
    )
    book.put(POLICY, issued)
    facts = book.ledger.lookups.policy(ACCOUNT)

    assert facts.issued is not None
    assert (facts.issued.order, facts.issued.digest, facts.issued_from) == (
        Order(1, 2, 7),
        named("policy"),
        1,
    )
    assert book.ledger.lookups.policy(OTHER_ACCOUNT).issued is None
    assert book.ledger.lookups.state("version") == 7
    with book.reader() as reader:
        (row,) = reader.policies(ACCOUNT)
        assert reader.policy_document(OTHER_ACCOUNT) is None
    assert row.version == 7


def test_the_version_counter_never_falls(book: Book) -> None:
    issued = rows.InstanceDocumentIssued(
        at=NOW,
        udi=UDI,
        type="account-info",
        account=ACCOUNT,
        order=Order(1, 1, 9),
        document=named("info"),
    )
    book.put(issued, replace(issued, order=Order(2, 1, 4), document=named("info 2")))
    held = book.ledger.lookups.instance_document(UDI, "account-info")

    assert book.ledger.lookups.state("version") == 9
    assert held is not None
    assert (held.order, held.digest, held.account) == (Order(2, 1, 4), named("info 2"), ACCOUNT)


def test_the_state_of_the_ledger_and_its_epochs_is_kept(book: Book) -> None:
    book.put(
        rows.LedgerOpened(at=NOW, ledger="ab" * 16, by="operator"),
        rows.EpochOpened(
            at=NOW, number=2, epoch="cd" * 16, reason="restored", abandons=(named("head"),)
        ),
    )
    lookups = book.ledger.lookups

    assert [lookups.state(name) for name in ("ledger", "epoch", "epoch-id", "none")] == [
        "ab" * 16,
        2,
        "cd" * 16,
        None,
    ]
    assert lookups.is_abandoned(named("head"))
    assert not lookups.is_abandoned(named("other"))


@pytest.mark.threat("G10", role="cssm")
def test_a_head_seen_after_its_history_was_abandoned_is_known_from_then_on(book: Book) -> None:
    book.put(rows.HeadAbandoned(at=NOW, head=named("lost"), page=7, udi=UDI))

    assert book.ledger.lookups.is_abandoned(named("lost"))
    assert book.ask("SELECT page FROM abandoned") == [(7,)]


def test_root_sets_come_in_order_and_manufacturers_by_name_newest_file(book: Book) -> None:
    for number in (1, 2):
        book.put(
            rows.RootSetTaken(at=NOW, number=number, epoch=1, document=f"set {number}", by="x")
        )
    for name, file in (("B", "old"), ("A", "a"), ("B", "new")):
        book.put(rows.ManufacturerTaken(at=NOW, name=name, file=file, by="x"))

    assert book.ledger.lookups.root_sets() == ("set 1", "set 2")
    assert book.ledger.lookups.manufacturers() == ("a", "new")


def test_a_repeated_refusal_is_one_line_with_its_newest_count(book: Book) -> None:
    refused = rows.RefusalRecorded(
        at=NOW,
        digest=digest(b"forged"),
        code="signature-invalid",
        detail="No.",
        pipe="file",
        path="",
        account=ACCOUNT,
        by="ann",
        count=1,
    )
    book.put(refused, replace(refused, at=NOW + 9, count=10))
    lookups = book.ledger.lookups

    assert lookups.refusals(refused.digest, "signature-invalid") == 10
    assert lookups.refusals(refused.digest, "malformed") == 0
    assert book.ask("SELECT first_at, last_at FROM refusals") == [(NOW, NOW + 9)]
    with book.reader() as reader:
        told = [row.detail for row in reader.events(ACCOUNT) if row.kind == "refusal"]
    assert told == ["signature-invalid: No.", "signature-invalid: No. (10 times)"]


def test_events_tell_each_reader_what_concerns_it(book: Book) -> None:
    book.put(owned(UDI), POLICY)
    with book.reader() as reader:
        own = [row.kind for row in reader.events(ACCOUNT)]
        smart = [row.kind for row in reader.events(smart_account="other.example")]
        newest = reader.events(newest_first=True, limit=1)
        before = reader.events(newest_first=True, after=newest[0].event_id, limit=1)

    assert own == ["virtual-account", "instance-assigned"]
    assert smart == ["smart-account", "virtual-account"]
    assert [row.kind for row in (*newest, *before)] == ["policy-assigned", "instance-assigned"]
    assert (newest[0].page, newest[0].account, newest[0].by) == (1, None, "vendor")


def test_a_row_of_a_document_that_is_no_projection_changes_none(book: Book) -> None:
    before = book.ask("SELECT count(*) FROM events")
    book.put(
        rows.PolicyIssued(at=NOW, account=ACCOUNT, assignment=0, order=ORDER, document=named("x"))
    )

    assert book.ask("SELECT count(*) FROM events") == before
