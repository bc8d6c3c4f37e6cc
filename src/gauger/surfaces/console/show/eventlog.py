"""`show license eventlog` and `show license history message`."""

from collections.abc import Sequence

from gauger.instance.views import EventView, HistoryView, PastMessage
from gauger.surfaces.console.text import log_moment, moment, shown

_RULE = "=" * 52


def show_eventlog(events: Sequence[EventView]) -> str:
    """Return the output of `show license eventlog`.

    Args:
        events: The entries, oldest first.
    """
    lines = [_event(event) for event in events] or [" No EventLog Found."]
    return "\n".join(["**** Event Log ****", "", *lines])


def show_history(history: Sequence[HistoryView]) -> str:
    """Return the output of `show license history message`.

    Args:
        history: What stands under each heading, in order.
    """
    exchanges = [line for view in history if not view.is_import for line in _past(view)]
    imports = [line for view in history if view.is_import for line in (*_past(view), "")]
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


def _past(view: HistoryView) -> list[str]:
    kind = "Import " if view.is_import else ""
    if not view.messages:
        return [f"{view.heading}:", f"  No past {kind}history"]
    # Genie gives up where no line of plain words follows a heading: these are for it.
    return [f"{view.heading}:", f"  Past {kind}history", *map(_line, view.messages)]


def _line(message: PastMessage) -> str:
    line = f"  {moment(message.at)}: {shown(message.what)}: {shown(message.outcome)}"
    if message.times == 1:
        return line
    return f"{line} ({message.times} times, last {moment(message.last_at)})"


def _event(event: EventView) -> str:
    fields = [f'{shown(name)}="{_quoted(value)}"' for name, value in event.fields]
    # A portal's own words end up here: escaped, they stay on their line.
    text = [shown(event.text)] if event.text else []
    return " ".join([log_moment(event.at), shown(event.name), *fields, *text])


def _quoted(value: str) -> str:
    # A quote inside a value would end it early and forge the fields that follow.
    return shown(value).replace('"', '\\"') if value else ""
