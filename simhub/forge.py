"""Do what GitHub does behind the scenes after a push, a closed issue or a merge."""

from __future__ import annotations

from typing import Any

from simhub import commit_shapes, pull_shapes, shapes, threads
from simhub.actor import Actor
from simhub.gitrepo import ZERO, GitRepo
from simhub.model import Account, CheckSuite, Event, Issue, Pull, Repository, Trigger
from simhub.state import State


def note(hub: State, issue: Issue, actor: Actor, event: str, **data: Any) -> Event:
    """Write a line into the timeline of an issue."""
    line = Event(hub.world.new_id(), event, actor.user, hub.world.now(), actor.acting_app, data)
    issue.events.append(line)
    issue.updated_at = hub.world.now()
    return line


def issue_event(hub: State, issue: Issue, action: str, sender: Account, **extra: Any) -> None:
    payload = {"action": action, "issue": shapes.issue(hub, issue), **extra}
    hub.webhooks.emit("issues", payload, issue.repository, sender)


def set_state(hub: State, issue: Issue, state: str, reason: str | None, actor: Actor) -> None:
    closing = state == "closed"
    issue.state = state
    issue.closed_at = hub.world.now() if closing else None
    issue.closed_by = actor.user if closing else None
    issue.state_reason = (reason or "completed") if closing else "reopened"
    note(hub, issue, actor, "closed" if closing else "reopened", state_reason=issue.state_reason)
    issue_event(hub, issue, "closed" if closing else "reopened", actor.user)


async def queue_group(hub: State, pull: Pull) -> str:
    """Merge a pull request on a branch of the merge queue, whose checks are awaited there."""
    repo, git = pull.repository, GitRepo(pull.repository.path)
    base = await git.text("rev-parse", f"refs/heads/{pull.base_ref}")
    tree = await git.merge_tree(base, pull.head_sha) or ""
    who = {f"GIT_{role}_{key}": "github" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    sha = await git.write_commit(tree, [base, pull.head_sha], f"Merge pull request #{pull.number}", who)
    ref = f"refs/heads/gh-readonly-queue/{pull.base_ref}/pr-{pull.number}-{base}"
    await git.update_ref(ref, sha, ZERO)
    commit = await pull_shapes.simple_commit(repo, sha)
    group = {"head_sha": sha, "head_ref": ref, "base_sha": base, "base_ref": f"refs/heads/{pull.base_ref}"}
    payload = {"action": "checks_requested", "merge_group": group | {"head_commit": commit}}
    hub.webhooks.emit("merge_group", payload, repo, repo.owner)
    return sha


async def pull_event(hub: State, pull: Pull, action: str, sender: Account, **extra: Any) -> None:
    shape = await pull_shapes.pull(hub, pull)
    payload = {"action": action, "number": pull.number, "pull_request": shape, **extra}
    hub.webhooks.emit("pull_request", payload, pull.repository, sender)
    if action in _NEW_HEADS and pull.head_repository is not None:
        head = (pull.head_repository, pull.head_ref, pull.head_sha)
        _trigger(hub, Trigger("pull_request", pull.repository, *head, sender))


_NEW_HEADS = ("opened", "reopened", "synchronize")


def _trigger(hub: State, trigger: Trigger) -> None:
    for tell in hub.triggered:
        tell(trigger)


_TAGS_TOLD = 3


async def refs_changed(
    hub: State, repo: Repository, before: dict[str, str], after: dict[str, str], actor: Actor
) -> None:
    """Compare two lists of refs and do what GitHub does after a push or a ref update.

    Nobody is told of more than three tags at once.
    """
    moved = [ref for ref in sorted(before.keys() | after.keys()) if before.get(ref) != after.get(ref)]
    tags = [ref for ref in moved if ref.startswith("refs/tags/")]
    for ref in moved:
        if ref.startswith("refs/heads/") or (ref in tags and len(tags) <= _TAGS_TOLD):
            await _ref_changed(hub, repo, ref, before.get(ref, ZERO), after.get(ref, ZERO), actor)


async def ref_changed(hub: State, repo: Repository, ref: str, old: str, new: str, actor: Actor) -> None:
    await refs_changed(hub, repo, {ref: old} if old != ZERO else {}, {ref: new} if new != ZERO else {}, actor)


async def _ref_changed(hub: State, repo: Repository, ref: str, old: str, new: str, actor: Actor) -> None:
    repo.pushed_at = hub.world.now()
    kind, name = ("branch", ref[11:]) if ref.startswith("refs/heads/") else ("tag", ref[10:])
    brief = {"ref": name, "ref_type": kind, "pusher_type": "user"}
    forced = await _forced(repo, old, new)
    push = await commit_shapes.push(hub, repo, ref, old, new, forced, actor.user)
    if old == ZERO:
        extra = {"master_branch": repo.default_branch, "description": repo.description}
        hub.webhooks.emit("create", brief | extra, repo, actor.user)
    hub.webhooks.emit("push", push, repo, actor.user)
    if new == ZERO:
        hub.webhooks.emit("delete", brief, repo, actor.user)
    if kind == "branch":
        if new != ZERO:
            await request_suites(hub, repo, name, old, new, actor)
            _trigger(hub, Trigger("push", repo, repo, name, new, actor.user))
        await _update_pulls(hub, repo, name, old, new, forced, actor)


async def _forced(repo: Repository, old: str, new: str) -> bool:
    return ZERO not in (old, new) and not await GitRepo(repo.path).is_ancestor(old, new)


async def request_suites(hub: State, repo: Repository, branch: str, old: str, new: str, actor: Actor) -> None:
    """Make a check suite for every App with checks:write, and tell it."""
    for installation in hub.world.installations.values():
        if not installation.covers(repo) or installation.permissions.get("checks") != "write":
            continue
        now = hub.world.now()
        suite = CheckSuite(hub.world.new_id(), repo, installation.app, new, branch, now, now, before=old)
        repo.suites.append(suite)
        body = await pull_shapes.check_suite_hook(hub, suite)
        payload = {"action": "requested", "check_suite": body}
        hub.webhooks.emit_check(installation.app, "check_suite", payload, repo, actor.user)


async def _update_pulls(
    hub: State, repo: Repository, branch: str, old: str, new: str, forced: bool, actor: Actor
) -> None:
    for other in list(hub.world.repositories.values()):
        for pull in other.pulls:
            if pull.issue.state != "open" or pull.head_sha == new:
                continue
            if pull.head_repository is repo and pull.head_ref == branch:
                await _head_moved(hub, pull, old, new, forced, actor)
            elif other is repo and pull.base_ref == branch and new != ZERO:
                await _base_moved(hub, pull, new, actor)


async def _head_moved(hub: State, pull: Pull, old: str, new: str, forced: bool, actor: Actor) -> None:
    if new == ZERO:
        await close_pull(hub, pull, actor)
        note(hub, pull.issue, actor, "head_ref_deleted")
        return
    await set_head(pull, new)
    await threads.follow(pull, pull.threads)
    if forced:
        note(hub, pull.issue, actor, "head_ref_force_pushed", commit_id=new)
    await pull_event(hub, pull, "synchronize", actor.user, before=old, after=new)


async def set_head(pull: Pull, sha: str) -> None:
    """Move ``refs/pull/N/head``; commits of a fork are brought over first."""
    pull.head_sha, pull.mergeable, pull.mergeable_for = sha, None, None
    git = GitRepo(pull.repository.path)
    if pull.head_repository and pull.head_repository is not pull.repository:
        await git.run("fetch", "--quiet", str(pull.head_repository.path), f"refs/heads/{pull.head_ref}")
    await git.update_ref(f"refs/pull/{pull.number}/head", sha)


async def _base_moved(hub: State, pull: Pull, new: str, actor: Actor) -> None:
    pull.mergeable, pull.mergeable_for = None, None
    if await GitRepo(pull.repository.path).is_ancestor(pull.head_sha, new):
        await mark_merged(hub, pull, new, actor)


async def mark_merged(hub: State, pull: Pull, commit: str, actor: Actor) -> None:
    now = hub.world.now()
    pull.merged_at, pull.merged_by, pull.merge_commit_sha = now, actor.user, commit
    note(hub, pull.issue, actor, "merged", commit_id=commit)
    await close_pull(hub, pull, actor)
    await _close_fixed_issues(hub, pull, actor)


async def close_pull(hub: State, pull: Pull, actor: Actor) -> None:
    issue = pull.issue
    issue.state = "closed"
    issue.closed_at = hub.world.now()
    issue.closed_by = actor.user
    note(hub, issue, actor, "closed")
    await pull_event(hub, pull, "closed", actor.user)


async def _close_fixed_issues(hub: State, pull: Pull, actor: Actor) -> None:
    if pull.base_ref != pull.repository.default_branch:
        return
    for number in pull_shapes.closing_numbers(pull.issue.body or ""):
        issue = pull.repository.issues.get(number)
        if issue and issue.state == "open" and not issue.pull:
            set_state(hub, issue, "closed", "completed", actor)
