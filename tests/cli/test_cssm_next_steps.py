"""What `gauger cssm` says of what to do next, and how it shows licences to people."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gauger.cli.cssm.showing import licence
from gauger.core.problems import Problem
from tests.cli.portal_host import Host, gauger, make_host, served
from tests.support.builders import OTHER_TAG, TAG, a_device
from tests.surfaces.http.portal import usage_file

ACCOUNT = "example.com/DEFAULT"
BRANCH = "example.com/Branch"
TERMS = "example.com/Terms"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A portal with three accounts; in the first, one licence is bought and two are used."""
    folder = tmp_path_factory.mktemp("next steps")
    made = make_host(folder)
    device = a_device("GGR0700")
    (folder / "usage.xml").write_bytes(usage_file([device.report(), device.report(tag=OTHER_TAG)]))
    with served(made):
        made.told("account", "add", "example.com")
        made.told("virtual-account", "add", BRANCH)
        made.told("virtual-account", "add", TERMS)
        line = f"{TAG}=Network Advantage=5"
        made.told("order", "add", "--account", ACCOUNT, "--number", "SO-1", "--line", line)
        made.told("usage", "upload", folder / "usage.xml", "--account", ACCOUNT, "--wait")
        yield made


def from_environment(host: Host, *words: str | Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a command with the data folder named in the environment only."""
    monkeypatch.setenv("GAUGER_CSSM_DATA", str(host.data))
    result = gauger("cssm", *words)
    assert result.exit_code == 0, f"{result.output} {result.exception!r}"
    return result.output


@pytest.mark.parametrize(
    ("name", "tag", "shown"),
    [
        ("Network Advantage", TAG, "Network Advantage"),
        (TAG, TAG, "NETWORK_ADVANTAGE"),
        ("", OTHER_TAG, "DNA_ADVANTAGE"),
        ("odd", "odd", "odd"),
        ("odd.", "odd.", "odd."),
        (",1.0_x", ",1.0_x", ",1.0_x"),
    ],
)
def test_a_licence_without_a_name_goes_by_the_short_name_of_its_tag(
    name: str, tag: str, shown: str
) -> None:
    assert licence({"name": name, "tag": tag}) == shown


def test_the_balance_shows_names_and_whole_tags_only_where_asked(host: Host) -> None:
    told = host.told("balance", "--account", ACCOUNT)
    assert "DNA_ADVANTAGE" in told
    assert "SHORTAGE 1" in told
    assert OTHER_TAG not in told
    assert max(map(len, told.splitlines())) <= 100
    wide = host.told("balance", "--account", ACCOUNT, "--wide")
    assert TAG in wide
    assert OTHER_TAG in wide


def test_the_balance_as_json_has_whole_tags(host: Host) -> None:
    rows = host.json("balance", "--account", ACCOUNT)
    assert {row["tag"] for row in rows} == {TAG, OTHER_TAG}


def test_the_usage_of_an_instance_goes_by_short_names_too(host: Host) -> None:
    told = host.told("instance", "show", "--account", ACCOUNT, "C9800-CL-K9", "GGR0700")
    names = [line.split()[0] for line in told.splitlines() if "regid." in line]
    assert sorted(names) == ["DNA_ADVANTAGE", "Network"]


@pytest.mark.parametrize(
    ("words", "following"),
    [
        (("order", "list"), "gauger cssm order add --account example.com/Branch --data "),
        (("balance",), "gauger cssm order add --account example.com/Branch --data "),
        (("token", "list"), "gauger cssm token new --account example.com/Branch --data "),
    ],
)
def test_an_empty_list_names_the_next_command_with_the_portal_as_given(
    host: Host, words: tuple[str, ...], following: str
) -> None:
    told = host.told(*words, "--account", BRANCH)
    # The data folder has a blank in its name: what is shown can be pasted into a shell.
    assert f"Next: {following}'{host.data}'" in told


def test_a_portal_named_in_the_environment_is_not_named_again(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = from_environment(host, "token", "list", "--account", BRANCH, monkeypatch=monkeypatch)
    assert told.strip().endswith(f"Next: gauger cssm token new --account {BRANCH}")


def test_a_new_account_says_how_to_go_on(host: Host) -> None:
    told = host.told("account", "add", "next.example")
    order, token = told.splitlines()[1:]
    assert order.startswith("Next: gauger cssm order add --account next.example/DEFAULT --data ")
    assert order.endswith("--number ... --line ...")
    assert token.startswith("then: gauger cssm token new --account next.example/DEFAULT --data ")


def test_an_upload_says_how_to_see_its_verdicts(host: Host) -> None:
    file = host.folder / "usage.xml"
    told = host.told("usage", "upload", file, "--account", ACCOUNT)
    job = told.split("job ")[1].split(".")[0]
    following = f"gauger cssm usage verdicts --account {ACCOUNT} {job} --data '{host.data}'"
    assert f"Next: {following}" in told


def test_a_portal_without_accounts_says_how_to_open_one(tmp_path: Path) -> None:
    empty = make_host(tmp_path)
    with served(empty):
        told = empty.told("account", "list")
    assert f"Next: gauger cssm account add example.com --data {empty.data}" in told


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2027-03-01", int(datetime(2027, 3, 1, tzinfo=UTC).timestamp())),
        ("1900000000", 1_900_000_000),
    ],
)
def test_the_end_of_a_term_is_a_date_or_seconds(host: Host, given: str, kept: int) -> None:
    words = ("--account", TERMS, "--number", f"SO-{given}", "--end", given)
    host.told("order", "add", *words, "--line", f"{TAG}=Network Advantage=1=subscription")
    rows = host.json("order", "list", "--account", TERMS)
    [line] = next(row["lines"] for row in rows if row["order_number"] == f"SO-{given}")
    assert line["end"] == kept


@pytest.mark.parametrize("given", ["2027-02-30", "tomorrow", "-5", "2027-03-01T10:00", ""])
def test_a_time_that_is_none_is_refused_before_anything_is_sent(host: Host, given: str) -> None:
    words = ("--account", TERMS, "--number", "SO-odd", "--line", f"{TAG}=Network Advantage=1")
    refused = host.run("order", "add", *words, "--end", given)
    assert refused.exit_code == 2
    assert "write YYYY-MM-DD or epoch seconds" in refused.output


def test_one_file_is_one_and_two_are_two(host: Host) -> None:
    maker = host.folder / "site" / "maker.json"
    assert "1 file is taken in." in host.told("trust", "import", maker)
    assert "2 files are taken in." in host.told("trust", "import", maker, maker)


def test_a_certificate_that_is_not_trusted_says_how_to_trust_it(host: Host) -> None:
    url = (host.data / "address").read_text().strip()
    secret = host.data / "administrator.secret"
    words = ("--url", url, "--client-id", "administrator", "--client-secret-file", secret)
    refused = gauger("cssm", "account", "list", *words)
    assert isinstance(refused.exception, Problem)
    assert refused.exception.code == "tls-failed"
    assert "--ca FILE" in refused.exception.detail
    assert "tls/certificate.pem" in refused.exception.detail
    ca = host.data / "tls" / "certificate.pem"
    assert gauger("cssm", "account", "list", *words, "--ca", ca).exit_code == 0


def test_the_operator_lists_reports_of_all_accounts(host: Host) -> None:
    everywhere = host.json("report", "list")
    inside = host.json("report", "list", "--account", ACCOUNT)
    assert [row["digest"] for row in inside] == [row["digest"] for row in everywhere]
    assert len(everywhere) == 2
    assert host.json("report", "list", "--account", BRANCH) == []
    assert host.json("report", "list", "--verdict", "rejected") == []
    assert "GGR0700" in host.told("report", "list", "--pid", "C9800-CL-K9", "--serial", "GGR0700")


def test_who_holds_a_role_for_one_account_lists_only_its_reports(
    host: Host, tmp_path: Path
) -> None:
    made = host.json("client", "add", "viewer", "--for", ACCOUNT, "--role", "virtual-viewer")
    (tmp_path / "secret").write_text(made["secret"])
    url = (host.data / "address").read_text().strip()
    words = ("--url", url, "--client-id", made["name"], "--client-secret-file", tmp_path / "secret")
    ca = ("--ca", host.data / "tls" / "certificate.pem")
    refused = gauger("cssm", "report", "list", *words, *ca)
    assert isinstance(refused.exception, Problem)
    assert refused.exception.code == "forbidden"
    assert gauger("cssm", "report", "list", "--account", ACCOUNT, *words, *ca).exit_code == 0


def test_a_restored_portal_says_whether_its_certificate_is_new(tmp_path: Path) -> None:
    host, copy = make_host(tmp_path), tmp_path / "backup.sqlite"
    host.told("backup", "--out", copy)
    new = Host(folder=tmp_path, data=tmp_path / "new")
    signer = ("--signer", host.data / "signer")
    told = new.told("restore", "--from", copy, *signer)
    assert "TLS certificate: a new one" in told
    assert f"copy the old folder `tls` to {new.data / 'tls'}" in told
    kept = Host(folder=tmp_path, data=tmp_path / "kept")
    kept.data.mkdir(mode=0o700)
    (host.data / "tls").rename(kept.data / "tls")
    told = kept.told("restore", "--from", copy, *signer)
    assert f"the one that was in {kept.data / 'tls'}" in told


def test_a_restore_that_was_cut_off_says_how_its_administrator_comes_in(tmp_path: Path) -> None:
    host, copy = make_host(tmp_path), tmp_path / "backup.sqlite"
    host.told("backup", "--out", copy)
    new = Host(folder=tmp_path, data=tmp_path / "new")
    restore = ("restore", "--from", copy, "--signer", host.data / "signer")
    new.told(*restore)
    (new.data / "administrator.secret").unlink()
    refused = gauger("cssm", *restore, "--data", new.data)
    assert isinstance(refused.exception, Problem)
    assert refused.exception.code == "store-exists"
    assert f"gauger cssm admin reset --data {new.data}" in refused.exception.detail
    new.told("admin", "reset")
    assert (new.data / "administrator.secret").exists()
