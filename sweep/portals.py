"""What is swept of a portal, and how its history is looked at from outside."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gauger.adapters.storage.ledger_sqlite import SqliteLedger
from gauger.core.documents.envelope import read_document
from gauger.core.documents.smart_license import ItemKind, read_items
from sweep.instances import CLOCK, SYNC, agree, at, prints
from sweep.place import ACCOUNT, Place
from sweep.scene import (
    Breaches,
    HostScene,
    Looks,
    Scene,
    ServedScene,
    StartScene,
    StepScene,
)

DATA: Final = ("--data", "{}/cssm")
OF: Final = ("--account", ACCOUNT)


def acknowledged(path: Path) -> set[str]:
    """Return the digests of the ACKs in a file."""
    found = read_items([path.read_bytes()])
    # By digest: the file around the ACKs may be written anew, they themselves may not.
    return {read_document(one.text).digest for one in found if one.kind is ItemKind.RUM_ACK}


def keeps_reports(place: Place) -> Breaches:
    """Look whether the reports acknowledged before are there, each once, with their ACKs."""
    listed = place.run("cssm", "report", "list", *OF, *DATA, "--json")
    if listed.code:
        yield f"the portal does not list its reports: {listed.text[-600:]}"
        return
    digests = [row["digest"] for row in listed.json]
    for known in place.path("known").read_text().split():
        # Neither lost nor counted twice.
        if digests.count(known) != 1:
            yield f"report {known} was acknowledged and is there {digests.count(known)} times"
        said = place.run("cssm", "report", "ack", known, *OF, "--out", "{}/one-ack.xml", *DATA)
        if said.code or not acknowledged(place.path("one-ack.xml")):
            yield f"the ACK of report {known} is not given again: {said.text[-600:]}"
        place.path("one-ack.xml").unlink(missing_ok=True)


def same_answers(place: Place) -> Breaches:
    """Look whether the ACKs that the client got before are those that it gets now."""
    got, before = place.path("new-ack.xml"), place.path("told-ack.xml")
    # The first answer that came out is what a device may have installed.
    if not before.exists():
        shutil.copyfile(got, before)
    missing = acknowledged(before) - acknowledged(got)
    if missing or not acknowledged(got):
        yield f"ACKs given before are not given again: {missing}"


def has(words: tuple[str, ...], word: str) -> Looks:
    """Look whether what a command prints holds a word."""

    def look(place: Place) -> Breaches:
        text = place.run(*words).text
        # Once or more: who asks for a token twice rightly has two.
        if word not in text:
            yield f"{' '.join(words)} does not show {word!r}: {text[-600:]}"

    return look


def opens(name: str) -> Looks:
    """Look whether a portal's folder can be served."""

    def look(place: Place) -> Breaches:
        server = place.serve(name)
        if server.poll() is not None:
            yield f"the portal in {name} does not start: {server.text[-1500:]}"
            return
        said = place.run("cssm", "account", "list", "--data", f"{{}}/{name}")
        if said.code:
            yield f"the portal in {name} does not let its administrator in: {said.text[-600:]}"
        place.stop(server)

    return look


def restores(place: Place) -> Breaches:
    """Look whether a backup can be made a portal of."""
    shutil.rmtree(place.path("from-backup"), ignore_errors=True)
    words = ("--from", "{}/made.sqlite", "--signer", "{}/factory/signers/cssm", *CLOCK)
    said = place.run("cssm", "restore", "--data", "{}/from-backup", *words)
    if said.code:
        yield f"what `backup` left cannot be restored: {said.text[-600:]}"


def _migrate(place: Place) -> None:
    SqliteLedger(place.path("old", "ledger.db")).close()


def _served(
    name: str, *words: str, effect: Looks | None = None, settled: tuple[str, ...] = ()
) -> Scene:
    return ServedScene(
        name=f"cssm {name}",
        command=("cssm", *words, *DATA),
        watched=("cssm",),
        whole=("cssm",),
        settled=settled,
        effect=effect,
        history=keeps_reports,
    )


def _once(*words: str, word: str) -> Looks:
    return prints(("cssm", *words, *DATA), word)


_ROOT_SET: Final = "{}/factory/root/root-set-5.json"
_LINE: Final = ("--number", "O-7", "--line", "T=N=5")
_FIRST: Final = ("virtual-account", "list", "other.example")
_SITE: Final = ("virtual-account", "list", "example.com")
_UPLOAD: Final = ("{}/usage.xml", *OF, "--ack", "{}/new-ack.xml")
_USER: Final = ("berta", "--role", "operator")
_POLICY: Final = ("--name", "Q", "--all")
_TRUST: Final = ("--root", "{}/factory/root", "--manufacturer", "{}/factory/manufacturer")
_SIGNER: Final = ("--signer", "{}/factory/signers/cssm", *CLOCK)
_COPY: Final = ("--from", "{}/copy.sqlite")


@dataclass(kw_only=True)
class RestoreScene(HostScene):
    """A restore; one that was cut off behind the ledger is ended by a new secret on the host."""

    def again(self, place: Place) -> Breaches:
        """Give it once more; what then stands there without a secret says how to come in."""
        said = place.run(*self.command)
        yield from self.settles(said)
        if "gauger cssm admin reset" in said.text:
            place.must("cssm", "admin", "reset", "--data", "{}/made", *CLOCK)


_ON_THE_HOST: Final[tuple[Scene, ...]] = (
    HostScene(
        name="cssm init",
        command=("cssm", "init", "--data", "{}/made", *_TRUST, *_SIGNER),
        watched=("made",),
        whole=("made",),
        settled=("store-exists",),
        effect=opens("made"),
    ),
    StartScene(
        name="cssm serve and stop",
        command=(),
        watched=("cssm",),
        whole=("cssm",),
        history=keeps_reports,
    ),
    HostScene(
        name="cssm backup",
        command=("cssm", "backup", *DATA, "--out", "{}/made.sqlite"),
        # The part as well: all of a backup is written there, and only renamed to its name.
        watched=("cssm", "made.sqlite", ".made.sqlite.part"),
        whole=("cssm",),
        settled=("store-exists",),
        effect=restores,
    ),
    RestoreScene(
        name="cssm restore",
        command=("cssm", "restore", "--data", "{}/made", *_COPY, *_SIGNER),
        watched=("made",),
        whole=("made",),
        settled=("store-exists",),
        effect=opens("made"),
    ),
    HostScene(
        name="cssm admin reset",
        command=("cssm", "admin", "reset", *DATA, *CLOCK),
        watched=("cssm",),
        whole=("cssm",),
        effect=opens("cssm"),
    ),
    HostScene(
        name="cssm admin signer",
        command=("cssm", "admin", "signer", *DATA, "--signer", "{}/factory/signers/next"),
        watched=("cssm",),
        whole=("cssm",),
        settled=("store-exists",),
        effect=opens("cssm"),
    ),
    StepScene(
        name="cssm migrations of 0.1",
        command=(),
        step=_migrate,
        watched=("old/ledger.db",),
        whole=("old/ledger.db",),
    ),
)

_SERVED: Final[tuple[Scene, ...]] = (
    _served(
        "account add",
        *("account", "add", "other.example", "--name", "Other"),
        # Not the account's line: without its first Virtual Account nothing could be reported to it.
        effect=_once(*_FIRST, word="DEFAULT"),
        settled=("conflict",),
    ),
    _served(
        "virtual-account add",
        *("virtual-account", "add", "example.com/SITE"),
        effect=_once(*_SITE, word="SITE"),
        settled=("conflict",),
    ),
    _served(
        "token new",
        *("token", "new", *OF, "--description", "for-the-sweep"),
        effect=has(("cssm", "token", "list", *OF, *DATA), "for-the-sweep"),
    ),
    _served(
        "order add",
        *("order", "add", *OF, *_LINE),
        effect=_once("order", "list", *OF, word="O-7"),
        settled=("conflict",),
    ),
    _served(
        "policy set",
        *("policy", "set", *_POLICY),
        effect=has(("cssm", "policy", "show", *OF, *DATA), "Q "),
    ),
    _served(
        "trust import",
        *("trust", "import", _ROOT_SET),
        effect=_once("trust", "show", word="5 (epoch 1)"),
    ),
    _served("client add", *("client", "add", "robot", "--role", "operator")),
    _served(
        "user add",
        *("user", "add", *_USER),
        effect=_once("user", "list", word="berta"),
        settled=("conflict",),
    ),
    _served("usage upload", *("usage", "upload", *_UPLOAD), effect=same_answers),
    ServedScene(
        name="cssm report exchange",
        command=("instance", "exec", *at("device"), SYNC),
        watched=("cssm",),
        whole=("cssm", "device"),
        history=agree("device"),
    ),
    ServedScene(
        name="cssm trust exchange",
        command=("instance", "exec", *at("young"), "license smart trust idtoken {token} local"),
        watched=("cssm",),
        whole=("cssm", "young"),
        settled=("already-installed",),
        history=agree("young"),
    ),
)

SCENES: Final = (*_ON_THE_HOST, *_SERVED)
"""Every command of a portal that changes state."""
