"""`gauger cssm report | case | gap`."""

from pathlib import Path
from typing import Final

import click

from gauger.cli.cssm import showing
from gauger.cli.cssm.client import Api, account_path
from gauger.cli.cssm.command import ACCOUNT, FILE, account_option, api_command
from gauger.cli.cssm.showing import Answer, Table, when, words
from gauger.core.authority.outcomes import Verdict
from gauger.core.identity import AccountRef
from gauger.tools.typed import typed_udi

# `same` is an answer, never what a report is kept as.
_VERDICTS: Final = [one.value for one in Verdict if one is not Verdict.SAME]
_STATES: Final = ["open", "accepted", "rejected", "released"]


@click.group()
def report() -> None:
    """Reports and their verdicts."""


@report.command("list")
@click.option("--account", type=ACCOUNT, help="Smart and Virtual Account; all accounts without.")
@click.option("--verdict", type=click.Choice(_VERDICTS), help="Only those with this verdict.")
@click.option("--pid", help="Only those of one product instance.")
@click.option("--serial", help="Only those of one product instance.")
@api_command
def list_reports(
    api: Api,
    account: AccountRef | None,
    *,
    verdict: str | None,
    pid: str | None,
    serial: str | None,
) -> Answer:
    """List reports in order of arrival."""
    found = api.rows(
        "/reports" if account is None else account_path(account, "/reports"),
        verdict=verdict,
        udi_pid=pid,
        udi_serial_number=serial,
    )
    table = Table(
        columns=("Received", "Product instance", "Report", "Verdict", "Notes", "Tag", "Digest"),
        rows=[
            (
                when(row["received_at"]),
                showing.udi(row["udi"]),
                row["report_id"],
                row["verdict"],
                words([row["code"], *row["flags"]] if row["code"] else row["flags"]),
                row["tag"],
                row["digest"],
            )
            for row in found
        ],
        empty=_none(verdict, one=pid is not None),
    )
    return Answer(data=found, table=table)


def _none(verdict: str | None, *, one: bool) -> str:
    # With a filter there may be others: to say that none has come would send people to the device.
    if one:
        return "No such report has come from this product instance."
    return "No report has come yet." if verdict is None else f"No report is {verdict}."


@report.command("show")
@account_option
@click.argument("digest")
@api_command
def show_report(api: Api, account: AccountRef, digest: str) -> Answer:
    """Show one report to its last field."""
    found = api.get(account_path(account, f"/reports/{digest}"))
    # Whatever the portal tells: a field that a later release adds is shown as well.
    rows = [(name, value) for name, value in found.items() if name != "udi"]
    table = Table(
        columns=("Field", "Value"),
        rows=[("udi", showing.udi(found["udi"])), *rows],
        empty="",
    )
    return Answer(data=found, table=table)


@report.command("ack")
@account_option
@click.argument("digest")
@click.option("--out", type=FILE, required=True, help="File to write.")
@api_command
def report_ack(api: Api, account: AccountRef, digest: str, out: Path) -> Answer:
    """Download the answer to one report or trust request."""
    size = api.download(account_path(account, f"/answers/{digest}"), out)
    data = {"file": str(out), "size": size}
    return Answer(data=data, text=f"The answer is in {out}.")


@click.group()
def case() -> None:
    """Quarantine cases: reports that wait for a decision."""


@case.command("list")
@account_option
@click.option("--state", type=click.Choice(_STATES), help="Only those in this state.")
@api_command
def list_cases(api: Api, account: AccountRef, state: str | None) -> Answer:
    """List quarantine cases."""
    found = api.rows(account_path(account, "/cases"), state=state)
    table = Table(
        columns=("Case", "Why", "Product instance", "State", "Reports", "Opened", "Decided by"),
        rows=[
            (
                row["case"],
                row["code"],
                showing.udi(row["udi"]),
                row["state"],
                len(row["reports"]),
                when(row["opened_at"]),
                row["decided_by"],
            )
            for row in found
        ],
        empty="No report is in quarantine." if state is None else f"No case is {state}.",
    )
    return Answer(data=found, table=table)


@case.command("decide")
@account_option
@click.argument("number", type=int)
# Neither by default: to count, or to leave out, is said by whoever decides.
@click.option("--accept/--reject", required=True, help="Count the reports, or leave them out.")
@click.option("--report", "reports", multiple=True, help="Only this report, by its digest.")
@api_command
def decide_case(
    api: Api, account: AccountRef, number: int, *, accept: bool, reports: tuple[str, ...]
) -> Answer:
    """Decide a quarantine case."""
    body = {"accept": accept, "reports": list(reports)}
    made = api.send("POST", account_path(account, f"/cases/{number}/decide"), body)
    return Answer(data=made, text=f"Case {number} is {made['state']}.")


@click.group()
def gap() -> None:
    """Missing reports: named by a later one, never come."""


@gap.command("list")
@click.option("--account", type=ACCOUNT, help="Smart and Virtual Account; all accounts without.")
@click.option("--overdue", is_flag=True, help="Only alerts: those missing for 7 days.")
@api_command
def list_gaps(api: Api, account: AccountRef | None, *, overdue: bool) -> Answer:
    """List missing reports; one that is open for 7 days is an alert."""
    path = "/gaps" if account is None else account_path(account, "/gaps")
    found = api.rows(path, overdue="true" if overdue else None)
    table = Table(
        columns=("Product instance", "Missing since", "Alert since", "Report", "Named by"),
        rows=[
            (
                showing.udi(row["udi"]),
                when(row["since"]),
                "" if row["alerted_at"] is None else when(row["alerted_at"]),
                row["report"],
                row["named_by"],
            )
            for row in found
        ],
        empty="No report is missing.",
    )
    return Answer(data=found, table=table)


@gap.command("close")
@account_option
@click.argument("pid")
@click.argument("serial")
@click.argument("digest")
@api_command
def close_gap(api: Api, account: AccountRef, *, pid: str, serial: str, digest: str) -> Answer:
    """Give up a missing report."""
    udi = typed_udi(pid, serial)
    body = {"udi": udi.to_json(), "report": digest}
    # The device is named as well: by the digest alone a slip could give up another one's report.
    api.send("POST", account_path(account, "/gaps/close"), body)
    return Answer(data=None, text=f"The missing report of {udi} is given up.")
