"""Ask GitHub for an account's real permission; payloads are never trusted for it."""

from __future__ import annotations

from bot.github.api.client import Client, within
from bot.github.api.errors import NotFound
from bot.types import JsonModel, Repository

_LEVELS = ("none", "read", "triage", "write", "maintain", "admin")


class Role(JsonModel):
    """A role in a repository."""

    name: str  # the true one, perhaps a custom one
    base: str  # the nearest of none, read, write, admin: maintain is write, triage is read

    def at_least(self, level: str) -> bool:
        """Tell whether the role (a custom one: its base) includes a level."""
        held = self.name if self.name in _LEVELS else self.base
        return held in _LEVELS and _LEVELS.index(held) >= _LEVELS.index(level)


async def role_of(client: Client, repository: Repository, login: str, account: int | None = None) -> Role | None:
    """Return the role of an account.

    Returns None where there is no such account, GitHub tells us nothing about it, or its id is not ``account``: logins
    are given up and taken by others.
    """
    url = "/repos/{owner}/{repo}/collaborators/{login}/permission"
    try:
        data = await client.get(url, within(repository, login=login))
    except NotFound:
        return None
    if account is not None and (data.get("user") or {}).get("id", account) != account:
        return None
    base = data.get("permission") or "none"
    return Role(name=data.get("role_name") or base, base=base)
