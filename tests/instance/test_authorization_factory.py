"""Authorization codes that come with a device, and what a disk that is full makes of any."""

import json
from collections.abc import Iterator

import pytest

from gauger import profiles
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.tools.factory import MintOrder, mint
from tests.instance.portal import Portal, answer_file
from tests.instance.test_authorization import EXPORT, code_for, is_on
from tests.instance.world import SERIAL, World, go_smart, names

ROUTER = profiles.builtin("example-router")
TAG = ROUTER.licence(EXPORT).tag


@pytest.fixture
def bought(world: World, portal: Portal) -> Iterator[Agent]:
    """A device that was bought with two of an export-controlled licence."""
    order = world.root / "purchase.json"
    line = {"tag": TAG, "name": "N", "quantity": 2, "term": "perpetual"}
    order.write_text(json.dumps({"items": [line]}))
    wanted = MintOrder(profile=ROUTER, serial=SERIAL, purchase=order, authorization=True)
    signer = world.factory / "signers" / "factory"
    mint(world.factory, world.root / "bundle", wanted, workshop=world.workshop, signer=signer)
    agent = world.open(bundle=world.root / "bundle", ca=world.root / "tls.pem")
    go_smart(agent, portal.url)
    yield agent
    agent.stop()


@pytest.mark.requirement("PI-6/authorization")
def test_what_was_bought_with_a_device_is_on_from_its_first_start(
    world: World, bought: Agent
) -> None:
    assert is_on(bought, EXPORT)
    (view,) = bought.authorizations()
    assert [(item.tag, item.count) for item in view.licences] == [(TAG, 2)]
    assert view.installed_at == world.clock.wall
    assert names(bought).count("SMART_LIC-6-AUTHORIZATION_INSTALL_SUCCESS") == 1


@pytest.mark.requirement("PI-6/authorization")
def test_the_portal_sees_the_factorys_code_with_the_first_request(
    portal: Portal, bought: Agent
) -> None:
    bought.codes.request("add", "ring-redundancy", None)
    (asked,) = portal.asked
    assert asked.held is not None
    assert (asked.held.epoch, asked.mark) == (0, 0)
    assert '"authorization-code"' in str(asked.held.document)


@pytest.mark.requirement("PI-6/authorization")
@pytest.mark.threat("B21", role="instance")
def test_the_factorys_code_is_given_back_once_and_stays_away(
    world: World, portal: Portal, bought: Agent
) -> None:
    bought.codes.give_back(online=True, path=None)
    assert portal.returned[0].removed.document is not None
    for _ in range(2):
        bought.stop()
        world.clock.reboot(off=60)
        bought = world.open(ca=world.root / "tls.pem")
        assert not is_on(bought, EXPORT)
        assert "SMART_LIC-3-AUTHORIZATION_INSTALL_FAILED" not in names(bought)
    bought.stop()


@pytest.mark.threat("B26", role="instance")
def test_a_code_that_the_disk_does_not_take_is_not_installed_and_can_be_taken_again(
    world: World, portal: Portal, bought: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought.configure([ConfigChange(key=ConfigKey.TRANSPORT, value="off")])
    before = bought.authorizations()
    path = world.root / "code.xml"
    path.write_bytes(answer_file([code_for(portal, bought, "ring-redundancy")]))

    def fail(_: object) -> None:
        raise Problem("store-full", "The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(bought._store, "commit", fail)
        with pytest.raises(Problem, match="store-full"):
            bought.import_file(path)
    assert bought.authorizations() == before
    assert (is_on(bought, EXPORT), is_on(bought, "ring-redundancy")) == (True, False)
    bought.import_file(path)
    assert (is_on(bought, EXPORT), is_on(bought, "ring-redundancy")) == (False, True)
