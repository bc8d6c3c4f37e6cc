"""Licence levels: which licences a product uses by itself since its boot (spec/usage.md, 5)."""

from dataclasses import dataclass

from gauger.core.profiles import Counting, Enforcement, Profile
from gauger.instance.config import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """What the licence levels of one boot say.

    Attributes:
        counted: Entitlement tags of which each access point uses one.
        own: Entitlement tags of which the product itself uses one.
    """

    counted: tuple[str, ...] = ()
    own: tuple[str, ...] = ()


def in_force(profile: Profile, booted: Configuration) -> Levels:
    """Return what the levels say that a boot began with.

    Args:
        profile: The product.
        booted: The configuration that the boot began with.
    """
    by_default = tuple(item.tag for item in profile.counted_by(Counting.ACCESS_POINTS))
    air = level_tags(profile, booted.air_level)
    return Levels(counted=air or by_default, own=level_tags(profile, booted.boot_level))


def level_tags(profile: Profile, level: str | None) -> tuple[str, ...]:
    """Return the entitlement tags of a level and its add-on, as far as the product has them.

    A licence that needs an authorization code is left out: no level switches it on. One that the
    product does not have is left out too, for the software may be another than when it was saved.
    """
    features = () if level is None else level.split(" addon ")
    unenforced = [item for item in profile.licences if item.enforcement is Enforcement.UNENFORCED]
    return tuple(item.tag for item in unenforced if item.feature in features)


def offers(profile: Profile, level: str) -> bool:
    """Return whether a product has a level with its add-on: one licence of each, none of several."""
    return len(level_tags(profile, level)) == len(level.split(" addon "))
