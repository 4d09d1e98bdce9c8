"""Review threads: where they stand after pushes, who may resolve them, what GraphQL can do with them."""

from __future__ import annotations

from typing import Any

from tests.support.hub import Stage

REPO = "/repos/octo/sample"
LINES = [f"line {n}\n" for n in range(1, 41)]
THREADS = """query { repository(owner: "octo", name: "sample") { pullRequest(number: 1) { id reviewThreads(first: 20) {
  nodes { id isResolved isOutdated path line startLine originalLine originalStartLine diffSide startDiffSide subjectType
    resolvedBy { login } viewerCanResolve viewerCanUnresolve comments(first: 10) { nodes { databaseId body path line
      startLine originalLine outdated state createdAt url diffHunk author { login __typename } replyTo { databaseId }
      pullRequestReview { databaseId state } commit { oid } originalCommit { oid } } } } } } } }"""
RESOLVE = """mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) {
  thread { isResolved resolvedBy { login } } } }"""


def changed(**lines: str) -> str:
    """The file with some lines replaced: ``l5="new"``."""
    return "".join(lines.get(f"l{number}", line) for number, line in enumerate(LINES, 1))


async def _write(at: Stage, text: str, parent: str, path: str = "src/app.py", force: bool = False) -> str:
    """One more commit on ``topic``, over REST; returns it."""
    entry = {"path": path, "mode": "100644", "type": "blob", "content": text}
    tree = await at.ask("POST", f"{REPO}/git/trees", body={"base_tree": parent, "tree": [entry]})
    commit = {"message": "More", "tree": tree.body["sha"], "parents": [parent]}
    sha = str((await at.ask("POST", f"{REPO}/git/commits", body=commit)).body["sha"])
    moved = await at.ask("PATCH", f"{REPO}/git/refs/heads/topic", body={"sha": sha, "force": force})
    assert moved.status == 200, moved.body
    return sha


async def _threads(at: Stage, token: str | None = None) -> list[dict[str, Any]]:
    answer = await at.graphql(THREADS, token)
    assert "errors" not in answer, answer
    return list(answer["data"]["repository"]["pullRequest"]["reviewThreads"]["nodes"])


async def _review(at: Stage, *places: dict[str, Any], event: str | None = "COMMENT") -> int:
    comments = [{"path": "src/app.py", "body": "why", **place} for place in places]
    body = {"comments": comments} | ({"event": event} if event else {})
    made = await at.ask("POST", f"{REPO}/pulls/1/reviews", at.alice.token, body)
    assert made.status == 200, made.body
    return int(made.body["id"])


async def test_threads_move_with_their_lines_and_are_outdated_when_those_change(at: Stage) -> None:
    first = await at.pull(changed(l5="five\n", l20="twenty\n"))
    await _review(
        at, {"line": 5}, {"line": 5, "side": "LEFT"}, {"line": 21, "start_line": 19}, {"line": 20},
        {"line": 20, "side": "LEFT"},
    )  # fmt: skip
    grown = changed(l1="new\nnew\nline 1\n", l5="five\n", l20="again\n")
    second = await _write(at, grown, first)
    seen = await _threads(at)
    assert [(each["line"], each["startLine"], each["isOutdated"]) for each in seen] == [
        (7, None, False), (5, None, False), (None, None, True), (None, None, True), (20, None, False)
    ]  # fmt: skip
    assert [each["originalLine"] for each in seen] == [5, 5, 21, 20, 20]
    rest = (await at.ask("GET", f"{REPO}/pulls/1/comments")).body
    assert [(each["line"], each["original_line"], each["position"]) for each in rest][2] == (None, 21, None)
    assert [each["commit_id"] for each in rest[:3]] == [second, second, first]
    assert rest[0]["diff_hunk"].endswith("+five")
    back = await _write(at, changed(l5="five\n", l20="twenty\n"), second)
    assert [each["line"] for each in await _threads(at)] == [5, 5, 21, 20, 20]
    await _write(at, "".join(LINES), back)
    assert all(each["isOutdated"] for each in await _threads(at))


async def test_threads_survive_a_rebase_and_force_push(at: Stage) -> None:
    base = (await at.ask("GET", f"{REPO}/git/ref/heads/main")).body["object"]["sha"]
    await at.pull(changed(l20="twenty\n"))
    await _review(at, {"line": 20}, {"line": 18, "side": "LEFT"})
    put = {"message": "Grow", "content": "bmV3Cg==", "branch": "main"}
    assert (await at.ask("PUT", f"{REPO}/contents/other.txt", at.alice.token, put)).status == 201
    onto = (await at.ask("GET", f"{REPO}/git/ref/heads/main")).body["object"]["sha"]
    assert onto != base
    head = await _write(at, changed(l3="three\nmore\n", l20="twenty\n"), onto, force=True)
    assert [(each["line"], each["isOutdated"]) for each in await _threads(at)] == [(21, False), (18, False)]
    timeline = (await at.ask("GET", f"{REPO}/issues/1/timeline")).body
    assert "head_ref_force_pushed" in [line["event"] for line in timeline]
    await at.hub.settled()
    (moved,) = [item.payload for item in at.received if item.name == "pull_request.synchronize"]
    assert moved["after"] == head
    deleted = {"message": "Gone", "sha": "x", "branch": "topic"}
    refused = await at.ask("DELETE", f"{REPO}/contents/src/app.py", body=deleted)
    assert refused.status == 409
    blob = (await at.ask("GET", f"{REPO}/contents/src/app.py?ref=topic")).body["sha"]
    assert (await at.ask("DELETE", f"{REPO}/contents/src/app.py", body=deleted | {"sha": blob})).status == 200
    assert [each["isOutdated"] for each in await _threads(at)] == [True, False]


async def test_resolving_wants_contents_of_an_app_and_is_told(at: Stage) -> None:
    await at.pull(changed(l5="five\n"))
    await _review(at, {"line": 5})
    (thread,) = await _threads(at)
    for permissions in ({"pull_requests": "write", "contents": "read"}, {"pull_requests": "read", "contents": "write"}):
        denied = await at.graphql(RESOLVE, await at.mint(permissions=permissions), id=thread["id"])
        assert denied["data"] == {"resolveReviewThread": None}
        assert denied["errors"][0]["type"] == "FORBIDDEN"
        assert denied["errors"][0]["message"] == "Resource not accessible by integration"
    done = await at.graphql(RESOLVE, id=thread["id"])
    assert done["data"]["resolveReviewThread"]["thread"] == {
        "isResolved": True, "resolvedBy": {"login": "forgehand"}
    }  # fmt: skip
    (thread,) = await _threads(at)
    assert (thread["isResolved"], thread["viewerCanResolve"], thread["viewerCanUnresolve"]) == (True, False, True)
    again = await at.graphql(RESOLVE.replace("resolveReviewThread", "unresolveReviewThread"), id=thread["id"])
    assert again["data"]["unresolveReviewThread"]["thread"]["isResolved"] is False
    unknown = await at.graphql(RESOLVE, id="PRRT_bm9uc2Vuc2U")
    assert unknown["errors"][0]["type"] == "NOT_FOUND"
    names = await at.events()
    assert names[-2:] == ["pull_request_review_thread.resolved", "pull_request_review_thread.unresolved"]
    told = at.received[-2].payload
    assert (told["thread"]["node_id"], told["thread"]["comments"][0]["body"]) == (thread["id"], "why")


async def test_replies_and_reactions(at: Stage) -> None:
    await at.pull(changed(l5="five\n"))
    await _review(at, {"line": 5, "start_line": 4})
    (thread,) = await _threads(at)
    first = thread["comments"]["nodes"][0]
    reply = """mutation($id: ID!) { addPullRequestReviewThreadReply(
      input: {pullRequestReviewThreadId: $id, body: "Because."}) { comment { databaseId author { login } } } }"""
    made = (await at.graphql(reply, id=thread["id"]))["data"]["addPullRequestReviewThreadReply"]["comment"]
    assert made["author"] == {"login": "forgehand"}
    (thread,) = await _threads(at)
    answer = thread["comments"]["nodes"][1]
    assert (answer["replyTo"], answer["startLine"]) == ({"databaseId": first["databaseId"]}, 4)
    assert answer["pullRequestReview"]["databaseId"] != first["pullRequestReview"]["databaseId"]
    target = f"{REPO}/pulls/comments/{first['databaseId']}"
    assert [(await at.ask("POST", f"{target}/reactions", body={"content": "eyes"})).status for _ in "12"] == [201, 200]
    assert (await at.ask("GET", target)).body["reactions"]["eyes"] == 1
    assert (await at.ask("POST", f"{REPO}/pulls/1/comments/7/replies", body={"body": "x"})).status == 404
    names = [name for name in await at.events() if name.startswith("pull_request_review")]
    assert names == ["pull_request_review.submitted", "pull_request_review_comment.created"] * 2
    replied = at.received[-1].payload["comment"]
    assert (replied["in_reply_to_id"], replied["id"]) == (first["databaseId"], made["databaseId"])


async def test_pending_reviews_are_secret_and_graphql_swallows_what_is_off_the_diff(at: Stage) -> None:
    await at.pull(changed(l5="five\n"))
    await _review(at, {"line": 5}, event=None)
    add = """mutation($in: AddPullRequestReviewThreadInput!) { addPullRequestReviewThread(input: $in) {
      thread { line comments(first: 1) { nodes { state } } } } }"""
    pull = (await at.ask("GET", f"{REPO}/pulls/1")).body["node_id"]
    given = {"pullRequestId": pull, "path": "src/app.py", "body": "b", "line": 6, "side": "RIGHT"}
    made = await at.graphql(add, at.alice.token, **{"in": given})
    assert made["data"]["addPullRequestReviewThread"]["thread"]["comments"]["nodes"] == [{"state": "PENDING"}]
    swallowed = await at.graphql(add, at.alice.token, **{"in": given | {"line": 30}})
    assert swallowed == {"data": {"addPullRequestReviewThread": {"thread": None}}}
    assert await _threads(at) == []
    mine = await _threads(at, at.alice.token)
    assert [each["line"] for each in mine] == [5, 6]
    secret = mine[0]["comments"]["nodes"][0]["databaseId"]
    assert (await at.ask("GET", f"{REPO}/pulls/comments/{secret}")).status == 404
    review = (await at.ask("GET", f"{REPO}/pulls/1/reviews", at.alice.token)).body[0]["node_id"]
    submit = """mutation($id: ID!) { submitPullRequestReview(input: {pullRequestReviewId: $id, event: COMMENT}) {
      pullRequestReview { state comments(first: 5) { totalCount } } } }"""
    sent = await at.graphql(submit, at.alice.token, id=review)
    assert sent["data"]["submitPullRequestReview"]["pullRequestReview"] == {
        "state": "COMMENTED", "comments": {"totalCount": 2}
    }  # fmt: skip
    assert len(await _threads(at)) == 2


async def test_reviews_are_requested_of_collaborators_only(at: Stage) -> None:
    await at.pull(changed(l5="five\n"))
    path, bot = f"{REPO}/pulls/1/requested_reviewers", at.app.bot_login
    bob = at.hub.create_user("bob")
    words = "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not"
    for login in ("bob", bot, "nobody"):
        refused = await at.ask("POST", path, at.alice.token, {"reviewers": [login]})
        assert (refused.status, refused.body["message"]) == (
            422, f"{words} a collaborator of the octo/sample repository."
        )  # fmt: skip
    at.hub.set_permission(at.repo, "bob", "write")
    asked = await at.ask("POST", path, at.alice.token, {"reviewers": ["bob"]})
    assert (asked.status, [each["login"] for each in asked.body["requested_reviewers"]]) == (201, ["bob"])
    assert [each["login"] for each in (await at.ask("GET", path)).body["users"]] == ["bob"]
    await at.events()
    told = next(item.payload for item in at.received if item.name == "pull_request.review_requested")
    assert told["requested_reviewer"]["login"] == "bob"
    own = at.hub.repository("octo/sample").issues[1].user.login
    at.hub.set_permission(at.repo, own, "write")
    author = await at.ask("POST", path, at.alice.token, {"reviewers": [own]})
    assert author.body["message"] == "Review cannot be requested from pull request author."
    await at.ask("POST", f"{REPO}/pulls/1/reviews", bob.token, {"event": "APPROVE"})
    assert (await at.ask("GET", path)).body["users"] == []


async def test_pages_show_suggestions_folded_threads_and_buttons_that_work(at: Stage) -> None:
    head = await at.pull(changed(l5="five\n", l6="six <b>\n"))
    block = "Better:\n\n```suggestion\nFIVE\nSIX\n```"
    await _review(at, {"line": 6, "start_line": 5, "body": block}, {"line": 5, "side": "LEFT", "body": "settled"})
    await at.graphql(RESOLVE, id=(await _threads(at))[1]["id"])
    button = {"label": "Fix these", "description": "Push a commit", "identifier": "fix"}
    found = {"path": "src/app.py", "start_line": 5, "end_line": 6, "annotation_level": "warning", "message": "a\nb"}
    output = {"title": "One finding", "summary": "**Read** it", "annotations": [found]}
    body = {"name": "review", "head_sha": head, "output": output, "actions": [button]}
    run = (await at.ask("POST", f"{REPO}/check-runs", body=body)).body["id"]
    url = f"{at.hub.url}/octo/sample"
    press = {"login": "alice", "press": "fix"}
    async with at.session.post(f"{url}/runs/{run}", data=press) as early:
        assert (early.status, await early.text()) == (422, f"check run {run} shows no button fix")
    await at.ask("PATCH", f"{REPO}/check-runs/{run}", body={"conclusion": "neutral"})
    for form, status in ((press, 200), ({"login": "alice"}, 200), (press | {"login": "nobody"}, 422)):
        async with at.session.post(f"{url}/runs/{run}", data=form) as pressed:
            assert pressed.status == status
    assert (await at.events())[-2:] == ["check_run.requested_action", "check_run.rerequested"]
    assert at.received[-2].payload["requested_action"] == {"identifier": "fix"}
    pages = {}
    for path in ("pull/1", "pull/1/files", f"runs/{run}"):
        async with at.session.get(f"{url}/{path}") as page:
            pages[path] = await page.text()
    rows = ("del", "-", "five"), ("del", "-", "six &lt;b&gt;"), ("add", "+", "FIVE"), ("add", "+", "SIX")
    diff = "".join(f'<tr class="{kind}"><td>{sign}{text}</td></tr>' for kind, sign, text in rows)
    for path in ("pull/1", "pull/1/files"):
        assert f'<div>Suggested change</div><table class="diff">{diff}</table>' in pages[path]
        assert "resolved this conversation</summary>" in pages[path]
    assert "src/app.py:5 (before)" in pages["pull/1"]
    for wanted in ("src/app.py:5–6</a><pre>a\nb</pre>", "<strong>Read</strong> it", 'title="Push a commit">Fix these<'):
        assert wanted in pages[f"runs/{run}"]


REACT = """mutation($id: ID!, $content: ReactionContent!) {
  addReaction(input: {subjectId: $id, content: $content}) { reaction { databaseId content } } }"""


async def test_the_body_of_a_review_is_reacted_to_once(at: Stage) -> None:
    await at.pull(changed(l5="new\n"))
    review = await at.ask("POST", f"{REPO}/pulls/1/reviews", body={"event": "COMMENT", "body": "Good."})
    first = await at.graphql(REACT, id=review.body["node_id"], content="EYES")
    again = await at.graphql(REACT, id=review.body["node_id"], content="EYES")
    assert first["data"] == again["data"]
    assert first["data"]["addReaction"]["reaction"]["content"] == "EYES"
    other = await at.graphql(REACT, id=review.body["node_id"], content="CONFUSED")
    assert other["data"]["addReaction"]["reaction"] != first["data"]["addReaction"]["reaction"]
    assert "errors" in await at.graphql(REACT, id=review.body["node_id"], content="eyes")
    narrow = await at.mint(permissions={"issues": "write"})
    assert "errors" in await at.graphql(REACT, narrow, id=review.body["node_id"], content="EYES")
