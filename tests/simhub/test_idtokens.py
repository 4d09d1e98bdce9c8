"""The issuer of Actions' tokens, read as any verifier reads it."""

from __future__ import annotations

import asyncio
from typing import Any

import jwt

from tests.support.hub import Stage
from tests.support.keys import issuer_key_pair


async def started(at: Stage, **given: Any) -> Any:
    at.hub.id_tokens.rotate(issuer_key_pair())
    sha = (await at.ask("GET", "/repos/octo/sample/git/ref/heads/main")).body["object"]["sha"]
    return await at.hub.start_workflow(at.repo, given.pop("head_sha", sha), actor="alice", **given)


async def fetched(at: Stage, variables: dict[str, str], more: str = "", bearer: str = "") -> tuple[int, Any]:
    head = {"Authorization": f"bearer {bearer or variables['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
    async with at.session.get(variables["ACTIONS_ID_TOKEN_REQUEST_URL"] + more, headers=head) as answer:
        return answer.status, await answer.json()


def verified(at: Stage, token: str, audience: str) -> dict[str, Any]:
    """The claims, by PyJWT's own client of key sets. It blocks: run it off the loop."""
    keys = jwt.PyJWKClient(f"{at.hub.id_tokens.issuer}/.well-known/jwks")
    key = keys.get_signing_key_from_jwt(token)
    return dict(jwt.decode(token, key, ["RS256"], audience=audience, issuer=at.hub.id_tokens.issuer))


async def test_a_job_fetches_a_token_that_anybody_can_verify(at: Stage) -> None:
    run = await started(at, event="issues")
    variables = at.hub.id_tokens.admit(run, environment="production")
    status, answer = await fetched(at, variables, "&audience=https://bot.example.org")
    assert (status, answer["count"]) == (200, len(answer["value"]))
    claims = await asyncio.to_thread(verified, at, answer["value"], "https://bot.example.org")
    assert (claims["repository_id"], claims["actor_id"]) == (str(at.repo.id), str(at.alice.id))
    assert (claims["event_name"], claims["ref"], claims["environment"]) == ("issues", "refs/heads/main", "production")
    assert claims["sub"] == f"repo:octo@{at.repo.owner.id}/sample@{at.repo.id}:ref:refs/heads/main"
    assert (claims["iat"] - claims["nbf"], claims["exp"] - claims["iat"]) == (600, 300)
    _, other = await fetched(at, variables)
    usual = await asyncio.to_thread(verified, at, other["value"], f"{at.hub.url}/octo")
    assert usual["jti"] != claims["jti"]
    assert (await fetched(at, variables, bearer="guessed"))[0] == 401


async def test_discovery_leads_to_the_keys_that_are_good_now(at: Stage) -> None:
    run = await started(at)
    tokens = at.hub.id_tokens
    async with at.session.get(f"{tokens.issuer}/.well-known/openid-configuration") as answer:
        about = await answer.json()
    assert (about["issuer"], about["jwks_uri"]) == (tokens.issuer, f"{tokens.issuer}/.well-known/jwks")
    old = tokens.mint(run, "a")
    tokens.rotate(keep=True)
    new = tokens.mint(run, "a")
    for token in (old, new):
        await asyncio.to_thread(verified, at, token, "a")
    tokens.rotate(issuer_key_pair())
    async with at.session.get(about["jwks_uri"]) as answer:
        kids = [key["kid"] for key in (await answer.json())["keys"]]
    assert [jwt.get_unverified_header(token)["kid"] in kids for token in (old, new)] == [True, False]


async def test_a_pull_request_is_told_by_its_ref_and_a_forks_gets_no_token(at: Stage) -> None:
    head = await at.pull("changed\n")
    run = await started(at, event="pull_request", branch="topic", head_sha=head)
    claims = jwt.decode(at.hub.id_tokens.mint(run), options={"verify_signature": False})
    assert (claims["ref"], claims["head_ref"], claims["base_ref"]) == ("refs/pull/1/merge", "topic", "main")
    assert claims["sub"].endswith(":pull_request")
    at.hub.create_user("zed")
    fork = at.hub.fork(at.repo, "zed")
    foreign = await started(at, event="pull_request", head_repository=fork)
    assert at.hub.id_tokens.admit(foreign) == {}
    at.hub.id_tokens.old_subjects = True
    old = jwt.decode(at.hub.id_tokens.mint(run), options={"verify_signature": False})
    assert old["sub"] == "repo:octo/sample:pull_request"
