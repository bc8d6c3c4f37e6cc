"""`show license reservation` and `show license data conversion`."""

from collections.abc import Sequence

from gauger.core.profiles import Profile
from gauger.instance.views import AuthorizationView
from gauger.surfaces.console.show.authorization import role_and_udi
from gauger.surfaces.console.show.everything import conversion, pushed
from gauger.surfaces.console.show.status import join
from gauger.surfaces.console.text import NONE, shown


def show_reservation(
    authorizations: Sequence[AuthorizationView], profile: Profile, *, is_reserved: bool
) -> str:
    """Return the output of `show license reservation`.

    Args:
        authorizations: One entry for each device of the set.
        profile: The product.
        is_reserved: Whether reservation is configured.
    """
    return join(reservation_sections(authorizations, profile, is_reserved=is_reserved))


def reservation_sections(
    authorizations: Sequence[AuthorizationView], profile: Profile, *, is_reserved: bool
) -> list[list[str]]:
    """Return whether licences are reserved; nothing reserves any but an authorization code."""
    state = "ENABLED" if is_reserved else "DISABLED"
    head = [f"License reservation: {state}", *pushed(profile)]
    lines = ["Overall status:"]
    for view in authorizations:
        lines += [f"  {role_and_udi(view)}", *_state(view)]
    return [head, lines, ["Specified license reservations:"]]


def show_conversion(profile: Profile) -> str:
    """Return the output of `show license data conversion`: nothing was ever to be converted.

    Args:
        profile: The product.
    """
    return "\n".join(conversion(profile))


def _state(view: AuthorizationView) -> list[str]:
    # A reservation of the model before this one; an authorization code is shown by its own command.
    return [
        "    Reservation status: NOT INSTALLED",
        f"    Request code: {NONE}",
        f"    Last return code: {shown(view.return_code)}",
        f"    Last Confirmation code: {shown(view.confirmation_code)}",
        f"    Reservation authorization code: {NONE}",
    ]
