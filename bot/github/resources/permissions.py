"""What an account may really do in a repository: asked of GitHub, never read from a payload."""

from __future__ import annotations

from bot.github.api.client import Client, within
from bot.github.api.errors import NotFound
from bot.types import JsonModel, Repository

_LEVELS = ("none", "read", "triage", "write", "maintain", "admin")


class Role(JsonModel):
    """``name`` is the true role, perhaps a custom one; ``base`` the nearest of none, read, write and admin.

    ``base`` folds maintain into write and triage into read.
    """

    name: str
    base: str

    def at_least(self, level: str) -> bool:
        """Whether the role includes ``read``, ``triage``, ``write``, ``maintain`` or ``admin``.

        A custom role counts as its base.
        """
        held = self.name if self.name in _LEVELS else self.base
        return held in _LEVELS and _LEVELS.index(held) >= _LEVELS.index(level)


async def role_of(client: Client, repository: Repository, login: str) -> Role | None:
    """The role of an account, None where there is no such account or GitHub tells us nothing about it."""
    url = "/repos/{owner}/{repo}/collaborators/{login}/permission"
    try:
        data = await client.get(url, within(repository, login=login))
    except NotFound:
        return None
    base = data.get("permission") or "none"
    return Role(name=data.get("role_name") or base, base=base)
