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
    waiting = sum(1 for name in deferred if name not in summary)
    bare = len(titles) - len(summary) - waiting
    closing = f"{len(titles)} ids: {shown} shown by passing tests, {waiting} deferred, {bare} without a test"
    return [*lines, closing]


def main() -> None:
    """Print both tables from the parts that the make targets wrote."""
    titles, deferred, summaries = evidence.known_ids(), evidence.deferred_ids(), evidence.merge()
    unknown = []
    kinds: tuple[evidence.Kind, evidence.Kind] = ("requirements", "threats")
    for kind in kinds:
        print(f"== {kind}")
        print("\n".join(table(titles[kind], summaries[kind], deferred[kind])))
        print()
        unknown += [name for name in deferred[kind] if name.partition("/")[0] not in titles[kind]]
    if unknown:
        sys.exit(f"tests/deferred.toml names ids that nobody listed: {', '.join(unknown)}")


if __name__ == "__main__":
    main()
