"""Which trust code is good for what, and what the operator is told."""

import pytest

from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.views import Scope
from tests.instance.portal import Portal, poll_later, refuse, withhold
from tests.instance.world import World, go_smart, names

TOKEN = "a-token-of-the-portal"


@pytest.mark.requirement("T2-trust")
@pytest.mark.threat("B16", role="instance")
def test_a_factory_code_is_refused_for_direct_and_a_token_replaces_it(
    world: World, portal: Portal
) -> None:
    agent = world.open(bundle=world.bundle(trust_code=True), ca=world.root / "tls.pem")
    go_smart(agent, portal.url)
    with pytest.raises(Problem) as refused:
        agent.sync(Scope.ALL)
    assert refused.value.code == "factory-trust-not-allowed"
    assert "license smart trust idtoken" in refused.value.kind.next_step
    for _ in range(40):
        world.clock.advance(86_400)
        agent.tick()
    assert portal.seen == []
    assert names(agent).count("SAEVT_COMM_BLOCKED") == 1
    agent.establish_trust(TOKEN, Scope.LOCAL, force=False)
    assert agent.status().trust[0].origin == "cssm"
    agent.sync(Scope.ALL)
    agent.stop()


def test_without_any_trust_code_nothing_is_sent(portal: Portal, online: Agent) -> None:
    with pytest.raises(Problem, match="trust-missing"):
        online.sync(Scope.ALL)
    online.tick()
    assert portal.seen == []
    assert any("license smart trust" in notice for notice in online.status().notices)
    assert names(online).count("SAEVT_COMM_BLOCKED") == 1


@pytest.mark.threat("B17", role="instance")
def test_a_code_of_the_portal_is_replaced_only_by_force(
    world: World, portal: Portal, online: Agent
) -> None:
    online.establish_trust(TOKEN, Scope.LOCAL, force=False)
    before, asked = online.status(), len(portal.seen)
    with pytest.raises(Problem, match="already-installed") as refused:
        online.establish_trust(TOKEN, Scope.LOCAL, force=False)
    assert "license smart trust idtoken TOKEN local force" in refused.value.kind.next_step
    assert (online.status(), len(portal.seen)) == (before, asked)
    world.clock.advance(60)
    online.establish_trust(TOKEN, Scope.ALL, force=True)
    assert online.status().trust[0].installed_at == world.clock.wall


@pytest.mark.parametrize("code", ["token-expired", "token-unknown", "clock-skew"])
def test_a_refused_token_is_named_and_asked_no_more(
    world: World, portal: Portal, online: Agent, code: str
) -> None:
    portal.script.append(refuse(code))
    with pytest.raises(Problem, match=code):
        online.establish_trust(TOKEN, Scope.LOCAL, force=False)
    world.clock.advance(86_400)
    online.tick()
    assert len(portal.seen) == 1


def test_a_lost_trust_code_is_fetched_by_itself(
    world: World, portal: Portal, online: Agent
) -> None:
    portal.script.append(withhold)
    with pytest.raises(Problem, match="comm-failed"):
        online.establish_trust(TOKEN, Scope.LOCAL, force=False)
    world.clock.advance(100)
    online.tick()
    assert online.status().trust[0].origin == "cssm"
    assert portal.seen[0].body == portal.seen[1].body


def test_a_trust_code_that_is_polled_for(world: World, portal: Portal, online: Agent) -> None:
    portal.script.append(poll_later(10))
    online.establish_trust(TOKEN, Scope.LOCAL, force=False)
    assert online.status().trust[0].origin is None
    world.clock.advance(11)
    online.tick()
    assert online.status().trust[0].origin == "cssm"


def test_a_token_that_can_be_none_is_refused_at_once(portal: Portal, online: Agent) -> None:
    for token in ("", "ü", "x" * 600):
        with pytest.raises(Problem, match="token-unknown"):
            online.establish_trust(token, Scope.LOCAL, force=False)
    assert portal.seen == []


def test_keys_that_nothing_needs_are_destroyed(world: World, online: Agent) -> None:
    for force in (False, True, True):
        online.establish_trust(TOKEN, Scope.LOCAL, force=force)
    keys = list((world.root / "device" / "keys").glob("licensing-*.pem"))
    assert len(keys) == 1


def test_a_token_that_is_tried_for_ever_fills_no_disk_with_keys(
    world: World, portal: Portal, online: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.instance.trusting._REMEMBERED", 3)
    for _ in range(6):
        portal.script.append(withhold)
        with pytest.raises(Problem, match="comm-failed"):
            online.establish_trust(TOKEN, Scope.LOCAL, force=False)
    assert len(list((world.root / "device" / "keys").glob("licensing-*.pem"))) == 3
    online.sync(Scope.ALL)
    assert online.status().trust[0].origin == "cssm"


def test_a_key_that_cannot_be_destroyed_refuses_no_answer(
    online: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> None:
        raise Problem("store-failed", "The key folder cannot be written.")

    online.establish_trust(TOKEN, Scope.LOCAL, force=False)
    with monkeypatch.context() as patched:
        patched.setattr(online._engine.around.keys, "forget", fail)
        online.establish_trust(TOKEN, Scope.LOCAL, force=True)
    assert "SMART_LIC-4-KEY_NOT_DESTROYED" in names(online)
    assert online.status().trust[0].origin == "cssm"


def test_the_transport_must_be_on(device: Agent) -> None:
    with pytest.raises(Problem, match="transport-later"):
        device.sync(Scope.ALL)
    device.configure([ConfigChange(key=ConfigKey.TRANSPORT, value="off")])
    with pytest.raises(Problem, match="transport-off"):
        device.sync(Scope.ALL)
