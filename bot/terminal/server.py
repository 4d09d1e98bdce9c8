"""Find the server that a command talks to, and the token to show it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from bot.terminal.exits import WrongUse

SERVER = "FORGEHAND_SERVER_URL"
TOKEN = "FORGEHAND_TOKEN"  # noqa: S105 - the name of a variable
_HELP = {
    "server": "Address of the server, such as https://forgehand.example.com.",
    "token_file": f"File with a token of `forgehand tokens add`.  [default: what {TOKEN} holds]",
}


def server_options() -> list[click.Option]:
    """Return the options of every command that talks to a server."""
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    return [
        click.Option(["--server"], envvar=SERVER, show_envvar=True, metavar="URL", help=_HELP["server"]),
        click.Option(
            ["--token-file"],
            envvar=f"{TOKEN}_FILE",
            show_envvar=True,
            type=file,
            metavar="FILE",
            help=_HELP["token_file"],
        ),
    ]


def find_server(server: str | None, token_file: Path | None) -> tuple[str, str]:
    """Return address and token.

    Raises :class:`WrongUse` where one is missing.
    """
    if not server:
        raise WrongUse(f"Which server? Give --server or set {SERVER}.")
    token = token_file.read_text("ascii", "replace") if token_file is not None else os.environ.get(TOKEN, "")
    if not token.strip():
        raise WrongUse(
            f"The server wants a token: set {TOKEN}, or give --token-file. `forgehand tokens add` makes one."
        )
    return server, token.strip()
