"""Explains JSON files: signed documents, bundles, manufacturers, policies and what else there is."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gauger.core.documents.envelope import read_document
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.purchase_info import Purchase
from gauger.core.documents.rum_report import read_report
from gauger.core.fields import Fields
from gauger.core.problems import TABLE
from gauger.core.strict_json import decode
from gauger.tools.explain_document import explain_document
from gauger.tools.explain_report import Yardstick, explain_report, udi_text
from gauger.tools.finding import Finding, date_text, unknown

SMALL: Final = 4 * 1024 * 1024
"""Most bytes of a JSON file; what is larger is none of this system."""

_MOST_NAMES: Final = 12
_BUNDLE_STEP: Final = (
    "Start the product instance with its folder: `gauger instance run --data DATA --bundle FOLDER`."
)
_POLICY_STEP: Final = (
    "Assign it in the portal (`gauger cssm policy`), or mint with it (`gauger factory mint "
    "--policy FILE`)."
)


def explain_json(data: bytes, yardstick: Yardstick) -> Finding:
    """Explain one JSON file.

    Args:
        data: Its bytes.
        yardstick: What to judge by.

    Returns:
        The finding; one of a file that is not known where it is JSON of something else.

    Raises:
        Problem: Of strict decoding, or of the document that it claims to be.
    """
    what = "the file"
    # Strictly, as the roles do it: a member that stands twice would be explained one way and taken
    # another.
    fields = Fields(decode(data, what=what, cap=SMALL), what)
    for marks, explain in _KINDS.items():
        if all(mark in fields for mark in marks):
            return explain(data, fields, yardstick)
    names = ", ".join(fields.names()[:_MOST_NAMES])
    return unknown(f"JSON with the members {names}" if names else "JSON without any members")


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
    if made_at is None:
        # What a product instance keeps of its bundle has no date of making.
        return Finding(
            title="Identity of a product instance",
            facts=tuple(facts),
            next_steps=("Leave it in its data folder: the product instance reads it at start.",),
        )
    facts.append(("Made at", date_text(made_at)))
    return Finding(
        title="Device bundle",
        facts=tuple(facts),
        next_steps=(_BUNDLE_STEP,),
    )


def _explain_policy(_data: bytes, fields: Fields, _yardstick: Yardstick) -> Finding:
    rules = fields.child("rules")
    facts = [("Name", fields.text("name"))]
    facts.extend(
        (group.capitalize(), _rule_text(rules.optional_child(group))) for group in rules.names()
    )
    return Finding(
        title="Reporting policy as an administrator writes it; not signed yet",
        facts=tuple(facts),
        next_steps=(_POLICY_STEP,),
    )


def _rule_text(rule: Fields | None) -> str:
    days = {} if rule is None else {name: rule.integer(name) for name in rule.names()}
    text = ", ".join(f"{name.replace('_', ' ')} {number}" for name, number in days.items())
    return f"{text} (days; 0 is no requirement)" if text else "no requirement"


def _explain_purchase(_data: bytes, fields: Fields, _yardstick: Yardstick) -> Finding:
    bought = map(Purchase.from_fields, fields.items("items", limit=1024))
    return Finding(
        title="Purchase list for minting; not signed yet",
        facts=tuple(("Bought", f"{item.quantity} x {item.name}, {item.term}") for item in bought),
        next_steps=("Mint a product instance with it: `gauger factory mint --purchase FILE`.",),
    )


def _explain_clock(_data: bytes, fields: Fields, _yardstick: Yardstick) -> Finding:
    return Finding(
        title="Test clock",
        facts=(("Shows", date_text(fields.time("wall"))),),
        next_steps=(
            "Only tests use it (`--clock FILE`); what is signed under it is refused elsewhere.",
        ),
    )


def _explain_problem(_data: bytes, fields: Fields, _yardstick: Yardstick) -> Finding:
    code = fields.text("code")
    # A refusal may come from a newer release, whose codes are not known here.
    step = (TABLE[code].next_step,) if code in TABLE else ()
    facts = (("Code", code), ("Why", fields.text("detail")))
    return Finding(title=f"Refusal: {fields.text('title')}", facts=facts, next_steps=step)


def _explain_fsck(_data: bytes, fields: Fields, _yardstick: Yardstick) -> Finding:
    stores = [
        ("Store", f"{store.text('path')}: {'whole' if store.boolean('whole') else 'NOT whole'}")
        for store in fields.items("stores")
    ]
    return Finding(title="Result of `gauger fsck --json`", facts=tuple(stores))


_KINDS: Final[Mapping[tuple[str, ...], Callable[[bytes, Fields, Yardstick], Finding]]] = (
    MappingProxyType(
        {
            ("type", "body"): _explain_one,
            ("payload",): _explain_item,
            ("certificate", "serial_prefixes"): _explain_manufacturer,
            ("udi", "profile"): _explain_bundle,
            ("udi", "made_at"): _explain_bundle,
            ("name", "rules"): _explain_policy,
            ("items",): _explain_purchase,
            ("wall", "monotonic"): _explain_clock,
            ("code", "title", "detail", "fault"): _explain_problem,
            ("whole", "stores"): _explain_fsck,
        }
    )
)
