"""`show license eventlog` and `show license history message`."""

from collections.abc import Sequence

from gauger.instance.views import EventView
from gauger.surfaces.console.text import log_moment, shown

_EXCHANGES = (
    "Trust Establishment",
    "Usage Reporting",
    "Result Polling",
    "Authorization Request",
    "Authorization Return",
    "Trust Sync",
)
_IMPORTS = ("POLICY", "AUTH", "TRUST CODE", "RUM ACK", "CONVERSION ACK", "ACCOUNT INFO")
_RULE = "=" * 52


def show_eventlog(events: Sequence[EventView]) -> str:
    """Return the output of `show license eventlog`.

    Args:
        events: The entries, oldest first.
    """
    lines = [_event(event) for event in events] or [" No EventLog Found."]
    return "\n".join(["**** Event Log ****", "", *lines])


def show_history() -> str:
    """Return the output of `show license history message` while no history is kept."""
    exchanges = [line for name in _EXCHANGES for line in (f"{name}:", "  No past history")]
    imports = [
        line for name in _IMPORTS for line in (f"Import {name}:", "  No past Import history", "")
    ]
    return "\n".join(
        [
            "Message History (oldest to newest):",
            _RULE,
            *exchanges,
            "",
            "Import Message History (oldest to newest):",
            _RULE,
            *imports[:-1],
        ]
    )


def _event(event: EventView) -> str:
    fields = [f'{shown(name)}="{_quoted(value)}"' for name, value in event.fields]
    # A portal's own words end up here: escaped, they stay on their line.
    text = [shown(event.text)] if event.text else []
    return " ".join([log_moment(event.at), shown(event.name), *fields, *text])


def _quoted(value: str) -> str:
    # A quote inside a value would end it early and forge the fields that follow.
    return shown(value).replace('"', '\\"') if value else ""
