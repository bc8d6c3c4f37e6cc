"""Text of others made safe to show: what is not printable is escaped, never obeyed."""


def one_line(text: str) -> str:
    r"""Return a text that a terminal or log only shows: what is not printable becomes ``\x1b``.

    Host names, tags and file names come from devices and files; an escape sequence or a line end
    in them must not move a cursor nor look like a line of its own.
    """
    # Nearly always: most names are plain, and every line of output passes here.
    if text.isprintable():
        return text
    # `ascii` has an escape for every character, direction marks and zero-width blanks too.
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def many_lines(text: str) -> str:
    """Return a whole output with everything escaped but its line ends."""
    return "\n".join(map(one_line, text.split("\n")))
