"""`gauger cssm authorization` against a portal that serves over TLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger.core.documents.authorization_code import AuthorizationCode
from gauger.core.documents.authorization_return import AuthorizationReturn
from gauger.core.documents.envelope import read_document
from gauger.core.documents.smart_license import ItemKind, read_items
from gauger.core.problems import Problem
from tests.cli.portal_host import Host, make_host, served
from tests.support.authorizing import HSEC, a_licensee
from tests.support.builders import a_device
from tests.surfaces.http.portal import usage_file
from tests.surfaces.http.test_authorizations import auth_file

ACCOUNT = ("--account", "example.com/DEFAULT")
PID = "C9800-CL-K9"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A portal that serves, with authorizations to give out."""
    made = make_host(tmp_path_factory.mktemp("host"))
    with served(made):
        made.told("account", "add", "example.com", "--name", "Example")
        made.told("authorization", "set", *ACCOUNT, "--name", "hseck9", HSEC, "5")
        yield made


def code_in(file: Path) -> AuthorizationCode:
    (item,) = [one for one in read_items([file.read_bytes()]) if one.kind is ItemKind.AUTH_CODE]
    return AuthorizationCode.from_document(read_document(item.text))


@pytest.mark.requirement("SSM-8/command-line")
def test_a_request_is_uploaded_and_its_return_completed_by_hand(host: Host, tmp_path: Path) -> None:
    licensee = a_licensee("GGR0201", release="17.06.04")
    file, ack = tmp_path / "request.xml", tmp_path / "answer.xml"
    file.write_bytes(auth_file(licensee.request((HSEC, 2))))
    assert "1 accepted" in host.told("usage", "upload", file, *ACCOUNT, "--ack", ack)
    licensee.hold(code_in(ack))
    assert "2 hseck9" in host.told("authorization", "show", *ACCOUNT, PID, "GGR0201")

    returned = licensee.give_back()
    file.write_bytes(auth_file(returned))
    assert "return-by-hand" in host.told("usage", "upload", file, *ACCOUNT, "--wait")
    code = AuthorizationReturn.from_document(returned).return_code
    told = host.told("authorization", "return", *ACCOUNT, PID, "GGR0201", code)
    assert "is returned." in told
    assert code in host.told("authorization", "list", *ACCOUNT)


@pytest.mark.requirement("SSM-8/command-line")
def test_a_code_is_issued_and_written_to_a_file(host: Host, tmp_path: Path) -> None:
    file, out = tmp_path / "usage.xml", tmp_path / "code.xml"
    file.write_bytes(usage_file([a_device("GGR0202").report()]))
    host.told("usage", "upload", file, *ACCOUNT, "--wait")
    words = ("authorization", "issue", *ACCOUNT, PID, "GGR0202")
    assert "authorization download" in host.told(*words, HSEC)
    told = host.told(*words, f"{HSEC}=3", "--replace", "--out", out)
    assert f"license smart import {out}" in told
    assert [one.count for one in code_in(out).licences] == [3]
    assert code_in(out).epoch == 2
    again = tmp_path / "again.xml"
    host.told("authorization", "download", *ACCOUNT, PID, "GGR0202", "--out", again)
    assert again.read_bytes() == out.read_bytes()
    (row,) = host.json("authorization", "left", *ACCOUNT)
    assert (row["name"], row["quantity"], row["given"], row["left"]) == ("hseck9", 5, 3, 2)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("issue", PID, "GGR0209", f"{HSEC}=many"), "invalid-argument"),
        (("issue", PID, "GGR0209", HSEC), "not-found"),
        (("return", PID, "GGR0209", "x"), "not-found"),
    ],
)
def test_what_cannot_be_is_refused(host: Host, words: tuple[str, ...], code: str) -> None:
    first, *rest = words
    result = host.run("authorization", first, *ACCOUNT, *rest)
    assert isinstance(result.exception, Problem)
    assert result.exception.code == code


def test_an_account_without_any_says_so(host: Host) -> None:
    host.told("virtual-account", "add", "example.com/Empty")
    account = ("--account", "example.com/Empty")
    assert "no authorizations to give out" in host.told("authorization", "left", *account)
    assert "was issued" in host.told("authorization", "list", *account)
    told = host.told("authorization", "show", *account, PID, "GGR0203")
    assert "has no authorization code" in told
