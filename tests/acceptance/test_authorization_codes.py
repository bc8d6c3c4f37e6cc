"""PI-5, PI-6, SSM-8: a licence that is off without a code, from the request to the proven return."""

import pytest

from gauger.core.problems import Problem
from tests.acceptance.site import HOUR, Account, Device, Site

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


@pytest.mark.requirement("PI-5")
@pytest.mark.requirement("SSM-8")
def test_a_code_is_asked_for_used_confirmed_and_given_back_online(
    site: Site, account: Account, router: Device
) -> None:
    with pytest.raises(Problem, match="no authorization code is installed"):
        router.use(EXPORT)
    assert not router.execute(f"license smart authorization request add {EXPORT} local")
    assert left(account) == 0
    router.use(EXPORT)
    site.clock.advance(HOUR)
    assert not router.sync()
    router.use(EXPORT, 0)
    said = router.execute("license smart authorization return local online")
    assert "Return code: " in said
    assert left(account) == 1
    with pytest.raises(Problem, match="no authorization code is installed"):
        router.use(EXPORT)
    assert "NOT INSTALLED" in router.execute("show license authorization")


@pytest.mark.requirement("PI-5")
@pytest.mark.requirement("SSM-8")
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
