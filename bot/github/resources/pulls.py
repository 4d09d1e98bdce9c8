"""Pull requests, found by their head before they are opened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from bot.github.api.client import Client, within
from bot.github.api.errors import Invalid, Transferred
from bot.github.api.transport import RequestOptions
from bot.github.resources.effects import once
from bot.types import JsonModel, Repository

_OPEN = RequestOptions(notifies=True, repeatable=False)


class Pull(JsonModel):
    """A pull request; ``head_repository`` is None where the fork is gone."""

    number: int
    title: str
    body: str
    state: str
    merged: bool
    draft: bool
    author: str
    author_id: int | None
    head_branch: str
    head_sha: str
    head_repository: int | None
    base_branch: str
    base_sha: str
    merge_sha: str = ""  # the last commit that merging made; until then that of a trial
    labels: tuple[str, ...]
    html_url: str

    def from_fork(self, repository: Repository) -> bool:
        # not by name: a fork may have the one that the repository had
        return self.head_repository != repository.id


async def get_pull(client: Client, repository: Repository, number: int) -> Pull:
    """Return a pull request; Transferred where the answer is another's."""
    data = await client.get("/repos/{owner}/{repo}/pulls/{number}", within(repository, number=number))
    if data["number"] != number or data["base"]["repo"]["id"] != repository.id:
        raise Transferred(f"{repository.full_name}#{number} is another pull request now; nothing is done there.")
    return _pull(data)


async def list_commits(client: Client, repository: Repository, number: int) -> tuple[str, ...]:
    """Return a pull request's commits, oldest first; GitHub tells of 250."""
    url = "/repos/{owner}/{repo}/pulls/{number}/commits{?per_page}"
    items = client.items(url, within(repository, number=number, per_page=100))
    return tuple([str(item["sha"]) async for item in items])


async def list_open(client: Client, repository: Repository) -> list[Pull]:
    """Return all open pull requests, newest first."""
    return [pull async for pull in _list(client, repository, {"state": "open"})]


async def find_by_head(client: Client, repository: Repository, branch: str) -> Pull | None:
    """Find a branch's open pull request here, else its newest closed one."""
    query = {"state": "all", "head": f"{repository.owner}:{branch}"}
    found = [pull async for pull in _list(client, repository, query) if pull.head_branch == branch]
    return next((pull for pull in found if pull.state == "open"), found[0] if found else None)


async def open_pull(
    client: Client, repository: Repository, *, head: str, base: str, title: str, body: str, draft: bool = False
) -> Pull:
    """Open a pull request once a branch; no draft where plans lack them."""

    async def find() -> Pull | None:
        return await find_by_head(client, repository, head)

    async def make() -> Pull:
        data = {"title": title, "head": head, "base": base, "body": body, "draft": draft}
        try:
            return await _create(client, repository, data)
        except Invalid as error:
            known = await find() if "already exists" in error.message else None
            if known is not None:
                return known
            if draft and "draft" in error.message.lower():
                return await _create(client, repository, {**data, "draft": False})
            raise

    return await once(find, make)


async def update_body(client: Client, repository: Repository, number: int, body: str) -> None:
    """Replace the description of a pull request."""
    url = "/repos/{owner}/{repo}/pulls/{number}"
    await client.patch(url, within(repository, number=number), {"body": body})


async def _create(client: Client, repository: Repository, data: dict[str, Any]) -> Pull:
    return _pull(await client.post("/repos/{owner}/{repo}/pulls", within(repository), data, options=_OPEN))


async def _list(client: Client, repository: Repository, query: dict[str, str]) -> AsyncIterator[Pull]:
    url = "/repos/{owner}/{repo}/pulls{?state,head,per_page}"
    async for item in client.items(url, within(repository, **query, per_page=100)):
        yield _pull(item)


def _pull(data: Any) -> Pull:
    head = data.get("head") or {}
    base = data.get("base") or {}
    user = data.get("user") or {}
    return Pull(
        number=data["number"],
        title=data.get("title") or "",
        body=data.get("body") or "",
        state=data.get("state") or "open",
        merged=bool(data.get("merged") or data.get("merged_at")),
        draft=bool(data.get("draft")),
        author=user.get("login") or "ghost",
        author_id=user.get("id"),
        head_branch=head.get("ref") or "",
        head_sha=head.get("sha") or "",
        head_repository=(head.get("repo") or {}).get("id"),
        base_branch=base.get("ref") or "",
        base_sha=base.get("sha") or "",
        merge_sha=data.get("merge_commit_sha") or "",
        labels=tuple(label.get("name") or "" for label in data.get("labels") or ()),
        html_url=data.get("html_url") or "",
    )
