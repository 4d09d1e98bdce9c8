"""The story of one fix, as a bot lives it, with every endpoint on its way."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.hub import Stage
from tests.support.patience import PATIENCE

REPO = "/repos/octo/sample"


async def _push(at: Stage, work: Path, branch: str, path: str, text: str, force: bool = False) -> str:
    (work / path).parent.mkdir(parents=True, exist_ok=True)
    (work / path).write_text(text)

    def run() -> str:
        at.git("add", "-A", cwd=work)
        assert at.git("commit", "-q", "-m", f"Change {path}", cwd=work).returncode == 0
        done = at.git("push", "-q", *(["-f"] if force else []), "origin", f"HEAD:refs/heads/{branch}", cwd=work)
        assert done.returncode == 0, done.stderr
        return at.git("rev-parse", "HEAD", cwd=work).stdout.strip()

    return await asyncio.to_thread(run)


async def test_a_label_becomes_a_merged_pull_request(at: Stage) -> None:
    issue = await at.ask("POST", f"{REPO}/issues", at.alice.token, {"title": "It breaks", "body": "Badly."})
    assert (issue.status, issue.body["number"]) == (201, 1)
    labels = await at.ask("POST", f"{REPO}/issues/1/labels", at.alice.token, {"labels": ["ai-bug-fix"]})
    assert [label["name"] for label in labels.body] == ["ai-bug-fix"]
    role = await at.ask("GET", f"{REPO}/collaborators/alice/permission")
    assert (role.body["permission"], role.body["role_name"]) == ("admin", "admin")
    assert (await at.ask("POST", f"{REPO}/issues/1/reactions", body={"content": "eyes"})).status == 201
    assert (await at.ask("POST", f"{REPO}/issues/1/reactions", body={"content": "eyes"})).status == 200
    comment = await at.ask("POST", f"{REPO}/issues/1/comments", body={"body": "On it."})
    assert comment.body["user"]["login"] == "forgehand[bot]"
    assert comment.body["performed_via_github_app"]["slug"] == "forgehand"
    edited = await at.ask("PATCH", f"{REPO}/issues/comments/{comment.body['id']}", body={"body": "Done."})
    assert edited.body["body"] == "Done."

    work = await asyncio.to_thread(at.clone)
    head = await _push(at, work, "forgehand/fix-1", "src/app.py", "fixed\n")
    wanted = {"title": "Fix it", "body": "Fixes #1.", "head": "forgehand/fix-1", "base": "main"}
    pull = await at.ask("POST", f"{REPO}/pulls", body=wanted)
    assert (pull.status, pull.body["head"]["sha"], pull.body["commits"]) == (201, head, 1)
    again = await at.ask("POST", f"{REPO}/pulls", body=wanted)
    assert again.status == 422
    assert again.body["errors"][0]["message"] == "A pull request already exists for octo:forgehand/fix-1."
    found = await at.ask("GET", f"{REPO}/pulls?head=octo:forgehand/fix-1&state=open")
    assert [item["number"] for item in found.body] == [2]
    files = await at.ask("GET", f"{REPO}/pulls/2/files")
    assert [(file["filename"], file["additions"], file["deletions"]) for file in files.body] == [("src/app.py", 1, 40)]

    run = await at.ask("POST", f"{REPO}/check-runs", body={"name": "forgehand", "head_sha": head})
    output = {"title": "Verified", "summary": "All good."}
    done = {"status": "completed", "conclusion": "success", "output": output}
    assert (await at.ask("PATCH", f"{REPO}/check-runs/{run.body['id']}", body=done)).body["conclusion"] == "success"
    assert (await at.ask("GET", f"{REPO}/commits/{head}/pulls")).body[0]["number"] == 2
    merged = await at.ask("PUT", f"{REPO}/pulls/2/merge", at.alice.token, {"merge_method": "squash"})
    assert merged.body["merged"] is True
    closed = await at.ask("GET", f"{REPO}/issues/1")
    assert (closed.body["state"], closed.body["closed_by"]["login"]) == ("closed", "alice")

    names = await at.events()
    for name in (
        "installation.created", "issues.opened", "issues.labeled", "issue_comment.created", "issue_comment.edited",
        "create", "push", "check_suite.requested", "pull_request.opened", "check_run.completed", "pull_request.closed",
        "issues.closed",
    ):  # fmt: skip
        assert name in names, name
    mine = [item for item in at.received if item.name == "issue_comment.created"]
    assert mine[0].payload["sender"]["id"] == at.app.bot_id
    assert mine[0].payload["installation"]["id"] == at.installation.id


async def test_a_push_to_a_pull_request_moves_its_head_and_says_so(at: Stage) -> None:
    work = await asyncio.to_thread(at.clone)
    old = await _push(at, work, "topic", "a.txt", "1\n")
    await at.ask("POST", f"{REPO}/pulls", body={"title": "T", "head": "topic", "base": "main"})
    new = await _push(at, work, "topic", "a.txt", "2\n")
    assert (await at.ask("GET", f"{REPO}/pulls/1")).body["head"]["sha"] == new
    await at.hub.settled()
    moved = [item for item in at.received if item.name == "pull_request.synchronize"]
    assert [(item.payload["before"], item.payload["after"]) for item in moved] == [(old, new)]
    listed = await asyncio.to_thread(at.git, "ls-remote", "origin", "refs/pull/1/head", cwd=work)
    assert listed.stdout.split()[0] == new
    async with asyncio.timeout(PATIENCE):
        while (mergeable := (await at.ask("GET", f"{REPO}/pulls/1")).body["mergeable"]) is None:
            await asyncio.sleep(0.02)
    assert mergeable is True
    await asyncio.to_thread(at.git, "push", "-q", "origin", ":refs/heads/topic", cwd=work)
    assert (await at.ask("GET", f"{REPO}/pulls/1")).body["state"] == "closed"


async def test_every_reading_endpoint_answers_as_github_describes(at: Stage) -> None:
    await at.ask("POST", f"{REPO}/issues", at.alice.token, {"title": "T", "labels": ["bug"], "assignees": ["alice"]})
    await at.ask("POST", f"{REPO}/issues/1/comments", body={"body": "hello"})
    await at.ask("PATCH", f"{REPO}/issues/1", at.alice.token, {"title": "U", "state": "closed"})
    base = (await at.ask("GET", f"{REPO}/git/ref/heads/main")).body["object"]["sha"]
    blob = await at.ask("POST", f"{REPO}/git/blobs", body={"content": "x = 1\n", "encoding": "utf-8"})
    entry = {"path": "src/new.py", "mode": "100644", "type": "blob", "sha": blob.body["sha"]}
    tree = await at.ask("POST", f"{REPO}/git/trees", body={"base_tree": base, "tree": [entry]})
    commit = {"message": "Add", "tree": tree.body["sha"], "parents": [base]}
    made = await at.ask("POST", f"{REPO}/git/commits", body=commit)
    assert made.body["verification"]["verified"] is True
    ref = await at.ask("POST", f"{REPO}/git/refs", body={"ref": "refs/heads/api", "sha": made.body["sha"]})
    assert ref.status == 201
    wanted = {"title": "P", "head": "api", "base": "main", "draft": True}
    assert (await at.ask("POST", f"{REPO}/pulls", body=wanted)).body["draft"] is True
    review = {"body": "Fine.", "event": "COMMENT", "comments": [{"path": "src/new.py", "line": 1, "body": "why"}]}
    assert (await at.ask("POST", f"{REPO}/pulls/2/reviews", at.alice.token, review)).status == 200
    await at.ask("POST", f"{REPO}/check-runs", body={"name": "c", "head_sha": made.body["sha"]})
    await at.ask("POST", f"{REPO}/statuses/{made.body['sha']}", body={"state": "success"})
    for path in (
        "/rate_limit", "/users/alice", "/users/forgehand[bot]", "/installation/repositories", REPO, f"{REPO}/branches",
        f"{REPO}/branches/main", f"{REPO}/contents/", f"{REPO}/contents/src/app.py", f"{REPO}/readme",
        f"{REPO}/git/trees/main?recursive=1", f"{REPO}/git/commits/{base}", f"{REPO}/git/blobs/{blob.body['sha']}",
        f"{REPO}/git/matching-refs/heads", f"{REPO}/commits", f"{REPO}/commits/{made.body['sha']}",
        f"{REPO}/compare/main...api", f"{REPO}/issues?state=all", f"{REPO}/issues/1", f"{REPO}/issues/1/events",
        f"{REPO}/issues/1/timeline", f"{REPO}/issues/2/timeline", f"{REPO}/issues/1/comments",
        f"{REPO}/issues/comments", f"{REPO}/issues/1/labels", f"{REPO}/labels", f"{REPO}/labels/bug",
        f"{REPO}/issues/1/reactions", f"{REPO}/pulls", f"{REPO}/pulls/2", f"{REPO}/pulls/2/files",
        f"{REPO}/pulls/2/commits", f"{REPO}/pulls/2/reviews", f"{REPO}/pulls/2/comments", f"{REPO}/pulls/comments",
        f"{REPO}/commits/{made.body['sha']}/check-runs", f"{REPO}/commits/{made.body['sha']}/check-suites",
        f"{REPO}/commits/{made.body['sha']}/status", f"{REPO}/commits/{made.body['sha']}/statuses",
        f"{REPO}/collaborators",
    ):  # fmt: skip
        answer = await at.ask("GET", path)
        assert answer.status == 200, (path, answer.body)
    for path in ("/app", "/app/installations", f"/app/installations/{at.installation.id}", "/app/hook/config",
                 "/app/hook/deliveries", f"{REPO}/installation"):  # fmt: skip
        assert (await at.ask("GET", path, at.jwt())).status == 200, path
    assert (await at.ask("GET", "/user", at.alice.token)).body["login"] == "alice"
    put = {"message": "Write", "content": "eCA9IDIK", "branch": "api"}
    assert (await at.ask("PUT", f"{REPO}/contents/src/two.py", body=put)).status == 201
    diff = await at.ask("GET", f"{REPO}/pulls/2", headers={"Accept": "application/vnd.github.diff"})
    assert diff.body.startswith("diff --git a/src/new.py b/src/new.py")
