"""Suspend, remove, rename, transfer, archive, delete and fork whole things."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from typing import Any

from simhub import forge, gitrepo, shapes
from simhub.actor import Actor
from simhub.gitrepo import ZERO, GitRepo, git_now
from simhub.model import Account, Installation, Issue, Label, Repository
from simhub.state import State


def _tell(hub: State, item: Installation, name: str, payload: dict[str, Any], sender: str | None) -> None:
    account = hub.world.account(sender) if sender else None
    hub.webhooks.emit_to(item, name, payload, account or item.account)


def _briefs(repositories: Iterable[Repository]) -> list[dict[str, Any]]:
    return [shapes.repository_brief(repo) for repo in repositories]


def created(hub: State, item: Installation, sender: str | None) -> None:
    covered = [repo for repo in hub.world.repositories.values() if item.covers(repo)]
    payload = {"action": "created", "repositories": _briefs(covered), "requester": None}
    _tell(hub, item, "installation", payload, sender)


def uninstall(hub: State, item: Installation, sender: str | None) -> None:
    covered = [repo for repo in hub.world.repositories.values() if item.covers(repo)]
    _tell(hub, item, "installation", {"action": "deleted", "repositories": _briefs(covered)}, sender)
    item.deleted = True


def suspend(hub: State, item: Installation, sender: str | None) -> None:
    account = hub.world.account(sender) if sender else None
    item.suspended_at = hub.world.now()
    item.suspended_by = account or item.account
    _tell(hub, item, "installation", {"action": "suspend"}, sender)


def unsuspend(hub: State, item: Installation, sender: str | None) -> None:
    item.suspended_at = item.suspended_by = None
    _tell(hub, item, "installation", {"action": "unsuspend"}, sender)


def accept_permissions(hub: State, item: Installation, permissions: Mapping[str, str], sender: str | None) -> None:
    item.permissions = dict(permissions)
    item.updated_at = hub.world.now()
    item.events = list(item.app.events)
    covered = [repo for repo in hub.world.repositories.values() if item.covers(repo)]
    payload = {"action": "new_permissions_accepted", "repositories": _briefs(covered), "requester": None}
    _tell(hub, item, "installation", payload, sender)


def change_repositories(
    hub: State, item: Installation, add: Iterable[Repository], remove: Iterable[Repository], sender: str | None
) -> None:
    added = list(add)
    removed = list(remove)
    item.repositories = [repo for repo in item.repositories if repo not in removed] + added
    for action, given, gone in (("added", added, []), ("removed", [], removed)):
        if given or gone:
            payload: dict[str, Any] = {"action": action, "repository_selection": "selected", "requester": None}
            payload |= {"repositories_added": _briefs(given), "repositories_removed": _briefs(gone)}
            _tell(hub, item, "installation_repositories", payload, sender)


def move(hub: State, repo: Repository, owner: Account, name: str, sender: str | None) -> None:
    """Rename or transfer: the old name answers 301, the disk follows."""
    before, old_owner, old_name = repo.full_name, repo.owner, repo.name
    if hub.world.repository(f"{owner.login}/{name}"):
        raise ValueError(f"{owner.login}/{name} exists already")
    del hub.world.repositories[before.lower()]
    repo.owner, repo.name = owner, name
    target = hub.root / owner.login / f"{name}.git"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(repo.path, target)
    repo.path = target
    hub.world.repositories[repo.full_name.lower()] = repo
    hub.world.moved[before.lower()] = repo
    account = (hub.world.account(sender) if sender else None) or owner
    if owner is old_owner:
        payload: dict[str, Any] = {"action": "renamed", "changes": {"repository": {"name": {"from": old_name}}}}
    else:
        kind = "organization" if old_owner.type == "Organization" else "user"
        shape = shapes.organization(hub, old_owner) if kind == "organization" else shapes.user(hub, old_owner)
        payload = {"action": "transferred", "changes": {"owner": {"from": {kind: shape}}}}
    hub.webhooks.emit("repository", payload, repo, account)


def fork(hub: State, parent: Repository, owner: Account, name: str) -> Repository:
    """Make a fork with its own refs and objects. Sends ``fork``."""
    path = hub.root / owner.login / f"{name}.git"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(parent.path, path, symlinks=True)
    for line in git_now(path, "for-each-ref", "--format=delete %(refname)", "refs/pull").splitlines():
        git_now(path, "update-ref", "-d", line.removeprefix("delete "))
    now = hub.world.now()
    made = Repository(hub.world.new_id(), owner, name, path, parent.default_branch, now, now, parent.private)
    made.parent, made.description = parent, parent.description
    made.labels = [Label(hub.world.new_id(), each.name, each.color, each.description) for each in parent.labels]
    hub.world.repositories[made.full_name.lower()] = made
    hub.webhooks.emit("fork", {"forkee": shapes.repository(hub, made) | {"public": not made.private}}, parent, owner)
    return made


def transfer_issue(hub: State, issue: Issue, target: Repository, sender: str | None) -> Issue:
    """Move an issue with its comments: a new number there, a redirect here. Labels stay behind where unknown there."""
    source = issue.repository
    account = (hub.world.account(sender) if sender else None) or issue.repository.owner
    before = shapes.issue(hub, issue)
    old_repository = shapes.repository(hub, source)
    names = {label.name.lower(): label for label in target.labels}
    del source.issues[issue.number]
    source.transferred[issue.number] = issue
    issue.repository = target
    issue.number = target.next_number()
    issue.labels = [names[label.name.lower()] for label in issue.labels if label.name.lower() in names]
    target.issues[issue.number] = issue
    after = shapes.issue(hub, issue)
    changes = {"new_issue": after, "new_repository": shapes.repository(hub, target)}
    hub.webhooks.emit("issues", {"action": "transferred", "issue": before, "changes": changes}, source, account)
    changes = {"old_issue": before, "old_repository": old_repository}
    hub.webhooks.emit("issues", {"action": "opened", "issue": after, "changes": changes}, target, account)
    return issue


def delete_issue(hub: State, issue: Issue, sender: str | None) -> None:
    repository = issue.repository
    shape = shapes.issue(hub, issue)
    del repository.issues[issue.number]
    repository.deleted.add(issue.number)
    account = (hub.world.account(sender) if sender else None) or repository.owner
    hub.webhooks.emit("issues", {"action": "deleted", "issue": shape}, repository, account)


def archive(hub: State, repo: Repository, sender: str | None) -> None:
    repo.archived = True
    hub.webhooks.emit("repository", {"action": "archived"}, repo, (hub.world.account(sender or "")) or repo.owner)


def delete_repository(hub: State, repo: Repository, sender: str | None) -> None:
    """Delete a repository. The event goes out first: afterwards no installation covers it."""
    hub.webhooks.emit("repository", {"action": "deleted"}, repo, (hub.world.account(sender or "")) or repo.owner)
    del hub.world.repositories[repo.full_name.lower()]
    hub.world.moved = {name: other for name, other in hub.world.moved.items() if other is not repo}
    for item in hub.world.installations.values():
        item.repositories = [each for each in item.repositories if each is not repo]
    shutil.rmtree(repo.path)
    gitrepo.forget(repo.path)


async def rename_branch(hub: State, repo: Repository, old: str, new: str, sender: str | None) -> None:
    """Rename a branch: pull requests onto it follow, those from it are closed, the default branch stays the default.

    https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-branches-in-your-repository/renaming-a-branch
    """
    account = (hub.world.account(sender) if sender else None) or repo.owner
    git = GitRepo(repo.path)
    actor = Actor("user", account)
    sha = await git.text("rev-parse", f"refs/heads/{old}")
    await git.update_ref(f"refs/heads/{new}", sha, ZERO)
    for pull in repo.pulls:
        if pull.base_ref == old:
            pull.base_ref = new
    if repo.default_branch == old:
        await git.run("symbolic-ref", "HEAD", f"refs/heads/{new}")
        repo.default_branch = new
        payload = {"action": "edited", "changes": {"default_branch": {"from": old}}}
        hub.webhooks.emit("repository", payload, repo, account)
    await git.delete_ref(f"refs/heads/{old}")
    await forge.refs_changed(hub, repo, {f"refs/heads/{old}": sha}, {f"refs/heads/{new}": sha}, actor)
