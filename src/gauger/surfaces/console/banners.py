"""Banners are the one thing that is typed over several lines: text between two equal signs."""

from collections.abc import Iterable, Iterator
from typing import Final

from gauger.instance.setting_kinds import BANNER_END, BREAK

_WORD: Final = "banner"


def delimiter(text: str) -> str:
    """Return what stands around a banner: its first character, or the two that devices print."""
    return BANNER_END if text.startswith(BANNER_END) else text[:1]


def parted(text: str) -> tuple[str, str | None]:
    """Part what stands behind ``banner motd``.

    Args:
        text: It, the sign that begins the banner first.

    Returns:
        What stands between the signs and None; or the text so far and the sign that is to end it.
    """
    end = delimiter(text)
    inside, closed, _ = text.removeprefix(end).partition(end)
    return (inside, None) if closed else (inside, end)


def gathered(lines: Iterable[str]) -> Iterator[str]:
    """Make one line of each banner among lines of configuration; all others go through.

    Yields:
        The lines. Within a banner a sign stands for each line end, so that it is one command; a
        banner that nothing ends goes on to the last line and is refused as it is.
    """
    held: list[str] = []
    end = ""
    for line in lines:
        if held:
            held.append(line)
            if end in line:
                yield BREAK.join(held)
                held = []
            continue
        text = _banner_text(line)
        open_end = parted(text)[1] if text else None
        if open_end is None:
            yield line
        else:
            held, end = [line], open_end
    if held:
        yield BREAK.join(held)


def _banner_text(line: str) -> str:
    """Return what stands behind ``banner KIND``, or nothing for another line."""
    words = line.split(maxsplit=2)
    is_banner = len(words) == 3 and len(words[0]) > 1 and _WORD.startswith(words[0].lower())
    return words[2] if is_banner else ""
