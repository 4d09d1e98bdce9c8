"""Moved resources redirect, deleted ones say so, locked ones stay shut."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.hub import Stage

REPO = "/repos/octo/sample"


async def test_a_transferred_issue_redirects_below_itself_only(at: Stage) -> None:
    other = at.hub.create_repository("octo/other")
    at.hub.change_repositories(at.installation, add=[other])
    await at.ask("POST", f"{REPO}/issues", at.alice.token, {"title": "T"})
    await at.ask("POST", f"{REPO}/issues/1/comments", at.alice.token, {"body": "x"})
    await at.ask("POST", "/repos/octo/other/issues", body={"title": "first there"})
    moved = at.hub.transfer_issue(at.repo.issues[1], other, "alice")
    place = f"{at.hub.api_url}/repositories/{other.id}/issues/{moved.number}"

    gone = await at.ask("GET", f"{REPO}/issues/1")
    assert (moved.number, gone.status, gone.headers["Location"]) == (2, 301, place)
    below = await at.ask("GET", f"{REPO}/issues/1/comments?per_page=100")
    assert below.headers["Location"] == f"{place}/comments?per_page=100"
    written = await at.ask("POST", f"{REPO}/issues/1/comments", body={"body": "y"})
    assert (written.status, written.headers["Location"]) == (307, f"{place}/comments")
    assert (await at.ask("GET", f"{REPO}/issues")).status == 200
    followed = await at.ask("GET", gone.headers["Location"].removeprefix(at.hub.api_url))
    assert (followed.body["title"], followed.body["comments"]) == ("T", 1)

    opened = await at.ask("POST", f"{REPO}/issues", body={"title": "numbers are not used twice"})
    assert opened.body["number"] == 2
    await at.events()
    sent = [(item.name, item.payload["repository"]["name"]) for item in at.received if "changes" in item.payload]
    assert sent == [("issues.transferred", "sample"), ("issues.opened", "other")]
    told = next(item.payload for item in at.received if item.name == "issues.transferred")
    assert told["changes"]["new_issue"]["number"] == 2


async def test_who_may_not_see_where_an_issue_went_is_told_nothing(at: Stage) -> None:
    secret = at.hub.create_repository("octo/secret", private=True)
    await at.ask("POST", f"{REPO}/issues", at.alice.token, {"title": "T"})
    at.hub.transfer_issue(at.repo.issues[1], secret, "alice")
    assert (await at.ask("GET", f"{REPO}/issues/1")).status == 404


async def test_a_deleted_issue_is_gone(at: Stage) -> None:
    await at.ask("POST", f"{REPO}/issues", at.alice.token, {"title": "T"})
    at.hub.delete_issue(at.repo.issues[1], "alice")
    assert (await at.ask("GET", f"{REPO}/issues/1")).status == 410
    assert (await at.ask("POST", f"{REPO}/issues/1/comments", body={"body": "x"})).status == 410
    assert (await at.events())[-1] == "issues.deleted"


async def test_git_is_redirected_after_a_rename(at: Stage) -> None:
    old = f"{at.hub.url}/{at.repo.full_name}.git"
    at.hub.rename(at.repo, "renamed", "alice")
    strict = await asyncio.to_thread(at.git, "-c", "http.followRedirects=false", "ls-remote", old)
    assert strict.returncode != 0
    assert "301" in strict.stderr or "redirect" in strict.stderr
    work = await asyncio.to_thread(lambda: at.git("clone", old, str(at.root / "work")))
    assert work.returncode == 0, work.stderr
    assert "redirecting to" in work.stderr
    assert "octo/renamed.git" in work.stderr


async def test_an_app_adds_nothing_to_a_locked_conversation(at: Stage) -> None:
    await at.pull("x\n")
    await at.ask("POST", f"{REPO}/issues/1/comments", at.alice.token, {"body": "before"})
    mine = await at.ask("POST", f"{REPO}/issues/1/comments", body={"body": "before"})
    await at.ask("PUT", f"{REPO}/issues/1/lock", at.alice.token)
    refused = await at.ask("POST", f"{REPO}/issues/1/comments", body={"body": "x"})
    assert (refused.status, refused.body["message"]) == (403, "Unable to create comment because issue is locked.")
    assert (await at.ask("POST", f"{REPO}/issues/1/reactions", body={"content": "eyes"})).status == 403
    review = await at.ask("POST", f"{REPO}/pulls/1/reviews", body={"event": "COMMENT", "body": "x"})
    assert (review.status, review.body["errors"]) == (422, ["lock prevents review"])
    head = at.repo.issues[1].pull.head_sha  # type: ignore[union-attr]
    line = {"body": "x", "commit_id": head, "path": "src/app.py", "line": 1}
    assert (await at.ask("POST", f"{REPO}/pulls/1/comments", body=line)).status == 403
    reaction = "mutation($id: ID!) { addReaction(input: {subjectId: $id, content: EYES}) { reaction { content } } }"
    identifier = (await at.ask("GET", f"{REPO}/issues/1")).body["node_id"]
    assert "locked" in (await at.graphql(reaction, id=identifier))["errors"][0]["message"]
    edited = await at.ask("PATCH", f"{REPO}/issues/comments/{mine.body['id']}", body={"body": "after"})
    assert edited.status == 200
    assert (await at.ask("POST", f"{REPO}/issues/1/comments", at.alice.token, {"body": "x"})).status == 201


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "git/ref/heads/main", None),
        ("GET", "git/matching-refs/heads", None),
        ("GET", "git/trees/main", None),
        ("GET", "commits", None),
        ("GET", "commits/main", None),
        ("POST", "git/refs", {"ref": "refs/heads/x", "sha": "0" * 40}),
        ("POST", "git/blobs", {"content": "x"}),
    ],
)
async def test_an_empty_repository_has_no_git_data(at: Stage, method: str, path: str, body: object) -> None:
    at.hub.change_repositories(at.installation, add=[at.hub.create_repository("octo/empty")])
    answer = await at.ask(method, f"/repos/octo/empty/{path}", body=body)
    assert (answer.status, answer.body["message"]) == (409, "Git Repository is empty.")
    assert (await at.ask("GET", "/repos/octo/empty/branches")).body == []


async def test_a_renamed_branch_takes_its_pull_requests_along(at: Stage) -> None:
    await at.pull("x\n")
    await at.hub.rename_branch(at.repo, "main", "trunk", "alice")
    assert (await at.ask("GET", REPO)).body["default_branch"] == "trunk"
    assert (await at.ask("GET", f"{REPO}/git/ref/heads/main")).status == 404
    pull = (await at.ask("GET", f"{REPO}/pulls/1")).body
    assert (pull["state"], pull["base"]["ref"]) == ("open", "trunk")
    assert "repository.edited" in await at.events()


async def test_an_archived_and_a_deleted_repository_say_so(at: Stage) -> None:
    at.hub.archive(at.repo, "alice")
    assert (await at.ask("POST", f"{REPO}/issues", body={"title": "T"})).status == 403
    at.hub.delete_repository(at.repo, "alice")
    assert (await at.ask("GET", REPO)).status == 404
    assert (await at.events())[-2:] == ["repository.archived", "repository.deleted"]
