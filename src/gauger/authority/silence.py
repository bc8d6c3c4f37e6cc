"""Tells people of product instances that have fallen silent, and when they are heard again."""

from gauger.authority.books import Draft, Unit
from gauger.authority.decision import Decision, plain
from gauger.core.authority.commands import FindSilent
from gauger.core.authority.facts import InstanceFacts, PolicyFacts
from gauger.core.authority.outcomes import SweepOutcome
from gauger.core.authority.rows import InstanceHeard, InstanceSilent
from gauger.core.authority.silence import ANY_GROUP, QuietFacts, silent_from
from gauger.core.identity import AccountRef, Udi


def find_silent(unit: Unit, command: FindSilent) -> Decision:
    """Look at a part of the product instances, and raise each that is silent, once."""
    # A part at a time, each once: who was told of is left out until it is heard.
    quiet, following = unit.store.lookups.quiet(command.after, unit.now)
    draft = Draft(unit)
    policies: dict[AccountRef, PolicyFacts] = {}
    for facts in quiet:
        # A part is of few accounts and many devices.
        if facts.account not in policies:
            policies[facts.account] = unit.store.lookups.policy(facts.account)
        due_at = _silent_from(unit, facts, policies[facts.account])
        if due_at is not None:
            draft.add(
                InstanceSilent(
                    at=draft.now,
                    udi=facts.udi,
                    account=facts.account,
                    last_report_at=facts.last_report_at,
                    due_at=due_at,
                )
            )
    return plain(draft, SweepOutcome(following=following))


def _silent_from(unit: Unit, facts: QuietFacts, given: PolicyFacts) -> int | None:
    """Return since when a product instance is silent; None where it is not."""
    last, policy, assigned_at = facts.last_report_at, given.policy, given.assigned_at
    # What any licence could ask needs no look at those in use: nearly all end here.
    earliest = silent_from(last, policy, ANY_GROUP, assigned_at=assigned_at)
    # Any group asks at least as early as those in use, so this never misses one.
    if earliest is None or unit.now < earliest:
        return None
    groups = unit.store.lookups.groups_in_use(facts.udi)
    due_at = silent_from(last, policy, groups, assigned_at=assigned_at)
    # No licence in use, or not yet due by those that are.
    return None if due_at is None or unit.now < due_at else due_at


def note_heard(
    draft: Draft, udi: Udi, instance: InstanceFacts | None, owner: AccountRef | None
) -> None:
    """Note that a silent product instance has reported."""
    # Only after a row `instance-silent`: else each report would be an event.
    if instance is not None and instance.silent_since is not None:
        draft.add(
            InstanceHeard(at=draft.now, udi=udi, account=owner, silent_since=instance.silent_since)
        )
