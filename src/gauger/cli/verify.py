"""`gauger verify`: one verdict on one document or file, for programs."""

import json
from pathlib import Path
from typing import TypedDict, Unpack

import click

from gauger.cli.factory import FILE, FOLDER
from gauger.core.identity import Digest, Udi
from gauger.core.problems import Problem
from gauger.tools.conformance.desk import Expectations
from gauger.tools.conformance.verdict import KINDS, Question, rule
from gauger.tools.typed import typed_account, typed_udi


class _Given(TypedDict):
    kind: str
    trust: Path
    now: int | None
    test_clock: bool
    expect_udi: str | None
    expect_account: str | None
    expect_ledger: str | None
    expect_report: tuple[str, ...]
    expect_request: tuple[str, ...]
    expect_key: tuple[str, ...]
    expect_nonce: str | None
    expect_token: str | None


@click.command()
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option(
    "--kind", type=click.Choice(list(KINDS)), required=True, help="As what the files are read."
)
@click.option(
    "--trust", type=FOLDER, required=True, help="Trust folder: root sets and manufacturers."
)
# A suite is written once: by this machine's clock its documents would all expire some day.
@click.option(
    "--now", type=int, help="The reader's clock, seconds since 1970; else this machine's."
)
@click.option("--test-clock", is_flag=True, help="Take documents of a test clock.")
@click.option("--expect-udi", metavar="PID,SN", help="The product instance that reads or wrote.")
@click.option("--expect-account", metavar="DOMAIN/NAME", help="Its account.")
@click.option("--expect-ledger", metavar="ID", help="The ledger that it obeys.")
@click.option("--expect-report", metavar="DIGEST", multiple=True, help="A report that it made.")
@click.option("--expect-request", metavar="DIGEST", multiple=True, help="A trust request of it.")
@click.option("--expect-key", metavar="KEYID", multiple=True, help="A licensing key that it has.")
@click.option("--expect-nonce", metavar="TEXT", help="Nonce of the request that is answered.")
@click.option("--expect-token", metavar="TEXT", help="The ID token beside a trust request.")
def verify(files: tuple[Path, ...], **given: Unpack[_Given]) -> None:
    """Judge FILES, one after another, and print one JSON verdict on the first refused or the last.

    The exit code is 0 wherever there is a verdict, also where it is no: another one means that
    there is none. Conformance suites call this.
    """
    account, udi = given["expect_account"], given["expect_udi"]
    expected = Expectations(
        udi=None if udi is None else _udi_of(udi),
        account=None if account is None else typed_account(account),
        ledger=given["expect_ledger"],
        reports=tuple(map(Digest, given["expect_report"])),
        requests=tuple(map(Digest, given["expect_request"])),
        keys=tuple(map(Digest, given["expect_key"])),
        nonce=given["expect_nonce"],
        token=given["expect_token"],
    )
    question = Question(
        kind=given["kind"],
        trust=given["trust"],
        files=files,
        now=given["now"],
        accepts_test_clock=given["test_clock"],
        expected=expected,
    )
    # The only line on standard output: a suite reads all of it as one object.
    click.echo(json.dumps(rule(question).to_json()))


def _udi_of(text: str) -> Udi:
    pid, comma, serial = text.partition(",")
    if not comma:
        raise Problem("invalid-argument", f"{text!r} is no UDI: write PRODUCT-ID,SERIAL-NUMBER.")
    return typed_udi(pid, serial)
