"""`gauger cssm trust`."""

from pathlib import Path

import click

from gauger.cli.cssm.client import Api
from gauger.cli.cssm.command import api_command
from gauger.cli.cssm.showing import Answer, Json, Table, when
from gauger.core.problems import Problem

_ROOT_SET = "root-set"
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
    """Take in root sets (in order) and manufacturer files."""
    found: Json = {}
    for path in files:
        text = _text(path)
        if f'"{_ROOT_SET}"' in text:
            found = api.send("POST", "/trust/root-sets", {"document": text})
        else:
            found = api.send("POST", "/trust/manufacturers", {"file": text})
    return Answer(data=found, table=_table(found), text=_taken_in(len(files)))


def _taken_in(count: int) -> str:
    return "1 file is taken in." if count == 1 else f"{count} files are taken in."


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem("file-not-found", f"{path} cannot be read: {error}.") from error
    if len(text) > _CAP:
        raise Problem("too-large", f"{path} is over {_CAP} bytes.")
    return text


def _table(found: Json) -> Table:
    sets = [
        ("root set", f"{one['number']} (epoch {one['epoch']})", when(one["expires_at"]))
        for one in found["root_sets"]
    ]
    makers = [("manufacturer", one["name"], "-") for one in found["manufacturers"]]
    return Table(columns=("Kind", "Which", "Until"), rows=[*sets, *makers], empty="Nothing.")
