"""Accounts: whose a product instance is, orders, tokens, options, moves."""

from dataclasses import replace
from typing import Any

import pytest

from gauger.core.authority.commands import (
    Command,
    DepositOrder,
    IssueToken,
    MoveInstance,
    OpenSmartAccount,
    OpenVirtualAccount,
    Option,
    OrderLine,
    RecordEvent,
    RevokeToken,
    SetAccountOption,
)
from gauger.core.authority.outcomes import MoveOutcome, Verdict
from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.purchase_info import PurchaseInfo
from gauger.core.identity import AccountRef, Digest, Udi, digest
from gauger.core.problems import Problem
from tests.support.builders import (
    ACCOUNT,
    DAY,
    ELSEWHERE,
    NOW,
    OTHER_ACCOUNT,
    OTHER_TAG,
    TAG,
    UDI,
    Bench,
    a_device,
)

NOWHERE = AccountRef("example.com", "Nowhere")


def line(
    quantity: int = 2,
    *,
    tag: str = TAG,
    name: str = "Network Advantage",
    term: str = "perpetual",
    end: int | None = None,
) -> OrderLine:
    return OrderLine(tag=tag, name=name, quantity=quantity, term=term, start=NOW - DAY, end=end)


def order(
    number: str = "SO-1",
    *,
    account: AccountRef = ACCOUNT,
    lines: tuple[OrderLine, ...] = (line(),),
    devices: tuple[Udi, ...] = (),
) -> DepositOrder:
    return DepositOrder(
        account=account, order_number=number, lines=lines, devices=devices, by="admin"
    )


@pytest.mark.requirement("SSM-4/orders")
def test_an_order_deposits_licences_and_use_beyond_is_a_shortage(portal: Bench) -> None:
    portal.authority.execute(order(lines=(line(2), line(1, tag=OTHER_TAG, name="DNA"))))
    portal.report(a_device().report(((NOW - 900, NOW, 3),)))
    reader = portal.authority.reader()
    rows = {row.tag: row for row in reader.balance(ACCOUNT, now=NOW)}

    assert (rows[TAG].purchased, rows[TAG].in_use, rows[TAG].balance) == (2, 3, -1)
    assert (rows[TAG].shortage, rows[TAG].name) == (1, "Network Advantage")
    assert (rows[OTHER_TAG].balance, rows[OTHER_TAG].shortage) == (1, 0)
    assert not reader.balance(OTHER_ACCOUNT, now=NOW)
    reader.close()


def test_licences_count_within_their_term(portal: Bench) -> None:
    portal.authority.execute(order(lines=(line(5, term="subscription", end=NOW + DAY),)))
    reader = portal.authority.reader()
    held = [reader.balance(ACCOUNT, now=at)[0].purchased for at in (NOW - 2 * DAY, NOW, NOW + DAY)]

    assert held == [0, 5, 0]
    reader.close()


def test_orders_are_listed_with_lines_and_devices(portal: Bench) -> None:
    portal.authority.execute(order(devices=(UDI,)))
    reader = portal.authority.reader()
    (row,) = reader.orders(ACCOUNT)

    assert (row.order_number, row.by, row.devices) == ("SO-1", "admin", (UDI,))
    assert row.lines[0].quantity == 2
    assert not reader.orders(ACCOUNT, after=row.order_id)
    reader.close()


@pytest.mark.requirement("SSM-6/account")
def test_an_order_for_a_device_owns_it_and_goes_to_it(portal: Bench) -> None:
    portal.authority.execute(order(devices=(UDI,)))
    device = a_device()
    outcome = portal.report(device.report(), to=None)
    device.account = ACCOUNT
    portal.authority.execute(order("SO-2", devices=(UDI,)))
    later = portal.report(device.report(((NOW, NOW + 9, 1),)), to=None)
    last = portal.report(device.report(((NOW + 9, NOW + 20, 1),)), to=None)

    assert outcome.verdict is Verdict.ACCEPTED
    assert outcome.answer is not None
    assert later.answer is not None
    assert last.answer is not None
    assert [one.type for one in outcome.answer.companions] == ["account-info", "purchase-info"]
    (purchase,) = later.answer.companions
    assert len(PurchaseInfo.from_document(purchase).items) == 2
    assert not last.answer.companions


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account": NOWHERE}, "not-found"),
        ({"lines": ()}, "invalid-argument"),
        ({"lines": (line(),) * 1001}, "invalid-argument"),
        ({"devices": (UDI,) * 1001}, "invalid-argument"),
        ({"lines": (line(0),)}, "invalid-argument"),
        ({"lines": (line(term="week"),)}, "invalid-argument"),
        ({"lines": (line(end=NOW - 2 * DAY),)}, "invalid-argument"),
        ({"lines": (line(name=""),)}, "invalid-argument"),
        ({"order_number": "SO-0"}, "conflict"),
    ],
)
def test_an_order_that_is_not_possible_is_refused(
    portal: Bench, changes: dict[str, Any], code: str
) -> None:
    portal.authority.execute(order("SO-0"))

    with pytest.raises(Problem) as caught:
        portal.authority.execute(replace(order(), **changes))
    assert caught.value.code == code


def test_an_order_for_anothers_device_is_refused_whole(portal: Bench) -> None:
    portal.authority.execute(order(devices=(UDI,)))

    with pytest.raises(Problem) as caught:
        portal.authority.execute(order("SO-2", account=ELSEWHERE, devices=(UDI,)))
    assert caught.value.code == "belongs-elsewhere"
    reader = portal.authority.reader()
    assert not reader.orders(ELSEWHERE)
    reader.close()


@pytest.mark.requirement("SSM-3")
def test_accounts_are_opened_once_and_listed(portal: Bench) -> None:
    reader = portal.authority.reader()

    assert [row.domain for row in reader.smart_accounts()] == ["example.com", "other.example"]
    assert [row.domain for row in reader.smart_accounts(after="example.com")] == ["other.example"]
    names = [row.account.virtual_account for row in reader.virtual_accounts("example.com")]
    assert names == ["Branch", "DEFAULT"]
    assert reader.virtual_account(NOWHERE) is None
    reader.close()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (OpenSmartAccount(domain="example.com", name="", by="x"), "conflict"),
        (OpenSmartAccount(domain="not a domain", name="", by="x"), "malformed"),
        (OpenVirtualAccount(account=ACCOUNT, description="", by="x"), "conflict"),
        (
            OpenVirtualAccount(account=AccountRef("no.example", "A"), description="", by="x"),
            "not-found",
        ),
        (
            SetAccountOption(account=NOWHERE, option=Option.COUNT_UNVERIFIED, value=True, by="x"),
            "not-found",
        ),
        (RecordEvent(kind="a", subject="", detail="", by="x", account=NOWHERE), "not-found"),
        (MoveInstance(udi=UDI, to=ACCOUNT, by="x"), "not-found"),
        (RevokeToken(account=ACCOUNT, token_id=9, by="x"), "not-found"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(portal: Bench, command: Command, code: str) -> None:
    with pytest.raises(Problem) as caught:
        portal.authority.execute(command)
    assert caught.value.code == code


TOKEN = IssueToken(
    account=ACCOUNT,
    token_digest=digest(b"t"),
    hint="t",
    days=1,
    uses=None,
    export_controlled=False,
    description="",
    by="x",
)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"days": 0}, "invalid-argument"),
        ({"days": 3651}, "invalid-argument"),
        ({"uses": 0}, "invalid-argument"),
        ({"account": NOWHERE}, "not-found"),
        ({"token_digest": digest(b"held")}, "conflict"),
    ],
)
def test_a_token_that_is_not_possible_is_refused(
    portal: Bench, changes: dict[str, Any], code: str
) -> None:
    portal.token("held")

    with pytest.raises(Problem) as caught:
        portal.authority.execute(replace(TOKEN, **changes))
    assert caught.value.code == code


@pytest.mark.requirement("SSM-5")
def test_tokens_are_listed_with_their_state(portal: Bench) -> None:
    for text, uses in (("one", None), ("two", 1), ("three", None), ("four", None)):
        portal.token(text, uses=uses, days=3 if text == "three" else 30)
    portal.trust(a_device().trust_request(token="two"), token="two")
    portal.authority.execute(RevokeToken(account=ACCOUNT, token_id=4, by="admin"))
    portal.authority.execute(RevokeToken(account=ACCOUNT, token_id=4, by="admin"))
    reader = portal.authority.reader()
    rows = reader.tokens(ACCOUNT, now=NOW + 4 * DAY)

    assert [row.state for row in rows] == ["active", "used-up", "expired", "revoked"]
    assert rows[1].used == 1
    assert not reader.tokens(OTHER_ACCOUNT, now=NOW)
    reader.close()


def test_an_upload_claims_provisionally_and_gives_way_to_the_device(portal: Bench) -> None:
    device = a_device()
    portal.report(device.report(), to=OTHER_ACCOUNT)
    before = portal.balance(OTHER_ACCOUNT)
    device.account = ACCOUNT
    outcome = portal.report(device.report(((NOW, NOW + 9, 1),)), to=ACCOUNT)
    reader = portal.authority.reader()
    row = reader.instance(UDI)

    assert before == {TAG: (0, 1, 0)}
    assert outcome.verdict is Verdict.ACCEPTED
    assert row is not None
    assert (row.account, row.provisional) == (ACCOUNT, False)
    assert portal.balance(OTHER_ACCOUNT)[TAG] == (0, 0, 0)
    reader.close()


def test_an_upload_does_not_displace_another_upload(portal: Bench) -> None:
    device = a_device()
    portal.report(device.report(), to=OTHER_ACCOUNT)
    outcome = portal.report(device.report(((NOW, NOW + 9, 1),)), to=ACCOUNT)

    assert outcome.code == "belongs-elsewhere"


def test_an_order_takes_over_what_an_upload_claimed(portal: Bench) -> None:
    portal.report(a_device().report(), to=OTHER_ACCOUNT)
    portal.authority.execute(order(devices=(UDI,)))

    assert portal.balance(ACCOUNT)[TAG] == (2, 1, 0)


@pytest.mark.threat("F3", role="cssm")
def test_a_token_registers_in_its_own_account_only(portal: Bench) -> None:
    portal.token("theirs", account=ELSEWHERE)
    device = a_device()
    portal.report(replace(device, account=ACCOUNT, last={}).report())
    refused = portal.trust(device.trust_request(token="theirs"), token="theirs")
    fresh = portal.trust(a_device("GGR0002").trust_request(token="theirs"), token="theirs")

    assert (refused.verdict, refused.code) == (Verdict.REJECTED, "belongs-elsewhere")
    assert fresh.verdict is Verdict.ACCEPTED
    reader = portal.authority.reader()
    assert [row.udi.serial for row in reader.instances(ELSEWHERE)] == ["GGR0002"]
    reader.close()


@pytest.mark.threat("F16", role="cssm")
def test_a_moved_device_counts_in_one_account_and_is_told(portal: Bench) -> None:
    device = a_device(account=ACCOUNT)
    portal.report(device.report())
    moved = portal.authority.execute(MoveInstance(udi=UDI, to=OTHER_ACCOUNT, by="admin"))
    outcome = portal.report(device.report(((NOW, NOW + 9, 1),)), to=None)

    assert moved == MoveOutcome(udi=UDI, origin=ACCOUNT, to=OTHER_ACCOUNT)
    assert outcome.verdict is Verdict.ACCEPTED
    assert "former-account" in outcome.flags
    assert portal.balance(ACCOUNT)[TAG] == (0, 0, 0)
    assert portal.balance(OTHER_ACCOUNT) == {TAG: (0, 1, 0)}
    assert outcome.answer is not None
    (information,) = outcome.answer.companions
    assert AccountInfo.from_document(information).account == OTHER_ACCOUNT
    reader = portal.authority.reader()
    assert [row.detail for row in reader.events(OTHER_ACCOUNT) if row.kind == "instance-assigned"]
    reader.close()


def test_a_move_to_where_it_is_changes_nothing(portal: Bench) -> None:
    portal.report(a_device(account=ACCOUNT).report())
    reader = portal.authority.reader()
    before = reader.head()
    portal.authority.execute(MoveInstance(udi=UDI, to=ACCOUNT, by="admin"))

    assert reader.head() == before
    with pytest.raises(Problem, match="no account"):
        portal.authority.execute(MoveInstance(udi=UDI, to=NOWHERE, by="admin"))
    reader.close()


def test_a_report_that_names_an_account_of_another_ledger_is_flagged(portal: Bench) -> None:
    device = a_device(account=AccountRef("foreign.example", "X"))
    outcome = portal.report(device.report(), to=ACCOUNT)

    assert outcome.verdict is Verdict.ACCEPTED
    assert "foreign-account" in outcome.flags


def test_events_are_listed_by_account_smart_account_and_newest_first(portal: Bench) -> None:
    portal.authority.execute(
        RecordEvent(kind="user-added", subject="u", detail="d", by="x", account=ACCOUNT)
    )
    portal.authority.execute(RecordEvent(kind="login", subject="u", detail="d", by="x"))
    reader = portal.authority.reader()

    assert reader.events(newest_first=True, limit=1)[0].kind == "login"
    assert reader.events(ACCOUNT)[-1].kind == "user-added"
    assert reader.events(smart_account="example.com")[0].kind == "smart-account"
    newest = reader.events(newest_first=True, limit=1)[0].event_id
    assert reader.events(newest_first=True, after=newest, limit=1)[0].event_id == newest - 1
    reader.close()


def test_product_instances_are_listed_and_searched(portal: Bench) -> None:
    for serial in ("GGR0001", "GGR0002", "GGR1000"):
        portal.report(a_device(serial).report())
    portal.report(a_device("GGR2000").report(), to=ELSEWHERE)
    reader = portal.authority.reader()

    assert len(reader.instances()) == 4
    assert len(reader.instances(ACCOUNT)) == 3
    assert len(reader.instances(smart_account="other.example")) == 1
    assert [row.udi.serial for row in reader.instances(search="GGR00", limit=1)] == ["GGR0001"]
    assert len(reader.instances(search="C9800")) == 4
    assert not reader.instances(search="%")
    assert reader.instance(Udi("X", "Y")) is None
    accounts = {row.account: row.instances for row in reader.virtual_accounts("example.com")}
    assert accounts[ACCOUNT] == 3
    reader.close()


def test_reports_are_listed_by_account_device_and_verdict(portal: Bench) -> None:
    device = a_device()
    portal.report(device.report())
    portal.report(device.report(((NOW, NOW + 9000, 1),)))
    reader = portal.authority.reader()

    assert [row.verdict for row in reader.reports(ACCOUNT)] == ["accepted", "deferred"]
    assert len(reader.reports(udi=UDI, verdict="deferred")) == 1
    assert not reader.reports(ELSEWHERE)
    assert not reader.reports(NOWHERE)
    assert reader.report(Digest("0" * 64)) is None
    reader.close()


def test_an_account_that_is_opened_later_takes_no_verdict_back(portal: Bench) -> None:
    """A report names an account of another ledger; then one of that name is opened here."""
    named = AccountRef("late.example", "DEFAULT")
    item = a_device(account=named).report()
    portal.report(item, to=ACCOUNT)
    portal.authority.execute(order(devices=(UDI,)))
    portal.authority.execute(OpenSmartAccount(domain="late.example", name="L", by="x"))
    portal.authority.execute(OpenVirtualAccount(account=named, description="", by="x"))
    again = portal.report(item, to=None)
    reader = portal.authority.reader()
    row = reader.report(again.digest)
    reader.close()

    assert again.code == "belongs-elsewhere"
    assert row is not None
    assert row.verdict == "accepted"
    assert portal.balance(ACCOUNT)[TAG] == (2, 1, 0)
