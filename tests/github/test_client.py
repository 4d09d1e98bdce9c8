"""The client against a GitHub that is slow, busy, broken or has renamed.

Also one that reports a mistake of ours.
"""

from __future__ import annotations

import asyncio

import pytest

from bot.github.api.access import GitHubs
from bot.github.api.client import Client
from bot.github.api.errors import Forbidden, GitHubDown, GitHubError, Invalid, NotFound, ProgressDropped, RateLimited
from bot.github.api.limiter import Clock, RateLimiter
from bot.github.api.pacer import Pacer, Ticket
from bot.github.resources import issues, repos
from bot.github.text.markers import Marker
from simhub.faults import Fault
from tests.github.conftest import World
from tests.github.test_access import new_issue
from tests.support.patience import PATIENCE

ISSUES = {"issues": "write"}
MARKER = Marker(task="t1", part="status")


@pytest.fixture
async def client(world: World, github: GitHubs) -> Client:
    return await github.for_repository(world.repository, ISSUES)


async def comments(world: World, number: int) -> list[str]:
    repository = world.hub.repository("octo/durations")
    return [comment.body for comment in repository.issues[number].comments]


async def post(world: World, client: Client, number: int, text: str = "Working.") -> issues.IssueComment:
    bot = world.credentials.bot_id
    return await issues.ensure_comment(client, world.repository, number, text, marker=MARKER, bot_id=bot)


async def test_an_unchanged_answer_is_asked_for_by_its_tag_and_costs_nothing(world: World, client: Client) -> None:
    number = await new_issue(world)
    first = await issues.get_issue(client, world.repository, number)
    assert await issues.get_issue(client, world.repository, number) == first
    assert [each.status for each in world.exchanges if each.path.endswith(f"/issues/{number}")] == [200, 304]


async def test_media_types_and_installations_never_share_an_answer(
    world: World, github: GitHubs, client: Client
) -> None:
    url = "/repos/{owner}/{repo}/contents/parse.py"
    client = await github.for_repository(world.repository, {"contents": "read"})
    names = {"owner": "octo", "repo": "durations"}
    document = await client.get(url, names)
    raw = await client.get(url, names, accept="application/vnd.github.raw+json")
    assert document["path"] == "parse.py"
    assert raw == "x = 1\n"
    assert await client.get(url, names) == document


async def test_a_comment_is_there_once_though_the_answer_was_lost(world: World, client: Client) -> None:
    number = await new_issue(world)
    world.hub.faults.add(Fault(path="*/comments", method="POST", status=502, after=True))
    made = await post(world, client, number)
    again = await post(world, client, number, "other words")
    assert made.id == again.id
    assert len(await comments(world, number)) == 1


async def test_somebody_elses_copy_of_the_marker_is_not_ours(world: World, client: Client) -> None:
    number = await new_issue(world)
    headers = {"authorization": f"token {world.hub.world.accounts['ann'].token}"}
    url = f"{world.hub.api_url}/repos/octo/durations/issues/{number}/comments"
    async with world.session.post(url, json={"body": f"mine {MARKER}"}, headers=headers) as answer:
        assert answer.status == 201
    assert await issues.find_comment(client, world.repository, number, MARKER, world.credentials.bot_id) is None


@pytest.mark.parametrize(
    "fault", [{"status": 502}, {"status": 503, "headers": {"X": "y"}}, {"reset": True}, {"malformed": True}]
)
async def test_passing_trouble_is_tried_again(world: World, client: Client, fault: dict[str, object]) -> None:
    number = await new_issue(world)
    world.hub.faults.add(Fault(path=f"*/issues/{number}", times=2, **fault))
    assert (await issues.get_issue(client, world.repository, number)).number == number
    assert world.time.slept == [1.0, 2.0]


async def test_trouble_that_stays_is_told_after_bounded_tries(world: World, client: Client) -> None:
    number = await new_issue(world)
    world.hub.faults.add(Fault(path=f"*/issues/{number}", times=-1, status=500))
    with pytest.raises(GitHubDown):
        await issues.get_issue(client, world.repository, number)
    assert world.asked("GET", f"/issues/{number}") == 4
    world.hub.faults.clear()
    world.hub.faults.add(Fault(path=f"*/issues/{number}", times=-1, malformed=True))
    with pytest.raises(GitHubDown, match="not readable"):
        await issues.get_issue(client, world.repository, number)


async def test_a_write_that_may_have_worked_is_not_sent_again_blindly(world: World, client: Client) -> None:
    number = await new_issue(world)
    world.hub.faults.add(Fault(path="*/comments", method="POST", times=-1, status=502, after=True))
    url = "/repos/{owner}/{repo}/issues/{number}/comments"
    names = {"owner": "octo", "repo": "durations", "number": number}
    with pytest.raises(GitHubDown):
        await client.post(url, names, {"body": "once"})
    assert len(await comments(world, number)) == 1


@pytest.mark.parametrize("style", ["retry-after", "reset", "silent"])
async def test_both_limits_in_all_their_shapes_are_waited_out(world: World, client: Client, style: str) -> None:
    number = await new_issue(world)
    world.hub.limits.style = style
    world.hub.limits.content_per_minute = 1
    await post(world, client, number)
    other = Marker(task="t2", part="status")
    await issues.ensure_comment(
        client, world.repository, number, "second", marker=other, bot_id=world.credentials.bot_id
    )
    assert len(await comments(world, number)) == 2
    assert 55 <= sum(world.time.slept) <= 75


async def test_an_exhausted_hour_is_reported_instead_of_waited_for(
    world: World, github: GitHubs, client: Client
) -> None:
    number = await new_issue(world)
    world.hub.limits.exhaust(world.hub.world.installations[world.repository.installation])
    with pytest.raises(RateLimited) as caught:
        await issues.get_issue(client, world.repository, number)
    assert 3000 < float(caught.value.details["retry_after"] or 0) < 3700
    assert github.measure_load().left == 0
    asked = len(world.hub.requests)
    with pytest.raises(RateLimited):
        await issues.get_issue(client, world.repository, number)
    assert len(world.hub.requests) == asked, "while it lasts nobody is asked"
    with pytest.raises(RateLimited):
        await issues.update_comment(client, world.repository, 1, "progress")


async def test_abuse_in_the_clothes_of_a_422_is_a_limit(world: World, client: Client) -> None:
    number = await new_issue(world)
    body = {"message": "Validation Failed", "errors": [{"resource": "IssueComment", "code": "abuse", "field": "data"}]}
    world.hub.faults.add(Fault(path="*/comments", method="POST", status=422, body=body))
    assert await post(world, client, number)
    assert sum(world.time.slept) >= 59.9


async def titles(world: World, client: Client, number: int) -> str:
    """Ask GraphQL for an issue's title."""
    query = (
        "query($owner: String!, $name: String!, $number: Int!) "
        "{ repository(owner: $owner, name: $name) { issue(number: $number) { title } } }"
    )
    asked = {"owner": "octo", "name": "durations", "number": number}
    return str((await client.graphql(query, asked))["repository"]["issue"]["title"])


BROKE_OFF = "Something went wrong while executing your query on 2026-05-01T10:00:00Z. Please include `0401:6C25`."


async def test_a_query_that_github_breaks_off_is_asked_again(world: World, client: Client) -> None:
    number = await new_issue(world)
    body = {"data": None, "errors": [{"message": BROKE_OFF}]}
    world.hub.faults.add(Fault(path="/graphql", times=2, status=200, body=body))
    assert await titles(world, client, number) == world.hub.repository("octo/durations").issues[number].title
    assert world.time.slept == [1.0, 2.0]
    world.hub.faults.add(Fault(path="/graphql", times=-1, status=200, body=body))
    with pytest.raises(GitHubDown, match="Something went wrong"):
        await titles(world, client, number)


@pytest.mark.parametrize(
    ("error", "headers", "seconds"),
    [
        ({"message": "You have exceeded a secondary rate limit."}, {"Retry-After": "30"}, 30),
        ({"type": "RATE_LIMITED", "message": "API rate limit exceeded for installation ID 1."}, {}, 60),
        ({"type": "RATE_LIMIT", "message": "API rate limit already exceeded for user ID 1."}, {}, 60),
        ({"type": "UNPROCESSABLE", "path": ["repository"], "message": "was submitted too quickly"}, {}, 60),
    ],
)
async def test_a_limit_in_a_200_of_graphql_is_waited_out(
    world: World, client: Client, error: dict[str, object], headers: dict[str, str], seconds: float
) -> None:
    number = await new_issue(world)
    body = {"data": None, "errors": [error]}
    world.hub.faults.add(Fault(path="/graphql", status=200, headers=headers, body=body))
    assert await titles(world, client, number)
    assert sum(world.time.slept) == pytest.approx(seconds, abs=0.5)


async def test_an_exhausted_hour_of_graphql_pauses_until_it_is_refilled(world: World, client: Client) -> None:
    number = await new_issue(world)
    world.hub.limits.exhaust(world.hub.world.installations[world.repository.installation], "graphql")
    with pytest.raises(RateLimited) as caught:
        await titles(world, client, number)
    assert 3000 < float(caught.value.details["retry_after"] or 0) < 3700


async def test_progress_is_dropped_while_github_asks_for_silence(world: World, client: Client) -> None:
    number = await new_issue(world)
    comment = await post(world, client, number)
    world.hub.faults.add(Fault(path=f"*/comments/{comment.id}", status=429, headers={"Retry-After": "30"}))
    with pytest.raises(ProgressDropped):
        await issues.update_comment(client, world.repository, comment.id, "half way")
    done = await issues.update_comment(client, world.repository, comment.id, "done", options=issues.FINAL)
    assert done.body == "done"
    assert sum(world.time.slept) >= 29


async def test_mistakes_are_told_at_once_and_in_full(world: World, github: GitHubs, client: Client) -> None:
    number = await new_issue(world)
    with pytest.raises(Invalid) as invalid:
        await issues.update_comment(client, world.repository, (await post(world, client, number)).id, "x" * 70_000)
    assert "too long" in invalid.value.errors[0]
    with pytest.raises(NotFound):
        await issues.get_issue(client, world.repository, 4711)
    reader = await github.for_repository(world.repository, {"contents": "read"})
    await repos.default_branch(reader, world.repository)
    with pytest.raises(Forbidden, match="issues=write"):
        await post_with(reader, world, number)
    body = {"message": "Unprocessable", "errors": ["line must be part of the diff", "start line\nmust precede"]}
    world.hub.faults.add(Fault(path="*/issues/*", status=422, body=body))
    with pytest.raises(Invalid) as strings:
        await issues.get_issue(client, world.repository, number)
    assert strings.value.errors == ["line must be part of the diff", "start line must precede"]
    assert Invalid.from_json(strings.value.to_json()) == strings.value
    assert world.time.slept == []


async def post_with(client: Client, world: World, number: int) -> None:
    names = {"owner": "octo", "repo": "durations", "number": number}
    await client.post("/repos/{owner}/{repo}/issues/{number}/comments", names, {"body": "x"})


async def test_our_token_follows_no_redirect_to_another_host(world: World, client: Client) -> None:
    headers = {"Location": "http://127.0.0.1:1/steal"}
    world.hub.faults.add(Fault(path="*/issues/*", status=302, headers=headers))
    with pytest.raises(GitHubError, match="another host"):
        await issues.get_issue(client, world.repository, 1)


async def test_many_callers_share_one_pace(world: World, client: Client) -> None:
    number = await new_issue(world)
    await asyncio.gather(*(issues.react_to_issue(client, world.repository, number, "eyes") for _ in range(14)))
    assert sum(1 for each in world.exchanges if each.path.endswith("/reactions")) == 14
    assert 3 <= sum(world.time.slept) <= 8


async def test_a_caller_who_gives_up_waiting_holds_nobody_back(world: World) -> None:
    limiter = RateLimiter(Clock(world.time.now, world.time.sleep, world.time.steady), Pacer(concurrent=1))
    order: list[str] = []

    async def call(name: str, hold: asyncio.Event | None = None) -> None:
        async with limiter.turn(Ticket()):
            order.append(name)
            if hold:
                await hold.wait()

    hold = asyncio.Event()
    first = asyncio.create_task(call("first", hold))
    gives_up = asyncio.create_task(call("gives up"))
    last = asyncio.create_task(call("last"))
    await asyncio.sleep(0.01)
    gives_up.cancel()
    assert order == ["first"]
    hold.set()
    await asyncio.wait_for(asyncio.gather(first, last), PATIENCE)
    assert order == ["first", "last"]


async def test_a_clock_that_steps_back_holds_nothing_back(world: World, client: Client) -> None:
    """Time synchronisation or a resumed machine sets the clock an hour back; what lasts is measured by another."""
    number = await new_issue(world)
    await issues.react_to_issue(client, world.repository, number, "eyes")
    world.time.off = -3600
    await asyncio.gather(*(issues.react_to_issue(client, world.repository, number, "eyes") for _ in range(3)))
    world.hub.faults.add(Fault(path="*/issues/*", status=403, times=1, headers=used_up(world, 20)))
    await issues.get_issue(client, world.repository, number)
    assert sum(world.time.slept) <= 30


def used_up(world: World, seconds: float) -> dict[str, str]:
    """The headers of a rate limit that is over in so many seconds, by GitHub's clock."""
    reset = int(world.hub.world.clock() + seconds)
    return {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
