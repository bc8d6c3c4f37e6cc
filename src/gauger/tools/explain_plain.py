"""Explains what is neither XML, JSON, PEM nor a store: texts, secrets, and files of others."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gauger.adapters.storage.instance_open import ANCHOR_NAME, KEY_NAME
from gauger.adapters.storage.sealed import KEY_BYTES
from gauger.core.documents import keyring
from gauger.core.problems import Problem
from gauger.cssm.local import SECRET
from gauger.tools.finding import Finding, unknown
from gauger.tools.secrecy import exposed, private

_MAGIC: Final[Mapping[bytes, str]] = MappingProxyType(
    {
        b"\xed\xab\xee\xdb": "an RPM package",
        b"!<arch>\n": "a Debian package or an archive of object files",
        b"\x1f\x8b": "packed with gzip: unpack it first (a tar file inside: `tar xzf`)",
        b"BZh": "packed with bzip2: unpack it first",
        b"\xfd7zXZ\x00": "packed with xz: unpack it first",
        b"\x28\xb5\x2f\xfd": "packed with zstd: unpack it first",
        b"PK\x03\x04": "a ZIP archive: unpack it first",
        b"%PDF": "a PDF document",
        b"\x89PNG": "a picture (PNG)",
        b"\xff\xd8\xff": "a picture (JPEG)",
        b"\x7fELF": "a program for Linux",
        b"MZ": "a program for Windows",
        b"#!": "a script",
        b"-----BEGIN PGP": "something of PGP",
        b"ssh-": "a public key of SSH",
    }
)
_HTML: Final = re.compile(rb"\s*<(!doctype html|html|head|body)", re.IGNORECASE)
_SHOW: Final = (
    ("Smart Licensing Usage Report Detail:", "show license rum id … detail"),
    ("Smart Licensing Usage Report:", "show license rum id all"),
    ("Smart Licensing Tech Support info", "show license tech-support"),
    ("Smart Licensing Status", "show license all"),
    ("**** Event Log ****", "show license eventlog"),
    ("Message History (oldest to newest):", "show license history message"),
    ("Account Information:", "show license status"),
    ("License Usage:", "show license summary or usage"),
    ("License Authorization:", "show license usage"),
    ("HA UDI List:", "show license udi"),
    ("UDI: PID:", "show license udi"),
)
_SHOW_STEP: Final = (
    "It is for reading: Gauger's own programs do not read it. What is signed stands in the usage "
    "file: `license smart save usage all file PATH`."
)
_KEEP_STEP: Final = "Keep it secret: mode 0600. The portal itself keeps only its digest."
_SECRET_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{43}")
# As the portal makes them: 192 random bits in base64 are 32 characters, 256 are 43.
_TOKEN_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{32}")
_ADDRESS: Final = re.compile(r"https?://[^\s]{1,2048}")
_CONFIG: Final = re.compile(r"^(no )?license smart ", re.MULTILINE)
_LOG: Final = re.compile(
    r"^(\*\*\* )?(The portal answers at|TEST CLOCK|Product instance PID:)", re.MULTILINE
)
_BESIDE_STORE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "-wal": "Log of a store: what was written last stands in it until SQLite takes it over",
        "-shm": "Index of a store's log, made anew whenever it is needed",
        "-journal": "Journal of a store: an unfinished change stands in it",
        ".part": "Unfinished file: its writer was cut off, or is at work",
        ".new": "Unfinished file: its writer was cut off, or is at work",
        ".begun": "New store of a product instance that is not in its place yet",
    }
)
_BESIDE_STEP: Final = "Leave it where it is: it belongs to the file whose name it begins with."


def explain_by_name(path: Path, size: int) -> Finding | None:
    """Explain a file whose name says what it is, or None.

    Args:
        path: The file.
        size: Its size, bytes.

    Returns:
        The finding; a secret's has a problem where others may read it.
    """
    for suffix, title in _BESIDE_STORE.items():
        if path.name.endswith(suffix):
            return Finding(title=title, facts=_size(size), next_steps=(_BESIDE_STEP,))
    if not size and (path.name == "lock" or path.name.endswith(".lock")):
        step = "Leave it: the process that holds it is the only one that writes to the store."
        return Finding(title="Lock of a store", next_steps=(step,))
    explain = _BY_NAME.get(path.name)
    return None if explain is None else explain(path, size)


def _explain_store_key(path: Path, size: int) -> Finding:
    title = "Key that seals a product instance's store"
    step = "Keep it secret, beside its anchor. Without it the store begins anew."
    problem = exposed(path)
    # Said of a key that others may read, too: a wrong length is what stops the device.
    if size != KEY_BYTES:
        problem = Problem("key-store-failed", f"It has {size} bytes, not {KEY_BYTES}.")
    facts = (*_size(size), *private(path))
    return Finding(title=title, facts=facts, problem=problem, next_steps=(step,))


def _explain_anchor(path: Path, size: int) -> Finding:
    holds = "how far the store had come; sealed with the key beside it"
    facts = (("Holds", holds), *_size(size), *private(path))
    step = "Leave it: by it a store that was copied back is found out. `gauger fsck` compares them."
    title = "Anchor of a product instance's store"
    return Finding(title=title, facts=facts, problem=exposed(path), next_steps=(step,))


def _explain_secret(path: Path, _size: int) -> Finding:
    whose = "the API client `administrator` of the portal in this folder"
    facts = (("Whose", whose), *private(path))
    steps = (_KEEP_STEP, "If others saw it: `gauger cssm admin reset` on the portal's host.")
    title = "Administrator's secret of a portal"
    return Finding(title=title, facts=facts, problem=exposed(path), next_steps=steps)


_BY_NAME: Final[Mapping[str, Callable[[Path, int], Finding]]] = MappingProxyType(
    {KEY_NAME: _explain_store_key, ANCHOR_NAME: _explain_anchor, SECRET: _explain_secret}
)


def explain_plain(path: Path, start: bytes) -> Finding | None:
    """Explain a text of this system, or tell what else a file looks like.

    Args:
        path: The file.
        start: Its first bytes.

    Returns:
        The finding; None where it may be a licensing file in base64.
    """
    for magic, looks_like in _MAGIC.items():
        if start.startswith(magic):
            return unknown(looks_like)
    # Not at "<" alone: the files of this system begin so as well.
    if _HTML.match(start):
        return unknown("a web page, such as the sign-in page of a proxy, saved instead of the file")
    # A power loss may leave a file at its full length whose content never reached the disk.
    if not start.strip(b"\x00"):
        return unknown("nothing but zero bytes, such as a file that was never written to its end")
    try:
        text = start.decode("utf-8", "strict")
    except UnicodeDecodeError:
        return _explain_binary(start)
    return _explain_text(path, text)


def _explain_binary(start: bytes) -> Finding | None:
    # UTF-16: a usage file that an editor saved anew is read as one further on.
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    # What ASN.1 begins with: a sequence has the tag 0x30.
    if start.startswith(b"0"):
        try:
            certificate = keyring.load_certificate(start)
        except Problem:
            return unknown("binary data in ASN.1, such as a key or a request for a certificate")
        facts = (("Name", certificate.common_name or "none"), ("Key", str(certificate.key_id)))
        step = "This system takes certificates as PEM: `openssl x509 -inform der -in FILE`."
        return Finding(title="Certificate in binary form", facts=facts, next_steps=(step,))
    return unknown("binary data of no kind that is known here")


def _explain_text(path: Path, text: str) -> Finding | None:
    alone = text.strip()
    # By its form alone: the text itself is never printed, for it opens an account.
    if _TOKEN_TEXT.fullmatch(alone):
        facts = (("Note", "32 characters, as an ID token has"), *private(path))
        steps = (
            "Enter it on the product instance: `license smart trust idtoken TOKEN local`.",
            "Keep it secret: who has it can join its account until it expires or is revoked.",
        )
        title = "By its form an ID token"
        problem = exposed(path, in_folder=False)
        return Finding(title=title, facts=facts, problem=problem, next_steps=steps)
    if _SECRET_TEXT.fullmatch(alone):
        title = "By its form a secret of an API client"
        # Anybody may carry these two about: no folder is theirs.
        problem = exposed(path, in_folder=False)
        return Finding(title=title, facts=private(path), problem=problem, next_steps=(_KEEP_STEP,))
    if _ADDRESS.fullmatch(alone):
        step = "A portal leaves it for commands on its host, while it serves."
        return Finding(title="Address", facts=(("Leads to", alone),), next_steps=(step,))
    return _explain_lines(text)


def _explain_lines(text: str) -> Finding | None:
    for mark, command in _SHOW:
        # At the beginning of a line: a mail that quotes a headline is no output.
        if re.search(rf"^\s*{re.escape(mark)}", text, re.MULTILINE):
            facts = (("Looks like", f"`{command}`"),)
            title = "Output of a product instance's show command; not signed"
            return Finding(title=title, facts=facts, next_steps=(_SHOW_STEP,))
    if _CONFIG.search(text):
        count = len(_CONFIG.findall(text))
        step = "Enter its lines: `gauger instance config --data DATA LINE…`."
        title = "Configuration lines of a product instance"
        return Finding(title=title, facts=(("Lines", str(count)),), next_steps=(step,))
    if _LOG.search(text):
        return Finding(title="Output of a running portal or product instance, kept as a log")
    if re.fullmatch(r"[A-Za-z0-9+/=\s]+", text[:64].lstrip("\ufeff")) and len(text) > _SHORT:
        return None  # base64, as mail gateways put it around a file: read as what is inside
    if all(one.isprintable() or one in "\t\r\n\f" for one in text):
        return unknown("a text")
    return unknown("binary data of no kind that is known here")


_SHORT: Final = 100


def _size(size: int) -> tuple[tuple[str, str]]:
    return (("Size", f"{size} bytes"),)
