"""Issues below another issue. GitHub Enterprise Server before 3.17 knows none, and people may have moved one."""

from __future__ import annotations

from collections.abc import Sequence

from bot.github.api.client import Client, within
from bot.github.api.errors import Forbidden, Invalid, NotFound
from bot.github.api.transport import RequestOptions
from bot.types import Repository

_URL = "/repos/{owner}/{repo}/issues/{number}/sub_issues"
_ADD = RequestOptions(repeatable=False)


async def ensure_sub_issues(client: Client, repository: Repository, parent: int, numbers: Sequence[int]) -> bool:
    """Put issues below another, each once; False where GitHub refuses."""
    place = within(repository, number=parent)
    try:
        below = {int(one["number"]) async for one in client.items(f"{_URL}{{?per_page}}", place | {"per_page": 100})}
        for number in numbers:
            if number not in below:
                issue = await client.get("/repos/{owner}/{repo}/issues/{number}", within(repository, number=number))
                await client.post(_URL, place, {"sub_issue_id": issue["id"]}, options=_ADD)
    except (NotFound, Forbidden, Invalid):
        return False
    return True
