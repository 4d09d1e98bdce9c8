"""Webhooks: signatures, the delivery log, redelivery, disorder; and faults on demand."""

from __future__ import annotations

import hashlib
import hmac
import json

import aiohttp
import pytest

from simhub import Disorder, Fault
from tests.support.hub import Stage

REPO = "/repos/octo/sample"


async def _open(at: Stage, title: str = "T") -> None:
    assert (await at.ask("POST", f"{REPO}/issues", at.alice.token, {"title": title})).status == 201


async def test_deliveries_are_signed_logged_and_delivered_again_under_their_guid(at: Stage) -> None:
    at.answer_webhooks_with = 500
    await _open(at)
    await at.hub.settled()
    item = at.received[-1]
    wanted = hmac.new(b"s3cret", item.raw, hashlib.sha256).hexdigest()
    assert item.headers["X-Hub-Signature-256"] == f"sha256={wanted}"
    assert item.headers["X-Hub-Signature"].startswith("sha1=")
    assert item.headers["User-Agent"].startswith("GitHub-Hookshot/")
    assert item.headers["X-GitHub-Hook-Installation-Target-ID"] == str(at.app.app_id)
    failed = (await at.ask("GET", "/app/hook/deliveries?status=failure", at.jwt())).body
    assert [(entry["event"], entry["action"], entry["status_code"]) for entry in failed] == [("issues", "opened", 500)]
    whole = (await at.ask("GET", f"/app/hook/deliveries/{failed[0]['id']}", at.jwt())).body
    assert whole["request"]["payload"] == json.loads(item.raw)
    at.answer_webhooks_with = 202
    again = await at.ask("POST", f"/app/hook/deliveries/{failed[0]['id']}/attempts", at.jwt())
    assert again.status == 202
    await at.hub.settled()
    assert at.received[-1].headers["X-GitHub-Delivery"] == item.headers["X-GitHub-Delivery"]
    newest = (await at.ask("GET", "/app/hook/deliveries?per_page=1", at.jwt())).body[0]
    assert (newest["redelivery"], newest["status"]) == (True, "OK")


async def test_the_log_pages_by_cursor(at: Stage) -> None:
    for number in range(5):
        await _open(at, f"T{number}")
    await at.hub.settled()
    seen, path = [], "/app/hook/deliveries?per_page=2"
    while path:
        answer = await at.ask("GET", path, at.jwt())
        seen += [entry["id"] for entry in answer.body]
        link = answer.headers.get("Link", "")
        path = link.partition(">")[0].removeprefix("<" + at.hub.api_url) if link else ""
    assert len(seen) == len(set(seen)) == 6
    assert seen == sorted(seen, reverse=True)


async def test_disorder_on_demand(at: Stage) -> None:
    at.hub.webhooks.disorder = Disorder(copies=2, shuffle=True)
    await _open(at)
    await at.hub.settled()
    guids = [item.headers["X-GitHub-Delivery"] for item in at.received if item.name == "issues.opened"]
    assert len(guids) == 2
    assert len(set(guids)) == 1
    at.hub.webhooks.disorder = Disorder(drop=True)
    await _open(at)
    await at.hub.settled()
    assert [item.name for item in at.received].count("issues.opened") == 2
    lost = (await at.ask("GET", "/app/hook/deliveries?per_page=1", at.jwt())).body[0]
    assert (lost["event"], lost["status"]) == ("issues", "failed to connect to host")


async def test_only_asked_events_of_covered_repositories_go_out(at: Stage) -> None:
    other = at.hub.create_repository("octo/other")
    await at.ask("POST", f"/repos/{other.full_name}/issues", at.alice.token, {"title": "elsewhere"})
    at.app.app.events.remove("issues")
    at.installation.events.remove("issues")
    await _open(at)
    assert await at.events() == ["installation.created"]


async def test_faults_strike_once_before_or_after_the_effect(at: Stage) -> None:
    at.hub.faults.add(Fault(method="POST", path="/repos/*/issues", status=502, after=True))
    assert (await at.ask("POST", f"{REPO}/issues", body={"title": "made anyway"})).status == 502
    assert [i["title"] for i in (await at.ask("GET", f"{REPO}/issues")).body] == ["made anyway"]
    at.hub.faults.add(Fault(path="/repos/*/issues", status=429, headers={"Retry-After": "7"}))
    limited = await at.ask("POST", f"{REPO}/issues", body={"title": "never made"})
    assert (limited.status, limited.headers["Retry-After"]) == (429, "7")
    async with at.session.post(f"{at.hub.url}/_control/faults", json={"path": "/users/*", "reset": True}) as made:
        assert made.status == 201
    with pytest.raises(aiohttp.ClientError):
        await at.ask("GET", "/users/alice")
    at.hub.faults.add(Fault(path="/users/*", malformed=True))
    with pytest.raises(json.JSONDecodeError):
        await at.ask("GET", "/users/alice")
    assert (await at.ask("GET", "/users/alice")).status == 200
    assert len((await at.ask("GET", f"{REPO}/issues")).body) == 1
    assert [r.status for r in at.hub.requests if r.method == "POST" and r.route == ""] == [429]


async def test_pages_of_a_list_link_to_each_other(at: Stage) -> None:
    for number in range(5):
        await _open(at, f"T{number}")
    second = await at.ask("GET", f"{REPO}/issues?per_page=2&page=2")
    assert [issue["number"] for issue in second.body] == [3, 2]
    for rel, page in (("prev", 1), ("next", 3), ("last", 3), ("first", 1)):
        assert f'page={page}>; rel="{rel}"' in second.headers["Link"]


async def test_the_rarer_events_carry_what_github_sends_too(at: Stage) -> None:
    """Their shapes are held against GitHub's examples by the stage."""
    head = await at.pull("other\n")
    await _open(at)
    number = len(at.repo.issues)
    bob, alice = at.hub.create_user("bob"), at.alice.token
    at.hub.set_permission(at.repo, "bob", "write")
    comment = (await at.ask("POST", f"{REPO}/issues/{number}/comments", body={"body": "x"})).body["id"]
    review = (await at.ask("POST", f"{REPO}/pulls/1/reviews", alice, {"event": "COMMENT", "body": "x"})).body["id"]
    place = {"body": "x", "commit_id": head, "path": "src/app.py", "line": 1}
    remark = (await at.ask("POST", f"{REPO}/pulls/1/comments", alice, place)).body["id"]
    await at.ask("POST", f"{REPO}/check-runs", body={"name": "c", "head_sha": head})
    suite = (await at.ask("GET", f"{REPO}/commits/{head}/check-suites")).body["check_suites"][0]["id"]
    for method, path, body in (
        ("DELETE", f"issues/comments/{comment}", None),
        ("PATCH", f"issues/{number}", {"state": "closed"}),
        ("PATCH", f"issues/{number}", {"state": "open"}),
        ("POST", f"issues/{number}/assignees", {"assignees": ["bob"]}),
        ("DELETE", f"issues/{number}/assignees", {"assignees": ["bob"]}),
        ("PUT", f"issues/{number}/lock", {}),
        ("DELETE", f"issues/{number}/lock", None),
        ("POST", "issues/1/labels", {"labels": ["bug"]}),
        ("DELETE", "issues/1/labels/bug", None),
        ("POST", "issues/1/assignees", {"assignees": ["bob"]}),
        ("DELETE", "issues/1/assignees", {"assignees": ["bob"]}),
        ("DELETE", "labels/bug", None),
        ("POST", "pulls/1/requested_reviewers", {"reviewers": [bob.login]}),
        ("DELETE", "pulls/1/requested_reviewers", {"reviewers": [bob.login]}),
        ("PUT", f"pulls/1/reviews/{review}", {"body": "y"}),
        ("PATCH", f"pulls/comments/{remark}", {"body": "y"}),
        ("DELETE", f"pulls/comments/{remark}", None),
    ):
        answer = await at.ask(method, f"{REPO}/{path}", alice, body)
        assert answer.status < 300, (method, path, answer.body)
    assert (await at.ask("POST", f"{REPO}/check-suites/{suite}/rerequest")).status == 201
    assert set(await at.events()) >= {
        "issue_comment.deleted", "issues.reopened", "issues.assigned", "issues.unassigned", "issues.locked",
        "issues.unlocked", "pull_request.labeled", "pull_request.unlabeled", "pull_request.assigned",
        "pull_request.unassigned", "label.deleted", "pull_request.review_requested",
        "pull_request.review_request_removed", "pull_request_review.edited", "pull_request_review_comment.edited",
        "pull_request_review_comment.deleted", "check_suite.rerequested",
    }  # fmt: skip
