"""Authorization codes: what is asked for, what is given back, and what may be used meanwhile.

One code is the whole of what a product instance may use of licences that are off without one. What
must not be forgotten, the mark below which every code is dead, lies in the anchor too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gauger.core.documents.authorization_code import (
    AuthorizationCode,
    AuthorizationOrigin,
    HeldCode,
)
from gauger.core.documents.envelope import Document, read_document, write_document
from gauger.core.identity import Digest
from gauger.core.instance.authorization import NOTHING, Authorized, allowed
from gauger.core.ports import Signer
from gauger.core.problems import Problem
from gauger.core.profiles import Enforcement, Licence, Profile
from gauger.instance import events
from gauger.instance.holdings import Holdings
from gauger.instance.memory import Draft
from gauger.instance.ports import Store
from gauger.instance.records import (
    AckPage,
    AuthorizationRecord,
    CodeFloor,
    HeldDocument,
    Paper,
    Singles,
)
from gauger.instance.surroundings import Surroundings

if TYPE_CHECKING:
    from gauger.core.documents.authorization_request import Mode, WantedLicence

_REMEMBERED: Final = 50
"""How many requests and returns are known again when an answer to them comes late."""


def authorized(holdings: Holdings, singles: Singles) -> Authorized:
    """Return what decisions about authorization codes are made on."""
    floor = singles.code_floor
    return Authorized(
        code=holdings.authorization,
        digest=holdings.authorization_digest,
        mark=None if floor is None else floor.mark,
    )


def may_use(documents: Mapping[str, HeldDocument], singles: Singles) -> Mapping[str, int]:
    """Return how many may be used of each licence that is off without a code.

    Args:
        documents: What the store holds. Not what was made of it: a boot asks before the root set
            of the store is believed.
        singles: The mark.
    """
    held = documents.get(AuthorizationCode.TYPE)
    if held is None or singles.code_floor is None:
        return NOTHING
    document = read_document(held.text)
    code, mark = AuthorizationCode.from_document(document), singles.code_floor.mark
    return allowed(Authorized(code=code, digest=document.digest, mark=mark))


def allows_export(profile: Profile, tags: Mapping[str, int]) -> bool:
    """Return whether any export-controlled licence may be used."""
    controlled = {item.tag for item in profile.licences if item.enforcement is Enforcement.EXPORT}
    return not controlled.isdisjoint(tags)


def held_code(holdings: Holdings, singles: Singles) -> HeldCode | None:
    """Return the code in force as requests, returns and reports name it."""
    code = authorized(holdings, singles).in_force
    if code is None:
        return None
    # The portal knows its own codes; the factory's it sees here for the first time.
    is_foreign = code.origin is AuthorizationOrigin.FACTORY
    text = holdings.authorization_text if is_foreign else None
    return HeldCode(code=code.code, epoch=code.epoch, document=text)


def installed(draft: Draft, around: Surroundings, code: AuthorizationCode) -> None:
    """Take that a code becomes the one in force: the mark rises with it."""
    licences = tuple((licence.tag, licence.count) for licence in code.licences)
    _raise_floor(draft, CodeFloor(mark=code.epoch, licences=licences))
    may = allows_export(around.profile, dict(licences))
    draft.log(*events.export_allowed(around.clock.wall(), allowed=may))


def settled(
    draft: Draft, digest: Digest, page: AckPage | None = None, *, acked: bool = False
) -> None:
    """Take that a request or return has its final answer; it goes out no more.

    Args:
        draft: The change that this becomes part of.
        digest: Digest of the request or return.
        page: Page of the answer, or None.
        acked: Whether it is an ACK.
    """
    record = draft.singles.authorization
    asked, returned = record.asked, record.returned
    if acked and returned is not None and returned.digest == digest:
        # Kept: a portal that is restored from a backup has it no more, and takes the code for used.
        record = replace(record, proof=returned, proof_page=page)
    record = replace(
        record,
        asked=None if asked is not None and asked.digest == digest else asked,
        returned=None if returned is not None and returned.digest == digest else returned,
        answered=(*record.answered, digest)[-2 * _REMEMBERED :],
    )
    draft.singles = replace(draft.singles, authorization=record)


def wait_again(draft: Draft) -> None:
    """Take that the ledger lost the ACK of the last return: it goes out once more."""
    record = draft.singles.authorization
    # One that waits already is newer, and covers whatever the one before gave back.
    if record.returned is None:
        record = replace(record, returned=record.proof, tried=False)
    record = replace(record, proof=None, proof_page=None)
    draft.singles = replace(draft.singles, authorization=record)


def give_up(draft: Draft) -> None:
    """Take that the portal refused a request for good: the operator makes the next one."""
    # A return is kept: the code is gone here in any case, and the portal has to hear of it.
    record = replace(draft.singles.authorization, asked=None)
    draft.singles = replace(draft.singles, authorization=record)


class Authorizing:
    """Makes requests and returns, signed by the SUDI key: who asks needs no trust code."""

    def __init__(self, around: Surroundings, store: Store) -> None:
        """Take identity, keys and the store whose incarnation the documents name."""
        self._around = around
        self._store = store

    def wanted(self, licence: Licence, count: int | None) -> "WantedLicence":
        """Return what is asked for of a licence.

        Raises:
            Problem: ``not-supported`` where it works without a code.
        """
        from gauger.core.documents.authorization_request import (  # noqa: PLC0415 -- seldom asked
            WantedLicence,
        )

        if licence.enforcement is Enforcement.UNENFORCED:
            detail = f"The licence {licence.feature} is not enforced: it works without a code."
            raise Problem("not-supported", detail)
        return WantedLicence(tag=licence.tag, count=1 if count is None else count)

    def ask(
        self, draft: Draft, holdings: Holdings, mode: "Mode", licences: "Sequence[WantedLicence]"
    ) -> None:
        """Make a request; it replaces one that waits.

        Raises:
            Problem: ``key-missing``, ``key-store-failed`` or ``entropy-failed``.
        """
        from gauger.core.documents.authorization_request import (  # noqa: PLC0415 -- seldom asked
            AuthorizationRequest,
            sign_authorization_request,
        )

        around, record = self._around, draft.singles.authorization
        wall, floor = around.clock.wall(), draft.singles.code_floor
        request = AuthorizationRequest(
            issued_at=wall,
            test_clock=around.clock.is_test,
            udi=around.udi,
            incarnation=self._store.incarnation,
            counter=record.counter + 1,
            nonce=around.nonce(),
            made_at=wall,
            software_version=around.profile.release.padded,
            mode=mode,
            licences=tuple(licences),
            held=held_code(holdings, draft.singles),
            mark=None if floor is None else floor.mark,
        )
        paper = _paper(sign_authorization_request(request, self._sudi()))
        made = (*record.requests, paper.digest)[-_REMEMBERED:]
        self._made(draft, replace(record, asked=paper, requests=made))

    def ask_again(self, draft: Draft, holdings: Holdings) -> bool:
        """Ask for what a lost store held, under a higher epoch; return whether it was asked for."""
        from gauger.core.documents.authorization_request import (  # noqa: PLC0415 -- seldom asked
            Mode,
            WantedLicence,
        )

        floor = draft.singles.code_floor
        if floor is None or not floor.licences or holdings.authorization is not None:
            return False
        # Without the key nothing can be asked; the operator is told of that elsewhere.
        if self._around.sudi is None or draft.singles.authorization.asked is not None:
            return False
        licences = [WantedLicence(tag=tag, count=count) for tag, count in floor.licences]
        try:
            self.ask(draft, holdings, Mode.REPLACE, licences)
        except Problem:
            # A key store that fails must not keep a boot from measuring; an operator can ask later.
            return False
        return True

    def give_back(self, draft: Draft, holdings: Holdings) -> None:
        """Remove the code in force and make the proof of it, in one change.

        The mark is at the code's epoch already: nothing brings it back, also no older store.

        Args:
            draft: The change; it must be durable before the proof leaves.
            holdings: What is in force.

        Raises:
            Problem: ``authorization-not-installed``, ``key-missing``, ``key-store-failed`` or
                ``entropy-failed``; nothing was changed.
        """
        from gauger.core.documents.authorization_return import (  # noqa: PLC0415 -- seldom asked
            AuthorizationReturn,
            make_return_code,
            sign_authorization_return,
        )

        around, record = self._around, draft.singles.authorization
        removed, floor = held_code(holdings, draft.singles), draft.singles.code_floor
        if removed is None or floor is None:
            raise Problem("authorization-not-installed", f"{around.udi} has no code to give back.")
        wall, nonce = around.clock.wall(), around.nonce()
        returned = AuthorizationReturn(
            issued_at=wall,
            test_clock=around.clock.is_test,
            udi=around.udi,
            incarnation=self._store.incarnation,
            counter=record.counter + 1,
            nonce=nonce,
            made_at=wall,
            software_version=around.profile.release.padded,
            removed=removed,
            return_code=make_return_code(removed.code, nonce),
            mark=floor.mark,
        )
        paper = _paper(sign_authorization_return(returned, self._sudi()))
        del draft.documents[AuthorizationCode.TYPE]
        _raise_floor(draft, replace(floor, licences=()))
        made = (*record.returns, paper.digest)[-_REMEMBERED:]
        record = replace(record, returned=paper, returns=made, return_code=returned.return_code)
        self._made(draft, record)
        draft.log(events.authorization_removed(wall, around.udi))
        draft.log(*events.export_allowed(wall, allowed=False))

    def _sudi(self) -> Signer:
        sudi = self._around.sudi
        if sudi is None:
            raise Problem("key-missing", "The SUDI key is not there: nothing can be asked for.")
        return sudi

    def _made(self, draft: Draft, record: AuthorizationRecord) -> None:
        record = replace(record, counter=record.counter + 1, tried=False)
        draft.singles = replace(
            draft.singles,
            authorization=record,
            # What is under way is of before: its bytes tell of a state that is over.
            authorization_exchange=None,
        )
        # A store that is copied back would use a counter twice.
        draft.batch.anchored = True


def _paper(document: Document) -> Paper:
    return Paper(digest=document.digest, text=write_document(document))


def _raise_floor(draft: Draft, floor: CodeFloor) -> None:
    before = draft.singles.code_floor
    # It only ever rises: what it passes never comes back here.
    mark = floor.mark if before is None else max(before.mark, floor.mark)
    draft.singles = replace(draft.singles, code_floor=replace(floor, mark=mark))
    draft.batch.anchored = True
