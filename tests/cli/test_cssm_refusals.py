"""`gauger cssm`: every sub-command names what it is refused, empty lists say so, JSON is whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger.cli.cssm import client
from gauger.cli.cssm.command import tell_ready
from gauger.core.documents.smart_license import Item, ItemKind, write_file
from gauger.core.problems import Problem
from tests.cli.portal_host import Host, gauger, make_host, served
from tests.support.builders import TAG

ACCOUNT = "example.com/DEFAULT"
DIGEST = "ab" * 32
DEVICE = ("C9800-CL-K9", "GGR0999")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A portal with one account in which nothing has happened."""
    made = make_host(tmp_path_factory.mktemp("host"))
    with served(made):
        made.told("account", "add", "example.com")
        yield made


def refused(host: Host, *words: str | Path) -> Problem:
    """Run a command that must be refused; returns the problem."""
    result = host.run(*words)
    assert isinstance(result.exception, Problem), result.output
    return result.exception


IN_ACCOUNT = [
    (("token", "revoke", "77"), "not-found"),
    (("token", "new", "--days", "400"), "invalid-argument"),
    (("token", "new", "--uses", "0"), "invalid-argument"),
    (("report", "show", DIGEST), "not-found"),
    (("report", "show", "nonsense"), "invalid-argument"),
    (("case", "decide", "77", "--accept"), "not-found"),
    (("gap", "close", *DEVICE, DIGEST), "not-found"),
    (("instance", "show", *DEVICE), "not-found"),
    (("instance", "move", "--to", "example.com/Nowhere", *DEVICE), "not-found"),
    (("usage", "verdicts", "none"), "not-found"),
    (("usage", "ack", "none", "--out", "/dev/null"), "not-found"),
    (("report", "ack", DIGEST, "--out", "/dev/null"), "not-found"),
    (("order", "add", "--number", "1", "--line", f"{TAG}=X=0"), "invalid-argument"),
    (("policy", "set", "--name", "x", "--export", "4000/0/0"), "policy-out-of-range"),
]


@pytest.mark.parametrize(
    ("words", "code"), IN_ACCOUNT, ids=[" ".join(words[:3]) for words, _ in IN_ACCOUNT]
)
def test_what_an_account_does_not_have_or_take_is_refused_by_name(
    host: Host, words: tuple[str, ...], code: str
) -> None:
    assert refused(host, *words, "--account", ACCOUNT).code == code


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("account", "add", "example.com"), "conflict"),
        (("account", "add", "no domain"), "invalid-argument"),
        (("virtual-account", "add", ACCOUNT), "conflict"),
        (("virtual-account", "list", "nowhere.example"), "not-found"),
        (("ledger", "inclusion", "99999"), "not-found"),
        (("user", "add", " ann", "--role", "operator"), "invalid-argument"),
        (("user", "add", "ann", "--for", ACCOUNT, "--role", "smart-user"), "invalid-argument"),
        (("user", "roles", "nobody", "--role", "operator"), "not-found"),
        (("user", "password-reset", "nobody"), "not-found"),
        (("client", "remove", "nothing"), "not-found"),
        (("client", "remove", "administrator"), "not-found"),
        (("event", "list", "--smart-account", "nowhere.example"), "not-found"),
        (("instance", "list", "--smart-account", "nowhere.example"), "not-found"),
    ],
)
def test_what_the_portal_does_not_have_or_take_is_refused_by_name(
    host: Host, words: tuple[str, ...], code: str
) -> None:
    assert refused(host, *words).code == code


ACCOUNT_LISTS = ["order list", "token list", "balance", "usage list", "report list", "case list"]


@pytest.mark.parametrize("command", [*ACCOUNT_LISTS, "gap list", "policy show", "instance list"])
def test_an_empty_list_is_a_sentence_for_people_and_a_list_for_programs(
    host: Host, command: str
) -> None:
    host.run("virtual-account", "add", "example.com/Empty")
    words = (*command.split(), "--account", "example.com/Empty")
    told = host.told(*words)
    assert len(told.splitlines()) == 1
    assert told[0].isupper() or told.startswith("example.com/Empty")
    assert host.json(*words) == []


@pytest.mark.parametrize("command", [*ACCOUNT_LISTS, "gap list", "policy show", "event list"])
@pytest.mark.threat("F4", role="cssm")
def test_an_account_that_is_not_there_is_not_found_by_any_list(host: Host, command: str) -> None:
    problem = refused(host, *command.split(), "--account", "nowhere.example/DEFAULT")
    assert problem.code == "not-found"
    assert "nowhere.example/DEFAULT" in problem.detail


def test_a_command_without_success_writes_no_file(host: Host, tmp_path: Path) -> None:
    for words in (("report", "ack", DIGEST), ("usage", "ack", "none")):
        out = tmp_path / "ack.xml"
        refused(host, *words, "--account", ACCOUNT, "--out", out)
        assert not out.exists()


@pytest.mark.parametrize("words", [("--out", "none/policy.xml"), ("--out", ".")])
def test_a_policy_that_cannot_be_written_is_told(host: Host, words: tuple[str, ...]) -> None:
    result = host.run("policy", "download", "--account", ACCOUNT, *words)
    if result.exit_code != 2:  # a folder is refused by the command line itself
        assert isinstance(result.exception, Problem)
        assert result.exception.code == "file-not-written"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ('{"type":"root-set"}', "malformed"),
        ("{}", "malformed"),
        ("nonsense", "malformed"),
    ],
)
def test_trust_material_that_is_none_is_refused(
    host: Host, tmp_path: Path, content: str, code: str
) -> None:
    file = tmp_path / "file.json"
    file.write_text(content)
    before = host.json("trust", "show")
    assert refused(host, "trust", "import", file).kind.code in {code, "missing-field"}
    assert host.json("trust", "show") == before


def test_a_root_set_that_is_held_already_changes_nothing(host: Host) -> None:
    held = host.json("trust", "show")["root_sets"]
    newest = max((host.folder / "site" / "root").glob("root-set-*.json"))
    assert "1 file is taken in." in host.told("trust", "import", newest)
    assert host.json("trust", "show")["root_sets"] == held


def test_a_token_as_json_has_its_text_and_its_end(host: Host) -> None:
    made = host.json("token", "new", "--account", ACCOUNT, "--days", "1", "--uses", "1")
    assert set(made) == {"token_id", "token", "expires_at"}
    listed = host.json("token", "list", "--account", ACCOUNT)
    assert made["token"] not in str(listed)
    assert made["token"].endswith(listed[-1]["hint"])


def test_a_token_for_one_use_is_shown_as_such(host: Host) -> None:
    words = ("--account", ACCOUNT, "--description", "one switch")
    host.told("token", "new", *words, "--uses", "1", "--no-export")
    host.told("token", "new", *words)
    told = host.told("token", "list", "--account", ACCOUNT)
    assert "0 of 1" in told
    assert "0 of unlimited" in told
    assert "not allowed" in told
    assert "one switch" in told


def test_the_newest_events_are_listed_in_the_order_of_time(host: Host) -> None:
    two = host.json("event", "list", "--last", "2")
    assert [row["event_id"] for row in two] == sorted((r["event_id"] for r in two), reverse=True)
    assert len(two) == 2
    shown = host.told("event", "list", "--last", "2").splitlines()
    assert len(shown) >= 3
    assert refused(host, "event", "list", "--last", "0").code == "invalid-argument"


def test_more_events_than_stand_on_a_page_are_listed(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = host.json("event", "list", "--last", "1000")
    monkeypatch.setattr(client, "_ROWS", 2)
    # The refusal of another test may be written down meanwhile: it stands before these.
    again = host.json("event", "list", "--last", "1000")
    assert again[len(again) - len(every) :] == every
    numbers = [row["event_id"] for row in host.json("event", "list", "--last", "3")]
    assert numbers == [numbers[0] - place for place in range(3)]


def test_a_client_with_a_wrong_secret_is_told_no_more_than_that(host: Host, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("wrong\n")
    url = (host.data / "address").read_text().strip()
    ca = ("--ca", host.data / "tls" / "certificate.pem")
    told = set()
    for name in ("administrator", "nobody"):
        words = ("--url", url, "--client-id", name, "--client-secret-file", tmp_path / "secret")
        result = gauger("cssm", "account", "list", *words, *ca)
        assert isinstance(result.exception, Problem)
        assert result.exception.code == "unauthenticated"
        told.add(result.exception.detail)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("account", "add", "bad domain"), "It is like example.com"),
        (("account", "add", ""), "The field 'domain': should have at least 1 character."),
        (("token", "new", "--account", ACCOUNT, "--days", "0"), "The field 'days': should be"),
        (
            ("order", "add", "--account", ACCOUNT, "--number", "1", "--line", "T=A=5=perpetual=x"),
            "is no line",
        ),
        (
            ("virtual-account", "list", ACCOUNT),
            f"{ACCOUNT} is a Virtual Account; name its Smart Account: example.com.",
        ),
    ],
)
def test_what_a_person_mistypes_is_said_in_their_own_words(
    host: Host, words: tuple[str, ...], told: str
) -> None:
    problem = refused(host, *words)
    assert problem.kind.code == "invalid-argument"
    assert told in problem.detail


@pytest.mark.parametrize("command", ["instance list", "event list"])
def test_one_list_is_not_of_two_reaches(host: Host, command: str) -> None:
    both = ("--account", ACCOUNT, "--smart-account", "example.com")
    assert refused(host, *command.split(), *both).code == "invalid-argument"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("report", "list", "--pid", "NONE", "--serial", "NONE"),
            "No such report has come from this product instance.",
        ),
        (("instance", "list", "--search", "NONE"), "No product instance here begins with NONE."),
        (("case", "list", "--account", ACCOUNT, "--state", "released"), "No case is released."),
    ],
)
def test_a_filter_that_finds_nothing_does_not_say_that_there_is_nothing(
    host: Host, words: tuple[str, ...], told: str
) -> None:
    assert host.told(*words).strip() == told


def test_a_user_is_found_whatever_the_name_holds(host: Host) -> None:
    role = ("--role", "virtual-viewer", "--for", "example.com/My site?")
    host.told("virtual-account", "add", "example.com/My site?")
    host.told("user", "add", "Ann O'Neil? #1 100%", *role)
    host.told("user", "roles", "Ann O'Neil? #1 100%", *role)
    host.told("user", "password-reset", "Ann O'Neil? #1 100%", *role[2:])


@pytest.mark.parametrize(
    "words", [("report", "list", "--verdict", "nonsense"), ("case", "list", "--state", "nonsense")]
)
def test_a_filter_that_there_is_not_is_refused_rather_than_answered_by_nothing(
    host: Host, words: tuple[str, ...]
) -> None:
    result = host.run(*words, "--account", ACCOUNT)
    assert result.exit_code == 2
    assert "'nonsense' is not one of" in result.output
    assert "No report is deferred." in host.told(
        "report", "list", "--account", ACCOUNT, "--verdict", "deferred"
    )


def test_a_folder_that_is_named_goes_before_a_portal_of_the_environment(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("of another portal\n")
    monkeypatch.setenv("GAUGER_CSSM_URL", "https://127.0.0.1:1")
    monkeypatch.setenv("GAUGER_CSSM_CLIENT_ID", "x")
    monkeypatch.setenv("GAUGER_CSSM_CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    assert "example.com" in host.told("account", "list")
    monkeypatch.setenv("GAUGER_CSSM_DATA", str(host.data))
    result = gauger("cssm", "account", "list", "--url", "https://127.0.0.1:1")
    assert isinstance(result.exception, Problem)
    assert result.exception.code == "comm-failed"


def test_a_secret_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    words = ("--url", "https://127.0.0.1:1", "--client-id", "x")
    result = gauger("cssm", "account", "list", *words, "--client-secret-file", tmp_path / "secret")
    assert isinstance(result.exception, Problem)
    assert result.exception.code == "file-not-found"


def test_a_file_of_trust_is_read_as_far_as_one_may_be_long(host: Host, tmp_path: Path) -> None:
    (tmp_path / "endless").write_bytes(b" " * 600_000)
    assert refused(host, "trust", "import", tmp_path / "endless").code == "too-large"


def test_where_nothing_was_answered_no_ack_file_is_promised(host: Host, tmp_path: Path) -> None:
    usage, ack = tmp_path / "usage.xml", tmp_path / "ack.xml"
    usage.write_bytes(b"".join(write_file([Item(kind=ItemKind.RUM_REPORT, text="none")])))
    told = host.told("usage", "upload", usage, "--account", ACCOUNT, "--ack", ack)
    assert "is not written" in told
    assert not ack.exists()


def test_a_ready_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "nowhere" / "ready", tmp_path / "folder"):
        with pytest.raises(Problem, match="file-not-written"):
            tell_ready(path, "https://localhost")
    tell_ready(tmp_path / "ready", "https://localhost")
    assert (tmp_path / "ready").read_text() == "https://localhost\n"
