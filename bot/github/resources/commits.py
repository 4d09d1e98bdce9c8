"""Commits made through the API, which GitHub signs for the App, and the branches they are put on.

GitHub signs a commit of an App that names neither author nor committer:
https://docs.github.com/en/authentication/managing-commit-signature-verification/about-commit-signature-verification#signature-verification-for-bots
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from bot.github.api.client import Client, within
from bot.github.api.errors import GitHubError, Invalid
from bot.github.resources.repos import find_head
from bot.github.resources.rules import branch_rules
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
        raise await _refusal(client, repository, branch, error.message) from None


async def _refusal(client: Client, repository: Repository, branch: str, said: str) -> BranchRefused:
    """Find out what keeps a branch from being written, and say it.

    GitHub may say no more than "Reference update failed", of a rule and of a name that is taken alike.
    """
    rival = await _find_rival(client, repository, branch)
    if rival is not None:
        return BranchRefused(f"The branch {rival} leaves no room for one named {branch}: {said}", reason="name")
    if "Protected branch" in said:
        return BranchRefused(f"GitHub refuses {branch}: {said}", reason="protected")
    kinds = sorted({rule.kind for rule in await branch_rules(client, repository, branch)})
    hint = f". These rules hold for it: {', '.join(kinds)}" if kinds else ""
    return BranchRefused(f"GitHub refuses {branch}: {said}{hint}", reason="ruleset")


async def _find_rival(client: Client, repository: Repository, branch: str) -> str | None:
    """Find a branch whose name is a folder of this one's, or the reverse."""
    for folder in accumulate(branch.split("/")[:-1], "{}/{}".format):
        if await find_head(client, repository, folder) is not None:
            return folder
    url = "/repos/{owner}/{repo}/git/matching-refs/heads{/parts*}"
    found = await client.get(url, within(repository, parts=branch.split("/")))
    names = (str(each["ref"]).removeprefix("refs/heads/") for each in found)
    return next((name for name in names if name.startswith(f"{branch}/")), None)
