"""Merge pull requests (merge, squash, rebase) and branches."""

from __future__ import annotations

from typing import Any

from simhub import commit_shapes, forge, pull_shapes, rules
from simhub.call import Answer, Call, routes
from simhub.errors import ApiError, not_found
from simhub.gitrepo import GitError
from simhub.model import Pull, iso
from simhub.resources.gitdata import person_env

_MERGE = "/repos/{owner}/{repo}/pulls/{number}/merge"


@routes.add("GET", _MERGE, needs="pull_requests:read")
async def is_merged(call: Call) -> Any:
    if call.pull().merged_at is None:
        raise not_found()
    return Answer(status=204)


@routes.add("PUT", _MERGE, needs="contents:write")
async def merge(call: Call) -> Any:
    pull = call.pull()
    method = call.text("merge_method", "merge") or "merge"
    if method not in ("merge", "squash", "rebase"):
        raise ApiError(422, f'Invalid request.\n\n{method} is not a member of ["merge", "squash", "rebase"].')
    _check(call, pull)
    if (sha := call.text("sha")) and sha != pull.head_sha:
        raise ApiError(409, "Head branch was modified. Review and try the merge again.")
    git = call.git
    base = await git.resolve(pull.base_ref) or pull.base_sha
    if await git.merge_tree(base, pull.head_sha) is None:
        raise ApiError(405, "Pull Request is not mergeable")
    new = await _METHODS[method](call, pull, base)
    ref = f"refs/heads/{pull.base_ref}"
    await rules.check_workflows(git, base, new, call.actor)
    pull.base_sha = pull.merged_onto = base
    await git.update_ref(ref, new, base)
    await forge.mark_merged(call.hub, pull, new, call.actor)
    await forge.ref_changed(call.hub, call.repo, ref, base, new, call.actor)
    return {"sha": new, "merged": True, "message": "Pull Request successfully merged"}


def _check(call: Call, pull: Pull) -> None:
    if pull.issue.state != "open" or pull.draft:
        raise ApiError(405, "Pull Request is not mergeable" if not pull.draft else "Pull Request is still a draft")
    needed = rules.required_reviews(call.repo, pull.base_ref, call.actor)
    approvals = {review.user.id for review in pull.reviews if review.state == "APPROVED"}
    if len(approvals) < needed:
        words = f"At least {needed} approving review is required by reviewers with write access."
        raise ApiError(405, words)


def _env(call: Call) -> dict[str, str]:
    return person_env(call, "AUTHOR", {}) | person_env(call, "COMMITTER", {})


async def _merge_commit(call: Call, pull: Pull, base: str) -> str:
    owner = pull.head_repository.owner.login if pull.head_repository else "unknown"
    title = call.text("commit_title") or f"Merge pull request #{pull.number} from {owner}/{pull.head_ref}"
    message = f"{title}\n\n{call.text('commit_message') or pull.issue.title}"
    tree = await call.git.merge_tree(base, pull.head_sha) or ""
    return await call.git.write_commit(tree, [base, pull.head_sha], message, _env(call))


async def _squash(call: Call, pull: Pull, base: str) -> str:
    title = call.text("commit_title") or f"{pull.issue.title} (#{pull.number})"
    span = f"{await pull_shapes.merge_base(pull)}..{pull.head_sha}"
    listed = "\n\n".join(f"* {item.message}" for item in (await call.git.commits(span))[::-1])
    message = call.text("commit_message", listed)
    tree = await call.git.merge_tree(base, pull.head_sha) or ""
    author = (await call.git.commit(pull.head_sha)).author
    env = _env(call) | {"GIT_AUTHOR_NAME": author.name, "GIT_AUTHOR_EMAIL": author.email}
    return await call.git.write_commit(tree, [base], f"{title}\n\n{message}".rstrip(), env)


async def _rebase(call: Call, pull: Pull, base: str) -> str:
    """Replay the commits in a throw-away work tree."""
    start = await pull_shapes.merge_base(pull)
    async with call.git.work_tree(base) as tree:
        try:
            await tree.run("cherry-pick", "--allow-empty", f"{start}..{pull.head_sha}", env=_env_committer(call))
        except GitError:
            raise ApiError(405, "This branch can't be rebased") from None
        return await tree.text("rev-parse", "HEAD")


def _env_committer(call: Call) -> dict[str, str]:
    env = person_env(call, "COMMITTER", {})
    return env | {"GIT_COMMITTER_DATE": iso(call.hub.world.now()) or ""}


_METHODS = {"merge": _merge_commit, "squash": _squash, "rebase": _rebase}


@routes.add("PUT", "/repos/{owner}/{repo}/pulls/{number}/update-branch", needs="pull_requests:write")
async def update_branch(call: Call) -> Any:
    pull = call.pull()
    git = call.git
    expected = call.text("expected_head_sha")
    if expected and expected != pull.head_sha:
        raise ApiError(422, "expected_head_sha does not match current head sha")
    base = await git.resolve(pull.base_ref) or pull.base_sha
    tree = await git.merge_tree(pull.head_sha, base)
    if tree is None or pull.head_repository is not call.repo:
        raise ApiError(422, "merge conflict between base and head")
    message = f"Merge branch '{pull.base_ref}' into {pull.head_ref}"
    old, ref = pull.head_sha, f"refs/heads/{pull.head_ref}"
    new = await git.write_commit(tree, [old, base], message, _env(call))
    await git.update_ref(ref, new, old)
    await forge.ref_changed(call.hub, call.repo, ref, old, new, call.actor)
    url = pull_shapes.pull_url(call.hub, pull)
    return Answer({"message": "Updating pull request branch.", "url": url}, 202)


@routes.add("POST", "/repos/{owner}/{repo}/merges", needs="contents:write")
async def merge_branches(call: Call) -> Any:
    base_name = call.required("base")
    head_name = call.required("head")
    git = call.git
    base = await git.resolve(base_name)
    head = await git.resolve(head_name)
    if base is None or head is None:
        raise ApiError(404, "Base does not exist" if base is None else "Head does not exist")
    if await git.is_ancestor(head, base):
        return Answer(status=204)
    tree = await git.merge_tree(base, head)
    if tree is None:
        raise ApiError(409, "Merge conflict")
    message = call.text("commit_message") or f"Merge {head_name} into {base_name}"
    sha = await git.write_commit(tree, [base, head], message, _env(call))
    ref = f"refs/heads/{base_name}"
    await rules.check_ref_update(call.repo, ref, base, sha, call.actor, call.hub.world.verified)
    await git.update_ref(ref, sha, base)
    await forge.ref_changed(call.hub, call.repo, ref, base, sha, call.actor)
    return Answer(commit_shapes.commit(call.hub, call.repo, await git.commit(sha)), 201)
