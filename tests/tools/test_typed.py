"""What is typed and cannot be is named as an argument, not as a damaged document."""

import click
import pytest

from gauger.cli.cssm.command import ACCOUNT
from gauger.core.identity import AccountRef, Udi
from gauger.core.problems import Problem
from gauger.tools.typed import typed, typed_account, typed_udi


def test_what_can_be_is_read() -> None:
    assert typed_udi("C9800-CL-K9", "GGR1") == Udi("C9800-CL-K9", "GGR1")
    assert typed_account("example.com/Lab 1") == AccountRef("example.com", "Lab 1")


@pytest.mark.parametrize(
    ("pid", "serial", "names"),
    [("A B", "1", "The PID 'A B'"), ("", "1", "The PID"), ("A", "1;2", "The serial number '1;2'")],
)
def test_a_udi_that_cannot_be_is_named_with_what_may_stand_there(
    pid: str, serial: str, names: str
) -> None:
    with pytest.raises(Problem, match="printable ASCII characters without blank") as caught:
        typed_udi(pid, serial)
    assert (caught.value.code, names in caught.value.detail) == ("invalid-argument", True)


@pytest.mark.parametrize("text", ["example.com", "x_/a", "/a", "example.com/"])
def test_an_account_that_cannot_be_is_named(text: str) -> None:
    with pytest.raises(Problem) as caught:
        typed_account(text)
    assert caught.value.code == "invalid-argument"
    with pytest.raises(click.BadParameter) as as_option:
        ACCOUNT.convert(text, None, None)
    assert as_option.value.message == caught.value.detail


def test_what_is_no_matter_of_typing_keeps_its_name() -> None:
    with pytest.raises(Problem, match="store-full"), typed():
        raise Problem("store-full", "The disk is full.")
