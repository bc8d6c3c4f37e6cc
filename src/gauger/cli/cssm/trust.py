"""`gauger cssm trust`."""

from pathlib import Path

import click

from gauger.cli.cssm.client import Api
from gauger.cli.cssm.command import api_command
from gauger.cli.cssm.showing import Answer, Json, Table, when
from gauger.cli.text_file import read_text
from gauger.core.documents.envelope import Document, read_document, write_document
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.root_chain import Standing, follow, read_material
from gauger.core.documents.trust_store import TrustStore

_CAP = 512 * 1024


@click.group()
def trust() -> None:
    """Root sets and manufacturers that the portal trusts."""


@trust.command("show")
@api_command
def show_trust(api: Api) -> Answer:
    """Show the root sets and manufacturers that are trusted."""
    found = api.get("/trust")
    return Answer(data=found, table=_table(found))


@trust.command("import")
@click.argument(
    "files", type=click.Path(exists=True, dir_okay=False, path_type=Path), nargs=-1, required=True
)
@api_command
def import_trust(api: Api, files: tuple[Path, ...]) -> Answer:
    """Take in root sets, in any order, and manufacturer files; all are judged before any is sent."""
    brought = [read_material(read_text(path, _CAP)) for path in files]
    # Judged by what the portal holds now, in any order: a person has files, not a sequence.
    found = api.get("/trust")
    _, steps = follow(_held(found), [item for item in brought if isinstance(item, Document)])
    said = [step.text for step in steps]
    # All of it was judged by now: what the portal refuses after this it alone can know.
    for step in steps:
        if step.standing is Standing.TAKEN:
            text = write_document(step.document)
            found = api.send("POST", "/trust/root-sets", {"document": text})
    for maker in brought:
        if isinstance(maker, Manufacturer):
            said.append(f"manufacturer {maker.name}: taken in")
            found = api.send("POST", "/trust/manufacturers", {"file": maker.to_json()})
    text = "\n".join([_taken_in(len(files)), *(f"  {line}" for line in said)])
    return Answer(data=found, table=_table(found), text=text)


def _held(found: Json) -> TrustStore:
    """Return what the portal says that it holds; it judges again what is sent."""
    documents = [read_document(one["document"]) for one in found["root_sets"]]
    # Only to say at once what cannot be taken: the portal judges, by its own clock.
    store = TrustStore(accepts_test_clock=True)
    return store.pin(documents[0]).advance_all(documents[1:]) if documents else store


def _taken_in(count: int) -> str:
    return "1 file is taken in." if count == 1 else f"{count} files are taken in."


def _table(found: Json) -> Table:
    sets = [
        ("root set", f"{one['number']} (epoch {one['epoch']})", when(one["expires_at"]))
        for one in found["root_sets"]
    ]
    makers = [("manufacturer", one["name"], "-") for one in found["manufacturers"]]
    return Table(columns=("Kind", "Which", "Until"), rows=[*sets, *makers], empty="Nothing.")
