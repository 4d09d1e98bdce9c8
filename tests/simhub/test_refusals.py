"""Each rule of the hub shows its refusal, in GitHub's words."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simhub.appkeys import new_key_pair
from tests.support.hub import Stage

REPO = "/repos/octo/sample"


@pytest.mark.parametrize(
    ("claims", "status", "words"),
    [
        ({"issued": 120}, 401, "'Issued at' claim ('iat') must be an Integer"),
        ({"expires": -5}, 401, "'Expiration time' claim ('exp') must be a numeric value"),
        ({"expires": 700}, 401, "'Expiration time' claim ('exp') is too far in the future"),
        ({"issuer": "999"}, 404, "Integration not found"),
        ({"key": new_key_pair()[0]}, 401, "A JSON web token could not be decoded"),
    ],
)
async def test_jwt_window(at: Stage, claims: dict[str, Any], status: int, words: str) -> None:
    answer = await at.ask("GET", "/app", at.jwt(**claims))
    assert (answer.status, answer.body["message"][: len(words)]) == (status, words)


async def test_tokens_end_are_revoked_lag_and_stop_with_the_installation(at: Stage) -> None:
    assert (await at.ask("GET", REPO, "ghs_nonsense")).body["message"] == "Bad credentials"
    assert (await at.ask("GET", "/app", at.token)).status == 401
    assert (await at.ask("GET", REPO, at.jwt())).status == 401
    short = await at.mint()
    assert (await at.ask("DELETE", "/installation/token", short)).status == 204
    assert (await at.ask("GET", REPO, short)).status == 401
    at.hub.token_lag = 3.0
    fresh = await at.mint()
    assert (await at.ask("GET", REPO, fresh)).status == 401
    at.hub.advance(4)
    assert (await at.ask("GET", REPO, fresh)).status == 200
    at.hub.suspend(at.installation)
    refused = await at.ask("GET", REPO, fresh)
    assert (refused.status, refused.body["message"]) == (403, "This installation has been suspended")
    at.hub.unsuspend(at.installation)
    at.hub.advance(3600)
    assert (await at.ask("GET", REPO, fresh)).status == 401
    names = await at.events()
    assert names[-2:] == ["installation.suspend", "installation.unsuspend"]


async def test_permissions_and_repositories_bound_a_token(at: Stage) -> None:
    hidden = at.hub.create_repository("octo/hidden", private=True)
    narrow = await at.mint(repositories=["sample"], permissions={"issues": "read"})
    assert (await at.ask("GET", f"{REPO}/issues", narrow)).status == 200
    refused = await at.ask("POST", f"{REPO}/issues", narrow, {"title": "x"})
    assert refused.body["message"] == "Resource not accessible by integration"
    assert (refused.status, refused.headers["X-Accepted-GitHub-Permissions"]) == (403, "issues=write")
    assert (await at.ask("GET", f"/repos/{hidden.full_name}", narrow)).status == 404
    greedy = {"permissions": {"administration": "write"}}
    path = f"/app/installations/{at.installation.id}/access_tokens"
    assert (await at.ask("POST", path, at.jwt(), greedy)).status == 422
    assert (await at.ask("POST", path, at.jwt(), {"repositories": ["hidden"]})).status == 422
    pulls_only = await at.mint(permissions={"pull_requests": "write"})
    await at.ask("POST", f"{REPO}/issues", at.alice.token, {"title": "An issue"})
    assert (await at.ask("POST", f"{REPO}/issues/1/comments", pulls_only, {"body": "x"})).status == 403


async def test_people_need_roles(at: Stage) -> None:
    bob = at.hub.create_user("bob")
    await at.ask("POST", f"{REPO}/issues", bob.token, {"title": "From a stranger", "labels": ["bug"]})
    mine = await at.ask("GET", f"{REPO}/issues/1", bob.token)
    assert (mine.body["labels"], mine.body["author_association"]) == ([], "NONE")
    assert (await at.ask("POST", f"{REPO}/issues/1/labels", bob.token, {"labels": ["bug"]})).status in (403, 404)
    at.hub.set_permission(at.repo, "bob", "triage")
    assert (await at.ask("POST", f"{REPO}/issues/1/labels", bob.token, {"labels": ["bug"]})).status == 200
    held = (await at.ask("GET", f"{REPO}/collaborators/bob/permission")).body
    assert (held["permission"], held["role_name"]) == ("read", "triage")
    assert (await at.ask("GET", f"{REPO}/collaborators/nobody/permission")).status == 404
    assert (await at.ask("POST", f"{REPO}/issues", "", {"title": "x"})).status == 401


async def test_bodies_have_limits(at: Stage) -> None:
    await at.ask("POST", f"{REPO}/issues", body={"title": "T"})
    long = await at.ask("POST", f"{REPO}/issues/1/comments", body={"body": "x" * 65537})
    assert long.body["errors"][0]["message"] == "body is too long (maximum is 65536 characters)"
    assert (await at.ask("POST", f"{REPO}/issues/1/comments", body={"body": "x" * 65536})).status == 201
    assert (await at.ask("POST", f"{REPO}/issues", body={"title": "T", "body": "y" * 65537})).status == 422
    assert (await at.ask("POST", f"{REPO}/issues", body={"title": None})).status == 422
    assert (await at.ask("POST", f"{REPO}/issues", body={})).body["message"].endswith('"title" wasn\'t supplied.')


async def test_rate_limits_in_all_shapes(at: Stage) -> None:
    first = await at.ask("GET", REPO)
    assert first.headers["X-RateLimit-Limit"] == "5000"
    left = int(first.headers["X-RateLimit-Remaining"])
    same = await at.ask("GET", REPO, headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status, int(same.headers["X-RateLimit-Remaining"])) == (304, left)
    at.hub.limits.content_per_minute = 1
    await at.ask("POST", f"{REPO}/issues", body={"title": "T"})
    for style, status, header in (("retry-after", 403, "60"), ("silent", 403, None), ("reset", 429, None)):
        at.hub.limits.style = style
        over = await at.ask("POST", f"{REPO}/issues/1/comments", body={"body": "x"})
        assert (over.status, over.headers.get("Retry-After")) == (status, header)
        assert "secondary rate limit" in over.body["message"]
    assert over.headers["X-RateLimit-Remaining"] == "0"
    at.hub.limits.style = "abuse"
    abuse = await at.ask("POST", f"{REPO}/issues/1/comments", body={"body": "x"})
    assert (abuse.status, abuse.body["errors"][0]["code"]) == (422, "abuse")
    at.hub.limits.exhaust(at.installation)
    spent = await at.ask("GET", REPO)
    assert (spent.status, spent.headers["X-RateLimit-Remaining"]) == (403, "0")
    assert spent.body["message"] == f"API rate limit exceeded for installation ID {at.installation.id}."
    assert (await at.ask("GET", REPO, at.alice.token)).status == 200
    at.hub.advance(3601)
    assert (await at.ask("GET", REPO, await at.mint())).status == 200


async def test_a_renamed_repository_redirects(at: Stage) -> None:
    await at.ask("POST", f"{REPO}/issues", body={"title": "T"})
    at.hub.rename(at.repo, "renamed", "alice")
    moved = await at.ask("GET", f"{REPO}/issues/1")
    assert moved.status == 301
    assert moved.headers["Location"] == f"{at.hub.api_url}/repositories/{at.repo.id}/issues/1"
    followed = await at.ask("GET", moved.headers["Location"].removeprefix(at.hub.api_url))
    assert followed.body["number"] == 1
    assert (await at.events())[-1] == "repository.renamed"
    assert at.received[-1].payload["changes"]["repository"]["name"]["from"] == "sample"


@pytest.mark.parametrize(
    ("review", "words"),
    [
        ({"event": "APPROVE"}, "Can not approve your own pull request"),
        ({"event": "REQUEST_CHANGES", "body": "no"}, "Can not request changes on your own pull request"),
        ({"event": "COMMENT"}, "Body can't be blank"),
        ({"comments": [{"path": "nowhere.py", "line": 1, "body": "x"}]}, "Path could not be resolved"),
        ({"comments": [{"path": "src/app.py", "line": 30, "body": "x"}]}, "Line could not be resolved"),
        ({"comments": [{"path": "src/app.py", "line": 2, "side": "LEFT", "body": "x"},
                       {"path": "src/app.py", "line": 99, "body": "x"}]}, "Line could not be resolved"),
        ({"comments": [{"path": "src/app.py", "line": 5, "start_line": 5, "body": "x"}]},
         "Pull request review thread start line must precede the end line."),
        ({"comments": [{"path": "src/app.py", "line": 40, "start_line": 2, "body": "x"}]},
         "Pull request review thread start line must be part of the same hunk as the line."),
    ],
)  # fmt: skip
async def test_reviews_are_all_or_nothing(at: Stage, review: dict[str, Any], words: str) -> None:
    lines = [f"line {n}\n" for n in range(1, 41)]
    lines[1], lines[38] = "changed\n", "changed\n"
    await at.pull("".join(lines))
    answer = await at.ask("POST", f"{REPO}/pulls/1/reviews", body=review)
    assert (answer.status, answer.body["message"]) == (422, "Unprocessable Entity")
    assert answer.body["errors"] == [words]
    assert (await at.ask("GET", f"{REPO}/pulls/1/reviews")).body == []
    assert (await at.ask("GET", f"{REPO}/pulls/1/comments")).body == []


async def test_review_comments_hang_on_their_lines(at: Stage) -> None:
    lines = [f"line {n}\n" for n in range(1, 41)]
    lines[1] = "changed\n"
    head = await at.pull("".join(lines))
    places = [
        {"path": "src/app.py", "line": 2, "body": "new"},
        {"path": "src/app.py", "line": 2, "side": "LEFT", "body": "old"},
        {"path": "src/app.py", "start_line": 1, "line": 4, "body": "context counts"},
    ]
    first = await at.ask("POST", f"{REPO}/pulls/1/reviews", body={"comments": places})
    assert first.body["state"] == "PENDING"
    second = await at.ask("POST", f"{REPO}/pulls/1/reviews", body={"body": "x"})
    assert second.body["errors"] == ["User can only have one pending review per pull request"]
    assert (await at.ask("GET", f"{REPO}/pulls/1/comments", at.alice.token)).body == []
    sent = await at.ask("POST", f"{REPO}/pulls/1/reviews/{first.body['id']}/events", body={"event": "COMMENT"})
    assert sent.body["state"] == "COMMENTED"
    found = (await at.ask("GET", f"{REPO}/pulls/1/comments", at.alice.token)).body
    assert [(c["side"], c["line"], c["start_line"]) for c in found] == [
        ("RIGHT", 2, None), ("LEFT", 2, None), ("RIGHT", 4, 1)
    ]  # fmt: skip
    assert found[0]["diff_hunk"].endswith("-line 2\n+changed")
    one = {"body": "x", "commit_id": head, "path": "src/app.py", "line": 30}
    refused = await at.ask("POST", f"{REPO}/pulls/1/comments", body=one)
    assert refused.body["errors"][0]["message"] == "pull_request_review_thread.line must be part of the diff"
    whole = {"body": "x", "commit_id": head, "path": "src/app.py", "subject_type": "file"}
    assert (await at.ask("POST", f"{REPO}/pulls/1/comments", body=whole)).body["subject_type"] == "file"
    reply = await at.ask("POST", f"{REPO}/pulls/1/comments/{found[0]['id']}/replies", at.alice.token, {"body": "ok"})
    assert reply.body["in_reply_to_id"] == found[0]["id"]
    approved = await at.ask("POST", f"{REPO}/pulls/1/reviews", at.alice.token, {"event": "APPROVE"})
    assert approved.body["state"] == "APPROVED"
    assert (await at.events()).count("pull_request_review_comment.created") == 5


async def test_checks_have_limits_and_belong_to_their_app(at: Stage) -> None:
    head = (await at.ask("GET", f"{REPO}/git/ref/heads/main")).body["object"]["sha"]
    spot = {"path": "src/app.py", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "m"}
    button = {"label": "Fix", "description": "Fix it", "identifier": "fix"}
    for change, words in (
        ({"head_sha": "0" * 40}, "No commit found for SHA"),
        ({"status": "completed"}, "\"conclusion\" wasn't supplied"),
        ({"output": {"title": "t", "summary": "x" * 65536}}, "Validation Failed"),
        ({"output": {"title": "t", "summary": "s", "annotations": [spot] * 51}}, "No more than 50 items"),
        ({"output": {"title": "t", "summary": "s", "annotations": [spot | {"end_line": 2, "start_column": 1}]}},
         "Validation Failed"),
        ({"actions": [button] * 4}, "No more than 3 items"),
        ({"actions": [button | {"label": "x" * 21}]}, "Only 20 characters are allowed"),
    ):  # fmt: skip
        refused = await at.ask("POST", f"{REPO}/check-runs", body={"name": "c", "head_sha": head} | change)
        assert refused.status == 422, (change, refused.body)
        assert words in refused.body["message"]
    assert (await at.ask("POST", f"{REPO}/check-runs", at.alice.token, {"name": "c", "head_sha": head})).status == 403
    good = {"name": "c", "head_sha": head, "output": {"title": "t", "summary": "s", "annotations": [spot] * 50}}
    run = await at.ask("POST", f"{REPO}/check-runs", body=good | {"actions": [button]})
    again = {"output": {"title": "t", "summary": "s", "annotations": [spot] * 5}}
    more = await at.ask("PATCH", f"{REPO}/check-runs/{run.body['id']}", body=again)
    assert more.body["output"]["annotations_count"] == 55
    await at.ask("PATCH", f"{REPO}/check-runs/{run.body['id']}", body={"conclusion": "failure"})
    await at.hub.press_button(at.repo, run.body["id"], "fix", "alice")
    await at.ask("POST", f"{REPO}/check-runs/{run.body['id']}/rerequest")
    names = await at.events()
    assert names[-2:] == ["check_run.requested_action", "check_run.rerequested"]
    pressed = next(item for item in at.received if item.name == "check_run.requested_action")
    assert pressed.payload["requested_action"] == {"identifier": "fix"}


async def test_refs_and_pulls_refuse(at: Stage) -> None:
    head = await at.pull("other\n")
    base = (await at.ask("GET", f"{REPO}/git/ref/heads/main")).body["object"]["sha"]
    twice = await at.ask("POST", f"{REPO}/git/refs", body={"ref": "refs/heads/topic", "sha": head})
    assert twice.body["message"] == "Reference already exists"
    back = await at.ask("PATCH", f"{REPO}/git/refs/heads/topic", body={"sha": base})
    assert back.body["message"] == "Update is not a fast forward"
    none = await at.ask("POST", f"{REPO}/pulls", body={"title": "x", "head": "main", "base": "main"})
    assert none.body["errors"][0]["message"] == "No commits between octo:main and octo:main"
    gone = await at.ask("POST", f"{REPO}/pulls", body={"title": "x", "head": "missing", "base": "main"})
    assert gone.body["errors"] == [{"resource": "PullRequest", "field": "head", "code": "invalid"}]
    at.hub.protect(at.repo, "main")
    ref = {"sha": head, "force": False}
    shut = await at.ask("PATCH", f"{REPO}/git/refs/heads/main", body=ref)
    assert (shut.status, shut.body["message"]) == (422, "Protected branch update failed for refs/heads/main")
    entry = {"path": ".github/workflows/ci.yml", "mode": "100644", "type": "blob", "content": "on: push\n"}
    tree = await at.ask("POST", f"{REPO}/git/trees", body={"base_tree": base, "tree": [entry]})
    commit = {"message": "CI", "tree": tree.body["sha"], "parents": [base]}
    made = await at.ask("POST", f"{REPO}/git/commits", body=commit)
    refused = await at.ask("POST", f"{REPO}/git/refs", body={"ref": "refs/heads/ci", "sha": made.body["sha"]})
    assert (refused.status, refused.body["message"]) == (403, "Resource not accessible by integration")
    stale = await at.ask("PUT", f"{REPO}/pulls/1/merge", at.alice.token, {"sha": base})
    assert stale.status == 409


@pytest.mark.parametrize(("method", "parents"), [("merge", 2), ("squash", 1), ("rebase", 1)])
async def test_three_ways_to_merge(at: Stage, method: str, parents: int) -> None:
    await at.pull("mine\n", "one")
    await at.pull("theirs\n", "two")
    merged = await at.ask("PUT", f"{REPO}/pulls/1/merge", at.alice.token, {"merge_method": method})
    assert merged.body["merged"] is True
    commit = await at.ask("GET", f"{REPO}/git/commits/{merged.body['sha']}")
    assert len(commit.body["parents"]) == parents
    content = await at.ask("GET", f"{REPO}/contents/src/app.py", headers={"Accept": "application/vnd.github.raw"})
    assert content.body == "mine\n"
    conflict = await at.ask("PUT", f"{REPO}/pulls/2/merge", at.alice.token, {"merge_method": method})
    assert (conflict.status, conflict.body["message"]) == (405, "Pull Request is not mergeable")
    assert (await at.ask("GET", f"{REPO}/pulls/1/merge")).status == 204


async def test_git_refuses_what_github_refuses(at: Stage) -> None:
    work = await asyncio.to_thread(at.clone)
    (work / ".github/workflows").mkdir(parents=True)
    (work / ".github/workflows/ci.yml").write_text("on: push\n")

    def push(token: str | None, *target: str) -> str:
        return at.git("push", "origin", *target, cwd=work, token=token).stderr

    def run() -> list[str]:
        at.git("checkout", "-q", "-b", "ci", cwd=work)
        at.git("add", "-A", cwd=work)
        at.git("commit", "-q", "-m", "CI", cwd=work)
        return [push(None, "ci"), push(None, "HEAD~0:refs/heads/main"), push(reading, "HEAD~1:refs/heads/x"),
                push("", "HEAD~1:refs/heads/x"), push("wrong", "HEAD~1:refs/heads/x"),
                push(None, "HEAD~1:refs/heads/rules/x")]  # fmt: skip

    reading = await at.mint(permissions={"contents": "read"})
    at.hub.protect(at.repo, "main")
    at.hub.add_ruleset(at.repo, "rules/*")
    workflow, protected, denied, anonymous, wrong, ruled = await asyncio.to_thread(run)
    assert "refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml`" in workflow
    assert "without `workflows` permission)" in workflow
    assert "(protected branch hook declined)" in protected
    assert "(push declined due to repository rule violations)" in ruled
    assert "GH006: Protected branch update failed for refs/heads/main" in protected
    assert "GH013: Repository rule violations found for refs/heads/rules/x" in ruled
    assert "403" in denied
    assert "could not read Username" in anonymous
    assert "could not read Username" in wrong
    assert await at.hub.git(at.repo).refs("refs/heads/") == {"refs/heads/main": await at.hub.git(at.repo).text(
        "rev-parse", "main")}  # fmt: skip
