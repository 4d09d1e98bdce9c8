"""revertPullRequest: a branch that takes a merge back, and the pull request that asks for it."""

from __future__ import annotations

from typing import Any

from simhub import forge, rules
from simhub.errors import ApiError
from simhub.gitrepo import ZERO, GitError, GitRepo, identity
from simhub.graphql.execute import Context, Node
from simhub.graphql.lookup import found
from simhub.model import Account, Pull, iso

_CANNOT = (
    "Sorry, this pull request couldn't be reverted automatically. It may have already been reverted, or the content "
    "may have changed since it was merged."
)


async def revert_pull_request(context: Context, _: Any, given: dict[str, Any]) -> Node:
    """Revert as the button does: only what was merged here, not what a push brought in."""
    wanted = given["input"]
    pull: Pull = found(context, wanted["pullRequestId"], "PullRequest")
    repo, actor = pull.repository, context.call.actor
    context.demand(repo, "contents:write", "write", reading=False)
    if pull.merged_onto is None:
        raise ApiError(422, "Only a pull request that was merged on GitHub can be reverted.")
    git = GitRepo(repo.path)
    name = await _free_name(git, f"revert-{pull.number}-{pull.head_ref}")
    head = await _reversed(git, pull, context.call.user, iso(context.call.hub.world.now()))
    ref = f"refs/heads/{name}"
    await rules.check_ref_update(repo, ref, ZERO, head, actor, context.call.hub.world.verified)
    await git.update_ref(ref, head, ZERO)
    await forge.ref_changed(context.call.hub, repo, ref, ZERO, head, actor)
    body = {
        "title": wanted.get("title") or f'Revert "{pull.issue.title}"',
        "body": wanted.get("body") or f"Reverts {repo.full_name}#{pull.number}",
        "head": name,
        "base": pull.base_ref,
        "draft": wanted.get("draft", False),
    }
    made = await context.rest("POST", f"/repos/{repo.full_name}/pulls", body)
    return Node("RevertPullRequestPayload", (pull, repo.issues[made["number"]].pull))


async def _free_name(git: GitRepo, name: str) -> str:
    taken = await git.refs("refs/heads/")
    names = [name, *(f"{name}-{number}" for number in range(1, len(taken) + 1))]
    return next(each for each in names if f"refs/heads/{each}" not in taken)


async def _reversed(git: GitRepo, pull: Pull, user: Account, now: str | None) -> str:
    """Revert a merge on its base branch by git's own revert commits."""
    merged = pull.merge_commit_sha or ""
    whole = ["-m", "1", merged] if len((await git.commit(merged)).parents) > 1 else [f"{pull.merged_onto}..{merged}"]
    env = identity(user.login, f"{user.id}+{user.login}@users.noreply.github.com", now)
    async with git.work_tree(f"refs/heads/{pull.base_ref}") as tree:
        try:
            await tree.run("revert", "--no-edit", *whole, env=env)
        except GitError:
            raise ApiError(422, _CANNOT) from None
        return await tree.text("rev-parse", "HEAD")
