"""`show license udi`: who the product instance is."""

from collections.abc import Sequence

from gauger.core.identity import Udi
from gauger.instance.views import TrustView
from gauger.surfaces.console.text import shown


def show_udi(udi: Udi, members: Sequence[TrustView]) -> str:
    """Return the output of `show license udi`.

    Args:
        udi: The active device.
        members: All devices of the set; a list of them is printed where there are several.
    """
    return "\n".join(udi_lines(udi, members))


def udi_lines(udi: Udi, members: Sequence[TrustView]) -> list[str]:
    """Return the lines that `show license all` shares."""
    lines = [f"UDI: {_text(udi)}"]
    # Real devices list the members of a set; one alone is told by its own line.
    if len(members) > 1:
        lines += ["", "HA UDI List:"]
        lines += [f"    {view.role}:{_text(view.udi)}" for view in members]
    return lines


def _text(udi: Udi) -> str:
    return f"PID:{shown(udi.pid)},SN:{shown(udi.serial)}"
