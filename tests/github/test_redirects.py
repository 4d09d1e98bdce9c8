"""A repository is followed to its new address; what left it is not, and nothing else is thought to have moved."""

from __future__ import annotations

import pytest

from bot.github.api.access import GitHubs
from bot.github.api.client import Client
from bot.github.api.errors import NotFound, Transferred
from bot.github.api.redirects import Addresses
from bot.github.resources import issues, pulls, repos
from bot.github.text.markers import Marker
from simhub.faults import Fault
from tests.github.conftest import World
from tests.github.test_access import new_issue

API = "https://ghe.example/api/v3"
MARKER = Marker(task="t1", part="status")


@pytest.fixture
async def client(world: World, github: GitHubs) -> Client:
    return await github.for_repository(world.repository, {"issues": "write", "contents": "read"})


async def test_a_renamed_repository_is_followed_and_remembered(world: World, client: Client) -> None:
    number = await new_issue(world)
    world.hub.rename(world.hub.repository("octo/durations"), "spans")
    assert (await issues.get_issue(client, world.repository, number)).number == number
    await issues.list_comments(client, world.repository, number)
    bot = world.credentials.bot_id
    await issues.ensure_comment(client, world.repository, number, "Working.", marker=MARKER, bot_id=bot)
    below = [each for each in world.exchanges if "/repos/octo" in each.path and each.path.count("/") > 5]
    assert [each.status for each in below] == [301]
    assert (await repos.get_repository(client, world.repository)).name == "spans"


async def test_a_transferred_issue_takes_nothing_else_along(world: World, github: GitHubs, client: Client) -> None:
    """Permission, policy and other issues of the repository stay where they are."""
    other = world.hub.create_repository("octo/other", source=world.hub.root.parent / "source")
    (installation,) = world.hub.world.installations.values()
    world.hub.change_repositories(installation, add=[other])
    first, second = await new_issue(world), await new_issue(world)
    world.hub.transfer_issue(world.hub.repository("octo/durations").issues[first], other)
    before = len(world.hub.requests)
    bot = world.credentials.bot_id
    for _ in range(2):
        with pytest.raises(Transferred, match=rf"octo/durations/issues/{first} was moved"):
            await issues.get_issue(client, world.repository, first)
    with pytest.raises(Transferred):
        await issues.ensure_comment(client, world.repository, first, "x", marker=MARKER, bot_id=bot, fresh=True)
    with pytest.raises(NotFound):
        await issues.list_comments(client, world.repository, first)
    assert (await issues.get_issue(client, world.repository, second)).number == second
    assert (await repos.get_repository(client, world.repository)).full_name == "octo/durations"
    again = await github.for_repository(world.repository, {"issues": "write"})
    assert (await issues.get_issue(again, world.repository, second)).number == second
    reached = [each for each in world.hub.requests[before:] if f"/repositories/{other.id}" in each.path]
    assert reached == []
    assert other.issues[1].comments == []


async def test_another_repository_under_the_old_name_is_not_taken_for_ours(world: World, github: GitHubs) -> None:
    """A token minted since knows the present name; an event tells; and what answers is asked who it is."""
    client = await github.for_repository(world.repository, {"contents": "read"})
    ours = world.hub.repository("octo/durations")
    world.hub.rename(ours, "spans")
    theirs = world.hub.create_repository("octo/durations", source=world.hub.root.parent / "source")
    with pytest.raises(Transferred, match="another repository"):
        await repos.get_repository(client, world.repository)
    github.forget_name(world.repository)
    assert (await repos.get_repository(client, world.repository)).name == "spans"
    assert await github.name_of(world.repository) == "octo/spans"
    fresh = world.connect()
    reader = await fresh.for_repository(world.repository, {"contents": "read"})
    before = len(world.hub.requests)
    await repos.find_file(reader, world.repository, ".github/forgehand.yml", None)
    assert [each.path for each in world.hub.requests[before:]] == ["/repos/octo/spans/contents/.github/forgehand.yml"]
    assert await fresh.name_of(world.repository) == "octo/spans"
    assert theirs.issues == {}


async def test_an_answer_about_something_else_is_refused(world: World, client: Client) -> None:
    world.hub.faults.add(Fault(path="*/issues/1", status=200, body={"number": 2, "title": "other"}))
    with pytest.raises(Transferred, match="another issue"):
        await issues.get_issue(client, world.repository, 1)
    body = {"number": 1, "base": {"repo": {"id": world.repository.id + 1}}}
    world.hub.faults.add(Fault(path="*/pulls/1", status=200, body=body))
    with pytest.raises(Transferred, match="another pull request"):
        await pulls.get_pull(client, world.repository, 1)


async def test_a_repository_without_commits_has_no_heads(world: World, github: GitHubs) -> None:
    empty = world.hub.create_repository("octo/empty", private=True)
    (installation,) = world.hub.world.installations.values()
    world.hub.change_repositories(installation, add=[empty])
    named = world.repository.model_copy(update={"id": empty.id, "name": "empty"})
    client = await github.for_repository(named, {"contents": "read"})
    assert await repos.find_head(client, named, "main") is None


@pytest.mark.parametrize(
    ("asked", "target", "learned"),
    [
        ("/repos/o/a/issues/1", "/repositories/7/issues/1", "/repositories/7/issues/2"),
        ("/repos/O/A/pulls?page=2", "/repositories/7/pulls?page=2", "/repositories/7/issues/2"),
        ("/repos/o/a", "/repositories/7", "/repositories/7/issues/2"),
        ("/repos/o/a/branches/old", "/repositories/7/branches/new", "/repos/o/a/issues/2"),
        ("/repos/o/a/issues/1", "/repos/o/a/pulls/1", "/repos/o/a/issues/2"),
    ],
)
def test_only_a_whole_repository_is_learned(asked: str, target: str, learned: str) -> None:
    addresses = Addresses(API)
    addresses.follow(API + asked, API + target, 7)
    assert addresses.current(f"{API}/repos/o/a/issues/2?x=1", 7) == f"{API}{learned}?x=1"
    assert addresses.current(f"{API}/repos/o/a/issues/2", 8) == f"{API}/repos/o/a/issues/2"


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("/repos/o/a/issues/1", "/repositories/8/issues/1"),
        ("/repos/o/a/issues/1", "/repos/o/b/issues/1"),
        ("/repositories/7/issues/1", "/repositories/8/issues/5"),
        ("/repos/o/a/issues/1", "/user"),
    ],
)
def test_nothing_is_followed_out_of_a_repository(asked: str, target: str) -> None:
    addresses = Addresses(API)
    with pytest.raises(Transferred):
        addresses.follow(API + asked, API + target, 7)
    assert addresses.current(f"{API}/repos/o/a/issues/2", 7) == f"{API}/repos/o/a/issues/2"
