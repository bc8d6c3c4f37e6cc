"""Policies: whose is in force, which document goes out, and that none goes back."""

import pytest

from gauger.core.authority.commands import AssignPolicy, FetchPolicy, ImportRootSet, MoveInstance
from gauger.core.authority.outcomes import PolicyOutcome, ReportOutcome
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef
from gauger.core.policy.rules import Group, Policy, Rule, validate
from gauger.core.problems import Problem
from tests.support.builders import ACCOUNT, NOW, OTHER_ACCOUNT, UDI, Bench, Device, a_device


def policy(name: str, days: int = 30) -> Policy:
    return validate(name=name, ack_required=True, rules={Group.PERPETUAL: Rule(days, days, days)})


def assign(portal: Bench, name: str, *, to: AccountRef | str | None) -> PolicyDocument | None:
    smart = to.smart_account if isinstance(to, AccountRef) else to
    virtual = to.virtual_account if isinstance(to, AccountRef) else None
    outcome = portal.authority.execute(
        AssignPolicy(smart_account=smart, virtual_account=virtual, policy=policy(name), by="admin")
    )
    assert isinstance(outcome, PolicyOutcome)
    if outcome.document is None:
        return None
    return PolicyDocument.from_document(outcome.document)


def brought(outcome: ReportOutcome) -> PolicyDocument | None:
    assert outcome.answer is not None
    found = [one for one in outcome.answer.companions if one.type == PolicyDocument.TYPE]
    return PolicyDocument.from_document(found[0]) if found else None


def next_report(portal: Bench, device: Device) -> ReportOutcome:
    start = NOW + 10 * device.report_id
    portal.clock.now = start + 10
    return portal.report(device.report(((start, start + 10, 1),)), to=None)


def settled(portal: Bench) -> Device:
    """Return a device that holds account information of the first account."""
    portal.report(a_device().report())
    device = a_device(incarnation="12" * 16, account=ACCOUNT)
    next_report(portal, device)
    return device


@pytest.mark.requirement("SSM-7")
@pytest.mark.requirement("SSM-6/policy")
def test_a_custom_policy_goes_with_the_next_ack_until_it_is_held(portal: Bench) -> None:
    assigned = assign(portal, "Quarterly", to=ACCOUNT)
    device = settled(portal)
    first = brought(next_report(portal, device))
    again = brought(next_report(portal, device))

    assert assigned is not None
    assert first == again == assigned
    assert first.policy.groups[Group.PERPETUAL] == Rule(30, 30, 30)
    device.policy = assigned.order
    assert brought(next_report(portal, device)) is None


def test_nothing_is_sent_where_the_default_applies(portal: Bench) -> None:
    assert brought(next_report(portal, settled(portal))) is None


@pytest.mark.requirement("SSM-7")
def test_the_nearest_assignment_is_in_force(portal: Bench) -> None:
    device = settled(portal)
    names = []
    for name, to in (("all", None), ("whole", "example.com"), ("own", ACCOUNT)):
        assign(portal, name, to=to)
        document = brought(next_report(portal, device))
        assert document is not None
        names.append((document.name, document.account))
        device.policy = document.order

    assert names == [("all", ACCOUNT), ("whole", ACCOUNT), ("own", ACCOUNT)]
    reader = portal.authority.reader()
    assert [row.name for row in reader.policies(ACCOUNT)] == ["own", "whole", "all"]
    assert [row.name for row in reader.policies(None)] == ["all"]
    assert reader.policies(ACCOUNT)[0].version == 4
    reader.close()


@pytest.mark.requirement("SSM-7")
def test_a_policy_is_served_as_a_file_too(portal: Bench) -> None:
    reader = portal.authority.reader()
    assert reader.policy_document(ACCOUNT) is None
    default = portal.authority.execute(FetchPolicy(account=ACCOUNT))
    again = portal.authority.execute(FetchPolicy(account=ACCOUNT))

    assert isinstance(default, PolicyOutcome)
    assert default == again
    assert default.document is not None
    assert PolicyDocument.from_document(default.document).name == "default"
    assert reader.policy_document(ACCOUNT) == default.document
    reader.close()


def test_a_changed_policy_has_a_higher_version(portal: Bench) -> None:
    first, second = (assign(portal, name, to=ACCOUNT) for name in ("one", "two"))

    assert first is not None
    assert second is not None
    assert second.order > first.order


@pytest.mark.parametrize("target", ["custom", "default"])
def test_a_moved_device_gets_its_new_accounts_policy_above_the_old(
    portal: Bench, target: str
) -> None:
    if target == "custom":
        assign(portal, "theirs", to=OTHER_ACCOUNT)
    assign(portal, "ours", to=ACCOUNT)
    device = settled(portal)
    held = brought(next_report(portal, device))
    assert held is not None
    device.policy = held.order
    portal.authority.execute(MoveInstance(udi=UDI, to=OTHER_ACCOUNT, by="admin"))
    new = brought(next_report(portal, device))

    assert new is not None
    assert new.order > held.order
    assert (new.account, new.name) == (
        OTHER_ACCOUNT,
        "theirs" if target == "custom" else "default",
    )
    device.policy, device.account = new.order, OTHER_ACCOUNT
    assert brought(next_report(portal, device)) is None


def test_the_order_of_another_ledgers_policy_has_no_meaning(portal: Bench) -> None:
    document = assign(portal, "ours", to=ACCOUNT)
    device = a_device()
    assert document is not None
    device.policy = document.order

    assert brought(portal.report(device.report())) == document


def test_nobody_drives_the_version_up_by_a_claim(portal: Bench) -> None:
    document = assign(portal, "ours", to=ACCOUNT)
    device = settled(portal)
    device.policy = Order(9, 9, 2**62)

    assert brought(next_report(portal, device)) == document


@pytest.mark.threat("B10", role="cssm")
def test_after_a_new_root_epoch_a_policy_stands_above_any_version(portal: Bench) -> None:
    assign(portal, "ours", to=ACCOUNT)
    device = settled(portal)
    device.policy = Order(1, 1, 2**62)
    newer = portal.factory.following(signers=("portal",), epoch=2)
    portal.authority.execute(ImportRootSet(document=newer.texts[-1], by="operator"))
    portal.authority.execute(ImportRootSet(document=newer.texts[-1], by="operator"))
    outcome = next_report(portal, device)
    document = brought(outcome)

    assert document is not None
    assert document.order > device.policy
    assert outcome.answer is not None
    assert [one.digest for one in outcome.answer.root_sets] == [newer.root_sets[-1].digest]


@pytest.mark.parametrize(
    ("scope", "name", "code"),
    [
        ((None, "DEFAULT"), "x", "invalid-argument"),
        (("no.example", None), "x", "not-found"),
        (("example.com", "Nowhere"), "x", "not-found"),
        (("example.com", None), "", "invalid-argument"),
    ],
)
def test_a_policy_that_cannot_be_assigned_is_refused(
    portal: Bench, scope: tuple[str | None, str | None], name: str, code: str
) -> None:
    smart, virtual = scope
    command = AssignPolicy(
        smart_account=smart, virtual_account=virtual, policy=policy(name), by="x"
    )

    with pytest.raises(Problem) as caught:
        portal.authority.execute(command)
    assert caught.value.code == code
