"""ID tokens against a model that only counts."""

from concurrent.futures import Future
from dataclasses import dataclass

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, rule

from gauger.core.authority.commands import Pipe, ReceiveTrustRequest, RevokeToken
from gauger.core.authority.outcomes import Outcome, TrustOutcome, Verdict
from gauger.core.identity import AccountRef, digest
from tests.support.benches import PortalMachine
from tests.support.builders import ACCOUNT, DAY, OTHER_ACCOUNT, a_device
from tests.support.figures import Figures
from tests.support.machines import walk


@dataclass
class Token:
    """What a child would write down of a token."""

    number: int
    text: str
    account: AccountRef
    uses: int | None
    ends: int
    used: int = 0
    is_revoked: bool = False

    @property
    def left(self) -> int:
        return 10**6 if self.uses is None else self.uses - self.used


class Tokens(PortalMachine):
    """Administrators issue and revoke; product instances ask, alone and many at once."""

    tokens = Bundle("tokens")
    requests = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Token] = []
        self.devices = 0
        self.owner: dict[str, AccountRef] = {}

    @rule(
        target=tokens,
        uses=st.none() | st.integers(1, 4),
        days=st.integers(1, 3),
        account=st.sampled_from([ACCOUNT, OTHER_ACCOUNT]),
    )
    def issue(self, uses: int | None, days: int, account: AccountRef) -> Token:
        text = f"token-{len(self.all)}"
        self.portal.token(text, account=account, days=days, uses=uses)
        ends = self.portal.clock.now + days * DAY
        token = Token(len(self.all) + 1, text, account, uses, ends)
        self.all.append(token)
        return token

    def request(self, token: Token) -> tuple[str, Token]:
        """Return the request of a product instance that nobody knows yet."""
        self.devices += 1
        device = a_device(f"GGR{self.devices:04d}")
        key = f"licensing {self.devices}"
        now = self.portal.clock.now
        return device.trust_request(token=token.text, key=key, made_at=now), token

    def send(self, text: str, token: Token) -> Future[Outcome]:
        command = ReceiveTrustRequest(
            document=text,
            token_digest=digest(token.text.encode()),
            pipe=Pipe.SMART,
            uploaded_to=None,
        )
        return self.portal.authority.enqueue(command)

    def refusal(self, token: Token) -> str | None:
        if token.is_revoked:
            return "token-revoked"
        if self.portal.clock.now >= token.ends:
            return "token-expired"
        return None if token.left else "token-used-up"

    @rule(target=requests, token=tokens, crowd=st.integers(1, 4))
    def ask(self, token: Token, crowd: int) -> tuple[str, Token, bool]:
        """Let a crowd ask at once: as many win as there are uses left, whoever they are."""
        asked = [self.request(token) for _ in range(crowd)]
        refusal, winners = self.refusal(token), 0
        for outcome in [self.send(*one).result() for one in asked]:
            assert isinstance(outcome, TrustOutcome)
            if outcome.verdict is Verdict.ACCEPTED:
                winners += 1
            else:
                assert outcome.code == (refusal or "token-used-up")
        assert winners == (0 if refusal else min(crowd, token.left))
        token.used += winners
        return (*asked[0], winners > 0)

    @rule(one=requests)
    def ask_again(self, one: tuple[str, Token, bool]) -> None:
        """A lost answer: the same request costs no use, even where its token is gone."""
        text, token, was_granted = one
        outcome = self.send(text, token).result()
        assert isinstance(outcome, TrustOutcome)
        if was_granted:
            assert outcome.verdict is Verdict.SAME
        elif self.refusal(token) is not None:
            assert outcome.code == self.refusal(token)

    @rule(token=tokens)
    def revoke(self, token: Token) -> None:
        command = RevokeToken(account=token.account, token_id=token.number, by="admin")
        self.portal.authority.execute(command)
        token.is_revoked = True

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.portal.clock.now += 3600 * hours

    @invariant()
    def agrees(self) -> None:
        reader, now = self.portal.authority.reader(), self.portal.clock.now
        for account in (ACCOUNT, OTHER_ACCOUNT):
            told = {one.token_id: (one.used, one.state) for one in reader.tokens(account, now=now)}
            known = [token for token in self.all if token.account == account]
            states = {token.number: (token.used, self.state(token)) for token in known}
            assert told == states
        reader.close()

    def state(self, token: Token) -> str:
        return (self.refusal(token) or "token-active").removeprefix("token-")


@pytest.mark.nightly
@pytest.mark.threat("F2", role="cssm")
@pytest.mark.threat("F3", role="cssm")
def test_a_token_lasts_as_often_and_as_long_as_it_says(figures: Figures) -> None:
    walk(Tokens, figures, walks=25, steps=25)
