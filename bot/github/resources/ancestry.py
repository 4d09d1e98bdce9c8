"""Ask how two commits of a repository stand to each other."""

from __future__ import annotations

from typing import NamedTuple

from bot.github.api.client import Client, within
from bot.github.api.errors import NotFound
from bot.types import Repository

_DESCENDS = frozenset({"ahead", "identical"})


class Span(NamedTuple):
    """The way from one commit to another."""

    descends: bool  # the second is the first or a descendant of it
    commits: int  # between them


async def measure_span(client: Client, repository: Repository, older: str, newer: str) -> Span:
    """Measure the way between two commits or branches.

    What GitHub does not know here descends from nothing. A fork's commits are known, but on no branch of ours.
    """
    url = "/repos/{owner}/{repo}/compare/{basehead}?per_page=1"
    try:
        data = await client.get(url, within(repository, basehead=f"{older}...{newer}"))
    except NotFound:
        return Span(False, 0)
    return Span(data.get("status") in _DESCENDS, int(data.get("ahead_by") or 0))
