"""What answers of the portal change, however they come."""

from dataclasses import replace
from pathlib import Path

import pytest

from gauger.core.documents.acknowledgment import Acknowledgment
from gauger.core.documents.envelope import Document
from gauger.core.documents.purchase_info import Purchase, PurchaseInfo
from gauger.core.documents.smart_transport import (
    Acknowledgement,
    Request,
    Response,
    Status,
    WireProblem,
)
from gauger.core.documents.trust_store import TrustStore
from gauger.core.documents.verdict import Ruling, Verdict
from gauger.core.identity import AccountRef, Digest, Udi, digest
from gauger.core.problems import Problem
from gauger.instance import answer_file as slicing
from gauger.instance.agent import Agent
from gauger.instance.memory import Draft
from gauger.instance.records import Course
from gauger.instance.views import Scope, Selection, SelectionKind
from gauger.tools.trust import RootFolder
from tests.instance.portal import (
    LEDGER,
    Answering,
    Portal,
    answer_file,
    honest,
    judge,
    poll_later,
    refuse,
    response,
    withhold,
)
from tests.instance.test_offline import carried, off
from tests.instance.test_schedule import live, sendings, trusted
from tests.instance.world import DAY, ESSENTIALS, World, go_smart, names, tag_of

ALL = Selection(kind=SelectionKind.ALL)


def reported(world: World, agent: Agent) -> None:
    """Use a licence and report it."""
    world.clock.advance(60)
    agent.sync(Scope.ALL)


def first_state(agent: Agent) -> str:
    return agent.report_rows()[0].state


def wanting(lost: Digest) -> Answering:
    """Acknowledge a report and want another one again."""

    def want(asking: Portal, request: Request) -> Response:
        answered = honest(asking, request)
        (digest, ack) = asking.acknowledged.popitem()
        body = replace(Acknowledgment.from_document(ack), wanted=(lost,), flags=("gap",))
        asking.acknowledged[digest] = asking.sign(body, paged=True)
        data = answer_file([asking.acknowledged[digest]])
        item = Acknowledgement(udi=request.udi, smart_license=data)
        return replace(answered, acknowledgements=(item,))

    return want


@pytest.mark.threat("A12", role="instance")
@pytest.mark.threat("G10", role="instance")
def test_a_wanted_report_is_sent_again(world: World, portal: Portal, online: Agent) -> None:
    trusted(online)
    reported(world, online)
    lost = portal.reports[0].digest
    portal.acknowledged.clear()
    portal.script.append(wanting(lost))
    reported(world, online)
    verdict = online.report_detail(online.report_rows()[1].report_id).verdict
    assert verdict == "accepted, noticed: gap"
    online.tick()
    assert lost in portal.acknowledged
    before = sendings(portal)
    live(world, online, 1)
    assert sendings(portal) == before


def test_a_sync_tells_apart_what_had_an_ack_before(world: World, online: Agent) -> None:
    trusted(online)
    reported(world, online)
    first, *_ = online.report_rows()
    course = online._engine.memory.singles.course
    online._engine.change(
        lambda draft: _put_course(draft, replace(course, wanted=(first.report_id,)))
    )
    world.clock.advance(100)
    result = online.sync(Scope.ALL)
    assert (result.sent, result.acknowledged, result.again) == (2, 1, 1)
    assert (result.waiting, result.refused, result.awaited) == (False, (), ())


def test_a_sync_names_what_has_no_answer_yet(world: World, portal: Portal, online: Agent) -> None:
    trusted(online)
    portal.script.append(poll_later(300))
    world.clock.advance(100)
    result = online.sync(Scope.ALL)
    assert result.waiting
    assert result.awaited == (online.report_rows()[0].report_id,)


def _put_course(draft: Draft, course: Course) -> None:
    draft.singles = replace(draft.singles, course=course)


def test_a_poll_id_that_is_forgotten_brings_the_identical_request(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)
    portal.script += [poll_later(10), refuse("poll-unknown")]
    reported(world, online)
    world.clock.advance(11)
    online.tick()
    assert first_state(online) == "PENDING"
    online.tick()
    assert first_state(online) == "ACK"
    assert portal.seen[-1].body == portal.seen[-3].body


def test_a_busy_portal_is_asked_again_when_it_says(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)

    def busy(_: Portal, request: Request) -> Response:
        return replace(response(request, Status.OK_TRY_AGAIN), poll_interval=500)

    portal.script.append(busy)
    reported(world, online)
    world.clock.advance(400)
    online.tick()
    assert first_state(online) == "PENDING"
    world.clock.advance(101)
    online.tick()
    assert first_state(online) == "ACK"


@pytest.mark.threat("B3", role="instance")
def test_the_answer_of_another_device_changes_nothing(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)

    def mixed(asking: Portal, request: Request) -> Response:
        answered = honest(asking, request)
        (item,) = answered.acknowledgements
        other = replace(item, udi=Udi("C9800-CL-K9", "GGR0009"))
        return replace(answered, acknowledgements=(other,))

    portal.script.append(mixed)
    with pytest.raises(Problem, match="wrong-subject"):
        reported(world, online)
    assert first_state(online) == "PENDING"
    live(world, online, 0.25)
    assert first_state(online) == "ACK"


@pytest.mark.threat("B4", role="instance")
def test_the_answer_of_another_account_is_refused(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)
    portal.account = AccountRef("other.example", "DEFAULT")
    with pytest.raises(Problem, match="wrong-audience"):
        reported(world, online)
    assert first_state(online) == "PENDING"
    assert "SMART_LIC-3-IMPORT_FAILED" in names(online)


def test_a_report_passed_over_goes_with_the_next_sending(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)
    portal.script.append(lambda _, request: response(request))
    reported(world, online)
    assert first_state(online) == "PENDING"
    reported(world, online)
    assert [row.state for row in online.report_rows()] == ["ACK", "ACK", "OPEN"]


def test_a_verdict_on_a_trust_request_is_told(portal: Portal, online: Agent) -> None:
    def reject(asking: Portal, request: Request) -> Response:
        asked = online._engine.memory.singles.trust.asked
        assert asked is not None
        verdict = Verdict(
            issued_at=asking.now(),
            issuer=LEDGER,
            udi=request.udi,
            answers=asked.digest,
            verdict=Ruling.REJECTED,
            code="stale-request",
            detail="as the test says",
        )
        item = Acknowledgement(udi=request.udi, smart_license=answer_file([asking.sign(verdict)]))
        return replace(response(request), acknowledgements=(item,))

    portal.script.append(reject)
    with pytest.raises(Problem, match="stale-request"):
        online.establish_trust("token", Scope.LOCAL, force=False)
    online.establish_trust("token", Scope.LOCAL, force=False)


def test_a_problem_that_is_not_known_here_is_passed_on_in_words(
    portal: Portal, online: Agent
) -> None:
    def newer(_: Portal, request: Request) -> Response:
        problem = WireProblem(
            code="from-the-future",
            title="Something new",
            detail="It is so.",
            fault="sender",
            retry="never",
            next_step="Upgrade.",
            diagnostics={},
        )
        return replace(response(request, Status.FAILED), problem=problem)

    portal.script.append(newer)
    with pytest.raises(Problem, match=r"from-the-future.*Upgrade") as refused:
        online.establish_trust("token", Scope.LOCAL, force=False)
    assert refused.value.code == "peer-refused"


def test_signed_bytes_are_dropped_after_their_retention(
    world: World, online: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.instance.importing.KEPT", 2)
    trusted(online)
    for _ in range(5):
        reported(world, online)
    assert online.reports_summary().purged == 0
    world.clock.advance(31 * DAY)
    online.sync(Scope.ALL)
    rows = online.report_rows()
    assert [row.flag for row in rows[:5]] == ["P", "P", "P", "N", "N"]
    detail = online.report_detail(rows[0].report_id)
    assert (detail.state, detail.storage, detail.reason) == ("ACK", "DELETED", "PURGED")
    assert online.reports_summary().purged == 3
    reported(world, online)


def test_what_is_wanted_outlives_its_retention_until_it_was_sent_again(
    world: World, portal: Portal, online: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.instance.importing.KEPT", 1)
    trusted(online)
    for _ in range(3):
        reported(world, online)
    lost = portal.reports[0].digest
    world.clock.advance(31 * DAY)
    portal.acknowledged.clear()
    portal.script.append(wanting(lost))
    reported(world, online)
    online.tick()
    assert lost in portal.acknowledged, "it was sent again, though past its retention"
    assert [row.flag for row in online.report_rows()[1:3]] == ["P", "P"]


def test_what_a_file_acknowledged_is_not_sent_any_more(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)
    portal.script.append(withhold)
    with pytest.raises(Problem, match="comm-failed"):
        reported(world, online)
    online.save_usage(ALL, world.root / "usage.xml")
    (world.root / "ack.xml").write_bytes(portal.usage_file(world.root / "usage.xml"))
    before = len(portal.seen)
    assert len(online.import_file(world.root / "ack.xml").acknowledged) == 1
    live(world, online, 1)
    assert len(portal.seen) == before


def test_a_new_device_has_no_authorization_code(device: Agent) -> None:
    (own,) = device.authorizations()
    assert own.udi == device.udi
    assert (own.installed_at, own.confirmation_code, own.return_code) == (None, None, None)
    assert own.licences == ()


def test_purchases_are_shown(world: World, portal: Portal, device: Agent) -> None:
    off(device)
    device.import_file(carried(world, portal, device))
    item = Purchase(tag=tag_of(device), name="Network stack", quantity=5, term="perpetual")
    bought = PurchaseInfo(
        issued_at=portal.now(),
        issuer=LEDGER,
        account=portal.account,
        udi=device.udi,
        order=portal.order(),
        items=(item,),
    )
    path = world.root / "bought.xml"
    path.write_bytes(answer_file([portal.sign(bought)]))
    assert device.purchases() == ()
    device.import_file(path)
    assert [(view.name, view.quantity) for view in device.purchases()] == [("Network stack", 5)]


def large_file(world: World, portal: Portal, agent: Agent) -> Path:
    """Bring the ACKs of eleven reports and a trust request."""
    off(agent)
    for _ in range(10):
        carried(world, portal, agent)
    return carried(world, portal, agent)


def test_a_large_file_is_taken_in_slices(
    world: World, portal: Portal, device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = large_file(world, portal, device)
    monkeypatch.setattr(slicing, "SLICE_BYTES", 9000)
    assert len(list(slicing.AnswerFile(path).slices())) > 3
    result = device.import_file(path)
    assert len(result.acknowledged) == 11
    assert result.installed == ("account-info", "trust-code")


def test_the_slices_of_a_file_do_not_pin_the_root_set_again(
    world: World, portal: Portal, device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, pinned = large_file(world, portal, device), list[Document]()
    pin = TrustStore.pin

    def counted(store: TrustStore, document: Document) -> TrustStore:
        pinned.append(document)
        return pin(store, document)

    monkeypatch.setattr(slicing, "SLICE_BYTES", 9000)
    monkeypatch.setattr(TrustStore, "pin", counted)
    assert len(device.import_file(path).acknowledged) == 11
    assert pinned == []


def test_one_bad_slice_refuses_the_whole_file(
    world: World, portal: Portal, device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = large_file(world, portal, device)
    other = world.open("other", bundle=world.bundle("second", serial="GGR0002"))
    stranger = portal.acknowledge(other.udi, digest(b"nothing"), 1, [])
    other.stop()
    text = answer_file([stranger]).decode()
    extra = text[text.index("<smartLicenseRumAck") : text.index("</smartLicense>\n")]
    path.write_text(path.read_text().replace("</smartLicense>", f"{extra}</smartLicense>"))
    monkeypatch.setattr(slicing, "SLICE_BYTES", 9000)
    with pytest.raises(Problem, match="wrong-subject"):
        device.import_file(path)
    assert device.status().account is None
    assert "ACK" not in {row.state for row in device.report_rows()}


def test_a_file_with_too_much_to_install_is_refused(
    world: World, portal: Portal, device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = large_file(world, portal, device)
    monkeypatch.setattr(slicing, "FIRST_BYTES", 100)
    with pytest.raises(Problem, match="too-large"):
        device.import_file(path)


def test_root_sets_are_taken_even_where_the_rest_is_refused(
    world: World, portal: Portal, device: Agent
) -> None:
    folder = RootFolder(world.factory / "root", world.workshop)
    held = device._engine.holdings().root_number
    folder.rotate()
    newer = folder.documents()[-1]
    stranger = portal.account_info(Udi("C9800-CL-K9", "GGR0009"))
    path = world.root / "answer.xml"
    path.write_bytes(answer_file([newer, stranger]))
    with pytest.raises(Problem, match="wrong-subject"):
        device.import_file(path)
    assert device._engine.holdings().root_number == held + 1
    device.stop()
    again = world.open()
    assert again._engine.holdings().root_number == held + 1
    again.stop()


def test_quarantine_then_ack_in_a_later_answer(world: World, portal: Portal, online: Agent) -> None:
    trusted(online)
    portal.script.append(judge(Ruling.QUARANTINED, "back-dated"))
    reported(world, online)
    assert "back-dated" in str(online.report_detail(online.report_rows()[0].report_id).verdict)
    online.save_usage(ALL, world.root / "usage.xml")
    (world.root / "ack.xml").write_bytes(portal.usage_file(world.root / "usage.xml"))
    online.import_file(world.root / "ack.xml")
    assert first_state(online) == "ACK"


def test_the_factory_installs_policy_and_purchases(world: World) -> None:
    policy = world.root / "policy.json"
    policy.write_text(
        '{"name": "Branch", "ack_required": true,'
        ' "rules": {"perpetual": {"first_report": 10, "frequency": 5, "on_change": 0}}}'
    )
    agent = world.open(bundle=world.bundle(policy=policy))
    assert agent.status().policy.name == "Branch"
    agent.set_count(ESSENTIALS, 1)
    agent.flush()
    assert agent.status().reporting.push_interval_days == 5
    go_smart(agent, "https://localhost/licservice/license")
    agent.stop()
