"""A signer that is revoked, over or unknown is not believed by a whole device; what it holds stays."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gauger.adapters.keys.file import FileSigner
from gauger.core.documents.envelope import DirectSignature, Document, preimage
from gauger.core.documents.keyring import load_certificate
from gauger.core.policy.rules import Group, Rule
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.tools.fsck_instance import check_instance
from gauger.tools.trust import RootFolder
from tests.instance.portal import Portal, answer_file
from tests.instance.test_offline import carried, off
from tests.instance.test_rooting import newest_file, stranger_of
from tests.instance.world import World, names


@pytest.mark.threat("C1", role="instance")
def test_a_revoked_signer_is_refused_once_the_device_knows_and_nothing_moves(
    world: World, portal: Portal, device: Agent
) -> None:
    off(device)
    device.import_file(carried(world, portal, device))
    before = device.status().policy
    root = RootFolder(world.factory / "root", world.workshop)
    root.revoke(portal.signer.key_id)
    device.import_trust([newest_file(world.factory / "root")])
    path = world.root / "policy.xml"
    path.write_bytes(answer_file([portal.policy_document({Group.PERPETUAL: Rule(9, 9, 9)})]))

    is_refused(device, path, "key-revoked")
    assert device.status().policy == before
    assert check_instance(world.root / "device") == []


@pytest.mark.threat("D14", role="instance")
@pytest.mark.parametrize("critical", [["later"], []])
def test_a_field_of_a_newer_release_is_heeded_only_where_it_is_critical(
    world: World, portal: Portal, device: Agent, critical: list[str]
) -> None:
    off(device)
    device.import_file(carried(world, portal, device))
    before = device.status().policy
    document = portal.policy_document({Group.PERPETUAL: Rule(9, 9, 9)}, "Newer")
    body = json.loads(document.body)
    body |= {"later": 1, "critical": critical}
    body = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    path = world.root / "policy.xml"
    path.write_bytes(answer_file([signed_again(portal.signer, document, body)]))
    if not critical:
        assert device.import_file(path).installed == ("policy",)
        return
    is_refused(device, path, "upgrade-needed")
    assert device.status().policy == before


@pytest.mark.threat("C1", role="instance")
def test_who_never_hears_of_a_revocation_believes_a_signer_until_its_certificate_ends(
    world: World, portal: Portal, device: Agent
) -> None:
    """Without contact the stolen key is of use no longer than the certificate says."""
    off(device)
    device.import_file(carried(world, portal, device))
    RootFolder(world.factory / "root", world.workshop).revoke(portal.signer.key_id)
    path = world.root / "policy.xml"

    def offered(days: int) -> None:
        path.write_bytes(answer_file([portal.policy_document({Group.PERPETUAL: Rule(days, 9, 9)})]))

    offered(9)
    assert device.import_file(path).installed == ("policy",)
    before = device.status().policy
    end = load_certificate(portal.signer.chain[0]).not_after
    world.clock.advance(end + 1 - world.clock.wall)
    offered(8)
    is_refused(device, path, "signer-expired")
    assert device.status().policy == before


@pytest.mark.threat("C7", role="instance")
def test_a_signer_that_came_along_is_not_believed(
    world: World, portal: Portal, device: Agent
) -> None:
    off(device)
    device.import_file(carried(world, portal, device))
    before = device.status().policy
    document = portal.policy_document({Group.PERPETUAL: Rule(9, 9, 9)})
    body = json.loads(document.body) | {"jwk": {"kty": "EC"}, "jku": "http://127.0.0.1:1/keys"}
    body = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    forged = signed_again(stranger_of(world).signer(), document, body)
    path = world.root / "policy.xml"
    path.write_bytes(answer_file([forged]))

    is_refused(device, path, "unknown-key")
    assert device.status().policy == before
    assert check_instance(world.root / "device") == []


def signed_again(signer: FileSigner, document: Document, body: bytes) -> Document:
    """Sign a body that this release would not write."""
    value = signer.sign(preimage(document.type, document.version, body))
    signature = DirectSignature(value=value, chain=signer.chain)
    return replace(document, body=body, signature=signature)


def is_refused(device: Agent, path: Path, code: str) -> None:
    """Import a file whose policy is refused by name, which is told in the event log."""
    with pytest.raises(Problem, match=code):
        device.import_file(path)
    assert "SMART_LIC-3-POLICY_INSTALL_FAILED" in names(device)
