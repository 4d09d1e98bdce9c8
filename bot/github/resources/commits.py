"""Commits made through the API, which GitHub signs for the App, and the branches they are put on.

GitHub signs a commit of an App that names neither author nor committer:
https://docs.github.com/en/authentication/managing-commit-signature-verification/about-commit-signature-verification#signature-verification-for-bots
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.github.api.client import Client, within
from bot.github.api.errors import GitHubError, Invalid
from bot.github.resources.repos import find_head
from bot.types import JsonModel, Repository


class TreeFile(JsonModel):
    """A file to commit, with git mode and new text, None to delete it."""

    mode: str
    text: str | None


class TreeCommit(JsonModel):
    """A commit to make; ``files`` changed since the base make ``tree``."""

    message: str
    tree: str
    files: dict[str, TreeFile]


class BranchTaken(GitHubError):
    """The branch is at another commit than expected."""

    lasting = True


class BranchRefused(GitHubError):
    """GitHub refuses this commit; ``details``: ``reason``, as for a push."""

    lasting = True


async def commit_on_branch(
    client: Client, repository: Repository, branch: str, base: str, chain: Sequence[TreeCommit], *, exists: bool
) -> str:
    """Put signed commits on top of ``base`` on a branch, once.

    Returns the last one's sha, the same however often it is called. ``exists``: the branch is there, at ``base``.
    Raises :class:`BranchTaken` and :class:`BranchRefused`.
    """
    head = await find_head(client, repository, branch)
    if head is not None and await _is_put(client, repository, head, base, chain):
        return head  # where an earlier try has put it
    if head != (base if exists else None):
        raise BranchTaken(f"{branch} was moved or created by somebody else; nothing was overwritten.", branch=branch)
    sha = base
    for one in chain:
        sha = await _commit(client, repository, base, sha, one)
    await _point(client, repository, branch, sha, exists)
    return sha


async def _is_put(client: Client, repository: Repository, head: str, base: str, chain: Sequence[TreeCommit]) -> bool:
    """Return whether these trees are what a branch has on the base."""
    for one in reversed(chain):
        there = await client.get("/repos/{owner}/{repo}/git/commits/{sha}", within(repository, sha=head))
        parents = [parent["sha"] for parent in there["parents"]]
        if there["tree"]["sha"] != one.tree or len(parents) != 1:
            return False
        head = parents[0]
    return head == base


async def _commit(client: Client, repository: Repository, base: str, parent: str, one: TreeCommit) -> str:
    """Make a commit that is on no branch yet; raise where its tree is another."""
    rows = [
        {"path": path, "mode": file.mode, "type": "blob"}
        | ({"sha": None} if file.text is None else {"content": file.text})
        for path, file in one.files.items()
    ]
    made = await client.post("/repos/{owner}/{repo}/git/trees", within(repository), {"base_tree": base, "tree": rows})
    if made["sha"] != one.tree:
        raise GitHubError(f"GitHub made another tree of the change ({made['sha']}) than was tested ({one.tree}).")
    data = {"message": one.message, "tree": one.tree, "parents": [parent]}
    return str((await client.post("/repos/{owner}/{repo}/git/commits", within(repository), data))["sha"])


async def _point(client: Client, repository: Repository, branch: str, sha: str, exists: bool) -> None:
    try:
        if exists:
            url = "/repos/{owner}/{repo}/git/refs/heads{/parts*}"
            await client.patch(url, within(repository, parts=branch.split("/")), {"sha": sha, "force": False})
        else:
            data = {"ref": f"refs/heads/{branch}", "sha": sha}
            await client.post("/repos/{owner}/{repo}/git/refs", within(repository), data)
    except Invalid as error:
        if "not a fast forward" in error.message or "already exists" in error.message:
            raise BranchTaken(f"{branch} was moved by somebody else; nothing was overwritten.", branch=branch) from None
        named = "Reference update failed" in error.message or "cannot be created" in error.message
        raise BranchRefused(
            f"GitHub refuses {branch}: {error.message}", reason="name" if named else "ruleset"
        ) from None
