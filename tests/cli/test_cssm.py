"""`gauger cssm` against a portal that serves over TLS."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger.core.documents.smart_license import ItemKind, read_items
from gauger.core.problems import Problem
from tests.cli.portal_host import Host, gauger, make_host, served
from tests.support.builders import TAG, a_device
from tests.surfaces.http.portal import usage_file

ACCOUNT = "example.com/DEFAULT"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A portal that serves, with one account."""
    made = make_host(tmp_path_factory.mktemp("host"))
    with served(made):
        made.told("account", "add", "example.com", "--name", "Example")
        yield made


@pytest.mark.threat("F8", role="cssm")
def test_a_new_portal_has_a_random_secret_that_only_its_owner_reads(
    host: Host, tmp_path: Path
) -> None:
    secret = host.data / "administrator.secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(host.data.stat().st_mode) == 0o700
    other = make_host(tmp_path)
    assert (other.data / "administrator.secret").read_text() != secret.read_text()
    assert len(secret.read_text().strip()) >= 43


@pytest.mark.threat("F9", role="cssm")
def test_no_command_prints_the_administrators_secret(host: Host) -> None:
    secret = (host.data / "administrator.secret").read_text().strip()
    printed = (
        host.told("event", "list", "--last", "500")
        + host.told("client", "list")
        + host.told("user", "list")
    )
    assert secret not in printed
    assert "administrator-reset" in printed


def test_a_portal_is_made_once(host: Host) -> None:
    words = ("--root", host.folder, "--signer", host.folder, "--manufacturer", host.folder)
    again = gauger("cssm", "init", "--data", host.data, *words)
    assert isinstance(again.exception, Problem)
    assert again.exception.code == "store-exists"


def test_accounts_are_opened_and_listed(host: Host) -> None:
    host.told("virtual-account", "add", "example.com/Lab", "--description", "A lab")
    assert "A lab" in host.told("virtual-account", "list", "example.com")
    assert host.json("account", "list")[0]["virtual_accounts"] >= 2
    told = host.told("virtual-account", "option", "example.com/Lab", "--count-vendor-reports", "on")
    assert "counted apart: on" in told


def test_an_order_shows_in_the_balance(host: Host) -> None:
    line = f"{TAG}=Network Advantage=5=subscription"
    words = ("--account", ACCOUNT, "--number", "SO-9", "--line", line, "--end", "1900000000")
    host.told("order", "add", *words, "--device", "C9300-24T:GGR0900")
    assert "Network Advantage" in host.told("order", "list", "--account", ACCOUNT)
    rows = host.json("balance", "--account", ACCOUNT)
    assert [row["purchased"] for row in rows if row["tag"] == TAG] == [5]
    assert "Network Advantage" in host.told("balance", "--account", ACCOUNT)


@pytest.mark.parametrize(
    "words",
    [
        ("--line", "no line"),
        ("--line", f"{TAG}=Name=many"),
        ("--line", f"{TAG}=Name=1=forever"),
        ("--line", f"{TAG}=Name=1", "--device", "nothing"),
    ],
)
def test_a_line_that_is_none_is_refused(host: Host, words: tuple[str, ...]) -> None:
    result = host.run("order", "add", "--account", ACCOUNT, "--number", "x", *words)
    assert isinstance(result.exception, Problem)
    assert result.exception.code == "invalid-argument"


@pytest.mark.requirement("SSM-5")
def test_a_token_is_made_listed_and_revoked(host: Host) -> None:
    account = ("--account", ACCOUNT)
    told = host.told("token", "new", *account, "--days", "3", "--uses", "2", "--no-export")
    assert "license smart trust idtoken" in told
    bare = host.told("token", "new", *account, "--quiet").strip()
    assert len(bare) == 32
    listed = host.json("token", "list", *account)
    assert (listed[0]["uses"], listed[0]["export_controlled"]) == (2, False)
    host.told("token", "revoke", *account, str(listed[0]["token_id"]))
    assert "revoked" in host.told("token", "list", *account)


@pytest.mark.requirement("SSM-7")
def test_a_policy_is_set_shown_and_downloaded(host: Host, tmp_path: Path) -> None:
    account = ("--account", ACCOUNT)
    host.told("policy", "set", *account, "--name", "quick", "--perpetual", "30/60/10", "--no-ack")
    host.told("policy", "set", "--smart-account", "example.com", "--name", "company")
    host.told("policy", "set", "--all", "--name", "vendor", "--export", "1/2/3")
    assert "30/60/10" in host.told("policy", "show", *account)
    out = tmp_path / "policy.xml"
    assert "license smart import" in host.told("policy", "download", *account, "--out", out)
    assert [item.kind for item in read_items([out.read_bytes()])] == [ItemKind.POLICY]


@pytest.mark.parametrize(
    "words", [(), ("--all", "--smart-account", "x"), ("--all", "--perpetual", "1/2")]
)
def test_a_policy_for_nobody_or_without_numbers_is_refused(
    host: Host, words: tuple[str, ...]
) -> None:
    result = host.run("policy", "set", "--name", "x", *words)
    assert isinstance(result.exception, Problem)
    assert result.exception.code == "invalid-argument"


@pytest.mark.requirement("SSM-9/api")
def test_a_usage_file_is_uploaded_and_its_ack_written(host: Host, tmp_path: Path) -> None:
    device, account = a_device("GGR0101"), ("--account", ACCOUNT)
    file, ack = tmp_path / "usage.xml", tmp_path / "ack.xml"
    file.write_bytes(usage_file([device.report()], [device.trust_request()]))
    told = host.told("usage", "upload", file, *account, "--ack", ack)
    assert "2 accepted" in told
    assert f"license smart import {ack}" in told
    assert ItemKind.TRUST_CODE in [item.kind for item in read_items([ack.read_bytes()])]
    [job, *_] = host.json("usage", "list", *account)
    again = tmp_path / "again.xml"
    host.told("usage", "ack", *account, job["job_id"], "--out", again)
    assert again.read_bytes() == ack.read_bytes()
    assert "accepted" in host.told("usage", "verdicts", *account, job["job_id"], "--wait")
    assert "GGR0101" in host.told("instance", "list", *account)
    assert TAG in host.told("instance", "show", *account, "C9800-CL-K9", "GGR0101")


def test_an_upload_need_not_be_waited_for(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "usage.xml"
    file.write_bytes(usage_file([a_device("GGR0102").report()]))
    assert "Uploaded as job" in host.told("usage", "upload", file, "--account", ACCOUNT)
    assert "usage.xml" in host.told("usage", "list", "--account", ACCOUNT)


@pytest.mark.threat("D9", role="cssm")
def test_an_ack_file_that_is_uploaded_is_refused_by_name(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "ack.xml"
    file.write_text(
        "<smartLicense><smartLicenseRumAck><data>{}</data></smartLicenseRumAck></smartLicense>"
    )
    result = host.run("usage", "upload", file, "--account", ACCOUNT, "--wait")
    assert isinstance(result.exception, Problem)
    assert result.exception.code == "wrong-type"


def test_reports_cases_and_gaps_are_looked_at(host: Host, tmp_path: Path) -> None:
    first, clone, account = a_device("GGR0103"), a_device("GGR0103"), ("--account", ACCOUNT)
    first.report()
    file = tmp_path / "usage.xml"
    file.write_bytes(
        usage_file([first.report([(1_789_990_000, 1_789_990_900, 1)]), clone.report()])
    )
    host.told("usage", "upload", file, *account, "--wait")
    reports = host.json("report", "list", *account, "--pid", "C9800-CL-K9", "--serial", "GGR0103")
    digest = reports[0]["digest"]
    assert digest in host.told("report", "list", *account)
    assert "GGR0103" in host.told("report", "show", *account, digest)
    host.told("report", "ack", *account, digest, "--out", tmp_path / "ack.xml")


def test_a_missing_report_is_listed_and_given_up(host: Host, tmp_path: Path) -> None:
    device, account = a_device("GGR0133"), ("--account", ACCOUNT)
    device.report()
    file = tmp_path / "usage.xml"
    file.write_bytes(usage_file([device.report([(1_789_990_000, 1_789_990_900, 1)])]))
    host.told("usage", "upload", file, *account, "--wait")
    (gap,) = host.json("gap", "list", *account)
    assert gap["alerted_at"] is None
    assert gap["report"] in host.told("gap", "list")
    assert "No report is missing" in host.told("gap", "list", *account, "--overdue")
    words = ("C9800-CL-K9", "GGR0133", gap["report"])
    assert "given up" in host.told("gap", "close", *account, *words)
    assert "No report is missing" in host.told("gap", "list", *account)


def test_silent_devices_are_listed(host: Host, tmp_path: Path) -> None:
    account = ("--account", ACCOUNT)
    file = tmp_path / "usage.xml"
    file.write_bytes(usage_file([a_device("GGR0134").report()]))
    host.told("usage", "upload", file, *account, "--wait")

    assert "reports in time" in host.told("instance", "list", *account, "--silent")
    assert "GGR0134" in host.told("instance", "list", *account)


def test_a_case_is_decided(host: Host, tmp_path: Path) -> None:
    first, clone, account = a_device("GGR0104"), a_device("GGR0104"), ("--account", ACCOUNT)
    reports = [first.report(), clone.report([(1_789_990_000, 1_789_990_900, 7)])]
    file = tmp_path / "usage.xml"
    file.write_bytes(usage_file(reports))
    assert "repeated-place" in host.told("usage", "upload", file, *account, "--wait")
    [case] = host.json("case", "list", *account, "--state", "open")
    assert str(case["case"]) in host.told("case", "list", *account)
    assert "rejected" in host.told("case", "decide", *account, str(case["case"]), "--reject")


def test_a_product_instance_is_moved(host: Host, tmp_path: Path) -> None:
    host.run("virtual-account", "add", "example.com/Moved")
    file = tmp_path / "usage.xml"
    file.write_bytes(usage_file([a_device("GGR0105").report()]))
    host.told("usage", "upload", file, "--account", ACCOUNT, "--wait")
    words = ("--account", ACCOUNT, "--to", "example.com/Moved", "C9800-CL-K9", "GGR0105")
    assert "belongs to example.com/Moved" in host.told("instance", "move", *words)
    assert "GGR0105" in host.told("instance", "list", "--search", "GGR0105")
    assert "GGR0105" in host.told("instance", "list", "--smart-account", "example.com")


@pytest.mark.requirement("SSM-3")
def test_people_are_added_given_roles_and_removed(host: Host) -> None:
    scope = ("--for", ACCOUNT)
    assert "one-time password" in host.told("user", "add", "ann", *scope, "--role", "virtual-user")
    assert "was known" in host.told("user", "add", "ann", *scope, "--role", "virtual-viewer")
    assert "Virtual Account User" in host.told("user", "list", "--for", "example.com")
    assert "one-time" in host.told("user", "password-reset", "ann", *scope)
    assert "now: -" in host.told("user", "roles", "ann", *scope)
    made = host.json("client", "add", "script", "--role", "operator")
    assert "Vendor Operator" in host.told("client", "roles", made["name"], "--role", "operator")
    assert made["name"] in host.told("client", "list")
    assert "removed" in host.told("client", "remove", made["name"])
    assert "shown this one time" in host.told("client", "add", "x", "--role", "operator")
    odd = host.run("user", "list", "--for", "/x")
    assert isinstance(odd.exception, Problem)


def test_events_and_proofs_are_shown(host: Host) -> None:
    assert "virtual-account" in host.told("event", "list", "--account", ACCOUNT)
    assert "smart-account" in host.told("event", "list", "--smart-account", "example.com")
    pages = host.json("ledger", "head")["pages"]
    assert "pages, newest head" in host.told("ledger", "head")
    assert host.told("ledger", "inclusion", "0")
    assert host.told("ledger", "consistency", "1", str(pages))


def test_trust_is_shown_and_taken_in(host: Host) -> None:
    assert "root set" in host.told("trust", "show")
    told = host.told("trust", "import", host.folder / "site" / "maker.json")
    assert "1 file is taken in" in told


def test_another_client_comes_in_with_its_own_secret(host: Host, tmp_path: Path) -> None:
    made = host.json("client", "add", "script", "--for", ACCOUNT, "--role", "virtual-viewer")
    secret = tmp_path / "secret"
    secret.write_text(made["secret"])
    url = (host.data / "address").read_text().strip()
    words = ("--url", url, "--client-id", made["name"], "--client-secret-file", secret)
    ca = ("--ca", host.data / "tls" / "certificate.pem")
    listed = gauger("cssm", "token", "list", "--account", ACCOUNT, *words, *ca)
    assert listed.exit_code == 0, listed.output
    refused = gauger("cssm", "token", "new", "--account", ACCOUNT, *words, *ca)
    assert isinstance(refused.exception, Problem)
    assert refused.exception.code == "forbidden"
    untrusted = gauger("cssm", "token", "list", "--account", ACCOUNT, *words)
    assert isinstance(untrusted.exception, Problem)
    assert untrusted.exception.code == "tls-failed"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--url", "https://127.0.0.1:9"), "invalid-argument"),
        ((), "invalid-argument"),
        (("--data", "/nowhere"), "key-missing"),
    ],
)
def test_a_portal_that_is_not_named_well_is_refused(words: tuple[str, ...], code: str) -> None:
    result = gauger("cssm", "account", "list", *words)
    assert isinstance(result.exception, Problem)
    assert result.exception.code == code


def test_an_account_that_is_none_is_refused(host: Host) -> None:
    result = host.run("balance", "--account", "example.com")
    assert result.exit_code == 2
    assert "SMART-ACCOUNT-DOMAIN/VIRTUAL-ACCOUNT" in result.output


def test_every_sub_command_has_help() -> None:
    overview = gauger("cssm", "--help").output
    for name in ("init", "serve", "token", "usage", "run-example"):
        assert name in overview
        assert gauger("cssm", name, "--help").exit_code == 0
    assert gauger("cssm", "nothing").exit_code == 2
