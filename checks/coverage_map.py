"""Print which requirement and which threat has which tests, those without included."""

import sys
from collections.abc import Mapping

from checks import evidence


def counts(table: Mapping[str, object]) -> str:
    """Write counts by name on one line, for example ``policy 3, trust 1``."""
    return ", ".join(f"{name} {count}" for name, count in sorted(table.items()))


def row(name: str, title: str, entry: Mapping[str, object] | None, reason: str | None) -> str:
    """Write the line of one id.

    Args:
        name: The id.
        title: What it stands for.
        entry: The summary of its tests; None where it has none.
        reason: Why it is deferred; None where it is not.

    Returns:
        Id, outcome counts or why there are none, parts and roles, title.
    """
    state = f"deferred: {reason}" if reason else "NO TEST"
    if entry is not None:
        numbers = f"{entry['passed']} passed, {entry['failed']} failed, {entry['skipped']} skipped"
        shares = [value for key in ("parts", "roles") if isinstance(value := entry[key], dict)]
        state = "; ".join(part for part in (numbers, *map(counts, shares)) if part)
    return f"{name:18} {state:44} {title}"


def table(
    titles: Mapping[str, str], summary: evidence.Summary, deferred: Mapping[str, str]
) -> list[str]:
    """Write the table of one kind of ids.

    Args:
        titles: Every id with its title.
        summary: What the tests showed.
        deferred: Reasons for ids that cannot apply yet.

    Returns:
        One line for each id, and a closing line with the counts.
    """
    lines = [
        row(name, title, summary.get(name), deferred.get(name)) for name, title in titles.items()
    ]
    shown = sum(1 for entry in summary.values() if entry["passed"] and not entry["failed"])
    bare = len(titles) - len(summary) - len(deferred)
    closing = f"{len(titles)} ids: {shown} shown by passing tests, {len(deferred)} deferred, {bare} without a test"
    return [*lines, closing]


def faults(
    titles: Mapping[str, str], summary: evidence.Summary, deferred: Mapping[str, str]
) -> list[str]:
    """Find deferrals that say nothing true.

    Args:
        titles: Every id of a kind with its title.
        summary: What the tests showed.
        deferred: Reasons for ids that cannot apply yet.

    Returns:
        One line for each deferred id that nobody listed, or that has tests: either its reason
        is over, or those tests claim what they do not show.
    """
    unlisted = [f"{name} is not listed" for name in deferred if name not in titles]
    return unlisted + [f"{name} has tests" for name in deferred if name in summary]


def main() -> None:
    """Print both tables from the parts that the make targets wrote."""
    titles, deferred, summaries = evidence.known_ids(), evidence.deferred_ids(), evidence.merge()
    found = []
    kinds: tuple[evidence.Kind, evidence.Kind] = ("requirements", "threats")
    for kind in kinds:
        print(f"== {kind}")
        print("\n".join(table(titles[kind], summaries[kind], deferred[kind])))
        print()
        found += faults(titles[kind], summaries[kind], deferred[kind])
    if found:
        sys.exit(f"tests/deferred.toml is not true: {', '.join(found)}")


if __name__ == "__main__":
    main()
