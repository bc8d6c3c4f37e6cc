"""PI-6: a device leaves the factory as it was ordered."""

import json
from pathlib import Path

import pytest

from gauger.core.identity import AccountRef
from tests.acceptance.site import DAY, ESSENTIALS, HOUR, Device, Site, items

ORDERED = AccountRef("ordered.example", "Branch")


def policy_file(site: Site) -> Path:
    path = site.new_path("policy", ".json")
    rule = {"first_report": 45, "frequency": 15, "on_change": 20}
    path.write_text(json.dumps({"name": "As ordered", "rules": {"perpetual": rule}}))
    return path


def purchase_file(site: Site, tag: str) -> Path:
    path = site.new_path("purchase", ".json")
    line = {"tag": tag, "name": "DNA_NWSTACK_E", "quantity": 12, "term": "perpetual"}
    path.write_text(json.dumps({"items": [line | {"start": 1_700_000_000, "end": None}]}))
    return path


@pytest.fixture
def ordered(site: Site) -> Device:
    """Return a device made from an order, at its first start."""
    tag = site.bundle()[2].licence(ESSENTIALS).tag
    return site.device(
        policy=policy_file(site),
        purchase=purchase_file(site, tag),
        trust_code=True,
        account=ORDERED,
    )


@pytest.mark.requirement("PI-6/policy")
def test_its_custom_policy_rules_from_the_first_start(site: Site, ordered: Device) -> None:
    assert ordered.field("Policy name") == "As ordered"
    assert "First report requirement (days): 45 (Customer Policy)" in ordered.status
    ordered.use(ESSENTIALS)
    site.clock.advance(HOUR)
    ordered.go_offline()
    due = site.workshop.now() + 45 * DAY - HOUR
    assert ordered.time_of("Next ACK deadline") == due


@pytest.mark.requirement("PI-6/trust")
def test_its_trust_code_signs_its_reports_from_the_first_start(site: Site, ordered: Device) -> None:
    assert ordered.field("Trust Code Type") == "Factory"
    ordered.go_offline()
    ordered.use(ESSENTIALS)
    site.clock.advance(HOUR)
    report = json.loads(items(ordered.save())[0].text)
    assert report["signature"]["signing_type"] == "gauger-trust"
    code = json.loads(json.loads(report["signature"]["trust_code"])["body"])
    assert (code["origin"], code["generation"]) == ("factory", 0)
    assert code["udi"] == ordered.udi.to_json()


@pytest.mark.requirement("PI-6/policy")
def test_its_purchase_information_is_shown_from_the_first_start(ordered: Device) -> None:
    assert "12 of DNA_NWSTACK_E, perpetual" in ordered.execute("show license all")


@pytest.mark.requirement("PI-6/trust")
def test_what_the_factory_installed_gives_way_to_the_portal(site: Site, ordered: Device) -> None:
    account = site.account()
    account.policy("Of the portal", perpetual=(5, 6, 7))
    ordered.go_offline()
    ordered.use(ESSENTIALS)
    site.clock.advance(HOUR)
    upload = account.upload(ordered.save())
    assert set(upload.words) == {"accepted"}, upload.verdicts
    ordered.load(account.ack(upload, site.new_path("ack", ".xml")))
    assert "Factory" not in ordered.status
    assert ordered.field("Policy name") == "Of the portal"
    assert ordered.field("Smart Account").startswith(account.ref.smart_account)


@pytest.mark.requirement("PI-6/policy")
@pytest.mark.requirement("PI-6/trust")
def test_the_manufacturing_command_makes_all_of_it(site: Site) -> None:
    out, factory = site.new_path("bundle"), site.folder / "factory"
    tag = site.bundle()[2].licence(ESSENTIALS).tag
    order: list[str | Path] = [
        "--policy",
        policy_file(site),
        "--purchase",
        purchase_file(site, tag),
    ]
    order += ["--trust-code", "--signer", factory / "signers" / "factory"]
    device: list[str | Path] = ["--profile", "c9800-cl", "--account", str(ORDERED), "--out", out]
    typed = site.stage.run(
        "factory", "mint", "--factory", factory, *device, *order, *site.clock_option
    )
    assert typed.code == 0, typed.error
    for kind in ("policy", "trust code", "purchase info"):
        assert f"with a signed {kind}" in typed.output
    names = {path.name for path in out.iterdir()}
    assert {"policy.json", "trust-code.json", "trust.key.pem", "purchase-info.json"} <= names
