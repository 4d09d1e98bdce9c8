"""Signing in as the App and as an installation, against a hub that checks."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot.github.api.access import GitHubs
from bot.github.api.auth import AppKey
from bot.github.api.errors import BadCredentials, Forbidden, NotFound
from bot.github.api.limiter import Clock
from bot.github.resources import issues
from bot.github.resources.app import read_app
from simhub.faults import Fault
from simhub.hub import Hub
from tests.github.conftest import World

WRITE = {"issues": "write"}
MINT = "access_tokens"


async def test_a_token_is_minted_once_however_many_ask_and_is_narrowed(world: World, github: GitHubs) -> None:
    clients = await asyncio.gather(*(github.for_repository(world.repository, WRITE) for _ in range(8)))
    await issues.list_comments(clients[0], world.repository, await new_issue(world))
    assert world.asked("POST", MINT) == 1
    used = next(each for each in world.hub.requests if each.path.endswith("/comments"))
    assert used.permissions.keys() - {"metadata"} == {"issues"}
    await github.for_repository(world.repository, {"contents": "read"})
    assert world.asked("POST", MINT) == 2


async def test_a_caller_who_gives_up_takes_the_token_from_nobody(world: World, github: GitHubs) -> None:
    world.hub.latency = 0.05
    first = asyncio.create_task(github.token(world.repository, WRITE))
    second = asyncio.create_task(github.token(world.repository, WRITE))
    await asyncio.sleep(0.02)
    first.cancel()
    assert (await second).startswith("ghs_")
    assert world.asked("POST", MINT) == 1


async def test_a_token_is_renewed_well_before_it_expires_and_when_revoked(world: World, github: GitHubs) -> None:
    first = await github.token(world.repository, WRITE)
    world.hub.advance(49 * 60)
    assert await github.token(world.repository, WRITE) == first
    world.hub.advance(2 * 60)
    second = await github.token(world.repository, WRITE)
    assert second != first
    client = await github.for_repository(world.repository, WRITE)
    number = await new_issue(world)
    await issues.get_issue(client, world.repository, number)
    world.hub.world.tokens[second].revoked = True
    assert (await issues.get_issue(client, world.repository, number)).number == number
    assert world.asked("POST", MINT) == 3


async def test_the_first_seconds_of_a_token_are_waited_out(world: World, github: GitHubs) -> None:
    began = time.time()
    world.hub.world.clock = lambda: began + world.hub.clock_offset  # only sleep makes a token older, not a slow machine
    world.hub.token_lag = 2.5
    number = await new_issue(world)
    client = await github.for_repository(world.repository, WRITE)
    assert (await issues.get_issue(client, world.repository, number)).number == number
    assert world.time.slept == [1.0, 2.0]
    with pytest.raises(NotFound):
        await issues.get_issue(client, world.repository, 999)
    assert world.time.slept == [1.0, 2.0], "a proven token's 404 is believed at once"


async def test_a_young_token_is_waited_for_though_another_replica_took_it(world: World, github: GitHubs) -> None:
    began = time.time()
    world.hub.world.clock = lambda: began + world.hub.clock_offset
    number = await new_issue(world)
    client = await github.for_repository(world.repository, WRITE)
    await issues.get_issue(client, world.repository, number)
    world.hub.token_lag, world.hub.token_lag_status = 2.5, 403
    assert (await issues.get_issue(client, world.repository, number)).number == number
    assert world.time.slept == [1.0, 2.0]


async def test_a_private_repository_hidden_from_a_fresh_token_is_waited_for(world: World, github: GitHubs) -> None:
    number = await new_issue(world)
    client = await github.for_repository(world.repository, WRITE)
    world.hub.faults.add(Fault(path="/repos/octo/durations", status=404, times=2, body={"message": "Not Found"}))
    world.hub.faults.add(Fault(path="*/issues/*", status=404, times=2, body={"message": "Not Found"}))
    assert (await issues.get_issue(client, world.repository, number)).state == "open"
    assert world.time.slept == [1.0, 2.0]


async def test_a_fresh_tokens_404_is_believed_once_the_repository_is_seen(world: World, github: GitHubs) -> None:
    for repository in (world.repository, world.repository.model_copy(update={"private": False})):
        client = await github.for_repository(repository, {"issues": "read", "contents": "read"})
        with pytest.raises(NotFound):
            await issues.get_issue(client, repository, 999)
    assert world.time.slept == []


@pytest.mark.parametrize("off", [-4000.0, 4000.0])
async def test_a_wrong_clock_is_learnt_from_the_server(world: World, github: GitHubs, off: float) -> None:
    world.time.off = off
    assert (await read_app(world.connect().app)).slug == "forgehand"
    github = world.connect()
    await read_app(github.app)
    assert github.clock_skew == pytest.approx(-off, abs=3)
    assert await github.token(world.repository, WRITE)
    assert world.asked("GET", "/app") == 4, "one refusal and one success each"


async def test_a_wrong_clock_stops_none_of_those_that_ask_at_once(world: World, github: GitHubs) -> None:
    number = await new_issue(world)
    world.time.off = 90_000.0
    both = [github.for_repository(world.repository, {name: "read"}) for name in ("issues", "contents")]
    client, _ = await asyncio.gather(*both)
    world.time.off = 180_000.0
    world.hub.faults.add(Fault(path="/app", status=502))
    assert (await read_app(world.connect().app)).slug == "forgehand", "also where the first answer was none"
    world.time.off = -90_000.0
    await issues.get_issue(client, world.repository, number)
    assert github.clock_skew == pytest.approx(90_000, abs=3), "any answer tells"


async def test_githubs_time_is_kept_while_our_clock_is_set(world: World, github: GitHubs) -> None:
    """Before any answer could tell: what came in that moment would be a day old."""
    await read_app(github.app)
    before = github.now()
    world.time.off = 86_400.0
    assert github.now() == pytest.approx(before, abs=60)
    assert github.clock_skew == pytest.approx(-86_400, abs=60)


async def test_refusals_to_mint_say_what_is_missing(world: World, github: GitHubs) -> None:
    with pytest.raises(Forbidden, match="must accept"):
        await github.token(world.repository, {"actions": "read"})
    with pytest.raises(NotFound, match="was removed"):
        await github.token(world.repository.model_copy(update={"installation": 1}), WRITE)
    world.hub.suspend(next(iter(world.hub.world.installations.values())))
    with pytest.raises(Forbidden, match="suspended"):
        await github.token(world.repository, WRITE)


async def test_a_wrong_key_or_app_is_told_in_words(world: World) -> None:
    with pytest.raises(BadCredentials, match="PEM"):
        AppKey(1, "-----BEGIN RSA PRIVATE KEY-----\nnonsense\n-----END RSA PRIVATE KEY-----\n", Clock())
    other = world.hub.create_app("other")
    wrong = GitHubs.as_app(world.session, world.hub.api_url, world.credentials.app_id, other.private_key)
    with pytest.raises(BadCredentials, match="App id, the private key"):
        await read_app(wrong.app)


async def test_our_account_is_asked_for_once(world: World, github: GitHubs) -> None:
    both = await asyncio.gather(github.bot(), github.bot())
    assert {bot.login for bot in both} == {"forgehand[bot]"}
    assert both[0].id == world.credentials.bot_id
    assert world.asked("GET", "/app") == 1


async def new_issue(world: World, title: str = "A bug", body: str = "") -> int:
    """An issue filed by a person over the API."""
    hub: Hub = world.hub
    headers = {"authorization": f"token {hub.world.accounts['ann'].token}"}
    url = f"{hub.api_url}/repos/octo/durations/issues"
    hub.set_permission("octo/durations", "ann", "write")
    async with world.session.post(url, json={"title": title, "body": body}, headers=headers) as answer:
        return int((await answer.json())["number"])


async def test_a_given_token_speaks_for_its_account_with_the_rights_that_it_has(world: World) -> None:
    there = world.hub.repository(world.repository.full_name)
    github = GitHubs.with_token(world.session, world.hub.api_url, world.hub.job_token(there, {"contents": "read"}))
    bot = await github.bot()
    assert (bot.login, bot.type) == ("github-actions[bot]", "Bot")
    client = await github.for_repository(world.repository, WRITE)
    with pytest.raises(Forbidden):
        await issues.list_comments(client, world.repository, 1)
    assert world.asked("POST", MINT) == 0
