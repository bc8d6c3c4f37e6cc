"""Product profiles: what a product is, which licences it has, and what its release may do.

A profile is data (TOML in a file, JSON in a device bundle); this module judges the table that
either of them holds. Whatever is wrong is refused with the file, the key and what is allowed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from gauger.core.problems import Problem
from gauger.core.releases import Feature, Release, Topology, has

MAXIMUM_LICENCES: Final = 64

# ISO/IEC 19770-2 form: regid, the month of the domain, the reversed domain, a name, version_uuid.
_TAG = re.compile(
    r"regid\.\d{4}-\d{2}(?:\.[A-Za-z0-9-]{1,63}){2,8}(?:[A-Za-z0-9_.-]{0,64}),"
    r"(?:v?\d{1,4}(?:\.\d{1,4})?)_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.ASCII,
)
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", re.ASCII)
_FEATURE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?", re.ASCII)
_PID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9/_.+-]{0,62}[A-Za-z0-9])?", re.ASCII)
_AGENT = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[_/][A-Za-z0-9_/.-]{1,32})?", re.ASCII)
_TEXT = re.compile(r"[ -~]{1,128}")  # printable ASCII: it is printed on terminals and parsed there

Choice = TypeVar("Choice", bound=StrEnum)


class Term(StrEnum):
    """For how long a licence is bought."""

    PERPETUAL = "perpetual"
    SUBSCRIPTION = "subscription"


class Enforcement(StrEnum):
    """Whether a licence works without an authorization code."""

    UNENFORCED = "unenforced"
    ENFORCED = "enforced"
    EXPORT = "export"


class Counting(StrEnum):
    """What a licence is counted by."""

    PRODUCT = "product"
    ACCESS_POINTS = "access-points"


class Origin(StrEnum):
    """Where an identifier comes from."""

    PUBLISHED = "published"
    OWN = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """One licence of a product.

    Attributes:
        tag: Entitlement tag, unique in the profile.
        feature: Short feature name, as operators know it.
        name: Licence name, unique in the profile.
        description: What it licenses.
        term: For how long it is bought.
        enforcement: Whether it needs an authorization code.
        counts: What it is counted by.
        origin: Whether the tag is the vendor's published one or the project's own.
    """

    tag: str
    feature: str
    name: str
    description: str
    term: Term = Term.PERPETUAL
    enforcement: Enforcement = Enforcement.UNENFORCED
    counts: Counting = Counting.PRODUCT
    origin: Origin = Origin.OWN

    @property
    def group(self) -> str:
        """The policy group: ``perpetual``, ``subscription``, ``enforced`` or ``export``."""
        # Only unenforced licences have a policy by their term (spec/policy.md, 1).
        unenforced = self.enforcement is Enforcement.UNENFORCED
        return self.term.value if unenforced else self.enforcement.value

    @property
    def version(self) -> str:
        """The licence's version, which its tag carries: ``1.0``."""
        # The form of the tag was checked when the profile was read: these parts are there.
        return self.tag.rpartition(",")[2].partition("_")[0].removeprefix("v")

    def to_json(self) -> dict[str, str]:
        """Return the table that `read_profile` takes back."""
        return {name: str(getattr(self, name)) for name in _LICENCE_KEYS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One product.

    Attributes:
        name: Its name in commands, for example ``c9800-cl``.
        title: Its name in words.
        pids: Product ids, the usual one first.
        software_tag: Software id tag that its reports carry.
        software_tag_origin: Whether that tag is published or the project's own.
        release: Software release; the release table says what it may do.
        agent_version: Level of the licensing agent, which decides the layout of some output.
        topologies: The ways in which it can report.
        licences: Its licences, in the order in which they are shown.
    """

    name: str
    title: str
    pids: tuple[str, ...]
    software_tag: str
    release: Release
    agent_version: str
    topologies: tuple[Topology, ...]
    licences: tuple[Licence, ...]
    software_tag_origin: Origin = Origin.OWN

    @property
    def agent_level(self) -> tuple[int, int, int]:
        """The three numbers that the agent's version begins with."""
        match = _AGENT.fullmatch(self.agent_version)
        # Only one that did not pass `read_profile` has another form: it gets the oldest layout.
        major, minor, patch = match.groups() if match else ("0", "0", "0")
        return int(major), int(minor), int(patch)

    def allows(self, feature: Feature, topology: Topology | None = None) -> bool:
        """Return whether the product has a feature: topology listed, and release far enough."""
        # A release may know a way to report that this product does not offer.
        listed = topology is None or topology in self.topologies
        return listed and has(feature, self.release, topology)

    def licence(self, tag: str) -> Licence:
        """Find a licence by entitlement tag or by short feature name.

        Raises:
            Problem: ``unknown-entitlement`` where there is none, ``invalid-argument`` where more
                than one licence has that feature name.
        """
        found = [item for item in self.licences if tag in {item.tag, item.feature}]
        if not found:
            known = ", ".join(sorted({item.feature for item in self.licences}))
            # What was typed may be anything, and as long as a line.
            message = f"{tag[:128]!r} is no licence of {self.name}; it has {known}."
            raise Problem("unknown-entitlement", message)
        # Never the first of several: use would be reported for a licence that is not used.
        if len(found) > 1:
            tags = ", ".join(item.tag for item in found)
            message = f"{tag!r} names {len(found)} licences of {self.name}; name the tag: {tags}."
            raise Problem("invalid-argument", message)
        return found[0]

    def counted_by(self, counting: Counting) -> tuple[Licence, ...]:
        """Return the licences that are counted in this way."""
        return tuple(item for item in self.licences if item.counts is counting)

    def to_json(self) -> dict[str, object]:
        """Return the table that `read_profile` takes back."""
        return {
            "name": self.name,
            "title": self.title,
            "pids": list(self.pids),
            "software_tag": self.software_tag,
            "software_tag_origin": self.software_tag_origin.value,
            "release": str(self.release),
            "agent_version": self.agent_version,
            "topologies": [topology.value for topology in self.topologies],
            "licences": [licence.to_json() for licence in self.licences],
        }


_LICENCE_KEYS: Final = (
    "tag",
    "feature",
    "name",
    "description",
    "term",
    "enforcement",
    "counts",
    "origin",
)
_PROFILE_KEYS: Final = (
    "name",
    "title",
    "pids",
    "software_tag",
    "software_tag_origin",
    "release",
    "agent_version",
    "topologies",
    "licences",
)


def read_profile(table: Mapping[str, object], *, source: str) -> Profile:
    """Judge a profile's table.

    Args:
        table: What the TOML or JSON text holds.
        source: Name of the file, for the refusal.

    Raises:
        Problem: ``profile-invalid``, naming file, key and what is allowed.
    """
    reader = _Reader(table, source=source, where="", keys=_PROFILE_KEYS)
    return Profile(
        name=reader.text("name", _NAME, "lower-case letters, digits and hyphens"),
        title=reader.text("title", _TEXT, "1 to 128 printable ASCII characters"),
        pids=reader.texts("pids", _PID, "letters, digits and / _ . + -"),
        software_tag=reader.text("software_tag", _TAG, _TAG_RULE),
        software_tag_origin=reader.choice("software_tag_origin", Origin, Origin.OWN),
        release=reader.release("release"),
        agent_version=reader.text("agent_version", _AGENT, "three numbers such as 5.11.2"),
        topologies=reader.choices("topologies", Topology),
        licences=_read_licences(reader),
    )


_TAG_RULE: Final = (
    "a tag of the form regid.YYYY-MM.<reversed domain>.<NAME>,1.0_<uuid in lower case>"
)


def _read_licences(profile: "_Reader") -> tuple[Licence, ...]:
    tables = profile.tables("licences")
    licences = tuple(_read_licence(table) for table in tables)
    # Not the feature: several licences of one feature are told apart by their tags.
    for key in ("tag", "name"):
        seen: set[str] = set()
        for table, licence in zip(tables, licences, strict=True):
            value = str(getattr(licence, key))
            if value in seen:
                # Usage is told by tag: of two licences with one nobody could say which was used.
                raise table.refusal(key, value, "a value that no other licence of the file has")
            seen.add(value)
    return licences


def _read_licence(reader: "_Reader") -> Licence:
    return Licence(
        tag=reader.text("tag", _TAG, _TAG_RULE),
        feature=reader.text("feature", _FEATURE, "letters, digits and . _ -"),
        name=reader.text("name", _TEXT, "1 to 128 printable ASCII characters"),
        description=reader.text("description", _TEXT, "1 to 128 printable ASCII characters"),
        term=reader.choice("term", Term),
        enforcement=reader.choice("enforcement", Enforcement),
        counts=reader.choice("counts", Counting, Counting.PRODUCT),
        origin=reader.choice("origin", Origin, Origin.OWN),
    )


class _Reader:
    """A table of the profile, read key by key."""

    def __init__(
        self, table: Mapping[str, object], *, source: str, where: str, keys: Sequence[str]
    ) -> None:
        self._table, self._source, self._where = table, source, where
        for key in table:
            if key not in keys:
                # Spelt wrong (`count`), a key would leave its default in force, unseen.
                raise self._invalid(key[:128], f"is not known; allowed are {', '.join(keys)}")

    def text(self, key: str, form: re.Pattern[str], rule: str) -> str:
        """Return a required text of a form."""
        value = self._required(key)
        if not isinstance(value, str) or not form.fullmatch(value):
            raise self.refusal(key, value, rule)
        return value

    def texts(self, key: str, form: re.Pattern[str], rule: str) -> tuple[str, ...]:
        """Return a required list of different texts, at least one."""
        items = self._items(key)
        for item in items:
            if not isinstance(item, str) or not form.fullmatch(item):
                raise self.refusal(key, item, rule)
        texts = tuple(str(item) for item in items)
        if len(set(texts)) < len(texts):
            raise self._invalid(key, "names the same value twice")
        return texts

    def choice(self, key: str, choices: type[Choice], default: Choice | None = None) -> Choice:
        """Return one of a closed list; required where there is no default."""
        # Term and enforcement have none: forgotten, they would decide how it is licensed.
        if default is not None and key not in self._table:
            return default
        value = self._required(key)
        for choice in choices:
            if value == choice.value:
                return choice
        raise self.refusal(key, value, f"one of {', '.join(choices)}")

    def choices(self, key: str, choices: type[Choice]) -> tuple[Choice, ...]:
        """Return several of a closed list, at least one."""
        known = {choice.value: choice for choice in choices}
        rule = f"one of {', '.join(choices)}"
        # The form is judged below, by the list itself; here only that they are texts, none twice.
        anything = re.compile(".*", re.DOTALL)
        found: list[Choice] = []
        for text in self.texts(key, anything, rule):
            if text not in known:
                raise self.refusal(key, text, rule)
            found.append(known[text])
        return tuple(found)

    def release(self, key: str) -> Release:
        """Return a required release."""
        value = self._required(key)
        if not isinstance(value, str):
            raise self.refusal(key, value, "a release in quotes such as 17.9.4")
        try:
            return Release.parse(value)
        except Problem as error:
            raise self.refusal(key, value, "a release such as 17.9.4 or 17.3.2a") from error

    def tables(self, key: str) -> tuple["_Reader", ...]:
        """Return a required list of tables, at least one, at most `MAXIMUM_LICENCES`."""
        items = self._items(key)
        # Each licence in use has an open report of its own, in memory and in every sending.
        if len(items) > MAXIMUM_LICENCES:
            raise self._invalid(key, f"has {len(items)} entries; at most {MAXIMUM_LICENCES}")
        readers: list[_Reader] = []
        for number, item in enumerate(items, start=1):
            where = f"{key}[{number}]."
            if not isinstance(item, Mapping):
                raise self._invalid(f"{key}[{number}]", "must be a table")
            readers.append(
                _Reader(item, source=self._source, where=where, keys=_LICENCE_KEYS),
            )
        return tuple(readers)

    def refusal(self, key: str, value: object, rule: str) -> Problem:
        """Make the refusal of a value."""
        return self._invalid(key, f"is {_quoted(value)}, but must be {rule}")

    def _required(self, key: str) -> object:
        if key not in self._table:
            raise self._invalid(key, "is missing")
        return self._table[key]

    def _items(self, key: str) -> list[object]:
        value = self._required(key)
        # A text is a sequence too: `pids = "C9300"` would be five product ids.
        if not isinstance(value, list) or not value:
            raise self._invalid(key, "must be a list with at least one entry")
        return value

    def _invalid(self, key: str, what: str) -> Problem:
        return Problem("profile-invalid", f"{self._source}: {self._where}{key} {what}.")


def _quoted(value: object) -> str:
    try:
        return repr(str(value)[:128])
    except ValueError:
        # TOML reads hexadecimal numbers of any length; Python writes none of over 4300 digits.
        return "a number of thousands of digits"
