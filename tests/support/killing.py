"""A process that ends between two steps, without ending one."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch


class Killed(BaseException):
    """The process is no more."""


@contextmanager
def killed_at(number: int, steps: Iterable[tuple[object, str]]) -> Iterator[None]:
    """End the process before the nth of some steps.

    Args:
        number: Which, from 1 on.
        steps: What counts as a step: functions, each by what holds it and its name there.
    """
    counted = itertools.count(1)

    def guarded(act: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object, **options: object) -> object:
            if next(counted) == number:
                raise Killed
            return act(*arguments, **options)

        return step

    with ExitStack() as stack:
        for holder, name in steps:
            stack.enter_context(patch.object(holder, name, guarded(getattr(holder, name))))
        yield
