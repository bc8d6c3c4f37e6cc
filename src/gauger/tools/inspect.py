"""Explains any file of the system in words that an administrator understands.

It reads and judges; it never changes, sends or installs anything.
"""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gauger.adapters.clock import SystemClock
from gauger.adapters.keys.trust_folder import read_manufacturer, read_newest_root_set
from gauger.core.documents import keyring
from gauger.core.documents.envelope import read_document
from gauger.core.documents.keyring import Certificate
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.rum_report import read_report
from gauger.core.documents.smart_license import TO_INSTANCE, Caps, Item, ItemKind, read_items
from gauger.core.documents.trust_store import TrustStore
from gauger.core.fields import Fields
from gauger.core.problems import Problem
from gauger.core.profiles import read_profile
from gauger.core.strict_json import decode
from gauger.tools.explain_document import explain_document
from gauger.tools.explain_report import UsageSummary, Yardstick, explain_report, udi_text
from gauger.tools.finding import Finding, Seal, date_text

DETAILED: Final = 50
"""Parts of a file that are told one by one, unless asked otherwise."""

_FILE_CAPS: Final = Caps(total=2 * 1024**3)
_SMALL: Final = 4 * 1024 * 1024
_CHUNK: Final = 64 * 1024
_FOLDER_LIMIT: Final = 64
_STORE: Final = b"SQLite format 3\x00"
_STORE_STEP: Final = "Prove it whole with `gauger fsck`; no other tool should open it."
_USAGE_STEP: Final = (
    "Upload it to the portal (`gauger cssm usage upload`), then download the ACK file and import "
    "it on the product instance with `license smart import PATH`."
)
_FAULTY_STEP: Final = (
    "Fetch the original where it was saved and carry it unchanged; each faulty part below says why."
)
_ANSWER_STEP: Final = (
    "Copy it to the product instance that it is for and enter `license smart import PATH` there."
)


def read_yardstick(root_set: Path | None, manufacturers: Iterable[Path]) -> Yardstick:
    """Read what an inspection judges by; the time is this machine's.

    Args:
        root_set: A root set's file, or a folder that holds root sets, or None.
        manufacturers: Manufacturer files, or folders that hold ``manufacturer.json``.

    Returns:
        The yardstick; documents of a test clock are taken, and said to be such.

    Raises:
        Problem: ``file-not-found``, or what reading them refuses.
    """
    store = TrustStore(accepts_test_clock=True)
    for path in manufacturers:
        store = store.with_manufacturer(read_manufacturer(path))
    if root_set is not None:
        store = store.pin(read_newest_root_set(root_set))
    return Yardstick(trust=store, now=SystemClock().wall())


def inspect_path(path: Path, yardstick: Yardstick, *, detailed: int = DETAILED) -> Finding:
    """Explain a file or folder.

    Args:
        path: The file or folder.
        yardstick: What to judge by.
        detailed: How many parts of a file are told one by one; all are counted.

    Returns:
        What it is and what is in it.

    Raises:
        Problem: ``file-not-found``, or why it is no file of this system.
    """
    if path.is_dir():
        return _explain_folder(path, yardstick)
    start = b"".join(_chunks(path, most=_CHUNK)).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        return explain_json(_read_small(path), yardstick)
    if start.startswith(b"-----BEGIN"):
        return _explain_pem(start, yardstick)
    if start.startswith(_STORE):
        return Finding(title="Store of a process", next_steps=(_STORE_STEP,))
    if path.suffix == ".toml":
        return _explain_profile(path)
    return _explain_file(_chunks(path), yardstick, detailed)


def _chunks(path: Path, *, most: int | None = None) -> Iterator[bytes]:
    """Yield a file's bytes, the first ``most`` of them where that is given."""
    try:
        with path.open("rb") as file:
            if most is not None:
                yield file.read(most)
                return
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise Problem("file-not-found", f"{path} cannot be read: {error.strerror}.") from error


def _read_small(path: Path) -> bytes:
    return b"".join(_chunks(path, most=_SMALL + 1))


def _explain_file(chunks: Iterable[bytes], yardstick: Yardstick, detailed: int) -> Finding:
    """Explain an XML file; a damaged one as far as it can be read."""
    explainer = _FileExplainer(yardstick, detailed)
    damage = None
    try:
        for item in read_items(chunks, caps=_FILE_CAPS):
            explainer.add(item)
    except Problem as problem:
        if not explainer.count:
            raise
        damage = problem
    return replace(explainer.finding(), problem=damage)


class _FileExplainer:
    """Explains items as they pass; keeps only the first ones in detail."""

    def __init__(self, yardstick: Yardstick, detailed: int) -> None:
        self._yardstick = yardstick
        self._detailed = detailed
        self._summary = UsageSummary()
        self._parts: list[Finding] = []
        self._unsound = 0
        self._answers = 0
        self.count = 0

    def add(self, item: Item) -> None:
        """Explain one item."""
        self.count += 1
        self._answers += item.kind in TO_INSTANCE
        part = self._explain(item)
        self._unsound += not part.is_sound
        is_faulty = not part.is_sound and self._unsound <= self._detailed
        if self.count <= self._detailed or is_faulty:
            self._parts.append(part)

    def _explain(self, item: Item) -> Finding:
        try:
            if item.kind is ItemKind.RUM_REPORT:
                return self._explain_report(item.text)
            if item.kind is ItemKind.SYSTEM_INFO:
                return _explain_system_info(item.text)
            if item.kind in {ItemKind.UNKNOWN, ItemKind.AUTH_REQUEST}:
                return Finding(title=f"Element {item.name}, which this release does not read")
            return self._explain_document(item)
        except Problem as problem:
            return Finding(title=f"{item.name} that cannot be read", problem=problem)

    def _explain_report(self, text: str) -> Finding:
        try:
            report = read_report(text)
        except Problem:
            self._summary.unreadable += 1
            raise
        finding = explain_report(report, self._yardstick)
        self._summary.add(report, finding.seal)
        return finding

    def _explain_document(self, item: Item) -> Finding:
        document = read_document(item.text)
        finding = explain_document(document, self._yardstick)
        if document.type == RootSet.TYPE and finding.seal is Seal.HOLDS:
            # As an import does: what follows in the file is judged by the newer set.
            store = self._yardstick.trust.advance_all([document])
            self._yardstick = replace(self._yardstick, trust=store)
        return replace(finding, next_steps=())

    def _next_step(self) -> str:
        if self._unsound:
            return _FAULTY_STEP
        return _ANSWER_STEP if self._answers else _USAGE_STEP

    def finding(self) -> Finding:
        """Return what was found in the whole file."""
        facts = [("Items", str(self.count))]
        if self._summary.reports or self._summary.unreadable:
            facts.extend(self._summary.facts())
        told = len(self._parts)
        if told < self.count:
            facts.append(("Told below", f"the first {self._detailed}, and faulty ones: {told}"))
        if self._unsound:
            facts.append(("Faulty", f"{self._unsound} of {self.count}"))
        is_answer = bool(self._answers)
        return Finding(
            title="Answer file, for a product instance"
            if is_answer
            else "Usage file, for the portal",
            facts=tuple(facts),
            next_steps=(self._next_step(),),
            parts=tuple(self._parts),
        )


def _explain_system_info(text: str) -> Finding:
    what = "the system information"
    fields = Fields(decode(text, what=what, cap=256 * 1024), what)
    facts = []
    udi = fields.optional_udi("sudi")
    if udi is not None:
        facts.append(("Whose", udi_text(udi)))
    for label, name in (("Host name", "hostname"), ("Product", "software_tag_identifier")):
        value = fields.optional_text(name)
        if value is not None:
            facts.append((label, value))
    facts.append(("Devices", str(len(fields.items("device_list")))))
    return Finding(title="System information", facts=tuple(facts), seal=Seal.UNSIGNED)


def explain_json(data: bytes, yardstick: Yardstick) -> Finding:
    """Explain one JSON file.

    Args:
        data: Its bytes.
        yardstick: What to judge by.

    Returns:
        The finding.

    Raises:
        Problem: ``wrong-type`` where it is none of this system, or of strict decoding.
    """
    what = "the file"
    fields = Fields(decode(data, what=what, cap=_SMALL), what)
    for marks, explain in _JSON_KINDS.items():
        if all(mark in fields for mark in marks):
            return explain(data, fields, yardstick)
    raise Problem("wrong-type", "The file is JSON, but no document of this system.")


def _explain_one(data: bytes, _fields: Fields, yardstick: Yardstick) -> Finding:
    return explain_document(read_document(data), yardstick)


def _explain_item(data: bytes, _fields: Fields, yardstick: Yardstick) -> Finding:
    return explain_report(read_report(data), yardstick)


def _explain_manufacturer(data: bytes, _fields: Fields, _yardstick: Yardstick) -> Finding:
    manufacturer = Manufacturer.from_json(data)
    return Finding(
        title="Manufacturer",
        facts=(
            ("Name", manufacturer.name),
            ("Makes", ", ".join(sorted(manufacturer.pids))),
            ("Serials", ", ".join(f"{prefix}…" for prefix in manufacturer.serial_prefixes)),
            ("Key", manufacturer.certificate.key_id),
        ),
        next_steps=("Give it with --manufacturer to check product instances that it made.",),
    )


def _explain_bundle(_data: bytes, fields: Fields, _yardstick: Yardstick) -> Finding:
    facts = [("Whose", udi_text(fields.udi("udi")))]
    profile = fields.optional_child("profile")
    if profile is not None:
        facts.append(("Product", profile.text("title")))
        names = (licence.text("name") for licence in profile.items("licences"))
        facts.append(("Licences", ", ".join(dict.fromkeys(names))))
    made_at = fields.optional_time("made_at")
    if made_at is not None:
        facts.append(("Made at", date_text(made_at)))
    return Finding(
        title="Device bundle",
        facts=tuple(facts),
        next_steps=("Start the product instance with it: `gauger instance run --bundle`.",),
    )


_JSON_KINDS: Final[Mapping[tuple[str, ...], Callable[[bytes, Fields, Yardstick], Finding]]] = (
    MappingProxyType(
        {
            ("type", "body"): _explain_one,
            ("payload",): _explain_item,
            ("certificate", "serial_prefixes"): _explain_manufacturer,
            ("udi", "made_at"): _explain_bundle,
        }
    )
)


def _explain_pem(data: bytes, yardstick: Yardstick) -> Finding:
    if b"PRIVATE KEY" in data.partition(b"\n")[0]:
        return Finding(
            title="Private key",
            next_steps=("Keep it secret: mode 0600, in a folder of mode 0700.",),
        )
    certificates = map(keyring.load_certificate, keyring.certificates_from_pem(data))
    parts = tuple(_explain_certificate(each, yardstick) for each in certificates)
    return Finding(title="Certificates", facts=(("Number", str(len(parts))),), parts=parts)


def _explain_certificate(certificate: Certificate, yardstick: Yardstick) -> Finding:
    facts = [
        ("Name", certificate.common_name or "none"),
        ("Key", str(certificate.key_id)),
        ("Valid to", date_text(certificate.not_after)),
    ]
    if certificate.subject_serial is None:
        title = "Certificate that certifies others" if certificate.may_certify else "Certificate"
        return Finding(title=title, facts=tuple(facts))
    udi = keyring.sudi_udi(certificate)
    seal: Seal | None = None
    detail = ""
    if yardstick.trust.manufacturers:
        try:
            yardstick.trust.verify_sudi((certificate.der,), udi, yardstick.now)
            seal, detail = Seal.HOLDS, "made by a manufacturer that you trust"
        except Problem as problem:
            seal, detail = Seal.FAILS, f"{problem.detail} ({problem.code})"
    facts.insert(0, ("Whose", udi_text(udi)))
    return Finding(title="SUDI certificate", facts=tuple(facts), seal=seal, seal_detail=detail)


def _explain_profile(path: Path) -> Finding:
    try:
        table = tomllib.loads(_read_small(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Problem("profile-invalid", f"{path} is not TOML: {error}.") from error
    profile = read_profile(table, source=str(path))
    facts = [("Product", profile.title), ("Product ids", ", ".join(profile.pids))]
    facts.extend(
        ("Licence", f"{licence.name}: {licence.term}, {licence.enforcement} ({licence.tag})")
        for licence in profile.licences
    )
    return Finding(title="Product profile", facts=tuple(facts))


def _explain_folder(folder: Path, yardstick: Yardstick) -> Finding:
    """Explain a device bundle, or the files of another folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())[:_FOLDER_LIMIT]
    parts = tuple(_explain_member(folder, path, yardstick) for path in files)
    if not parts:
        raise Problem("file-not-found", f"The folder {folder} is empty.")
    is_bundle = (folder / "bundle.json").is_file()
    title = "Device bundle folder" if is_bundle else "Folder"
    return Finding(title=title, facts=(("Files", str(len(parts))),), parts=parts)


def _explain_member(folder: Path, path: Path, yardstick: Yardstick) -> Finding:
    name = path.relative_to(folder).as_posix()
    try:
        finding = inspect_path(path, yardstick)
    except Problem as problem:
        return Finding(
            title=f"{name}: not a file that is read here", facts=(("Is", problem.detail),)
        )
    return replace(finding, title=f"{name}: {finding.title}")
