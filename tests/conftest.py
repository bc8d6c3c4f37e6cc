"""Settings of all tests."""

import os
from typing import Final

import pytest
from hypothesis import settings

pytest_plugins = ["tests.support.evidence_plugin", "tests.support.figures"]

# A shared machine is slow at times: what a test shows does not hang on its speed. `default` draws
# anew at each run; in CI the draws are fixed, so that a red run there can be repeated. `nightly`
# draws far more, and goes through every bit where the others take one of each byte.
settings.register_profile("default", deadline=None, max_examples=40)
settings.register_profile("ci", deadline=None, max_examples=40, derandomize=True, print_blob=True)
settings.register_profile("nightly", deadline=None, max_examples=2000)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "default")
)

_COVERAGE: Final = "COVERAGE_PROCESS_CONFIG"
_MEASURED: Final = os.environ.get(_COVERAGE)

# Ten seconds and more each. Begun last, one alone would keep the run from its end.
_LONG: Final = frozenset(
    {
        "test_a_killed_portal_has_every_report_that_it_acknowledged",
        "test_a_report_is_settled_when_its_ack_has_come_and_never_before",
        "test_a_running_agent_is_killed_at_every_call",
        "test_a_start_on_a_store_of_an_earlier_release_is_cut_off",
        "test_a_token_lasts_as_often_and_as_long_as_it_says",
        "test_calls_of_a_portal_fail_while_it_acknowledges",
        "test_calls_of_an_instance_fail",
        "test_every_boundary_of_every_field_gets_an_answer_of_the_description",
        "test_every_order_of_a_small_batch_gives_the_same_ledger",
        "test_every_promise_holds",
        "test_fifty_thousand_waiting_reports_cost_the_next_one_nothing",
        "test_no_altered_byte_of_a_response_is_installed",
        "test_no_altered_byte_of_an_answer_file_is_installed",
        "test_no_altered_byte_of_an_authorization_is_installed",
        "test_the_power_goes_and_writes_are_lost",
        "test_the_same_seed_gives_the_same_trace",
        "test_the_story_ends_well_and_leaves_nothing_running",
        "test_the_tutorial_does_what_it_says",
        "test_usage_counts_in_one_account",
        "test_what_is_in_force_only_ever_rises",
    }
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each process begin with its part of the tests that take long, whatever is drawn."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    rest = [item for item in items if item.name.partition("[")[0] not in _LONG]
    slow = [item for item in items if item.name.partition("[")[0] in _LONG]
    # Each process gets a run of the list: all at its beginning would be the work of one of them.
    parts = ((slow[number::processes], rest[number::processes]) for number in range(processes))
    items[:] = [item for both in parts for part in both for item in part]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Measure the processes that a test starts, but for those of acceptance tests.

    They start hundreds, and being measured takes each of them as long as its work. What runs in
    them is shown line by line by the tests beside the parts.
    """
    if _MEASURED is not None and item.nodeid.startswith("tests/acceptance/"):
        os.environ.pop(_COVERAGE, None)
    elif _MEASURED is not None:
        os.environ[_COVERAGE] = _MEASURED
