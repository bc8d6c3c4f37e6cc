"""The portal's tables: people, roles, sessions, jobs, polls, each kept apart from the next."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gauger.adapters.storage.portal_sqlite import PortalStore
from gauger.core.identity import AccountRef, Digest, digest
from gauger.core.problems import Problem
from gauger.cssm.access import CallerKind, Grant, Role, Scope
from gauger.cssm.ports import Client, ItemVerdict, Job, Session, User

ACCOUNT, OTHER = AccountRef("a.example", "one"), AccountRef("a.example", "two")
ALL, SMART = Scope(), Scope(smart_account="a.example")
VIRTUAL = Scope(smart_account="a.example", virtual_account="one")
ANN = User(name="ann", password="hash", must_change=True, created_at=1)
TOOL = Client(client_id="tool", secret=digest(b"secret"), description="d", created_at=1)
SESSION = Session(kind=CallerKind.USER, name="ann", expires_at=100)
JOB = Job(
    job_id="ab" * 16,
    account=ACCOUNT,
    file_name="usage.xml",
    size=7,
    digest=digest(b"file"),
    by="user:ann",
    made_at=100,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PortalStore]:
    made = PortalStore(tmp_path / "portal.db")
    yield made
    made.close()


def a_grant(role: Role, scope: Scope) -> Grant:
    return Grant(role=role, scope=scope)


def a_verdict(position: int) -> ItemVerdict:
    return ItemVerdict(
        position=position,
        kind="report",
        udi=None,
        digest=None,
        verdict="rejected",
        code="malformed",
        detail="No.",
        flags=(),
    )


def token(name: str) -> Digest:
    return digest(name.encode())


@pytest.mark.requirement("SSM-3")
def test_a_user_is_read_as_added_with_the_roles_given(store: PortalStore) -> None:
    grants = [a_grant(Role.SMART_USER, SMART), a_grant(Role.VIRTUAL_VIEWER, VIRTUAL)]
    store.add_user(ANN, [*grants, grants[0]])

    assert store.user("ann") == ANN
    assert store.user("Ann") is None
    assert set(store.grants(CallerKind.USER, "ann")) == set(grants)
    assert len(store.grants(CallerKind.USER, "ann")) == 2


def test_everything_is_still_there_after_a_restart(store: PortalStore, tmp_path: Path) -> None:
    store.add_user(ANN, [a_grant(Role.OPERATOR, ALL)])
    store.add_client(TOOL, [])
    store.add_job(JOB)
    store.add_session(token("t"), SESSION, now=1)
    again = PortalStore(tmp_path / "portal.db")

    assert (again.user("ann"), again.client("tool")) == (ANN, TOOL)
    assert again.grants(CallerKind.USER, "ann") == (a_grant(Role.OPERATOR, ALL),)
    assert again.session(token("t")) == SESSION
    assert again.job(JOB.job_id) == replace(JOB, number=1)
    again.close()


@pytest.mark.threat("F7", role="cssm")
def test_a_new_password_ends_every_session_of_its_user_and_no_other(store: PortalStore) -> None:
    others = (
        Session(kind=CallerKind.USER, name="bob", expires_at=100),
        Session(kind=CallerKind.CLIENT, name="ann", expires_at=100),
    )
    store.add_user(ANN, [])
    for name, session in (("1", SESSION), ("2", SESSION), ("b", others[0]), ("c", others[1])):
        store.add_session(token(name), session, now=1)
    store.set_password("ann", "new hash", must_change=False)

    changed = store.user("ann")
    assert changed == replace(ANN, password="new hash", must_change=False)
    assert [store.session(token(name)) for name in "12bc"] == [None, None, *others]


@pytest.mark.threat("F7", role="cssm")
def test_a_new_secret_ends_every_session_of_its_client(store: PortalStore) -> None:
    store.add_client(TOOL, [])
    session = Session(kind=CallerKind.CLIENT, name="tool", expires_at=100)
    store.add_session(token("t"), session, now=1)
    store.set_client_secret("tool", digest(b"new"))

    assert store.client("tool") == replace(TOOL, secret=digest(b"new"))
    assert store.session(token("t")) is None


@pytest.mark.threat("F13", role="cssm")
def test_a_client_that_was_removed_leaves_neither_roles_nor_sessions(store: PortalStore) -> None:
    store.add_client(TOOL, [a_grant(Role.SMART_USER, SMART)])
    store.add_user(replace(ANN, name="tool"), [a_grant(Role.SMART_VIEWER, SMART)])
    session = Session(kind=CallerKind.CLIENT, name="tool", expires_at=100)
    store.add_session(token("t"), session, now=1)
    store.remove_client("tool")

    assert store.client("tool") is None
    assert store.session(token("t")) is None
    assert store.grants(CallerKind.CLIENT, "tool") == ()
    assert store.grants(CallerKind.USER, "tool") == (a_grant(Role.SMART_VIEWER, SMART),)


@pytest.mark.threat("F13", role="cssm")
def test_roles_are_replaced_in_exactly_one_scope(store: PortalStore) -> None:
    kept = a_grant(Role.VIRTUAL_USER, VIRTUAL)
    store.add_user(ANN, [kept, a_grant(Role.SMART_USER, SMART), a_grant(Role.OPERATOR, ALL)])
    viewer = a_grant(Role.SMART_VIEWER, SMART)
    store.set_grants(CallerKind.USER, "ann", scope=SMART, grants=[viewer])
    store.set_grants(CallerKind.USER, "ann", scope=ALL, grants=[])

    assert set(store.grants(CallerKind.USER, "ann")) == {kept, viewer}


@pytest.mark.threat("F5", role="cssm")
@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (ALL, ["tool", "ann", "bob", "zoe"]),
        (SMART, ["tool", "bob", "zoe"]),
        (VIRTUAL, ["bob"]),
        (Scope(smart_account="b.example"), []),
    ],
)
def test_members_of_a_scope_are_those_with_roles_within_it(
    store: PortalStore, scope: Scope, names: list[str]
) -> None:
    store.add_user(ANN, [a_grant(Role.OPERATOR, ALL)])
    store.add_user(replace(ANN, name="bob"), [a_grant(Role.VIRTUAL_USER, VIRTUAL)])
    store.add_user(replace(ANN, name="zoe"), [a_grant(Role.SMART_VIEWER, SMART)])
    store.add_client(TOOL, [a_grant(Role.SMART_USER, SMART)])

    assert [member.name for member in store.members(scope, after="", limit=9)] == names


def test_members_are_paged_by_person_not_by_role(store: PortalStore) -> None:
    roles = [a_grant(Role.SMART_USER, SMART), a_grant(Role.VIRTUAL_USER, VIRTUAL)]
    for name in ("a", "b", "c"):
        store.add_user(replace(ANN, name=name), roles)
    first = store.members(SMART, after="", limit=2)
    rest = store.members(SMART, after="user:b", limit=2)

    assert [member.name for member in (*first, *rest)] == ["a", "b", "c"]
    assert all(set(member.grants) == set(roles) for member in first)
    assert store.members(SMART, after="user:c", limit=2) == []


@pytest.mark.threat("F10", role="cssm")
@pytest.mark.parametrize("name", ["' OR 1=1 --", "%", "ann\x00", "ünï", ""])
def test_a_name_is_a_value_and_nothing_else(store: PortalStore, name: str) -> None:
    store.add_user(ANN, [])
    assert store.user(name) is None
    store.add_user(replace(ANN, name=name), [])

    assert store.user(name) == replace(ANN, name=name)


def test_jobs_of_an_account_are_listed_newest_first_in_pages(store: PortalStore) -> None:
    for number in range(5):
        store.add_job(replace(JOB, job_id=f"{number:032}"))
    store.add_job(replace(JOB, job_id="f" * 32, account=OTHER))
    first = store.jobs(ACCOUNT, before=None, limit=3)
    rest = store.jobs(ACCOUNT, before=first[-1].number, limit=3)

    assert [job.number for job in (*first, *rest)] == [5, 4, 3, 2, 1]
    assert store.jobs(ACCOUNT, before=1, limit=3) == []
    assert [job.account for job in store.jobs(OTHER, before=None, limit=9)] == [OTHER]


@pytest.mark.requirement("SSM-9")
@pytest.mark.threat("G6", role="cssm")
def test_a_job_half_done_is_found_at_the_next_start_with_what_was_judged(
    store: PortalStore, tmp_path: Path
) -> None:
    for number in range(3):
        store.add_job(replace(JOB, job_id=f"{number:032}"))
    store.finish(f"{0:032}", problem=None, now=200)
    store.set_total(f"{1:032}", 4)
    store.progress(f"{1:032}", [a_verdict(0), a_verdict(1)])
    again = PortalStore(tmp_path / "portal.db")
    working, waiting = again.open_jobs()

    assert (working.state, working.items, working.total) == ("working", 2, 4)
    assert (waiting.state, waiting.items, waiting.total) == ("waiting", 0, None)
    assert again.verdicts(working.job_id, after=-1, limit=9) == [a_verdict(0), a_verdict(1)]
    done = again.job(f"{0:032}")
    assert done is not None
    assert (done.state, done.problem, done.finished_at) == ("done", None, 200)
    again.close()


def test_verdicts_come_by_position_in_pages(store: PortalStore) -> None:
    store.add_job(JOB)
    store.progress(JOB.job_id, [a_verdict(number) for number in (2, 0, 1)])

    pages = [store.verdicts(JOB.job_id, after=after, limit=2) for after in (-1, 1, 2)]
    assert [[one.position for one in page] for page in pages] == [[0, 1], [2], []]


def test_a_job_id_is_given_once(store: PortalStore) -> None:
    store.add_job(JOB)
    with pytest.raises(Problem) as caught:
        store.add_job(replace(JOB, account=OTHER))

    assert caught.value.code == "store-failed"
    found = store.job(JOB.job_id)
    assert found is not None
    assert found.account == ACCOUNT


@pytest.mark.threat("G2", role="cssm")
def test_progress_that_fails_half_way_keeps_none_of_it(store: PortalStore) -> None:
    store.add_job(JOB)
    unstorable = replace(a_verdict(2**63), detail="SQLite has no such integer")
    with pytest.raises(OverflowError):
        store.progress(JOB.job_id, [a_verdict(0), unstorable])

    assert store.verdicts(JOB.job_id, after=-1, limit=9) == []
    store.progress(JOB.job_id, [a_verdict(0)])
    assert len(store.verdicts(JOB.job_id, after=-1, limit=9)) == 1


def test_an_unknown_id_is_none_and_has_nothing(store: PortalStore) -> None:
    assert store.client("x") is None
    assert store.job("x") is None
    assert store.poll("x") is None
    assert store.session(token("x")) is None
    assert store.verdicts("x", after=-1, limit=9) == []
    assert store.grants(CallerKind.USER, "x") == ()


@pytest.mark.threat("F14", role="cssm")
def test_no_question_about_people_sessions_or_jobs_reads_a_whole_table(store: PortalStore) -> None:
    asked: set[str] = set()
    store._db.set_trace_callback(asked.add)
    for scope in (
        Scope(smart_account="a.example"),
        Scope(smart_account="a.example", virtual_account="X"),
    ):
        store.members(scope, after="", limit=10)
    token = Digest("0" * 64)
    store.add_session(token, Session(kind=CallerKind.USER, name="ann", expires_at=9), now=1)
    store.set_password("ann", "x", must_change=False)
    store.jobs(AccountRef("a.example", "X"), before=None, limit=10)
    store.open_jobs()
    store.add_poll("p", "{}", now=1)
    store._db.set_trace_callback(None)
    plans = [
        (one, row[3])
        for one in asked
        if one.lstrip().startswith(("SELECT", "DELETE", "UPDATE"))
        for row in store._db.execute(f"EXPLAIN QUERY PLAN {one}")
    ]
    scans = [step for step in plans if step[1].startswith("SCAN")]
    assert len(plans) >= 8
    assert all("portal_jobs_open" in step for _, step in scans), scans
