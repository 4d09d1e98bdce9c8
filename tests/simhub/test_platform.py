"""The wider platform: forks, workflow runs, installations that change, GraphQL, manifests, sign-in, pages."""

from __future__ import annotations

import asyncio
import base64
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp

from simhub import Job
from tests.support.hub import Stage
from tests.support.patience import PATIENCE

REPO = "/repos/octo/sample"


async def _branch(at: Stage, name: str, path: str = "new.txt", token: str | None = None, repo: str = REPO) -> str:
    base = (await at.ask("GET", f"{repo}/git/ref/heads/main", token)).body["object"]["sha"]
    await at.ask("POST", f"{repo}/git/refs", token, {"ref": f"refs/heads/{name}", "sha": base})
    put = {"message": f"Write {path}", "content": base64.b64encode(b"new\n").decode(), "branch": name}
    made = await at.ask("PUT", f"{repo}/contents/{path}", token, put)
    assert made.status == 201, made.body
    return str(made.body["commit"]["sha"])


async def test_pull_requests_from_forks(at: Stage) -> None:
    carol = at.hub.create_user("carol")
    fork = await at.ask("POST", f"{REPO}/forks", carol.token, {})
    assert (fork.status, fork.body["full_name"], fork.body["parent"]["full_name"]) == (
        202,
        "carol/sample",
        "octo/sample",
    )
    head = await _branch(at, "theirs", token=carol.token, repo="/repos/carol/sample")
    wanted = {"title": "From a fork", "head": "carol:theirs", "base": "main"}
    pull = await at.ask("POST", f"{REPO}/pulls", carol.token, wanted)
    assert (pull.status, pull.body["head"]["repo"]["fork"], pull.body["author_association"]) == (201, True, "NONE")
    fetched = await asyncio.to_thread(at.git, "ls-remote", f"{at.hub.url}/octo/sample.git", "refs/pull/1/head")
    assert fetched.stdout.split()[0] == head
    run = await at.ask("POST", f"{REPO}/check-runs", body={"name": "c", "head_sha": head})
    assert run.body["pull_requests"] == []
    assert [p["number"] for p in (await at.ask("GET", f"{REPO}/commits/{head}/pulls")).body] == [1]
    denied = await at.ask("PUT", "/repos/carol/sample/contents/x", body={"message": "m", "content": ""})
    assert denied.body["message"] == "Resource not accessible by integration"
    collab = await at.ask("POST", f"{REPO}/pulls", body=wanted | {"title": "By the App", "head": "carol:main"})
    assert collab.body["errors"][0]["field"] == "fork_collab"


async def test_workflow_runs_with_jobs_and_logs(at: Stage) -> None:
    head = await _branch(at, "topic")
    await at.ask("POST", f"{REPO}/pulls", body={"title": "P", "head": "topic", "base": "main"})
    run = await at.hub.start_workflow(at.repo, head, "topic", "pull_request", actor="alice")
    steps = (("Set up", "success"), ("Test", "failure"))
    await at.hub.finish_workflow(run, [Job("test", "failure", "E   assert 1 == 2\n", steps), Job("lint")])
    runs = (await at.ask("GET", f"{REPO}/actions/runs?head_sha={head}&status=failure")).body
    assert (runs["total_count"], runs["workflow_runs"][0]["pull_requests"][0]["number"]) == (1, 1)
    jobs = (await at.ask("GET", f"{REPO}/actions/runs/{run.id}/jobs")).body["jobs"]
    assert [(job["name"], job["conclusion"]) for job in jobs] == [("test", "failure"), ("lint", "success")]
    checks = (await at.ask("GET", f"{REPO}/commits/{head}/check-runs")).body["check_runs"]
    assert [(each["id"], each["app"]["slug"]) for each in checks[::-1]] == [
        (job["id"], "github-actions") for job in jobs
    ]  # fmt: skip
    theirs = await at.ask("PATCH", f"{REPO}/check-runs/{jobs[0]['id']}", body={"conclusion": "success"})
    assert theirs.status == 403
    link = await at.ask("GET", f"{REPO}/actions/jobs/{jobs[0]['id']}/logs")
    assert link.status == 302
    async with at.session.get(link.headers["Location"]) as answer:
        assert await answer.text() == "E   assert 1 == 2\n"
    async with at.session.get(link.headers["Location"], headers={"Authorization": "Bearer x"}) as answer:
        assert answer.status == 400
    at.hub.advance(61)
    async with at.session.get(link.headers["Location"]) as answer:
        assert answer.status == 403
    assert (await at.ask("POST", f"{REPO}/actions/runs/{run.id}/rerun-failed-jobs")).status == 201
    queued = ["check_run.created", "workflow_job.queued"]
    job = [*queued, "workflow_job.in_progress", "workflow_job.completed", "check_run.completed"]
    assert (await at.events())[-17:] == [
        "workflow_run.requested", "workflow_run.in_progress", *job, *job, "check_suite.completed",
        "workflow_run.completed", "workflow_run.requested", *queued,
    ]  # fmt: skip
    suite = next(item.payload["check_suite"] for item in at.received if item.name == "check_suite.completed")
    assert (suite["app"]["slug"], suite["conclusion"], suite["pull_requests"][0]["number"]) == (
        "github-actions", "failure", 1
    )  # fmt: skip


async def test_installations_change(at: Stage) -> None:
    other = at.hub.create_repository("octo/other")
    at.hub.change_repositories(at.installation, add=[other], remove=[at.repo], sender="alice")
    assert (await at.ask("GET", f"{REPO}/issues/1")).status == 404
    listed = (await at.ask("GET", "/installation/repositories")).body
    assert [repo["full_name"] for repo in listed["repositories"]] == ["octo/other"]
    at.hub.accept_permissions(at.installation, {"issues": "read"})
    at.hub.change_repositories(at.installation, add=[at.repo])
    at.hub.transfer(at.repo, "newhome", "alice")
    moved = await at.ask("GET", REPO, at.alice.token)
    assert moved.status == 301
    at.hub.uninstall(at.installation)
    assert (await at.ask("GET", "/installation/repositories")).status == 401
    assert await at.events() == [
        "installation.created", "installation_repositories.added", "installation_repositories.removed",
        "installation.new_permissions_accepted", "installation_repositories.added", "repository.transferred",
        "installation.deleted",
    ]  # fmt: skip


_THREADS = """query($number: Int!) { repository(owner: "octo", name: "sample") { pullRequest(number: $number) {
  id isDraft reviewThreads(first: 10) { totalCount nodes { id isResolved path line comments(first: 5) {
    nodes { databaseId body author { login __typename } } } } pageInfo { hasNextPage } } } } }"""


async def test_graphql_threads_drafts_and_signed_commits(at: Stage) -> None:
    head = await _branch(at, "topic")
    wanted = {"title": "P", "head": "topic", "base": "main", "draft": True}
    await at.ask("POST", f"{REPO}/pulls", body=wanted)
    note = {"event": "COMMENT", "comments": [{"path": "new.txt", "line": 1, "body": "why"}]}
    await at.ask("POST", f"{REPO}/pulls/1/reviews", at.alice.token, note)
    pull = (await at.graphql(_THREADS, number=1))["data"]["repository"]["pullRequest"]
    thread = pull["reviewThreads"]["nodes"][0]
    assert (pull["isDraft"], thread["isResolved"], thread["line"]) == (True, False, 1)
    assert thread["comments"]["nodes"][0]["author"] == {"login": "alice", "__typename": "User"}
    resolve = "mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { isResolved } } }"
    done = await at.graphql(resolve, id=thread["id"])
    assert done["data"]["resolveReviewThread"]["thread"]["isResolved"] is True
    ready = (
        "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }"
    )
    assert (await at.graphql(ready, id=pull["id"]))["data"]["markPullRequestReadyForReview"]["pullRequest"] == {
        "isDraft": False
    }
    commit = """mutation($in: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $in) { commit { oid } } }"""
    given = {
        "branch": {"repositoryNameWithOwner": "octo/sample", "branchName": "topic"},
        "expectedHeadOid": head,
        "message": {"headline": "By API"},
        "fileChanges": {"additions": [{"path": "two.txt", "contents": "Mgo="}], "deletions": [{"path": "new.txt"}]},
    }
    made = await at.graphql(commit, **{"in": given})
    oid = made["data"]["createCommitOnBranch"]["commit"]["oid"]
    assert (await at.ask("GET", f"{REPO}/pulls/1")).body["head"]["sha"] == oid
    stale = await at.graphql(commit, **{"in": given})
    assert stale["errors"][0]["type"] == "UNPROCESSABLE"
    assert "Expected branch to point to" in stale["errors"][0]["message"]
    unknown = await at.graphql("{ viewer { nonsense } }")
    assert unknown == {"errors": [{"message": "Field 'nonsense' doesn't exist on type 'User'"}]}
    missing = await at.graphql(_THREADS, number=99)
    assert missing["errors"][0]["type"] == "NOT_FOUND"
    assert {"pull_request_review_thread.resolved", "pull_request.ready_for_review"} <= set(await at.events())


async def test_a_manifest_becomes_an_app_once(at: Stage) -> None:
    manifest = (
        '{"name": "Helper", "url": "https://example.org", "hook_attributes": {"url": "https://example.org/hook"}, '
        '"redirect_url": "http://127.0.0.1:9/done", "default_permissions": {"issues": "write"}, '
        '"default_events": ["issues"], "public": false}'
    )
    form = {"manifest": manifest}
    async with at.session.post(f"{at.hub.url}/settings/apps/new?state=abc", data=form) as page:
        text = await page.text()
        assert "Create GitHub App" in text
        assert "issues" in text
    async with at.session.post(
        f"{at.hub.url}/settings/apps/create", data=form | {"state": "abc"}, allow_redirects=False
    ) as made:
        query = parse_qs(urlsplit(made.headers["Location"]).query)
    assert query["state"] == ["abc"]
    path = f"/app-manifests/{query['code'][0]}/conversions"
    app = await at.ask("POST", path, "")
    assert (app.status, app.body["slug"], app.body["permissions"]["issues"]) == (201, "helper", "write")
    assert app.body["pem"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert app.body["webhook_secret"]
    assert (await at.ask("POST", path, "")).status == 404
    chosen = {"owner": "octo", "repository": "octo/sample"}
    async with at.session.post(f"{at.hub.url}/apps/helper/installations", data=chosen) as installed:
        assert "setup_action=install" in str(installed.url)
    assert [item.app.slug for item in at.hub.world.installations.values()] == ["forgehand", "helper"]


async def test_the_hub_runs_by_itself(tmp_path: Path) -> None:
    argv = ["--port", "0", "--root", str(tmp_path), "--repository", "octo/sample=./simhub", "--app", "mybot"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.watched", "simhub", *argv,
        stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert process.stdout is not None
    said = {}
    while not (line := (await process.stdout.readline()).decode()).startswith("Stop"):
        name, _, value = line.strip().partition("  ")
        said[name] = value.strip()
    token = said["person"].rpartition(" ")[2]
    async with aiohttp.ClientSession() as session:
        head = {"Authorization": f"Bearer {token}"}
        async with session.get(f"{said['REST']}/repos/octo/sample/installation", headers=head) as answer:
            assert answer.status == 401
        async with session.get(f"{said['REST']}/repos/octo/sample", headers=head) as answer:
            assert (await answer.json())["permissions"]["admin"] is True
        async with session.get(f"{said['REST']}/repos/octo/sample/contents/hub.py", headers=head) as answer:
            assert answer.status == 200
    key = Path(said["App"].rpartition(" ")[2])
    assert key.stat().st_mode & 0o777 == 0o600
    process.terminate()
    assert await asyncio.wait_for(process.wait(), PATIENCE) == 0


async def test_people_sign_in(at: Stage) -> None:
    app, back = at.app, "http://127.0.0.1:9/back"
    form = {"client_id": app.client_id, "redirect_uri": back, "state": "s", "login": "alice"}
    url = f"{at.hub.url}/login/oauth/authorize"
    async with at.session.get(url, params=form) as page:
        assert "Continue as alice" in await page.text()
    async with at.session.post(url, data=form, allow_redirects=False) as answer:
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
    body = {"client_id": app.client_id, "client_secret": app.client_secret, "code": query["code"][0]}
    exchange = f"{at.hub.url}/login/oauth/access_token"
    async with at.session.post(exchange, data=body, headers={"Accept": "application/json"}) as answer:
        token = (await answer.json())["access_token"]
    assert (await at.ask("GET", "/user", token)).body["login"] == "alice"
    async with at.session.post(exchange, data=body, headers={"Accept": "application/json"}) as answer:
        assert (await answer.json())["error"] == "bad_verification_code"
    at.hub.create_user("nobody-here")
    seen = (await at.ask("GET", "/user/installations", token)).body["installations"]
    assert [each["id"] for each in seen] == [at.installation.id]
    path = f"/user/installations/{at.installation.id}/repositories"
    (listed,) = (await at.ask("GET", path, token)).body["repositories"]
    assert (listed["full_name"], listed["permissions"]["pull"]) == ("octo/sample", True)
    assert (await at.ask("GET", "/user/installations", at.alice.token)).status == 403
    async with at.session.post(url, data=form | {"cancel": "1"}, allow_redirects=False) as answer:
        assert parse_qs(urlsplit(answer.headers["Location"]).query)["error"] == ["access_denied"]


async def test_pages_show_what_happened_and_no_markup_of_strangers(at: Stage) -> None:
    body = '<script>alert(1)</script>\n\n<details><summary>Log</summary>\n\nhidden\n\n</details>\n\n| a | b |\n|--|--|\n| 1 | 2 |\n\n- [x] done\n\n[x](javascript:alert(1)) <!-- forgehand {"task": 1} -->'  # noqa: E501
    await at.ask("POST", f"{REPO}/issues", at.alice.token, {"title": "<b>Title</b>", "body": body})
    await _branch(at, "topic")
    await at.ask("POST", f"{REPO}/pulls", body={"title": "P", "body": "Fixes #1", "head": "topic", "base": "main"})
    note = {"event": "COMMENT", "comments": [{"path": "new.txt", "line": 1, "body": "on the line"}]}
    await at.ask("POST", f"{REPO}/pulls/2/reviews", at.alice.token, note)
    await at.hub.settled()
    pages = {}
    for path in ("/", "/octo", "/octo/sample", "/octo/sample/issues", "/octo/sample/pulls", "/octo/sample/issues/1",
                 "/octo/sample/pull/2", "/octo/sample/pull/2/files", "/octo/sample/pull/2/commits",
                 "/octo/sample/pull/2/checks", "/octo/sample/tree/main/src", "/octo/sample/blob/main/src/app.py",
                 "/_deliveries", "/apps/forgehand"):  # fmt: skip
        async with at.session.get(at.hub.url + path) as answer:
            assert answer.status == 200, path
            pages[path] = await answer.text()
    issue = pages["/octo/sample/issues/1"]
    assert "<script>" not in issue
    assert "&lt;b&gt;Title&lt;/b&gt;" in issue
    assert "javascript:alert" not in issue.replace("[x](javascript:alert(1))", "")
    assert "forgehand {" not in issue
    for wanted in ("<details>", "<td>1</td>", '<input type="checkbox" disabled checked>'):
        assert wanted in issue
    assert "on the line" in pages["/octo/sample/pull/2/files"]
    assert '<a href="/octo/sample/issues/1">#1</a>' in pages["/octo/sample/pull/2"]
    assert "issues</strong>.opened" in pages["/_deliveries"]
