"""Mutations. Where REST can do it too, REST does it: one rule, one place."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import Any

from simhub import forge, rules
from simhub.errors import ApiError
from simhub.gitrepo import ZERO, GitRepo, identity
from simhub.graphql.execute import Context, Node
from simhub.graphql.lookup import found, issue_node
from simhub.graphql.reactions import TYPES, add_reaction
from simhub.graphql.revert import revert_pull_request
from simhub.model import Account, Comment, Issue, Pull, Repository, ReviewComment, node_id


def _issue(context: Context, identifier: str) -> Issue:
    value = found(context, identifier, "Issue", "PullRequest")
    return value.issue if isinstance(value, Pull) else value


def _path(issue: Issue | Pull, tail: str) -> str:
    return f"/repos/{issue.repository.full_name}/{tail}"


async def _add_comment(context: Context, _: Any, given: dict[str, Any]) -> Node:
    issue = _issue(context, given["input"]["subjectId"])
    body = {"body": given["input"]["body"]}
    made = await context.rest("POST", _path(issue, f"issues/{issue.number}/comments"), body)
    comment = next(each for each in issue.comments if each.id == made["id"])
    return Node("AddCommentPayload", (issue, comment))


async def _update_comment(context: Context, _: Any, given: dict[str, Any]) -> Node:
    comment: Comment = found(context, given["input"]["id"], "IssueComment")
    path = _path(comment.issue, f"issues/comments/{comment.id}")
    await context.rest("PATCH", path, {"body": given["input"]["body"]})
    return Node("UpdateIssueCommentPayload", comment)


async def _minimize(context: Context, _: Any, given: dict[str, Any]) -> Node:
    comment: Comment | ReviewComment = found(
        context, given["input"]["subjectId"], "IssueComment", "PullRequestReviewComment"
    )
    repo = comment.issue.repository if isinstance(comment, Comment) else comment.thread.pull.repository
    context.demand(repo, "issues:write|pull_requests:write", "write", reading=False)
    comment.minimized = str(given["input"]["classifier"]).lower()
    return Node("MinimizeCommentPayload", comment)


async def _set_draft(context: Context, given: dict[str, Any], draft: bool) -> Node:
    pull: Pull = found(context, given["input"]["pullRequestId"], "PullRequest")
    context.demand(pull.repository, "pull_requests:write", "write", reading=False)
    if pull.draft != draft:
        pull.draft = draft
        word = "convert_to_draft" if draft else "ready_for_review"
        forge.note(context.call.hub, pull.issue, context.call.actor, word)
        action = "converted_to_draft" if draft else "ready_for_review"
        await forge.pull_event(context.call.hub, pull, action, context.call.user)
    return Node("PullRequestPayload", pull)


async def _state(context: Context, given: dict[str, Any], key: str, state: str) -> Node:
    issue = _issue(context, given["input"][key])
    kind = "pulls" if issue.pull else "issues"
    await context.rest("PATCH", _path(issue, f"{kind}/{issue.number}"), {"state": state})
    return Node("StatePayload", issue)


async def _create_pull(context: Context, _: Any, given: dict[str, Any]) -> Node:
    wanted = given["input"]
    repo: Repository = found(context, wanted["repositoryId"], "Repository")
    body = {
        "title": wanted["title"],
        "body": wanted.get("body"),
        "head": wanted["headRefName"],
        "base": wanted["baseRefName"],
        "draft": wanted.get("draft", False),
        "maintainer_can_modify": wanted.get("maintainerCanModify", True),
    }
    made = await context.rest("POST", f"/repos/{repo.full_name}/pulls", body)
    return Node("PullRequestPayload", repo.issues[made["number"]].pull)


async def _create_issue(context: Context, _: Any, given: dict[str, Any]) -> Node:
    wanted = given["input"]
    repo: Repository = found(context, wanted["repositoryId"], "Repository")
    labels = [label.name for label in repo.labels if node_id("LA", label.id) in wanted.get("labelIds", [])]
    body = {"title": wanted["title"], "body": wanted.get("body"), "labels": labels}
    made = await context.rest("POST", f"/repos/{repo.full_name}/issues", body)
    return Node("StatePayload", repo.issues[made["number"]])


async def _merge(context: Context, _: Any, given: dict[str, Any]) -> Node:
    wanted = given["input"]
    pull: Pull = found(context, wanted["pullRequestId"], "PullRequest")
    body = {"merge_method": str(wanted.get("mergeMethod", "MERGE")).lower()}
    names = {"commitHeadline": "commit_title", "commitBody": "commit_message", "expectedHeadOid": "sha"}
    body |= {names[key]: wanted[key] for key in names if wanted.get(key)}
    await context.rest("PUT", _path(pull, f"pulls/{pull.number}/merge"), body)
    return Node("PullRequestPayload", pull)


async def _create_commit(context: Context, _: Any, given: dict[str, Any]) -> Node:
    """createCommitOnBranch: one commit of additions and deletions, only on top of ``expectedHeadOid``."""
    wanted, hub = given["input"], context.call.hub
    repo, ref = _branch(context, wanted["branch"])
    context.demand(repo, "contents:write", "write", reading=False)
    git = GitRepo(repo.path)
    head = (await git.refs(ref)).get(ref)
    if head is None:
        raise ApiError(404, f"No ref found for {ref.removeprefix('refs/heads/')}")
    if head != wanted["expectedHeadOid"]:
        words = f'Expected branch to point to "{wanted["expectedHeadOid"]}" but it did not. Pull and try again.'
        raise ApiError(422, words)
    tree = await _tree(git, head, wanted.get("fileChanges") or {})
    message = "\n\n".join(filter(None, [wanted["message"]["headline"], wanted["message"].get("body")]))
    sha = await git.write_commit(tree, [head], message, _web_identity(context.call.user))
    hub.world.verified.add(sha)
    await rules.check_ref_update(repo, ref, head, sha, context.call.actor, hub.world.verified)
    await git.update_ref(ref, sha, head)
    await forge.ref_changed(hub, repo, ref, head, sha, context.call.actor)
    return Node("CreateCommitPayload", (repo, ref, sha))


def _branch(context: Context, wanted: dict[str, Any]) -> tuple[Repository, str]:
    name = wanted.get("branchName", "")
    repo = context.call.hub.world.repository(wanted.get("repositoryNameWithOwner", ""))
    if repo is None or not context.call.actor.sees(repo):
        raise ApiError(404, "Could not resolve to a Repository.")
    return repo, name if name.startswith("refs/") else f"refs/heads/{name}"


async def _tree(git: GitRepo, head: str, changes: dict[str, Any]) -> str:
    lines = [f"0 {ZERO}\t{each['path']}\n" for each in changes.get("deletions", [])]
    for each in changes.get("additions", []):
        blob = await git.write_blob(base64.b64decode(each["contents"]))
        lines.append(f"100644 {blob}\t{each['path']}\n")
    with tempfile.TemporaryDirectory() as scratch:
        env = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        await git.run("read-tree", head, env=env)
        await git.run("update-index", "--index-info", stdin="".join(lines).encode(), env=env)
        return await git.text("write-tree", env=env)


def _web_identity(user: Account) -> dict[str, str]:
    return identity(user.login, f"{user.id}+{user.login}@users.noreply.github.com")


def _pull_of(_: Context, pull: Pull) -> Node:
    return Node("PullRequest", pull)


MUTATIONS: dict[str, dict[str, Any]] = {
    "Mutation": {
        "addComment": _add_comment,
        "updateIssueComment": _update_comment,
        "minimizeComment": _minimize,
        "addReaction": add_reaction,
        "markPullRequestReadyForReview": lambda c, _, given: _set_draft(c, given, False),
        "convertPullRequestToDraft": lambda c, _, given: _set_draft(c, given, True),
        "closeIssue": lambda c, _, given: _state(c, given, "issueId", "closed"),
        "reopenIssue": lambda c, _, given: _state(c, given, "issueId", "open"),
        "closePullRequest": lambda c, _, given: _state(c, given, "pullRequestId", "closed"),
        "reopenPullRequest": lambda c, _, given: _state(c, given, "pullRequestId", "open"),
        "createPullRequest": _create_pull,
        "mergePullRequest": _merge,
        "revertPullRequest": revert_pull_request,
        "createIssue": _create_issue,
        "createCommitOnBranch": _create_commit,
    },
    **TYPES,
    "AddCommentPayload": {
        "commentEdge": lambda c, v: Node("IssueCommentEdge", v[1]),
        "subject": lambda c, v: issue_node(v[0]),
        "clientMutationId": lambda c, v: None,
    },
    "IssueCommentEdge": {"node": lambda c, v: Node("IssueComment", v)},
    "UpdateIssueCommentPayload": {"issueComment": lambda c, v: Node("IssueComment", v)},
    "MinimizeCommentPayload": {
        "minimizedComment": lambda c, v: Node(
            "IssueComment" if isinstance(v, Comment) else "PullRequestReviewComment", v
        )
    },
    "PullRequestPayload": {"pullRequest": _pull_of, "clientMutationId": lambda c, v: None},
    "RevertPullRequestPayload": {
        "pullRequest": lambda c, v: Node("PullRequest", v[0]),
        "revertPullRequest": lambda c, v: Node("PullRequest", v[1]),
        "clientMutationId": lambda c, v: None,
    },
    "StatePayload": {
        "issue": lambda c, v: Node("Issue", v),
        "pullRequest": lambda c, v: issue_node(v),
        "clientMutationId": lambda c, v: None,
    },
    "CreateCommitPayload": {
        "commit": lambda c, v: Node("Commit", (v[0], v[2])),
        "ref": lambda c, v: Node("Ref", v),
    },
}
