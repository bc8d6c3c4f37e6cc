"""Authorization codes at the portal: asked for, issued, shown, given back, and never back again."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from gauger.adapters.storage.ledger.authorizations import Authorizations
from gauger.adapters.storage.ledger.connection import connect
from gauger.adapters.storage.ledger.names import Names
from gauger.core.authority.commands import (
    FetchAuthorization,
    MoveInstance,
    Pipe,
    ReceiveAuthorization,
)
from gauger.core.authority.outcomes import AuthorizationOutcome, CodeOutcome, Verdict
from gauger.core.documents.acknowledgment import Acknowledgment, AnsweredType
from gauger.core.documents.authorization_code import AuthorizationCode
from gauger.core.documents.authorization_request import AuthorizationRequest, Mode
from gauger.core.documents.authorization_return import (
    AuthorizationReturn,
    sign_authorization_return,
)
from gauger.core.documents.envelope import DirectSignature, write_document
from gauger.core.problems import Problem
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.authorizing import (
    HSEC,
    OTHER_TAG,
    Licensee,
    a_licensee,
    ask,
    code_in,
    deposit,
    issue,
    return_by_hand,
)
from tests.support.builders import ACCOUNT, ELSEWHERE, NOW, OTHER_ACCOUNT, Bench, a_device


def states(portal: Bench) -> list[tuple[int, str]]:
    with closing(sqlite3.connect(portal.path)) as db:
        return db.execute("SELECT epoch, state FROM authorizations ORDER BY id").fetchall()


def left(portal: Bench, tag: str = HSEC) -> int:
    """Return how many of a licence the first account can still give out."""
    with closing(sqlite3.connect(portal.path)) as db:
        (quantity,) = db.execute(
            "SELECT quantity FROM authorization_pools WHERE tag = ?", (tag,)
        ).fetchone()
        given = db.execute(
            "SELECT max(l.count) FROM authorizations c JOIN authorized_licences l"
            " ON l.authorization = c.id WHERE c.state IN ('issued', 'confirmed') AND l.tag = ?"
            " GROUP BY c.instance",
            (tag,),
        ).fetchall()
    return int(quantity - sum(count for (count,) in given))


def steps_of_a_decision(portal: Bench, licensee: Licensee) -> int:
    """Return how many steps SQLite takes to say what a request is judged by."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    document = licensee.request((HSEC, 1))
    with closing(connect(portal.path, readonly=True)) as db:
        held = Authorizations(db, Names(db), lambda _: None)
        # Once before, so that the schema is read and no part of what is counted.
        held.highest(licensee.udi)
        db.set_progress_handler(count, 1)
        held.facts(AuthorizationRequest.from_document(document), document.digest)
        held.pools(ACCOUNT, (HSEC,), without=licensee.udi)
        held.newest(licensee.udi)
        held.highest(licensee.udi)
    return steps


def authorized(portal: Bench, licensee: Licensee, count: int = 1) -> AuthorizationCode:
    """Have a product instance ask for one licence and install its code."""
    return licensee.install(ask(portal, licensee.request((HSEC, count))))


@pytest.mark.requirement("SSM-8/issue")
@pytest.mark.requirement("SSM-6/authorization")
def test_a_request_in_a_file_brings_a_code(portal: Bench) -> None:
    deposit(portal)
    licensee = a_licensee()
    outcome = ask(portal, licensee.request((HSEC, 1)))

    assert (outcome.verdict, outcome.flags) == (Verdict.ACCEPTED, ())
    code = code_in(outcome)
    assert (code.udi, code.epoch, code.account) == (licensee.udi, 1, ACCOUNT)
    assert [(one.tag, one.name, one.count, one.term) for one in code.licences] == [
        (HSEC, "DNA_HSEC", 1, "perpetual")
    ]
    ack = Acknowledgment.from_document(outcome.answer.acknowledgments[0])
    assert ack.answers_type is AnsweredType.AUTHORIZATION_REQUEST
    assert [one.type for one in ack.companions] == ["authorization-code", "account-info"]
    assert code.answers == ack.answers == outcome.digest
    assert (states(portal), left(portal)) == ([(1, "issued")], 1)


@pytest.mark.requirement("SSM-8/confirm")
def test_a_report_confirms_the_code(portal: Bench) -> None:
    deposit(portal)
    licensee = a_licensee()
    authorized(portal, licensee)
    assert portal.report(licensee.report()).verdict is Verdict.ACCEPTED
    assert states(portal) == [(1, "confirmed")]
    (event,) = portal.events("authorization-confirmed")
    assert event.subject == str(licensee.udi)


@pytest.mark.requirement("SSM-8/return")
def test_a_return_file_is_taken_without_locating_the_device(portal: Bench) -> None:
    deposit(portal)
    licensee = a_licensee()
    authorized(portal, licensee)
    outcome = ask(portal, licensee.give_back())

    assert (outcome.verdict, outcome.flags) == (Verdict.ACCEPTED, ())
    ack = Acknowledgment.from_document(outcome.answer.acknowledgments[0])
    assert ack.answers_type is AnsweredType.AUTHORIZATION_RETURN
    assert (states(portal), left(portal)) == ([(1, "returned")], 2)


@pytest.mark.requirement("SSM-8/online")
def test_online_asks_who_was_trusted_before(portal: Bench) -> None:
    deposit(portal)
    licensee = a_licensee()
    refused = ask(portal, licensee.request((HSEC, 1)), pipe=Pipe.SMART)
    assert (refused.verdict, refused.code) == (Verdict.REJECTED, "trust-missing")
    token = portal.token()
    portal.trust(licensee.device.trust_request(token=token), token=token)
    code = licensee.install(ask(portal, licensee.request((HSEC, 1)), pipe=Pipe.SMART))
    assert code.account == ACCOUNT
    assert ask(portal, licensee.give_back(), pipe=Pipe.SMART).verdict is Verdict.ACCEPTED


@pytest.mark.threat("B22", role="cssm")
def test_a_return_is_credited_once(portal: Bench) -> None:
    deposit(portal)
    licensee, other = a_licensee(), a_licensee("GGR0002")
    authorized(portal, licensee)
    held, mark = licensee.held, licensee.mark
    first = licensee.give_back()
    answer = ask(portal, first)
    authorized(portal, other)
    again = ask(portal, first)
    assert again.verdict is Verdict.SAME
    assert [one.digest for one in again.answer.documents] == [
        one.digest for one in answer.answer.documents
    ]
    # The same removal told by another document: a second proof of it credits nothing.
    licensee.held, licensee.mark = held, mark
    anew = ask(portal, licensee.give_back())
    assert (anew.verdict, anew.flags) == (Verdict.ACCEPTED, ("already-returned",))
    assert (left(portal), len(portal.events("authorization-returned"))) == (1, 1)


@pytest.mark.threat("B22", role="cssm")
def test_two_administrators_upload_one_return_at_once(portal: Bench) -> None:
    deposit(portal, 5)
    licensee = a_licensee()
    authorized(portal, licensee)
    returned = licensee.give_back()
    with ThreadPoolExecutor(8) as pool:
        verdicts = sorted(
            outcome.verdict.value for outcome in pool.map(lambda _: ask(portal, returned), range(8))
        )
    assert verdicts == ["accepted"] + ["same"] * 7
    assert left(portal) == 5


@pytest.mark.threat("B21", role="cssm")
def test_after_a_return_the_next_code_stands_above_it(portal: Bench) -> None:
    deposit(portal)
    licensee = a_licensee()
    first = authorized(portal, licensee)
    asked = licensee.request((HSEC, 1))
    ask(portal, licensee.give_back())
    # What was asked for before the return ended with it.
    stale = ask(portal, asked)
    assert (stale.verdict, stale.code) == (Verdict.REJECTED, "stale-request")
    second = authorized(portal, licensee)
    assert (first.epoch, second.epoch) == (1, 2)
    assert second.code != first.code


@pytest.mark.threat("B21", role="cssm")
def test_a_portal_that_knows_less_issues_above_the_mark_of_the_device(portal: Bench) -> None:
    deposit(portal)
    licensee = a_licensee()
    licensee.mark = 41
    assert authorized(portal, licensee).epoch == 42
    licensee.mark = 2**62
    assert authorized(portal, licensee).epoch == 2**62 + 1


@pytest.mark.threat("B23", role="cssm")
@pytest.mark.parametrize("signer", ["another device", "portal", "nobody"])
def test_a_return_that_the_device_did_not_sign_is_refused(portal: Bench, signer: str) -> None:
    deposit(portal)
    licensee = a_licensee()
    authorized(portal, licensee)
    good = licensee.give_back()
    returned, chain = AuthorizationReturn.from_document(good), licensee.device.sudi.chain
    by = {
        "another device": sign_authorization_return(returned, a_device("GGR0002").sudi),
        "portal": sign_authorization_return(returned, portal.factory.signer()),
        "nobody": replace(good, signature=DirectSignature(chain=chain, value=bytes(64))),
    }
    with pytest.raises(Problem) as caught:
        ask(portal, by[signer])
    codes = {
        "another device": "wrong-subject",
        "portal": "malformed",
        "nobody": "signature-invalid",
    }
    assert caught.value.code == codes[signer]
    assert (states(portal), left(portal)) == ([(1, "issued")], 1)
    assert len(portal.events("refusal")) == 1


@pytest.mark.threat("B24", role="cssm")
def test_a_code_that_is_used_after_its_return_is_noticed_at_the_next_report(
    portal: Bench,
) -> None:
    deposit(portal)
    licensee = a_licensee()
    authorized(portal, licensee)
    held = licensee.held
    ask(portal, licensee.give_back())
    assert not portal.events("authorization-misused")
    # Store, anchor and key set back to before the return, all of them.
    licensee.held = held
    portal.report(licensee.report())
    portal.report(licensee.report())
    (event,) = portal.events("authorization-misused")
    assert (event.subject, event.account) == (str(licensee.udi), ACCOUNT)
    refused = ask(portal, licensee.request((HSEC, 1)))
    assert (refused.verdict, refused.code) == (Verdict.REJECTED, "epoch-dead")
    assert left(portal) == 2


@pytest.mark.threat("B24", role="cssm")
def test_a_report_of_before_the_return_accuses_nobody(portal: Bench) -> None:
    deposit(portal)
    licensee = a_licensee()
    authorized(portal, licensee)
    # Signed while the code was there, and under way until after it was given back.
    late = licensee.report(NOW - 2)
    ask(portal, licensee.give_back())
    assert portal.report(late).verdict is Verdict.ACCEPTED
    assert not portal.events("authorization-misused")


@pytest.mark.threat("B24", role="cssm")
def test_a_report_in_doubt_shows_a_misuse_and_confirms_nothing(portal: Bench) -> None:
    deposit(portal)
    licensee = a_licensee()
    authorized(portal, licensee)
    held, place = licensee.held, dict(licensee.device.last)
    licensee.held = None
    portal.report(licensee.report())
    # Set back: the same place of the chain, with the code shown.
    licensee.held, licensee.device.last = held, dict(place)
    assert portal.report(licensee.report()).verdict is Verdict.QUARANTINED
    assert states(portal) == [(1, "issued")]
    ask(portal, licensee.give_back())
    licensee.held, licensee.device.last = held, dict(place)
    assert portal.report(licensee.report()).verdict is Verdict.QUARANTINED
    assert len(portal.events("authorization-misused")) == 1


@pytest.mark.threat("B25", role="cssm")
def test_a_hundred_requests_for_the_last_ten_get_exactly_ten(portal: Bench) -> None:
    deposit(portal, 10)
    asked = [a_licensee(f"GGR{number:04}").request((HSEC, 1)) for number in range(1, 101)]
    commands = [
        ReceiveAuthorization(document=write_document(one), pipe=Pipe.API, uploaded_to=ACCOUNT)
        for one in asked
    ]
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(portal.authority.execute, commands))
    codes = [one.code for one in outcomes if isinstance(one, AuthorizationOutcome)]
    assert (codes.count(None), codes.count("authorizations-used-up")) == (10, 90)
    assert left(portal) == 0


@pytest.mark.threat("B25", role="cssm")
def test_many_requests_in_one_page_get_no_more_than_there_are(portal: Bench) -> None:
    deposit(portal, 3)
    asked = [a_licensee(f"GGR{number:04}").request((HSEC, 2)) for number in range(1, 4)]
    waiting = portal.authority.enqueue_all(
        [
            ReceiveAuthorization(document=write_document(one), pipe=Pipe.API, uploaded_to=ACCOUNT)
            for one in asked
        ]
    )
    verdicts = [one.result().verdict for one in waiting]  # type: ignore[union-attr] # outcomes of documents
    assert verdicts.count(Verdict.ACCEPTED) == 1
    assert left(portal) == 1


def test_a_refused_request_is_judged_anew_once_there_is_more(portal: Bench) -> None:
    deposit(portal, 0)
    request = a_licensee().request((HSEC, 1))
    first, again = ask(portal, request), ask(portal, request)
    assert first.code == again.code == "authorizations-used-up"
    assert first.answer.acknowledgments == again.answer.acknowledgments
    assert len(portal.events("authorization-received")) == 1
    deposit(portal, 1)
    assert ask(portal, request).verdict is Verdict.ACCEPTED
    assert ask(portal, request).verdict is Verdict.SAME
    assert left(portal) == 0


def test_to_ask_twice_takes_nothing_twice(portal: Bench) -> None:
    deposit(portal, 1)
    licensee = a_licensee()
    authorized(portal, licensee)
    authorized(portal, licensee)
    # The second request shows the first code installed.
    assert states(portal) == [(1, "confirmed"), (2, "issued")]
    assert left(portal) == 0
    portal.report(licensee.report())
    assert states(portal) == [(1, "replaced"), (2, "confirmed")]


def test_what_is_added_goes_with_what_is_held_and_what_replaces_takes_its_place(
    portal: Bench,
) -> None:
    deposit(portal)
    deposit(portal, tag=OTHER_TAG)
    licensee = a_licensee()
    authorized(portal, licensee)
    added = licensee.install(ask(portal, licensee.request((OTHER_TAG, 2))))
    assert {(one.tag, one.count) for one in added.licences} == {(HSEC, 1), (OTHER_TAG, 2)}
    request = licensee.request((OTHER_TAG, 1), mode=Mode.REPLACE)
    replaced = licensee.install(ask(portal, request))
    assert [(one.tag, one.count) for one in replaced.licences] == [(OTHER_TAG, 1)]
    # Until it shows the new code, it may use the old one.
    assert (left(portal), left(portal, OTHER_TAG)) == (1, 0)
    portal.report(licensee.report())
    assert (left(portal), left(portal, OTHER_TAG)) == (2, 1)


def test_a_code_of_another_portal_is_not_added_to(portal: Bench) -> None:
    deposit(portal)
    licensee = a_licensee()
    authorized(portal, licensee)
    assert licensee.held is not None
    licensee.held = replace(licensee.held, code="0f" * 16)
    refused = ask(portal, licensee.request((HSEC, 1)))
    assert refused.code == "code-unknown"
    request = licensee.request((HSEC, 1), mode=Mode.REPLACE)
    assert ask(portal, request).verdict is Verdict.ACCEPTED


def test_a_return_of_a_code_of_another_portal_credits_nothing(portal: Bench) -> None:
    deposit(portal)
    licensee = a_licensee()
    authorized(portal, licensee)
    assert licensee.held is not None
    licensee.held, licensee.mark = replace(licensee.held, code="0f" * 16, epoch=0), 0
    outcome = ask(portal, licensee.give_back())
    assert (outcome.verdict, outcome.flags) == (Verdict.ACCEPTED, ("unknown-code",))
    assert left(portal) == 1


def test_a_return_by_another_name_credits_what_its_mark_covers(portal: Bench) -> None:
    deposit(portal)
    licensee = a_licensee()
    authorized(portal, licensee)
    assert licensee.held is not None
    licensee.held = replace(licensee.held, code="0f" * 16)
    outcome = ask(portal, licensee.give_back())
    # A flag would say that nothing is credited.
    assert (outcome.flags, left(portal)) == ((), 2)


def test_a_code_goes_to_no_device_of_another_account(portal: Bench) -> None:
    deposit(portal)
    licensee = a_licensee()
    portal.report(licensee.report())
    issue(portal, licensee.udi, (HSEC, 1))
    portal.authority.execute(MoveInstance(udi=licensee.udi, to=OTHER_ACCOUNT, by="ann"))
    outcome = portal.report(licensee.report(), to=OTHER_ACCOUNT)
    assert outcome.answer is not None
    assert AuthorizationCode.TYPE not in [one.type for one in outcome.answer.companions]
    with pytest.raises(Problem, match="no authorization code of example"):
        portal.authority.execute(FetchAuthorization(udi=licensee.udi))
    # It may have been carried there already, so it takes from the pool until it is given back.
    assert left(portal) == 1


@pytest.mark.requirement("SSM-8/return")
def test_an_old_release_is_told_where_its_device_is(portal: Bench) -> None:
    deposit(portal)
    licensee = a_licensee(release="17.06.04")
    authorized(portal, licensee)
    returned = licensee.give_back()
    told = ask(portal, returned)
    assert (told.verdict, told.code) == (Verdict.REJECTED, "return-by-hand")
    code = AuthorizationReturn.from_document(returned).return_code
    assert str(ACCOUNT) in told.detail
    assert code in told.detail
    assert left(portal) == 1

    outcome = return_by_hand(portal, licensee.udi, code)
    assert outcome.verdict is Verdict.ACCEPTED
    assert left(portal) == 2
    assert ask(portal, returned).verdict is Verdict.SAME
    (event,) = portal.events("authorization-returned")
    assert event.by == "ann"


@pytest.mark.threat("B23", role="cssm")
def test_a_return_code_alone_is_no_proof(portal: Bench) -> None:
    deposit(portal)
    licensee = a_licensee(release="17.06.04")
    authorized(portal, licensee)
    code = AuthorizationReturn.from_document(licensee.give_back()).return_code
    with pytest.raises(Problem, match="upload the file"):
        return_by_hand(portal, licensee.udi, code)
    assert left(portal) == 1


@pytest.mark.parametrize("release", ["17.7.1", "17.07.01a", None, "develop"])
def test_later_releases_and_other_software_need_nobody_to_look(
    portal: Bench, release: str | None
) -> None:
    deposit(portal)
    licensee = a_licensee(release=release)
    authorized(portal, licensee)
    assert ask(portal, licensee.give_back()).verdict is Verdict.ACCEPTED


@pytest.mark.requirement("SSM-8/issue")
def test_a_person_issues_a_code_and_the_next_ack_brings_it(portal: Bench) -> None:
    deposit(portal)
    licensee = a_licensee()
    portal.report(licensee.report())
    issued = issue(portal, licensee.udi, (HSEC, 2))
    assert [one.type for one in issued.answer.companions] == ["account-info", "authorization-code"]
    # Not shown installed yet: it goes along, and once it is, not any more.
    outcome = portal.report(licensee.report())
    assert outcome.answer is not None
    assert AuthorizationCode.TYPE in [one.type for one in outcome.answer.companions]
    licensee.install(issued)
    shown = portal.report(licensee.report())
    assert shown.answer is not None
    assert AuthorizationCode.TYPE not in [one.type for one in shown.answer.companions]
    fetched = portal.authority.execute(FetchAuthorization(udi=licensee.udi))
    assert isinstance(fetched, CodeOutcome)
    assert fetched.document == issued.document


@pytest.mark.parametrize(
    ("licences", "mode", "code"),
    [
        ((), "add", "invalid-argument"),
        (((HSEC, 1), (HSEC, 2)), "add", "invalid-argument"),
        (((HSEC, 0),), "add", "invalid-argument"),
        (((HSEC, 1),), "take", "invalid-argument"),
        (((HSEC, 3),), "replace", "authorizations-used-up"),
        (((OTHER_TAG, 1),), "add", "authorizations-used-up"),
    ],
)
def test_a_person_cannot_issue_what_there_is_not(
    portal: Bench, licences: tuple[tuple[str, int], ...], mode: str, code: str
) -> None:
    deposit(portal)
    licensee = a_licensee()
    portal.report(licensee.report())
    with pytest.raises(Problem) as caught:
        issue(portal, licensee.udi, *licences, mode=mode)
    assert caught.value.code == code
    assert states(portal) == []


def test_a_code_is_for_a_device_of_an_account(portal: Bench) -> None:
    with pytest.raises(Problem, match="There is no product instance"):
        issue(portal, a_licensee().udi, (HSEC, 1))
    licensee = a_licensee()
    portal.report(licensee.report())
    with pytest.raises(Problem, match="no authorization code"):
        portal.authority.execute(FetchAuthorization(udi=licensee.udi))


def test_a_pool_never_goes_below_what_is_given_out(portal: Bench) -> None:
    deposit(portal, 2)
    authorized(portal, a_licensee(), 2)
    with pytest.raises(Problem) as caught:
        deposit(portal, 1)
    assert caught.value.code == "conflict"
    deposit(portal, 5)
    assert left(portal) == 3


def test_no_request_costs_more_because_many_were_answered(portal: Bench) -> None:
    deposit(portal, 100)
    costs = []
    for devices in (range(1, 3), range(3, 31)):
        for number in devices:
            authorized(portal, a_licensee(f"GGR{number:04}"))
        costs.append(steps_of_a_decision(portal, a_licensee("GGR0002")))
    # Not by one step for each of them; the pages of an index may be split once more.
    assert costs[1] < costs[0] + 28


@pytest.mark.threat("G9", role="cssm")
def test_what_is_given_out_is_reckoned_once_when_an_older_ledger_is_opened(
    portal: Bench,
) -> None:
    deposit(portal, 5)
    licensee, other = a_licensee(), a_licensee("GGR0002")
    for _ in range(2):
        authorized(portal, licensee)
    authorized(portal, other)
    ask(portal, other.give_back())
    portal.authority.stop()
    with closing(sqlite3.connect(portal.path)) as db:
        # As the release before left it.
        db.executescript(
            "DROP TABLE authorization_shares; DROP TABLE authorizations_given;"
            " DROP INDEX authorization_requests_counter; DROP INDEX authorization_requests_mark;"
            " ALTER TABLE authorizations DROP COLUMN origin;"
            " ALTER TABLE authorized_licences DROP COLUMN bundled;"
            " UPDATE ledger_schema SET version = 7"
        )
    portal.restart()
    assert examine_ledger(portal.path).faults == []
    refused = ask(portal, a_licensee("GGR0003").request((HSEC, 5)))
    assert refused.code == "authorizations-used-up"


def test_no_request_costs_more_because_its_device_asked_often(portal: Bench) -> None:
    deposit(portal)
    licensee = a_licensee()
    costs = []
    for turns in (2, 20):
        for _ in range(turns):
            authorized(portal, licensee)
            ask(portal, licensee.give_back())
        authorized(portal, licensee)
        costs.append(steps_of_a_decision(portal, licensee))
    # By an index, in logarithms; by a scan the second would be some ten times the first.
    assert costs[1] < 1.2 * costs[0]


def test_another_account_learns_nothing(portal: Bench) -> None:
    deposit(portal)
    deposit(portal, to=OTHER_ACCOUNT)
    licensee = a_licensee()
    portal.report(licensee.report())
    request = licensee.request((HSEC, 1))
    away = ask(portal, request, to=OTHER_ACCOUNT)
    assert (away.verdict, away.code) == (Verdict.REJECTED, "belongs-elsewhere")
    assert away.answer.documents == ()
    authorized(portal, licensee)
    returned = licensee.give_back()
    assert ask(portal, returned, to=ELSEWHERE).answer.documents == ()
    assert states(portal) == [(1, "issued")]


@pytest.mark.requirement("SSM-8/audit")
def test_the_ledger_proves_it_whole_and_a_restart_knows_it(portal: Bench) -> None:
    deposit(portal)
    licensee, other = a_licensee(), a_licensee("GGR0002")
    authorized(portal, licensee)
    portal.report(licensee.report())
    authorized(portal, licensee)
    ask(portal, licensee.give_back())
    authorized(portal, other)
    portal.restart()
    assert examine_ledger(portal.path).faults == []
    assert ask(portal, other.request((HSEC, 2))).verdict is Verdict.ACCEPTED
    kinds = ["authorizations-set", "authorization-received", "authorization-code"]
    assert [len(portal.events(kind)) for kind in kinds] == [1, 5, 4]
