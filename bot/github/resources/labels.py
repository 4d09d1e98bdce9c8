"""Labels: of the repository, and on its issues and pull requests."""

from __future__ import annotations

from bot.github.api.client import Client, within
from bot.github.api.errors import Invalid, NotFound
from bot.github.api.transport import REPEATABLE
from bot.types import Repository

_COLOUR = "5319e7"


def same(one: str, other: str) -> bool:
    """Tell whether GitHub takes both, but for case and blanks, for one label."""
    return one.strip().casefold() == other.strip().casefold()


async def ensure(client: Client, repository: Repository, name: str, *, description: str = "") -> bool:
    """Create the label; False where it is there already.

    Then it is left as people have made it. Looking comes first because reads, unlike writes, need not wait for each
    other.
    """
    try:
        await client.get("/repos/{owner}/{repo}/labels/{name}", within(repository, name=name))
        return False
    except NotFound:
        pass
    data = {"name": name, "color": _COLOUR, "description": description[:100]}
    try:
        await client.post("/repos/{owner}/{repo}/labels", within(repository), data, options=REPEATABLE)
    except Invalid as error:
        if "already_exists" in error.message:
            return False
        raise
    return True
