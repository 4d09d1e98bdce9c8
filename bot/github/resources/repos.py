"""Repositories: their default branch, the heads of branches, single files."""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from typing import Any

from bot.github.api.client import Client, within
from bot.github.api.errors import Conflict, NotFound, Transferred
from bot.types import JsonModel, Repository

_FLAGS = (("admin", "admin"), ("maintain", "maintain"), ("write", "push"), ("triage", "triage"), ("read", "pull"))


class File(JsonModel):
    """A small file at a commit or branch; ``sha`` names its blob.

    ``text`` None: it is not UTF-8, has 1 MB or more, or is no file, and a folder has no sha.
    """

    path: str
    sha: str
    text: str | None


async def get_repository(client: Client, repository: Repository) -> Repository:
    """Return the repository as it is called now; Transferred for another."""
    data = await client.get("/repos/{owner}/{repo}", within(repository))
    if data["id"] != repository.id:
        raise Transferred(f"{repository.full_name} is the name of another repository now; nothing is done there.")
    return repository.model_copy(
        update={
            "owner": data["owner"]["login"],
            "name": data["name"],
            "default_branch": data.get("default_branch") or "main",
            "private": bool(data.get("private")),
        }
    )


async def find_repository(client: Client, owner: str, name: str, installation: int) -> Repository | None:
    """Find a repository by name, None where the client sees none."""
    try:
        data = await client.get("/repos/{owner}/{repo}", {"owner": owner, "repo": name})
    except NotFound:
        return None
    return _parse(data, installation)


async def list_visible(client: Client) -> list[tuple[Repository, str]]:
    """List what the App is installed on and a person may read, with roles.

    Only what they were given counts: that everybody may read a repository does not. ``client`` asks as the person.
    """
    found: list[tuple[Repository, str]] = []
    async for place in client.items("/user/installations?per_page=100", key="installations"):
        if place.get("suspended_at"):
            continue
        url = "/user/installations/{id}/repositories?per_page=100"
        async for item in client.items(url, {"id": place["id"]}, key="repositories"):
            given = item.get("permissions") or {}
            role = next((name for name, flag in _FLAGS if given.get(flag)), None)
            if role is not None:
                found.append((_parse(item, place["id"]), role))
    return found


async def first_repository(client: Client, installation: int) -> Repository | None:
    """Return one of an installation's repositories, None where it has none."""
    return next(iter(await list_first(client, installation, 1)), None)


async def list_first(client: Client, installation: int, most: int) -> list[Repository]:
    """List an installation's repositories, at most ``most`` (100) of them."""
    data = await client.get("/installation/repositories{?per_page}", {"per_page": most})
    return [_parse(item, installation) for item in data["repositories"]]


def _parse(data: Any, installation: int) -> Repository:
    return Repository(
        id=data["id"],
        owner=data["owner"]["login"],
        name=data["name"],
        installation=installation,
        default_branch=data.get("default_branch") or "main",
        private=bool(data.get("private")),
    )


async def default_branch(client: Client, repository: Repository) -> str:
    return (await get_repository(client, repository)).default_branch


async def find_head(client: Client, repository: Repository, branch: str) -> str | None:
    """Return the commit a branch is at; None where it has none."""
    with suppress(NotFound):
        return await head_sha(client, repository, branch)
    return None


async def head_sha(client: Client, repository: Repository, branch: str) -> str:
    """Return the commit a branch is at; NotFound where it has none."""
    url = "/repos/{owner}/{repo}/git/ref/heads{/parts*}"
    try:
        data = await client.get(url, within(repository, parts=branch.split("/")))
    except NotFound as error:
        words = f"{repository.full_name} has no branch {branch}; was it deleted meanwhile?"
        raise NotFound(words, status=404) from error
    except Conflict as error:  # https://docs.github.com/en/rest/git/refs#get-a-reference
        raise NotFound(f"{repository.full_name} is empty: push a first commit, then ask again.", status=409) from error
    return str(data["object"]["sha"])


async def create_branch(client: Client, repository: Repository, branch: str, sha: str) -> None:
    """Create a branch at a commit; Invalid where it is there."""
    await client.post("/repos/{owner}/{repo}/git/refs", within(repository), {"ref": f"refs/heads/{branch}", "sha": sha})


async def put_file(
    client: Client, repository: Repository, path: str, text: str, branch: str, message: str, known: str | None
) -> None:
    """Commit a file to a branch; ``known`` is the blob that it replaces."""
    data = {"message": message, "content": base64.b64encode(text.encode()).decode(), "branch": branch}
    url = "/repos/{owner}/{repo}/contents{/parts*}"
    await client.put(url, within(repository, parts=path.split("/")), data | ({"sha": known} if known else {}))


async def find_file(client: Client, repository: Repository, path: str, ref: str | None) -> File | None:
    """Return a file of a commit, a branch or the default; None for none."""
    url = "/repos/{owner}/{repo}/contents{/parts*}{?ref}"
    try:
        data = await client.get(url, within(repository, parts=path.split("/"), ref=ref))
    except NotFound:
        return None
    if not isinstance(data, dict):
        return File(path=path, sha="", text=None)
    text = None
    if data.get("type") == "file" and data.get("encoding") == "base64":
        with suppress(binascii.Error, UnicodeDecodeError):
            text = base64.b64decode(data.get("content") or "").decode()
    return File(path=path, sha=data["sha"], text=text)
