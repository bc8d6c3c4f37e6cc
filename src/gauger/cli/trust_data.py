"""`gauger trust import | show --data`: one shape for every role's data folder."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from gauger.cli.instance_place import Place, operator, trusted
from gauger.core.documents.envelope import read_document
from gauger.core.documents.root_set import RootSet
from gauger.core.problems import Problem

# What each role's folder has and no other; looked for without opening anything.
_INSTANCE: Final = Path("identity", "bundle.json")
_CSSM: Final = "cssm.sqlite"


def import_files(place: Place, files: Sequence[Path]) -> None:
    """Take files in where the role of a data folder keeps its trust, and say what became of them.

    Raises:
        Problem: ``store-missing`` where the folder is of no role; why a file is refused.
    """
    if _is_instance(place.data):
        with operator(place) as at_work:
            click.echo(at_work.import_trust(_files(files)))
        return
    _cssm("import", place.data, *_files(files))


def show_held(place: Place, *, as_json: bool) -> None:
    """Show whom the role of a data folder trusts.

    Raises:
        Problem: ``store-missing`` where the folder is of no role; why its store cannot be read.
    """
    if not _is_instance(place.data):
        _cssm("show", place.data, *(["--json"] if as_json else []))
        return
    held = trusted(place)
    text = held["root_set"]
    if as_json:
        click.echo(json.dumps({**held, "root_set": text and json.loads(str(text))}, indent=2))
        return
    _tell(None if text is None else RootSet.from_document(read_document(str(text))), held["newest"])


def _tell(root_set: RootSet | None, newest: object) -> None:
    if root_set is None:
        click.echo("No root set is held: no answer of a portal is believed.")
    else:
        click.echo(f"Root set {root_set.number}, epoch {root_set.epoch}")
        click.echo(f"  {root_set.threshold} of {len(root_set.keys)} root keys must sign the next")
        click.echo(f"  Signers: {len(root_set.signers) or 'none'}")
        for signer in root_set.signers:
            click.echo(f"    {signer.key_id}")
        click.echo(f"  Revoked keys: {len(root_set.revoked) or 'none'}")
    held = 0 if root_set is None else root_set.number
    # Held once and lost since: a store that was set back must not believe signers revoked
    # meanwhile.
    if isinstance(newest, int) and newest > held:
        click.echo(
            f"  Root set {newest} was held before: import it, nothing is installed until then."
        )


def _is_instance(data: Path) -> bool:
    if (data / _INSTANCE).exists():
        return True
    # Looked at before anything is opened: opening would make what is missing.
    if not (data / _CSSM).exists():
        raise Problem(
            "store-missing", f"{data} is the data folder of no product instance or portal."
        )
    return False


def _files(paths: Sequence[Path]) -> list[Path]:
    """Return the files, and for a folder the root sets in it."""
    found: list[Path] = []
    for path in paths:
        # By this name only: beside root sets a root folder holds the root keys.
        sets = sorted(path.glob("root-set-*.json")) if path.is_dir() else [path]
        # Each by itself: a manufacturer's folder beside one of root sets would look taken in.
        if not sets:
            detail = f"The folder {path} holds no root-set-N.json; name other files one by one."
            raise Problem("file-not-found", detail)
        found.extend(sets)
    return found


def _cssm(command: str, data: Path, *words: Path | str) -> None:
    """Hand on to the portal's own command, which speaks to the portal that serves the folder."""
    from gauger.cli.cssm.trust import trust  # noqa: PLC0415 - a product instance has no portal

    # Not standalone: a problem goes up to the one place that gives it text and exit code.
    trust.main([command, "--data", str(data), *map(str, words)], standalone_mode=False)
