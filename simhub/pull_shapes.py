"""JSON of pull requests, reviews, review comments and checks."""

from __future__ import annotations

import re
from typing import Any

from simhub import shapes
from simhub.address import Address
from simhub.gitrepo import GitRepo
from simhub.model import CheckRun, CheckSuite, Pull, Repository, Review, ReviewComment, iso, node_id

Json = dict[str, Any]
_CLOSING = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d+)", re.IGNORECASE)


def closing_numbers(body: str) -> list[int]:
    """Issues that a body closes by GitHub's keywords."""
    return [int(number) for number in _CLOSING.findall(body)]


def pull_url(hub: Address, item: Pull) -> str:
    return f"{shapes.repo_url(hub, item.repository)}/pulls/{item.number}"


def _side(hub: Address, repo: Repository | None, ref: str, sha: str) -> Json:
    return {
        "label": f"{repo.owner.login}:{ref}" if repo else f"unknown repository:{ref}",
        "ref": ref,
        "sha": sha,
        "user": shapes.optional_user(hub, repo.owner if repo else None),
        "repo": shapes.repository(hub, repo) if repo else None,
    }


def _links(hub: Address, item: Pull) -> Json:
    url = pull_url(hub, item)
    page = shapes.issue_html_url(hub, item.issue)
    base = shapes.repo_url(hub, item.repository)
    return {
        "self": {"href": url},
        "html": {"href": page},
        "issue": {"href": f"{base}/issues/{item.number}"},
        "comments": {"href": f"{base}/issues/{item.number}/comments"},
        "review_comments": {"href": f"{url}/comments"},
        "review_comment": {"href": f"{base}/pulls/comments{{/number}}"},
        "commits": {"href": f"{url}/commits"},
        "statuses": {"href": f"{base}/statuses/{item.head_sha}"},
    }


def pull_simple(hub: Address, item: Pull) -> Json:
    """Render a pull request as lists hold it."""
    issue = item.issue
    url = pull_url(hub, item)
    page = shapes.issue_html_url(hub, item.issue)
    base = shapes.repo_url(hub, item.repository)
    shared = shapes.issue(hub, issue)
    same = ("number", "state", "locked", "title", "user", "body", "created_at", "updated_at", "closed_at", "assignee",
            "assignees", "labels", "milestone", "author_association", "active_lock_reason", "html_url")  # fmt: skip
    return {
        "url": url,
        "id": item.id,
        "node_id": node_id("PR", item.issue.id),
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": f"{base}/issues/{item.number}",
        **{key: shared[key] for key in same},
        "merged_at": iso(item.merged_at),
        "merge_commit_sha": item.merge_commit_sha,
        "requested_reviewers": [shapes.user(hub, each) for each in item.reviewers],
        "requested_teams": [],
        "draft": item.draft,
        "commits_url": f"{url}/commits",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": f"{base}/pulls/comments{{/number}}",
        "comments_url": f"{base}/issues/{item.number}/comments",
        "statuses_url": f"{base}/statuses/{item.head_sha}",
        "head": _side(hub, item.head_repository, item.head_ref, item.head_sha),
        "base": _side(hub, item.repository, item.base_ref, item.base_sha),
        "_links": _links(hub, item),
        "auto_merge": None,
    }


async def merge_base(item: Pull) -> str:
    """Return the commit at which the pull request's diff starts."""
    git = GitRepo(item.repository.path)
    base = item.base_sha if item.merged_at else await git.resolve(item.base_ref) or item.base_sha
    return await git.merge_base(base, item.head_sha) or base


async def pull(hub: Address, item: Pull) -> Json:
    git = GitRepo(item.repository.path)
    start = await merge_base(item)
    files, added, deleted = await git.numbers(start, item.head_sha)
    open_now = item.issue.state == "open"
    states = {True: "clean", False: "dirty", None: "unknown"}
    return pull_simple(hub, item) | {
        "merged": item.merged_at is not None,
        "mergeable": item.mergeable if open_now else None,
        "rebaseable": item.mergeable if open_now else None,
        "mergeable_state": states[item.mergeable] if open_now else "unknown",
        "merged_by": shapes.optional_user(hub, item.merged_by),
        "comments": len(item.issue.comments),
        "review_comments": len(item.review_comments),
        "maintainer_can_modify": item.maintainer_can_modify,
        "commits": await git.count(start, item.head_sha),
        "additions": added,
        "deletions": deleted,
        "changed_files": files,
    }


def pull_brief(hub: Address, item: Pull) -> Json:
    """Render a pull request as check events list it."""

    def side(repo: Repository | None, ref: str, sha: str) -> Json:
        return {"ref": ref, "sha": sha, "repo": _repo_brief(hub, repo or item.repository)}

    return {
        "id": item.id,
        "number": item.number,
        "url": pull_url(hub, item),
        "head": side(item.head_repository, item.head_ref, item.head_sha),
        "base": side(item.repository, item.base_ref, item.base_sha),
    }


def _repo_brief(hub: Address, repo: Repository) -> Json:
    return {"id": repo.id, "url": shapes.repo_url(hub, repo), "name": repo.name}


def review(hub: Address, item: Review) -> Json:
    url = pull_url(hub, item.pull)
    page = f"{shapes.issue_html_url(hub, item.pull.issue)}#pullrequestreview-{item.id}"
    body = {
        "id": item.id,
        "node_id": node_id("PRR", item.id),
        "user": shapes.user(hub, item.user),
        "body": item.body,
        "state": item.state,
        "html_url": page,
        "pull_request_url": url,
        "author_association": shapes.association(item.pull.repository, item.user),
        "_links": {"html": {"href": page}, "pull_request": {"href": url}},
        "commit_id": item.commit_id,
    }
    return body | ({"submitted_at": iso(item.submitted_at)} if item.submitted_at else {})


def review_comment(hub: Address, item: ReviewComment) -> Json:
    pull_item, anchor = item.thread.pull, item.thread.anchor
    url = f"{shapes.repo_url(hub, pull_item.repository)}/pulls/comments/{item.id}"
    page = f"{shapes.issue_html_url(hub, pull_item.issue)}#discussion_r{item.id}"
    stale = item.thread.outdated
    body = {
        "url": url,
        "pull_request_review_id": item.review.id,
        "id": item.id,
        "node_id": node_id("PRRC", item.id),
        "diff_hunk": anchor.hunk,
        "path": anchor.path,
        "commit_id": pull_item.head_sha if not stale else item.thread.commit_id,
        "original_commit_id": item.thread.commit_id,
        "user": shapes.user(hub, item.user),
        "body": item.body,
        "created_at": iso(item.created_at),
        "updated_at": iso(item.updated_at),
        "html_url": page,
        "pull_request_url": pull_url(hub, pull_item),
        "author_association": shapes.association(pull_item.repository, item.user),
        "_links": {
            "self": {"href": url},
            "html": {"href": page},
            "pull_request": {"href": pull_url(hub, pull_item)},
        },
        "reactions": shapes.rollup(url, item.reactions),
        **_anchor(item),
    }
    return body | ({"in_reply_to_id": item.in_reply_to} if item.in_reply_to else {})


_WHOLE_FILE: Json = {
    "subject_type": "file",
    "side": "RIGHT",
    "start_side": None,
    "start_line": None,
    "original_start_line": None,
    **dict.fromkeys(("line", "original_line", "position", "original_position"), 1),
}


def _anchor(item: ReviewComment) -> Json:
    anchor, place = item.thread.anchor, item.thread.place
    if anchor.line is None:
        return _WHOLE_FILE
    return {
        "start_line": place and place.start_line,
        "original_start_line": anchor.start_line,
        "start_side": anchor.start_side,
        "line": place and place.line,
        "original_line": anchor.line,
        "side": anchor.side,
        "position": place and place.position,
        "original_position": anchor.position,
        "subject_type": "line",
    }


def pulls_of_head(hub: Address, repo: Repository, sha: str) -> list[Json]:
    """Open pull requests with this head, as check payloads list them: those of forks are never there."""
    mine = (p for p in repo.pulls if p.issue.state == "open" and p.head_sha == sha)
    return [pull_brief(hub, p) for p in mine if p.head_repository is repo]


def suite_state(suite: CheckSuite) -> tuple[str, str | None]:
    """Status and conclusion of a suite, from the latest run of each name."""
    runs = {run.name: run for run in suite.runs}.values()
    if not runs:
        return "queued", None
    if any(run.status != "completed" for run in runs):
        return "in_progress", None
    order = ("action_required", "cancelled", "timed_out", "failure", "neutral", "skipped", "success")
    concluded = {run.conclusion for run in runs}
    for bad in order[:4]:
        if bad in concluded:
            return "completed", bad
    return "completed", "success" if "success" in concluded else "neutral"


def check_suite(hub: Address, item: CheckSuite) -> Json:
    url = f"{shapes.repo_url(hub, item.repository)}/check-suites/{item.id}"
    status, conclusion = suite_state(item)
    return {
        "id": item.id,
        "node_id": node_id("CS", item.id),
        "head_branch": item.head_branch,
        "head_sha": item.head_sha,
        "status": status,
        "conclusion": conclusion,
        "url": url,
        "before": item.before,
        "after": item.head_sha,
        "pull_requests": pulls_of_head(hub, item.repository, item.head_sha),
        "app": shapes.integration(hub, item.app),
        "created_at": iso(item.created_at),
        "updated_at": iso(item.updated_at),
        "rerequestable": True,
        "runs_rerequestable": True,
        "latest_check_runs_count": len(item.runs),
        "check_runs_url": f"{url}/check-runs",
    }


async def simple_commit(repo: Repository, sha: str) -> Json:
    item = await GitRepo(repo.path).commit(sha)
    people = {
        role: {"name": each.name, "email": each.email} for role, each in
        (("author", item.author), ("committer", item.committer))
    }  # fmt: skip
    return {"id": sha, "tree_id": item.tree, "message": item.message, "timestamp": item.committer.date, **people}


async def check_suite_hook(hub: Address, item: CheckSuite) -> Json:
    return check_suite(hub, item) | {"head_commit": await simple_commit(item.repository, item.head_sha)}


def check_run(hub: Address, item: CheckRun) -> Json:
    repo = item.suite.repository
    url = f"{shapes.repo_url(hub, repo)}/check-runs/{item.id}"
    page = f"{shapes.html_url(hub, repo)}/runs/{item.id}"
    return {
        "id": item.id,
        "name": item.name,
        "node_id": node_id("CR", item.id),
        "head_sha": item.suite.head_sha,
        "external_id": item.external_id,
        "url": url,
        "html_url": page,
        "details_url": item.details_url or item.suite.app.external_url,
        "status": item.status,
        "conclusion": item.conclusion,
        "started_at": iso(item.started_at),
        "completed_at": iso(item.completed_at),
        "output": {
            "title": item.title,
            "summary": item.summary,
            "text": item.text,
            "annotations_count": len(item.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": item.suite.id},
        "app": shapes.integration(hub, item.suite.app),
        "pull_requests": pulls_of_head(hub, repo, item.suite.head_sha),
    }
