"""Authorization codes on a device: off without one, on with one, and never back once returned."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gauger import NotAuthorized
from gauger.core.documents.authorization_code import AuthorizedLicence, confirmation_code
from gauger.core.documents.authorization_items import read_authorization_item
from gauger.core.documents.authorization_return import AuthorizationReturn
from gauger.core.documents.envelope import Document, write_document
from gauger.core.documents.rum_report import read_report
from gauger.core.documents.smart_license import ItemKind, read_items
from gauger.core.documents.verdict import Ruling, Verdict
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.main import open_agent
from gauger.instance.views import Scope, Selection, SelectionKind
from gauger.tools.fsck_instance import check_instance
from tests.instance.portal import LEDGER, Portal, answer_file, poll_later, refuse, withhold
from tests.instance.world import DAY, World, go_smart, names

ENFORCED, EXPORT = "ring-redundancy", "hseck9"


@pytest.fixture
def router(world: World, portal: Portal) -> Iterator[Agent]:
    """A device with an enforced and an export-controlled licence, which trusts the portal."""
    agent = world.open(bundle=world.bundle(profile="example-router"), ca=world.root / "tls.pem")
    go_smart(agent, portal.url)
    yield agent
    agent.stop()


def again(world: World) -> Agent:
    return world.open(ca=world.root / "tls.pem")


def off(agent: Agent) -> None:
    agent.configure([ConfigChange(key=ConfigKey.TRANSPORT, value="off")])


def ask(agent: Agent, *licences: str, mode: str = "add") -> None:
    for licence in licences:
        agent.codes.request(mode, licence, None)


def is_on(agent: Agent, licence: str) -> bool:
    try:
        with agent.use(licence):
            return True
    except NotAuthorized:
        return False


def code_for(portal: Portal, agent: Agent, *licences: str, count: int = 1) -> Document:
    """Issue a code, as an administrator of the portal does."""
    tags = [agent.profile.licence(licence).tag for licence in licences]
    allowed = [AuthorizedLicence(tag=tag, name="n", count=count, term="perpetual") for tag in tags]
    return portal.sign(portal.code(agent.udi, tuple(allowed)))


def carry(world: World, agent: Agent, *documents: Document, name: str = "code.xml") -> Path:
    """Import documents as a file, and return it."""
    path = world.root / name
    path.write_bytes(answer_file(list(documents)))
    agent.import_file(path)
    return path


@pytest.mark.requirement("PI-5")
def test_a_licence_is_off_until_its_code_is_installed(portal: Portal, router: Agent) -> None:
    assert not is_on(router, ENFORCED)
    ask(router, ENFORCED)
    assert is_on(router, ENFORCED)
    assert not is_on(router, EXPORT)
    (view,) = router.authorizations()
    (licence,) = view.licences
    assert (licence.feature, licence.count, licence.enforcement) == (ENFORCED, 1, "enforced")
    assert view.confirmation_code is not None
    assert view.installed_at is not None
    assert "SMART_LIC-6-AUTHORIZATION_INSTALL_SUCCESS" in names(router)
    assert [len(one.licences) for one in portal.asked] == [1]


@pytest.mark.requirement("PI-5")
def test_no_more_is_used_than_the_code_allows(world: World, router: Agent) -> None:
    router.codes.request("add", EXPORT, 2)
    with router.use(EXPORT), router.use(EXPORT):
        with pytest.raises(NotAuthorized, match="allows 2, not 3"):
            router.use(EXPORT)
        with pytest.raises(NotAuthorized):
            router.set_count(EXPORT, 1)
    router.set_count(EXPORT, 2)
    router.set_count(EXPORT, 1)
    assert router.usage()[0].count == 1
    world.clock.advance(60)


@pytest.mark.requirement("PI-5")
def test_export_control_is_told_at_each_change_and_each_boot(world: World, router: Agent) -> None:
    def told(agent: Agent) -> list[str]:
        kind = "SMART_LIC-6-EXPORT_CONTROLLED"
        return [
            "no" if "may not" in entry.text else "yes"
            for entry in agent.events()
            if entry.name == kind
        ]

    ask(router, EXPORT)
    assert told(router) == ["no", "yes"]
    router.stop()
    world.clock.reboot(off=60)
    booted = again(world)
    assert told(booted) == ["no", "yes", "yes"]
    assert is_on(booted, EXPORT)
    booted.codes.give_back(online=True, path=None)
    assert told(booted)[-1] == "no"
    booted.stop()


@pytest.mark.requirement("PI-5")
def test_a_request_goes_by_file_and_its_answer_comes_by_file(
    world: World, portal: Portal, router: Agent
) -> None:
    off(router)
    asked = router.codes.request("add", EXPORT, None)
    assert "off" in str(asked.waits)
    path, answer = world.root / "request.xml", world.root / "answer.xml"
    router.codes.save(path)
    answer.write_bytes(portal.usage_file(path))
    router.import_file(answer)
    assert is_on(router, EXPORT)
    with pytest.raises(Problem, match="requested-item-not-found"):
        router.codes.save(path)
    # The same file once more changes nothing.
    assert router.import_file(answer).installed == ()


def test_a_request_that_waits_leaves_by_itself_once_there_is_a_way(
    portal: Portal, router: Agent
) -> None:
    off(router)
    ask(router, EXPORT)
    router.tick()
    assert not portal.asked
    go_smart(router, portal.url)
    router.tick()
    assert is_on(router, EXPORT)


def test_an_answer_that_is_polled_for_installs_the_code(
    world: World, portal: Portal, router: Agent
) -> None:
    portal.script.append(poll_later(60))
    assert "still at work" in str(router.codes.request("add", EXPORT, None).waits)
    assert not is_on(router, EXPORT)
    assert router.status().reporting.next_ack_check == world.clock.wall + 60
    world.clock.advance(61)
    router.tick()
    assert is_on(router, EXPORT)


def test_a_lost_answer_is_fetched_by_the_identical_request(
    world: World, portal: Portal, router: Agent
) -> None:
    portal.script.append(withhold)
    with pytest.raises(Problem, match="comm-failed"):
        ask(router, EXPORT)
    world.clock.advance(DAY)
    router.tick()
    first, second = (item.body for item in portal.seen[-2:])
    assert first == second
    assert is_on(router, EXPORT)


def test_a_request_that_is_refused_is_not_sent_again(
    world: World, portal: Portal, router: Agent
) -> None:
    portal.script.append(refuse("forbidden"))
    with pytest.raises(Problem, match="as the test says"):
        ask(router, EXPORT)
    seen = len(portal.seen)
    world.clock.advance(DAY)
    router.tick()
    assert len(portal.seen) == seen


def test_a_verdict_is_told_and_ends_the_waiting(
    world: World, portal: Portal, router: Agent
) -> None:
    off(router)
    ask(router, EXPORT)
    path = world.root / "request.xml"
    router.codes.save(path)
    (item,) = [i for i in read_items([path.read_bytes()]) if i.kind is ItemKind.AUTH_REQUEST]
    verdict = Verdict(
        issued_at=portal.now(),
        issuer=LEDGER,
        account=portal.account,
        udi=router.udi,
        answers=read_authorization_item(item.text).digest,
        verdict=Ruling.REJECTED,
        code="forbidden",
        detail="as the test says",
        until=None,
        case=None,
    )
    carry(world, router, portal.sign(verdict))
    assert "SMART_LIC-3-AUTHORIZATION_INSTALL_FAILED" in names(router)
    with pytest.raises(Problem, match="requested-item-not-found"):
        router.codes.save(path)


@pytest.mark.requirement("PI-5")
def test_what_needs_no_code_and_what_is_unknown_is_not_asked_for(router: Agent) -> None:
    with pytest.raises(Problem, match=r"not-supported: .*routing-base"):
        ask(router, "routing-base")
    with pytest.raises(Problem, match="requested-item-not-found"):
        ask(router, "no-such-licence")


@pytest.mark.requirement("PI-5")
def test_a_code_that_replaces_another_gives_a_confirmation_code(
    world: World, portal: Portal, router: Agent
) -> None:
    first, second = (code_for(portal, router, name) for name in (ENFORCED, EXPORT))
    path = world.root / "code.xml"
    path.write_bytes(answer_file([first]))
    assert router.import_file(path).confirmations == ()
    path.write_bytes(answer_file([second]))
    assert router.import_file(path).confirmations == (confirmation_code(second.digest),)
    assert (is_on(router, ENFORCED), is_on(router, EXPORT)) == (False, True)
    with pytest.raises(Problem, match="epoch-dead"):
        carry(world, router, first)


@pytest.mark.requirement("PI-5")
def test_reports_tell_which_code_is_installed(world: World, portal: Portal, router: Agent) -> None:
    router.establish_trust("token", Scope.LOCAL, force=False)
    ask(router, EXPORT)
    router.set_count(EXPORT, 1)
    world.clock.advance(60)
    router.sync(Scope.ALL)
    meta = portal.reports[-1].payload.meta
    assert meta is not None
    assert meta.authorization is not None
    assert (meta.authorization.code, meta.authorization.epoch) == (f"{1:032x}", 1)


@pytest.mark.requirement("PI-5")
def test_a_code_is_given_back_online_with_proof(
    world: World, portal: Portal, router: Agent
) -> None:
    ask(router, EXPORT)
    return_code = router.codes.give_back(online=True, path=None)
    assert not is_on(router, EXPORT)
    (returned,) = portal.returned
    assert (returned.return_code, returned.mark) == (return_code, 1)
    (view,) = router.authorizations()
    assert (view.installed_at, view.return_code, view.licences) == (None, return_code, ())
    assert "SMART_LIC-6-AUTHORIZATION_REMOVED" in names(router)
    with pytest.raises(Problem, match="authorization-not-installed"):
        router.codes.give_back(online=False, path=None)
    assert check_instance(world.options().data) == []


@pytest.mark.requirement("PI-5")
def test_a_code_is_given_back_by_file_and_the_proof_can_be_written_again(
    world: World, portal: Portal, router: Agent
) -> None:
    off(router)
    carry(world, router, code_for(portal, router, EXPORT))
    path = world.root / "return.xml"
    return_code = router.codes.give_back(online=False, path=path)
    first = path.read_bytes()
    assert router.codes.give_back(online=False, path=path) == return_code
    texts = [
        [item.text for item in read_items([data]) if item.kind is ItemKind.AUTH_REQUEST]
        for data in (first, path.read_bytes())
    ]
    assert texts[0] == texts[1]
    returned = AuthorizationReturn.from_document(read_authorization_item(texts[0][0]))
    assert returned.return_code == return_code
    answer = world.root / "answer.xml"
    answer.write_bytes(portal.usage_file(path))
    router.import_file(answer)
    with pytest.raises(Problem, match="authorization-not-installed"):
        router.codes.give_back(online=False, path=path)


@pytest.mark.requirement("PI-5")
def test_a_code_in_use_stays(router: Agent) -> None:
    ask(router, EXPORT)
    with router.use(EXPORT), pytest.raises(Problem, match=f"licence-in-use: In use: {EXPORT}"):
        router.codes.give_back(online=True, path=None)
    assert is_on(router, EXPORT)
    prepared = router.use(EXPORT)
    router.codes.give_back(online=True, path=None)
    with pytest.raises(NotAuthorized), prepared:
        pass


@pytest.mark.requirement("PI-5")
def test_without_a_way_nothing_is_removed(router: Agent) -> None:
    ask(router, EXPORT)
    off(router)
    with pytest.raises(Problem, match="transport-off"):
        router.codes.give_back(online=True, path=None)
    assert is_on(router, EXPORT)


@pytest.mark.threat("B20", role="instance")
def test_a_code_that_is_forged_or_of_another_unlocks_nothing(
    world: World, portal: Portal, router: Agent
) -> None:
    genuine = code_for(portal, router, EXPORT)
    other = replace(portal.code(router.udi, ()), udi=replace(router.udi, serial="GGR0002"))
    tag = router.profile.licence(EXPORT).tag
    other = replace(
        other, licences=(AuthorizedLicence(tag=tag, name="n", count=1, term="perpetual"),)
    )
    forged = [
        replace(genuine, body=genuine.body.replace(b'"count":1', b'"count":9')),
        replace(genuine, signature=portal.sign(other).signature),
        portal.sign(other),
    ]
    for document in forged:
        with pytest.raises(Problem, match=r"signature-invalid|wrong-subject"):
            carry(world, router, document)
        assert not is_on(router, EXPORT)
    assert "SMART_LIC-3-AUTHORIZATION_INSTALL_FAILED" in names(router)


@pytest.mark.threat("B21", role="instance")
def test_a_code_that_was_given_back_never_comes_back(
    world: World, portal: Portal, router: Agent
) -> None:
    code = code_for(portal, router, EXPORT)
    path = carry(world, router, code)
    router.codes.give_back(online=True, path=None)
    with pytest.raises(Problem, match="epoch-dead"):
        router.import_file(path)
    assert not is_on(router, EXPORT)
    router.stop()
    world.clock.reboot(off=60)
    booted = again(world)
    with pytest.raises(Problem, match="epoch-dead"):
        booted.import_file(path)
    ask(booted, EXPORT)
    assert is_on(booted, EXPORT)
    booted.stop()


def data(world: World, name: str) -> Path:
    return world.options().data / name


@pytest.mark.requirement("PI-5")
@pytest.mark.threat("B24", role="instance")
def test_a_store_from_before_the_return_brings_no_code_back(
    world: World, portal: Portal, router: Agent
) -> None:
    off(router)
    path = carry(world, router, code_for(portal, router, EXPORT))
    router.stop()
    copy = world.root / "copy"
    shutil.copytree(world.options().data, copy)
    world.clock.reboot(off=60)
    booted = again(world)
    booted.codes.give_back(online=False, path=world.root / "return.xml")
    booted.stop()
    for old in copy.glob("store*"):
        shutil.copy(old, data(world, old.name))
    world.clock.reboot(off=60)
    restored = again(world)
    assert "SMART_LIC-3-STORE_REPLACED" in names(restored)
    assert not is_on(restored, EXPORT)
    with pytest.raises(Problem, match="epoch-dead"):
        restored.import_file(path)
    assert portal.asked == []
    restored.stop()


@pytest.mark.requirement("PI-5")
@pytest.mark.threat("B24", role="instance")
def test_a_store_that_was_copied_back_asks_for_its_code_under_a_higher_epoch(
    world: World, portal: Portal, router: Agent
) -> None:
    router.stop()
    copy = world.root / "copy"
    shutil.copytree(world.options().data, copy)
    world.clock.reboot(off=60)
    booted = again(world)
    ask(booted, EXPORT)
    booted.stop()
    for old in copy.glob("store*"):
        shutil.copy(old, data(world, old.name))
    world.clock.reboot(off=60)
    restored = again(world)
    assert not is_on(restored, EXPORT)
    restored.tick()
    assert is_on(restored, EXPORT)
    assert portal.asked[-1].mark == 1
    assert portal.asked[-1].held is None
    restored.stop()


@pytest.mark.threat("B23", role="instance")
def test_a_full_disk_removes_nothing_and_proves_nothing(
    world: World, portal: Portal, router: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(router, EXPORT)

    def fail(_: object) -> None:
        raise Problem("store-full", "The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(router._store, "commit", fail)
        with pytest.raises(Problem, match="store-full"):
            router.codes.give_back(online=False, path=world.root / "return.xml")
    assert not (world.root / "return.xml").exists()
    assert is_on(router, EXPORT)
    assert portal.returned == []


@pytest.mark.requirement("PI-5")
def test_a_count_that_was_stated_comes_back_only_with_its_code(
    world: World, portal: Portal, router: Agent
) -> None:
    carry(world, router, code_for(portal, router, EXPORT))
    router.set_count(EXPORT, 1)
    router.stop()
    sidecar = replace(world.options(), ca=world.root / "tls.pem", keeps_counts=True)
    for levels in ([0], [1]):
        agent = open_agent(sidecar)
        assert [view.count for view in agent.usage()] == levels
        agent.set_count(EXPORT, 1)
        agent.flush()
        agent.stop()


@pytest.mark.requirement("PI-6/authorization")
def test_usage_files_are_written_beside_a_code(world: World, portal: Portal, router: Agent) -> None:
    off(router)
    carry(world, router, code_for(portal, router, EXPORT))
    router.set_count(EXPORT, 1)
    world.clock.advance(60)
    path = world.root / "usage.xml"
    router.save_usage(Selection(kind=SelectionKind.ALL), path)
    (item,) = [i for i in read_items([path.read_bytes()]) if i.kind is ItemKind.RUM_REPORT]
    meta = read_report(item.text).payload.meta
    assert meta is not None
    assert meta.authorization is not None
    assert write_document(code_for(portal, router, EXPORT))
