"""Random walks of a machine beside a model, counted."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.support.figures import Figures
from tests.support.thoroughness import IS_NIGHTLY, NIGHT

WALKS, STEPS = max(1, round(600 * NIGHT)), 100
"""Walks, and steps of each, of a nightly run."""


def walk(machine: type[RuleBasedStateMachine], figures: Figures, *, walks: int, steps: int) -> None:
    """Let a machine walk at random and compare it with its model after each step.

    By day the walks are the same each time, so that a red run tells of a change and can be
    repeated; a night walks ways that nobody has gone before.

    Args:
        machine: The machine.
        figures: Where walks and steps are counted.
        walks: Walks by day.
        steps: Steps of each, at most, by day.
    """
    if IS_NIGHTLY:
        walks, steps = WALKS, STEPS
    done = {"walks": 0, "steps": 0}

    class Counted(machine):  # type: ignore[valid-type, misc]  # a machine that is given
        """The machine, counting."""

        def __init__(self) -> None:
            super().__init__()
            done["walks"] += 1

        def check_invariants(self, *arguments: object, **options: object) -> None:
            done["steps"] += 1
            super().check_invariants(*arguments, **options)

    Counted.__name__ = machine.__name__
    profile = settings(
        max_examples=walks,
        stateful_step_count=steps,
        derandomize=not IS_NIGHTLY,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Counted, settings=profile)
    figures.add("state machines", 1)
    figures.add("walks of state machines", done["walks"])
    figures.add("steps of state machines", done["steps"])
