"""Define ``forgehand completion``: print what makes a shell complete our commands."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes forgehand in SHELL.

    bash, in ~/.bashrc: eval "$(forgehand completion bash)"

    zsh, in ~/.zshrc: eval "$(forgehand completion zsh)"

    fish, once: forgehand completion fish > ~/.config/fish/completions/forgehand.fish
    """
    found = get_completion_class(shell)
    assert found is not None, f"click has no completion for {shell}"
    click.echo(found(ctx.find_root().command, {}, "forgehand", "_FORGEHAND_COMPLETE").source())
