"""Manufacturers: who certifies product instances, and which ones (`spec/sudi.md`)."""

import re
from dataclasses import dataclass, field
from typing import Final

from gauger.core.documents import keyring
from gauger.core.documents.keyring import Certificate
from gauger.core.fields import Fields, encode_base64
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.core.strict_json import decode, encode

MANUFACTURER_CAP: Final = 256 * 1024
_PREFIX: Final = re.compile(r"[A-Za-z0-9]{1,16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manufacturer:
    """A manufacturer that an operator has chosen to trust.

    Attributes:
        name: Name for people.
        certificate: The authority that certifies its product instances.
        pids: Product ids that it makes.
        serial_prefixes: What its serial numbers begin with.
        ledger: Id under which its factory signs policies and the like, 32 hexadecimal digits.
    """

    name: str
    certificate: Certificate = field(repr=False)
    pids: frozenset[str]
    serial_prefixes: tuple[str, ...]
    ledger: str

    def declares(self, udi: Udi) -> bool:
        """Tell whether it says that it makes this product instance."""
        # Both: a maker that is trusted for one product must not vouch for another's.
        return udi.pid in self.pids and udi.serial.startswith(self.serial_prefixes)

    @classmethod
    def from_json(cls, data: bytes | str) -> "Manufacturer":
        """Read a manufacturer file.

        Raises:
            Problem: As `strict_json.decode`, and ``malformed``.
        """
        what = "the manufacturer file"
        fields = Fields(decode(data, what=what, cap=MANUFACTURER_CAP), what)
        prefixes = fields.texts("serial_prefixes", limit=64)
        # An empty prefix would declare every serial number, those of other makers among them.
        if not prefixes or not all(map(_PREFIX.fullmatch, prefixes)):
            raise fields.refuse("serial_prefixes", "a list of 1 to 16 letters and digits each")
        certificate = keyring.load_certificate(fields.base64("certificate"))
        # A device's own certificate, imported by mistake, would let that device issue SUDIs.
        if not certificate.may_certify:
            raise Problem("malformed", "The manufacturer's certificate may not certify others.")
        return cls(
            name=fields.text("name", limit=64),
            certificate=certificate,
            pids=frozenset(fields.texts("pids", length=64)),
            serial_prefixes=prefixes,
            ledger=fields.hex_id("ledger"),
        )

    def to_json(self) -> str:
        """Return the text of the manufacturer file."""
        return encode(
            {
                "name": self.name,
                "certificate": encode_base64(self.certificate.der),
                "pids": sorted(self.pids),
                "serial_prefixes": list(self.serial_prefixes),
                "ledger": self.ledger,
            }
        )
