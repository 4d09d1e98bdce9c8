"""PyGithub as an independent witness: it reads and writes the hub as if it were GitHub."""

from __future__ import annotations

import asyncio
from typing import Any

import github
import pytest
from github.GithubException import GithubException, UnknownObjectException

from simhub import Job
from tests.support.hub import Stage


def _client(at: Stage, auth: github.Auth.Auth) -> github.Github:
    return github.Github(base_url=at.hub.api_url, auth=auth, seconds_between_requests=None, seconds_between_writes=None,
                         retry=None)  # fmt: skip


def _as_app(at: Stage) -> github.Github:
    app = github.Auth.AppAuth(at.app.app_id, at.app.private_key)
    return _client(at, app.get_installation_auth(at.installation.id))


def _play_issues(at: Stage) -> dict[str, Any]:
    alice = _client(at, github.Auth.Token(at.alice.token)).get_repo("octo/sample")
    bot = _as_app(at).get_repo("octo/sample")
    issue = alice.create_issue("A title", "A body", labels=["bug"], assignee="alice")
    issue.add_to_labels("ai-bug-fix")
    mine = bot.get_issue(issue.number)
    mine.create_reaction("eyes")
    comment = mine.create_comment("Looking.")
    comment.edit("Found.")
    comment.create_reaction("rocket")
    issue.remove_from_labels("bug")
    issue.edit(title="Another title", state="closed", state_reason="completed")
    events = [event.event for event in issue.get_events()]
    timeline = [event.event for event in issue.get_timeline()]
    label = alice.create_label("fresh", "ff0000", "New")
    label.edit("fresher", "00ff00")
    with pytest.raises(GithubException) as twice:
        alice.create_label("FRESHER", "00ff00")
    return {
        "labels": [each.name for each in alice.get_issue(1).labels],
        "comments": [each.body for each in mine.get_comments()],
        "reactions": [each.content for each in comment.get_reactions()],
        "closed": [each.number for each in alice.get_issues(state="closed")],
        "events": events,
        "timeline": timeline,
        "twice": (twice.value.status, twice.value.data["errors"][0]["code"]),
    }


async def test_issues(at: Stage) -> None:
    seen = await asyncio.to_thread(_play_issues, at)
    assert seen["labels"] == ["ai-bug-fix"]
    assert (seen["comments"], seen["reactions"], seen["closed"]) == (["Found."], ["rocket"], [1])
    assert seen["events"] == ["labeled", "labeled", "unlabeled", "renamed", "closed"]
    assert "commented" in seen["timeline"]
    assert seen["twice"] == (422, "already_exists")


def _play_pulls(at: Stage) -> dict[str, Any]:
    alice = _client(at, github.Auth.Token(at.alice.token)).get_repo("octo/sample")
    bot = _as_app(at).get_repo("octo/sample")
    base = bot.get_branch("main").commit.sha
    bot.create_git_ref("refs/heads/work", base)
    old = bot.get_contents("src/app.py", ref="work")
    assert not isinstance(old, list)
    text = old.decoded_content.decode().replace("line 3\n", "line three\n")
    bot.update_file("src/app.py", "Spell three", text, old.sha, branch="work")
    bot.create_file("docs/new.md", "Add a page", "# New\n", branch="work")
    pull = bot.create_pull("main", "work", title="Spell", body="Body", draft=False)
    review = alice.get_pull(pull.number).create_review(
        body="One thing", event="REQUEST_CHANGES",
        comments=[{"path": "src/app.py", "line": 3, "side": "RIGHT", "body": "why?"}],
    )  # fmt: skip
    thread = pull.get_review_comments()[0]
    pull.create_review_comment_reply(thread.id, "because")
    pull.create_issue_comment("See above.")
    pull.create_review_request(["alice"])
    run = bot.create_check_run("forgehand", pull.head.sha, status="in_progress")
    run.edit(status="completed", conclusion="success", output={"title": "Fine", "summary": "All"})
    commit = bot.get_commit(pull.head.sha)
    commit.create_status("success", context="ci")
    comparison = bot.compare("main", "work")
    seen = {
        "files": sorted(each.filename for each in pull.get_files()),
        "commits": [each.commit.message for each in pull.get_commits()],
        "review": (review.state, [each.body for each in pull.get_review_comments()]),
        "runs": [(each.name, each.conclusion) for each in commit.get_check_runs()],
        "suites": commit.get_check_suites().totalCount,
        "status": commit.get_combined_status().state,
        "compare": (comparison.ahead_by, comparison.status),
        "pulls_of_commit": [each.number for each in commit.get_pulls()],
    }
    with pytest.raises(GithubException) as twice:
        bot.create_pull("main", "work", title="Again")
    seen["twice"] = twice.value.status
    seen["merged"] = alice.get_pull(pull.number).merge(merge_method="squash").merged
    seen["state"] = bot.get_pull(pull.number).merged
    bot.get_git_ref("heads/work").delete()
    return seen


async def test_pull_requests(at: Stage) -> None:
    seen = await asyncio.to_thread(_play_pulls, at)
    assert seen["files"] == ["docs/new.md", "src/app.py"]
    assert seen["commits"] == ["Spell three", "Add a page"]
    assert seen["review"] == ("CHANGES_REQUESTED", ["why?", "because"])
    assert (seen["runs"], seen["suites"], seen["status"]) == ([("forgehand", "success")], 1, "success")
    assert (seen["compare"], seen["pulls_of_commit"]) == ((2, "ahead"), [1])
    assert (seen["twice"], seen["merged"], seen["state"]) == (422, True, True)


def _play_review(at: Stage) -> dict[str, Any]:
    """A review's life: draft, threads, answers, dismissal, reactions, requests, an update of the branch."""
    alice = _client(at, github.Auth.Token(at.alice.token)).get_repo("octo/sample")
    bot = _as_app(at).get_repo("octo/sample")
    bot.create_git_ref("refs/heads/work", bot.get_branch("main").commit.sha)
    old = bot.get_contents("src/app.py", ref="work")
    assert not isinstance(old, list)
    text = old.decoded_content.decode()
    bot.update_file(
        "src/app.py", "One", text.replace("line 3\n", "3\n").replace("line 9\n", ""), old.sha, branch="work"
    )
    pull = bot.create_pull("main", "work", title="Spell", draft=True)
    pull.mark_ready_for_review()
    pull.convert_to_draft()
    theirs = alice.get_pull(pull.number)
    draft = theirs.create_review(
        comments=[
            {"path": "src/app.py", "start_line": 1, "line": 4, "side": "RIGHT", "body": "these"},
            {"path": "src/app.py", "line": 9, "side": "LEFT", "body": "gone?"},
        ],
    )
    hidden = pull.get_review_comments().totalCount
    draft.delete()
    asked = theirs.create_review(body="Please", event="REQUEST_CHANGES", comments=[
        {"path": "src/app.py", "line": 3, "body": "```suggestion\nthree\n```"}])  # fmt: skip
    whole = theirs.create_review_comment("file", bot.get_commit(pull.head.sha), "src/app.py", subject_type="file")
    first = pull.get_review_comments()[0]
    pull.create_review_comment_reply(first.id, "Done.")
    first.create_reaction("+1")
    asked.dismiss("outlived")
    with pytest.raises(GithubException) as own:
        pull.create_review(body="no", event="APPROVE")
    at.hub.set_permission(at.repo, "carol", "read")
    theirs.create_review_request(["carol"])
    main = alice.get_contents("README.md")
    assert not isinstance(main, list)
    alice.update_file("README.md", "Elsewhere", "# Other\n", main.sha, branch="main")
    pull.update_branch()
    return {
        "hidden": hidden,
        "draft": bot.get_pull(1).draft,
        "lines": [(each.line, each.subject_type, each.in_reply_to_id) for each in pull.get_review_comments()],
        "whole": whole.subject_type,
        "first": first.id,
        "reactions": [each.content for each in first.get_reactions()],
        "states": [each.state for each in pull.get_reviews()],
        "of_review": [each.body for each in pull.get_single_review_comments(asked.id)],
        "own": own.value.data["errors"],
        "asked": [each.login for each in bot.get_pull(1).get_review_requests()[0]],
        "commits": bot.get_pull(1).commits,
    }


async def test_reviews(at: Stage) -> None:
    at.hub.create_user("carol")
    seen = await asyncio.to_thread(_play_review, at)
    assert (seen["hidden"], seen["draft"]) == (0, True)
    assert seen["lines"] == [(3, "line", None), (1, "file", None), (3, "line", seen["first"])]
    assert (seen["whole"], seen["reactions"]) == ("file", ["+1"])
    assert seen["states"] == ["DISMISSED", "COMMENTED", "COMMENTED"]
    assert seen["of_review"] == ["```suggestion\nthree\n```"]
    assert seen["own"] == ["Can not approve your own pull request"]
    assert (seen["asked"], seen["commits"]) == (["carol"], 2)


def _play_checks(at: Stage, run_id: int, head: str) -> dict[str, Any]:
    bot = _as_app(at).get_repo("octo/sample")
    spot = {"path": "src/app.py", "start_line": 1, "end_line": 2, "annotation_level": "warning", "message": "m"}
    button = {"label": "Again", "description": "Look again", "identifier": "again"}
    check = bot.create_check_run(
        "review", head, status="completed", conclusion="neutral", actions=[button],
        output={"title": "t", "summary": "s", "annotations": [spot]},
    )  # fmt: skip
    run = bot.get_workflow_run(run_id)
    jobs = list(run.jobs())
    suites = [(each.app.slug, each.status, each.conclusion) for each in bot.get_commit(head).get_check_suites()]
    with pytest.raises(GithubException) as foreign:
        bot.get_check_run(jobs[0].id).edit(conclusion="success")
    return {
        "annotations": [(each.path, each.end_line) for each in check.get_annotations()],
        "suites": sorted(suites),
        "jobs": [(each.name, each.conclusion, [step.name for step in each.steps]) for each in jobs],
        "log": "/_downloads/" in jobs[0].logs_url(),
        "runs": [each.id for each in bot.get_workflow_runs(head_sha=head, status="failure")],
        "checks": sorted(each.name for each in bot.get_commit(head).get_check_runs()),
        "foreign": foreign.value.status,
        "again": run.rerun_failed_jobs(),
    }


async def test_checks_and_workflows(at: Stage) -> None:
    head = await at.hub.git(at.repo).text("rev-parse", "main")
    run = await at.hub.start_workflow(at.repo, head, "main")
    await at.hub.finish_workflow(run, [Job("test", "failure", "E  no\n", (("Test", "failure"),)), Job("lint")])
    seen = await asyncio.to_thread(_play_checks, at, run.id, head)
    assert seen["annotations"] == [("src/app.py", 2)]
    assert seen["suites"] == [("forgehand", "completed", "neutral"), ("github-actions", "completed", "failure")]
    assert seen["jobs"] == [("test", "failure", ["Test"]), ("lint", "success", [])]
    assert (seen["log"], seen["runs"], seen["checks"]) == (True, [run.id], ["lint", "review", "test"])
    assert (seen["foreign"], seen["again"]) == (403, True)


def _play_app(at: Stage) -> dict[str, Any]:
    integration = github.GithubIntegration(
        auth=github.Auth.AppAuth(at.app.app_id, at.app.private_key), base_url=at.hub.api_url
    )
    token = integration.get_access_token(at.installation.id, permissions={"issues": "read"})
    alice = _client(at, github.Auth.Token(at.alice.token))
    with pytest.raises(UnknownObjectException):
        alice.get_repo("octo/nothing")
    with pytest.raises(GithubException) as denied:
        _client(at, github.Auth.Token(token.token)).get_repo("octo/sample").create_issue("no")
    repo = alice.get_repo("octo/sample")
    element = github.InputGitTreeElement("a/b.txt", "100644", "blob", content="b\n")
    tree = repo.create_git_tree([element], repo.get_git_tree("main"))
    commit = repo.create_git_commit("By hand", tree, [repo.get_git_commit(repo.get_branch("main").commit.sha)])
    repo.get_git_ref("heads/main").edit(commit.sha)
    return {
        "app": integration.get_app().slug,
        "installations": [each.id for each in integration.get_installations()],
        "of_repo": integration.get_repo_installation("octo", "sample").id,
        "repositories": [each.full_name for each in integration.get_installations()[0].get_repos()],
        "token": (token.permissions, len(token.token) > 100),
        "denied": denied.value.status,
        "role": repo.get_collaborator_permission("alice"),
        "user": alice.get_user().login,
        "limit": alice.get_rate_limit().resources.core.limit,
        "file": sorted(each.path for each in repo.get_git_tree("main", recursive=True).tree),
    }


async def test_apps_and_git_data(at: Stage) -> None:
    seen = await asyncio.to_thread(_play_app, at)
    assert (seen["app"], seen["installations"]) == ("forgehand", [at.installation.id])
    assert (seen["of_repo"], seen["repositories"]) == (at.installation.id, ["octo/sample"])
    assert seen["token"] == ({"metadata": "read", "issues": "read"}, True)
    assert (seen["denied"], seen["role"], seen["user"], seen["limit"]) == (403, "admin", "alice", 5000)
    assert seen["file"] == ["README.md", "a", "a/b.txt", "src", "src/app.py"]
