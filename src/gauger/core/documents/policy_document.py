"""A reporting policy as a signed document."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final

from gauger.core.documents.body import Versioned, read_versioned
from gauger.core.documents.envelope import Document
from gauger.core.fields import Fields
from gauger.core.policy.rules import Group, Policy, Rule, validate
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue

POLICY_CAP: Final = 16 * 1024
"""Most bytes of a policy."""

_REQUIREMENTS: Final = ("first_report", "frequency", "on_change")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDocument(Versioned):
    """A policy (`spec/policy-document.md`).

    It is for an account, or for all accounts where that is None; never for one product instance.

    Attributes:
        name: Its name, for people.
        ack_required: Whether reports must be acknowledged.
        rules: Requirements in days by group; a group that is left out keeps the default's.
    """

    TYPE: ClassVar[str] = "policy"
    FIELDS: ClassVar[frozenset[str]] = frozenset({"name", "ack_required", "rules"})
    CAP: ClassVar[int] = POLICY_CAP

    name: str
    ack_required: bool
    rules: Mapping[Group, Rule]

    @property
    def policy(self) -> Policy:
        """The policy with all of its groups."""
        return validate(name=self.name, ack_required=self.ack_required, rules=self.rules)

    @classmethod
    def from_document(cls, document: Document) -> "PolicyDocument":
        """Read a policy; its signature is verified elsewhere.

        Raises:
            Problem: As `Body.open`; ``policy-out-of-range`` where a number of days is not 0 to
                3650; ``malformed``.
        """
        fields = cls.open(document)
        head = read_versioned(fields)
        # A policy for one device would let an authority treat it in a way that its account never
        # sees.
        if head["udi"] is not None:
            raise Problem("malformed", f"In {fields.what} `udi` is not null.")
        return cls(
            **head,
            name=fields.text("name", limit=128),
            ack_required=fields.boolean("ack_required"),
            rules=_read_rules(fields.child("rules")),
        )

    def own_json(self) -> dict[str, JsonValue]:
        """Return the fields of a policy alone."""
        return {
            "name": self.name,
            "ack_required": self.ack_required,
            "rules": {
                group.value: {
                    "first_report": rule.first_report,
                    "frequency": rule.frequency,
                    "on_change": rule.on_change,
                }
                for group, rule in self.rules.items()
            },
        }


def _read_rules(fields: Fields) -> Mapping[Group, Rule]:
    # Only groups that are known; one that is left out keeps the default's days.
    rules = {group: _read_rule(fields.child(group)) for group in Group if group in fields}
    return MappingProxyType(rules)


def _read_rule(fields: Fields) -> Rule:
    return Rule(*(fields.integer(name) for name in _REQUIREMENTS))
