"""Pull requests: open, list, read, edit, files, commits."""

from __future__ import annotations

import asyncio
from typing import Any

from simhub import commit_shapes, forge, pull_shapes, shapes, threads
from simhub.call import Answer, Call, routes
from simhub.errors import ApiError, invalid, not_found, not_supplied
from simhub.gitrepo import GitRepo
from simhub.model import Issue, Pull, Repository
from simhub.resources import issues

FILES_LIMIT = 3000
COMMITS_LIMIT = 250
DIFF_BYTES = 1024 * 1024
DIFF_LINES = 20_000


@routes.add("GET", "/repos/{owner}/{repo}/pulls", needs="pull_requests:read")
async def list_pulls(call: Call) -> Any:
    query, items = call.query, call.repo.pulls
    if (state := query.get("state", "open")) != "all":
        items = [pull for pull in items if pull.issue.state == state]
    if base := query.get("base"):
        items = [pull for pull in items if pull.base_ref == base]
    if head := query.get("head"):
        items = [pull for pull in items if ":" not in head or _head_label(pull) == head.lower()]
    key = "updated_at" if query.get("sort") == "updated" else "created_at"
    down = query.get("direction", "desc" if query.get("sort", "created") == "created" else "asc") == "desc"
    items = sorted(items, key=lambda pull: (getattr(pull.issue, key), pull.number), reverse=down)
    return [pull_shapes.pull_simple(call.hub, pull) for pull in call.page(items)]


def _head_label(pull: Pull) -> str:
    owner = pull.head_repository.owner.login if pull.head_repository else ""
    return f"{owner}:{pull.head_ref}".lower()


@routes.add("POST", "/repos/{owner}/{repo}/pulls", needs="pull_requests:write", role="read")
async def create_pull(call: Call) -> Any:
    base_ref = call.required("base")
    head_name = call.required("head")
    existing = call.body.get("issue")
    if existing is None and "title" not in call.body:
        raise not_supplied("title")
    head_repo, head_ref = _head(call, head_name)
    base_sha = (await call.git.refs(f"refs/heads/{base_ref}")).get(f"refs/heads/{base_ref}")
    if base_sha is None:
        raise invalid("PullRequest", "base", "invalid")
    head_sha = (await GitRepo(head_repo.path).refs(f"refs/heads/{head_ref}")).get(f"refs/heads/{head_ref}")
    if head_sha is None:
        raise invalid("PullRequest", "head", "invalid")
    await _check_new(call, head_repo, head_ref, head_sha, base_ref, base_sha)
    pull = _make(call, existing, head_repo, head_ref, head_sha, base_ref, base_sha)
    await forge.set_head(pull, head_sha)
    await forge.pull_event(call.hub, pull, "opened", call.user)
    return Answer(await pull_shapes.pull(call.hub, pull), 201)


def _head(call: Call, name: str) -> tuple[Repository, str]:
    owner, colon, ref = name.rpartition(":")
    if not colon or owner.lower() == call.repo.owner.login.lower():
        return call.repo, ref
    for other in call.hub.world.repositories.values():
        if other.owner.login.lower() == owner.lower() and other.parent is call.repo:
            return other, ref
    raise invalid("PullRequest", "head", "invalid")


async def _check_new(
    call: Call, head_repo: Repository, head_ref: str, head_sha: str, base_ref: str, base_sha: str
) -> None:
    for pull in call.repo.pulls:
        same = pull.head_repository is head_repo and (pull.head_ref, pull.base_ref) == (head_ref, base_ref)
        if same and pull.issue.state == "open":
            words = f"A pull request already exists for {head_repo.owner.login}:{head_ref}."
            raise ApiError(422, "Validation Failed", [_custom(words)])
    if head_repo is not call.repo:
        if call.actor.kind == "installation" and call.body.get("maintainer_can_modify", True):
            error = {"resource": "PullRequest", "code": "invalid", "field": "fork_collab"}
            raise ApiError(422, "Validation Failed", [error | {"message": "Fork collab can't be granted by an App"}])
        await call.git.run("fetch", "--quiet", str(head_repo.path), f"refs/heads/{head_ref}")
    if await call.git.is_ancestor(head_sha, base_sha):
        words = f"No commits between {call.repo.owner.login}:{base_ref} and {head_repo.owner.login}:{head_ref}"
        raise ApiError(422, "Validation Failed", [_custom(words)])
    if await call.git.merge_base(base_sha, head_sha) is None:
        words = f"The {head_ref} branch has no history in common with {base_ref}"
        raise ApiError(422, "Validation Failed", [_custom(words)])


def _custom(words: str) -> dict[str, str]:
    return {"resource": "PullRequest", "code": "custom", "message": words}


def _make(
    call: Call, existing: Any, head_repo: Repository, head_ref: str, head_sha: str, base_ref: str, base_sha: str
) -> Pull:
    if existing is not None:
        issue = call.repo.issues.get(existing)
        if issue is None or issue.pull:
            raise invalid("PullRequest", "issue", "invalid")
    else:
        issue = issues.new_issue(call.hub, call.repo, call.actor, call.required("title"), call.text("body"))
    modify = call.flag("maintainer_can_modify", default=head_repo is not call.repo)
    pull = Pull(
        call.hub.world.new_id(), issue, head_repo, head_ref, head_sha, base_ref, base_sha,
        draft=call.flag("draft"), maintainer_can_modify=modify,
    )  # fmt: skip
    issue.pull = pull
    _cross_reference(call, issue)
    return pull


def _cross_reference(call: Call, source: Issue) -> None:
    shape = {"type": "issue", "issue": shapes.issue(call.hub, source)}
    for number in pull_shapes.closing_numbers(source.body or ""):
        target = call.repo.issues.get(number)
        if target and target is not source:
            forge.note(call.hub, target, call.actor, "cross-referenced", source=shape)


def compute_mergeable(call: Call, pull: Pull) -> None:
    """``mergeable`` is worked out in the background after somebody asked, as on GitHub."""
    if pull.mergeable is None and pull.issue.state == "open" and pull.mergeable_for is None:
        pull.mergeable_for = (pull.head_sha, pull.base_ref)
        call.hub.in_background(_mergeable(call.hub.mergeable_lag, pull))


async def _mergeable(lag: float, pull: Pull) -> None:
    await asyncio.sleep(lag)
    wanted = pull.mergeable_for
    git = GitRepo(pull.repository.path)
    tree = await git.merge_tree(f"refs/heads/{pull.base_ref}", pull.head_sha)
    if pull.mergeable_for == wanted:
        pull.mergeable, pull.mergeable_for = tree is not None, None


@routes.add("GET", "/repos/{owner}/{repo}/pulls/{number}", needs="pull_requests:read")
async def get_pull(call: Call) -> Any:
    pull = call.pull()
    if "diff" in call.accept or "patch" in call.accept:
        return await _diff(call, pull)
    body = await pull_shapes.pull(call.hub, pull)
    compute_mergeable(call, pull)
    return body


async def _diff(call: Call, pull: Pull) -> Answer:
    start = await pull_shapes.merge_base(pull)
    if "patch" in call.accept:
        text = await call.git.run("format-patch", "--stdout", f"{start}..{pull.head_sha}")
        return Answer(text, content_type="application/vnd.github.patch")
    diff = await call.git.diff(start, pull.head_sha)
    if len(diff) > DIFF_BYTES or diff.count("\n") > DIFF_LINES:
        words = "Sorry, the diff exceeded the maximum number of lines (20000)"
        raise ApiError(406, words, [{"resource": "PullRequest", "field": "diff", "code": "too_large"}])
    return Answer(diff.encode(), content_type="application/vnd.github.diff")


@routes.add("PATCH", "/repos/{owner}/{repo}/pulls/{number}", needs="pull_requests:write", role="read")
async def patch_pull(call: Call) -> Any:
    pull = call.pull()
    if not issues.may_triage(call) and pull.issue.user is not call.user:
        raise not_found()
    await issues.edit(call, pull.issue)
    if base := call.text("base"):
        sha = (await call.git.refs(f"refs/heads/{base}")).get(f"refs/heads/{base}")
        if sha is None:
            raise invalid("PullRequest", "base", "invalid")
        was = {"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}}
        pull.base_ref, pull.base_sha, pull.mergeable = base, sha, None
        await threads.follow(pull, pull.threads)
        await forge.pull_event(call.hub, pull, "edited", call.user, changes={"base": was})
    if state := call.text("state"):
        await issues.change_state(call, pull.issue, state, None)
    return await pull_shapes.pull(call.hub, pull)


@routes.add("GET", "/repos/{owner}/{repo}/pulls/{number}/files", needs="pull_requests:read")
async def files(call: Call) -> Any:
    pull = call.pull()
    changes = await call.git.changes(await pull_shapes.merge_base(pull), pull.head_sha)
    shown = call.page(changes[:FILES_LIMIT])
    return [commit_shapes.file(call.hub, call.repo, pull.head_sha, each) for each in shown]


@routes.add("GET", "/repos/{owner}/{repo}/pulls/{number}/commits", needs="pull_requests:read")
async def commits(call: Call) -> Any:
    pull = call.pull()
    span = f"{await pull_shapes.merge_base(pull)}..{pull.head_sha}"
    found = (await call.git.commits(span, limit=COMMITS_LIMIT))[::-1]
    return [commit_shapes.commit(call.hub, call.repo, item) for item in call.page(found)]


_REVIEWERS = "/repos/{owner}/{repo}/pulls/{number}/requested_reviewers"


@routes.add("GET", _REVIEWERS, needs="pull_requests:read")
async def requested_reviewers(call: Call) -> Any:
    return {"users": [shapes.user(call.hub, each) for each in call.pull().reviewers], "teams": []}


@routes.add("POST DELETE", _REVIEWERS, needs="pull_requests:write")
async def request_reviewers(call: Call) -> Any:
    pull = call.pull()
    for login in call.strings("reviewers"):
        account = call.hub.world.account(login)
        if account is None or not call.repo.has_collaborator(account):
            raise ApiError(422, "Reviews may only be requested from collaborators. One or more of the users or teams "
                                "you specified is not a collaborator of the "
                                f"{call.repo.full_name} repository.")  # fmt: skip
        if account is pull.issue.user:
            raise ApiError(422, "Review cannot be requested from pull request author.")
        adding = call.method == "POST"
        if adding == (account not in pull.reviewers):
            (pull.reviewers.append if adding else pull.reviewers.remove)(account)
            word = "review_requested" if adding else "review_request_removed"
            shape = shapes.user(call.hub, account)
            forge.note(call.hub, pull.issue, call.actor, word, requested_reviewer=shape)
            await forge.pull_event(call.hub, pull, word, call.user, requested_reviewer=shape)
    return Answer(pull_shapes.pull_simple(call.hub, pull), 201 if call.method == "POST" else 200)
