"""Explains the XML files that people carry, item by item, and damaged ones as far as they go."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from gauger.core.documents.authorization_items import read_authorization_item
from gauger.core.documents.envelope import read_document
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.rum_report import read_report
from gauger.core.documents.smart_license import TO_INSTANCE, Caps, Item, ItemKind, read_items
from gauger.core.fields import Fields
from gauger.core.problems import Problem
from gauger.core.strict_json import decode
from gauger.tools.explain_document import explain_document
from gauger.tools.explain_report import UsageSummary, Yardstick, explain_report, udi_text
from gauger.tools.finding import Finding, Seal, counted

_MOST_NAMED: Final = 1000
_ANY: Final = "any product instance"
_FILE_CAPS: Final = Caps(total=2 * 1024**3)
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
_NAMES: Final[Mapping[ItemKind, tuple[str, str]]] = MappingProxyType(
    {
        ItemKind.RUM_REPORT: ("RUM report", "RUM reports"),
        ItemKind.TRUST_REQUEST: ("trust request", "trust requests"),
        ItemKind.SYSTEM_INFO: ("system information", "system informations"),
        ItemKind.AUTH_REQUEST: (
            "authorization request or return",
            "authorization requests or returns",
        ),
        ItemKind.ROOT_SET: ("root set", "root sets"),
        ItemKind.RUM_ACK: ("ACK or verdict", "ACKs or verdicts"),
        ItemKind.POLICY: ("policy", "policies"),
        ItemKind.TRUST_CODE: ("trust code", "trust codes"),
        ItemKind.AUTH_CODE: ("authorization code", "authorization codes"),
        ItemKind.ACCOUNT_INFO: ("account information", "account informations"),
        ItemKind.PURCHASE_INFO: ("purchase information", "purchase informations"),
        ItemKind.UNKNOWN: ("element that is not known", "elements that are not known"),
    }
)
_TITLES: Final = (
    (ItemKind.RUM_ACK, "Answer file, for a product instance"),
    (ItemKind.POLICY, "Policy file, for a product instance"),
    (ItemKind.TRUST_CODE, "Trust code file, for a product instance"),
    (ItemKind.AUTH_CODE, "Authorization code file, for a product instance"),
    (ItemKind.ROOT_SET, "Root set file, for a product instance"),
    (ItemKind.ACCOUNT_INFO, "Account information file, for a product instance"),
    (ItemKind.PURCHASE_INFO, "Purchase information file, for a product instance"),
    (ItemKind.RUM_REPORT, "Usage file, for the portal"),
    (ItemKind.TRUST_REQUEST, "Trust request file, for the portal"),
    (ItemKind.AUTH_REQUEST, "Authorization request or return file, for the portal"),
)


def explain_file(chunks: Iterable[bytes], yardstick: Yardstick, detailed: int) -> Finding:
    """Explain an XML file; a damaged one as far as it can be read."""
    explainer = _FileExplainer(yardstick, detailed)
    damage = None
    try:
        for item in read_items(chunks, caps=_FILE_CAPS):
            explainer.add(item)
    except Problem as problem:
        # Nothing came before the damage: it may be no file of this system at all.
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
        self._kinds: Counter[ItemKind] = Counter()
        self._whose: Counter[str] = Counter()
        self._seals: Counter[Seal] = Counter()
        self.count = 0

    def add(self, item: Item) -> None:
        """Explain one item."""
        self.count += 1
        self._kinds[item.kind] += 1
        part = self._explain(item)
        self._unsound += not part.is_sound
        # Faulty ones are told wherever they stand: among a thousand good ones that is what was
        # asked.
        is_faulty = not part.is_sound and self._unsound <= self._detailed
        if self.count <= self._detailed or is_faulty:
            self._parts.append(part)

    def _explain(self, item: Item) -> Finding:
        try:
            if item.kind is ItemKind.RUM_REPORT:
                return self._explain_report(item.text)
            if item.kind is ItemKind.SYSTEM_INFO:
                return _explain_system_info(item.text)
            # Of a later release perhaps: unknown is no fault, or old readers would call new files
            # damaged.
            if item.kind is ItemKind.UNKNOWN:
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
        is_asked = item.kind is ItemKind.AUTH_REQUEST
        read = read_authorization_item if is_asked else read_document
        document = read(item.text)
        finding = explain_document(document, self._yardstick)
        if document.type == RootSet.TYPE and finding.seal is Seal.HOLDS:
            # As an import does: what follows in the file is judged by the newer set.
            store = self._yardstick.trust.advance_all([document])
            self._yardstick = replace(self._yardstick, trust=store)
        self._note(finding)
        # What to do is said once, of the whole file: a part of it cannot be imported.
        return replace(finding, next_steps=())

    def _note(self, finding: Finding) -> None:
        """Count a document by whom it is for and by its signature."""
        if finding.seal is not None:
            self._seals[finding.seal] += 1
        whose = next((text for label, text in finding.facts if label in {"For", "Whose"}), _ANY)
        # A file may name as many product instances as it has items; memory must not follow it.
        if whose in self._whose or len(self._whose) < _MOST_NAMED:
            self._whose[whose] += 1

    def _document_facts(self) -> Iterator[tuple[str, str]]:
        for whose, count in self._whose.items():
            yield "For", f"{whose}: {counted(count, 'document', 'documents')}"
        for seal, count in self._seals.items():
            yield "Signatures", f"{count} {seal.value}"

    def _next_step(self) -> str:
        if self._unsound:
            return _FAULTY_STEP
        return _ANSWER_STEP if self._is_answer() else _USAGE_STEP

    def _is_answer(self) -> bool:
        # Whatever else stands in it: a file with one answer is a device's to read.
        return any(kind in TO_INSTANCE for kind in self._kinds)

    def _title(self) -> str:
        found = (title for kind, title in _TITLES if kind in self._kinds)
        return next(found, "File for the portal")

    def finding(self) -> Finding:
        """Return what was found in the whole file."""
        items = (counted(count, *_NAMES[kind]) for kind, count in self._kinds.items())
        facts = [("Items", ", ".join(items) or "none")]
        if self._summary.reports or self._summary.unreadable:
            facts.extend(self._summary.facts())
        if self._is_answer():
            facts.extend(self._document_facts())
        told = len(self._parts)
        if told < self.count:
            facts.append(("Told below", f"the first {self._detailed}, and faulty ones: {told}"))
        if self._unsound:
            facts.append(("Faulty", f"{self._unsound} of {self.count}"))
        return Finding(
            title=self._title(),
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
    # Nobody decides anything by it: it may say what it likes.
    return Finding(title="System information", facts=tuple(facts), seal=Seal.UNSIGNED)
