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
    changes: Collection[int] = (),
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
        changes: When use changed and no acknowledged report tells it, see ``after_change``. Before
            any ACK the first-report requirement covers whatever use there is.

    Returns:
        Epoch seconds, or None where nothing is required.
    """
    if not policy.ack_required:
        return None
    # Before the first ACK whatever use there is, is new: one clock covers it all.
    if last_ack is None:
        clocks = [(first_use, policy.first_report(usage_groups))]
    else:
        # The earliest: a later change must not put off a deadline that runs already.
        changed_at = min(changes, default=None)
        clocks = [
            (changed_at, policy.on_change(usage_groups)),
            (last_ack, policy.frequency(usage_groups)),
        ]
    # 0 days is no requirement, not a deadline at once (spec/policy.md, 1).
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
        # No group asks for reports, so only the operator can.
        return configured_days or 0
    # 0 is a choice (send nothing), None is none: `or` would confuse the two.
    wanted = DEFAULT_PUSH_DAYS if configured_days is None else configured_days
    first = 0 if acknowledged else policy.first_report(groups)
    # A configured 0 wins here too: the operator's stop is obeyed, the deadline still runs.
    return min(wanted, frequency, first or frequency)


def after_change(changes: tuple[int, ...], at: int) -> tuple[int, ...]:
    """Remember that use has changed.

    The first change alone would not do: a report may tell it and not the next one, which came
    while the ACK of that report was on its way. Of many changes within a day the first and the
    last are kept, so the clock that one of them starts is right to the day.

    Args:
        changes: Changes that no acknowledged report tells, in the order in which they came.
        at: When use changed, epoch seconds.

    Returns:
        Them and the new one.
    """
    # The last one is replaced, never the first: its clock is the one that may be running.
    if len(changes) > 1 and at < changes[-2] + DAY:
        return (*changes[:-1], at)
    return (*changes, at)


def after_ack(changes: tuple[int, ...], covered_until: int) -> tuple[int, ...]:
    """Forget the changes that a report tells which is acknowledged now.

    Args:
        changes: Changes that no acknowledged report told so far.
        covered_until: Up to when the acknowledged report tells the use, epoch seconds.

    Returns:
        Those that it does not reach: the on-change clock goes on from the first of them.
    """
    # One beyond its end keeps a clock running, also where it came before the ACK did.
    return tuple(at for at in changes if at > covered_until)
