"""What can be asked: the types of GitHub's schema that bots and ``gh`` read, as tables of resolvers.

A resolver takes as many of (context, value, arguments) as it declares.
"""

from __future__ import annotations

from typing import Any

from simhub import pull_shapes, shapes
from simhub.commit_shapes import account_of
from simhub.errors import ApiError
from simhub.gitrepo import GitRepo
from simhub.graphql.execute import Connection, Context, Node
from simhub.graphql.lookup import find, issue_node
from simhub.graphql.reactions import CONTENTS
from simhub.model import (
    Account,
    CheckRun,
    Comment,
    Issue,
    Pull,
    Repository,
    Review,
    ReviewComment,
    iso,
    node_id,
)


def actor(account: Account | None) -> Node | None:
    return Node(account.type, account) if account else None


async def _repository(context: Context, _: Any, given: dict[str, Any]) -> Node:
    world, name = context.call.hub.world, f"{given['owner']}/{given['name']}"
    repo = world.repository(name) or world.moved.get(name.lower())
    if repo is None or not context.call.actor.sees(repo):
        raise ApiError(404, f"Could not resolve to a Repository with the name '{name}'.")
    return Node("Repository", repo)


def _issues(context: Context, repo: Repository, given: dict[str, Any]) -> Connection:
    context.demand(repo, "issues:read")
    states = {"OPEN": "open", "CLOSED": "closed"}
    wanted = {states[name] for name in given.get("states", ["OPEN", "CLOSED"])}
    labels = {name.lower() for name in given.get("labels", [])}
    found = [issue for issue in repo.issues.values() if not issue.pull and issue.state in wanted]
    if labels:
        found = [issue for issue in found if labels & {each.name.lower() for each in issue.labels}]
    return Connection("Issue", _ordered(found, given))


def _ordered(issues: list[Issue], given: dict[str, Any]) -> list[Issue]:
    order = given.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
    key = "updated_at" if order["field"] == "UPDATED_AT" else "created_at"
    return sorted(issues, key=lambda issue: (getattr(issue, key), issue.number), reverse=order["direction"] == "DESC")


def _pulls(context: Context, repo: Repository, given: dict[str, Any]) -> Connection:
    context.demand(repo, "pull_requests:read")
    states = given.get("states", ["OPEN", "CLOSED", "MERGED"])
    found = [pull.issue for pull in repo.pulls if _pull_state(pull) in states]
    for key in ("headRefName", "baseRefName"):
        if key in given:
            name = "head_ref" if key == "headRefName" else "base_ref"
            found = [issue for issue in found if issue.pull and getattr(issue.pull, name) == given[key]]
    return Connection("PullRequest", [issue.pull for issue in _ordered(found, given)])


def _pull_state(pull: Pull) -> str:
    return "MERGED" if pull.merged_at else pull.issue.state.upper()


def _one(context: Context, repo: Repository, given: dict[str, Any], kind: str) -> Node | None:
    issue = repo.issues.get(given["number"])
    if issue is None or (kind == "PullRequest" and not issue.pull) or (kind == "Issue" and issue.pull):
        word = "PullRequest" if kind == "PullRequest" else "Issue"
        raise ApiError(404, f"Could not resolve to a {word} with the number of {given['number']}.")
    context.demand(repo, "pull_requests:read" if issue.pull else "issues:read")
    return issue_node(issue)


async def _ref(repo: Repository, qualified: str) -> Node | None:
    name = qualified if qualified.startswith("refs/") else f"refs/heads/{qualified}"
    sha = (await GitRepo(repo.path).refs(name)).get(name)
    return Node("Ref", (repo, name, sha)) if sha else None


async def _object(context: Context, repo: Repository, given: dict[str, Any]) -> Node | None:
    context.demand(repo, "contents:read")
    git = GitRepo(repo.path)
    wanted = given.get("expression") or given.get("oid", "")
    ref, colon, path = wanted.partition(":")
    sha = await git.resolve(ref)
    if sha is None or not colon:
        return Node("Commit", (repo, sha)) if sha else None
    found = await git.tree(sha, path=path)
    return Node("Blob", (repo, found[0].sha)) if found and found[0].type == "blob" else None


def _commit_field(name: str) -> Any:
    async def resolve(value: tuple[Repository, str]) -> Any:
        item = await GitRepo(value[0].path).commit(value[1])
        head, _, rest = item.message.partition("\n")
        return {"message": item.message, "messageHeadline": head, "messageBody": rest.strip(),
                "committedDate": item.committer.date, "authoredDate": item.author.date}[name]  # fmt: skip

    return lambda _, value: resolve(value)


async def _authors(_: Context, value: tuple[Repository, str]) -> Connection:
    item = await GitRepo(value[0].path).commit(value[1])
    return Connection("GitActor", [item.author])


def _reactions(reactions: list[Any], given: dict[str, Any]) -> list[Any]:
    return [each for each in reactions if given.get("content") in {None, CONTENTS[each.content]}]


def _reaction_groups(reactions: list[Any]) -> list[Node]:
    groups = [(name, sum(1 for each in reactions if each.content == content)) for content, name in CONTENTS.items()]
    return [Node("ReactionGroup", group) for group in groups]


def _rollup(_: Context, value: tuple[Repository, str]) -> Node | None:
    runs = [run for suite in value[0].suites if suite.head_sha == value[1] for run in suite.runs]
    statuses = [status for status in value[0].statuses if status.sha == value[1]]
    return Node("StatusCheckRollup", (runs, statuses)) if runs or statuses else None


def _rollup_state(_: Context, value: tuple[list[CheckRun], list[Any]]) -> str:
    runs, statuses = value
    outcomes = {run.conclusion or "pending" for run in runs} | {status.state for status in statuses}
    if outcomes & {"failure", "timed_out", "cancelled", "action_required", "error"}:
        return "FAILURE"
    return "PENDING" if "pending" in outcomes else "SUCCESS"


def _review_decision(pull: Pull) -> str | None:
    latest = {
        review.user.id: review.state for review in pull.reviews if review.state in ("APPROVED", "CHANGES_REQUESTED")
    }
    if "CHANGES_REQUESTED" in latest.values():
        return "CHANGES_REQUESTED"
    return "APPROVED" if latest else None


def _reviews(context: Context, pull: Pull, given: dict[str, Any]) -> Connection:
    """Those in the wished states; what is not submitted is only its author's to see."""
    seen = [each for each in pull.reviews if each.submitted_at or each.user is context.call.actor.account]
    wanted = given.get("states") or [each.state for each in seen]
    return Connection("PullRequestReview", [each for each in seen if each.state in wanted])


async def _numbers(pull: Pull, index: int) -> int:
    git = GitRepo(pull.repository.path)
    return (await git.numbers(await pull_shapes.merge_base(pull), pull.head_sha))[index]


async def _pull_commits(_: Context, pull: Pull) -> Connection:
    git = GitRepo(pull.repository.path)
    commits = await git.commits(f"{await pull_shapes.merge_base(pull)}..{pull.head_sha}")
    return Connection("PullRequestCommit", [(pull.repository, item.sha) for item in commits[::-1]])


async def _pull_files(_: Context, pull: Pull) -> Connection:
    git = GitRepo(pull.repository.path)
    return Connection("PullRequestChangedFile", await git.changes(await pull_shapes.merge_base(pull), pull.head_sha))


_ACTOR = {
    "id": lambda c, a: shapes.user(c.call.hub, a)["node_id"],
    "databaseId": lambda c, a: a.id,
    "login": lambda c, a: a.login.removesuffix("[bot]"),
    "name": lambda c, a: a.name,
    "email": lambda c, a: a.email or "",
    "url": lambda c, a: shapes.user(c.call.hub, a)["html_url"],
    "avatarUrl": lambda c, a: shapes.user(c.call.hub, a)["avatar_url"],
}


def authored(url: Any) -> dict[str, Any]:
    """Fields that issues, pull requests, comments and reviews share; ``url`` makes the page's address."""
    return {
        "url": url,
        "author": lambda c, v: actor(v.user),
        "body": lambda c, v: v.body or "",
        "authorAssociation": lambda c, v: shapes.association(_repo(v), v.user),
        "viewerDidAuthor": lambda c, v: v.user is c.call.actor.account,
        "includesCreatedEdit": lambda c, v: getattr(v, "updated_at", None) != getattr(v, "created_at", None),
        "createdAt": lambda c, v: iso(getattr(v, "created_at", None)),
        "updatedAt": lambda c, v: iso(getattr(v, "updated_at", None)),
        "reactionGroups": lambda c, v: _reaction_groups(getattr(v, "reactions", [])),
        "reactions": lambda c, v, given: Connection("Reaction", _reactions(getattr(v, "reactions", []), given)),
    }


def _repo(value: Any) -> Repository:
    if isinstance(value, Comment):
        return value.issue.repository
    if isinstance(value, ReviewComment):
        return value.thread.pull.repository
    found = value.pull.repository if isinstance(value, Review) else value.repository
    assert isinstance(found, Repository)
    return found


def _people(context: Context, repo: Repository) -> list[Account]:
    found = (context.call.hub.world.account(login) for login, role in repo.roles.items() if role != "none")
    return [account for account in found if account]


_ISSUE: dict[str, Any] = {
    **authored(lambda c, v: shapes.issue_html_url(c.call.hub, v)),
    "id": lambda c, v: node_id("PR" if v.pull else "I", v.id),
    "databaseId": lambda c, v: v.id,
    "number": lambda c, v: v.number,
    "title": lambda c, v: v.title,
    "state": lambda c, v: v.state.upper(),
    "stateReason": lambda c, v: v.state_reason.upper() if v.state_reason else None,
    "closed": lambda c, v: v.state == "closed",
    "closedAt": lambda c, v: iso(v.closed_at),
    "locked": lambda c, v: v.locked,
    "comments": lambda c, v: Connection("IssueComment", v.comments),
    "labels": lambda c, v: Connection("Label", v.labels),
    "assignees": lambda c, v: Connection("User", v.assignees),
    "milestone": lambda c, v: None,
    "repository": lambda c, v: Node("Repository", v.repository),
    "projectCards": lambda c, v: Connection("ProjectCard", []),
    "projectItems": lambda c, v: Connection("ProjectV2Item", []),
}


def _of_issue(resolver: Any) -> Any:
    return lambda c, v: resolver(c, v.issue)


_PULL: dict[str, Any] = {name: _of_issue(resolver) for name, resolver in _ISSUE.items()} | {
    "state": lambda c, v: _pull_state(v),
    "isDraft": lambda c, v: v.draft,
    "merged": lambda c, v: v.merged_at is not None,
    "mergedAt": lambda c, v: iso(v.merged_at),
    "mergedBy": lambda c, v: actor(v.merged_by),
    "mergeable": lambda c, v: {True: "MERGEABLE", False: "CONFLICTING", None: "UNKNOWN"}[v.mergeable],
    "mergeStateStatus": lambda c, v: {True: "CLEAN", False: "DIRTY", None: "UNKNOWN"}[v.mergeable],
    "mergeCommit": lambda c, v: Node("Commit", (v.repository, v.merge_commit_sha)) if v.merge_commit_sha else None,
    "headRefName": lambda c, v: v.head_ref,
    "headRefOid": lambda c, v: v.head_sha,
    "baseRefName": lambda c, v: v.base_ref,
    "baseRefOid": lambda c, v: v.base_sha,
    "headRepository": lambda c, v: Node("Repository", v.head_repository) if v.head_repository else None,
    "headRepositoryOwner": lambda c, v: actor(v.head_repository.owner) if v.head_repository else None,
    "isCrossRepository": lambda c, v: v.head_repository is not v.repository,
    "maintainerCanModify": lambda c, v: v.maintainer_can_modify,
    "additions": lambda c, v: _numbers(v, 1),
    "deletions": lambda c, v: _numbers(v, 2),
    "changedFiles": lambda c, v: _numbers(v, 0),
    "files": _pull_files,
    "commits": _pull_commits,
    "reviews": _reviews,
    "latestReviews": lambda c, v: Connection("PullRequestReview", [r for r in v.reviews if r.submitted_at]),
    "reviewDecision": lambda c, v: _review_decision(v),
    "reviewThreads": lambda c, v: Connection(
        "PullRequestReviewThread", [t for t in v.threads if t.seen_by(c.call.actor.account)]
    ),
    "reviewRequests": lambda c, v: Connection("ReviewRequest", v.reviewers),
    "closingIssuesReferences": lambda c, v: Connection(
        "Issue",
        [v.repository.issues[n] for n in pull_shapes.closing_numbers(v.issue.body or "") if n in v.repository.issues],
    ),
}  # fmt: skip
_REPOSITORY: dict[str, Any] = {
    "id": lambda c, r: node_id("R", r.id),
    "databaseId": lambda c, r: r.id,
    "name": lambda c, r: r.name,
    "nameWithOwner": lambda c, r: r.full_name,
    "owner": lambda c, r: actor(r.owner),
    "description": lambda c, r: r.description,
    "url": lambda c, r: shapes.html_url(c.call.hub, r),
    "isPrivate": lambda c, r: r.private,
    "isFork": lambda c, r: r.parent is not None,
    "isArchived": lambda c, r: r.archived,
    "isEmpty": lambda c, r: False,
    "parent": lambda c, r: Node("Repository", r.parent) if r.parent else None,
    "hasIssuesEnabled": lambda c, r: True,
    "hasWikiEnabled": lambda c, r: False,
    "hasProjectsEnabled": lambda c, r: False,
    "mergeCommitAllowed": lambda c, r: True,
    "squashMergeAllowed": lambda c, r: True,
    "rebaseMergeAllowed": lambda c, r: True,
    "deleteBranchOnMerge": lambda c, r: False,
    "viewerPermission": lambda c, r: r.role_of(c.call.user).upper() if c.call.actor.kind == "user" else None,
    "viewerCanAdminister": lambda c, r: c.call.actor.kind == "user" and r.role_of(c.call.user) == "admin",
    "defaultBranchRef": lambda c, r: _ref(r, r.default_branch),
    "ref": lambda c, r, given: _ref(r, given["qualifiedName"]),
    "object": _object,
    "issues": _issues,
    "pullRequests": _pulls,
    "issue": lambda c, r, given: _one(c, r, given, "Issue"),
    "pullRequest": lambda c, r, given: _one(c, r, given, "PullRequest"),
    "issueOrPullRequest": lambda c, r, given: _one(c, r, given, "any"),
    "labels": lambda c, r: Connection("Label", r.labels),
    "label": lambda c, r, given: next((Node("Label", v) for v in r.labels if v.name == given["name"]), None),
    "milestones": lambda c, r: Connection("Milestone", []),
    "projects": lambda c, r: Connection("ProjectCard", []),
    "projectsV2": lambda c, r: Connection("ProjectV2Item", []),
    "assignableUsers": lambda c, r: Connection("User", _people(c, r)),
}


def _check_run(run: CheckRun) -> dict[str, Any]:
    state = {"status": run.status.upper(), "conclusion": run.conclusion.upper() if run.conclusion else None}
    times = {"startedAt": iso(run.started_at), "completedAt": iso(run.completed_at)}
    return {"name": run.name, "detailsUrl": run.details_url or "", "title": run.title, **state, **times}


def _check_field(name: str) -> Any:
    return lambda c, run: _check_run(run)[name]


SCHEMA: dict[str, dict[str, Any]] = {
    "Query": {
        "repository": _repository,
        "viewer": lambda c: Node("User", c.call.user),  # an App's bot too, with its whole login
        "node": lambda c, _, given: find(c, given["id"]),
        "nodes": lambda c, _, given: [find(c, each) for each in given["ids"]],
        "user": lambda c, _, given: actor(c.call.hub.world.account(given["login"])),
        "rateLimit": lambda c: Node("RateLimit", c.call.hub.limits.headers(c.call.actor, "graphql")),
        "__type": lambda c, _, given: Node("__Type", given["name"]) if given["name"] in SCHEMA else None,
    },
    "__Type": {
        "name": lambda c, name: name,
        "fields": lambda c, name: [Node("__Field", field) for field in SCHEMA[name]],
        "enumValues": lambda c, name: [],
    },
    "__Field": {"name": lambda c, name: name, "args": lambda c, name: []},
    "RateLimit": {
        "limit": lambda c, h: int(h["X-RateLimit-Limit"]),
        "remaining": lambda c, h: int(h["X-RateLimit-Remaining"]),
        "used": lambda c, h: int(h["X-RateLimit-Used"]),
        "cost": lambda c, h: 1,
    },
    "User": {**_ACTOR, "login": lambda c, a: a.login},
    "Bot": _ACTOR,
    "Organization": _ACTOR,
    "Repository": _REPOSITORY,
    "Issue": _ISSUE,
    "PullRequest": _PULL,
    "Label": {
        "id": lambda c, v: node_id("LA", v.id),
        "name": lambda c, v: v.name,
        "color": lambda c, v: v.color,
        "description": lambda c, v: v.description,
    },
    "IssueComment": {
        **authored(lambda c, v: shapes.comment(c.call.hub, v)["html_url"]),
        "id": lambda c, v: node_id("IC", v.id),
        "databaseId": lambda c, v: v.id,
        "isMinimized": lambda c, v: v.minimized is not None,
        "minimizedReason": lambda c, v: v.minimized or "",
    },
    "ReviewRequest": {"requestedReviewer": lambda c, v: actor(v)},
    "PullRequestCommit": {"commit": lambda c, v: Node("Commit", v)},
    "PullRequestChangedFile": {
        "path": lambda c, v: v.path,
        "additions": lambda c, v: v.additions,
        "deletions": lambda c, v: v.deletions,
    },
    "Commit": {
        "oid": lambda c, v: v[1],
        "abbreviatedOid": lambda c, v: v[1][:7],
        "url": lambda c, v: f"{shapes.html_url(c.call.hub, v[0])}/commit/{v[1]}",
        "statusCheckRollup": _rollup,
        "authors": _authors,
        **{
            name: _commit_field(name)
            for name in ("message", "messageHeadline", "messageBody", "committedDate", "authoredDate")
        },
    },
    "GitActor": {
        "name": lambda c, v: v.name,
        "email": lambda c, v: v.email,
        "date": lambda c, v: v.date,
        "user": lambda c, v: actor(account_of(c.call.hub, v)),
    },
    "StatusCheckRollup": {
        "state": _rollup_state,
        "contexts": lambda c, v: Connection(
            "CheckRun", [*(Node("CheckRun", each) for each in v[0]), *(Node("StatusContext", each) for each in v[1])]
        ),
    },
    "CheckRun": {
        **{
            name: _check_field(name)
            for name in ("name", "status", "conclusion", "startedAt", "completedAt", "detailsUrl", "title")
        },
        "checkSuite": lambda c, v: Node("CheckSuite", v.suite),
        "isRequired": lambda c, v: False,
    },
    "CheckSuite": {"workflowRun": lambda c, v: None},
    "StatusContext": {
        "context": lambda c, v: v.context,
        "state": lambda c, v: v.state.upper(),
        "targetUrl": lambda c, v: v.target_url,
        "createdAt": lambda c, v: iso(v.created_at),
        "isRequired": lambda c, v: False,
    },
    "Ref": {
        "id": lambda c, v: node_id("REF", int(v[2][:12], 16)),
        "name": lambda c, v: v[1].split("/", 2)[2],
        "target": lambda c, v: Node("Commit", (v[0], v[2])),
    },
    "Blob": {
        "oid": lambda c, v: v[1],
        "text": lambda c, v: _blob_text(v),
        "byteSize": lambda c, v: _blob_size(v),
        "isBinary": lambda c, v: False,
    },
    "ReactionGroup": {
        "content": lambda c, v: v[0],
        "users": lambda c, v: Node("Count", v[1]),
        "reactors": lambda c, v: Node("Count", v[1]),
    },
    "Count": {"totalCount": lambda c, v: v},
    "Milestone": {},
    "ProjectCard": {},
    "ProjectV2Item": {},
}


async def _blob_text(value: tuple[Repository, str]) -> str:
    return (await GitRepo(value[0].path).blob(value[1])).decode(errors="replace")


async def _blob_size(value: tuple[Repository, str]) -> int:
    return len(await GitRepo(value[0].path).blob(value[1]))
