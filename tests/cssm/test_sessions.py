"""Log-in and sessions."""

import pytest

from gauger.core.problems import Problem
from gauger.cssm.access import CallerKind
from gauger.cssm.commands.sessions import Sessions
from tests.core.documents.material import refused
from tests.cssm.parts import Office


def open_admin(office: Office) -> str:
    made = office.people.reset_administrator("host")
    return office.sessions.open(
        CallerKind.CLIENT, made.name, made.secret or "", address="192.0.2.1"
    ).text


def test_a_session_ends_by_time(office: Office) -> None:
    token = open_admin(office)
    office.clock.go_on(3599)
    assert str(office.sessions.caller(token)) == "client:administrator"
    office.clock.go_on(1)
    with pytest.raises(Problem, match="unauthenticated"):
        office.sessions.caller(token)


def test_sessions_are_kept_over_a_restart_and_by_digest_only(office: Office) -> None:
    token = open_admin(office)
    assert office.store.session(token) is None  # type: ignore[arg-type]  # the text is no key
    assert office.sessions.caller(token).name == "administrator"


@pytest.mark.threat("F1", role="cssm")
@pytest.mark.parametrize("kind", CallerKind)
def test_ten_wrong_secrets_and_the_address_waits(office: Office, kind: CallerKind) -> None:
    made = office.people.reset_administrator("host")
    for _ in range(10):
        with pytest.raises(Problem, match="unauthenticated"):
            office.sessions.open(kind, "administrator", "wrong", address="192.0.2.1")
    with pytest.raises(Problem, match="too-many-requests"):
        office.sessions.open(CallerKind.CLIENT, made.name, made.secret or "", address="192.0.2.1")
    office.sessions.open(CallerKind.CLIENT, made.name, made.secret or "", address="192.0.2.2")


def test_a_wrong_name_and_a_wrong_secret_look_the_same(office: Office) -> None:
    open_admin(office)
    texts = set()
    for name in ("administrator", "nobody"):
        with pytest.raises(Problem) as caught:
            office.sessions.open(CallerKind.CLIENT, name, "wrong", address="x")
        texts.add(caught.value.detail)
    assert len(texts) == 1


class Nested:
    """Hashes of passwords; while one is looked at, the next guess comes."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.looked_at = 0

    def hash(self, password: str) -> str:
        raise AssertionError(password)

    def matches(self, kept: str | None, offered: str) -> bool:
        del kept, offered
        self.looked_at += 1
        sessions = Sessions(self.office.store, self.office.means, self, seconds=1)
        with refused("unauthenticated" if self.looked_at < 10 else "too-many-requests"):
            sessions.open(CallerKind.USER, "ann", f"guess {self.looked_at}", address="192.0.2.1")
        return False


@pytest.mark.threat("F1", role="cssm")
def test_guesses_at_one_moment_do_not_pass_the_limit_together(office: Office) -> None:
    nested = Nested(office)
    sessions = Sessions(office.store, office.means, nested, seconds=1)
    with refused("unauthenticated"):
        sessions.open(CallerKind.USER, "ann", "the first", address="192.0.2.1")
    assert nested.looked_at == 10
