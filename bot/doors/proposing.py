"""Propose a file in a pull request: once, on a branch of its own."""

from __future__ import annotations

from typing import NamedTuple

from bot.github.api.access import GitHubs
from bot.github.api.scopes import OPEN_PULL, PUSH
from bot.github.resources import pulls, repos
from bot.types import Repository


class Proposal(NamedTuple):
    """A file's new text, and the pull request for it."""

    path: str
    text: str
    branch: str
    title: str
    body: str


async def propose(github: GitHubs, place: Repository, proposal: Proposal) -> str:
    """Open the pull request to the default branch; return its address.

    Asked again, it returns the one that is there.
    """
    client = await github.for_repository(place, PUSH)
    opener = await github.for_repository(place, OPEN_PULL)
    path, branch, title = proposal.path, proposal.branch, proposal.title
    known = await pulls.find_by_head(opener, place, branch)
    if known is not None:
        return known.html_url
    if await repos.find_head(client, place, branch) is None:
        await repos.create_branch(client, place, branch, await repos.head_sha(client, place, place.default_branch))
    there = await repos.find_file(client, place, path, branch)
    if there is None or there.text != proposal.text:
        await repos.put_file(client, place, path, proposal.text, branch, title, there.sha if there else None)
    base = place.default_branch
    pull = await pulls.open_pull(opener, place, head=branch, base=base, title=title, body=proposal.body)
    return pull.html_url
