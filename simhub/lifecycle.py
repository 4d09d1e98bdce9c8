"""What happens to installations and repositories as a whole: suspended, removed, renamed, transferred, forked."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from simhub import shapes
from simhub.gitrepo import git_now
from simhub.model import Account, Installation, Label, Repository

if TYPE_CHECKING:
    from simhub.hub import Hub


def _tell(hub: Hub, item: Installation, name: str, payload: dict[str, Any], sender: str | None) -> None:
    account = hub.world.account(sender) if sender else None
    hub.webhooks.emit_to(item, name, payload, account or item.account)


def _briefs(repositories: Iterable[Repository]) -> list[dict[str, Any]]:
    return [shapes.repository_brief(repo) for repo in repositories]


def created(hub: Hub, item: Installation, sender: str | None) -> None:
    covered = [repo for repo in hub.world.repositories.values() if item.covers(repo)]
    payload = {"action": "created", "repositories": _briefs(covered), "requester": None}
    _tell(hub, item, "installation", payload, sender)


def uninstall(hub: Hub, item: Installation, sender: str | None) -> None:
    covered = [repo for repo in hub.world.repositories.values() if item.covers(repo)]
    _tell(hub, item, "installation", {"action": "deleted", "repositories": _briefs(covered)}, sender)
    item.deleted = True


def suspend(hub: Hub, item: Installation, sender: str | None) -> None:
    account = hub.world.account(sender) if sender else None
    item.suspended_at, item.suspended_by = hub.world.now(), account or item.account
    _tell(hub, item, "installation", {"action": "suspend"}, sender)


def unsuspend(hub: Hub, item: Installation, sender: str | None) -> None:
    item.suspended_at = item.suspended_by = None
    _tell(hub, item, "installation", {"action": "unsuspend"}, sender)


def accept_permissions(hub: Hub, item: Installation, permissions: Mapping[str, str], sender: str | None) -> None:
    item.permissions, item.updated_at = dict(permissions), hub.world.now()
    item.events = list(item.app.events)
    covered = [repo for repo in hub.world.repositories.values() if item.covers(repo)]
    payload = {"action": "new_permissions_accepted", "repositories": _briefs(covered), "requester": None}
    _tell(hub, item, "installation", payload, sender)


def change_repositories(
    hub: Hub, item: Installation, add: Iterable[Repository], remove: Iterable[Repository], sender: str | None
) -> None:
    added, removed = list(add), list(remove)
    item.repositories = [repo for repo in item.repositories if repo not in removed] + added
    for action, given, gone in (("added", added, []), ("removed", [], removed)):
        if given or gone:
            payload: dict[str, Any] = {"action": action, "repository_selection": "selected", "requester": None}
            payload |= {"repositories_added": _briefs(given), "repositories_removed": _briefs(gone)}
            _tell(hub, item, "installation_repositories", payload, sender)


def move(hub: Hub, repo: Repository, owner: Account, name: str, sender: str | None) -> None:
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


def fork(hub: Hub, parent: Repository, owner: Account, name: str) -> Repository:
    """A fork with its own refs and objects. Sends ``fork``."""
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
