"""Define ``forgehand keys``: the keys of models' providers, and the master key that seals them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from bot.terminal.exits import finish, print_result, print_text, settings_or_exit


@click.group()
def keys() -> None:
    """Manage keys of models' providers, each with its owner.

    A key is typed at a prompt or comes by standard input, and is no argument: others on this machine could read that.
    """


def _require_one_owner(given: Mapping[str, Any]) -> None:
    if sum(given[name] is not None for name in ("person", "repository", "organisation")) > 1:
        raise click.UsageError("A key has one owner: name one of --person, --repo and --organisation.")


@keys.command("add")
@click.argument("provider")
@click.option("--person", metavar="LOGIN", help="Pays for the tasks that this person starts.")
@click.option("--repo", "repository", metavar="OWNER/NAME", help="Pays for the tasks on this repository.")
@click.option("--organisation", metavar="LOGIN", help="Pays for the tasks on the repositories of this account.")
@click.option("--name", default="", help="What it is called in the list.  [default: the provider]")
@click.option("--fallback", is_flag=True, help="Let a wider key pay where this one cannot be used.")
def keys_add(provider: str, **given: Any) -> None:
    """Add a key for a PROVIDER: for one owner, else for all.

    It is tested first. Example: forgehand keys add anthropic --repo octo/shop < key.txt
    """
    from bot.doors.keys import add_key

    _require_one_owner(given)
    settings = settings_or_exit()
    secret = _read_key()
    finish(lambda: print_result(add_key(settings, provider, secret, **given)))


@keys.command("connect")
@click.option("--person", metavar="LOGIN", help="Pays for the tasks that this person starts.")
@click.option("--repo", "repository", metavar="OWNER/NAME", help="Pays for the tasks on this repository.")
@click.option("--organisation", metavar="LOGIN", help="Pays for the tasks on the repositories of this account.")
@click.option("--dollars", type=click.FloatRange(min=1), default=50, show_default=True, help="A month's limit.")
@click.option("--fallback", is_flag=True, help="Let a wider key pay where this one cannot be used.")
def keys_connect(dollars: float, **given: Any) -> None:
    """Get a key from OpenRouter and add it.

    A page of theirs asks you to agree; open it on this machine. The key has a limit and lives 90 days.
    """
    from bot.doors.keys import connect_key

    _require_one_owner(given)
    settings = settings_or_exit()
    finish(lambda: print_result(connect_key(settings, click.echo, dollars=dollars, **given)))


@keys.command("list")
def keys_list() -> None:
    """Print every key's id, provider, owner, state and age."""
    from bot.doors.keys import list_keys

    settings = settings_or_exit()
    finish(lambda: print_text(list_keys(settings)))


@keys.command("test")
@click.argument("key_id", metavar="ID")
@click.option("--ask", is_flag=True, help="Try out a model too; the key's owner pays about a cent.")
def keys_test(key_id: str, ask: bool) -> None:
    """Test the key with this ID: address, encryption, key, models."""
    from bot.doors.keys import test_key

    settings = settings_or_exit()
    finish(lambda: print_result(test_key(settings, key_id, ask=ask)))


@keys.command("rotate")
@click.argument("key_id", metavar="ID")
def keys_rotate(key_id: str) -> None:
    """Give the key with this ID a successor.

    It takes over once it works; tasks that run end with the old one.
    """
    from bot.doors.keys import rotate_key

    settings = settings_or_exit()
    secret = _read_key()
    finish(lambda: print_result(rotate_key(settings, key_id, secret)))


@keys.command("retire")
@click.argument("key_id", metavar="ID")
@click.option("--fallback", is_flag=True, help="Let a wider key pay for its owner from now on.")
def keys_retire(key_id: str, fallback: bool) -> None:
    """Forget the key with this ID, at once."""
    from bot.doors.keys import retire_key

    settings = settings_or_exit()
    finish(lambda: print_result(retire_key(settings, key_id, fallback=fallback)))


@keys.command("reseal")
@click.option("--new", is_flag=True, help="Make a new master key in its file first.")
@click.option("--drop-old", is_flag=True, help="Drop instead the master keys that nothing names any more.")
def keys_reseal(new: bool, drop_old: bool) -> None:
    """Seal everything anew with the first master key there is.

    The server may be running; where this is killed, run it again. The old master key opens until it is dropped.
    """
    from bot.doors.keys import reseal_all

    if new and drop_old:
        raise click.UsageError("--new and --drop-old are two steps: one after the other.")
    settings = settings_or_exit()
    finish(lambda: print_result(reseal_all(settings, new=new, drop_old=drop_old)))


def _read_key() -> str:
    """Read a key from a prompt without echo, else from standard input."""
    if sys.stdin.isatty():
        return str(click.prompt("Key", hide_input=True)).strip()
    return sys.stdin.readline().strip()
