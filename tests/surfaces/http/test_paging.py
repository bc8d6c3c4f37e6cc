"""Every list of the API: page by page it gives each row once, in the order it has at once."""

from collections.abc import Iterator

import pytest

from gauger.core.identity import AccountRef
from tests.support.builders import NOW, OTHER_TAG, TAG, a_device
from tests.surfaces.http.portal import Json, Web, a_web, at, usage_file

BRANCHES = ("A", "B", "C")
LISTS = [
    "/accounts",
    "/accounts/example.com/virtual-accounts",
    "/instances",
    "/accounts/example.com/instances",
    f"{at()}/instances",
    f"{at()}/tokens",
    f"{at()}/orders",
    f"{at()}/balance",
    "/reports",
    f"{at()}/reports",
    f"{at()}/cases",
    f"{at()}/gaps",
    f"{at()}/usage-files",
    "/events",
    "/accounts/example.com/events",
    f"{at()}/events",
    "/members",
    "/accounts/example.com/members",
    f"{at()}/members",
]
every_list = pytest.mark.parametrize("path", LISTS)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """Serve a portal in which every list has at least three rows."""
    with a_web(tmp_path_factory.mktemp("full")) as web:
        for name in BRANCHES:
            _fill(web, name)
        yield web


def _fill(web: Web, name: str) -> None:
    """Add one row, at least, to every list."""
    web.call("POST", "/accounts", {"domain": f"{name.lower()}.example", "name": name})
    web.call("POST", "/accounts/example.com/virtual-accounts", {"name": name})
    web.call("POST", f"{at()}/tokens", {"description": name})
    tag = TAG.replace("NETWORK", name)
    lines = [{"tag": tag, "name": name, "quantity": 1}]
    web.call("POST", f"{at()}/orders", {"order_number": name, "lines": lines})
    user = {"name": name, "roles": ["Virtual Account Viewer"]}
    assert web.call("POST", f"{at()}/users", user).status_code == 201
    serial = f"GGR080{BRANCHES.index(name)}"
    first, clone, holed = a_device(serial), a_device(serial), a_device(f"{serial}9")
    reports = [first.report(), clone.report([(NOW - 900, NOW, 2)])]
    holed.report()
    web.upload(usage_file([*reports, holed.report(tag=TAG)]))


def walk(web: Web, path: str, limit: int) -> list[Json]:
    """Return every row of a list, asked for by pages of a size."""
    rows: list[Json] = []
    after: dict[str, str | int | bool] = {}
    for _ in range(200):
        part = web.get(path, limit=limit, **after)
        assert len(part["items"]) <= limit
        rows += part["items"]
        if part["next"] is None:
            return rows
        after = {"after": part["next"]}
    raise AssertionError(f"{path} has no end")


@every_list
@pytest.mark.parametrize("limit", [1, 2])
def test_pages_put_together_are_the_whole_list(full: Web, path: str, limit: int) -> None:
    whole = walk(full, path, 500)
    assert len(whole) >= 3
    assert walk(full, path, limit) == whole


@every_list
def test_no_row_stands_twice(full: Web, path: str) -> None:
    rows = [repr(row) for row in walk(full, path, 3)]
    assert len(set(rows)) == len(rows)


@every_list
@pytest.mark.parametrize("limit", [0, -1, 501, "many"])
def test_a_page_size_out_of_range_is_refused_by_every_list(
    full: Web, path: str, limit: int | str
) -> None:
    answer = full.call("GET", path, query={"limit": limit})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-argument")
    assert "limit" in answer.json()["detail"]


@every_list
@pytest.mark.threat("F15", role="cssm")
def test_a_field_that_a_list_does_not_know_is_refused(full: Web, path: str) -> None:
    answer = full.call("GET", path, query={"order_by": "1;--"})
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown-field")


@pytest.mark.parametrize("path", ["/events", "/accounts/example.com/events", f"{at()}/events"])
def test_the_event_log_reads_from_either_end(full: Web, path: str) -> None:
    forwards = [row["event_id"] for row in full.get(path, limit=500)["items"]]
    backwards = [row["event_id"] for row in full.get(path, limit=500, newest_first=True)["items"]]
    assert forwards == sorted(forwards)
    # Refusals that others ran into are still being written down between the two.
    newer = len(backwards) - len(forwards)
    assert backwards[newer:] == forwards[::-1]
    assert all(one > forwards[-1] for one in backwards[:newer])


def test_the_newest_events_are_paged_backwards(full: Web) -> None:
    first = full.get(f"{at()}/events", limit=2, newest_first=True)
    second = full.get(f"{at()}/events", limit=2, newest_first=True, after=first["next"])
    ids = [row["event_id"] for row in first["items"] + second["items"]]
    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) == 4


def test_a_list_of_an_account_is_part_of_the_list_of_all(full: Web) -> None:
    for name in ("reports", "instances", "events"):
        everywhere = [repr(row) for row in full.get(f"/{name}", limit=500)["items"]]
        inside = [repr(row) for row in full.get(f"{at()}/{name}", limit=500)["items"]]
        assert inside == [row for row in everywhere if row in inside]


def test_reports_are_chosen_by_verdict_and_by_product_instance(full: Web) -> None:
    quarantined = full.get("/reports", verdict="quarantined")["items"]
    assert {row["verdict"] for row in quarantined} == {"quarantined"}
    everything = full.get("/reports", limit=500)["items"]
    assert len(quarantined) == sum(row["verdict"] == "quarantined" for row in everything)
    assert 0 < len(quarantined) < len(everything)
    one = {"udi_pid": "C9800-CL-K9", "udi_serial_number": "GGR0800"}
    of_one = full.get("/reports", **one)["items"]
    assert len(of_one) == 2
    assert {row["udi"]["udi_serial_number"] for row in of_one} == {"GGR0800"}
    assert full.get("/reports", verdict="no-such-verdict")["items"] == []


def test_half_a_product_instance_is_none(full: Web) -> None:
    for half in ({"udi_pid": "x"}, {"udi_serial_number": "x"}):
        answer = full.call("GET", "/reports", query=half)
        assert answer.json()["code"] == "invalid-argument"


@pytest.mark.parametrize(("state", "count"), [("open", 3), ("accepted", 0), ("none", 0)])
def test_cases_are_chosen_by_state(full: Web, state: str, count: int) -> None:
    assert len(full.get(f"{at()}/cases", state=state)["items"]) == count


@pytest.mark.parametrize(
    ("search", "count"), [("GGR0801", 2), ("GGR08019", 1), ("C9800", 6), ("%", 0), ("_GR", 0)]
)
def test_a_search_is_the_beginning_of_a_name_and_no_pattern(
    full: Web, search: str, count: int
) -> None:
    assert len(full.get("/instances", search=search)["items"]) == count


def test_verdicts_of_a_file_are_paged_by_position(full: Web) -> None:
    job = full.get(f"{at()}/usage-files", limit=1)["items"][0]
    rows = walk(full, f"{at()}/usage-files/{job['job_id']}/verdicts", 1)
    assert [row["position"] for row in rows] == [0, 1, 2]


def test_what_comes_while_a_list_is_read_does_not_disturb_it(full: Web) -> None:
    account = AccountRef("a.example", "DEFAULT")
    for number in range(3):
        full.call("POST", f"{at(account)}/tokens", {"description": str(number)})
    first = full.get(f"{at(account)}/tokens", limit=2)
    full.call("POST", f"{at(account)}/tokens", {"description": "new"})
    second = full.get(f"{at(account)}/tokens", limit=2, after=first["next"])
    seen = [row["description"] for row in first["items"] + second["items"]]
    assert seen == ["0", "1", "2", "new"]


def test_a_licence_of_another_account_is_not_in_the_balance(full: Web) -> None:
    account = AccountRef("b.example", "DEFAULT")
    lines = [{"tag": OTHER_TAG, "name": "elsewhere", "quantity": 9}]
    full.call("POST", f"{at(account)}/orders", {"order_number": "EL", "lines": lines})
    assert [row["tag"] for row in full.get(f"{at(account)}/balance")["items"]] == [OTHER_TAG]
    assert OTHER_TAG not in {row["tag"] for row in full.get(f"{at()}/balance")["items"]}
