"""The edges of GitHub's rules: where lists end, what costs nothing, what is not told, what cannot be undone."""

from __future__ import annotations

import asyncio
import subprocess
from datetime import timedelta
from typing import Any

import pytest

from simhub.resources.deliveries import RETENTION
from tests.support.hub import Stage

REPO = "/repos/octo/sample"


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "Bad credentials"), (403, "Resource not accessible by integration"), (404, "Not Found")],
)
async def test_fresh_tokens_are_refused_in_three_ways(at: Stage, status: int, words: str) -> None:
    at.hub.token_lag, at.hub.token_lag_status = 3.0, status
    fresh = await at.mint()
    refused = await at.ask("GET", REPO, fresh)
    assert (refused.status, refused.body["message"]) == (status, words)
    at.hub.advance(3)
    assert (await at.ask("GET", REPO, fresh)).status == 200


async def test_what_costs_what(at: Stage) -> None:
    at.hub.limits.anonymous = 1
    assert (await at.ask("GET", REPO, "")).status == 200
    assert (await at.ask("GET", REPO, "")).body["message"].startswith("API rate limit exceeded for 127.0.0.1")
    at.hub.limits.exhaust(at.installation)
    assert (await at.ask("GET", REPO)).status == 403
    free = await at.ask("GET", "/rate_limit")
    assert (free.status, free.body["resources"]["core"]["remaining"]) == (200, 0)
    at.hub.limits.graphql_points_per_minute = 6
    query, mutation = "{ viewer { login } }", 'mutation { closeIssue(input: {issueId: "x"}) { issue { id } } }'
    for text in (query, mutation):
        assert (await at.graphql(text))["data"]
    head = {"Authorization": f"Bearer {at.token}"}
    async with at.session.post(at.hub.graphql_url, json={"query": query}, headers=head) as over:
        assert (over.status, over.headers["Retry-After"]) == (403, "60")


async def test_lists_end_where_githubs_end(at: Stage) -> None:
    rows = [f"commit refs/heads/long\nmark :{n}\ncommitter A <a@b.c> {1_700_000_000 + n} +0000\ndata 1\nm"
            f"{'from refs/heads/main^0' if n == 1 else ''}" for n in range(1, 252)]  # fmt: skip
    rows = [row.replace("\nmfrom", "\nm\nfrom") for row in rows]
    rows += [f"M 100644 inline f/{n}.txt\ndata 1\n{n % 10}" for n in range(3001)]
    argv = ["git", "-C", str(at.repo.path), "fast-import", "--quiet"]
    await asyncio.to_thread(subprocess.run, argv, input="\n".join(rows).encode() + b"\n", check=True)
    made = await at.ask("POST", f"{REPO}/pulls", body={"title": "Long", "head": "long", "base": "main"})
    assert (made.body["commits"], made.body["changed_files"]) == (251, 3001)
    compared = (await at.ask("GET", f"{REPO}/compare/main...long")).body
    assert (compared["total_commits"], len(compared["commits"]), len(compared["files"])) == (251, 250, 300)
    for path, last in (("commits", 250), ("files", 3000)):
        pages = -(-last // 100)
        end = await at.ask("GET", f"{REPO}/pulls/1/{path}?per_page=100&page={pages}")
        assert (len(end.body), 'rel="next"' in end.headers["Link"]) == (last - 100 * (pages - 1), False)


async def test_trees_commits_and_branches_refuse(at: Stage) -> None:
    base = (await at.ask("GET", f"{REPO}/git/ref/heads/main")).body["object"]["sha"]
    blob = (await at.ask("POST", f"{REPO}/git/blobs", body={"content": "x"})).body["sha"]
    entry = {"path": "src/app.py", "mode": "100644", "type": "blob"}
    for change, words in (
        ({"sha": blob, "content": "x"}, "Must supply either tree.sha or tree.content, but not both"),
        ({"sha": blob, "mode": "100600"}, "tree.mode must be one of 100644, 100755, 040000, 160000, 120000"),
    ):
        refused = await at.ask("POST", f"{REPO}/git/trees", body={"base_tree": base, "tree": [entry | change]})
        assert (refused.status, refused.body["message"]) == (422, words)
    gone = await at.ask("POST", f"{REPO}/git/trees", body={"base_tree": base, "tree": [entry | {"sha": None}]})
    assert [item["path"] for item in gone.body["tree"]] == ["README.md"]
    for author, signed in (({}, True), ({"author": {"name": "A", "email": "a@b.c"}}, False)):
        body = {"message": "m", "tree": gone.body["sha"], "parents": [base]} | author
        made = (await at.ask("POST", f"{REPO}/git/commits", body=body)).body
        assert (made["verification"]["verified"], made["verification"]["reason"]) == (
            signed, "valid" if signed else "unsigned"
        )  # fmt: skip
    create = "mutation($in: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $in) { commit { oid } } }"
    given = {
        "branch": {"repositoryNameWithOwner": "octo/sample", "branchName": "nowhere"},
        "expectedHeadOid": base,
        "message": {"headline": "m"},
    }
    refused_there = await at.graphql(create, **{"in": given})
    assert refused_there["errors"][0]["type"] == "NOT_FOUND"


async def test_closed_pull_requests_open_again_only_as_they_were(at: Stage) -> None:
    head = await at.pull("other\n")
    main = (await at.ask("GET", f"{REPO}/git/ref/heads/main")).body["object"]["sha"]

    async def reopen() -> tuple[int, Any]:
        answer = await at.ask("PATCH", f"{REPO}/pulls/1", body={"state": "open"})
        return answer.status, answer.body.get("errors", [{}])[0].get("message")

    await at.ask("PATCH", f"{REPO}/pulls/1", body={"state": "closed"})
    assert await reopen() == (200, None)
    await at.ask("PATCH", f"{REPO}/pulls/1", body={"state": "closed"})
    await at.ask("PATCH", f"{REPO}/git/refs/heads/topic", body={"sha": main, "force": True})
    assert await reopen() == (422, "state cannot be changed. The topic branch was force-pushed or recreated.")
    await at.ask("DELETE", f"{REPO}/git/refs/heads/topic")
    assert await reopen() == (422, "state cannot be changed. The topic branch has been deleted.")
    await at.ask("POST", f"{REPO}/git/refs", body={"ref": "refs/heads/topic", "sha": head})
    assert await reopen() == (200, None)
    await at.ask("POST", f"{REPO}/git/refs", body={"ref": "refs/heads/next", "sha": main})
    await at.ask("PATCH", f"{REPO}/pulls/1", body={"base": "next"})
    assert (await at.events())[-1] == "pull_request.edited"
    assert at.received[-1].payload["changes"]["base"]["ref"] == {"from": "main"}


async def test_what_is_delivered_late_or_never(at: Stage) -> None:
    main = await at.hub.git(at.repo).text("rev-parse", "main")
    work = await asyncio.to_thread(at.clone)

    def push(*tags: str) -> None:
        for tag in tags:
            at.git("tag", tag, cwd=work)
        assert at.git("push", "-q", "origin", *tags, cwd=work).returncode == 0

    await asyncio.to_thread(push, "a", "b", "c")
    assert (await at.events()).count("push") == 3
    await asyncio.to_thread(push, "d", "e", "f", "g")
    assert (await at.events()).count("push") == 3
    assert await at.hub.git(at.repo).text("rev-parse", "refs/tags/g") == main
    at.hub.suspend(at.installation)
    await at.ask("POST", f"{REPO}/issues", at.alice.token, {"title": "Not told"})
    at.hub.unsuspend(at.installation)
    assert "issues.opened" not in await at.events()
    at.hub.webhooks.answer_seconds = 0.2
    silent = await asyncio.start_server(lambda *_: asyncio.sleep(5), "127.0.0.1", 0)
    at.app.webhook_url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}/"
    await at.ask("POST", f"{REPO}/issues", at.alice.token, {"title": "Too slow"})
    await at.hub.settled()
    silent.close()
    (late,) = (await at.ask("GET", "/app/hook/deliveries?status=failure", at.jwt())).body
    assert (late["event"], late["status"], late["status_code"]) == ("issues", "timed out", 504)
    at.hub.advance((RETENTION + timedelta(seconds=1)).total_seconds())
    assert (await at.ask("GET", "/app/hook/deliveries", at.jwt())).body == []
    assert (await at.ask("POST", f"/app/hook/deliveries/{late['id']}/attempts", at.jwt())).status == 404


@pytest.mark.parametrize(
    ("role", "permission"),
    [("admin", "admin"), ("maintain", "write"), ("write", "write"), ("triage", "read"), ("read", "read")],
)
async def test_roles_fold_into_permissions(at: Stage, role: str, permission: str) -> None:
    at.hub.create_user("bob")
    at.hub.set_permission(at.repo, "bob", role)
    held = (await at.ask("GET", f"{REPO}/collaborators/bob/permission")).body
    assert (held["permission"], held["role_name"]) == (permission, role)


async def test_pull_requests_write_opens_the_issue_endpoints_of_pull_requests(at: Stage) -> None:
    await at.pull("other\n")
    await at.ask("POST", f"{REPO}/issues", at.alice.token, {"title": "An issue"})
    only = await at.mint(permissions={"pull_requests": "write"})
    answers = [await at.ask("POST", f"{REPO}/issues/{n}/comments", only, {"body": "x"}) for n in (1, 2)]
    assert [each.status for each in answers] == [201, 403]
    assert answers[1].headers["X-Accepted-GitHub-Permissions"] == "issues=write; pull_requests=write"


async def test_annotations_have_limits(at: Stage) -> None:
    head = await at.hub.git(at.repo).text("rev-parse", "main")
    spot = {"path": "src/app.py", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "m"}
    for change in ({"message": "x" * 65537}, {"raw_details": "x" * 65537}, {"title": "x" * 256}):
        output = {"title": "t", "summary": "s", "annotations": [spot | change]}
        refused = await at.ask("POST", f"{REPO}/check-runs", body={"name": "c", "head_sha": head, "output": output})
        assert (refused.status, refused.body["message"]) == (422, "Validation Failed")
    wrong = {"name": "c", "head_sha": head, "conclusion": "stale"}
    stale = await at.ask("POST", f"{REPO}/check-runs", body=wrong)
    assert (stale.status, "stale is not a member of" in stale.body["message"]) == (422, True)
