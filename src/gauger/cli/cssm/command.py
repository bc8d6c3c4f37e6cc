"""What every command that speaks to the portal shares: where it is, who asks, how to print."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from gauger.cli.cssm.client import Api
from gauger.cli.cssm.outfile import written
from gauger.cli.cssm.showing import Answer, show
from gauger.cli.text_file import read_text
from gauger.cli.typed_line import typed_line
from gauger.core.identity import AccountRef
from gauger.core.problems import Problem
from gauger.cssm.local import SECRET, local_access
from gauger.tools.secrecy import exposed
from gauger.tools.typed import typed_account

FOLDER: Final = click.Path(file_okay=False, path_type=Path)
FILE: Final = click.Path(dir_okay=False, path_type=Path)

data_option: Final = click.option(
    "--data", type=FOLDER, required=True, help="The portal's data folder."
)
clock_option: Final = click.option(
    "--clock", type=FILE, help="For tests: take the time from this file; loopback only."
)
_OPTIONS: Final = (
    click.option(
        "--data", type=FOLDER, envvar="GAUGER_CSSM_DATA", help="Folder of a local portal."
    ),
    click.option("--url", envvar="GAUGER_CSSM_URL", help="URL of the portal, without --data."),
    click.option("--client-id", envvar="GAUGER_CSSM_CLIENT_ID", help="Id of an API client."),
    click.option(
        "--client-secret-file",
        type=FILE,
        envvar="GAUGER_CSSM_CLIENT_SECRET_FILE",
        help="File that holds its secret.",
    ),
    click.option("--ca", type=FILE, envvar="GAUGER_CSSM_CA", help="Certificates (PEM) to trust."),
    click.option("--json", "as_json", is_flag=True, help="Print the API's answer as JSON."),
)


_MOST_SECRET: Final = 4096
"""Characters of the file of a secret, which has 43."""

_GROUP: Final = "gauger cssm"
_CONNECTION: Final = ("data", "url", "client_id", "client_secret_file", "ca")


class AccountType(click.ParamType[AccountRef]):
    """An account, written SMART-ACCOUNT-DOMAIN/VIRTUAL-ACCOUNT."""

    name = "SA/VA"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> AccountRef:
        """Read an account."""
        # Click converts once more what it took as a default.
        if isinstance(value, AccountRef):
            return value
        try:
            return typed_account(str(value))
        except Problem as problem:
            self.fail(problem.detail, param, ctx)


ACCOUNT: Final = AccountType()
account_option: Final = click.option(
    "--account", type=ACCOUNT, required=True, help="Smart and Virtual Account."
)


def api_command(function: Callable[..., Answer]) -> Callable[..., None]:
    """Make a function a command that speaks to the portal.

    Args:
        function: Takes an `Api` and its own options, returns what to print.

    Returns:
        A function with the options of the connection and of printing beside its own.
    """

    @functools.wraps(function)
    def run(**options: Any) -> None:  # noqa: ANN401 -- click's own
        as_json: bool = options.pop("as_json")
        with connect(options) as api:
            answer = function(api, **options)
        show(answer, as_json=as_json)

    wrapped: Callable[..., None] = run
    # Each is put before the last: so they stand in the help as they stand here.
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def next_command(words: str) -> str:
    """Return a command to run next, with the portal named as it was named for this one.

    What came from the environment is left out: it will be there again.
    """
    context = click.get_current_context()
    given = {
        name: str(context.params[name])
        for name in _CONNECTION
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    return typed_line(f"{_GROUP} {words}", **given)


def connect(options: dict[str, Any]) -> Api:
    """Open a connection from the options of a command, which it takes away.

    Raises:
        Problem: ``invalid-argument`` where the options do not say where the portal is or who
            asks; ``store-missing`` or ``comm-failed`` where the local portal is not there or does
            not run; ``key-exposed`` where others may use its folder or its secret.
    """
    data: Path | None = options.pop("data")
    url: str | None = options.pop("url")
    client_id: str | None = options.pop("client_id")
    secret_file: Path | None = options.pop("client_secret_file")
    ca: Path | None = options.pop("ca")
    # Typed goes before not typed; where both are typed, or neither, the URL counts.
    if data is not None and (url is None or _is_typed("data") > _is_typed("url")):
        problem = exposed(data / SECRET)
        if problem is not None:
            raise problem
        # Read at each command: the portal may have another port or secret since.
        found = local_access(data)
        return Api(found.url, client_id=found.client_id, secret=found.secret, ca=found.ca)
    if url is None or client_id is None or secret_file is None:
        message = "Name a local portal with --data, or --url, --client-id and --client-secret-file."
        raise Problem("invalid-argument", message)
    # An editor ends the line; a secret of the portal's making has no blank at either end.
    return Api(url, client_id=client_id, secret=read_text(secret_file, _MOST_SECRET).strip(), ca=ca)


def _is_typed(name: str) -> bool:
    """Return whether an option stands on the command line: it goes before the environment.

    Who names a folder means it, and must not speak to the portal of a variable set long ago.
    """
    source = click.get_current_context().get_parameter_source(name)
    return source is ParameterSource.COMMANDLINE


def tell_ready(path: Path, url: str) -> None:
    """Write a URL to a file that somebody waits for: it is there whole, or not at all.

    Raises:
        Problem: ``file-not-written``.
    """
    with written(path) as write:
        write(f"{url}\n".encode())
