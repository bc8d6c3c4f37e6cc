"""Options of every command that names a product instance."""

from pathlib import Path
from typing import Final

import click

FOLDER: Final = click.Path(file_okay=False, path_type=Path)

data_option: Final = click.option(
    "--data",
    type=FOLDER,
    required=True,
    # Whoever operates one device types many lines to it, as on its own console.
    envvar="GAUGER_INSTANCE_DATA",
    show_envvar=True,
    help="Data folder of the product instance.",
)
keys_option: Final = click.option(
    "--keys", type=FOLDER, help="Folder of its keys; DATA/keys if left out."
)
