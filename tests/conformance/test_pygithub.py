"""PyGithub as an independent witness: it reads and writes the hub as if it were GitHub."""

from __future__ import annotations

import asyncio
from typing import Any

import github
import pytest
from github.GithubException import GithubException, UnknownObjectException

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
