"""A portal's authority: as a fixture that folders of tests bring in, and for random walks."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.support.builders import Bench, a_portal


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Bench]:
    """Run a portal's authority."""
    with a_portal(tmp_path) as bench:
        yield bench


class PortalMachine(RuleBasedStateMachine):
    """Walks beside a portal's authority, which is started anew now and then.

    Attributes:
        portal: The portal of this walk.
    """

    def __init__(self) -> None:
        """Run a portal in a folder of its own."""
        super().__init__()
        self._ends = ExitStack()
        folder = self._ends.enter_context(TemporaryDirectory())
        self.portal = self._ends.enter_context(a_portal(Path(folder)))

    @rule()
    def restart(self) -> None:
        """Stop the authority and start another on the same ledger."""
        self.portal.restart()

    def teardown(self) -> None:
        """Stop the portal and remove its folder."""
        self._ends.close()
