"""When a report must be acknowledged, and how often the product instance sends by itself."""

from collections.abc import Collection

from gauger.core.policy.rules import Group, Policy

DAY = 86_400
"""Seconds of a day."""

DEFAULT_PUSH_DAYS = 30
"""Push interval where the operator configured none, in days."""


def next_ack_deadline(
    policy: Policy,
    usage_groups: Collection[Group],
    first_use: int | None,
    *,
    last_ack: int | None = None,
    changed_at: int | None = None,
) -> int | None:
    """Return by when a report must be acknowledged (spec/policy.md).

    Before any ACK it is the first use plus the smallest first-report requirement; after, the
    last ACK plus the smallest reporting frequency. A change in use that no acknowledged report
    tells runs a clock beside it. The earliest of the clocks that run is the deadline.

    Args:
        policy: The policy in force.
        usage_groups: Groups of the licences in use.
        first_use: When any licence was first used, epoch seconds; None where none ever was.
        last_ack: When the last ACK of a report came, epoch seconds; None where none did.
        changed_at: When use first changed since what is acknowledged, see ``after_change``.

    Returns:
        Epoch seconds, or None where nothing is required.
    """
    if not policy.ack_required:
        return None
    clocks = [(changed_at, policy.on_change(usage_groups))]
    if last_ack is None:
        clocks.append((first_use, policy.first_report(usage_groups)))
    else:
        clocks.append((last_ack, policy.frequency(usage_groups)))
    running = (since + days * DAY for since, days in clocks if since is not None and days)
    return min(running, default=None)


def push_interval(
    policy: Policy,
    groups: Collection[Group],
    configured_days: int | None,
    *,
    acknowledged: bool = True,
) -> int:
    """Return how often the product instance sends reports by itself (spec/policy.md).

    Args:
        policy: The policy in force.
        groups: Groups of the licences in use.
        configured_days: The interval that the operator set, 0 to stop; None where none is set.
        acknowledged: Whether any report was ever acknowledged; until one is, the first-report
            requirement shortens the interval too.

    Returns:
        Days; 0 is no reporting.
    """
    frequency = policy.frequency(groups)
    if not frequency:
        return configured_days or 0
    wanted = DEFAULT_PUSH_DAYS if configured_days is None else configured_days
    first = 0 if acknowledged else policy.first_report(groups)
    return min(wanted, frequency, first or frequency)


def after_change(changed_at: int | None, at: int, *, acknowledged: bool) -> int | None:
    """Return the state of the on-change clock once use has changed.

    Args:
        changed_at: When the clock started, None where it stands.
        at: When use changed, epoch seconds.
        acknowledged: Whether any report was ever acknowledged. Before that the first-report
            requirement covers whatever use there is, so the clock does not start.

    Returns:
        When the clock started; the first change that no acknowledged report tells.
    """
    if changed_at is None and acknowledged:
        return at
    return changed_at


def after_ack(changed_at: int | None, covered_until: int) -> int | None:
    """Return the state of the on-change clock once a report is acknowledged.

    Args:
        changed_at: When the clock started, None where it stands.
        covered_until: Up to when the acknowledged report tells the use.

    Returns:
        None where the report tells the change; otherwise the clock runs on.
    """
    if changed_at is not None and changed_at <= covered_until:
        return None
    return changed_at
