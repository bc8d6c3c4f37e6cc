"""PI-5, PI-6, SSM-8: a licence that is off without a code, from the request to the proven return."""

import json
import shutil
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from gauger import profiles
from gauger.core.problems import Problem
from gauger.core.releases import Release
from tests.acceptance.site import HOUR, Account, Device, Json, Site

EXPORT = "hseck9"


@pytest.fixture
def router(site: Site, account: Account) -> Device:
    """A device of the account, which may give out one authorization of its licence."""
    device = site.device("example-router")
    device.go_direct()
    device.trust(account.token(uses=1))
    tag = device.profile.licence(EXPORT).tag
    pool = {"tag": tag, "name": EXPORT, "term": "perpetual", "quantity": 1}
    account.send("PUT", "/authorization-pool", pool)
    return device


def left(account: Account) -> int:
    (row,) = account.get("/authorization-pools")["items"]
    return int(row["left"])


def shown(account: Account) -> list[str]:
    """Return what the portal shows of the codes of its devices, the oldest first."""
    return [row["state"] for row in account.rows("/authorizations")]


def stored(folder: str, names: Collection[str]) -> set[str]:
    """Return which files of a device's folder are its store."""
    del folder
    return {name for name in names if name.startswith("store")}


def asked_by_file(site: Site, account: Account, device: Device) -> Path:
    """Have a device without a way ask for its licence; return the portal's answer."""
    device.go_offline()
    device.execute(f"license smart authorization request add {EXPORT} local")
    request = site.new_path("request", ".xml")
    device.execute(f"license smart authorization request save {request}")
    return account.ack(account.upload(request), site.new_path("code", ".xml"))


@pytest.mark.requirement("PI-5")
@pytest.mark.requirement("SSM-8")
def test_a_code_is_asked_for_used_confirmed_and_given_back_online(
    site: Site, account: Account, router: Device
) -> None:
    with pytest.raises(Problem, match="no authorization code is installed"):
        router.use(EXPORT)
    assert not router.execute(f"license smart authorization request add {EXPORT} local")
    assert left(account) == 0
    assert shown(account) == ["issued"]
    router.use(EXPORT)
    site.clock.advance(HOUR)
    assert not router.sync()
    assert shown(account) == ["confirmed"], "by the report that showed it installed"
    router.use(EXPORT, 0)
    said = router.execute("license smart authorization return local online")
    assert "Return code: " in said
    assert (left(account), shown(account)) == (1, ["returned"])
    with pytest.raises(Problem, match="no authorization code is installed"):
        router.use(EXPORT)
    assert "NOT INSTALLED" in router.execute("show license authorization")


@pytest.mark.requirement("PI-5")
@pytest.mark.requirement("SSM-8")
@pytest.mark.requirement("T5/authorization")
def test_a_code_is_asked_for_and_given_back_by_files(
    site: Site, account: Account, router: Device
) -> None:
    router.go_offline()
    assert "waits" in router.execute(f"license smart authorization request add {EXPORT} local")
    request = site.new_path("request", ".xml")
    router.execute(f"license smart authorization request save {request}")
    router.load(account.ack(account.upload(request), site.new_path("code", ".xml")))
    router.use(EXPORT)
    with pytest.raises(Problem, match="licence-in-use"):
        router.execute("license smart authorization return local offline")
    router.use(EXPORT, 0)
    proof = site.new_path("return", ".xml")
    router.execute(f"license smart authorization return local offline {proof}")
    router.load(account.ack(account.upload(proof), site.new_path("credit", ".xml")))
    assert left(account) == 1


@pytest.mark.requirement("PI-5")
@pytest.mark.requirement("SSM-8")
def test_where_none_is_left_the_operator_is_told_and_can_ask_again(
    account: Account, router: Device
) -> None:
    tag = router.profile.licence(EXPORT).tag
    pool = {"tag": tag, "name": EXPORT, "term": "perpetual", "quantity": 0}
    account.send("PUT", "/authorization-pool", pool)
    line = f"license smart authorization request add {EXPORT} local"
    with pytest.raises(Problem, match="authorizations-used-up"):
        router.execute(line)
    account.send("PUT", "/authorization-pool", {**pool, "quantity": 1})
    assert not router.execute(line)
    router.use(EXPORT)
    assert "SMART AUTHORIZATION INSTALLED" in router.execute("show license authorization")


@pytest.mark.requirement("SSM-6/authorization")
@pytest.mark.requirement("SSM-8/issue")
def test_a_code_that_an_administrator_issues_comes_with_the_next_ack(
    site: Site, account: Account, router: Device
) -> None:
    router.use(router.profile.licences[0].feature)
    site.clock.advance(HOUR)
    router.sync()
    tag = router.profile.licence(EXPORT).tag
    wanted: Json = {"udi": router.udi.to_json(), "mode": "add"}
    account.send("POST", "/authorizations", {**wanted, "licences": [{"tag": tag, "count": 1}]})
    with pytest.raises(Problem, match="no authorization code is installed"):
        router.use(EXPORT)
    site.clock.advance(HOUR)
    router.sync()
    router.use(EXPORT)


@pytest.mark.requirement("SSM-8/return")
@pytest.mark.parametrize("release", ["17.6.4", "17.7.1"])
def test_a_return_file_finds_its_device_from_17_7_1_on(
    site: Site, account: Account, router: Device, release: str
) -> None:
    del router
    older = replace(profiles.builtin("example-router"), release=Release.parse(release))
    device = site.device(older)
    device.load(asked_by_file(site, account, device))
    proof = site.new_path("return", ".xml")
    said = device.execute(f"license smart authorization return local offline {proof}")
    upload = account.upload(proof)
    if release == "17.7.1":
        assert (upload.words, left(account)) == (["accepted"], 1)
        return
    assert (upload.words, left(account)) == (["return-by-hand"], 0)
    (row,) = upload.verdicts
    assert device.udi.serial in row["detail"], "where to find it"
    code = said.partition("Return code: ")[2].split()[0]
    body = {"udi": device.udi.to_json(), "return_code": code}
    assert account.send("POST", "/authorizations/return", body)["verdict"] == "accepted"
    assert left(account) == 1


@pytest.mark.requirement("PI-6/authorization")
@pytest.mark.requirement("SSM-8/return")
def test_what_was_ordered_with_a_code_is_on_from_the_first_start_and_can_be_given_back(
    site: Site, account: Account
) -> None:
    profile = profiles.builtin("example-router")
    order = site.new_path("purchase", ".json")
    line = {"tag": profile.licence(EXPORT).tag, "name": EXPORT, "quantity": 2}
    order.write_text(json.dumps({"items": [{**line, "term": "perpetual"}]}))
    device = site.device(profile, purchase=order, authorization=True)
    device.use(EXPORT, 2)
    with pytest.raises(Problem, match="2"):
        device.use(EXPORT, 3)
    device.use(EXPORT, 0)
    device.go_offline()
    proof = site.new_path("return", ".xml")
    device.execute(f"license smart authorization return local offline {proof}")
    assert account.upload(proof).words == ["accepted"]
    device.stop()
    device.start()
    with pytest.raises(Problem, match="no authorization code is installed"):
        device.use(EXPORT)


@pytest.mark.threat("B22", role="cssm")
@pytest.mark.threat("B21", role="instance")
def test_a_return_is_credited_once_and_its_code_is_dead(
    site: Site, account: Account, router: Device
) -> None:
    code = asked_by_file(site, account, router)
    router.load(code)
    proof = site.new_path("return", ".xml")
    router.execute(f"license smart authorization return local offline {proof}")
    uploads = [account.upload(proof) for _ in range(3)]
    assert [upload.words for upload in uploads] == [["accepted"], ["same"], ["same"]]
    assert left(account) == 1
    # The ACK beside it is old, and in order; the dead code is passed over.
    router.load(code)
    assert "NOT INSTALLED" in router.execute("show license authorization")
    with pytest.raises(Problem, match="no authorization code is installed"):
        router.use(EXPORT)


@pytest.mark.threat("B20", role="instance")
def test_a_code_that_was_altered_unlocks_nothing(
    site: Site, account: Account, router: Device
) -> None:
    code = asked_by_file(site, account, router)
    text = code.read_text(encoding="utf-8")
    forged = site.new_path("forged", ".xml")
    forged.write_text(text.replace(r'"count\":1', r'"count\":9'), encoding="utf-8")
    assert forged.read_text(encoding="utf-8") != text
    with pytest.raises(Problem, match="signature-invalid"):
        router.load(forged)
    with pytest.raises(Problem, match="no authorization code is installed"):
        router.use(EXPORT)


@pytest.mark.threat("B24", role="cssm")
@pytest.mark.threat("B24", role="instance")
@pytest.mark.parametrize("everything", [False, True], ids=["the store", "the keys and marks too"])
def test_a_flash_from_before_the_return_is_refused_or_noticed(
    site: Site, account: Account, router: Device, *, everything: bool
) -> None:
    router.load(asked_by_file(site, account, router))
    router.stop()
    before = site.new_path("flash")
    shutil.copytree(router.data, before)
    router.start()
    proof = site.new_path("return", ".xml")
    router.execute(f"license smart authorization return local offline {proof}")
    assert account.upload(proof).words == ["accepted"]
    router.stop()
    site.clock.advance(HOUR)
    shutil.copytree(
        before,
        router.data,
        dirs_exist_ok=True,
        ignore=None if everything else lambda folder, names: set(names) - stored(folder, names),
    )
    router.start()
    if not everything:
        with pytest.raises(Problem, match="no authorization code is installed"):
            router.use(EXPORT)
        return
    router.use(EXPORT)
    site.clock.advance(HOUR)
    account.upload(router.save())
    (event,) = [row for row in account.rows("/events") if row["kind"] == "authorization-misused"]
    assert router.udi.serial in event["subject"]
