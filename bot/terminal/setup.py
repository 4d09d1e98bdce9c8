"""Define ``forgehand setup``: register the GitHub App."""

from __future__ import annotations

import click

from bot.terminal.exits import finish, print_result, settings_or_exit


@click.command()
@click.option("--host", default="127.0.0.1", help="Loopback address to listen on.", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8081, help="Port to listen on.", show_default=True)
@click.option("--replace", is_flag=True, help="Replace the App that is kept; its installations are not taken over.")
@click.option("--print-env", "prints", is_flag=True, help="Print the App that is kept, for a secret manager.")
def setup(host: str, port: int, replace: bool, prints: bool) -> None:
    """Create the GitHub App and keep its credentials, sealed.

    A page in the browser leads through it, as `forgehand serve` does by itself. A server that waits for the App, or
    runs as the one that is replaced, takes the new one by itself.
    """
    from bot.registration import print_environment, register

    settings = settings_or_exit()
    if prints:
        finish(lambda: print_result(print_environment(settings)))
    finish(lambda: register(settings, host=host, port=port, replace=replace))
