"""A signer that is revoked is believed no more by a whole device; what it holds stays."""

import json
from dataclasses import replace

import pytest

from gauger.core.documents.envelope import DirectSignature, Document, preimage
from gauger.core.policy.rules import Group, Rule
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.tools.fsck_instance import check_instance
from gauger.tools.trust import RootFolder
from tests.instance.portal import Portal, answer_file
from tests.instance.test_offline import carried, off
from tests.instance.test_rooting import newest_file
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

    with pytest.raises(Problem, match="key-revoked"):
        device.import_file(path)
    assert device.status().policy == before
    assert "SMART_LIC-3-POLICY_INSTALL_FAILED" in names(device)
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
    path.write_bytes(answer_file([signed_again(portal, document, body)]))
    if not critical:
        assert device.import_file(path).installed == ("policy",)
        return
    with pytest.raises(Problem, match="upgrade-needed"):
        device.import_file(path)
    assert device.status().policy == before
    assert "SMART_LIC-3-POLICY_INSTALL_FAILED" in names(device)


def signed_again(portal: Portal, document: Document, body: bytes) -> Document:
    """Have the portal sign a body that this release would not write."""
    value = portal.signer.sign(preimage(document.type, document.version, body))
    signature = DirectSignature(value=value, chain=portal.signer.chain)
    return replace(document, body=body, signature=signature)
