"""Limits beside the hourly budget, refusals of odd requests, and trouble on demand."""

from __future__ import annotations

import asyncio
import time

import pytest

from simhub import Disorder, Fault
from tests.support.hub import Stage

REPO = "/repos/octo/sample"


@pytest.mark.parametrize("limit", ["points_per_minute", "content_per_hour"])
async def test_secondary_limits_hold_installations_only(at: Stage, limit: str) -> None:
    setattr(at.hub.limits, limit, 1)
    await at.ask("POST", f"{REPO}/issues", body={"title": "T"})
    over = await at.ask("POST", f"{REPO}/issues", body={"title": "T"})
    words = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    assert (over.status, over.body["message"], over.headers["Retry-After"]) == (403, words, "60")
    assert (await at.ask("POST", f"{REPO}/issues", at.alice.token, {"title": "T"})).status == 201
    at.hub.advance(3601)
    assert (await at.ask("POST", f"{REPO}/issues", await at.mint(), {"title": "T"})).status == 201


async def test_a_hundred_at_once_are_enough(at: Stage) -> None:
    at.hub.limits.concurrent = 2
    git = at.hub.git(at.repo)
    for number in range(50):
        await git.update_ref(f"refs/heads/b{number}", await git.text("rev-parse", "main"))
    answers = await asyncio.gather(*(at.ask("GET", f"{REPO}/branches") for _ in range(10)))
    refused = [each for each in answers if each.status == 403]
    assert 0 < len(refused) < 10
    assert "secondary rate limit" in refused[0].body["message"]


async def test_graphql_refuses(at: Stage) -> None:
    query = '{ repository(owner: "octo", name: "sample") { issues { nodes { id } } } }'
    assert "You must provide a `first` or `last` value" in (await at.graphql(query))["errors"][0]["message"]
    blind = await at.mint(permissions={"contents": "read"})
    denied = await at.graphql(query.replace("issues ", "issues(first: 1) "), blind)
    assert (denied["errors"][0]["type"], denied["data"]["repository"]["issues"]) == ("FORBIDDEN", None)
    async with at.session.post(at.hub.graphql_url, json={"query": query}) as answer:
        assert (answer.status, (await answer.json())["message"]) == (
            401, "This endpoint requires you to be authenticated."
        )  # fmt: skip
    at.hub.limits.exhaust(at.installation, "graphql")
    async with at.session.post(
        at.hub.graphql_url, json={"query": query}, headers={"Authorization": f"Bearer {at.token}"}
    ) as answer:
        head = answer.headers
        assert (answer.status, head["X-RateLimit-Resource"], head["X-RateLimit-Remaining"]) == (200, "graphql", "0")
        assert (await answer.json())["errors"][0]["type"] == "RATE_LIMIT"


async def test_odd_requests_are_refused_in_words(at: Stage) -> None:
    url, head = f"{at.hub.api_url}{REPO}/issues", {"Authorization": f"Bearer {at.token}"}
    async with at.session.post(url, data=b"{nonsense", headers=head) as answer:
        assert (answer.status, (await answer.json())["message"]) == (400, "Problems parsing JSON")
    await at.ask("POST", f"{REPO}/issues", body={"title": "T"})
    reaction = await at.ask("POST", f"{REPO}/issues/1/reactions", body={"content": "applause"})
    assert reaction.status == 422
    assert "applause is not a member of [" in reaction.body["message"]
    label = await at.ask("POST", f"{REPO}/labels", body={"name": "BUG", "color": "ff0000"})
    assert label.body["errors"][0]["code"] == "already_exists"
    assert (await at.ask("POST", "/app/hook/deliveries/1/attempts", at.jwt())).status == 404
    at.hub.rename(at.repo, "renamed", "alice")
    moved = await at.ask("POST", f"{REPO}/issues/1/comments", body={"body": "x"})
    assert (moved.status, moved.body["message"]) == (307, "Temporary Redirect")


async def test_an_app_cannot_push_to_a_fork_nor_touch_anothers_check(at: Stage) -> None:
    at.hub.create_user("carol")
    at.hub.fork(at.repo, "carol")
    work = await asyncio.to_thread(at.clone)
    url = f"{at.hub.url}/carol/sample.git"
    pushed = await asyncio.to_thread(at.git, "push", url, "HEAD:refs/heads/x", cwd=work)
    assert pushed.returncode != 0
    assert "403" in pushed.stderr
    head = await at.hub.git(at.repo).text("rev-parse", "main")
    run = (await at.ask("POST", f"{REPO}/check-runs", body={"name": "c", "head_sha": head})).body["id"]
    other = at.hub.create_app("other", permissions={"checks": "write"})
    at.installation = at.hub.install(other, "octo", [at.repo])
    at.app = other
    theirs = await at.ask("PATCH", f"{REPO}/check-runs/{run}", await at.mint(), {"conclusion": "success"})
    assert (theirs.status, theirs.body["message"][:8]) == (403, "Invalid ")


async def test_slow_answers_late_deliveries_and_things_not_there_yet(at: Stage) -> None:
    began = time.monotonic()
    async with at.session.put(f"{at.hub.url}/_control/hub", json={"latency": 0.1}) as answer:
        assert answer.status < 300
    await at.ask("POST", f"{REPO}/issues", body={"title": "T"})
    at.hub.faults.add(Fault(path="/repos/*/issues/1", status=404, delay=0.1))
    assert (await at.ask("GET", f"{REPO}/issues/1")).status == 404
    assert time.monotonic() - began >= 0.3
    assert (await at.ask("GET", f"{REPO}/issues/1")).status == 200
    at.hub.latency = 0.0
    await at.hub.settled()
    at.received.clear()
    at.hub.webhooks.disorder = Disorder(delay=0.2)
    await at.ask("POST", f"{REPO}/issues", body={"title": "T"})
    assert at.received == []
    assert "issues.opened" in await at.events()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "wrong"}, "incorrect_client_credentials"),
        ({"code": "wrong"}, "bad_verification_code"),
        ({"code_verifier": "wrong"}, "bad_verification_code"),
    ],
)
async def test_sign_in_refuses(at: Stage, change: dict[str, str], error: str) -> None:
    form = {"client_id": at.app.client_id, "redirect_uri": "http://127.0.0.1:9/back", "state": "s", "login": "alice"}
    form["code_challenge"] = "made of another verifier"
    url = f"{at.hub.url}/login/oauth"
    async with at.session.post(f"{url}/authorize", data=form, allow_redirects=False) as answer:
        code = answer.headers["Location"].partition("code=")[2].partition("&")[0]
    body = {"client_id": at.app.client_id, "client_secret": at.app.client_secret, "code": code} | change
    async with at.session.post(f"{url}/access_token", data=body, headers={"Accept": "application/json"}) as answer:
        assert (await answer.json())["error"] == error


async def test_manifests_without_what_they_need_are_refused(at: Stage) -> None:
    for manifest, words in (("{", "manifest is not JSON"), ('{"name": "x"}', "url, redirect_url, hook_attributes")):
        async with at.session.post(f"{at.hub.url}/settings/apps/new", data={"manifest": manifest}) as answer:
            assert answer.status == 422
            assert words in await answer.text()
