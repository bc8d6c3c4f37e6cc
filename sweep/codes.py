"""What is swept of authorization codes, on the product instance and on the portal."""

import shutil
from typing import Final

from gauger import profiles
from gauger.core.documents.smart_license import ItemKind, read_items
from sweep.instances import CLOCK, SYNC, at, showing
from sweep.place import ACCOUNT, Place
from sweep.portals import keeps_reports, same_answers
from sweep.scene import Breaches, HostScene, Looks, PeerScene, Scene, ServedScene

RING: Final = "ring-redundancy"
EXPORT: Final = "hseck9"
_PROFILE: Final = "example-router"
_SERIALS: Final = {"router": "GGR0004", "quiet": "GGR0005", "lender": "GGR0006"}
_DATA: Final = ("--data", "{}/cssm")
_OF: Final = ("--account", ACCOUNT)
_LINE: Final = "license smart authorization"
_ALIVE: Final = frozenset({"issued", "confirmed"})
_HAS: Final = 3


def furnish_codes(place: Place) -> None:
    """Add three routers: one holds a code, one waits for its file, one has given its code back."""
    place.renew()
    place.set_clock(27 * 3600)
    for name, serial in _SERIALS.items():
        minted = ("--serial", serial, "--out", f"{{}}/bundle-{name}", "--profile", _PROFILE)
        place.must("factory", "mint", "--factory", "{}/factory", *CLOCK, *minted)
        ca = ("--ca", "{}/cssm/tls/certificate.pem")
        place.must("instance", "init", *at(name), "--bundle", f"{{}}/bundle-{name}", *ca)
    url = f"license smart url smart https://localhost:{place.port}/licservice/license"
    place.must("instance", "config", *at("router"), "license smart transport smart", url)
    server = place.serve()
    for feature in (RING, EXPORT):
        place.must("cssm", "authorization", "set", _tag(feature), str(_HAS), *_OF, *_DATA)
    token = place.must("cssm", "token", "new", *_OF, "--quiet", *_DATA).text.strip()
    execute(place, "router", f"license smart trust idtoken {token} local")
    execute(place, "router", f"{_LINE} request add {RING} local")
    execute(place, "router", SYNC)
    for name, feature in (("quiet", EXPORT), ("lender", RING)):
        execute(place, name, f"{_LINE} request add {feature} local")
        execute(place, name, f"{_LINE} request save {{}}/{name}.xml")
    _upload(place, "lender.xml", "lent.xml")
    execute(place, "lender", "license smart import {}/lent.xml")
    execute(place, "lender", f"{_LINE} return local offline {{}}/return.xml")
    place.stop(server)
    shutil.copytree(place.path("cssm"), place.path("cssm-before"))
    server = place.serve()
    _upload(place, "quiet.xml", "code.xml")
    place.stop(server)
    # The code for the quiet one is of a portal that does not know of it: both can be tried.
    shutil.rmtree(place.path("cssm"))
    place.path("cssm-before").rename(place.path("cssm"))
    place.path("ready").unlink(missing_ok=True)
    place.keep()


def execute(place: Place, name: str, line: str) -> None:
    """Have a device carry out a line, in the preparations."""
    place.must("instance", "exec", *at(name), line)


def _upload(place: Place, file: str, answer: str) -> None:
    place.must("cssm", "usage", "upload", f"{{}}/{file}", *_OF, "--ack", f"{{}}/{answer}", *_DATA)


def _tag(feature: str) -> str:
    return profiles.builtin(_PROFILE).licence(feature).tag


def installed(place: Place, name: str) -> str | None:
    """Return the confirmation code that a device shows for what is installed, or None."""
    text = showing(place, name, "show license authorization")
    # What was given back stands there still, as the last code; only the status tells.
    if "SMART AUTHORIZATION INSTALLED" not in text:
        return None
    line = next(line for line in text.splitlines() if "Last Confirmation code" in line)
    return line.split()[-1]


def adds_up(place: Place) -> Breaches:
    """Look whether what is given out and what is left are together what the account has."""
    listed = place.run("cssm", "authorization", "list", *_OF, *_DATA, "--json")
    pools = place.run("cssm", "authorization", "left", *_OF, *_DATA, "--json")
    if listed.code or pools.code:
        yield f"the portal does not list its codes: {listed.text[-300:]} {pools.text[-300:]}"
        return
    most: dict[tuple[str, str], int] = {}
    for row in listed.json:
        for one in row["licences"] if row["state"] in _ALIVE else ():
            key = one["tag"], row["udi"]["udi_serial_number"]
            most[key] = max(one["count"], most.get(key, 0))
    for pool in pools.json:
        given = sum(count for (tag, _), count in most.items() if tag == pool["tag"])
        if (pool["given"], pool["left"]) != (given, pool["quantity"] - given) or pool["left"] < 0:
            yield f"codes give out {given}: {pool}"


def same_codes(name: str) -> Looks:
    """Look whether device and portal know of the same code, and the pools add up."""

    def look(place: Place) -> Breaches:
        # Once more first: a return may wait for the sending that the fault cut off.
        place.run("instance", "exec", *at(name), SYNC)
        yield from adds_up(place)
        listed = place.run("cssm", "authorization", "list", *_OF, *_DATA, "--json")
        own = [
            row
            for row in listed.json
            if row["udi"]["udi_serial_number"] == _SERIALS[name] and row["state"] in _ALIVE
        ]
        newest = max(own, key=lambda row: int(row["epoch"]), default=None)
        known = None if newest is None else newest["confirmation_code"]
        here = installed(place, name)
        if here != known:
            yield f"{name} has installed {here}, and the portal takes it to have {known}"

    return look


def allows(name: str, feature: str) -> Looks:
    """Look whether a licence that needs a code works."""

    def look(place: Place) -> Breaches:
        said = place.run("instance", "use", *at(name), feature, "1")
        if said.code:
            yield f"{name} may not use {feature}: {said.text[-600:]}"
        place.run("instance", "use", *at(name), feature, "0")

    return look


def refuses(name: str, feature: str) -> Looks:
    """Look whether a licence is off without a code, and no code is installed."""

    def look(place: Place) -> Breaches:
        said = place.run("instance", "use", *at(name), feature, "1")
        if not said.code:
            yield f"{name} uses {feature} without a code"
        if installed(place, name) is not None:
            yield f"{name} shows a code after it was given back"

    return look


def holds(path: str, kind: ItemKind) -> Looks:
    """Look whether a file holds an element."""

    def look(place: Place) -> Breaches:
        kinds = {one.kind for one in read_items([place.path(path).read_bytes()])}
        if kind not in kinds:
            yield f"{path} holds {kinds}, not {kind}"

    return look


def keeps_codes(place: Place) -> Breaches:
    """Look whether what was acknowledged of reports is there, and the pools add up."""
    yield from keeps_reports(place)
    yield from adds_up(place)


def credited(place: Place) -> Breaches:
    """Look whether the lender's code is returned, once."""
    listed = place.run("cssm", "authorization", "list", *_OF, *_DATA, "--json").json
    own = [row["state"] for row in listed if row["udi"]["udi_serial_number"] == "GGR0006"]
    if own != ["returned"]:
        yield f"the lender's code was given back and is {own}"


def _has_pool(place: Place) -> Breaches:
    pools = place.run("cssm", "authorization", "left", *_OF, *_DATA, "--json").json
    found = [pool["quantity"] for pool in pools if pool["tag"] == _tag(EXPORT)]
    if found != [_HAS + 4]:
        yield f"the account has {found} authorizations"


_NOT_THERE: Final = ("authorization-not-installed",)
_ROUTER: Final = ("instance", "exec", *at("router"))
_ASK: Final = (*_ROUTER, f"{_LINE} request add {EXPORT} local")
_RETURN: Final = (*_ROUTER, f"{_LINE} return local online")

SCENES: Final[tuple[Scene, ...]] = (
    PeerScene(
        name="instance authorization request",
        command=_ASK,
        watched=("router",),
        whole=("router", "cssm"),
        effect=allows("router", EXPORT),
        history=same_codes("router"),
    ),
    HostScene(
        name="instance authorization request waits",
        command=("instance", "exec", *at("quiet"), f"{_LINE} request replace {RING} local"),
        watched=("quiet",),
        whole=("quiet",),
    ),
    HostScene(
        name="instance authorization request save",
        command=("instance", "exec", *at("quiet"), f"{_LINE} request save {{}}/saved.xml"),
        watched=("quiet", "saved.xml", ".saved.xml"),
        whole=("quiet",),
        effect=holds("saved.xml", ItemKind.AUTH_REQUEST),
    ),
    HostScene(
        name="instance authorization import",
        command=("instance", "exec", *at("quiet"), "license smart import {}/code.xml"),
        watched=("quiet",),
        whole=("quiet",),
        effect=allows("quiet", EXPORT),
    ),
    PeerScene(
        name="instance authorization return online",
        command=_RETURN,
        watched=("router",),
        whole=("router", "cssm"),
        settled=_NOT_THERE,
        effect=refuses("router", RING),
        history=same_codes("router"),
    ),
    HostScene(
        name="instance authorization return offline",
        command=(*_ROUTER, f"{_LINE} return local offline {{}}/proof.xml"),
        watched=("router", "proof.xml", ".proof.xml"),
        whole=("router",),
        effect=refuses("router", RING),
        history=holds("proof.xml", ItemKind.AUTH_REQUEST),
    ),
    ServedScene(
        name="cssm authorization exchange",
        command=_ASK,
        watched=("cssm",),
        whole=("cssm", "router"),
        effect=allows("router", EXPORT),
        history=same_codes("router"),
    ),
    ServedScene(
        name="cssm authorization return exchange",
        command=_RETURN,
        watched=("cssm",),
        whole=("cssm", "router"),
        settled=_NOT_THERE,
        effect=refuses("router", RING),
        history=same_codes("router"),
    ),
    ServedScene(
        name="cssm authorization request upload",
        command=(
            "cssm",
            "usage",
            "upload",
            "{}/quiet.xml",
            *_OF,
            "--ack",
            "{}/new-ack.xml",
            *_DATA,
        ),
        watched=("cssm",),
        whole=("cssm",),
        effect=same_answers,
        history=keeps_codes,
    ),
    ServedScene(
        name="cssm authorization return upload",
        command=("cssm", "usage", "upload", "{}/return.xml", *_OF, *_DATA),
        watched=("cssm",),
        whole=("cssm",),
        effect=credited,
        history=keeps_codes,
    ),
    ServedScene(
        name="cssm authorization set",
        command=("cssm", "authorization", "set", _tag(EXPORT), str(_HAS + 4), *_OF, *_DATA),
        watched=("cssm",),
        whole=("cssm",),
        effect=_has_pool,
        history=keeps_codes,
    ),
    ServedScene(
        name="cssm authorization issue",
        command=(
            *("cssm", "authorization", "issue", "EXAMPLE-ROUTER", "GGR0004"),
            *(f"{_tag(EXPORT)}=2", *_OF, "--out", "{}/issued.xml", *_DATA),
        ),
        watched=("cssm",),
        whole=("cssm",),
        effect=holds("issued.xml", ItemKind.AUTH_CODE),
        history=keeps_codes,
    ),
)
"""Every command about authorization codes that changes state."""
