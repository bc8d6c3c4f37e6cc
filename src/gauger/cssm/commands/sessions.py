"""Log-in and sessions: secrets become access tokens, access tokens become callers."""

from dataclasses import dataclass

from gauger.core.ports import PasswordHashes
from gauger.core.problems import Problem
from gauger.cssm.access import Caller, CallerKind
from gauger.cssm.means import Means
from gauger.cssm.ports import PeopleStore, Session
from gauger.cssm.secrets import new_secret, same_secret, secret_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """An OAuth2 bearer token, kept here by its digest only."""

    text: str
    seconds: int


class Sessions:
    """Gives access tokens for secrets and finds out who calls with one."""

    def __init__(
        self, store: PeopleStore, means: Means, passwords: PasswordHashes, *, seconds: int
    ) -> None:
        """Put the parts together.

        Args:
            store: People and their sessions.
            means: Time, randomness and the limit on guesses.
            passwords: Hashes of users' passwords.
            seconds: Life of an access token.
        """
        self._store = store
        self._throttle = means.throttle
        self._clock = means.clock
        self._entropy = means.entropy
        self._passwords = passwords
        self._seconds = seconds

    def open(self, kind: CallerKind, name: str, secret: str, *, address: str) -> AccessToken:
        """Give an access token for the right secret.

        Args:
            kind: Whether a user's password or a client's secret is offered.
            name: User name or client id.
            secret: What is offered.
            address: Where the request comes from; guesses are limited by it.

        Raises:
            Problem: ``too-many-requests``; ``unauthenticated`` without a word on which of name
                and secret was wrong.
        """
        # Before the secret: a guess that is refused must not tell whether it was right.
        with self._throttle.guess(address, secret_digest(f"{kind}:{name}:{secret}")) as guess:
            if not self._proven(kind, name, secret):
                guess.wrong()
                raise Problem("unauthenticated", "The name or the secret is wrong.")
        text = new_secret(self._entropy)
        now = self._clock.wall()
        session = Session(kind=kind, name=name, expires_at=now + self._seconds)
        # By its digest: whoever reads a backup finds no token that opens anything.
        self._store.add_session(secret_digest(text), session, now=now)
        return AccessToken(text=text, seconds=self._seconds)

    def caller(self, token: str) -> Caller:
        """Return who calls, with the roles held now: one taken away is gone at this request.

        Raises:
            Problem: ``unauthenticated`` where the token is unknown or has expired.
        """
        session = self._store.session(secret_digest(token))
        if session is None or session.expires_at <= self._clock.wall():
            raise Problem("unauthenticated", "The access token is unknown or has expired.")
        grants = self._store.grants(session.kind, session.name)
        if session.kind is CallerKind.USER:
            user = self._store.user(session.name)
            if user is None or user.must_change:
                grants = ()  # a one-time password is good for nothing but a new password
        return Caller(kind=session.kind, name=session.name, grants=grants)

    def _proven(self, kind: CallerKind, name: str, secret: str) -> bool:
        if kind is CallerKind.USER:
            user = self._store.user(name)
            # Hashed also where nobody has the name: the time must not tell which names there are.
            return self._passwords.matches(user.password if user else None, secret)
        # No such care here: an id is 128 random bits or known to all, so its absence tells nothing.
        client = self._store.client(name)
        return client is not None and same_secret(client.secret, secret)
