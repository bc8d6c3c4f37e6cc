"""A whole portal behind a real HTTP server: real SQLite, real signatures, a clock that stands."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.keys.trust_view import ServerTrustView
from gauger.adapters.passwords import Passwords
from gauger.adapters.storage.portal_sqlite import PortalStore
from gauger.adapters.storage.upload_files import UploadFiles
from gauger.core.documents.smart_license import Item, ItemKind, write_file
from gauger.core.documents.smart_transport import (
    MessageType,
    Request,
    Response,
    UsageReport,
    decode_response,
    encode_request,
)
from gauger.core.identity import AccountRef
from gauger.cssm.access import Caller, CallerKind, Grant, Role, Scope
from gauger.cssm.assembly import Outside, assemble
from gauger.cssm.config import CssmConfig, Guarding
from gauger.cssm.portal import Portal
from gauger.surfaces.http.front import create_app
from tests.support.builders import ACCOUNT, NOW, UDI, Bench, Device, a_portal
from tests.surfaces.http.serving import serving

Json = Any
"""What the API answers; the tests say which fields they look at."""

CONFIG = CssmConfig(guarding=Guarding(failures=1000))
EVERYTHING = Scope()
_HOST = Caller(
    kind=CallerKind.USER, name="test", grants=(Grant(role=Role.OPERATOR, scope=EVERYTHING),)
)
_PATIENCE = 60.0


@dataclass
class Web:
    """What a test talks to."""

    bench: Bench
    portal: Portal
    url: str
    http: httpx.Client
    store: PortalStore
    _tokens: dict[tuple[Role, Scope], str] = field(default_factory=dict)

    def token(self, *grants: tuple[Role, Scope]) -> str:
        """Return an access token of a new API client with roles."""
        made = self.portal.people.add_client(_HOST, "test", scope=EVERYTHING, roles=[])
        for role, scope in grants:
            self.store.set_grants(
                CallerKind.CLIENT, made.name, scope=scope, grants=[Grant(role=role, scope=scope)]
            )
        secret = made.secret or ""
        return self.portal.sessions.open(CallerKind.CLIENT, made.name, secret, address="x").text

    def as_role(self, role: Role, scope: Scope) -> str:
        """Return an access token for one role, made once."""
        if (role, scope) not in self._tokens:
            self._tokens[role, scope] = self.token((role, scope))
        return self._tokens[role, scope]

    def log_in_again(self) -> None:
        """Forget access tokens: the clock has moved beyond their life."""
        self._tokens.clear()

    @property
    def operator(self) -> str:
        """An access token that may do everything."""
        return self.as_role(Role.OPERATOR, EVERYTHING)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        query: Mapping[str, str | int | bool] | None = None,
    ) -> httpx.Response:
        """Call the API; as the operator where no token is named, as nobody where it is empty."""
        token = self.operator if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.http.request(method, f"/api/v1{path}", headers=headers, params=query, json=body)

    def get(self, path: str, **query: str | int | bool) -> Json:
        """Return what a path answers to the operator."""
        answer = self.call("GET", path, query=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def upload(
        self, content: bytes, account: AccountRef = ACCOUNT, token: str | None = None
    ) -> Json:
        """Upload a file and wait for its job."""
        answer = self.http.post(
            f"/api/v1{at(account)}/usage-files",
            params={"name": "usage.xml"},
            headers={
                "Authorization": f"Bearer {token or self.operator}",
                "Content-Type": "application/octet-stream",
            },
            content=content,
        )
        assert answer.status_code == 202, answer.text
        return self.finished(account, answer.json()["job_id"])

    def finished(self, account: AccountRef, job_id: str) -> Json:
        """Wait for the end of a job."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            job = self.get(f"{at(account)}/usage-files/{job_id}")
            if job["state"] in {"done", "failed"}:
                return job
            time.sleep(0.01)
        raise AssertionError("the job did not end")

    def verdicts(self, job: Json) -> list[Json]:
        """Return the verdicts of a job."""
        path = f"{at(ACCOUNT)}/usage-files/{job['job_id']}/verdicts"
        found: list[Json] = self.get(path, limit=500)["items"]
        return found

    def totals(self) -> dict[str, int]:
        """Return what is in use in the first account, by tag."""
        return {row["tag"]: row["in_use"] for row in self.get(f"{at()}/balance")["items"]}

    def smart(self, request: Request) -> tuple[int, Response]:
        """Send a smart transport request; returns the HTTP status and the response."""
        answer = self.http.post(
            "/licservice/license",
            content=encode_request(request),
            headers={"Content-Type": "application/json"},
        )
        return answer.status_code, decode_response(answer.content, nonce=request.nonce)


def at(account: AccountRef = ACCOUNT) -> str:
    """Return the path of an account."""
    return f"/accounts/{account.smart_account}/virtual-accounts/{account.virtual_account}"


def usage_file(reports: Sequence[str] = (), requests: Sequence[str] = ()) -> bytes:
    """Return a usage file as a product instance saves it."""
    items = [Item(kind=ItemKind.RUM_REPORT, text=one) for one in reports]
    items += [Item(kind=ItemKind.TRUST_REQUEST, text=one) for one in requests]
    items.append(Item(kind=ItemKind.SYSTEM_INFO, text="{}"))
    return b"".join(write_file(items))


def usage_request(device: Device, *reports: str, nonce: str = "0d" * 16) -> Request:
    """Return a smart transport request with reports."""
    return Request(
        type=MessageType.REPORT_USAGE,
        udi=device.udi,
        timestamp=NOW * 1000,
        nonce=nonce,
        reports=(UsageReport(udi=device.udi, usage=reports, software_tag="tag"),),
    )


def trust_request(token: str, document: str) -> Request:
    """Return a smart transport request that establishes trust."""
    return Request(
        type=MessageType.TRUST_REQUEST,
        udi=UDI,
        timestamp=NOW * 1000,
        nonce="0e" * 16,
        id_token=token,
        trust_requests=(document,),
    )


def poll_request(poll_id: str | None) -> Request:
    """Return a poll."""
    return Request(
        type=MessageType.POLL,
        udi=UDI,
        timestamp=NOW * 1000,
        nonce="0f" * 16,
        poll_id=poll_id,
    )


@contextmanager
def open_web(bench: Bench, config: CssmConfig = CONFIG) -> Iterator[Web]:
    """Serve a portal on a bench for the time of the block."""
    store = PortalStore(bench.path)
    outside = Outside(
        clock=bench.clock,
        entropy=SystemEntropy(),
        authority=bench.authority,
        store=store,
        files=UploadFiles(bench.path.parent / "uploads"),
        trust_files=ServerTrustView(bench.path.parent / "trust"),
        passwords=Passwords(SystemEntropy()),
    )
    portal = assemble(outside, config)
    portal.start()
    try:
        with serving(create_app(portal), config) as port:
            url = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
                yield Web(bench=bench, portal=portal, url=url, http=http, store=store)
    finally:
        portal.stop()
        store.close()


@contextmanager
def a_web(folder: Path, config: CssmConfig = CONFIG) -> Iterator[Web]:
    """Serve a new portal for the time of the block."""
    with a_portal(folder) as bench, open_web(bench, config) as web:
        yield web


def always_poll(config: CssmConfig = CONFIG) -> CssmConfig:
    """Return settings under which every request is answered by a poll id."""
    return replace(config, server=replace(config.server, answer_seconds=0.0))
