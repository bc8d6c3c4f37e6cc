"""Write a portal's ledger as this release writes it, to be opened by every later one.

Usage: python -m tests.authority.make_fixture tests/fixtures/ledger-RELEASE.tar.gz
"""

import json
import sys
import tarfile
import tempfile
from pathlib import Path

from gauger.adapters.storage.ledger_backup import backup
from gauger.core.authority.commands import AssignPolicy, DepositOrder, OrderLine
from gauger.core.authority.outcomes import Verdict
from gauger.core.identity import Digest
from gauger.core.policy.rules import Group, Rule, validate
from tests.support.authorizing import HSEC, a_licensee, ask, deposit
from tests.support.builders import ACCOUNT, NOW, TAG, Bench, a_device, a_portal

KEPT = ("ledger.db", "story.json")


def main() -> None:
    """Let a portal work, and pack its ledger with what was answered."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with a_portal(place / "portal") as bench:
            story = _live(bench)
            backup(bench.path, place / "ledger.db")
        (place / "story.json").write_text(json.dumps(story))
        with tarfile.open(sys.argv[1], "w:gz") as archive:
            for name in KEPT:
                archive.add(place / name, arcname=name)


def _live(bench: Bench) -> dict[str, object]:
    """Sell, set a policy, trust, accept, defer, and quarantine; return the reports' answers."""
    run = bench.authority.execute
    line = OrderLine(tag=TAG, name="Network", quantity=5, term="perpetual", start=NOW, end=None)
    run(DepositOrder(account=ACCOUNT, order_number="O-1", lines=(line,), by="admin"))
    policy = validate(name="Weekly", ack_required=True, rules={Group.PERPETUAL: Rule(7, 7, 7)})
    account, name = ACCOUNT.smart_account, ACCOUNT.virtual_account
    run(AssignPolicy(smart_account=account, virtual_account=name, policy=policy, by="admin"))
    device = a_device()
    device.install(bench.trust(device.trust_request(token=bench.token()), token="token-1"))
    items = [device.report(((NOW - 900, NOW, 2),)), device.report(((NOW, NOW + 900, 3),))]
    future = a_device("GGR0002").report(((NOW, NOW + 90_000, 1),))
    rivals = [a_device("GGR0003").report(((NOW - 900, NOW, count),)) for count in (1, 2)]
    verdicts = {}
    for item in (*items, future, *rivals):
        outcome = bench.report(item)
        verdicts[outcome.digest] = outcome.verdict
    _authorize(bench)
    accepted = [digest for digest, verdict in verdicts.items() if verdict is Verdict.ACCEPTED]
    return {
        "items": items,
        "acks": {digest: ack_body(bench, digest) for digest in accepted},
        "verdicts": verdicts,
        "balance": bench.balance()[TAG],
    }


def _authorize(bench: Bench) -> None:
    """Have one device hold an authorization code, and another give its code back."""
    deposit(bench)
    holder, giver = a_licensee("GGR0004"), a_licensee("GGR0005")
    for licensee in (holder, giver):
        licensee.install(ask(bench, licensee.request((HSEC, 1))))
    ask(bench, giver.give_back())


def ack_body(bench: Bench, digest: Digest) -> str:
    """Return the signed body of the ACK of a report."""
    answer = bench.authority.answer_for(digest)
    assert answer is not None
    return answer.acknowledgments[0].body.decode()


if __name__ == "__main__":
    main()
