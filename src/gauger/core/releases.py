"""Releases in order, and one table of what a release may do in which topology.

Everything that differs between releases is a row of `AVAILABILITY`; no other module compares
releases. The rows that the published description leaves open are marked (`unverified`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from gauger.core.problems import Problem

_FORM = re.compile(r"(\d{1,6}(?:[.-]\d{1,6}){1,3})([a-z]?)", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Release:
    """A software release: numbers, then at most one letter for a rebuild.

    A rebuild comes after its release and before the next: 17.3.2 < 17.3.2a < 17.3.3 < 17.10.1.
    A server's level such as 8-202102 has the same order within its own product.

    Attributes:
        numbers: Two to four numbers, the most significant first.
        rebuild: One lower-case letter, or the empty text.
    """

    numbers: tuple[int, ...]
    rebuild: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a release as people write it: ``17.9.4``, ``17.3.2a``, ``17.09.02``, ``8-202102``.

        Raises:
            Problem: ``invalid-argument`` where the text has another form.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            message = f"{text[:32]!r} is not a release such as 17.9.4, 17.3.2a or 8-202102."
            raise Problem("invalid-argument", message)
        # As numbers: 17.10 comes after 17.9, which as text it would not.
        numbers = tuple(int(number) for number in re.split("[.-]", match[1]))
        return cls(numbers, match[2])

    @property
    def train(self) -> tuple[int, int]:
        """The first two numbers: 17.6.4 is of the train 17.6."""
        return self.numbers[0], self.numbers[1]

    @property
    def padded(self) -> str:
        """The form that reports carry: two digits for each number, ``17.09.04``."""
        return ".".join(f"{number:02d}" for number in self.numbers) + self.rebuild

    def __str__(self) -> str:
        # A server's level names a month (8-202102); no release of a device has so high a number.
        separator = "-" if self.numbers[1] >= 100_000 else "."
        return separator.join(str(number) for number in self.numbers) + self.rebuild


class Topology(StrEnum):
    """A way to reach the portal, as a product instance can tell it apart.

    A utility that is cut off from the portal looks to the device like one that is not, so that
    topology has no name of its own; likewise an On-Prem server that synchronises by files.
    """

    DIRECT = "direct"
    CSLU_PUSH = "cslu-push"
    CSLU_PULL = "cslu-pull"
    CONTROLLER = "controller"
    OFFLINE = "offline"
    ONPREM_PUSH = "onprem-push"
    ONPREM_PULL = "onprem-pull"


class Feature(StrEnum):
    """What depends on the release."""

    SUPPORT = "support"
    """The topology itself."""
    THROTTLING = "throttling"
    """At most one sending of reports in 24 hours."""
    TRUST_REQUEST_IN_REPORT = "trust-request-in-report"
    """A device without a trust code of the portal asks for one with its next report."""
    FACTORY_TRUST_CODE = "factory-trust-code"
    """A trust code may be installed at the factory."""
    ACCOUNT_SHOWN = "account-shown"
    """Answers name the account, and `show license` prints it."""
    SHOW_RUM = "show-rum"
    """`show license rum …`."""
    RETURN_BY_UPLOAD = "return-by-upload"
    """A return file is uploaded like usage, without locating the device first."""
    VRF = "vrf"
    """`license smart vrf`, and its line in `show license status`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """From which release on something holds.

    Attributes:
        since: First release in general; every later one has it.
        within: First releases of older trains that have it too, for that train alone.
        unverified: The same, where only research and no published text says so.
    """

    since: Release
    within: tuple[Release, ...] = ()
    unverified: tuple[Release, ...] = ()

    def holds(self, release: Release) -> bool:
        """Return whether the release has it."""
        # A backport holds in its train alone: 17.6.4 has what 17.7.0 lacks.
        backports = self.within + self.unverified
        return release >= self.since or any(
            release.train == first.train and release >= first for first in backports
        )


def _since(text: str) -> Availability:
    return Availability(since=Release.parse(text))


def _throttled_since(text: str) -> Availability:
    return Availability(
        since=Release.parse(text),
        within=(Release.parse("17.6.4"),),
        unverified=(Release.parse("17.3.6"),),
    )


AVAILABILITY: Final[Mapping[tuple[Feature, Topology], Availability]] = MappingProxyType(
    {
        (Feature.SUPPORT, Topology.DIRECT): _since("17.3.2"),
        (Feature.SUPPORT, Topology.CSLU_PUSH): _since("17.3.2"),
        (Feature.SUPPORT, Topology.CSLU_PULL): _since("17.3.2"),
        (Feature.SUPPORT, Topology.CONTROLLER): _since("17.3.2a"),
        (Feature.SUPPORT, Topology.OFFLINE): _since("17.3.2"),
        (Feature.SUPPORT, Topology.ONPREM_PUSH): _since("17.3.3"),
        (Feature.SUPPORT, Topology.ONPREM_PULL): _since("17.3.3"),
        # The published description names no first release for direct; the decision record
        # docs/adr/0020-releases-and-topologies.md says why it is that of the push to a utility.
        (Feature.THROTTLING, Topology.DIRECT): _throttled_since("17.7.1"),
        (Feature.THROTTLING, Topology.CSLU_PUSH): _throttled_since("17.7.1"),
        (Feature.THROTTLING, Topology.ONPREM_PUSH): _throttled_since("17.9.1"),
        (Feature.TRUST_REQUEST_IN_REPORT, Topology.CSLU_PUSH): _since("17.7.1"),
        (Feature.TRUST_REQUEST_IN_REPORT, Topology.OFFLINE): _since("17.7.1"),
        (Feature.RETURN_BY_UPLOAD, Topology.OFFLINE): _since("17.7.1"),
    }
)
"""What depends on release and topology; a pair that is not listed never holds."""

EVERYWHERE: Final[Mapping[Feature, Availability]] = MappingProxyType(
    {
        Feature.FACTORY_TRUST_CODE: _since("17.7.1"),
        Feature.ACCOUNT_SHOWN: _since("17.7.1"),
        Feature.SHOW_RUM: _since("17.7.1"),
        Feature.VRF: _since("17.9.1"),
    }
)
"""What depends on the release alone."""


def has(feature: Feature, release: Release, topology: Topology | None = None) -> bool:
    """Return whether a release has a feature, in a topology where that matters.

    Args:
        feature: What is asked for.
        release: Software release of the product instance.
        topology: How it reports; needed only for the features that depend on it.

    Returns:
        False also where the pair of feature and topology is in no table.
    """
    row = _row(feature, topology)
    return row is not None and row.holds(release)


def first_release(feature: Feature, topology: Topology | None = None) -> Release | None:
    """Return the first release in general that has a feature, or None where none ever has."""
    row = _row(feature, topology)
    return None if row is None else row.since


def _row(feature: Feature, topology: Topology | None) -> Availability | None:
    # Asked without a topology, a feature that depends on one is in no table: false, not a guess.
    if topology is None or feature in EVERYWHERE:
        return EVERYWHERE.get(feature)
    return AVAILABILITY.get((feature, topology))
