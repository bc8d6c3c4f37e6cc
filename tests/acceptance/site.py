"""A vendor, its portal and product instances: real processes, one clock that the test moves."""

import datetime as dt
import itertools
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import pytest

from gauger import profiles
from gauger.core.documents.envelope import read_document
from gauger.core.documents.smart_license import Item, ItemKind, read_items
from gauger.core.documents.smart_transport import LICENSING_PATH
from gauger.core.identity import AccountRef, Udi
from gauger.core.problems import Problem
from gauger.core.profiles import Profile
from gauger.core.releases import Release
from gauger.surfaces.agent_client import connect
from gauger.surfaces.agent_wire import NAME
from gauger.tools.demo.stage import DemoClock, Stage
from gauger.tools.factory import FactoryOrder, MintOrder, init_factory, mint
from gauger.tools.trust import RootFolder, SignerOrder
from gauger.tools.workshop import Workshop
from tests.acceptance.connections import watched

if TYPE_CHECKING:
    from tests.acceptance.spite import SpitefulWay

DAY = 86_400
HOUR = 3600
PATIENCE = 20.0
TRIES = 12
FURTHER_PID = "MY-BOX-1"
"""A product id that the vendor declares and that no profile of the project has."""

_ORDERS = itertools.count(1)
ESSENTIALS = "air-network-essentials"
DNA = "air-dna-essentials"

Json = dict[str, Any]
T = TypeVar("T")


def eventually(look: Callable[[], T | None], seconds: float = PATIENCE) -> T:
    """Look again and again until what is seen is true of a process that works on its own."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, f"not within {seconds} s"
        threading.Event().wait(0.02)
    return seen


def settle() -> None:
    """Let processes look at the moved clock: they do every 50 ms, these are several looks."""
    threading.Event().wait(0.25)


@contextmanager
def refused(code: str, *words: str) -> Iterator[None]:
    """Expect a refusal by its name, saying the words in its detail or next step."""
    with pytest.raises(Problem) as caught:
        yield
    problem = caught.value
    assert problem.code == code, f"{problem.code}: {problem.detail}"
    said = f"{problem.detail} {problem.kind.next_step}"
    for word in words:
        assert word in said


class RefusedError(AssertionError):
    """The portal refused a request of the API."""

    def __init__(self, status: int, problem: Json) -> None:
        super().__init__(f"{status} {problem}")
        self.status, self.problem = status, problem


class Portal:
    """A portal's process, spoken to over its published surfaces by an API client."""

    def __init__(self, url: str, data: Path, client: Json | None = None) -> None:
        self.url, self.data, self._client = url, data, client
        self.ca = data / "tls" / "certificate.pem"
        trust = ssl.create_default_context(cafile=str(self.ca))
        self._http = httpx.Client(base_url=url, verify=trust, timeout=30, trust_env=False)
        self._token = "none-yet"
        self.way: SpitefulWay | None = None
        self.clients: list[Portal] = []

    @classmethod
    def found(cls, stage: Stage, name: str, *options: str) -> "Portal":
        """Make a portal's data folder and serve it."""
        factory, data = stage.path("factory"), stage.path(name)
        trust = ("--root", factory / "root", "--manufacturer", factory / "manufacturer")
        signer = ("--signer", factory / "signers" / "cssm", "--clock", stage.clock.path)
        made = stage.run("cssm", "init", "--data", data, *trust, *signer)
        assert made.code == 0, made.error
        return cls(cls.serve(stage, name, "--port", "0", *options), data)

    @classmethod
    def serve(cls, stage: Stage, name: str, *options: str) -> str:
        """Serve a portal's data folder and return its URL."""
        data, ready = stage.path(name), stage.path(f"{name}.url")
        ready.unlink(missing_ok=True)
        words: list[str | Path] = ["cssm", "serve", "--data", data, "--ready-file", ready]
        with watched(stage.path(f"{name}.connections")):
            stage.start(name, *words, *options, "--clock", stage.clock.path, ready=ready)
        eventually(lambda: ready.stat().st_size)
        return ready.read_text().strip()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def connections(self) -> Path:
        """Where the process writes down what it connects to."""
        return self.data.with_name(f"{self.data.name}.connections")

    def acting_as(self, client: Json) -> "Portal":
        """Return the portal as another API client speaks to it."""
        made = Portal(self.url, self.data, client)
        self.clients.append(made)
        return made

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self._http.close()

    @property
    def licensing_url(self) -> str:
        """Where product instances reach it: a spiteful way, unless the test opted out."""
        return self.url if self.way is None else self.way.url

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 -- httpx's own
        """Send a request as the API client; its session may have ended with the moved clock."""
        headers = options.pop("headers", {})
        answer = self._send(method, path, headers, options)
        if answer.status_code == 401:
            self._token = self._open_session()
            answer = self._send(method, path, headers, options)
        if answer.is_error:
            raise RefusedError(answer.status_code, answer.json())
        return answer

    def _send(self, method: str, path: str, headers: Json, options: Json) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {self._token}"}
        return self._http.request(method, f"/api/v1{path}", headers=bearer | headers, **options)

    def _open_session(self) -> str:
        if self._client is None:
            secret = (self.data / "administrator.secret").read_text().strip()
            client = {"name": "administrator", "secret": secret}
        else:
            client = self._client
        form = {"client_id": client["name"], "client_secret": client["secret"]}
        grant = {"grant_type": "client_credentials"}
        answer = self._http.post("/oauth2/token", data=form | grant)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def smart(self, message: Json) -> tuple[int, Json]:
        """Send a message to the licensing URL."""
        answer = self._http.post(LICENSING_PATH, json=message)
        found: Json = answer.json()
        return answer.status_code, found


@dataclass(frozen=True)
class Upload:
    """What became of an uploaded file."""

    job: Json
    verdicts: list[Json]

    @property
    def words(self) -> list[str]:
        return [str(one["code"] or one["verdict"]) for one in self.verdicts]


@dataclass(frozen=True)
class Account:
    """A Virtual Account of the portal."""

    portal: Portal
    ref: AccountRef

    @property
    def path(self) -> str:
        return f"/accounts/{self.ref.smart_account}/virtual-accounts/{self.ref.virtual_account}"

    def acting_as(self, role: str) -> "Account":
        """Return the account as one with a role in it (or in its Smart Account) sees it."""
        of = f"/accounts/{self.ref.smart_account}" if role.startswith("Smart") else self.path
        body = {"description": role, "roles": [role]}
        made = self.portal.call("POST", f"{of}/clients", json=body).json()
        return Account(self.portal.acting_as(made), self.ref)

    def get(self, rest: str, **params: str | int) -> Any:  # noqa: ANN401 -- JSON has any type
        return self.portal.call("GET", self.path + rest, params=params).json()

    def rows(self, rest: str, **params: str | int) -> list[Json]:
        found: list[Json] = self.get(rest, limit=500, **params)["items"]
        return found

    def send(self, method: str, rest: str, body: Json) -> Any:  # noqa: ANN401 -- JSON has any type
        answer = self.portal.call(method, self.path + rest, json=body)
        return answer.json() if answer.content else None

    def token(self, **terms: int) -> str:
        return str(self.send("POST", "/tokens", dict(terms))["token"])

    def policy(self, name: str, **rules: tuple[int, int, int]) -> None:
        names = ("first_report", "frequency", "on_change")
        groups = {group: dict(zip(names, days, strict=True)) for group, days in rules.items()}
        self.send("PUT", "/policy", {"name": name, "rules": groups})

    def order(
        self,
        device: "Device",
        quantities: dict[str, int],
        *,
        bought_with: bool = False,
        days: int | None = None,
    ) -> None:
        """Deposit licences of a device's product; the device itself may belong to the order."""
        number = f"{self.ref}/{next(_ORDERS)}"
        licences = {feature: device.profile.licence(feature) for feature in quantities}
        lines = [
            {
                "tag": licences[feature].tag,
                "name": licences[feature].name,
                "quantity": quantity,
                "end": days and device.site.workshop.now() + days * DAY,
            }
            for feature, quantity in quantities.items()
        ]
        devices = [device.udi.to_json()] if bought_with else []
        self.send("POST", "/orders", {"order_number": number, "lines": lines, "devices": devices})

    def balance(self, name: str) -> tuple[int, int, int]:
        """Return purchased, in use and balance of the licence whose tag has a name."""
        rows = [row for row in self.rows("/balance") if f".{name}," in row["tag"]]
        assert len(rows) == 1, f"{len(rows)} rows of {name}"
        return tuple(rows[0][key] for key in ("purchased", "in_use", "balance"))

    def count_seconds(self, device: "Device", name: str) -> int:
        """Return the usage of a device: the sum over time of the count of a licence."""
        usage = self.get("/instance", **device.udi.to_json())["usage"]
        return sum(row["count_seconds"] for row in usage if f".{name}," in row["tag"])

    def upload(self, path: Path) -> Upload:
        """Upload a file and wait until every item has its verdict."""
        content = path.read_bytes()
        headers = {"Content-Type": "application/octet-stream"}
        where = f"{self.path}/usage-files"
        job = self.portal.call("POST", where, content=content, headers=headers).json()
        here = f"/usage-files/{job['job_id']}"
        job = eventually(lambda: (got := self.get(here))["finished_at"] and got)
        return Upload(job=job, verdicts=self.rows(f"{here}/verdicts"))

    def ack(self, upload: Upload, out: Path) -> Path:
        """Download the ACK file."""
        out.write_bytes(self.file(f"/usage-files/{upload.job['job_id']}/ack"))
        return out

    def file(self, rest: str) -> bytes:
        return self.portal.call("GET", self.path + rest).content


@dataclass
class Device:
    """A product instance: its process, its folder, and the lines that an operator types."""

    site: "Site"
    name: str
    profile: Profile
    udi: Udi
    bundle: Path
    data: Path
    runs: bool = False
    begun: bool = False
    clock: Path | None = None
    connections: Path = field(default_factory=Path)

    def start(self) -> None:
        """Run its agent; the bundle is taken in at the first start."""
        (self.data / NAME).unlink(missing_ok=True)
        words: list[str | Path] = ["instance", "run", "--data", self.data]
        words += ["--clock", self.clock or self.site.clock.path, "--ca", self.site.portal.ca]
        if not self.begun:
            words += ["--bundle", self.bundle]
        with watched(self.connections):
            self.site.stage.start(self.name, *words, ready=self.data / NAME)
        self.runs = self.begun = True

    def stop(self) -> None:
        """Ask its agent to end."""
        if self.runs:
            self.site.stage.stop(self.name)
        self.runs = False

    def kill(self) -> None:
        """Cut its power."""
        self.site.stage.kill(self.name)
        self.runs = False

    def _ask(self, **request: object) -> str:
        client = eventually(lambda: connect(self.data))
        with client:
            return str(client.ask(**request)["text"])

    def execute(self, line: str) -> str:
        """Type an EXEC line, through the socket that `gauger instance exec` uses."""
        return self._ask(op="exec", line=line, folder=str(self.site.folder))

    def configure(self, *lines: str) -> None:
        self._ask(op="config", lines=list(lines))

    def use(self, feature: str, count: int = 1) -> None:
        self._ask(op="set_count", tag=feature, count=count)
        self._ask(op="flush")

    def join(self, pid: str, serial: str) -> None:
        """Let an access point join."""
        udi = Udi(pid, serial).to_json()
        self._ask(op="access_point", action="join", **udi)
        self._ask(op="flush")

    def go_direct(self, url: str | None = None) -> None:
        where = url or self.site.portal.licensing_url
        url_line = f"license smart url smart {where}{LICENSING_PATH}"
        self.configure("license smart transport smart", url_line)

    def go_offline(self) -> None:
        self.configure("license smart transport off")

    def trust(self, token: str, *words: str) -> None:
        self._insist(" ".join(("license smart trust idtoken", token, "local", *words)))

    def sync(self) -> str:
        return self._insist("license smart sync all")

    def _insist(self, line: str) -> str:
        """Type a line until no message of it is lost, as an operator would."""
        way = self.site.portal.way
        if way is None:
            return self.execute(line)
        for _ in range(TRIES):
            lost = way.in_vain
            try:
                with way.with_patience():
                    return self.execute(line)
            except Problem:
                if way.in_vain == lost:
                    raise
        raise AssertionError(f"{TRIES} times in vain: {line}")

    def save(self, which: str = "unreported", name: str = "") -> Path:
        """Save usage to a file, and return it."""
        path = self.site.new_path(name or f"usage-{self.name}", ".xml")
        self.execute(f"license smart save usage {which} file {path}")
        return path

    def load(self, path: Path) -> str:
        return self.execute(f"license smart import {path}")

    @property
    def status(self) -> str:
        return self.execute("show license status")

    def field(self, name: str) -> str:
        """Return what `show license status` says behind a name."""
        lines = (line.strip() for line in self.status.splitlines())
        found = [line for line in lines if line.startswith(f"{name}:")]
        assert found, f"{name} is not in the status"
        return found[0].removeprefix(f"{name}:").strip()

    def time_of(self, name: str) -> int:
        """Return a time of `show license status`, epoch seconds."""
        at = dt.datetime.strptime(f"{self.field(name)} +0000", "%b %d %H:%M:%S %Y UTC %z")
        return int(at.timestamp())

    def states(self) -> list[str]:
        """Return the states of its reports, oldest first."""
        lines = self.execute("show license rum id all").splitlines()
        rows = [line.split() for line in lines if line[:1].isdigit()]
        return [row[1] for row in rows]

    def events(self, name: str) -> list[str]:
        """Return the lines of the event log that hold a name."""
        log = self.execute("show license eventlog")
        return [line for line in log.splitlines() if name in line]


@dataclass
class Site:
    """The vendor's factory, its portal, and the clock of all processes."""

    stage: Stage
    portal: Portal
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _devices: list[Device] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.stage.folder

    @property
    def clock(self) -> DemoClock:
        return self.stage.clock

    @property
    def root_set(self) -> Path:
        return self.folder / "factory" / "root" / "root-set-3.json"

    @property
    def clock_option(self) -> tuple[str | Path, ...]:
        return ("--clock", self.clock.path)

    @property
    def workshop(self) -> Workshop:
        return Workshop.open(self.clock.path)

    def new_path(self, name: str, suffix: str = "") -> Path:
        return self.folder / f"{name}-{next(self._numbers)}{suffix}"

    def account(self, virtual: str = "DEFAULT", *, domain: str = "") -> Account:
        """Open a Virtual Account, in a Smart Account of its own unless one is named."""
        if not domain:
            domain = f"customer{next(self._numbers)}.example"
            self.portal.call("POST", "/accounts", json={"domain": domain, "name": "Customer"})
        if virtual != "DEFAULT":
            body = {"name": virtual}
            self.portal.call("POST", f"/accounts/{domain}/virtual-accounts", json=body)
        return Account(self.portal, AccountRef(domain, virtual))

    def bundle(
        self,
        profile: Profile | str = "c9800-cl",
        **order: Any,  # noqa: ANN401 -- fields of MintOrder
    ) -> tuple[Path, Udi, Profile]:
        """Mint a device as it was ordered."""
        model = profiles.find(profile) if isinstance(profile, str) else profile
        out = self.new_path("bundle")
        wanted = MintOrder(profile=model, serial=f"GGR{next(self._numbers):06d}", **order)
        signer = self.folder / "factory" / "signers" / "factory"
        made = mint(self.folder / "factory", out, wanted, workshop=self.workshop, signer=signer)
        return out, made.udi, model

    def device(self, profile: Profile | str = "c9800-cl", **order: Any) -> Device:  # noqa: ANN401 -- fields of MintOrder
        """Mint a device and switch it on."""
        return self.switch_on(self.bundle(profile, **order))

    def switch_on(self, minted: tuple[Path, Udi, Profile], clock: Path | None = None) -> Device:
        """Switch a device on, with a clock of its own where one is named."""
        bundle, udi, profile = minted
        data = self.new_path(f"device-{udi.serial}")
        made = Device(self, data.name, profile, udi, bundle=bundle, data=data, clock=clock)
        made.connections = self.folder / f"{data.name}.connections"
        self._devices.append(made)
        made.start()
        return made

    def end_devices(self) -> None:
        """Switch every device off: a moved clock would wake them."""
        while self._devices:
            self._devices.pop().stop()

    def device_with(self, token: str) -> Device:
        """Switch a device on that reports directly, its trust established by a token."""
        device = self.device()
        device.go_direct()
        device.trust(token)
        return device

    def trusted(self, account: Account) -> Device:
        """Switch a device on that reports directly to the portal."""
        return self.device_with(account.token(uses=1))


def of_release(release: str, name: str = "c9800-cl") -> Profile:
    """Return a product of an older or newer release."""
    return replace(profiles.builtin(name), release=Release.parse(release))


def items(path: Path, kind: ItemKind | None = None) -> list[Item]:
    """Return what a file holds, in order."""
    found = read_items(iter([path.read_bytes()]))
    return [item for item in found if kind in {None, item.kind}]


def documents(path: Path) -> list[tuple[str, str]]:
    """Return kind and digest of each document of a file: its signature may differ."""
    return [(item.kind.value, read_document(item.text).digest) for item in items(path)]


@contextmanager
def open_site(folder: Path) -> Iterator[Site]:
    """Found a vendor, and run its portal for the time of the block."""
    with ExitStack() as open_things:
        stage = open_things.enter_context(Stage(keep=folder))
        factory = folder / "factory"
        workshop = Workshop.open(stage.clock.path)
        init_factory(factory, FactoryOrder(pids=(FURTHER_PID,)), workshop)
        root = RootFolder(factory / "root", workshop)
        for name in ("factory", "cssm"):
            root.issue_signer(factory / "signers" / name, SignerOrder(name=name, days=3650))
        portal = Portal.found(stage, "portal")
        open_things.callback(portal.close)
        site = Site(stage, portal)
        open_things.callback(site.end_devices)
        yield site
