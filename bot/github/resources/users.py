"""Read accounts: ours above all, whose id author lines and our own comments carry."""

from __future__ import annotations

from urllib.parse import urlsplit

from bot.github.api.client import Client
from bot.types import Actor


async def read_user(client: Client, login: str) -> Actor:
    """Return an account by login (a bot's ends in ``[bot]``); or NotFound."""
    return Actor.model_validate(await client.get("/users/{login}", {"login": login}))


async def read_me(client: Client) -> Actor:
    """Return the account of the person whose token the client has."""
    return Actor.model_validate(await client.get("/user"))


def noreply_email(account: Actor, web_url: str) -> str:
    """Return the address that links a commit to an account.

    That is ``ID+LOGIN@users.noreply.github.com``, or the server's own:
    https://docs.github.com/en/account-and-profile/reference/email-addresses-reference
    """
    return f"{account.id}+{account.login}@users.noreply.{urlsplit(web_url).hostname}"
