"""Verdicts on reports, by the whole engine on real SQLite."""

from gauger.core.authority.outcomes import Verdict

from tests.support.builders import ACCOUNT, NOW, TAG, Bench, a_device


def test_an_honest_report_is_accepted_and_counted(portal: Bench) -> None:
    outcome = portal.report(a_device().report(((NOW - 900, NOW, 3),)))

    assert outcome.verdict is Verdict.ACCEPTED
    assert portal.balance(ACCOUNT) == {TAG: (0, 3, 0)}
