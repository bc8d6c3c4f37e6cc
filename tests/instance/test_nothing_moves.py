"""A device that is given what is not for it: refused by name, told, and nothing moves."""

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gauger.core.documents import keyring
from gauger.core.documents.smart_license import Item, ItemKind, read_items, write_file
from gauger.core.identity import AccountRef
from gauger.core.policy.rules import Group, Rule
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.views import Scope, Selection, SelectionKind
from gauger.tools.fsck_instance import check_instance
from tests.instance.portal import Portal, answer_file
from tests.instance.test_offline import carried, off
from tests.instance.world import World, names, tag_of

Damage = Callable[[bytes], bytes]


def items(content: bytes) -> list[Item]:
    return list(read_items([content]))


def without(kind: ItemKind) -> Damage:
    return lambda content: b"".join(write_file([one for one in items(content) if one.kind != kind]))


def relabelled(content: bytes) -> bytes:
    """Offer the ACK as a policy."""
    (ack, *_) = [one for one in items(content) if one.kind is ItemKind.RUM_ACK]
    return b"".join(write_file([Item(kind=ItemKind.POLICY, text=ack.text)]))


def twin(content: bytes) -> bytes:
    """Put n - s in the place of the s of each signature: who verifies with a library takes both."""

    def changed(one: Item) -> Item:
        document = json.loads(one.text)
        value = base64.b64decode(document["signature"]["value"])
        other = keyring.ORDER - int.from_bytes(value[32:], "big")
        document["signature"]["value"] = base64.b64encode(value[:32] + other.to_bytes(32, "big"))
        document["signature"]["value"] = document["signature"]["value"].decode()
        return replace(one, text=json.dumps(document))

    return b"".join(write_file([changed(one) for one in items(content)]))


ROWS: list[tuple[str, str, Damage, str]] = [
    ("B5", "one bit", lambda content: content[:900] + bytes([content[900] ^ 1]) + content[901:], ""),
    ("B5", "cut in half", lambda content: content[: len(content) // 2], "truncated"),
    ("D1", "cut at the end", lambda content: content[:-2], "truncated"),
    ("B8", "an ACK as a policy", relabelled, "wrong-type"),
    ("D4", "bytes behind it", lambda content: content + b"x", "trailing-data"),
    ("D4", "two glued together", lambda content: content + content, "trailing-data"),
    ("D4", "an archive behind it", lambda content: content + b"PK\x03\x04" + bytes(64),
     "trailing-data"),
    ("D9", "nothing for a device",
     lambda _: b"".join(write_file([Item(kind=ItemKind.RUM_REPORT, text="{}")])), "wrong-type"),
    ("E5", "an external entity",
     lambda content: b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + content,
     "xml-not-allowed"),
    ("E5", "an entity bomb",
     lambda content: b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]>' + content,
     "xml-not-allowed"),
    ("D10", "a byte lost inside", lambda content: content.replace(b"</", b"<", 1), "malformed"),
    ("C5", "the twin of its signature", twin, "signature-invalid"),
]  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            (damage, code), id=f"{row} {what}", marks=pytest.mark.threat(row, role="instance")
        )
        for row, what, damage, code in ROWS
    ],
)
def test_what_is_damaged_or_not_for_it_is_refused_and_told(
    world: World, portal: Portal, device: Agent, row: tuple[Damage, str]
) -> None:
    damage, code = row
    off(device)
    ack = carried(world, portal, device)
    honest = ack.read_bytes()
    ack.write_bytes(damage(honest))
    before = (device.status(), device.report_rows())
    with pytest.raises(Problem) as caught:
        device.import_file(ack)

    assert caught.value.code == code or not code  # one bit may hurt the form or the signature
    assert (device.status(), device.report_rows()) == before
    assert "SMART_LIC-3-IMPORT_FAILED" in names(device)
    assert check_instance(world.root / "device") == []
    ack.write_bytes(honest)
    assert device.import_file(ack).acknowledged


@pytest.mark.threat("D10", role="instance")
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content + b"\r\n\r\n",
    ],
    ids=["byte order mark", "CRLF", "empty lines"],
)
def test_what_a_gateway_does_to_a_file_is_undone(
    world: World, portal: Portal, device: Agent, damage: Damage
) -> None:
    off(device)
    ack = carried(world, portal, device)
    renamed = Path(f"{ack}.txt")
    renamed.write_bytes(damage(ack.read_bytes()))
    assert device.import_file(renamed).acknowledged


@pytest.mark.threat("D5", role="instance")
def test_a_file_twice_is_one_import(world: World, portal: Portal, device: Agent) -> None:
    off(device)
    ack = carried(world, portal, device)
    device.import_file(ack)
    before = (device.status(), device.report_rows())
    assert device.import_file(ack).acknowledged == ()
    assert (device.status(), device.report_rows()) == before


@pytest.mark.threat("D5", role="instance")
def test_a_file_that_two_users_import_at_once_is_one_import(
    world: World, portal: Portal, device: Agent
) -> None:
    off(device)
    ack = carried(world, portal, device)
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(len(device.import_file(ack).acknowledged)))
        for _ in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert sorted(found) == [0, 0, 0, 1]
    assert check_instance(world.root / "device") == []


@pytest.mark.threat("D7", role="instance")
@pytest.mark.parametrize("code", ["wrong-audience", "wrong-subject"])
def test_a_file_for_another_account_or_device_is_refused_and_told(
    world: World, portal: Portal, device: Agent, code: str
) -> None:
    off(device)
    device.import_file(carried(world, portal, device))
    if code == "wrong-audience":
        portal.account = AccountRef("other.example", "DEFAULT")
    theirs = carried(world, portal, device)
    if code == "wrong-subject":
        theirs.write_bytes(answer_file([portal.account_info(replace(device.udi, serial="GGR9"))]))
    before = (device.status(), device.report_rows())
    with pytest.raises(Problem, match=code):
        device.import_file(theirs)
    assert (device.status(), device.report_rows()) == before
    assert "SMART_LIC-3-IMPORT_FAILED" in names(device)
    assert check_instance(world.root / "device") == []


@pytest.mark.threat("B9", role="instance")
@pytest.mark.threat("D6", role="instance")
def test_an_older_document_over_a_newer_lowers_nothing_and_is_told(
    world: World, portal: Portal, device: Agent
) -> None:
    off(device)
    device.import_file(carried(world, portal, device))
    older = portal.policy_document({Group.PERPETUAL: Rule(30, 30, 30)}, "Older")
    newer = portal.policy_document({Group.PERPETUAL: Rule(30, 14, 7)}, "Newer")
    path = world.root / "policy.xml"
    path.write_bytes(answer_file([newer]))
    device.import_file(path)
    before = device.status()
    assert before.policy.name == "Newer"
    path.write_bytes(answer_file([older]))
    with pytest.raises(Problem, match="stale-version"):
        device.import_file(path)
    assert device.status() == before
    assert "SMART_LIC-3-POLICY_INSTALL_FAILED" in names(device)


@pytest.mark.threat("B11", role="instance")
def test_a_policy_out_of_range_leaves_the_old_one_and_is_told(
    world: World, portal: Portal, device: Agent
) -> None:
    off(device)
    device.import_file(carried(world, portal, device))
    before = device.status().policy
    good = portal.policy_document({Group.PERPETUAL: Rule(30, 14, 7)}, "Wild")
    path = world.root / "policy.xml"
    path.write_bytes(answer_file([good]).replace(b":14,", b":1000000000,"))
    with pytest.raises(Problem):
        device.import_file(path)
    assert device.status().policy == before


@pytest.mark.threat("F9", role="instance")
def test_no_secret_of_a_device_reaches_what_it_writes_or_shows(
    world: World, portal: Portal, online: Agent
) -> None:
    canary = "canary-8e7d1c0b5a"
    online.establish_trust(canary, Scope.LOCAL, force=False)
    online.set_count(tag_of(online), 1)
    world.clock.advance(60)
    online.save_usage(Selection(kind=SelectionKind.ALL), world.root / "device" / "usage.xml")
    shown = repr((online.status(), online.report_rows(), online.events()))
    online.stop()

    assert portal.seen
    assert canary not in shown
    files = [path for path in (world.root / "device").rglob("*") if path.is_file()]
    assert [path.name for path in files if canary.encode() in path.read_bytes()] == []
