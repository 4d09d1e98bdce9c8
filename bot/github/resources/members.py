"""Read who owns an organisation; the App needs the permission ``members`` for it."""

from __future__ import annotations

from bot.github.api.client import Client
from bot.github.api.errors import NotFound
from bot.types import Actor


async def owns(client: Client, organisation: str, account: Actor) -> bool:
    """Return True if an account is an owner of an organisation.

    Its id is compared: a login may be another's by now.
    """
    where = {"org": organisation, "username": account.login}
    try:
        found = await client.get("/orgs/{org}/memberships/{username}", where)
    except NotFound:
        return False
    return (found["state"], found["role"], found["user"]["id"]) == ("active", "admin", account.id)
