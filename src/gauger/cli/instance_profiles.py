"""What `gauger instance profiles` prints."""

from gauger import profiles
from gauger.cli.typed_line import typed_line
from gauger.core.profiles import Counting, Origin, Profile


def listed() -> list[str]:
    """Return lines on every built-in product profile."""
    return [line for name in profiles.names() for line in _described(profiles.builtin(name))]


def one(wanted: str) -> list[str]:
    """Return lines on one profile, with what an order needs: the tag of every licence.

    Args:
        wanted: Its name, or the path of a file of one's own.

    Raises:
        Problem: ``profile-invalid`` or ``file-not-found``.
    """
    profile = profiles.find(wanted)
    tags = [f"  {licence.feature}\n    {licence.tag}" for licence in profile.licences]
    step = f"Next: {typed_line('gauger factory mint', factory='DIR', profile=wanted, out='NEW')}"
    return [*_described(profile), "Entitlement tags:", *tags, step]


def _described(profile: Profile) -> list[str]:
    lines = [
        f"{profile.name}: {profile.title}",
        f"  release {profile.release}, product ids {', '.join(profile.pids)}",
    ]
    for licence in profile.licences:
        own = "" if licence.origin is Origin.PUBLISHED else ", own tag"
        by = ", by access points" if licence.counts is Counting.ACCESS_POINTS else ""
        what = f"{licence.enforcement.value} {licence.term.value}"
        lines.append(f"  {licence.feature} ({licence.name}): {what}{by}{own}")
    return lines
