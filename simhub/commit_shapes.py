"""JSON of commits, branches and pushes."""

from __future__ import annotations

from typing import Any

from simhub import shapes
from simhub.address import Address
from simhub.gitrepo import ZERO, Commit, FileChange, GitRepo, Person
from simhub.model import Account, Repository, node_id

Json = dict[str, Any]
PUSH_COMMITS = 2048


def person(item: Person) -> Json:
    return {"name": item.name, "email": item.email, "date": item.date}


def account_of(hub: Address, item: Person) -> Account | None:
    """Return the account behind a commit's mail address.

    That is ``ID+LOGIN@users.noreply...`` or a known address.
    """
    local = item.email.partition("@")[0]
    if "users.noreply." in item.email:
        return hub.world.account(local.rpartition("+")[2])
    return next((a for a in hub.world.accounts.values() if a.email == item.email), None)


def _verification(hub: Address, item: Commit) -> Json:
    """Return whether GitHub signed the commit for a bot; the signature itself is not modelled."""
    signed = item.sha in hub.world.verified
    found = {"verified": signed, "reason": "valid" if signed else "unsigned", "signature": None, "payload": None}
    return found | {"verified_at": item.committer.date if signed else None}


def git_commit(hub: Address, repo: Repository, item: Commit) -> Json:
    """Render a commit of the git data API."""
    url = f"{shapes.repo_url(hub, repo)}/git"
    page = shapes.html_url(hub, repo)
    return {
        "sha": item.sha,
        "node_id": node_id("C", int(item.sha[:12], 16)),
        "url": f"{url}/commits/{item.sha}",
        "html_url": f"{page}/commit/{item.sha}",
        "author": person(item.author),
        "committer": person(item.committer),
        "message": item.message,
        "tree": {"sha": item.tree, "url": f"{url}/trees/{item.tree}"},
        "parents": [
            {"sha": sha, "url": f"{url}/commits/{sha}", "html_url": f"{page}/commit/{sha}"} for sha in item.parents
        ],
        "verification": _verification(hub, item),
    }


def commit(hub: Address, repo: Repository, item: Commit) -> Json:
    """Render a commit of the repository API."""
    url = shapes.repo_url(hub, repo)
    page = shapes.html_url(hub, repo)
    inner = {
        "url": f"{url}/git/commits/{item.sha}",
        "author": person(item.author),
        "committer": person(item.committer),
        "message": item.message,
        "comment_count": 0,
        "tree": {"sha": item.tree, "url": f"{url}/git/trees/{item.tree}"},
        "verification": _verification(hub, item),
    }
    return {
        "sha": item.sha,
        "node_id": node_id("C", int(item.sha[:12], 16)),
        "commit": inner,
        "url": f"{url}/commits/{item.sha}",
        "html_url": f"{page}/commit/{item.sha}",
        "comments_url": f"{url}/commits/{item.sha}/comments",
        "author": shapes.optional_user(hub, account_of(hub, item.author)),
        "committer": shapes.optional_user(hub, account_of(hub, item.committer)),
        "parents": [
            {"sha": sha, "url": f"{url}/commits/{sha}", "html_url": f"{page}/commit/{sha}"} for sha in item.parents
        ],
    }


def file(hub: Address, repo: Repository, head: str, item: FileChange) -> Json:
    page = shapes.html_url(hub, repo)
    url = shapes.repo_url(hub, repo)
    body = {
        "sha": item.sha,
        "filename": item.path,
        "status": item.status,
        "additions": item.additions,
        "deletions": item.deletions,
        "changes": item.additions + item.deletions,
        "blob_url": f"{page}/blob/{head}/{item.path}",
        "raw_url": f"{page}/raw/{head}/{item.path}",
        "contents_url": f"{url}/contents/{item.path}?ref={head}",
    }
    if item.patch is not None:
        body["patch"] = item.patch
    return body | ({"previous_filename": item.previous} if item.previous else {})


async def push(hub: Address, repo: Repository, ref: str, old: str, new: str, forced: bool, pusher: Account) -> Json:
    """Render the payload of a push event."""
    page = shapes.html_url(hub, repo)
    git = GitRepo(repo.path)
    items: list[Commit] = []
    if new != ZERO:
        bounds = (
            [f"{old}..{new}"]
            if old != ZERO
            else [new, "--not", f"--exclude={ref.removeprefix('refs/heads/')}", "--branches"]
        )
        items = (await git.commits_between(bounds, PUSH_COMMITS))[::-1]
    listed = [await _pushed(hub, repo, git, item) for item in items]
    head = listed[-1] if listed else None
    if head is None and new != ZERO:
        head = await _pushed(hub, repo, git, await git.commit(new))
    span = f"{old[:12]}...{new[:12]}" if old != ZERO else new[:12]
    return {
        "ref": ref,
        "before": old,
        "after": new,
        "created": old == ZERO,
        "deleted": new == ZERO,
        "forced": forced,
        "base_ref": None,
        "compare": f"{page}/compare/{span}",
        "commits": listed,
        "head_commit": head,
        "pusher": {"name": pusher.login, "email": pusher.email or f"{pusher.login}@users.noreply.example.org"},
    }


async def _pushed(hub: Address, repo: Repository, git: GitRepo, item: Commit) -> Json:
    added, removed, modified = await git.touched(item.sha)
    author = account_of(hub, item.author)
    committer = account_of(hub, item.committer)
    return {
        "id": item.sha,
        "tree_id": item.tree,
        "distinct": True,
        "message": item.message,
        "timestamp": item.committer.date,
        "url": f"{shapes.html_url(hub, repo)}/commit/{item.sha}",
        "author": {"name": item.author.name, "email": item.author.email} | _login(author),
        "committer": {"name": item.committer.name, "email": item.committer.email} | _login(committer),
        "added": added,
        "removed": removed,
        "modified": modified,
    }


def _login(account: Account | None) -> Json:
    return {"username": account.login} if account else {}
